#include "training/shared_update.h"
#include "ranks/ranks.h"
#include "layer/posterior.h"
#include "layer/schedule.h"
#include "layer/target.h"
#include "layer/vd_cost_layer.h"
#include "layer/vd_update.h"
#include "base/fail.h"
#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

/* VD_PIECE weights of a layer, or its last ones */
typedef struct {
    int layer, number;
    size_t first, n, kept; /* of the layer's weights; kept: those that are not frozen */
} piece;

/* one of the arrays of a piece */
typedef struct {
    char *at;
    size_t bytes;
} array;

enum {
    OWN = 7,                                        /* arrays that stay with who updates them */
    SUMS = sizeof(vd_variance_sums) / sizeof(float) /* the sums of a piece, counted as floats */
};

_Static_assert(sizeof(vd_variance_sums) % sizeof(float) == 0, "sums are sent as whole floats");

/* made while all ranks have all; the parts stay as they are until then */
static struct {
    const network *net;
    int first;        /* layer */
    int is_shared;    /* between sum() and join() */
    int is_stale;     /* this rank has only its part of the OWN arrays */
    char *takes;      /* [net->n] 1: the layer is shared */
    int n, *part;     /* pieces; [ranks + 1] the first of each part */
    piece *pieces;    /* [n] */
    char **is_frozen; /* [net->n][weights], null where none is */
    size_t *from;     /* [ranks + 1] where each part begins in packed: floats in sum(), bytes after it */
    float *packed;
    size_t sent; /* by the latest sum() and join() */
} plan;

size_t vd_shared_packed(size_t all, int layers)
{
    return all + SUMS * (all / VD_PIECE + (size_t)layers); /* the last piece of a layer may be a short one */
}

size_t vd_shared_room(size_t all)
{
    return all / 2 + 4 * VD_PIECE; /* parts end where pieces do */
}

/* ---- who takes what ---- */

static int is_shareable(const network *net, int i)
{
    return vd_layer_of(net->layers[i]) && vd_update_is_shareable(net->layers[i]);
}

static int shareable_layers(const network *net, int first)
{
    int count = 0;
    if (vd_ranks() < 2 || net->ema_alpha > 0) return 0;
    for (int i = first; i < net->n; ++i) count += is_shareable(net, i);
    return count;
}

/* the parts of the latest update are those of this one, too */
static int is_planned(const network *net, int first)
{
    if (plan.net != net || plan.first != first) return 0;
    for (int i = first; i < net->n; ++i)
        if (plan.takes[i] != is_shareable(net, i)) return 0;
    return 1;
}

static void free_plan(void)
{
    for (int i = 0; plan.net && i < plan.net->n; ++i) free(plan.is_frozen[i]);
    free(plan.is_frozen), free(plan.takes), free(plan.pieces), free(plan.part), free(plan.from);
    memset(&plan, 0, sizeof(plan));
}

static char *frozen_of(const network *net, layer l)
{
    vd_parameters p = vd_all_parameters(l);
    if (!p.pruned_for) return 0;
    char *is_frozen = vd_calloc(p.n, 1);
    for (size_t i = 0; i < p.n; ++i) is_frozen[i] = (char)vd_is_frozen(p, i, vd_cost_freeze_pruned(net));
    return is_frozen;
}

static piece make_piece(int i, int number, size_t weights)
{
    size_t first = (size_t)number * VD_PIECE;
    piece p = {i, number, first, (size_t)vd_piece_length(weights, VD_PIECE, number), 0};
    for (size_t k = first; k < first + p.n; ++k) p.kept += !plan.is_frozen[i] || !plan.is_frozen[i][k];
    return p;
}

/* parts of about as many weights each */
static void cut_into_parts(void)
{
    size_t all = 0, sum = 0, ranks = (size_t)vd_ranks();
    size_t k = 0;
    for (int i = 0; i < plan.n; ++i) all += plan.pieces[i].kept;
    for (int i = 0; i < plan.n; ++i) { /* the piece is of the part that its middle lies in */
        size_t middle = sum + plan.pieces[i].kept / 2;
        while (k < ranks && all * k <= middle * ranks) plan.part[k++] = i;
        sum += plan.pieces[i].kept;
    }
    while (k <= ranks) plan.part[k++] = plan.n;
}

