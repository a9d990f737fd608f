#include "layer/variants.h"
#include "layer/plain_layers.h"
#include "base/parallel.h"
#include "kernels/pools.h"
#include "kernels/scratch.h"

#include <string.h>

#include "convolutional_layer.h"
#include "maxpool_layer.h"
#include "network.h"
#include "normalization_layer.h"
#include "reorg_layer.h"
#include "upsample_layer.h"

typedef struct {
    layer l;
    network net;
} job;

/* ---- [local_avgpool]: a plane at a time ---- */

static void mean_plane(int plane, void *context)
{
    const job *j = context;
    vd_pool_shape s = vd_pool_shape_of(j->l);
    vd_mean_pool(s, j->net.input + (size_t)plane * s.h * s.w, j->l.output + (size_t)plane * s.out_h * s.out_w);
}

static void mean_plane_backward(int plane, void *context)
{
    const job *j = context;
    vd_pool_shape s = vd_pool_shape_of(j->l);
    vd_mean_pool_backward(s, j->l.delta + (size_t)plane * s.out_h * s.out_w, j->net.delta + (size_t)plane * s.h * s.w);
}

static void forward_local_means(layer l, network net)
{
    job j = {l, net};
    vd_parallel_for(l.batch * l.c, mean_plane, &j);
}

static void backward_local_means(layer l, network net)
{
    job j = {l, net};
    if (net.delta) vd_parallel_for(l.batch * l.c, mean_plane_backward, &j);
}

/* ---- [maxpool] maxpool_depth=1: a channel of the output at a time ---- */

static void maxima_channel(int plane, void *context)
{
    const job *j = context;
    layer l = j->l;
    int b = plane / l.out_c, pixels = l.h * l.w;
    size_t in = (size_t)b * l.inputs, out = (size_t)plane * pixels;
    vd_channel_pool(l.c, plane % l.out_c, l.out_c, pixels, j->net.input + in, (int)in, l.output + out, l.indexes + out);
}

/* channels of the output have no input in common */
static void maxima_channel_backward(int plane, void *context)
{
    const job *j = context;
    size_t pixels = (size_t)j->l.h * j->l.w;
    for (size_t i = plane * pixels; i < (plane + 1) * pixels; ++i) j->net.delta[j->l.indexes[i]] += j->l.delta[i];
}

static void forward_channel_maxima(layer l, network net)
{
    job j = {l, net};
    vd_parallel_for(l.batch * l.out_c, maxima_channel, &j);
}

static void backward_channel_maxima(layer l, network net)
{
    job j = {l, net};
    if (net.delta) vd_parallel_for(l.batch * l.out_c, maxima_channel_backward, &j);
}

/* ---- [reorg3d]: an image at a time ---- */

static void squares_of_image(int b, void *context)
{
    const job *j = context;
    layer l = j->l;
    vd_squares_to_channels(l.c, l.h, l.w, l.stride, j->net.input + (size_t)b * l.inputs,
                           l.output + (size_t)b * l.outputs);
}

static void squares_of_image_backward(int b, void *context)
{
    const job *j = context;
    layer l = j->l;
    vd_squares_to_channels_backward(l.c, l.h, l.w, l.stride, l.delta + (size_t)b * l.outputs,
                                    j->net.delta + (size_t)b * l.inputs);
}

static void forward_squares(layer l, network net)
{
    job j = {l, net};
    vd_parallel_for(l.batch, squares_of_image, &j);
}

static void backward_squares(layer l, network net)
{
    job j = {l, net};
    if (net.delta) vd_parallel_for(l.batch, squares_of_image_backward, &j);
}

/* ---- all of them ---- */

void vd_make_variant(layer *l, vd_variant variant, int out_c)
{
    static void (*const forward[])(layer l, network net) = {
        [VD_LOCAL_MEANS] = forward_local_means,
        [VD_CHANNEL_MAXIMA] = forward_channel_maxima,
        [VD_SQUARES_TO_CHANNELS] = forward_squares,
    };
    static void (*const backward[])(layer l, network net) = {
        [VD_LOCAL_MEANS] = backward_local_means,
        [VD_CHANNEL_MAXIMA] = backward_channel_maxima,
        [VD_SQUARES_TO_CHANNELS] = backward_squares,
    };
    l->variant = variant;
    l->forward = forward[variant];
    l->backward = backward[variant];
    if (variant != VD_CHANNEL_MAXIMA) return;
    l->size = l->stride = 1;
    l->pad = l->stride_y = 0;
    l->out_c = out_c;
    resize_maxpool_layer(l, l->w, l->h);
}

const char *vd_section_of(layer l)
{
    if (l.variant == VD_LOCAL_MEANS) return "local_avgpool";
    if (l.variant == VD_SQUARES_TO_CHANNELS) return "reorg3d";
    return get_layer_string(l.type);
}

static void backward_stock(layer l, network net)
{
    if (l.type == CONVOLUTIONAL) backward_convolutional_layer(l, net);
    else if (net.delta && l.type == REORG) backward_reorg_layer(l, net);
    else if (net.delta && l.type == NORMALIZATION) backward_normalization_layer(l, net);
    else if (net.delta) backward_upsample_layer(l, net);
}

/* into an array of its own, which is then added */
static void backward_adding(layer l, network net)
{
    size_t n = (size_t)l.batch * l.inputs;
    float *sum = net.delta;
    if (!sum) { /* of the input of the network: weights alone have a gradient */
        backward_stock(l, net);
        return;
    }
    net.delta = vd_scratch(VD_SCRATCH_SHARED, n);
    memset(net.delta, 0, n * sizeof(float)); /* pixels that no square holds are not written */
    backward_stock(l, net);
    vd_kernels_get()->add(n, net.delta, sum);
}

int vd_backward_overwrites(layer l)
{
    if (vd_backward_adds(l)) return 0;
    return (l.type == REORG && !l.variant) || (l.type == UPSAMPLE && l.reverse) || l.type == NORMALIZATION ||
           (l.type == CONVOLUTIONAL && l.size == 1 && l.backward == backward_convolutional_layer);
}

void vd_make_backward_add(layer *l)
{
    if (vd_backward_overwrites(*l)) l->backward = backward_adding;
}

int vd_backward_adds(layer l)
{
    return l.backward == backward_adding;
}
