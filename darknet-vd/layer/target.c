#include "layer/target.h"
#include "layer/freeze_pruned.h"
#include "layer/posterior.h"
#include "layer/vd_layer.h"
#include "base/fail.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdint.h>

/* log alpha beyond the clip: a weight of 0 whose log_sigma2 is 5 is at 23.4 */
enum { LOWEST = -8, HIGHEST = 24, BINS_A_UNIT = 64, BINS = (HIGHEST - LOWEST) * BINS_A_UNIT + 1, BLOCK = 512 };
enum { STEERINGS = 200 }; /* of w(t) in a training */

/* Chosen with LeNet-300-100 on held-out pictures of MNIST, seed 1. Doubling w(t) moves the quantile by about 3 in the
 * end (compression is as w^0.67, and log alpha is spread so), with a delay of a tenth of a training: AT_ONCE of the
 * change that this asks for, and in a whole training OVER_TIME times it */
static const double AIM = 1, PRUNING = 0.7, SETTLING = 0.8, AT_ONCE = 0.3, OVER_TIME = 1.2;
static const double LEAST_LOG_FACTOR = -7, LARGEST_LOG_FACTOR = 2;

/* how many of the network's weights have a log alpha in each bin; those frozen in the last */
typedef struct {
    size_t in[BINS], all;
} histogram;

/* log alpha before the clip */
static float log_alpha_of(layer l, size_t i)
{
    return vd_layer_of(l)->log_sigma2[i] - logf(l.weights[i] * l.weights[i] + VD_THETA_EPS);
}

/* of weights o to o + n: those that are clipped are few until late, and looked at one by one */
static void log_alphas(layer l, size_t o, size_t n, int batches, float *log_alpha)
{
    vd_parameters all = vd_all_parameters(l);
    vd_kernels_get()->log_alpha(n, all.theta + o, all.log_sigma2 + o, log_alpha);
    for (size_t i = 0; i < n; ++i) {
        if (log_alpha[i] < VD_LOG_ALPHA_LIMIT) continue;
        log_alpha[i] = vd_is_frozen(all, o + i, batches) ? HIGHEST : fminf(log_alpha_of(l, o + i), HIGHEST);
    }
}

static void count_layer(layer l, int batches, histogram *h)
{
    size_t weights = vd_layer_of(l)->n;
    float log_alpha[BLOCK];
    for (size_t o = 0; o < weights; o += BLOCK) {
        size_t n = weights - o < BLOCK ? weights - o : BLOCK;
        log_alphas(l, o, n, batches, log_alpha);
        for (size_t i = 0; i < n; ++i) ++h->in[(int)((log_alpha[i] - LOWEST) * BINS_A_UNIT)];
    }
    h->all += weights;
}

static histogram count_network(const network *net)
{
    histogram h = {.all = 0};
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) count_layer(net->layers[i], vd_cost_freeze_pruned(net), &h);
    return h;
}

/* the log alpha that this share of the weights is at or over: the lower end of its bin */
static double quantile(const histogram *h, double share)
{
    double above = 0;
    int bin = BINS;
    while (bin > 0 && above < share * (double)h->all) above += (double)h->in[--bin];
    return (double)bin / BINS_A_UNIT + LOWEST;
}

static double share_over(const histogram *h, double log_alpha)
{
    double above = 0;
    for (int bin = (int)((log_alpha - LOWEST) * BINS_A_UNIT); bin < BINS; ++bin) above += (double)h->in[bin];
    return above / (double)h->all;
}

/* those over the cut; and, where counted is set, that have been over freeze_log_alpha for so many batches */
static void freeze_over(layer l, double cut, int counted, int batches)
{
    vd_layer *vd = l.plugin;
    float log_alpha[BLOCK];
    vd_leave_active(l);
    if (!vd->freezing.pruned_for) vd->freezing.pruned_for = vd_calloc(vd->n, sizeof(uint16_t));
    for (size_t o = 0; o < vd->n; o += BLOCK) {
        size_t n = vd->n - o < BLOCK ? vd->n - o : BLOCK;
        uint16_t *pruned_for = vd->freezing.pruned_for + o;
        log_alphas(l, o, n, batches, log_alpha);
        for (size_t i = 0; i < n; ++i) {
            if (log_alpha[i] < cut) pruned_for[i] = 0;
            else if (!counted) pruned_for[i] = UINT16_MAX;
        }
    }
    vd_freeze_pruned(l, batches);
}

