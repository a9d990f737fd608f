#include "layer/magnitude.h"
#include "layer/fine_tune.h"
#include "layer/freeze_pruned.h"
#include "layer/posterior.h"
#include "layer/update.h"
#include "base/fail.h"
#include "base/float_bits.h"
#include "base/parallel.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* ---- schedule ---- */

double vd_magnitude_share(const vd_cost *c, long t)
{
    double left = 1 - (double)(t - c->magnitude.start) / c->magnitude.ramp;
    left = fmin(fmax(left, 0), 1);
    return c->target_sparsity * (1 - left * left * left);
}

static int is_due(const vd_cost *c, long t)
{
    long since = t - c->magnitude.start;
    return since >= 0 && (since == c->magnitude.ramp || (since < c->magnitude.ramp && since % c->magnitude.every == 0));
}

/* ---- which weights ---- */

/* Weights in the order of |theta|: the bits of a float that is not negative are in the order of its values. Those that
 * are pruned come first */
static uint32_t rank_of(float theta, float masked)
{
    return masked == 0 ? 0 : 1 + vd_bits_of_float(fabsf(theta));
}

/* the layers [first, end) of net that are variational, as one set of weights */
typedef struct {
    network *net;
    int first, end;
} group;

enum { BINS = 1 << 16 };

/* how many weights have each upper half of a rank, or each lower half among those with this upper one */
static void count_halves(group g, int64_t upper, size_t counts[BINS])
{
    for (int i = 0; i < BINS; ++i) counts[i] = 0;
    for (int i = g.first; i < g.end; ++i) {
        layer l = g.net->layers[i];
        const vd_layer *vd = vd_layer_of(l);
        const float *masked = vd ? vd_masked(l) : 0;
        for (size_t k = 0; vd && k < vd->n; ++k) {
            uint32_t rank = rank_of(l.weights[k], masked[k]);
            if (upper < 0) ++counts[rank >> 16];
            else if (rank >> 16 == (uint32_t)upper) ++counts[rank & (BINS - 1)];
        }
    }
}

/* the first bin that brings the sum of the counts to n; takes what the bins before it have off n */
static uint32_t bin_of(const size_t counts[BINS], size_t *n)
{
    uint32_t i = 0;
    for (; i < BINS - 1 && *n > counts[i]; ++i) *n -= counts[i];
    return i;
}

/* a weight is among the n first when its rank is less, or when it is one of the first `ties` of this rank */
typedef struct {
    uint32_t rank;
    size_t ties;
} bound;

static bound bound_of(group g, size_t n)
{
    size_t *counts = vd_calloc(BINS, sizeof(*counts));
    count_halves(g, -1, counts);
    if (n < counts[0]) n = counts[0]; /* rank 0, and denormal numbers: what is pruned stays so */
    uint32_t upper = bin_of(counts, &n);
    count_halves(g, upper, counts);
    uint32_t lower = bin_of(counts, &n);
    free(counts);
    return (bound){upper << 16 | lower, n};
}

static void prune_layer(layer l, bound *b)
{
    vd_layer *vd = l.plugin;
    const float *masked = vd_masked(l);
    if (!vd->freezing.pruned_for) vd->freezing.pruned_for = vd_calloc(vd->n, sizeof(uint16_t));
    for (size_t k = 0; k < vd->n; ++k) {
        uint32_t rank = rank_of(l.weights[k], masked[k]);
        int is_pruned = rank < b->rank || (rank == b->rank && b->ties);
        if (is_pruned && rank == b->rank) --b->ties;
        vd->freezing.pruned_for[k] = is_pruned ? UINT16_MAX : 0;
        if (!is_pruned) vd->log_sigma2[k] = vd_magnitude_log_sigma2;
    }
    vd_freeze_pruned(l, UINT16_MAX);
}

static void prune_group(group g, double share)
{
    static const double rounding = 1e-6; /* .99 times 100 weights are 99 */
    size_t weights = 0;
    for (int i = g.first; i < g.end; ++i) {
        const vd_layer *vd = vd_layer_of(g.net->layers[i]);
        if (!vd) continue;
        vd_leave_active(g.net->layers[i]);
        weights += vd->n;
    }
    bound b = bound_of(g, (size_t)(share * (double)weights + rounding));
    for (int i = g.first; i < g.end; ++i)
        if (vd_layer_of(g.net->layers[i])) prune_layer(g.net->layers[i], &b);
}

void vd_magnitude_batch(network *net)
{
    vd_cost *c = vd_cost_of(net);
    long t = vd_cost_batch(net);
    double share = vd_magnitude_share(c, t);
    /* a training that was resumed with another ramp, or began with weights that count batches, may be behind it */
    int is_over = t >= c->magnitude.start + c->magnitude.ramp,
        is_late = is_over && c->target.phase != VD_TARGET_SETTLES;
    c->target.phase = is_over ? VD_TARGET_SETTLES : VD_TARGET_PRUNES;
    if (!is_due(c, t) && !is_late) return;
    for (int i = 0; c->magnitude.is_uniform && i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) prune_group((group){net, i, i + 1}, share);
    if (!c->magnitude.is_uniform) prune_group((group){net, 0, net->n}, share);
}

/* ---- update ---- */

typedef struct {
    vd_parameters p;
    vd_step step;
} job;

static void update_piece(int i, void *context)
{
    const job *j = context;
    size_t o = (size_t)i * VD_PIECE, n = vd_piece_length(j->p.n, VD_PIECE, i);
    vd_update(j->step, n, j->p.theta + o, j->p.d_theta + o, vd_element(j->p.theta_m, o), vd_element(j->p.theta_v, o));
}

void vd_magnitude_update(layer l, update_args a)
{
    vd_layer *vd = l.plugin;
    if (!vd->freezing.active) {
        vd_fine_tune(l, a);
        return;
    }
    job j = {vd->freezing.active->p, vd_step_of(l, a)};
    vd_parallel_for(vd_pieces(j.p.n, VD_PIECE), update_piece, &j);
    vd_active_write(vd->freezing.active, vd_all_parameters(l));
    vd_update_biases(l, a);
    vd->gradients.went_backward = 0;
    vd_forget_derived(l);
}

/* ---- what is said of it ---- */

void vd_magnitude_print(FILE *fp, const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    const vd_report *r = &c->latest.left;
    fprintf(fp, "target: %.2f %% of the weights: %.2f %% are pruned\n", 100 * c->target_sparsity,
            100 * vd_report_sparsity(r->weights, r->nonzero));
}
