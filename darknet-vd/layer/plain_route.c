#include "layer/plain_route.h"
#include "layer/delta.h"
#include "base/parallel.h"

#include <string.h>

#include "route_layer.h"

/* one source: n of the numbers it has for each image go to l.output + at */
typedef struct {
    layer l, source;
    size_t n, at;
    int overwrites; /* delta.h */
} job;

/* where the group of channels that l passes on begins in a source */
static size_t group_start(const job *j)
{
    return (size_t)j->l.group_id * j->n;
}

static void take_image(int b, void *context)
{
    const job *j = context;
    memcpy(j->l.output + j->at + (size_t)b * j->l.outputs,
           j->source.output + group_start(j) + (size_t)b * j->source.outputs, j->n * sizeof(float));
}

static void give_image(int b, void *context)
{
    const job *j = context;
    vd_give_delta(j->overwrites, j->n, j->l.delta + j->at + (size_t)b * j->l.outputs,
                  j->source.delta + group_start(j) + (size_t)b * j->source.outputs);
}

static void forward_route(layer l, network net)
{
    job j = {.l = l};
    for (int i = 0; i < l.n; ++i, j.at += j.n) {
        j.source = net.layers[l.input_layers[i]];
        j.n = l.input_sizes[i];
        vd_parallel_for(l.batch, take_image, &j);
    }
}

static void backward_route(layer l, network net)
{
    job j = {.l = l};
    for (int i = 0; i < l.n; ++i, j.at += j.n) {
        j.source = net.layers[l.input_layers[i]];
        j.n = l.input_sizes[i];
        j.overwrites = vd_overwrites_source_delta(l, net, l.input_layers[i]);
        vd_parallel_for(l.batch, give_image, &j);
    }
}

int vd_route_writes_all(layer l, const network *net, const float *delta)
{
    int sources = 0;
    if (l.forward != forward_route || l.groups > 1) return 0;
    for (int i = 0; i < l.n; ++i) sources += net->layers[l.input_layers[i]].delta == delta;
    return sources == 1;
}

void vd_speed_up_route(layer *l)
{
    if (l->forward != forward_route_layer) return;
    l->forward = forward_route;
    l->backward = backward_route;
}
