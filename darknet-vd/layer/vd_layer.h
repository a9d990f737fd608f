/* What [vd_connected] and [vd_convolutional] have in common: the variational parameters of one layer, kept in
 * layer.plugin beside the stock weights, biases and outputs. */
#ifndef VD_LAYER_H
#define VD_LAYER_H

#include "darknet.h"
#include "layer/freeze.h"
#include "layer/sparse.h"
#include "layer/layer_state.h"
#include "kernels/kernels.h"

typedef struct {
    network *net;
    int index;       /* of the layer in the network */
    size_t n;        /* weights; theta is layer.weights */
    float threshold; /* weights with log_alpha >= threshold are zero at test time */
    int train_clip;  /* 1: the training mean uses the masked weights */
    int relative;    /* 1: log_sigma2 starts at log_alpha for weights out of a plain file */
    float log_alpha;
    uint64_t seed; /* of the noise */

    float *log_sigma2;     /* [n] */
    float *d_log_sigma2;   /* [n] sum over the batch of -dL/dsigma2, turned into -dL/dlog_sigma2 by the update */
    float *sigma2;         /* [n] exp(log_alpha) theta^2, of the latest training forward */
    uint16_t *sigma2_bf16; /* [n] the same for the products, null when those are in float: variance.h */
    float *masked;         /* [n] theta where log_alpha < threshold, else 0 */
    float *log_sigma2_m, *log_sigma2_v; /* [n] Adam's moments; with SGD m is the velocity */
    float *velocity;                    /* [n] of theta, SGD with momentum */
    float *d_mean;                      /* [n] sum of -dL/d(masked theta), train_clip only */
    float *d_kl;                        /* [n] dKL/dlog_alpha, of the latest training forward */
    double kl;                          /* sum of KL over the layer's weights, nats, of the latest training forward */
    int went_backward;                  /* since the latest update; a layer behind stopbackward=1 does not */
    int masked_is_current;              /* masked fits theta and log_sigma2 */
    vd_sparse_layer sparse;             /* made of masked, biases and rolling statistics */
    int sparse_is_current;

    uint16_t *pruned_for; /* [n] batches in a row that log_alpha has been at the clip; null unless freeze_pruned */
    vd_active *active;    /* the weights not frozen, null while products run over all */

    float *noise_gain;  /* [batch outputs] d output / d variance, see vd_kernels.sample */
    size_t noise_gains; /* its length */
    size_t noise_seen;  /* *net->seen at the latest training forward */
    uint32_t noise_draw;
    int noise_drawn;
} vd_layer;

/* the variational part of a layer, null when it is a plain one or a cost */
vd_layer *vd_layer_of(layer l);

/* what tables call a layer: its section's name, "vd_convolutional" or "maxpool" */
const char *vd_layer_type(layer l);

/* the variational part of layer `index` of net, with n weights: log_sigma2 everywhere the given value */
vd_layer *make_vd_layer(network *net, int index, size_t n, float log_sigma2);
void free_vd_layer(layer l);

/* theta or log_sigma2 were written: forget what was derived from them */
void vd_layer_changed(layer l);

/* the first n weights came out of a plain file: log_sigma2 such that each has the layer's log_alpha, which must be
 * relative */
void vd_layer_start_relative(layer l, size_t n);

/* how a layer is worked out at test time, with the weights it has now */
typedef struct {
    const char *way; /* of kernels/sparse_product.h, or "dense" */
    size_t weights, nonzeros;
    double dense_products, products; /* multiply-adds an image, of all weights and of those that are not 0 */
} vd_test_time;

vd_test_time vd_layer_test_time(layer l);

/* what a checkpoint holds beside layer_state.h's arrays; returns how many there are
 *   vd_layer_write_active   first brings those up to date; returns 1 when training runs over the active weights alone
 *   vd_layer_restored       they were written: go on from them, over the active weights when that is 1 */
int vd_layer_state(layer l, vd_array arrays[VD_LAYER_ARRAYS]);
int vd_layer_write_active(layer l);
void vd_layer_restored(layer l, int active);

/* SGD or Adam on weights, log_sigma2, biases and scales, the KL gradient included; layer.update of both types
 *
 * Of a batch that fine-tunes (vd_cost_layer.h) the products have been those of test time. What is pruned becomes 0 and
 * stays it; theta is trained where it is not, and log_sigma2 lowered where theta comes so near to 0 that it would be.
 */
void update_vd_layer(layer l, update_args a);

/* turn layer l, built by the stock [convolutional] or [connected] parser, into the variational one: sampled in
 * training, masked at test time; l owns vd from now on */
void attach_vd_layer(layer *l, vd_layer *vd);

#endif
