#include "layer/vd_layer.h"
#include "layer/update.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "layer/product.h"
#include "layer/variance.h"
#include "layer/vd_cost_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

vd_layer *vd_layer_of(layer l)
{
    return l.type == COST ? 0 : l.plugin;
}

const char *vd_layer_type(layer l)
{
    if (!vd_layer_of(l)) return get_layer_string(l.type);
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

void free_vd_layer(layer l)
{
    vd_layer *vd = l.plugin;
    float *arrays[] = {vd->log_sigma2,   vd->d_log_sigma2, vd->sigma2, vd->masked,     vd->log_sigma2_m,
                       vd->log_sigma2_v, vd->velocity,     vd->d_mean, vd->noise_gain, vd->d_kl};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); ++i) free(arrays[i]);
    free(vd->sigma2_bf16);
    free(vd->pruned_for);
    free_vd_active(vd->active);
    free_vd_sparse_layer(&vd->sparse);
    free(vd);
}

/* weights are worked on in pieces: small enough for the caches, large enough for a thread; what several loops run over,
 * in shorter ones that stay in the first-level cache */
enum { PIECE = 8192, SHORT = 512 };

typedef struct {
    layer l;
    vd_layer *vd;
    const vd_kernels *k;
    vd_parameters p;
    vd_step step;
    float kl_scale;
    double *kl; /* [pieces] */
} job;

static vd_parameters all_parameters(layer l)
{
    vd_layer *vd = l.plugin;
    return (vd_parameters){.n = vd->n,
                           .theta = l.weights,
                           .log_sigma2 = vd->log_sigma2,
                           .theta_m = vd->velocity ? vd->velocity : l.m,
                           .theta_v = l.v,
                           .log_sigma2_m = vd->log_sigma2_m,
                           .log_sigma2_v = vd->log_sigma2_v,
                           .pruned_for = vd->pruned_for,
                           .sigma2 = vd->sigma2,
                           .d_kl = vd->d_kl,
                           .d_theta = l.weight_updates,
                           .d_sigma2 = vd->d_log_sigma2};
}

/* what training works on */
static vd_parameters trained_parameters(layer l)
{
    vd_layer *vd = l.plugin;
    return vd->active ? vd->active->p : all_parameters(l);
}

static int pieces(size_t n)
{
    return (int)((n + PIECE - 1) / PIECE);
}

static size_t piece(size_t n, int i, size_t *length)
{
    size_t first = (size_t)i * PIECE;
    *length = n - first < PIECE ? n - first : PIECE;
    return first;
}

static void variance_piece(int i, void *context)
{
    job *j = context;
    vd_parameters p = j->p;
    size_t n, o = piece(p.n, i, &n);
    j->kl[i] = j->k->variance_kl(n, p.theta + o, p.log_sigma2 + o, p.sigma2 + o, p.d_kl + o);
    if (j->vd->sigma2_bf16) j->k->to_bf16(n, p.sigma2 + o, j->vd->sigma2_bf16 + o);
}

/* the KL divergence of a weight that is frozen */
static double frozen_kl(const job *j)
{
    float theta = 0, log_sigma2 = 0, sigma2, d_kl;
    return j->k->variance_kl(1, &theta, &log_sigma2, &sigma2, &d_kl);
}

/* sigma2, the KL divergence and its derivative for the weights as they are */
static void make_variance(job *j)
{
    vd_layer *vd = j->vd;
    int n = pieces(j->p.n);
    j->kl = vd_calloc(n + 1, sizeof(double));
    vd_parallel_for(n, variance_piece, j);
    vd->kl = (double)(vd->n - j->p.n) * frozen_kl(j);
    for (int i = 0; i < n; ++i) vd->kl += j->kl[i]; /* in order: not up to the threads */
    free(j->kl);
}

static void mask_piece(int i, void *context)
{
    job *j = context;
    size_t n, o = piece(j->vd->n, i, &n);
    j->k->mask(n, j->l.weights + o, j->vd->log_sigma2 + o, j->vd->threshold, j->vd->masked + o);
}

static void make_masked(job *j)
{
    vd_layer *vd = j->vd;
    if (!vd->masked) vd->masked = vd_calloc(vd->n, sizeof(float));
    vd_parallel_for(pieces(vd->n), mask_piece, j);
    vd->masked_is_current = 1;
    vd->sparse_is_current = 0;
}

