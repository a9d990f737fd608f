#ifndef VD_PACK_UNREAD_H
#define VD_PACK_UNREAD_H

#include "weights/parts.h"

/* set to 0 the weights, biases and batch normalisation of units and filters that nothing reads: all weights for them in
 * the next layer are 0. The network's output stays the same, to the bit.
 *
 *   p   the parts of net, pruned weights 0
 *
 * Only between a convolutional or connected layer and the next such one with nothing but pooling, dropout or an
 * activation between them, and in networks where no layer reads from further back ([route], [shortcut]). */
void vd_drop_unread(const network *net, vd_parts p);

#endif
