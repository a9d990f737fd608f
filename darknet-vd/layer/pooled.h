/* A convolutional layer and the [maxpool] that alone reads it, trained as one.
 *
 * Forward, each run of images goes through product, noise, bias, activation and pool while it is in the cache.
 * Backward, products run over the gradients that are not zero: at most one for each window of the pool. In training,
 * the layer's own output and delta are neither written nor read; d output / d variance is kept for the largest elements
 * alone: vd_product.noise_gain is [batch][outputs of the pool]. At test time both layers work as usual. */
#ifndef VD_LAYER_POOLED_H
#define VD_LAYER_POOLED_H

#include "layer/product.h"

/* mark the pools of all such pairs, once the network is complete: no batch normalisation, an activation that does not
 * change the order of its inputs (linear, ReLU, leaky), one group, and no other layer that reads the convolution */
void vd_mark_pooled(network *net);

/* the pool behind layer `index` where both are computed together in a pass with these settings, else null */
const layer *vd_pool_behind(network net, int index);

/* forward functions of a max pool: the layer's own product, output and indexes from one image's product y [outputs]
 * without bias, and its variance (null without noise), both overwritten */
void vd_pool_forward(layer l, vd_product p, int b, float *y, float *variance);

/* vd_convolution_backward() of such a pair, from p.pool->delta */
void vd_pooled_backward(layer l, const float *input, float *d_input, vd_product p);

#endif
