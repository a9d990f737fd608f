/* What [vd_connected] and [vd_convolutional] have in common: the variational parameters of one layer, kept in
 * layer.plugin beside the stock weights, biases and outputs. */
#ifndef VD_LAYER_H
#define VD_LAYER_H

#include "darknet.h"
#include "../kernels/kernels.h"

typedef struct {
    network *net;
    int index;       /* of the layer in the network */
    size_t n;        /* weights; theta is layer.weights */
    float threshold; /* weights with log_alpha >= threshold are zero at test time */
    int train_clip;  /* 1: the training mean uses the masked weights */
    uint64_t seed;   /* of the noise */

    float *log_sigma2;   /* [n] */
    float *d_log_sigma2; /* [n] sum over the batch of -dL/dsigma2, turned into -dL/dlog_sigma2 by the update */
    float *sigma2;       /* [n] exp(log_alpha) theta^2, of the latest training forward */
    float *masked;       /* [n] theta where log_alpha < threshold, else 0 */
    float *log_sigma2_m, *log_sigma2_v; /* [n] Adam's moments; with SGD m is the velocity */
    float *velocity;                    /* [n] of theta, SGD with momentum */
    float *d_mean;                      /* [n] sum of -dL/d(masked theta), train_clip only */
    int masked_is_current;              /* masked fits theta and log_sigma2 */

    float *noise_gain;  /* [batch outputs] d output / d variance, see vd_kernels.sample */
    size_t noise_gains; /* its length */
    size_t noise_seen;  /* *net->seen at the latest training forward */
    uint32_t noise_draw;
    int noise_drawn;
} vd_layer;

/* the variational part of a layer, null when it is a plain one or a cost */
vd_layer *vd_layer_of(layer l);

/* the variational part of layer `index` of net, with n weights: log_sigma2 everywhere the given value */
vd_layer *make_vd_layer(network *net, int index, size_t n, float log_sigma2);
void free_vd_layer(layer l);

/* begin a training forward: makes sigma2 (and, with train_clip, masked) for the weights as they are, room for the
 * noise of batch x outputs, and returns the weights of the mean */
const float *vd_layer_begin_training(layer l, network net);

/* the key of the noise of image b of the batch, after vd_layer_begin_training() */
vd_noise_key vd_layer_noise_key(layer l, network net, int b);

/* the weights to predict with: masked theta, made once and kept until vd_layer_changed() */
const float *vd_layer_test_weights(layer l);

/* where the backward pass adds -dL/d(weights of the mean): layer.weight_updates, or d_mean with train_clip */
float *vd_layer_mean_updates(layer l);

/* theta or log_sigma2 were written: forget what was derived from them */
void vd_layer_changed(layer l);

/* SGD or Adam on weights, log_sigma2, biases and scales, the KL gradient included; layer.update of both types */
void update_vd_layer(layer l, update_args a);

/* bias or batch normalisation, then the activation; the last part of both forward passes, in stock code */
void forward_vd_layer_tail(layer l, network net);
/* through activation and bias or batch normalisation: l.delta becomes -dL/d(product) */
void backward_vd_layer_tail(layer l, network net);

#endif
