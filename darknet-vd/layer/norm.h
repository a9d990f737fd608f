/* Batch normalisation and the activation after it, plain or variational: the arithmetic of stock Darknet, on all
 * threads. */
#ifndef VD_LAYER_NORM_H
#define VD_LAYER_NORM_H

#include "darknet.h"

/* l.x holds the product; l.output becomes the layer's output. Batch statistics when net.train, else the rolling ones */
void vd_forward_norm(layer l, network net);

/* l.delta = -dL/d(output) becomes -dL/d(product); bias_updates and scale_updates are added to */
void vd_backward_norm(layer l, network net);

/* batch normalisation of a prediction, by rolling statistics, is scale product + bias; both [filters] */
void vd_fold_norm(layer l, int filters, float *scale, float *bias);

#endif
