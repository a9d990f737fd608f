#include "layer/delta.h"
#include "layer/own_sections.h"
#include "layer/plain_layers.h"
#include "layer/plain_route.h"
#include "layer/plain_shortcut.h"
#include "layer/pooled.h"
#include "layer/sources.h"
#include "layer/variants.h"
#include "layer/vd_layer.h"
#include "layer/window.h"
#include "kernels/kernels.h"

#include <string.h>

static int is_far_source(const network *net, int k, const float *delta)
{
    const int *from;
    for (int i = vd_far_sources(net->layers + k, &from) - 1; i >= 0; --i)
        if (net->layers[from[i]].delta == delta) return 1;
    return 0;
}

/* the layer whose backward pass is the first to add to this delta, or to read it: [dropout] has the array of the layer
 * in front of it; 0 for none */
static int first_user(const network *net, const float *delta)
{
    int k = net->n - 1;
    while (k > 0 && net->layers[k].delta != delta && net->layers[k - 1].delta != delta && !is_far_source(net, k, delta))
        --k;
    return k;
}

/* the forward pass of a layer with a loss writes its delta */
static int is_of_loss(const network *net, const float *delta)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].delta == delta && net->layers[i].cost) return 1;
    return 0;
}

/* layer k's backward function asks whether to overwrite this delta, and can write all of it */
static int can_overwrite(const network *net, int k, const float *delta)
{
    layer l = net->layers[k], front = net->layers[k - 1];
    if (!front.delta || l.delta == delta) return 0; /* without the first, backward_network() may leave the layer out */
    if (l.type == ROUTE) return vd_route_writes_all(l, net, delta);
    if (front.delta == delta)
        return vd_layer_of(l) || vd_is_sped_up(l) || vd_is_pool_of_pair(l) || vd_is_fast_shortcut(l) ||
               vd_is_own_section(l);
    return vd_is_fast_shortcut(l) && net->layers[l.index].outputs == l.w * l.h * l.c;
}

/* layer k writes the whole of a delta, to which no layer has added before */
static int overwrites(const network *net, int k, const float *delta)
{
    return k > 0 && k < net->n && delta && first_user(net, delta) == k && can_overwrite(net, k, delta) &&
           !is_of_loss(net, delta);
}

/* a layer may be called with the index of another one: one inside a recurrent layer is in no network */
static int is_in(layer l, network net)
{
    return net.layers && net.index > 0 && net.index < net.n && net.layers[net.index].output == l.output;
}

int vd_overwrites_input_delta(layer l, network net)
{
    return is_in(l, net) && net.delta == net.layers[net.index - 1].delta && overwrites(&net, net.index, net.delta);
}

int vd_overwrites_source_delta(layer l, network net, int source)
{
    const float *delta = net.layers[source].delta;
    return is_in(l, net) && overwrites(&net, net.index, delta);
}

/* as stock Darknet has it, also where a faster function computes it */
static int writes_over(layer l)
{
    if (l.type != CONVOLUTIONAL) return vd_backward_overwrites(l);
    return l.size == 1 && !vd_is_true_convolution(l) && !vd_backward_adds(l);
}

int vd_loses_gradient(const network *net, int i)
{
    const float *delta = i ? net->layers[i - 1].delta : 0;
    return writes_over(net->layers[i]) && delta && first_user(net, delta) != i;
}

void vd_give_delta(int overwrites, size_t n, const float *d, float *to)
{
    if (overwrites) memcpy(to, d, n * sizeof(float));
    else vd_kernels_get()->add(n, d, to);
}

int vd_delta_needs_zero(const network *net, int i)
{
    const float *delta = net->layers[i].delta;
    if (!net->train && !net->truth && !net->delta) return 0;
    return !overwrites(net, first_user(net, delta), delta) && !vd_pool_behind(*net, i);
}
