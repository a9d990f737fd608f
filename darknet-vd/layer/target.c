#include "layer/target.h"
#include "layer/freeze_pruned.h"
#include "layer/posterior.h"
#include "layer/histogram.h"
#include "layer/target_size.h"
#include "layer/vd_layer.h"
#include "base/fail.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdint.h>

enum { STEERINGS = 200 }; /* of w(t) in a training */
/* steerings between two looks at the size of the packed file; freezings between two, once weights freeze no more */
enum { A_MEASURE = 10, A_SHRINK = 10 };

/* Chosen with LeNet-300-100 on held-out pictures of MNIST, seed 1. Doubling w(t) moves the quantile by about 3 in the
 * end (compression is as w^0.67, and log alpha is spread so), with a delay of a tenth of a training: AT_ONCE of the
 * change that this asks for, and in a whole training OVER_TIME times it */
static const double AIM = 1, PRUNING = 0.7, SETTLING = 0.8, AT_ONCE = 0.3, OVER_TIME = 1.2;
static const double LEAST_LOG_FACTOR = -7, LARGEST_LOG_FACTOR = 2;
/* freeze_pruned leaves so many times the weights that target_size seems to allow: a later measure may allow more */
static const double RESERVE = 1.2;

/* ---- the share to be pruned ---- */

/* what target_size comes to, with the weights as they are */
static void measure(network *net, vd_cost *c, const vd_histogram *r)
{
    vd_size_estimate e = vd_size_estimated(net, r);
    c->target.share = e.share;
    c->target.empty = e.empty;
}

static double share_of(const vd_cost *c)
{
    return c->target_size ? c->target.share : c->target_sparsity;
}

static int is_out_of_reach(const vd_cost *c)
{
    return c->target_size && c->target.empty > c->target_size;
}

/* ---- freezing ---- */

/* those over the cut; and, where counted is set, that have been over freeze_log_alpha for so many batches */
static void freeze_over(layer l, double cut, int counted, int batches)
{
    vd_layer *vd = l.plugin;
    float log_alpha[VD_BLOCK];
    vd_leave_active(l);
    if (!vd->freezing.pruned_for) vd->freezing.pruned_for = vd_calloc(vd->n, sizeof(uint16_t));
    for (size_t o = 0; o < vd->n; o += VD_BLOCK) {
        size_t n = vd->n - o < VD_BLOCK ? vd->n - o : VD_BLOCK;
        uint16_t *pruned_for = vd->freezing.pruned_for + o;
        vd_histogram_log_alpha(l, o, n, log_alpha);
        for (size_t i = 0; i < n; ++i) {
            if (log_alpha[i] < cut) pruned_for[i] = 0;
            else if (!counted) pruned_for[i] = UINT16_MAX;
        }
    }
    vd_freeze_pruned(l, batches);
}

static void freeze(network *net, double cut, int counted)
{
    cut = fmin(cut, VD_HISTOGRAM_HIGHEST); /* the cut of a share of 0 is over it, where frozen weights are: they stay */
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) freeze_over(net->layers[i], cut, counted, vd_cost_freeze_pruned(net));
}

/* ---- the way to the end ---- */

/* batches from the beginning of w(t) to the end, and the part of them that is behind this one */
static double span_of(const network *net, const vd_cost *c)
{
    return net->max_batches - c->fine_tune - c->kl_start;
}

static double way_of(const network *net, const vd_cost *c)
{
    return (vd_cost_batch(net) - c->kl_start) / span_of(net, c);
}

static void steer(const network *net, vd_cost *c, const vd_histogram *r)
{
    double q = vd_histogram_quantile(r, share_of(c));
    if (c->target.phase == VD_TARGET_NONE) c->target.start = q;
    double below = c->target.start + (AIM - c->target.start) * (way_of(net, c) / PRUNING) - q;
    double change = AT_ONCE * (below - c->target.below) + OVER_TIME / STEERINGS * below;
    c->target.log_factor = fmin(fmax(c->target.log_factor + change, LEAST_LOG_FACTOR), LARGEST_LOG_FACTOR);
    c->target.below = below;
    c->target.phase = VD_TARGET_STEERS;
}

/* the share frozen grows from what it was to the target */
static void prune(network *net, vd_cost *c, const vd_histogram *r)
{
    double part = fmin(1, (way_of(net, c) - PRUNING) / (SETTLING - PRUNING));
    double share = c->target.frozen + (share_of(c) - c->target.frozen) * part;
    freeze(net, c->target_size && part == 1 ? vd_size_cut(net, r, share) : vd_histogram_quantile(r, share), 0);
    c->target.phase = part < 1 ? VD_TARGET_PRUNES : VD_TARGET_SETTLES;
}

