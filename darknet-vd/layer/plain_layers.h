#ifndef VD_PLAIN_LAYERS_H
#define VD_PLAIN_LAYERS_H

#include "darknet.h"

/* give a stock layer our faster forward and backward functions where we have them: convolutional, connected and max
 * pooling. Same results but for the rounding of sums. Layers of ours and all others are left as they are, and so is
 * every layer when the plain C kernels were asked for (DARKNET_KERNELS=c) */
void vd_speed_up_layer(layer *l);

#endif
