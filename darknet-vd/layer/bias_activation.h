/* The last part of a convolutional or connected layer without batch normalisation, plain or variational: bias and
 * activation, for one image while it is in the cache. The arithmetic of stock Darknet. */
#ifndef VD_LAYER_BIAS_ACTIVATION_H
#define VD_LAYER_BIAS_ACTIVATION_H

#include "darknet.h"

/* the array a layer's product is written to: its output, or x with batch normalisation */
float *vd_product_of(layer l);

/* output = activation(output + bias) for image b */
void vd_forward_tail(layer l, int b);

/* delta = -dL/d(output) of image b becomes -dL/d(product). A convolutional layer's sums over the pixels are added to
 * d_bias [filters]; a connected layer's d_bias is delta itself, and not touched */
void vd_backward_tail(layer l, int b, float *d_bias);

/* the same for one channel of all images */
void vd_backward_tail_channel(layer l, int c);

#endif
