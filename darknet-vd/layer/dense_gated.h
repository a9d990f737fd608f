/* The backward products of a connected layer whose gradient is zero for many units, as it is behind a ReLU: over the
 * numbers that are not zero. Everything is float. Results do not depend on the number of threads. */
#ifndef VD_LAYER_DENSE_GATED_H
#define VD_LAYER_DENSE_GATED_H

#include "layer/dense_lists.h"
#include "layer/product.h"

/* the gradients of the product and of the variance, in lists by unit and by image */
typedef struct {
    vd_dense_lists units, images;
    int *at_in_piece; /* [batch] rows of images in an array of a piece, `columns` apart */
    int columns;
} vd_gated;

/* 1 where this takes fewer instructions than matrices, from l.delta = -dL/d product */
int vd_dense_is_gated(layer l);

/* the lists, until the next call; d_var = -dL/d variance [batch][out], or null. columns: numbers of the input of a
 * piece, a multiple of VD_LIST_LANES */
vd_gated vd_dense_gate(layer l, const float *d_var, int columns);

/* for n numbers of the input from c on, in a piece of work:
 *     d theta += d product^T input,  d sigma2 += d var^T input^2 */
void vd_gated_gradients(const vd_gated *g, layer l, const float *input, vd_product p, int c, int n);

/*     d input = (overwrites ? 0 : d input) + d product theta + 2 input (d var sigma2) */
void vd_gated_data(const vd_gated *g, layer l, const float *input, vd_product p, int c, int n, float *d_input);

#endif
