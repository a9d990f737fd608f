/* Variational layers at test time, with sparse weights: kernels/sparse/product.h applied to a Darknet layer. */
#ifndef VD_LAYER_SPARSE_H
#define VD_LAYER_SPARSE_H

#include "darknet.h"
#include "kernels/sparse/product.h"

/* a layer's weights in the form that suits its shape, the rolling batch normalisation folded in */
typedef struct {
    vd_sparse_form *form; /* null: dense weights are faster, or the only way */
    vd_window window;     /* what it was made for */
    int batch;
} vd_sparse_layer;

/* the density below which the sparse form of a layer is faster than dense weights; 0: never (groups). A measured
 * constant of the layer's shape, not timed at run time, so that every run does the same. The environment variable
 * DARKNET_SPARSE=0 makes it 0, DARKNET_SPARSE=1 makes it more than 1 */
double vd_sparse_break_even(layer l);

/* 1 when s was made for the shape and batch that layer l has now; 0 for an empty s */
int vd_sparse_layer_fits(const vd_sparse_layer *s, layer l);

/* the form for layer l with its n_weights test-time weights, or none when too many are left */
vd_sparse_layer make_vd_sparse_layer(layer l, const float *masked, size_t n_weights);
void free_vd_sparse_layer(vd_sparse_layer *s);

/* the whole layer by its form: l.output = activation(batch norm or bias of the product); l.x is not written */
void vd_sparse_layer_forward(const vd_sparse_layer *s, layer l, const float *input);

#endif
