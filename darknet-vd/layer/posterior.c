#include "layer/posterior.h"
#include "layer/variance.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

vd_parameters vd_all_parameters(layer l)
{
    vd_layer *vd = l.plugin;
    return (vd_parameters){.n = vd->n,
                           .theta = l.weights,
                           .log_sigma2 = vd->log_sigma2,
                           .theta_m = vd->optimiser.velocity ? vd->optimiser.velocity : l.m,
                           .theta_v = l.v,
                           .log_sigma2_m = vd->optimiser.log_sigma2_m,
                           .log_sigma2_v = vd->optimiser.log_sigma2_v,
                           .pruned_for = vd->freezing.pruned_for,
                           .sigma2 = vd->variance.sigma2,
                           .d_kl = vd->variance.d_kl,
                           .d_theta = l.weight_updates,
                           .d_sigma2 = vd->gradients.d_log_sigma2};
}

vd_parameters vd_trained_parameters(layer l)
{
    vd_layer *vd = l.plugin;
    return vd->freezing.active ? vd->freezing.active->p : vd_all_parameters(l);
}

float *vd_mean_gradients(layer l)
{
    const vd_layer *vd = l.plugin;
    if (!vd->train_clip) return 0;
    return vd->freezing.active ? vd->freezing.active->d_mean : vd->gradients.d_mean;
}

/* ---- what is derived ---- */

void vd_forget_forms(layer l)
{
    vd_layer *vd = l.plugin;
    free_vd_sparse_layer(&vd->test_time.sparse);
    free_vd_winograd(vd->test_time.winograd);
    vd->test_time.winograd = 0;
}

void vd_forget_masked(layer l)
{
    vd_layer *vd = l.plugin;
    vd->test_time.masked_is_current = 0;
    vd_forget_forms(l);
}

void vd_forget_derived(layer l)
{
    vd_layer *vd = l.plugin;
    vd->variance.is_current = vd->variance.is_finite = 0;
    vd_forget_masked(l);
}

/* ---- variance ---- */

static void make_room_for_masked(vd_layer *vd)
{
    if (!vd->test_time.masked) vd->test_time.masked = vd_calloc(vd->n, sizeof(float));
}

vd_variance_pass vd_variance_begin(layer l)
{
    vd_layer *vd = l.plugin;
    vd_variance_pass v = {.vd = vd, .k = vd_kernels_get(), .p = vd_trained_parameters(l)};
    if (vd->train_clip && !vd->freezing.active) {
        make_room_for_masked(vd);
        vd_forget_masked(l);
        v.masked = vd->test_time.masked;
    }
    v.pieces = vd_calloc(vd_pieces(v.p.n, VD_PIECE) + 1, sizeof(*v.pieces));
    return v;
}

void vd_variance_mask(const vd_variance_pass *v, size_t o, size_t n)
{
    vd_parameters p = v->p;
    if (v->masked) v->k->mask(n, p.theta + o, p.log_sigma2 + o, v->vd->threshold, v->masked + o);
}

void vd_variance_block(const vd_variance_pass *v, int piece, size_t o, size_t n)
{
    vd_parameters p = v->p;
    vd_update_sums *sums = &v->pieces[piece].of;
    sums->kl += v->k->variance_kl(n, p.theta + o, p.log_sigma2 + o, p.sigma2 + o, p.d_kl + o);
    float largest = v->k->largest(n, p.sigma2 + o);
    sums->largest = largest > sums->largest ? largest : sums->largest;
    vd_variance_mask(v, o, n);
    if (v->checks) sums->is_infinite |= !v->k->all_finite(n, p.theta + o) || !v->k->all_finite(n, p.log_sigma2 + o);
}

void vd_variance_piece_ended(const vd_variance_pass *v, int piece)
{
    size_t o = (size_t)piece * VD_PIECE;
    v->pieces[piece].checksum = v->k->checksum(vd_piece_length(v->p.n, VD_PIECE, piece), v->p.theta + o);
}

/* in order: it does not depend on the threads */
static uint64_t join_checksums(const vd_variance_sums *pieces, int n)
{
    uint64_t hash = VD_FNV64_START;
    for (int i = 0; i < n; ++i) hash = vd_fnv64(hash, &pieces[i].checksum, sizeof(pieces[i].checksum));
    return hash;
}

/* the KL divergence of a weight that is frozen */
static double frozen_kl(const vd_kernels *k)
{
    float theta = 0, log_sigma2 = 0, sigma2, d_kl;
    return k->variance_kl(1, &theta, &log_sigma2, &sigma2, &d_kl);
}

