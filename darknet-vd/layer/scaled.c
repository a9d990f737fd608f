#include "layer/scaled.h"
#include "layer/activation.h"
#include "layer/kept.h"
#include "layer/resize.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include <stdlib.h>

typedef struct {
    layer l;
    network net;
} job;

enum { PER_CHANNEL, PER_PIXEL, EACH };

/* l.flatten of a [scale_channels] is its scale_wh= */
static int kind_of(layer l)
{
    return l.type == SAM ? EACH : l.flatten ? PER_PIXEL : PER_CHANNEL;
}

static size_t pixels_of(layer l)
{
    return (size_t)l.out_h * l.out_w;
}

/* where the scales of channel c of image b are */
static size_t scales_at(layer l, int b, int c)
{
    size_t first = (size_t)b * l.inputs;
    return kind_of(l) == EACH ? first + c * pixels_of(l) : kind_of(l) == PER_PIXEL ? first : first + c;
}

static void forward_image(int b, void *context)
{
    const job *j = context;
    layer l = j->l;
    size_t n = pixels_of(l);
    const float *x = j->net.layers[l.index].output + (size_t)b * l.outputs;
    float *y = l.output + (size_t)b * l.outputs;
    for (int c = 0; c < l.out_c; ++c, x += n, y += n) {
        const float *s = j->net.input + scales_at(l, b, c);
        if (kind_of(l) == PER_CHANNEL)
            for (size_t i = 0; i < n; ++i) y[i] = x[i] * s[0];
        else
            for (size_t i = 0; i < n; ++i) y[i] = x[i] * s[i];
    }
}

/* y += a b */
static void add_product(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] += a[i] * b[i];
}

/* y += a b, b one number */
static void add_scaled(size_t n, const float *a, float b, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] += a[i] * b;
}

/* d x += s d y,  d s += sum x d y; either may be without a delta */
static void backward_image(int b, void *context)
{
    const job *j = context;
    layer l = j->l, from = j->net.layers[l.index];
    size_t n = pixels_of(l);
    for (int c = 0; c < l.out_c; ++c) {
        size_t at = (size_t)b * l.outputs + c * n, scales = scales_at(l, b, c);
        const float *d = l.delta + at, *s = j->net.input + scales;
        if (from.delta && kind_of(l) == PER_CHANNEL) add_scaled(n, d, s[0], from.delta + at);
        else if (from.delta) add_product(n, d, s, from.delta + at);
        if (!j->net.delta) continue;
        if (kind_of(l) != PER_CHANNEL) add_product(n, d, from.output + at, j->net.delta + scales);
        else j->net.delta[scales] += vd_kernels_get()->dot(n, 0, from.output + at, d);
    }
}

static void forward_scaled(layer l, network net)
{
    job j = {l, net};
    vd_parallel_for(l.batch, forward_image, &j);
    vd_activate_output(l, net);
}

static void backward_scaled(layer l, network net)
{
    job j = {l, net};
    vd_activate_delta(l);
    vd_parallel_for(l.batch, backward_image, &j);
}

static void set_sizes(layer *l, const layer *front, const layer *from)
{
    l->w = front->out_w;
    l->h = front->out_h;
    l->c = front->out_c;
    l->inputs = front->outputs;
    l->out_w = from->out_w;
    l->out_h = from->out_h;
    l->out_c = from->out_c;
    l->outputs = from->outputs;
}

static void make_arrays(layer *l)
{
    free(l->output);
    free(l->delta);
    l->output = l->delta = 0; /* a callback of vd_on_die() may leave from the next lines */
    l->output = vd_calloc((size_t)l->batch * l->outputs, sizeof(float));
    l->delta = vd_calloc((size_t)l->batch * l->outputs, sizeof(float));
}

static void resize_scaled(layer *l, network *net, int index)
{
    const layer *from = net->layers + l->index;
    int is_pixel = l->type == SAM || l->flatten; /* a factor for each pixel */
    vd_expect_map(net, index, index - 1, is_pixel ? from->out_w : 1, is_pixel ? from->out_h : 1, l->index);
    set_sizes(l, net->layers + index - 1, net->layers + l->index);
    make_arrays(l);
}

static layer make_scaled(LAYER_TYPE type, const network *net, int index, int from, ACTIVATION a)
{
    layer l = {.type = type, .batch = net->batch, .index = from, .activation = a};
    set_sizes(&l, net->layers + index - 1, net->layers + from);
    make_arrays(&l);
    l.forward = forward_scaled;
    l.backward = backward_scaled;
    l.resize = resize_scaled;
    vd_kept_attach(&l);
    return l;
}

layer make_vd_scale_channels(const network *net, int index, int from, int scale_wh, ACTIVATION a)
{
    layer l = make_scaled(SCALE_CHANNELS, net, index, from, a);
    l.flatten = scale_wh;
    return l;
}

layer make_vd_sam(const network *net, int index, int from, ACTIVATION a)
{
    return make_scaled(SAM, net, index, from, a);
}
