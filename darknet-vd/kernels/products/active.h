/* How a convolution over a list of active weights is cut: bands of rows, lines, parts. See active_kernels.h. */
#ifndef VD_KERNELS_PRODUCTS_ACTIVE_H
#define VD_KERNELS_PRODUCTS_ACTIVE_H

#include "kernels/kernels.h"

typedef struct {
    vd_active_lines lines;
    int planes, groups;
    int bands;
    vd_active_list forward;  /* a row a plane: takes lines of the copies */
    vd_active_list backward; /* a row a copy: takes lines of the planes of take_gradient(); empty unless asked for */
} vd_active_plan;

/* the active weights of a convolution with `groups` groups, by filter and by tap (channel size + kh) size + kw, channel
 * of the image */
typedef struct {
    vd_window window; /* of all channels */
    int filters, groups;
    const vd_sparse *by_row, *by_column;
    const float *theta, *sigma2;
} vd_active_convolution;

/* the plan for a batch of that size; with_backward: with the list of the gradient of the input. Its arrays are in
 * `room`, which holds vd_active_plan_ints() ints and belongs to the caller. A function of shapes and lists alone */
vd_active_plan vd_active_plan_of(vd_active_convolution a, int batch, int with_backward, void *room);
size_t vd_active_plan_ints(vd_active_convolution a);

/* band number i of the plan */
vd_active_band vd_active_band_of(const vd_active_plan *p, int i, int images);

/* numbers of one array of take(), of put() and of take_gradient() */
size_t vd_active_copies_size(const vd_active_plan *p);
size_t vd_active_planes_size(const vd_active_plan *p);
size_t vd_active_gradients_size(const vd_active_plan *p);

/* the products of a band, see vd_active_kernels for the arrays
 *
 *   forward    y, y2 = lines of x, x^2 times theta, sigma2
 *   weights    d_theta, d_sigma2 += dy, dy2 times lines of x, x^2
 *   data       dx, dx2 = lines of dy, dy2 times theta, sigma2 */
void vd_active_forward(const vd_active_plan *p, vd_active_band b, const float *x, float *y, float *y2);
void vd_active_backward_weights(const vd_active_plan *p, vd_active_band b, const float *x, const float *dy,
                                const float *dy2, float *d_theta, float *d_sigma2);
void vd_active_backward_data(const vd_active_plan *p, vd_active_band b, const float *dy, const float *dy2, float *dx,
                             float *dx2);

#endif
