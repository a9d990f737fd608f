/* Batch normalisation and the activation after it, plain or variational: the arithmetic of stock Darknet, on all
 * threads. */
#ifndef VD_LAYER_NORM_H
#define VD_LAYER_NORM_H

#include "darknet.h"

/* what batch normalisation divides by. Stock Darknet adds its epsilon to the root (normalize_cpu() of blas.c), later
 * Darknets add a larger one inside (l.epsilon_in_root); each computes wrong numbers with weights of the other where a
 * variance is small. The gradient has the larger one in the root in both (mean_delta_cpu() of batchnorm_layer.c) */
#define VD_EPSILON_BEHIND_ROOT .000001f
#define VD_EPSILON_IN_ROOT .00001f
float vd_norm_deviation(layer l, float variance);

/* l.output [batch][out_c][out_h][out_w], less the mean of its channel, over the deviation */
void vd_normalize_output(layer l, const float *mean, const float *variance);

/* l.x holds the product; l.output becomes the layer's output. Batch statistics when net.train, else the rolling ones */
void vd_forward_norm(layer l, network net);

/* l.delta = -dL/d(output) becomes -dL/d(product); bias_updates and scale_updates are added to */
void vd_backward_norm(layer l, network net);

/* the rolling statistics take a step towards those of a batch, both [out_c], as in the layer's training forward */
void vd_norm_roll(layer l, const float *mean, const float *variance);

/* batch normalisation of a prediction, by rolling statistics, is scale product + bias; both [filters] */
void vd_fold_norm(layer l, int filters, float *scale, float *bias);

#endif
