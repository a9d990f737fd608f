#include "layer/vd_update.h"
#include "layer/fine_tune.h"
#include "layer/freeze_pruned.h"
#include "layer/magnitude.h"
#include "layer/posterior.h"
#include "layer/schedule.h"
#include "layer/update.h"
#include "base/fail.h"
#include "base/parallel.h"

#include <string.h>

typedef struct {
    const vd_kernels *k;
    vd_parameters p;
    vd_step step;
    float kl_scale; /* -w(t)/N, summed over the batch */
    float *d_mean;  /* [n], null without train_clip */
    float threshold;
    float alpha;            /* weights with at least this are counted as pruned, */
    int batches;            /* and frozen after so many batches */
    vd_variance_pass *next; /* null with lists of active weights */
    int first;              /* piece */
} job;

/* with train_clip the gradient of the mean is that of the masked weights */
static void add_mean_gradient(const job *j, size_t o, size_t n)
{
    float log_alpha[VD_BLOCK], *d_mean = j->d_mean + o;
    j->k->log_alpha(n, j->p.theta + o, j->p.log_sigma2 + o, log_alpha);
    for (size_t i = 0; i < n; ++i) {
        if (log_alpha[i] < j->threshold) j->p.d_theta[o + i] += d_mean[i];
        d_mean[i] = 0;
    }
}

/* Adam on all weights: one kernel */
static void update_adam_block(const job *j, int piece, size_t o, size_t n)
{
    vd_parameters p = j->p;
    vd_adam_arrays a = {p.theta + o,   p.log_sigma2 + o,   p.d_theta + o,      p.d_sigma2 + o, p.theta_m + o,
                        p.theta_v + o, p.log_sigma2_m + o, p.log_sigma2_v + o, p.sigma2 + o,   p.d_kl + o};
    j->k->update_adam(n, j->step.args, j->kl_scale, a, &j->next->pieces[piece].of);
    vd_variance_mask(j->next, o, n);
}

/* chain the gradient to theta and log_sigma2, and step */
static void step_block(const job *j, size_t o, size_t n)
{
    vd_parameters p = j->p;
    vd_step plain = vd_step_without_decay(j->step);
    float *theta = p.theta + o, *log_sigma2 = p.log_sigma2 + o, *d_theta = p.d_theta + o;
    float *d_log_sigma2 = p.d_sigma2 + o; /* in the place of d_sigma2 */
    j->k->posterior_backward(n, theta, p.sigma2 + o, p.d_kl + o, j->kl_scale, d_theta, d_log_sigma2);
    vd_update(j->step, n, theta, d_theta, vd_element(p.theta_m, o), vd_element(p.theta_v, o));
    vd_update(plain, n, log_sigma2, d_log_sigma2, vd_element(p.log_sigma2_m, o), vd_element(p.log_sigma2_v, o));
}

/* the update, and the variance of the next forward, while a block is in the first-level cache */
static void update_piece(int number, void *context)
{
    const job *j = context;
    vd_parameters p = j->p;
    int i = j->first + number;
    size_t first = (size_t)i * VD_PIECE, end = first + vd_piece_length(p.n, VD_PIECE, i);
    for (size_t o = first; o < end; o += VD_BLOCK) {
        size_t n = end - o < VD_BLOCK ? end - o : VD_BLOCK;
        if (j->d_mean) add_mean_gradient(j, o, n);
        if (p.pruned_for) {
            j->k->count_pruned(n, j->alpha, p.theta + o, p.sigma2 + o, p.d_kl + o, p.pruned_for + o);
            /* the posterior adds nothing to d_theta where theta is 0 */
            j->k->hold_frozen(n, j->batches, p.theta + o, p.pruned_for + o, p.d_theta + o);
        }
        if (j->next && j->step.adam) {
            update_adam_block(j, i, o, n);
        } else {
            step_block(j, o, n);
            if (j->next) vd_variance_block(j->next, i, o, n);
        }
    }
    if (j->next) vd_variance_piece_ended(j->next, i);
}

void vd_allocate_velocity(vd_layer *vd, update_args a)
{
    if (!vd->optimiser.velocity && !a.adam && a.momentum != 0) vd->optimiser.velocity = vd_calloc(vd->n, sizeof(float));
}

