/* Which gradients of outputs, layer.delta, must be zero before a backward pass. Each layer adds its part to the delta
 * of the layer in front of it, and a [shortcut] or [route] to those that it refers to. The first of a backward pass to
 * do so, the last of them in the network, writes instead where it is a layer of the plugin, and nobody has to clear
 * these arrays, the largest of a training step. */
#ifndef VD_LAYER_DELTA_H
#define VD_LAYER_DELTA_H

#include "darknet.h"

/* 1 when the backward pass of a layer writes the whole of net.delta, that of the layer in front of it, and so must not
 * add to it: no layer has added before. The layer has been called with net.index, which may be that of another one: a
 * layer inside a recurrent one is in no network */
int vd_overwrites_input_delta(layer l, network net);

/* the same of the delta of layer `source`, to which a [shortcut] or [route] refers */
int vd_overwrites_source_delta(layer l, network net, int source);

/* 1 when layer i is a 1x1 convolution, [reorg], [normalization] or [upsample] with a negative stride as stock Darknet
 * has them, and writes over what another layer has added to the delta of the layer in front of it */
int vd_loses_gradient(const network *net, int i);

/* n numbers of a gradient to the layer that they belong to: to = d where that is overwritten, else to += d */
void vd_give_delta(int overwrites, size_t n, const float *d, float *to);

/* 1 when a forward pass must clear the delta of layer i: not for a prediction, not where it is overwritten, and not of
 * a convolution that is computed with the pool behind it (pooled.h), which has none */
int vd_delta_needs_zero(const network *net, int i);

#endif