static void make_plan(const network *net, int first)
{
    free_plan();
    plan.net = net;
    plan.first = first;
    plan.part = vd_calloc(vd_ranks() + 1, sizeof(int));
    plan.from = vd_calloc(vd_ranks() + 1, sizeof(size_t));
    plan.is_frozen = vd_calloc(net->n, sizeof(char *));
    plan.takes = vd_calloc(net->n, 1);
    size_t pieces = 0;
    for (int i = first; i < net->n; ++i) {
        plan.takes[i] = (char)is_shareable(net, i);
        if (plan.takes[i]) pieces += vd_pieces(vd_layer_of(net->layers[i])->n, VD_PIECE);
    }
    plan.pieces = vd_calloc(pieces, sizeof(piece));
    for (int i = first; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        if (!plan.takes[i]) continue;
        plan.is_frozen[i] = frozen_of(net, net->layers[i]);
        for (int k = 0; k < vd_pieces(vd->n, VD_PIECE); ++k) plan.pieces[plan.n++] = make_piece(i, k, vd->n);
    }
    cut_into_parts();
}

static int is_mine(int i)
{
    int part = vd_ranks_part();
    return i >= plan.part[part] && i < plan.part[part + 1];
}

int vd_shared_begin(network *net, int first)
{
    plan.is_shared = shareable_layers(net, first) > 0;
    if (plan.is_shared && plan.is_stale && is_planned(net, first)) return 1;
    vd_shared_whole(net);
    plan.sent = 0;
    if (!plan.is_shared) return 0;
    make_plan(net, first);
    plan.is_shared = 1;
    return 1;
}

int vd_shared_takes(int layer)
{
    return plan.is_shared && layer >= 0 && plan.takes[layer];
}

/* ---- packed: pieces one behind the other ---- */

/* where the parts begin, with so many bytes for a weight that is kept, or for each, and for a piece */
static void set_from(size_t of_kept, size_t of_all, size_t of_piece, size_t unit)
{
    size_t at = 0;
    for (int i = 0, k = 0; i <= plan.n; ++i) {
        while (k <= vd_ranks() && plan.part[k] == i) plan.from[k++] = at / unit;
        if (i < plan.n) at += of_kept * plan.pieces[i].kept + of_all * plan.pieces[i].n + of_piece;
    }
}

/* the weights of a piece that are kept, out of an array of its layer or into it */
static float *swap_kept(const piece *p, float *x, float *packed, int into)
{
    const char *is_frozen = plan.is_frozen[p->layer];
    if (!is_frozen) {
        memcpy(into ? x + p->first : packed, into ? packed : x + p->first, p->n * sizeof(float));
        return packed + p->n;
    }
    for (size_t i = p->first; i < p->first + p->n; ++i) {
        if (is_frozen[i]) continue;
        if (into) x[i] = *packed++;
        else *packed++ = x[i];
    }
    return packed;
}

static vd_parameters parameters_of(const network *net, const piece *p)
{
    return vd_all_parameters(net->layers[p->layer]);
}

/* ---- gradients ---- */

/* of a piece: to be written again, or as the update leaves them */
static void clear_gradients(const piece *p, vd_parameters of)
{
    memset(of.d_theta + p->first, 0, p->n * sizeof(float));
    memset(of.d_sigma2 + p->first, 0, p->n * sizeof(float));
}

static void share_layers(network *net)
{
    int part = vd_ranks_part();
    for (int i = plan.first; i < net->n; ++i)
        if (plan.takes[i]) vd_update_share(net->layers[i], 0, 0);
    for (int i = plan.part[part], end; i < plan.part[part + 1]; i = end) {
        const piece *p = plan.pieces + i;
        for (end = i; end < plan.part[part + 1] && plan.pieces[end].layer == p->layer;) ++end;
        vd_update_share(net->layers[p->layer], p->number, p->number + end - i);
    }
}