/* what the backward pass needs, after a training forward */
static vd_product training_product(layer l, network net)
{
    vd_layer *vd = l.plugin;
    vd_parameters w = trained_parameters(l);
    vd_product p = {.theta = w.theta,
                    .d_theta = w.d_theta,
                    .sigma2 = w.sigma2,
                    .d_sigma2 = w.d_sigma2,
                    .noise_gain = vd->noise_gain,
                    /* *net.seen already counts this batch */
                    .key = {vd->seed, (uint64_t)*net.seen - l.batch, vd->index, vd->noise_draw}};
    if (vd->train_clip) {
        p.theta = vd->masked;
        p.d_theta = vd->d_mean;
    }
    if (vd->active) {
        p.by_row = &vd->active->by_row;
        p.by_column = &vd->active->by_column;
    } else if (vd->sigma2_bf16) {
        p.sigma2 = vd->sigma2_bf16;
    }
    return p;
}

static void allocate_gradients(vd_layer *vd)
{
    if (!vd->d_log_sigma2) vd->d_log_sigma2 = vd_calloc(vd->n, sizeof(float));
    if (!vd->sigma2) vd->sigma2 = vd_calloc(vd->n, sizeof(float));
    if (!vd->d_kl) vd->d_kl = vd_calloc(vd->n, sizeof(float));
    if (!vd->sigma2_bf16 && vd_variance_is_bf16()) vd->sigma2_bf16 = vd_calloc(vd->n, sizeof(uint16_t));
    if (!vd->d_mean && vd->train_clip) vd->d_mean = vd_calloc(vd->n, sizeof(float));
}

/* begin a training forward: sigma2 (and, with train_clip, masked) for the weights as they are, room for the noise */
static vd_product begin_training(layer l, network net)
{
    vd_layer *vd = l.plugin;
    size_t gains = (size_t)l.batch * l.outputs;
    allocate_gradients(vd);
    if (vd->noise_gains != gains) { /* the first forward, or the network was resized */
        free(vd->noise_gain);
        vd->noise_gain = vd_calloc(gains, sizeof(float));
        vd->noise_gains = gains;
    }
    vd->noise_draw = vd->noise_drawn && vd->noise_seen == *net.seen ? vd->noise_draw + 1 : 0;
    vd->noise_seen = *net.seen;
    vd->noise_drawn = 1;
    vd->masked_is_current = 0;
    if (vd->active) vd_active_read(vd->active, all_parameters(l));
    job j = {.l = l, .vd = vd, .k = vd_kernels_get(), .p = trained_parameters(l)};
    make_variance(&j);
    if (vd->train_clip) make_masked(&j);
    return training_product(l, net);
}

/* the masked weights are made once and kept until vd_layer_changed() */
static vd_product test_product(layer l)
{
    vd_layer *vd = l.plugin;
    job j = {.l = l, .vd = vd, .k = vd_kernels_get()};
    if (!vd->masked_is_current) make_masked(&j);
    return (vd_product){.theta = vd->masked, .d_theta = l.weight_updates};
}

/* a training that fine-tunes has the products of test time */
static int is_sampled(layer l, network net)
{
    vd_layer *vd = l.plugin;
    return net.train && !vd_cost_fine_tunes(vd->net);
}

static vd_product backward_product(layer l, network net)
{
    vd_layer *vd = l.plugin;
    vd->went_backward = 1;
    return is_sampled(l, net) ? training_product(l, net) : test_product(l);
}

void vd_layer_changed(layer l)
{
    vd_layer *vd = l.plugin;
    vd->masked_is_current = 0;
    if (vd->pruned_for) memset(vd->pruned_for, 0, vd->n * sizeof(uint16_t));
    free_vd_active(vd->active); /* it lists the weights that were there */
    vd->active = 0;
}

void vd_layer_start_relative(layer l, size_t n)
{
    vd_layer *vd = l.plugin;
    for (size_t i = 0; i < n; ++i) vd->log_sigma2[i] = vd->log_alpha + logf(l.weights[i] * l.weights[i] + VD_THETA_EPS);
    vd_layer_changed(l);
}

/* element o of an array that may be missing */
static float *at(float *array, size_t o)
{
    return array ? array + o : 0;
}

/* with train_clip the gradient of the mean is that of the masked weights */
static void add_mean_gradient(const job *j, size_t o, size_t n)
{
    float log_alpha[SHORT], *d_mean = j->vd->d_mean + o;
    j->k->log_alpha(n, j->p.theta + o, j->p.log_sigma2 + o, log_alpha);
    for (size_t i = 0; i < n; ++i) {
        if (log_alpha[i] < j->vd->threshold) j->p.d_theta[o + i] += d_mean[i];
        d_mean[i] = 0;
    }
}

