/* 3x3 convolutions at stride 1 of one picture or a few, at test time, by Winograd's minimal filtering
 * (kernels/winograd_kernels.h). The weights are transformed once, for pictures of any size; they take four times the
 * memory of the plain ones.
 *
 *     y = leaky(scale (weights * x) + bias)        leaky(a) = a > 0 ? a : slope a; slope 1 is no activation, 0 is ReLU
 *
 * The root mean square of the rounding errors is 1e-6 of that of the sums with a few channels, 4e-6 with 512. Results
 * do not depend on the number of threads. */
#ifndef VD_KERNELS_PRODUCTS_WINOGRAD_H
#define VD_KERNELS_PRODUCTS_WINOGRAD_H

#include "kernels/kernels.h"

typedef struct vd_winograd vd_winograd;

/* 1 when it is that kind of convolution, and faster so: not where the tiles hardly fit the output */
int vd_winograd_pays(vd_window w);

/* weights [n][c][3][3], read only, not needed later; null when there is no memory */
vd_winograd *make_vd_winograd(int c, int n, const float *weights);
void free_vd_winograd(vd_winograd *g);

/* on all threads
 *
 *   w             stride 1, size 3, any pad
 *   x             [c][h][w]
 *   scale, bias   [n]; scale null: 1
 *   y             [n][out_h][out_w], overwritten */
void vd_winograd_forward(const vd_winograd *g, const vd_winograd_kernels *k, vd_window w, const float *x,
                         const float *scale, const float *bias, float slope, float *y);

/* vd_winograd_kernels.fingerprint of n numbers, on all threads */
uint64_t vd_winograd_fingerprint(const vd_winograd_kernels *k, size_t n, const float *x);

#endif