void vd_shared_sum(network *net, float *packed, float *room)
{
    float *at = packed;
    size_t before = vd_ranks_sent();
    plan.packed = packed;
    for (int i = 0; i < plan.n; ++i) {
        vd_parameters p = parameters_of(net, plan.pieces + i);
        at = swap_kept(plan.pieces + i, p.d_theta, at, 0);
        at = swap_kept(plan.pieces + i, p.d_sigma2, at, 0);
        clear_gradients(plan.pieces + i, p);
    }
    set_from(2 * sizeof(float), 0, 0, sizeof(float));
    vd_ranks_scatter(packed, plan.from, room);
    at = packed + plan.from[vd_ranks_part()];
    for (int i = 0; i < plan.n; ++i) {
        vd_parameters p = parameters_of(net, plan.pieces + i);
        if (!is_mine(i)) continue;
        at = swap_kept(plan.pieces + i, p.d_theta, at, 1);
        at = swap_kept(plan.pieces + i, p.d_sigma2, at, 1);
    }
    share_layers(net);
    plan.sent = vd_ranks_sent() - before;
}

/* ---- what a forward needs ---- */

static float *swap_sums(const network *net, const piece *p, float *packed, int into)
{
    size_t bytes;
    void *sums = vd_update_sums_of(net->layers[p->layer], p->number, &bytes);
    memcpy(into ? sums : packed, into ? (void *)packed : sums, bytes);
    return packed + bytes / sizeof(float);
}

static void swap_pieces(const network *net, float *at, int mine, int into)
{
    for (int i = 0; i < plan.n; ++i) {
        const piece *p = plan.pieces + i;
        vd_parameters of = parameters_of(net, p);
        if (is_mine(i) != mine) {
            at += 2 * p->kept + SUMS;
            continue;
        }
        at = swap_kept(p, of.theta, at, into);
        at = swap_kept(p, of.sigma2, at, into);
        at = swap_sums(net, p, at, into);
    }
}

/* ends the update of the layers; 0 when a weight is not finite */
static int join_layers(network *net)
{
    int finite = 1;
    for (int i = plan.first; i < net->n; ++i) {
        if (!plan.takes[i]) continue;
        vd_update_join(net->layers[i]);
        finite &= vd_layer_of(net->layers[i])->variance.is_finite;
    }
    return finite;
}

void vd_shared_join(network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (!plan.is_shared) return;
    size_t before = vd_ranks_sent();
    swap_pieces(net, plan.packed, 1, 0);
    set_from(2 * sizeof(float), 0, sizeof(vd_variance_sums), 1);
    vd_ranks_assemble(plan.packed, plan.from);
    swap_pieces(net, plan.packed, 0, 1);
    plan.sent += vd_ranks_sent() - before;
    plan.is_shared = 0;
    plan.is_stale = 1;
    int finite = join_layers(net), is_looked_at = c && vd_cost_reports(net);
    if (c && vd_cost_has_target(c)) is_looked_at |= vd_target_is_due(net);
    if (!finite || is_looked_at) vd_shared_whole(net);
}

/* ---- the rest ---- */

static array own_array(vd_parameters of, const piece *p, int k)
{
    float *floats[] = {of.log_sigma2, of.theta_m, of.theta_v, of.log_sigma2_m, of.log_sigma2_v, of.d_kl};
    if (k < OWN - 1) return (array){floats[k] ? (char *)(floats[k] + p->first) : 0, sizeof(float) * p->n};
    return (array){of.pruned_for ? (char *)(of.pruned_for + p->first) : 0, sizeof(uint16_t) * p->n};
}

/* array k of all pieces; all layers have it, or none */
static void gather_array(const network *net, int k)
{
    if (!own_array(parameters_of(net, plan.pieces), plan.pieces, k).at) return;
    set_from(0, k < OWN - 1 ? sizeof(float) : sizeof(uint16_t), 0, 1);
    for (int into = 0; into < 2; ++into) {
        char *at = (char *)plan.packed;
        for (int i = 0; i < plan.n; ++i) {
            array a = own_array(parameters_of(net, plan.pieces + i), plan.pieces + i, k);
            if (a.at && is_mine(i) != into) memcpy(into ? a.at : at, into ? at : a.at, a.bytes);
            at += a.bytes;
        }
        if (!into) vd_ranks_assemble(plan.packed, plan.from);
    }
}

void vd_shared_whole(network *net)
{
    if (!plan.is_stale) return;
    for (int k = 0; k < OWN; ++k) gather_array(net, k);
    plan.is_stale = 0;
}

void vd_shared_forget(void)
{
    free_plan();
}

size_t vd_shared_sent(void)
{
    return plan.sent;
}

int vd_shared_is_whole(void)
{
    return !plan.is_stale;
}
