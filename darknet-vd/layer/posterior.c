#include "layer/posterior.h"
#include "layer/variance.h"
#include "base/fail.h"
#include "base/parallel.h"

#include <stdlib.h>

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

typedef struct {
    vd_layer *vd;
    const vd_kernels *k;
    vd_parameters p;
    double *kl;     /* [pieces] */
    float *largest; /* [pieces] sigma2 */
} job;

static void variance_piece(int i, void *context)
{
    job *j = context;
    vd_parameters p = j->p;
    size_t o = (size_t)i * VD_PIECE, n = vd_piece_length(p.n, VD_PIECE, i);
    j->kl[i] = j->k->variance_kl(n, p.theta + o, p.log_sigma2 + o, p.sigma2 + o, p.d_kl + o);
    if (vd_variance_type() == VD_FP16) j->largest[i] = j->k->largest_magnitude(n, p.sigma2 + o);
}

/* sigma2 in the type of the products, with a scale that follows from the largest of all */
static void convert_piece(int i, void *context)
{
    const job *j = context;
    vd_layer *vd = j->vd;
    size_t o = (size_t)i * VD_PIECE, n = vd_piece_length(j->p.n, VD_PIECE, i);
    vd_variance_convert(n, j->p.sigma2 + o, vd->variance.sigma2_scale, vd->variance.sigma2_16 + o);
}

/* the KL divergence of a weight that is frozen */
static double frozen_kl(const vd_kernels *k)
{
    float theta = 0, log_sigma2 = 0, sigma2, d_kl;
    return k->variance_kl(1, &theta, &log_sigma2, &sigma2, &d_kl);
}

void vd_make_variance(layer l)
{
    vd_layer *vd = l.plugin;
    job j = {.vd = vd, .k = vd_kernels_get(), .p = vd_trained_parameters(l)};
    int n = vd_pieces(j.p.n, VD_PIECE);
    float largest = 0;
    j.kl = vd_calloc(n + 1, sizeof(double));
    j.largest = vd_calloc(n + 1, sizeof(float));
    vd_parallel_for(n, variance_piece, &j);
    for (int i = 0; i < n; ++i) largest = j.largest[i] > largest ? j.largest[i] : largest;
    vd->variance.sigma2_scale = vd_variance_scale(VD_SIGMA2, largest);
    if (vd->variance.sigma2_16) vd_parallel_for(n, convert_piece, &j);
    vd->variance.kl = (double)(vd->n - j.p.n) * frozen_kl(j.k);
    for (int i = 0; i < n; ++i) vd->variance.kl += j.kl[i]; /* in order: the sum does not depend on the threads */
    free(j.kl);
    free(j.largest);
}

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
    if (!vd->test_time.masked) vd->test_time.masked = vd_calloc(vd->n, sizeof(float));
    vd_parallel_for(vd_pieces(vd->n, VD_PIECE), mask_piece, &j);
    vd->test_time.masked_is_current = 1;
    vd->test_time.sparse_is_current = 0;
    vd->test_time.winograd_is_current = 0;
    return vd->test_time.masked;
}
