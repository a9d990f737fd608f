/* The three products of a convolution, on a run of images, in the calling thread. */
#ifndef VD_KERNELS_PRODUCTS_CONVOLVE_H
#define VD_KERNELS_PRODUCTS_CONVOLVE_H

#include "kernels/products/shape.h"

#include <stddef.h>

/* how a convolution is computed; convolve_plan.h chooses it */
typedef struct {
    vd_convolution_shape shape;
    int images;            /* of a run: the products below are for this many */
    vd_way way[VD_PASSES]; /* of each pass */
} vd_convolution_plan;

/* 1 when this processor has the way for runs of so many images */
int vd_convolution_has(vd_convolution_shape s, vd_pass pass, vd_way way, int images);
const char *vd_way_name(vd_way way);

/* the plan by columns, one image at a time */
vd_convolution_plan vd_convolution_by_columns(vd_convolution_shape s);

/* Weights as a pass wants them: returned as they are when bytes() is 0, otherwise converted into the buffer of bytes()
 * bytes, which is returned */
size_t vd_convolution_weights_bytes(const vd_convolution_plan *p, vd_pass pass);
const void *vd_convolution_weights(const vd_convolution_plan *p, vd_pass pass, const void *weights, void *buffer);

/* y = scale weights * x; scale takes back the powers of two that fp16 arrays hold, and is 1 for other types
 *
 *   x         [images][c][h][w]             y   [images][n][out_h][out_w], overwritten
 *   weights   vd_convolution_weights() of [n][c][size][size], pass VD_FORWARD */
void vd_convolve_forward(const vd_convolution_plan *p, const void *x, const void *weights, float scale, float *y);

/* forward was y = weights * x:  dx = weights^T * dy, or with add dx +=
 *
 *   dy        [images][n][out_h][out_w]     dx  [images][c][h][w]
 *   weights   vd_convolution_weights() of [n][c][size][size], pass VD_BACKWARD_DATA */
void vd_convolve_backward_data(const vd_convolution_plan *p, const void *dy, const void *weights, float scale, int add,
                               float *dx);

/* forward was y = weights * x:  dw += dy x^T, summed over the images
 *
 *   x         [images][c][h][w]             dw  [n][c][size][size]
 *   dy        [images][n][out_h][out_w] */
void vd_convolve_backward_weights(const vd_convolution_plan *p, const void *x, const void *dy, float scale, float *dw);

#endif