/* chain the gradient to theta and log_sigma2, step: in short loops measured 2x faster than in one over everything */
static void update_piece(int i, void *context)
{
    job *j = context;
    vd_parameters p = j->p;
    vd_step plain = vd_step_without_decay(j->step);
    size_t length, first = piece(p.n, i, &length);
    for (size_t o = first; o < first + length; o += SHORT) {
        size_t n = first + length - o < SHORT ? first + length - o : SHORT;
        float *theta = p.theta + o, *log_sigma2 = p.log_sigma2 + o, *d_theta = p.d_theta + o;
        float *d_log_sigma2 = p.d_sigma2 + o; /* in the place of d_sigma2 */
        if (j->vd->train_clip) add_mean_gradient(j, o, n);
        j->k->posterior_backward(n, theta, p.sigma2 + o, p.d_kl + o, j->kl_scale, d_theta, d_log_sigma2);
        if (p.pruned_for) {
            j->k->count_pruned(n, theta, p.sigma2 + o, p.d_kl + o, p.pruned_for + o);
            j->k->hold_frozen(n, theta, p.d_kl + o, d_theta);
        }
        vd_update(j->step, n, theta, d_theta, at(p.theta_m, o), at(p.theta_v, o));
        vd_update(plain, n, log_sigma2, d_log_sigma2, at(p.log_sigma2_m, o), at(p.log_sigma2_v, o));
    }
}

/* back to the whole arrays: nothing is lost */
static void leave_active(layer l)
{
    vd_layer *vd = l.plugin;
    if (!vd->active) return;
    vd_active_write(vd->active, all_parameters(l));
    vd_active_write_moments(vd->active, all_parameters(l));
    free_vd_active(vd->active);
    vd->active = 0;
}

static void run_over_active(layer l, int batches)
{
    vd_layer *vd = l.plugin;
    int rows = l.type == CONVOLUTIONAL ? l.n : l.outputs;
    vd->active = make_vd_active(all_parameters(l), rows, (int)(vd->n / rows), batches);
}

/* freeze what has been pruned for so many batches, and train on what is left alone where that is faster */
static void freeze_pruned(layer l, int batches)
{
    enum { SPARSE = 4 }; /* of a weight in so many or fewer, lists are faster than matrices */
    vd_layer *vd = l.plugin;
    leave_active(l);
    size_t active = vd_freeze(all_parameters(l), batches);
    int groups = l.type == CONVOLUTIONAL ? l.groups : 1;
    if (active <= vd->n / SPARSE && !vd->train_clip && groups == 1) run_over_active(l, batches);
}

int vd_layer_state(layer l, vd_array arrays[VD_LAYER_ARRAYS])
{
    vd_layer *vd = l.plugin;
    int n = 0;
    arrays[n++] = (vd_array){(void **)&vd->log_sigma2, vd->n, sizeof(float), "log_sigma2", 1};
    arrays[n++] = (vd_array){(void **)&vd->log_sigma2_m, vd->n, sizeof(float), "log_sigma2_m", 0};
    arrays[n++] = (vd_array){(void **)&vd->log_sigma2_v, vd->n, sizeof(float), "log_sigma2_v", 0};
    arrays[n++] = (vd_array){(void **)&vd->velocity, vd->n, sizeof(float), "velocity", 0};
    arrays[n++] = (vd_array){(void **)&vd->pruned_for, vd->n, sizeof(uint16_t), "pruned_for", 0};
    return n;
}

int vd_layer_write_active(layer l)
{
    vd_layer *vd = l.plugin;
    if (vd->active) vd_active_write_moments(vd->active, all_parameters(l));
    return vd->active != 0;
}

void vd_layer_restored(layer l, int active)
{
    vd_layer *vd = l.plugin;
    if (vd->d_log_sigma2) memset(vd->d_log_sigma2, 0, vd->n * sizeof(float)); /* of a batch that was broken off */
    if (vd->d_mean) memset(vd->d_mean, 0, vd->n * sizeof(float));
    vd->went_backward = 0;
    vd->noise_drawn = 0;
    vd->masked_is_current = 0;
    free_vd_active(vd->active);
    vd->active = 0;
    /* a cfg that no longer freezes, or a file that does not say what is frozen: dense, which computes the same */
    if (active && vd_cost_freeze_pruned(vd->net) > 0 && vd->pruned_for)
        run_over_active(l, vd_cost_freeze_pruned(vd->net));
}

/* of theta; Adam's moments are the stock layer's */
static void allocate_velocity(vd_layer *vd, update_args a)
{
    if (!vd->velocity && !a.adam && a.momentum != 0) vd->velocity = vd_calloc(vd->n, sizeof(float));
}

static void allocate_moments(vd_layer *vd, update_args a, int freezes)
{
    allocate_velocity(vd, a);
    if (!vd->log_sigma2_m && (a.adam || a.momentum != 0)) vd->log_sigma2_m = vd_calloc(vd->n, sizeof(float));
    if (!vd->log_sigma2_v && a.adam) vd->log_sigma2_v = vd_calloc(vd->n, sizeof(float));
    if (!vd->pruned_for && freezes) vd->pruned_for = vd_calloc(vd->n, sizeof(uint16_t));
}

