#include "layer/vd_layer.h"
#include "layer/freeze_pruned.h"
#include "layer/kept.h"
#include "layer/pooled.h"
#include "layer/posterior.h"
#include "layer/product.h"
#include "layer/schedule.h"
#include "layer/variance.h"
#include "layer/variants.h"
#include "layer/vd_update.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

vd_layer *vd_layer_of(layer l)
{
    return l.type == COST ? 0 : l.plugin;
}

int vd_variational_layers(const network *net)
{
    int n = 0;
    for (int i = 0; i < net->n; ++i) n += vd_layer_of(net->layers[i]) != 0;
    return n;
}

const char *vd_layer_type(layer l)
{
    if (!vd_layer_of(l)) return vd_section_of(l);
    return l.type == CONVOLUTIONAL ? "vd_convolutional" : "vd_connected";
}

vd_layer *make_vd_layer(network *net, int index, size_t n, float log_sigma2)
{
    vd_layer *vd = vd_calloc(1, sizeof(*vd));
    vd->net = net;
    vd->index = index;
    vd->n = n;
    vd->log_sigma2 = vd_calloc(n, sizeof(float));
    for (size_t i = 0; i < n; ++i) vd->log_sigma2[i] = log_sigma2;
    return vd;
}

static void free_vd_layer(layer l)
{
    vd_layer *vd = l.plugin;
    vd_kept_free(l);
    float *arrays[] = {vd->log_sigma2,
                       vd->variance.sigma2,
                       vd->variance.d_kl,
                       vd->gradients.d_log_sigma2,
                       vd->gradients.d_mean,
                       vd->optimiser.log_sigma2_m,
                       vd->optimiser.log_sigma2_v,
                       vd->optimiser.velocity,
                       vd->test_time.masked,
                       vd->noise.gain};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); ++i) free(arrays[i]);
    free(vd->variance.sigma2_16);
    free(vd->freezing.pruned_for);
    free_vd_active(vd->freezing.active);
    free_vd_sparse_layer(&vd->test_time.sparse);
    free_vd_winograd(vd->test_time.winograd);
    free(vd);
}

/* ---- training ---- */

/* of a training forward, and of the backward pass after it */
static vd_product training_product(layer l, network net)
{
    vd_layer *vd = l.plugin;
    vd_parameters w = vd_trained_parameters(l);
    vd_product p = {.theta = w.theta,
                    .d_theta = w.d_theta,
                    .sigma2 = w.sigma2,
                    .sigma2_float = w.sigma2,
                    .sigma2_scale = 1,
                    .d_sigma2 = w.d_sigma2,
                    .noise_gain = vd->noise.gain,
                    /* *net.seen already counts this batch */
                    .key = {vd->seed, (uint64_t)*net.seen - l.batch, vd->index, vd->noise.draw}};
    if (vd->train_clip) {
        p.theta = vd->freezing.active ? vd->freezing.active->masked : vd->test_time.masked;
        p.d_theta = vd_mean_gradients(l);
    }
    if (vd->freezing.active) {
        p.by_row = &vd->freezing.active->by_row;
        p.by_column = &vd->freezing.active->by_column;
    } else if (vd_variance_type() != VD_FLOAT) {
        p.sigma2 = vd->variance.sigma2_16;
        p.sigma2_scale = vd->variance.sigma2_scale;
    }
    return p;
}

static void allocate_gradients(vd_layer *vd)
{
    if (!vd->gradients.d_log_sigma2) vd->gradients.d_log_sigma2 = vd_calloc(vd->n, sizeof(float));
    if (!vd->variance.sigma2) vd->variance.sigma2 = vd_calloc(vd->n, sizeof(float));
    if (!vd->variance.d_kl) vd->variance.d_kl = vd_calloc(vd->n, sizeof(float));
    if (!vd->variance.sigma2_16 && vd_variance_type() != VD_FLOAT)
        vd->variance.sigma2_16 = vd_calloc(vd->n, sizeof(uint16_t));
    if (!vd->gradients.d_mean && vd->train_clip) vd->gradients.d_mean = vd_calloc(vd->n, sizeof(float));
}

