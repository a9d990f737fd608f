#ifndef VD_PLAIN_LAYERS_H
#define VD_PLAIN_LAYERS_H

#include "darknet.h"

/* give a stock layer our faster forward and backward functions where we have them: convolutional, connected and max
 * pooling. Same results but for the rounding of sums. Others are left as they are, and so are all when the plain C
 * kernels were asked for (DARKNET_KERNELS=c): then a plain cfg runs through stock code alone. */
void vd_speed_up_layer(layer *l);

#endif
