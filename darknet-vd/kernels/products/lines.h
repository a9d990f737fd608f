/* The three products of a convolution without its matrix of columns, by our own tile (tile.h), in float or in fp16: any
 * size, stride and padding. All work is done in the calling thread; the same arguments give the same bits in every
 * thread, and an image has the same results in a run of any length. */
#ifndef VD_KERNELS_PRODUCTS_LINES_H
#define VD_KERNELS_PRODUCTS_LINES_H

#include "kernels/products/shape.h"

#include <stddef.h>

/* 1 when the table of kernels can, for convolutions with one stride and no gaps: float always, fp16 where the processor
 * calculates in it */
int vd_lines_has(vd_convolution_shape s);

/* Weights as a pass wants them: as they are when bytes is 0, otherwise converted by vd_lines_pack(). Not for
 * VD_BACKWARD_WEIGHTS.
 *
 *   weights  [n][c][size][size] of the shape's type */
size_t vd_lines_packed_bytes(vd_convolution_shape s, vd_pass pass);
void vd_lines_pack(vd_convolution_shape s, vd_pass pass, const void *weights, void *packed);

/* y = scale * x convolved with the weights
 *
 *   x  [images][c][h][w]             of the shape's type
 *   y  [images][n][out_h][out_w]     overwritten */
void vd_lines_forward(vd_convolution_shape s, int images, const void *x, const void *packed, float scale, float *y);

/* dx = (add ? dx : 0) + scale * dy weights^T,  dw += scale * dy x^T
 *
 *   dy  as y above, of the shape's type
 *   dx  [images][c][h][w]
 *   dw  [n][c][size][size] */
void vd_lines_backward_data(vd_convolution_shape s, int images, const void *dy, const void *packed, float scale,
                            int add, float *dx);
void vd_lines_backward_weights(vd_convolution_shape s, int images, const void *x, const void *dy, float scale,
                               float *dw);

#endif
