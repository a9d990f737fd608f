/* Convolutional and connected layers with sparse weights, at test time: the weights are brought into a form once, which
 * is then multiplied with images any number of times.
 *
 *     y = leaky(bias + weights * x)        leaky(a) = a > 0 ? a : slope a; slope 1 is no activation, 0 is ReLU
 *
 * There are four ways, and the layer's shape decides between them:
 *
 *   pixels   the lanes of a vector are pixels of one image; every nonzero weight is one broadcast. First the image is
 *            copied into planes as wide as the output: with an edge of zeros, or, where more than a few per cent of the
 *            weights are left, once for each column of the filter, so that loads are aligned. The image of a 1x1 filter
 *            is its own planes where few weights are left
 *   images   the lanes are images of a batch: for small pictures, and connected layers
 *   panels   the lanes are 16 units, which pick their numbers from 32 inputs held in registers: for one image whose
 *            output is a pixel or a few
 *   slices   the lanes are 16 units with about as many weights each, which gather their numbers: in place of panels
 *            where few weights are left
 *
 * Results do not depend on the number of threads. */
#ifndef VD_KERNELS_SPARSE_PRODUCT_H
#define VD_KERNELS_SPARSE_PRODUCT_H

#include "kernels/kernels.h"

typedef struct vd_sparse_form vd_sparse_form;

/* the form of a layer's weights for batches of about `images` images (it works for any number)
 *
 *   w         one image; a connected layer's is 1 x 1 pixels, with size 1
 *   weights   [n][c][size][size]  read only, not needed later
 *   scale     [n] factor of each filter's weights; null: 1
 *   bias      [n]
 *
 * Returns null when there is no memory, or when the layer is too large for the form's indexes. */
vd_sparse_form *make_vd_sparse_form(vd_window w, int n, int images, const float *weights, const float *scale,
                                    const float *bias, float slope);
void free_vd_sparse_form(vd_sparse_form *f);

/* "pixels", "shifted" (pixels, a copy for each column of the filter), "in place" (pixels, no copy), "images", "panels"
 * or "slices" */
const char *vd_sparse_way(const vd_sparse_form *f);

/* y = leaky(bias + weights * x) on all threads
 *
 *   x   [images][c][h][w]
 *   y   [images][n][out_h][out_w], overwritten */
void vd_sparse_forward(const vd_sparse_form *f, const vd_sparse_kernels *k, int images, const float *x, float *y);

#endif