static void allocate_moments(vd_layer *vd, update_args a)
{
    vd_allocate_velocity(vd, a);
    if (!vd->optimiser.log_sigma2_m && (a.adam || a.momentum != 0))
        vd->optimiser.log_sigma2_m = vd_calloc(vd->n, sizeof(float));
    if (!vd->optimiser.log_sigma2_v && a.adam) vd->optimiser.log_sigma2_v = vd_calloc(vd->n, sizeof(float));
}

void vd_allocate_moments(vd_layer *vd)
{
    update_args a = {.momentum = vd->net->momentum, .adam = vd->net->adam};
    (vd_cost_is_magnitude(vd->net) ? vd_allocate_velocity : allocate_moments)(vd, a);
}

void update_vd_layer(layer l, update_args a)
{
    vd_layer *vd = l.plugin;
    int batches = vd_cost_freeze_pruned(vd->net), freezes = vd_cost_freezes(vd->net);
    if (vd_cost_is_noiseless(vd->net)) {
        (vd_cost_is_magnitude(vd->net) ? vd_magnitude_update : vd_fine_tune)(l, a);
        return;
    }
    if (!vd->variance.sigma2) return; /* no training forward yet */
    allocate_moments(vd, a);
    if (!vd->freezing.pruned_for && freezes) vd->freezing.pruned_for = vd_calloc(vd->n, sizeof(uint16_t));
    job j = {.k = vd_kernels_get(),
             .p = vd_trained_parameters(l),
             .step = vd_step_of(l, a),
             .d_mean = vd_mean_gradients(l),
             .threshold = vd->threshold,
             .alpha = vd_cost_freeze_alpha(vd->net),
             .batches = batches};
    /* gradients here are sums over the batch of -dL, the KL divergence is a part of the mean loss */
    j.kl_scale = vd->gradients.went_backward ? -vd_cost_kl_scale(vd->net) * a.batch : 0;
    vd->gradients.went_backward = 0;
    vd_variance_pass next = {0};
    if (!vd->freezing.active) {
        next = vd_variance_begin(l);
        next.checks = 1;
        j.next = &next;
    }
    j.first = vd->share.first;
    vd_parallel_for(vd->share.is_shared ? vd->share.end - j.first : vd_pieces(j.p.n, VD_PIECE), update_piece, &j);
    if (vd->share.is_shared) vd->share.sums = next.pieces;
    else if (j.next) vd_variance_end(&next);
    if (vd->freezing.active) {
        vd_active_write(vd->freezing.active, vd_all_parameters(l));
        vd->variance.is_finite = vd_active_is_finite(vd->freezing.active); /* frozen weights do not change */
    }
    vd_update_biases(l, a);
    vd_forget_masked(l);
    /* with a target, target.h freezes */
    if (freezes && !vd_cost_has_target(vd_cost_of(vd->net)) && vd_cost_batch(vd->net) % VD_FREEZE_EVERY == 0)
        vd_freeze_pruned(l, batches);
}

/* ---- shared ---- */

int vd_update_is_shareable(layer l)
{
    const vd_layer *vd = l.plugin;
    int freezes_now = vd_cost_freezes(vd->net) && vd_cost_batch(vd->net) % VD_FREEZE_EVERY == 0;
    return vd->variance.sigma2 && !vd->freezing.active && !vd->train_clip && !freezes_now &&
           !vd_cost_is_noiseless(vd->net);
}

void vd_update_share(layer l, int first, int end)
{
    vd_layer *vd = l.plugin;
    vd->share.is_shared = 1;
    vd->share.first = first;
    vd->share.end = end;
}

void *vd_update_sums_of(layer l, int piece, size_t *bytes)
{
    vd_variance_sums *sums = vd_layer_of(l)->share.sums;
    *bytes = sizeof(*sums);
    return sums + piece;
}

void vd_update_join(layer l)
{
    vd_layer *vd = l.plugin;
    vd_variance_pass v = {.vd = vd, .k = vd_kernels_get(), .p = vd_all_parameters(l), .checks = 1};
    v.pieces = vd->share.sums;
    vd_variance_end(&v);
    memset(&vd->share, 0, sizeof(vd->share));
}
