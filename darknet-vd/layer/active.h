/* The products of product.h over lists of active weights (p.by_row, p.by_column), with a sigma2 always: all 0
 * where there is no noise. */
#ifndef VD_LAYER_ACTIVE_H
#define VD_LAYER_ACTIVE_H

#include "layer/product.h"

/* as vd_dense_forward() and vd_dense_backward() */
void vd_active_dense_forward(layer l, const float *input, vd_product p);
void vd_active_dense_backward(layer l, const float *input, float *d_input, vd_product p);

/* as vd_convolution_forward() and vd_convolution_backward() */
void vd_active_convolution_forward(layer l, const float *input, vd_product p);
void vd_active_convolution_backward(layer l, const float *input, float *d_input, vd_product p);

#endif
