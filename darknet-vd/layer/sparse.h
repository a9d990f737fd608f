/* Variational layers at test time, with sparse weights: kernels/sparse_product.h on a layer of Darknet's. */
#ifndef VD_SPARSE_H
#define VD_SPARSE_H

#include "darknet.h"
#include "kernels/sparse/product.h"

/* a layer's weights in the form that suits its shape, the rolling batch normalisation folded in */
typedef struct {
    vd_sparse_form *form; /* null: the layer is faster, or can only be worked out, with dense weights */
    vd_window window;     /* what it was made for */
    int batch;
} vd_sparse_layer;

/* below which density the sparse form of a layer is faster than dense weights; 0: never (groups). A constant of the
 * layer's shape, measured: never timed when the program runs, so that it does the same every time. The environment
 * variable DARKNET_SPARSE=0 makes it 0 and DARKNET_SPARSE=1 more than 1 */
double vd_sparse_break_even(layer l);

/* 1 when s was made for layer l as it is now, but for its weights */
int vd_sparse_layer_fits(const vd_sparse_layer *s, layer l);

/* the form for layer l with its n_weights test-time weights, or none when they are too many */
vd_sparse_layer make_vd_sparse_layer(layer l, const float *masked, size_t n_weights);
void free_vd_sparse_layer(vd_sparse_layer *s);

/* the whole layer by its form: l.output = activation(batch norm or bias of the product); l.x is not written */
void vd_sparse_layer_forward(const vd_sparse_layer *s, layer l, const float *input);

#endif