/* sigma2 in the type of the products, which may depend on the largest of all */
static void convert_piece(int i, void *context)
{
    const vd_variance_pass *v = context;
    size_t o = (size_t)i * VD_PIECE, n = vd_piece_length(v->p.n, VD_PIECE, i);
    vd_layer *vd = v->vd;
    vd_variance_convert(n, v->p.sigma2 + o, vd->variance.sigma2_scale, vd->variance.sigma2_16 + o);
}

void vd_variance_end(vd_variance_pass *v)
{
    vd_layer *vd = v->vd;
    int n = vd_pieces(v->p.n, VD_PIECE), is_infinite = 0;
    vd->variance.kl = (double)(vd->n - v->p.n) * frozen_kl(v->k);
    vd->variance.largest = 0;
    for (int i = 0; i < n; ++i) { /* in order: the sum does not depend on the threads */
        vd->variance.kl += v->pieces[i].of.kl;
        if (v->pieces[i].of.largest > vd->variance.largest) vd->variance.largest = v->pieces[i].of.largest;
        is_infinite |= v->pieces[i].of.is_infinite;
    }
    vd->variance.type = vd_variance_type();
    vd->variance.sigma2_scale = vd_variance_scale(VD_SIGMA2, vd->variance.largest);
    if (vd->variance.sigma2_16 && !vd->freezing.active) vd_parallel_for(n, convert_piece, v);
    vd->variance.is_current = !vd->freezing.active;
    vd->variance.checksum = join_checksums(v->pieces, n);
    vd->variance.has_mask = v->masked != 0;
    vd->variance.is_finite = v->checks && !is_infinite;
    free(v->pieces);
}

static void checksum_piece(int i, void *context)
{
    vd_variance_piece_ended(context, i);
}

static int is_current(layer l)
{
    vd_layer *vd = l.plugin;
    if (!vd->variance.is_current || vd->variance.type != vd_variance_type()) return 0;
    vd_variance_pass v = {.vd = vd, .k = vd_kernels_get(), .p = vd_all_parameters(l)};
    int n = vd_pieces(vd->n, VD_PIECE);
    v.pieces = vd_calloc(n + 1, sizeof(*v.pieces));
    vd_parallel_for(n, checksum_piece, &v);
    int same = join_checksums(v.pieces, n) == vd->variance.checksum;
    free(v.pieces);
    return same;
}

static void variance_piece(int i, void *context)
{
    const vd_variance_pass *v = context;
    size_t first = (size_t)i * VD_PIECE, end = first + vd_piece_length(v->p.n, VD_PIECE, i);
    for (size_t o = first; o < end; o += VD_BLOCK) vd_variance_block(v, i, o, end - o < VD_BLOCK ? end - o : VD_BLOCK);
    vd_variance_piece_ended(v, i);
}

/* ---- mask ---- */

typedef struct {
    vd_layer *vd;
    const vd_kernels *k;
    vd_parameters p;
} job;

static void mask_piece(int i, void *context)
{
    const job *j = context;
    const vd_layer *vd = j->vd;
    size_t o = (size_t)i * VD_PIECE, n = vd_piece_length(vd->n, VD_PIECE, i);
    j->k->mask(n, j->p.theta + o, vd->log_sigma2 + o, vd->threshold, vd->test_time.masked + o);
}

const float *vd_masked(layer l)
{
    vd_layer *vd = l.plugin;
    job j = {.vd = vd, .k = vd_kernels_get(), .p = vd_all_parameters(l)};
    if (vd->test_time.masked_is_current) return vd->test_time.masked;
    make_room_for_masked(vd);
    vd_parallel_for(vd_pieces(vd->n, VD_PIECE), mask_piece, &j);
    vd->test_time.masked_is_current = 1;
    vd->variance.has_mask = 0; /* theta may be another than that of variance */
    return vd->test_time.masked;
}

void vd_set_masked(layer l, const float *values)
{
    vd_layer *vd = l.plugin;
    make_room_for_masked(vd);
    memcpy(vd->test_time.masked, values, vd->n * sizeof(float));
    vd->test_time.masked_is_current = 1;
    vd->variance.has_mask = 0;
    vd_forget_forms(l);
}

/* ---- both, for a training forward ---- */

static void mask_mean(layer l)
{
    vd_layer *vd = l.plugin;
    vd_active *a = vd->freezing.active;
    if (a) vd_kernels_get()->mask(a->p.n, a->p.theta, a->p.log_sigma2, vd->threshold, a->masked);
    else vd_masked(l);
}

void vd_make_variance(layer l)
{
    vd_layer *vd = l.plugin;
    if (!is_current(l)) {
        vd_variance_pass v = vd_variance_begin(l);
        vd_parallel_for(vd_pieces(v.p.n, VD_PIECE), variance_piece, &v);
        vd_variance_end(&v);
    }
    if (vd->variance.has_mask) vd->test_time.masked_is_current = 1;
    else vd_forget_masked(l);
    if (vd->train_clip) mask_mean(l);
}
