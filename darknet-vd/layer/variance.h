/* The variance path of a layer in the type that kernel_choice.h has chosen. Noise need not be exact: the relative error
 * of a standard deviation is about 2^-9 for the factors of one product, and averages out over the sum. */
#ifndef VD_LAYER_VARIANCE_H
#define VD_LAYER_VARIANCE_H

#include "kernels/products/gemm.h"
#include "kernels/kernels.h"

/* of squares, sigma2 and the gradients along the variance; another training may change it between batches */
vd_type vd_variance_type(void);
int vd_variance_is_bf16(void);

/* bytes of one number */
size_t vd_variance_size(void);

/* number i of an array */
void *vd_variance_at(const void *array, size_t i);

/* y = x^2;  y = x z */
void vd_variance_square(size_t n, const float *x, void *y);
void vd_variance_multiply(size_t n, const float *x, const float *z, void *y);

/* vd_gemm() on factors of that type */
void vd_variance_gemm(vd_gemm_shape s, const void *a, const void *b, float *c);

#endif
