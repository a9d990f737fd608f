/* 3x3 and 5x5 convolutions at stride 1 by Winograd's minimal filtering (kernels/products/winograd_batch.h), in training
 * and for batches at test time. The variance is in float there, whatever variance.h says: it takes a quarter of the
 * multiplications or less, and no 16-bit type saves as many. */
#ifndef VD_LAYER_CONVOLUTION_WINOGRAD_H
#define VD_LAYER_CONVOLUTION_WINOGRAD_H

#include "layer/product.h"

/* 1 when layer l, as large as it is now, should be computed so. A rule of its shape, not timed: every run does the
 * same. Never with DARKNET_KERNELS=c */
int vd_winograd_convolution_fits(layer l);

/* vd_convolution_forward() and vd_convolution_backward() */
void vd_winograd_convolution_forward(layer l, const float *input, vd_product p);
void vd_winograd_convolution_backward(layer l, const float *input, float *d_input, vd_product p);

#endif
