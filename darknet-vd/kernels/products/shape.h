/* A convolution, its three products, and the ways to compute them. */
#ifndef VD_KERNELS_PRODUCTS_SHAPE_H
#define VD_KERNELS_PRODUCTS_SHAPE_H

#include "kernels/kernels.h"
#include "kernels/type.h"

/* one convolution (one of its groups) */
typedef struct {
    vd_window window;
    int n;            /* filters */
    vd_type type;     /* of inputs, weights and output gradients; the results are float */
    int not_negative; /* 1: no input and no weight is below 0 (variances); then no output is either, by any way */
} vd_convolution_shape;

static inline int vd_convolution_taps(vd_convolution_shape s) /* size size */
{
    return s.window.size * s.window.size;
}

static inline int vd_convolution_rows(vd_convolution_shape s) /* c size size: weights of one filter */
{
    return s.window.c * vd_convolution_taps(s);
}

static inline int vd_convolution_pixels(vd_convolution_shape s) /* out_h out_w */
{
    return s.window.out_h * s.window.out_w;
}

/* numbers of one image */
static inline size_t vd_convolution_input(vd_convolution_shape s)
{
    return (size_t)s.window.c * s.window.h * s.window.w;
}

static inline size_t vd_convolution_output(vd_convolution_shape s)
{
    return (size_t)s.n * vd_convolution_pixels(s);
}

/* 1 when it is a plain matrix product: a 1x1 filter at stride 1 without padding uses the image as its columns. (Stock
 * Darknet does so at every stride and padding, where the result is not a convolution; here it is.) */
static inline int vd_convolution_is_product(vd_convolution_shape s)
{
    return s.window.size == 1 && s.window.stride == 1 && s.window.pad == 0 && vd_window_is_plain(s.window);
}

typedef enum { VD_FORWARD, VD_BACKWARD_DATA, VD_BACKWARD_WEIGHTS } vd_pass;
enum { VD_PASSES = 3 };

/* The names are in convolve.c.
 *
 *   columns    im2col, and a matrix product (gemm.h)
 *   direct     oneDNN's convolution (direct.h). Where it is for inference, it is another kernel, as valid in training;
 *              the data gradient is then a forward convolution with turned weights, at stride 1
 *   winograd   the same, by Winograd's products of 4x4 pixels: 3x3 filters at stride 1, with AVX-512
 *   lines      our own, without columns, in float or fp16 (lines.h)
 *   own-winograd   our own by Winograd's products, in float: 3x3 and 5x5 filters at stride 1 (winograd_batch.h) */
typedef enum {
    VD_BY_COLUMNS,
    VD_BY_DIRECT,
    VD_BY_DIRECT_INFERENCE,
    VD_BY_WINOGRAD,
    VD_BY_WINOGRAD_INFERENCE,
    VD_BY_LINES,
    VD_BY_OWN_WINOGRAD
} vd_way;
enum { VD_WAYS = 7 };

/* The convolution whose forward pass is the data gradient of s, at stride 1 with pad < extent: inputs and outputs have
 * changed places, and the weights are turned: those of filter c, channel n at (kh, kw) are s's of filter n, channel c
 * at (size - 1 - kh, size - 1 - kw). */
static inline vd_convolution_shape vd_turned(vd_convolution_shape s)
{
    vd_window w = s.window;
    vd_window t = {s.n, w.out_h, w.out_w, w.size, 1, vd_window_extent(w) - 1 - w.pad, w.h, w.w, 0, w.gap};
    return (vd_convolution_shape){t, w.c, s.type, 0};
}

/* its weights: of all [n][c][size][size], in this thread's VD_SCRATCH_BLOCKED_W */
const void *vd_turned_weights(vd_convolution_shape s, const void *weights);

static inline int vd_can_be_turned(vd_convolution_shape s)
{
    return s.window.stride == 1 && !s.window.down && s.window.pad < vd_window_extent(s.window);
}

#endif
