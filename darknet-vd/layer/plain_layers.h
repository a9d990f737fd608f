/* Faster forward and backward functions for stock layers. */
#ifndef VD_LAYER_PLAIN_LAYERS_H
#define VD_LAYER_PLAIN_LAYERS_H

#include "kernels/kernels.h"
#include "darknet.h"

/* replace forward and backward of a stock convolutional, connected, max-pooling, shortcut or route layer by faster
 * functions. Results differ only in the rounding of sums. Variational layers and other types are not changed, and no
 * layer is with DARKNET_KERNELS=c */
void vd_speed_up_layer(layer *l);
int vd_is_sped_up(layer l);

/* the shape of a max pool's planes */
vd_pool_shape vd_pool_shape_of(layer l);

/* a max pool that leaves its work in training to the convolution in front of it where that can do it (pooled.h) */
void vd_make_pool_of_pair(layer *l);
int vd_is_pool_of_pair(layer l);

#endif
