/* The variance path of a layer in the type that kernel_choice.h has chosen: float, or a 16-bit type where the processor
 * has arithmetic for it. Noise need not be exact: bf16 has a relative error of about 2^-9 in the factors of one
 * product, fp16 of 2^-12, and of 2^-11 in sums of up to 100 of them; they average out.
 *
 * fp16 reaches from 6e-8 to 65504. Its arrays hold numbers times a power of two, which is chosen from the largest of
 * them; products divide by it. The scale is 1 in the other types. */
#ifndef VD_LAYER_VARIANCE_H
#define VD_LAYER_VARIANCE_H

#include "kernels/products/gemm.h"
#include "kernels/kernels.h"
#include "kernels/type.h"

/* of squares, sigma2 and the gradients along the variance; another training may change it between batches */
vd_type vd_variance_type(void);

/* number i of an array */
void *vd_variance_at(const void *array, size_t i);

/* The scale of an array whose largest number is given: for squares of the input, for sigma2, and for gradients. Sums of
 * 100 products of any two of them stay far under the largest fp16, and numbers 2^-20 times the largest are not lost */
typedef enum { VD_SQUARES, VD_SIGMA2, VD_GRADIENTS } vd_variance_kind;
float vd_variance_scale(vd_variance_kind kind, float largest);

/* the same from the array itself: 1, without a look at it, unless the type is fp16
 *
 *   squares     of x^2
 *   gradients   of x z */
float vd_variance_scale_of_squares(size_t n, const float *x);
float vd_variance_scale_of_gradients(size_t n, const float *x, const float *z);

/* y = scale x;  y = scale x^2;  y = scale x z */
void vd_variance_convert(size_t n, const float *x, float scale, void *y);
void vd_variance_square(size_t n, const float *x, float scale, void *y);
void vd_variance_multiply(size_t n, const float *x, const float *z, float scale, void *y);

/* C = A B, or C += A B, on factors of that type; scale: the product of theirs */
void vd_variance_gemm(vd_gemm_shape s, const void *a, const void *b, float scale, float *c);

#endif
