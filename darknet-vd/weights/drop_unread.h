/* Units and filters that no later layer reads. */
#ifndef VD_WEIGHTS_DROP_UNREAD_H
#define VD_WEIGHTS_DROP_UNREAD_H

#include "weights/parts.h"

/* set to 0 the weights, biases and batch normalisation of units and filters for which all weights in the next layer are
 * 0. The network's output stays the same, to the bit.
 *
 *   p   the parts of net; pruned weights are 0
 *
 * Only between a convolutional or connected layer and the next such layer, with nothing but pooling, dropout or an
 * activation between them; and only in networks where no layer reads from further back ([route], [shortcut]). */
void vd_drop_unread(const network *net, vd_parts p);

#endif