/* weights that are not frozen, and over the cut of test time because theta passes through 0: lower log_sigma2 */
static void keep_the_rest(layer l, int batches)
{
    vd_layer *vd = l.plugin;
    vd_parameters p = vd_trained_parameters(l);
    float log_alpha[VD_BLOCK];
    for (size_t o = 0; o < p.n; o += VD_BLOCK) {
        size_t n = p.n - o < VD_BLOCK ? p.n - o : VD_BLOCK;
        vd_kernels_get()->log_alpha(n, p.theta + o, p.log_sigma2 + o, log_alpha);
        for (size_t i = o; i < o + n; ++i)
            if (log_alpha[i - o] >= vd->threshold && !vd_is_frozen(p, i, batches))
                p.log_sigma2[i] = vd_log_sigma2_under(vd->threshold, p.theta[i]);
    }
    if (vd->freezing.active) vd_active_write(vd->freezing.active, vd_all_parameters(l));
    vd_forget_derived(l);
}

/* the weights left are trained on, and their file may grow: then the next ones go */
static void shrink(network *net, const vd_cost *c)
{
    vd_histogram r = vd_histogram_of(net);
    if (vd_size_without(net, INFINITY) > c->target_size) freeze(net, vd_size_cut(net, &r, vd_frozen_share(net)), 0);
}

static void settle(network *net, const vd_cost *c)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) keep_the_rest(net->layers[i], c->freeze_pruned);
}

/* the share that freeze_pruned may freeze by itself */
static double most_frozen(const vd_cost *c)
{
    return c->target_size ? fmax(0, 1 - RESERVE * (1 - c->target.share)) : c->target_sparsity;
}

/* ---- what a batch does ---- */

/* Every member is 1 where the update of this batch does so. All are 0 at most batches, which look at no weight */
typedef struct {
    int begins_to_prune; /* notes how many weights are frozen before the first freeze by rank */
    int measures;        /* the size of the packed file; where it is out of reach, none of the next three */
    int steers;          /* w(t) */
    int freezes;         /* weights that freeze_pruned has counted */
    int prunes;          /* freezes weights by rank */
    int shrinks;         /* freezes more weights by rank where the file has grown */
    int settles;         /* keeps the weights that are left from being pruned */
} deeds;

/* What batch t does. F: t is a multiple of VD_FREEZE_EVERY; S: t is one of the 200 times of steering
 *
 *   phase before   way                    what it does                                          phase after
 *   any            before kl_start        -                                                     the same
 *   NONE, STEERS   .. PRUNING             at S steers; at F, where freeze_pruned counts,        STEERS, once steered
 *                                         freezes
 *   NONE, STEERS   PRUNING .. SETTLING    at F begins_to_prune, prunes                          PRUNES
 *   PRUNES         PRUNING .. SETTLING    at F prunes                                           PRUNES
 *   not SETTLES    SETTLING ..            at once prunes (and begins to, where it has not yet)  SETTLES
 *   SETTLES        any                    at F and at the end settles                           SETTLES
 *   any            after the end          -, but for what follows                               the same
 *
 * With target_size it also measures: at the first S or F, at each tenth S from then on, and when it begins_to_prune.
 * A size out of reach is measured at the same times, and at F from SETTLING on: the phase stays what it was. SETTLES
 * shrinks at each tenth F and at the end; the last batch of fine_tune, which is after the end, shrinks, too */
static deeds deeds_of(const network *net)
{
    enum { F = VD_FREEZE_EVERY };
    const vd_cost *c = vd_cost_of(net);
    long t = vd_cost_batch(net), end = net->max_batches - c->fine_tune;
    int has_size = c->target_size > 0, is_end = t == end, is_f = t % F == 0;
    deeds now = {0};
    if (t > end) now.shrinks = has_size && t == net->max_batches && !is_out_of_reach(c);
    if (t < c->kl_start || t > end) return now;
    if (c->target.phase == VD_TARGET_SETTLES) {
        now.settles = is_f || is_end;
        now.shrinks = has_size && (t % (A_SHRINK * F) == 0 || is_end);
    } else if (way_of(net, c) < PRUNING) {
        long between = (long)fmax(1, span_of(net, c) / STEERINGS);
        now.steers = t % between == 0;
        now.freezes = is_f && vd_cost_freezes(net);
        if (!c->target.empty) now.measures = has_size && (now.steers || now.freezes);
        else now.measures = has_size && now.steers && t / between % A_MEASURE == 0;
    } else {
        now.prunes = is_f || is_end || (way_of(net, c) >= SETTLING && !is_out_of_reach(c));
        now.begins_to_prune = now.prunes && c->target.phase != VD_TARGET_PRUNES;
        now.measures = has_size && now.begins_to_prune;
    }
    return now;
}