/* freeze the weights that are over a log alpha, but at most the share asked for */
static void freeze(network *net, const histogram *h, double share, int counted)
{
    double cut = quantile(h, share);
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) freeze_over(net->layers[i], cut, counted, vd_cost_freeze_pruned(net));
}

/* batches from the beginning of w(t) to the end, and the part of them that is behind this one */
static double span_of(const network *net, const vd_cost *c)
{
    return net->max_batches - c->fine_tune - c->kl_start;
}

static double way_of(const network *net, const vd_cost *c)
{
    return (vd_cost_batch(net) - c->kl_start) / span_of(net, c);
}

static void steer(const network *net, vd_cost *c, const histogram *h)
{
    double q = quantile(h, c->target_sparsity);
    if (c->target.phase == VD_TARGET_NONE) c->target.start = q;
    double below = c->target.start + (AIM - c->target.start) * (way_of(net, c) / PRUNING) - q;
    double change = AT_ONCE * (below - c->target.below) + OVER_TIME / STEERINGS * below;
    c->target.log_factor = fmin(fmax(c->target.log_factor + change, LEAST_LOG_FACTOR), LARGEST_LOG_FACTOR);
    c->target.below = below;
    c->target.phase = VD_TARGET_STEERS;
}

/* the share frozen grows from what it was to the target */
static void prune(network *net, vd_cost *c)
{
    double part = fmin(1, (way_of(net, c) - PRUNING) / (SETTLING - PRUNING));
    if (c->target.phase != VD_TARGET_PRUNES) c->target.frozen = vd_frozen_share(net);
    histogram h = count_network(net);
    freeze(net, &h, c->target.frozen + (c->target_sparsity - c->target.frozen) * part, 0);
    c->target.phase = part < 1 ? VD_TARGET_PRUNES : VD_TARGET_SETTLES;
}

/* weights that are not frozen, and over the cut of test time because theta passes through 0: lower log_sigma2 */
static void keep_the_rest(layer l, int batches)
{
    vd_layer *vd = l.plugin;
    vd_parameters p = vd_trained_parameters(l);
    float log_alpha[BLOCK];
    for (size_t o = 0; o < p.n; o += BLOCK) {
        size_t n = p.n - o < BLOCK ? p.n - o : BLOCK;
        vd_kernels_get()->log_alpha(n, p.theta + o, p.log_sigma2 + o, log_alpha);
        for (size_t i = o; i < o + n; ++i)
            if (log_alpha[i - o] >= vd->threshold && !vd_is_frozen(p, i, batches))
                p.log_sigma2[i] = vd_log_sigma2_under(vd->threshold, p.theta[i]);
    }
    if (vd->freezing.active) vd_active_write(vd->freezing.active, vd_all_parameters(l));
    vd->variance.is_current = vd->test_time.masked_is_current = 0;
}

static void settle(network *net, const vd_cost *c)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) keep_the_rest(net->layers[i], c->freeze_pruned);
}

/* before PRUNING: w(t), and what freeze_log_alpha freezes by itself */
static void approach(network *net, vd_cost *c)
{
    long batch = vd_cost_batch(net), every = (long)fmax(1, span_of(net, c) / STEERINGS);
    int steers = batch % every == 0, freezes = batch % VD_FREEZE_EVERY == 0 && vd_cost_freezes(net);
    if (!steers && !freezes) return;
    histogram h = count_network(net);
    if (steers) steer(net, c, &h);
    if (freezes) freeze(net, &h, c->target_sparsity, 1);
}

void vd_target_batch(network *net)
{
    vd_cost *c = vd_cost_of(net);
    long batch = vd_cost_batch(net), end = net->max_batches - c->fine_tune;
    if (batch < c->kl_start || batch > end) return;
    double way = way_of(net, c);
    int due = batch % VD_FREEZE_EVERY == 0;
    if (c->target.phase == VD_TARGET_SETTLES) {
        if (due || batch == end) settle(net, c);
    } else if (way >= PRUNING) {
        if (due || way >= SETTLING) prune(net, c);
    } else {
        approach(net, c);
    }
}

double vd_target_predicted(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (c->target.phase >= VD_TARGET_PRUNES) return c->target_sparsity;
    histogram h = count_network(net);
    return share_over(&h, AIM);
}
