/* What [vd_connected] and [vd_convolutional] have in common: the variational parameters of one layer, kept in
 * layer.plugin beside the stock weights, biases and outputs. */
#ifndef VD_LAYER_VD_LAYER_H
#define VD_LAYER_VD_LAYER_H

#include "darknet.h"
#include "layer/freeze.h"
#include "layer/sparse.h"
#include "layer/layer_state.h"
#include "layer/winograd.h"
#include "kernels/kernels.h"

typedef struct {
    network *net;
    int index; /* of the layer in the network */
    size_t n;  /* weights; theta is layer.weights */

    /* keys of the cfg: fixed once the layer is made */
    float threshold; /* weights with log_alpha >= threshold are zero at test time */
    int train_clip;  /* 1: the training mean uses the masked weights */
    int relative;    /* 1: log_sigma2 starts at log_alpha for weights out of a plain file */
    float log_alpha;
    uint64_t seed; /* of the noise */

    int samples_predictions; /* 1: the noise of training at test time, too */

    /* parameter, beside theta, for the layer's whole life; saved in a .weights file's trailer */
    float *log_sigma2; /* [n] */

    /* of a training forward: made by the update before it, or by the forward itself. Null before the first */
    struct {
        float *sigma2;       /* [n] exp(log_alpha) theta^2 */
        uint16_t *sigma2_16; /* [n] the same for the products, null when those are in float: variance.h */
        float sigma2_scale;  /* of sigma2_16 */
        vd_type type;        /* of the products then */
        float *d_kl;         /* [n] dKL/dlog_alpha */
        float largest;       /* of sigma2 */
        double kl;           /* sum of KL over the layer's weights, nats */
        int is_current;      /* 1: of theta and log_sigma2 as the latest update left them, see posterior.h */
        uint64_t checksum;   /* of theta then */
        int has_mask;        /* train_clip: test_time.masked is of the same theta and log_sigma2 */
        int is_finite;       /* the latest update has seen that all theta and log_sigma2 are; for the check after it */
    } variance;

    /* sums over the batch, from backward passes to the update, which zeroes them */
    struct {
        float *d_log_sigma2; /* [n] of -dL/dsigma2, turned into -dL/dlog_sigma2 by the update */
        float *d_mean;       /* [n] of -dL/d(masked theta), train_clip only */
        int went_backward;   /* since the latest update; the layers up to a stopbackward=1 do not */
    } gradients;

    /* from update to update, in checkpoints; null while the optimiser does not need them */
    struct {
        float *log_sigma2_m, *log_sigma2_v; /* [n] Adam's moments; with SGD m is the velocity */
        float *velocity;                    /* [n] of theta, SGD with momentum */
    } optimiser;

    /* of an update that several processes take together: vd_update.h */
    struct {
        int is_shared, first, end; /* pieces that this one takes */
        void *sums;                /* [pieces], of posterior.h; null but between the update and its join */
    } share;

    /* made when they are first needed, until weights are trained or loaded: posterior.h. All 0 before the first */
    struct {
        float *masked; /* [n] theta where log_alpha < threshold, else 0 */
        int masked_is_current;
        vd_sparse_layer sparse; /* of masked, biases and rolling statistics */
        vd_winograd *winograd;  /* of masked, when predictions are dense 3x3 convolutions of a few pictures */
    } test_time;

    /* of the latest training forward, for the backward pass after it */
    struct {
        float *gain;  /* [batch outputs] d output / d variance, see vd_kernels.sample */
        size_t gains; /* its length */
        size_t seen;  /* *net->seen then */
        uint32_t draw;
        int drawn; /* 0 before the first, and after a checkpoint is restored */
    } noise;

    /* with freeze_pruned */
    struct {
        uint16_t *pruned_for; /* [n] batches in a row that log_alpha has been so high, in checkpoints; else null */
        vd_active *active;    /* the weights not frozen, null while products run over all */
    } freezing;
} vd_layer;

/* the variational part of a layer, null when it is a plain one or a cost */
vd_layer *vd_layer_of(layer l);

/* how many layers of a network are variational */
int vd_variational_layers(const network *net);

/* what tables call a layer: its section's name, "vd_convolutional" or "maxpool" */
const char *vd_layer_type(layer l);

/* the variational part of layer `index` of net, with n weights: log_sigma2 everywhere the given value */
vd_layer *make_vd_layer(network *net, int index, size_t n, float log_sigma2);

/* From now on network_predict() samples every variational layer as a training does: with all weights, whatever the
 * threshold, but for the mean of a layer with train_clip. All other layers are as at test time. The noise of image b of
 * a batch is that of image *net->seen - batch + b: the caller sets *net->seen */
void vd_sample_predictions(network *net);

/* theta or log_sigma2 were written: forget what was derived from them */
void vd_layer_changed(layer l);

/* the products of the next batch, which has no noise, are those of other weights: values [n], 0 where pruned. The step
 * is taken by theta */
void vd_set_masked(layer l, const float *values);

/* the first n weights came out of a plain file: log_sigma2 is the layer's log_alpha, which must be relative, plus
 * log(theta^2 + VD_LEAST_SQUARE mean theta^2). Without the mean a weight near 0 would have next to no noise: once it
 * has grown, its log alpha is below the clip, where neither cost nor KL change log_sigma2: it can never be pruned */
#define VD_LEAST_SQUARE .01f
void vd_layer_start_relative(layer l, size_t n);

/* how a layer is computed at test time, with the weights it has now */
typedef struct {
    const char *way; /* of kernels/sparse/product.h, or "dense" */
    size_t weights, nonzeros;
    double dense_products, products; /* multiply-adds an image, of all weights and of those that are not 0 */
} vd_test_time;

/* of a variational layer; its sparse form is made where it is not yet there */
vd_test_time vd_layer_test_time(layer l);

/* what a checkpoint holds beside layer_state.h's arrays; returns how many there are
 *   vd_layer_write_active   first brings those up to date; returns 1 when training runs over the active weights alone
 *   vd_layer_restored       they were written: go on from them, over the active weights when that is 1 */
int vd_layer_state(layer l, vd_array arrays[VD_LAYER_ARRAYS]);
int vd_layer_write_active(layer l);
void vd_layer_restored(layer l, int active);

/* turn layer l, built by the stock [convolutional] or [connected] parser, into the variational one: sampled in
 * training, masked at test time; l owns vd from now on */
void attach_vd_layer(layer *l, vd_layer *vd);

#endif
