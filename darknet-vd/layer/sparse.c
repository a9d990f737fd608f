#include "layer/sparse.h"
#include "layer/activation.h"
#include "layer/norm.h"
#include "layer/window.h"
#include "layer/winograd.h"
#include "base/fail.h"

#include <stdlib.h>
#include <string.h>

/* The density where the ratio dense / sparse of `make bench-sparse` passes 1, rounded down: on one core of a Zen 4, for
 * 512-bit kernels and for others. (Its dense time of one vector is lower than that of a dense layer.) */
enum { CONVOLUTION, TILED, STRIDED, ONE_CHANNEL, ONE_VECTOR, VECTORS, FEW_ROWS, SHAPES };
static const double break_evens[SHAPES][2] = {
    [CONVOLUTION] = {.5, .4}, [TILED] = {.3, .3}, /* 3x3, whose dense way is Winograd's; on an Emerald Rapids */
    [STRIDED] = {.45, .3},                        /* its planes cost more to make */
    [ONE_CHANNEL] = {.8, .7},                     /* columns cost as much as their product */
    [ONE_VECTOR] = {.9, .4},                      /* a matrix times one image: dense is as slow as memory */
    [VECTORS] = {.6, .5},                         /* a matrix times many */
    [FEW_ROWS] = {.02, .02},                      /* transposing the images costs more than the product */
};

static int shape_of(layer l)
{
    enum { FEW_IMAGES = 8, FEW_OUTPUTS = 64 };
    if (l.type == CONVOLUTIONAL && l.out_h * l.out_w > 1) {
        if (l.stride > 1 || vd_down_of(l)) return STRIDED;
        if (l.c == 1) return ONE_CHANNEL;
        return vd_winograd_layer_fits(l) ? TILED : CONVOLUTION;
    }
    if (l.batch < FEW_IMAGES) return ONE_VECTOR;
    return l.outputs < FEW_OUTPUTS ? FEW_ROWS : VECTORS;
}

double vd_sparse_break_even(layer l)
{
    const char *asked = getenv("DARKNET_SPARSE");
    if (l.type == CONVOLUTIONAL && l.groups > 1) return 0;
    if (asked && !strcmp(asked, "0")) return 0;
    if (asked && !strcmp(asked, "1")) return 2;
    return break_evens[shape_of(l)][strncmp(vd_kernels_get()->name, "avx512", 6) != 0];
}

static vd_window window_of(layer l)
{
    if (l.type == CONNECTED)
        return (vd_window){.c = l.inputs, .h = 1, .w = 1, .size = 1, .stride = 1, .out_h = 1, .out_w = 1};
    return vd_window_of(l);
}

int vd_sparse_layer_fits(const vd_sparse_layer *s, layer l)
{
    vd_window w = window_of(l);
    return s->batch == l.batch && !memcmp(&s->window, &w, sizeof(w));
}

static vd_sparse_form *make_form(layer l, const float *masked)
{
    int filters = l.type == CONNECTED ? l.outputs : l.n;
    float slope, *scale = vd_calloc(filters, sizeof(float)), *bias = vd_calloc(filters, sizeof(float));
    if (l.batch_normalize) vd_fold_norm(l, filters, scale, bias);
    else memcpy(bias, l.biases, filters * sizeof(float));
    if (!vd_activation_is_leaky(l.activation, &slope)) slope = 1;
    vd_sparse_form *form =
        make_vd_sparse_form(window_of(l), filters, l.batch, masked, l.batch_normalize ? scale : 0, bias, slope);
    free(scale);
    free(bias);
    return form;
}

vd_sparse_layer make_vd_sparse_layer(layer l, const float *masked, size_t n_weights)
{
    vd_sparse_layer s = {.window = window_of(l), .batch = l.batch};
    size_t nonzeros = 0;
    for (size_t i = 0; i < n_weights; ++i) nonzeros += masked[i] != 0;
    if (nonzeros < vd_sparse_break_even(l) * n_weights) s.form = make_form(l, masked);
    return s;
}

void free_vd_sparse_layer(vd_sparse_layer *s)
{
    free_vd_sparse_form(s->form);
    *s = (vd_sparse_layer){0};
}

void vd_sparse_layer_forward(const vd_sparse_layer *s, layer l, const float *input)
{
    float slope;
    vd_sparse_forward(s->form, vd_kernels_get()->sparse, l.batch, input, l.output);
    if (!vd_activation_is_leaky(l.activation, &slope)) vd_activate(l.activation, (size_t)l.batch * l.outputs, l.output);
}
