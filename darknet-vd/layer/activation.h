/* Activations: the kernels' leaky ones, stock Darknet's, and those of kernels/smooth.h,
 * whose gradient needs the input. */
#ifndef VD_LAYER_ACTIVATION_H
#define VD_LAYER_ACTIVATION_H

#include "darknet.h"
#include "kernels/smooth.h"

/* 1 and the slope for the activations that the kernels know, y = x > 0 ? x : slope x; else 0 */
int vd_activation_is_leaky(ACTIVATION a, float *slope);

/* 1 and its name in the kernels for an activation whose gradient needs the input; else 0 */
int vd_activation_is_smooth(ACTIVATION a, vd_smooth *f);

/* n numbers through an activation, in place */
void vd_activate(ACTIVATION a, size_t n, float *x);

/* d *= the activation's slope
 *
 *   x   inputs; read by smooth activations only, and may be null for others
 *   y   outputs */
void vd_activate_backward(ACTIVATION a, size_t n, const float *x, const float *y, float *d);

/* A layer without batch normalisation keeps the inputs of a smooth activation from a forward pass to the backward pass
 * (with batch normalisation they are computed again): kept.h.
 *
 *   vd_keep_activation_inputs   before a forward pass: make room when they are wanted, the layer's activation is smooth
 *                               and nothing else has them
 *   vd_activation_inputs        [batch][outputs], null when they are not kept */
void vd_keep_activation_inputs(layer l, int wanted);
float *vd_activation_inputs(layer l);

/* all outputs of a layer without batch normalisation through its activation, and the gradient on the way back; a smooth
 * one's inputs are kept in between */
void vd_activate_output(layer l, network net);
void vd_activate_delta(layer l);

#endif
