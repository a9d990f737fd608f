#include "layer/plain_layers.h"
#include "layer/delta.h"
#include "layer/kept.h"
#include "layer/plain_route.h"
#include "layer/plain_shortcut.h"
#include "layer/pooled.h"
#include "layer/activation.h"
#include "layer/product.h"
#include "layer/window.h"
#include "layer/winograd.h"
#include "base/parallel.h"
#include "kernels/approx.h"

#include <string.h>

#include "yolo_layer.h"

static vd_product product_of(layer l)
{
    return (vd_product){.theta = l.weights, .d_theta = l.weight_updates};
}

static void forward_plain_layer(layer l, network net)
{
    const vd_winograd *winograd = vd_is_prediction(net) && vd_winograd_layer_fits(l) ? vd_winograd_of_plain(l) : 0;
    if (winograd) {
        vd_winograd_layer_forward(winograd, l, net.input);
        return;
    }
    if (net.train) vd_forget_winograd(l);
    vd_product_forward(l, net, product_of(l));
}

static void backward_plain_layer(layer l, network net)
{
    vd_product_backward(l, net, product_of(l));
}

enum { PLANES = 64 }; /* of a piece of pooling in a prediction */

typedef struct {
    layer l;
    network net;
    int overwrites; /* delta.h */
} job;

vd_pool_shape vd_pool_shape_of(layer l)
{
    return (vd_pool_shape){l.h, l.w, l.size, l.stride, l.pad / 2, l.out_h, l.out_w, vd_down_of(l)};
}

static void forward_maxpool_image(int b, void *context)
{
    const job *j = context;
    layer l = j->l;
    vd_pool_shape s = vd_pool_shape_of(l);
    for (int c = 0; c < l.c; ++c) {
        size_t plane = (size_t)b * l.c + c, in = plane * l.h * l.w, out = plane * l.out_h * l.out_w;
        vd_kernels_get()->max_pool(s, j->net.input + in, (int)in, l.output + out, l.indexes + out);
    }
}

/* some planes of a prediction: only a backward pass reads indexes */
static void predict_maxpool_planes(int i, void *context)
{
    const job *j = context;
    layer l = j->l;
    size_t first = (size_t)i * PLANES;
    vd_kernels_get()->max_pool_values(vd_pool_shape_of(l), vd_piece_length((size_t)l.batch * l.c, PLANES, i),
                                      j->net.input + first * l.h * l.w, l.output + first * l.out_h * l.out_w);
}

static void forward_maxpool(layer l, network net)
{
    job j = {l, net, 0};
    if (vd_is_prediction(net)) vd_parallel_for(vd_pieces((size_t)l.batch * l.c, PLANES), predict_maxpool_planes, &j);
    else vd_parallel_for(l.batch, forward_maxpool_image, &j);
}

/* every window lies in one image, so images are independent */
static void backward_maxpool_image(int b, void *context)
{
    const job *j = context;
    layer l = j->l;
    vd_pool_shape s = vd_pool_shape_of(l);
    for (int c = 0; c < l.c; ++c) {
        size_t plane = (size_t)b * l.c + c, in = plane * l.h * l.w, out = plane * l.out_h * l.out_w;
        if (j->overwrites) memset(j->net.delta + in, 0, (size_t)l.h * l.w * sizeof(float));
        vd_kernels_get()->max_pool_backward(s, (int)in, l.indexes + out, l.delta + out, j->net.delta + in);
    }
}

static void backward_maxpool(layer l, network net)
{
    job j = {l, net, vd_overwrites_input_delta(l, net)};
    if (net.delta) vd_parallel_for(l.batch, backward_maxpool_image, &j);
}

/* behind a convolution that has done the pool's work, in training */
static void forward_pool_of_pair(layer l, network net)
{
    if (!vd_pool_behind(net, net.index - 1)) forward_maxpool(l, net);
}

static void backward_pool_of_pair(layer l, network net)
{
    if (!vd_pool_behind(net, net.index - 1)) backward_maxpool(l, net);
}

int vd_is_sped_up(layer l)
{
    return l.forward == forward_plain_layer || l.forward == forward_maxpool;
}

void vd_make_pool_of_pair(layer *l)
{
    if (l->forward != forward_maxpool) return;
    l->forward = forward_pool_of_pair;
    l->backward = backward_pool_of_pair;
}

int vd_is_pool_of_pair(layer l)
{
    return l.forward == forward_pool_of_pair;
}

/* x = 1 / (1 + exp(-x)) */
static void logistic(size_t n, float *x)
{
    const float log2_e = 1.44269504f, limit = 80; /* beyond it the result is 0 or 1 in a float, or nearly */
    for (size_t i = 0; i < n; ++i) {
        float a = x[i] > limit ? limit : x[i];
        a = a < -limit ? -limit : a;
        x[i] = 1 / (1 + vd_exp2(-log2_e * a));
    }
}

/* the boxes of one anchor: x, y, objectness and classes are logistic, width and height stay */
static void predict_yolo_anchor(int i, void *context)
{
    const job *j = context;
    layer l = j->l;
    size_t cells = (size_t)l.w * l.h, first = i * (4 + 1 + l.classes) * cells;
    memcpy(l.output + first, j->net.input + first, (4 + 1 + l.classes) * cells * sizeof(float));
    logistic(2 * cells, l.output + first);
    logistic((1 + l.classes) * cells, l.output + first + 4 * cells);
}

static void forward_yolo(layer l, network net)
{
    job j = {l, net, 0};
    if (vd_is_prediction(net)) vd_parallel_for(l.batch * l.n, predict_yolo_anchor, &j);
    else forward_yolo_layer(l, net);
}

void vd_speed_up_layer(layer *l)
{
    vd_smooth f;
    int only_here = vd_is_true_convolution(*l) || l->dilation > 1 ||
                    vd_activation_is_smooth(l->activation, &f); /* not in stock's functions */
    if (l->plugin || (vd_kernels_get() == &vd_kernels_c && !only_here)) return;
    int is_product = l->type == CONNECTED ||
                     (l->type == CONVOLUTIONAL && !l->binary && !l->xnor && (only_here || !vd_is_misread_1x1(*l)));
    if (is_product) {
        l->forward = forward_plain_layer;
        l->backward = backward_plain_layer;
        vd_kept_attach(l);
    } else if (l->type == MAXPOOL && !l->variant) {
        l->forward = forward_maxpool;
        l->backward = backward_maxpool;
    } else if (l->type == YOLO && l->forward == forward_yolo_layer) {
        l->forward = forward_yolo;
    } else if (l->type == SHORTCUT) {
        vd_speed_up_shortcut(l);
    } else if (l->type == ROUTE) {
        vd_speed_up_route(l);
    }
}
