/* 3x3 and 5x5 convolutions at stride 1 of a whole batch by Winograd's minimal filtering
 * (kernels/winograd_batch_kernels.h): the product of the mean, that of the variance, and their gradients, on all
 * threads.
 *
 * Everything is float. 5x5 filters are by F(4x4, 5x5); 3x3 filters by F(4x4, 3x3), or by F(2x2, 3x3) where that takes
 * fewer multiplications: on outputs of one or two rows or columns. Errors are a few 1e-6 of the sum of the absolute
 * values of the terms. Results do not depend on the number of threads.
 *
 *   x, dx            [images][c][h][w]
 *   y, dy            [images][n][out_h][out_w]
 *   variance, gain   the same; of the variational product alone
 *   theta, sigma2    [n][c][size][size]; without a variance sigma2 is null, and what belongs to it is not used */
#ifndef VD_KERNELS_PRODUCTS_WINOGRAD_BATCH_H
#define VD_KERNELS_PRODUCTS_WINOGRAD_BATCH_H

#include "kernels/kernels.h"

typedef struct {
    vd_window window;
    int n, images;
} vd_winograd_shape;

/* 1 where it is right for the shape, and less work than the convolution as it stands, with transforms */
int vd_winograd_batch_pays(vd_winograd_shape s);

/* y = x theta;  variance = x^2 sigma2, at least 0 (sigma2 is not negative) */
void vd_winograd_batch_forward(vd_winograd_shape s, const float *x, const float *theta, const float *sigma2, float *y,
                               float *variance);

/* dx = (add ? dx : 0) + dy theta^T + 2 x ((dy gain) sigma2^T) */
void vd_winograd_batch_backward_data(vd_winograd_shape s, const float *dy, const float *gain, const float *theta,
                                     const float *sigma2, const float *x, int add, float *dx);

/* d_theta += dy x^T;  d_sigma2 += (dy gain) (x^2)^T, unless it is null */
void vd_winograd_batch_backward_weights(vd_winograd_shape s, const float *x, const float *dy, const float *gain,
                                        float *d_theta, float *d_sigma2);

/* ---- one product of a few images, in a piece of work ---- */

/* 1 where it is right for the shape, and the packed weights are not too many */
int vd_winograd_run_has(vd_winograd_shape s);

/* transformed weights [n][c][size][size], for the convolution or, turned, for its gradient */
size_t vd_winograd_run_packed(vd_winograd_shape s, int turned); /* floats */
void vd_winograd_run_pack(vd_winograd_shape s, int turned, const float *weights, float *packed);

/* y = x weights, not_negative: at least 0;  dx = (add ? dx : 0) + dy weights^T;  dw += dy x^T */
void vd_winograd_run_forward(vd_winograd_shape s, int not_negative, const float *x, const float *packed, float *y);
void vd_winograd_run_backward_data(vd_winograd_shape s, const float *dy, const float *packed, int add, float *dx);
void vd_winograd_run_backward_weights(vd_winograd_shape s, const float *x, const float *dy, float *dw);

#endif
