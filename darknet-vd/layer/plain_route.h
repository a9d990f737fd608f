/* [route]: a copy of the outputs of other layers, side by side, and their gradients back, with all threads. The
 * gradient of a source is written instead of added to if no layer has added before (delta.h). The numbers are those of
 * stock Darknet's functions to the bit. */
#ifndef VD_LAYER_PLAIN_ROUTE_H
#define VD_LAYER_PLAIN_ROUTE_H

#include "darknet.h"

/* give a stock [route] these functions; does nothing to another layer */
void vd_speed_up_route(layer *l);

/* 1 when l is such a [route] and its backward pass writes all of this array, the delta of one of its sources, once: not
 * where groups= leaves out channels, nor where two sources share the array */
int vd_route_writes_all(layer l, const network *net, const float *delta);

#endif