/* at the first forward, and when the network was resized */
static void make_room_for_gain(layer l, network net)
{
    vd_layer *vd = l.plugin;
    const layer *pool = vd_pool_behind(net, net.index);
    size_t gains = (size_t)l.batch * (pool ? pool->outputs : l.outputs);
    if (vd->noise.gains == gains) return;
    free(vd->noise.gain);
    vd->noise.gain = 0; /* a callback of vd_on_die() may leave from the next line */
    vd->noise.gains = 0;
    vd->noise.gain = vd_calloc(gains, sizeof(float));
    vd->noise.gains = gains;
}

/* begin a training forward: sigma2 (and, with train_clip, masked) for the weights as they are, room for the noise */
static vd_product begin_training(layer l, network net)
{
    vd_layer *vd = l.plugin;
    allocate_gradients(vd);
    make_room_for_gain(l, net);
    vd->noise.draw = vd->noise.drawn && vd->noise.seen == *net.seen ? vd->noise.draw + 1 : 0;
    vd->noise.seen = *net.seen;
    vd->noise.drawn = 1;
    if (vd->freezing.active) vd_active_read(vd->freezing.active, vd_all_parameters(l));
    vd_make_variance(l);
    return training_product(l, net);
}

static vd_product test_product(layer l)
{
    return (vd_product){.theta = vd_masked(l), .d_theta = l.weight_updates};
}

/* a training without noise has the products of test time */
static int is_sampled(layer l, network net)
{
    vd_layer *vd = l.plugin;
    return vd->samples_predictions || (net.train && !vd_cost_is_noiseless(vd->net));
}

/* method=magnitude, and few weights are left: their lists, with a sigma2 of 0 */
static int is_listed(layer l, network net)
{
    vd_layer *vd = l.plugin;
    return net.train && vd->freezing.active && !vd->samples_predictions && vd_cost_is_magnitude(vd->net);
}

static vd_product listed_product(layer l, network net)
{
    vd_product p = training_product(l, net);
    p.is_noiseless = 1;
    return p;
}

static vd_product begin_listed(layer l, network net)
{
    vd_layer *vd = l.plugin;
    make_room_for_gain(l, net);
    vd_active_read(vd->freezing.active, vd_all_parameters(l));
    return listed_product(l, net);
}

static vd_product forward_product(layer l, network net)
{
    if (is_sampled(l, net)) return begin_training(l, net);
    return is_listed(l, net) ? begin_listed(l, net) : test_product(l);
}

static vd_product backward_product(layer l, network net)
{
    vd_layer *vd = l.plugin;
    vd->gradients.went_backward = 1;
    if (is_sampled(l, net)) return training_product(l, net);
    return is_listed(l, net) ? listed_product(l, net) : test_product(l);
}

void vd_sample_predictions(network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_of(net->layers[i])->samples_predictions = 1;
}

void vd_layer_changed(layer l)
{
    vd_layer *vd = l.plugin;
    vd_forget_derived(l);
    if (vd->freezing.pruned_for) memset(vd->freezing.pruned_for, 0, vd->n * sizeof(uint16_t));
    free_vd_active(vd->freezing.active); /* it lists the weights that were there */
    vd->freezing.active = 0;
}

void vd_layer_start_relative(layer l, size_t n)
{
    vd_layer *vd = l.plugin;
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += (double)l.weights[i] * l.weights[i];
    float least = VD_THETA_EPS + (n ? VD_LEAST_SQUARE * (float)(sum / (double)n) : 0);
    for (size_t i = 0; i < n; ++i) vd->log_sigma2[i] = vd->log_alpha + logf(l.weights[i] * l.weights[i] + least);
    vd_layer_changed(l);
}

/* ---- checkpoints ---- */

int vd_layer_state(layer l, vd_array arrays[VD_LAYER_ARRAYS])
{
    vd_layer *vd = l.plugin;
    int n = 0;
    arrays[n++] = (vd_array){(void **)&vd->log_sigma2, vd->n, sizeof(float), "log_sigma2", 1};
    arrays[n++] = (vd_array){(void **)&vd->optimiser.log_sigma2_m, vd->n, sizeof(float), "log_sigma2_m", 0};
    arrays[n++] = (vd_array){(void **)&vd->optimiser.log_sigma2_v, vd->n, sizeof(float), "log_sigma2_v", 0};
    arrays[n++] = (vd_array){(void **)&vd->optimiser.velocity, vd->n, sizeof(float), "velocity", 0};
    arrays[n++] = (vd_array){(void **)&vd->freezing.pruned_for, vd->n, sizeof(uint16_t), "pruned_for", 0};
    return n;
}