/* what has not been pruned stays so: on its way through 0 a weight takes its log_sigma2 along */
static void keep_unpruned(const job *j, size_t o, size_t n)
{
    const float below = 1e-3f; /* more than log_alpha is rounded by */
    float log_alpha[SHORT], threshold = j->vd->threshold;
    const float *theta = j->p.theta + o;
    j->k->log_alpha(n, theta, j->p.log_sigma2 + o, log_alpha);
    for (size_t i = 0; i < n; ++i)
        if (log_alpha[i] >= threshold && j->vd->masked[o + i] != 0)
            j->p.log_sigma2[o + i] = threshold - below + logf(theta[i] * theta[i] + VD_THETA_EPS);
}

static void fine_tune_piece(int i, void *context)
{
    job *j = context;
    vd_parameters p = j->p;
    size_t length, first = piece(p.n, i, &length);
    for (size_t o = first; o < first + length; o += SHORT) {
        size_t n = first + length - o < SHORT ? first + length - o : SHORT;
        for (size_t k = o; k < o + n; ++k) {
            if (j->vd->masked[k] != 0) continue;
            p.theta[k] = p.d_theta[k] = 0;
            if (p.theta_m) p.theta_m[k] = 0;
        }
        vd_update(j->step, n, p.theta + o, p.d_theta + o, at(p.theta_m, o), at(p.theta_v, o));
        keep_unpruned(j, o, n);
    }
}

static void fine_tune(layer l, update_args a)
{
    vd_layer *vd = l.plugin;
    leave_active(l);
    allocate_velocity(vd, a);
    job j = {.l = l, .vd = vd, .k = vd_kernels_get(), .p = all_parameters(l), .step = vd_step_of(l, a)};
    if (!vd->masked_is_current) make_masked(&j);
    vd_parallel_for(pieces(vd->n), fine_tune_piece, &j);
    vd_update_biases(l, a);
    vd->kl = 0;
    vd->went_backward = 0;
    vd->masked_is_current = 0;
}

void update_vd_layer(layer l, update_args a)
{
    enum { FREEZE_EVERY = 50 }; /* batches: making lists costs about what one dense step does */
    vd_layer *vd = l.plugin;
    int batches = vd_cost_freeze_pruned(vd->net);
    if (vd_cost_fine_tunes(vd->net)) {
        fine_tune(l, a);
        return;
    }
    if (!vd->sigma2) return; /* no training forward yet */
    allocate_moments(vd, a, batches > 0);
    job j = {.l = l, .vd = vd, .k = vd_kernels_get(), .p = trained_parameters(l), .step = vd_step_of(l, a)};
    /* gradients here are sums over the batch of -dL, the KL divergence is a part of the mean loss */
    j.kl_scale = vd->went_backward ? -vd_cost_kl_scale(vd->net) * a.batch : 0;
    vd->went_backward = 0;
    vd_parallel_for(pieces(j.p.n), update_piece, &j);
    if (vd->active) vd_active_write(vd->active, all_parameters(l));
    vd_update_biases(l, a);
    vd->masked_is_current = 0;
    if (batches > 0 && vd_cost_batch(vd->net) % FREEZE_EVERY == 0) freeze_pruned(l, batches);
}

/* the form, when the layer has one; made again when weights, batch or the size of the pictures have changed */
static const vd_sparse_layer *sparse_of(layer l)
{
    vd_layer *vd = l.plugin;
    job j = {.l = l, .vd = vd, .k = vd_kernels_get()};
    if (!vd->masked_is_current) make_masked(&j);
    if (!vd->sparse_is_current || !vd_sparse_layer_fits(&vd->sparse, l)) {
        free_vd_sparse_layer(&vd->sparse);
        vd->sparse = make_vd_sparse_layer(l, vd->masked, vd->n);
        vd->sparse_is_current = 1;
    }
    return vd->sparse.form ? &vd->sparse : 0;
}

vd_test_time vd_layer_test_time(layer l)
{
    vd_layer *vd = l.plugin;
    const vd_sparse_layer *sparse = sparse_of(l);
    vd_test_time t = {.way = sparse ? vd_sparse_way(sparse->form) : "dense", .weights = vd->n};
    double pixels = l.type == CONVOLUTIONAL ? (double)l.out_h * l.out_w : 1;
    for (size_t i = 0; i < vd->n; ++i) t.nonzeros += vd->masked[i] != 0;
    t.dense_products = pixels * t.weights;
    t.products = pixels * t.nonzeros;
    return t;
}

/* a backward pass at test time, which announces itself by net.delta, needs what the dense way leaves behind */
static void forward_vd_layer(layer l, network net)
{
    const vd_sparse_layer *sparse = net.train || net.delta ? 0 : sparse_of(l);
    if (sparse) {
        vd_sparse_layer_forward(sparse, l, net.input);
        return;
    }
    vd_product_forward(l, net, is_sampled(l, net) ? begin_training(l, net) : test_product(l));
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
