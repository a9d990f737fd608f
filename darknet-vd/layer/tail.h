/* The last part of a convolutional or connected layer, plain or variational: bias or batch normalisation, then the
 * activation. The arithmetic of stock Darknet, on all threads. */
#ifndef VD_TAIL_H
#define VD_TAIL_H

#include "darknet.h"

/* l.output holds the product; it becomes the layer's output. Batch statistics when net.train, else the rolling ones */
void vd_forward_tail(layer l, network net);

/* l.delta = -dL/d(output) becomes -dL/d(product); bias_updates and scale_updates are added to */
void vd_backward_tail(layer l, network net);

#endif
