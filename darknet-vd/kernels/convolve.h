/* The three products of a convolution, on a run of images; the calling thread does all of it. */
#ifndef VD_CONVOLVE_H
#define VD_CONVOLVE_H

#include "kernels.h"

/* one group of a convolution, in float or in bf16 */
typedef struct {
    vd_window window;
    int n;    /* filters */
    int bf16; /* x, weights and dy are bf16 (uint16_t); results are float always */
} vd_convolution_shape;

int vd_convolution_rows(vd_convolution_shape s);   /* c size size: weights of one filter */
int vd_convolution_pixels(vd_convolution_shape s); /* out_h out_w */

/* 1 when it is a matrix product and no more: a 1x1 filter at stride 1 reads the image as it is. (Stock Darknet takes
 * this short cut at every stride and padding, which is no convolution; ours is one.) */
int vd_convolution_is_product(vd_convolution_shape s);

/* y = weights * x
 *
 *   x         [images][c][h][w]             y   [images][n][out_h][out_w], overwritten
 *   weights   [n][c][size][size] */
void vd_convolve_forward(vd_convolution_shape s, int images, const void *x, const void *weights, float *y);

/* forward was y = weights * x:  dx = weights^T * dy, or with add dx +=
 *
 *   dy        [images][n][out_h][out_w]     dx  [images][c][h][w]
 *   weights   [n][c][size][size] */
void vd_convolve_backward_data(vd_convolution_shape s, int images, const void *dy, const void *weights, int add,
                               float *dx);

/* forward was y = weights * x:  dw += dy x^T, summed over the images
 *
 *   x         [images][c][h][w]             dw  [n][c][size][size]
 *   dy        [images][n][out_h][out_w] */
void vd_convolve_backward_weights(vd_convolution_shape s, int images, const void *x, const void *dy, float *dw);

#endif
