/* Activations whose gradient needs the input, because they fall before they rise: those of later Darknets.
 *
 *     VD_MISH       x tanh(log(1 + e^x))                          Misra 2019
 *     VD_SWISH      x s(x), s the logistic function               Ramachandran, Zoph, Le 2017
 *     VD_GELU       x s(2 u), u = .797885 x + .035677 x^3         Hendrycks, Gimpel 2016, their approximation
 *     VD_HARD_MISH  x for x > 0, x^2/2 + x down to -2, 0 below */
#ifndef VD_KERNELS_SMOOTH_H
#define VD_KERNELS_SMOOTH_H

#include <stddef.h>

typedef enum { VD_MISH, VD_SWISH, VD_GELU, VD_HARD_MISH, VD_SMOOTHS } vd_smooth;

typedef struct {
    /* y = f(x); y may be x */
    void (*forward)(vd_smooth f, size_t n, const float *x, float *y);
    /* d *= f'(x) */
    void (*backward)(vd_smooth f, size_t n, const float *x, float *d);
} vd_smooth_kernels;

extern const vd_smooth_kernels vd_smooth_kernels_c; /* the specification */

#endif