static int approaches(deeds now)
{
    return now.steers || now.freezes || now.prunes;
}

int vd_target_is_due(const network *net)
{
    deeds now = deeds_of(net);
    return approaches(now) || now.shrinks || now.settles;
}

/* steers, freezes, prunes, in this order */
static void approach(network *net, vd_cost *c, deeds now)
{
    vd_histogram r = vd_histogram_of(net);
    if (now.begins_to_prune) c->target.frozen = vd_frozen_share(net);
    if (now.measures) measure(net, c, &r);
    if (is_out_of_reach(c)) return;
    if (now.steers) steer(net, c, &r);
    if (now.freezes) freeze(net, vd_histogram_quantile(&r, most_frozen(c)), 1);
    if (now.prunes) prune(net, c, &r);
}

void vd_target_batch(network *net)
{
    vd_cost *c = vd_cost_of(net);
    deeds now = deeds_of(net);
    if (approaches(now)) approach(net, c, now);
    if (now.shrinks) shrink(net, c);
    if (now.settles) settle(net, c);
}

/* ---- a checkpoint of another way ---- */

/* numbers of weights are rounded, at most in each layer */
static int lacks_weights(const network *net, double share)
{
    vd_histogram r = vd_histogram_of(net);
    return (share - vd_frozen_share(net)) * (double)r.all > vd_variational_layers(net);
}

void vd_target_restored(network *net)
{
    vd_cost *c = vd_cost_of(net);
    int is_settled = c->target.phase == VD_TARGET_SETTLES;
    if (!vd_cost_has_target(c)) c->target = (typeof(c->target)){0};
    else if (is_out_of_reach(c)) c->target.phase = VD_TARGET_NONE, c->target.log_factor = 0;
    else if (c->target_size ? !c->target.empty : is_settled && lacks_weights(net, c->target_sparsity))
        c->target.phase = VD_TARGET_NONE;
}

/* ---- what is said of it ---- */

/* the share of the weights that will be pruned in the end: of those over AIM by now, while w(t) is steered; once it is
 * not, no others than those frozen */
static double predicted_share(const network *net, const vd_cost *c)
{
    if (c->target.phase == VD_TARGET_SETTLES) return vd_frozen_share(net);
    if (c->target.phase == VD_TARGET_PRUNES) return share_of(c);
    vd_histogram r = vd_histogram_of(net);
    return vd_histogram_over(&r, AIM);
}

/* as many bytes a weight as when they were last measured */
static double predicted_size(const network *net, const vd_cost *c)
{
    if (c->target.phase >= VD_TARGET_PRUNES || c->target.share == 1) return c->target_size;
    double a_weight = (c->target_size - c->target.empty) / (1 - c->target.share);
    return c->target.empty + a_weight * (1 - predicted_share(net, c));
}

static void print_sparsity(FILE *fp, const network *net, const vd_cost *c, int is_end)
{
    const vd_report *r = &c->latest.left;
    fprintf(fp, "target: %.2f %% of the weights: ", 100 * c->target_sparsity);
    if (is_end) fprintf(fp, "%.2f %% are pruned\n", 100 * vd_report_sparsity(r->weights, r->nonzero));
    else fprintf(fp, "%.2f %% predicted, w(t) times %.3g\n", 100 * predicted_share(net, c), exp(c->target.log_factor));
}

static void print_predicted_size(FILE *fp, const network *net, const vd_cost *c)
{
    if (!c->target.empty) {
        fprintf(fp, "not measured yet");
        return;
    }
    if (c->target.share) fprintf(fp, "%.0f predicted", predicted_size(net, c));
    else fprintf(fp, "all weights fit");
    fprintf(fp, ", w(t) times %.3g", exp(c->target.log_factor));
}

static void print_size(FILE *fp, network *net, const vd_cost *c, int is_end)
{
    fprintf(fp, "target: %.0f bytes packed: ", c->target_size);
    if (is_out_of_reach(c)) fprintf(fp, "cannot be met, a file without any weight has %.0f", c->target.empty);
    else if (!is_end) print_predicted_size(fp, net, c);
    if (is_end) fprintf(fp, "%s%zu came out", is_out_of_reach(c) ? "; " : "", c->packed_size(net));
    fputs("\n", fp);
}

void vd_target_print(FILE *fp, network *net)
{
    const vd_cost *c = vd_cost_of(net);
    int is_end = vd_cost_batch(net) >= net->max_batches;
    if (c->target_size) print_size(fp, net, c, is_end);
    else print_sparsity(fp, net, c, is_end);
}
