/* Faster forward and backward functions for stock layers. */
#ifndef VD_LAYER_PLAIN_LAYERS_H
#define VD_LAYER_PLAIN_LAYERS_H

#include "darknet.h"

/* replace forward and backward of a stock convolutional, connected or max-pooling layer by faster functions. Results
 * differ only in the rounding of sums. Variational layers and other types are not changed, and no layer is with
 * DARKNET_KERNELS=c */
void vd_speed_up_layer(layer *l);

#endif