int vd_layer_write_active(layer l)
{
    vd_layer *vd = l.plugin;
    if (vd->freezing.active) vd_active_write_moments(vd->freezing.active, vd_all_parameters(l));
    return vd->freezing.active != 0;
}

void vd_layer_restored(layer l, int active)
{
    vd_layer *vd = l.plugin;
    if (vd->gradients.d_log_sigma2)
        memset(vd->gradients.d_log_sigma2, 0, vd->n * sizeof(float)); /* of an unfinished batch */
    if (vd->gradients.d_mean) memset(vd->gradients.d_mean, 0, vd->n * sizeof(float));
    vd->gradients.went_backward = 0;
    vd->noise.drawn = 0;
    vd_forget_derived(l);
    free_vd_active(vd->freezing.active);
    vd->freezing.active = 0;
    /* a cfg that no longer freezes, or a file that does not say what is frozen: dense, which computes the same */
    if (!active || vd_cost_freeze_pruned(vd->net) <= 0 || !vd->freezing.pruned_for) return;
    vd_allocate_moments(vd);
    vd_run_over_active(l, vd_cost_freeze_pruned(vd->net));
}

/* ---- test time ---- */

/* the form, when the layer has one; made again when weights, batch or the size of the pictures have changed */
static const vd_sparse_layer *sparse_of(layer l)
{
    vd_layer *vd = l.plugin;
    const float *masked = vd_masked(l);
    if (!vd_sparse_layer_fits(&vd->test_time.sparse, l)) {
        free_vd_sparse_layer(&vd->test_time.sparse);
        vd->test_time.sparse = make_vd_sparse_layer(l, masked, vd->n);
    }
    return vd->test_time.sparse.form ? &vd->test_time.sparse : 0;
}

/* the transformed masked weights, when the layer is computed with them */
static const vd_winograd *winograd_of(layer l)
{
    vd_layer *vd = l.plugin;
    if (!vd_winograd_layer_fits(l)) return 0;
    const float *masked = vd_masked(l);
    if (!vd->test_time.winograd) vd->test_time.winograd = make_vd_winograd(l.c, l.n, masked);
    return vd->test_time.winograd;
}

vd_test_time vd_layer_test_time(layer l)
{
    vd_layer *vd = l.plugin;
    const vd_sparse_layer *sparse = sparse_of(l);
    vd_test_time t = {.way = sparse ? vd_sparse_way(sparse->form) : "dense", .weights = vd->n};
    double uses = (double)vd_uses_of_weight(l);
    for (size_t i = 0; i < vd->n; ++i) t.nonzeros += vd->test_time.masked[i] != 0;
    t.dense_products = uses * t.weights;
    t.products = uses * t.nonzeros;
    return t;
}

/* a backward pass at test time, which announces itself by net.delta, needs what the dense way leaves behind */
static void forward_vd_layer(layer l, network net)
{
    int sampled = is_sampled(l, net);
    const vd_sparse_layer *sparse = net.train || net.delta || sampled ? 0 : sparse_of(l);
    if (sparse) {
        vd_sparse_layer_forward(sparse, l, net.input);
        return;
    }
    const vd_winograd *winograd = vd_is_prediction(net) && !sampled ? winograd_of(l) : 0;
    if (winograd) {
        vd_winograd_layer_forward(winograd, l, net.input);
        return;
    }
    if (net.train) vd_forget_forms(l); /* rolling statistics change, and forms are of no use in training */
    vd_product_forward(l, net, forward_product(l, net));
}

static void backward_vd_layer(layer l, network net)
{
    vd_product_backward(l, net, backward_product(l, net));
}

void attach_vd_layer(layer *l, vd_layer *vd)
{
    l->plugin = vd;
    l->plugin_free = free_vd_layer;
    l->forward = forward_vd_layer;
    l->backward = backward_vd_layer;
    l->update = update_vd_layer;
}
