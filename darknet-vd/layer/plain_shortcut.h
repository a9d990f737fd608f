/* [shortcut] of stock Darknet with alpha = beta = 1, in one pass over the memory:
 *
 *     y = activation(x + z),   x the layer in front, z the one of from=
 *     d y *= activation'(y),   d x += d y,   d z += d y
 *
 * where d x and d z are written instead of added to if no layer has added before (delta.h). Of maps of different sizes
 * y has that of x. The first channels of the two meet, and every second, third ... pixel of the larger one. The numbers
 * are those of stock Darknet's functions to the bit. */
#ifndef VD_LAYER_PLAIN_SHORTCUT_H
#define VD_LAYER_PLAIN_SHORTCUT_H

#include "darknet.h"

/* give a stock [shortcut] these functions; does nothing to one that is not of this kind */
void vd_speed_up_shortcut(layer *l);
int vd_is_fast_shortcut(layer l);

#endif
