/* The products of a variational connected layer whose input is mostly zeros, as pictures of digits are: over the
 * numbers that are not zero. Everything is float. Results do not depend on the number of threads. */
#ifndef VD_LAYER_DENSE_THIN_H
#define VD_LAYER_DENSE_THIN_H

#include "layer/product.h"

/* 1 where this is faster than matrices */
int vd_dense_is_thin(layer l, const float *input, vd_product p);

/* product = input theta^T, into the output or l.x, and its variance input^2 sigma2^T, into p.noise_gain */
void vd_dense_thin_forward(layer l, const float *input, vd_product p);

/* d theta += d product^T input,  d sigma2 += d var^T input^2, from l.delta = -dL/d product and p.noise_gain */
void vd_dense_thin_gradients(layer l, const float *input, vd_product p);

#endif
