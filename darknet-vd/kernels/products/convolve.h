/* The three products of a convolution, on a run of images; the calling thread does all of it. */
#ifndef VD_CONVOLVE_H
#define VD_CONVOLVE_H

#include "kernels/products/direct.h"

int vd_convolution_rows(vd_convolution_shape s);   /* c size size: weights of one filter */
int vd_convolution_pixels(vd_convolution_shape s); /* out_h out_w */

/* 1 when it is a matrix product and no more: a 1x1 filter at stride 1 reads the image as it is. (Stock Darknet takes
 * this short cut at every stride and padding, which is no convolution; ours is one.) */
int vd_convolution_is_product(vd_convolution_shape s);

/* how a convolution is worked out: by columns (im2col) and a matrix product, or without them (direct.h) */
typedef struct {
    vd_convolution_shape shape;
    int images;            /* the products below are called for so many images */
    int direct[VD_PASSES]; /* by pass; of the two forward ones at most one is set */
} vd_convolution_plan;

/* The plan for a batch, found at the first call for a shape and remembered: by a trial of both ways, or, while trials
 * are off, by a rule that looks at the shape alone, so that a seeded run gives the same bits every time. The largest
 * number of images up to 10 that divides the batch makes a run */
vd_convolution_plan vd_convolution_plan_of(vd_convolution_shape s, int batch);
void vd_convolution_time_plans(int on);

/* by columns, one image at a time */
vd_convolution_plan vd_convolution_by_columns(vd_convolution_shape s);

/* weights as a pass wants them: themselves, or in the buffer of so many bytes (0: none needed) */
size_t vd_convolution_weights_bytes(const vd_convolution_plan *p, vd_pass pass);
const void *vd_convolution_weights(const vd_convolution_plan *p, vd_pass pass, const void *weights, void *buffer);

/* y = weights * x
 *
 *   x         [images][c][h][w]             y   [images][n][out_h][out_w], overwritten
 *   weights   vd_convolution_weights() of [n][c][size][size], pass VD_FORWARD */
void vd_convolve_forward(const vd_convolution_plan *p, const void *x, const void *weights, float *y);

/* forward was y = weights * x:  dx = weights^T * dy, or with add dx +=
 *
 *   dy        [images][n][out_h][out_w]     dx  [images][c][h][w]
 *   weights   vd_convolution_weights() of [n][c][size][size], pass VD_BACKWARD_DATA */
void vd_convolve_backward_data(const vd_convolution_plan *p, const void *dy, const void *weights, int add, float *dx);

/* forward was y = weights * x:  dw += dy x^T, summed over the images
 *
 *   x         [images][c][h][w]             dw  [n][c][size][size]
 *   dy        [images][n][out_h][out_w] */
void vd_convolve_backward_weights(const vd_convolution_plan *p, const void *x, const void *dy, float *dw);

#endif
