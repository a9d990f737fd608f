/* 3x3 convolutions of one picture or a few at test time: kernels/products/winograd.h applied to a Darknet layer. */
#ifndef VD_LAYER_WINOGRAD_H
#define VD_LAYER_WINOGRAD_H

#include "darknet.h"
#include "kernels/products/winograd.h"

/* 1 when a forward pass is a prediction: nothing goes back from it, so it may leave out what a backward pass needs */
static inline int vd_is_prediction(network net)
{
    return !net.train && !net.truth && !net.delta;
}

/* 1 when layer l, as large as it is now, should be computed so. A rule of its shape, not timed at run time, so that
 * every run does the same. Never with DARKNET_KERNELS=c */
int vd_winograd_layer_fits(layer l);

/* the whole layer: l.output = activation(batch norm or bias of the convolution); l.x is not written */
void vd_winograd_layer_forward(const vd_winograd *g, layer l, const float *input);

/* The transformed weights of a plain layer, null without memory. They are kept from call to call. Anybody may write
 * l.weights, so every call looks for a change in them, which takes as long as reading them, and transforms them again
 * when there is one. vd_forget_winograd() frees them; without a call it does nothing */
const vd_winograd *vd_winograd_of_plain(layer l);
void vd_forget_winograd(layer l);

#endif
