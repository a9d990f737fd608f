#include "layer/histogram.h"
#include "layer/posterior.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"

#include <math.h>

/* the kernel clips at 8 on either side: those few are looked at one by one, so that none has the rank of another */
void vd_histogram_log_alpha(layer l, size_t o, size_t n, float *log_alpha)
{
    vd_parameters all = vd_all_parameters(l);
    int batches = vd_cost_freeze_pruned(vd_layer_of(l)->net);
    vd_kernels_get()->log_alpha(n, all.theta + o, all.log_sigma2 + o, log_alpha);
    for (size_t i = 0; i < n; ++i) {
        if (fabsf(log_alpha[i]) < VD_LOG_ALPHA_LIMIT) continue;
        float theta = all.theta[o + i], unclipped = all.log_sigma2[o + i] - logf(theta * theta + VD_THETA_EPS);
        log_alpha[i] = fmaxf(fminf(unclipped, VD_HISTOGRAM_HIGHEST), VD_HISTOGRAM_LOWEST);
        if (vd_is_frozen(all, o + i, batches)) log_alpha[i] = VD_HISTOGRAM_HIGHEST;
    }
}

static void count_layer(layer l, vd_histogram *r)
{
    size_t weights = vd_layer_of(l)->n;
    float log_alpha[VD_BLOCK];
    for (size_t o = 0; o < weights; o += VD_BLOCK) {
        size_t n = weights - o < VD_BLOCK ? weights - o : VD_BLOCK;
        vd_histogram_log_alpha(l, o, n, log_alpha);
        for (size_t i = 0; i < n; ++i) ++r->in[(int)((log_alpha[i] - VD_HISTOGRAM_LOWEST) * VD_HISTOGRAM_BINS_A_UNIT)];
    }
    r->all += weights;
}

vd_histogram vd_histogram_of(const network *net)
{
    vd_histogram r = {.all = 0};
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) count_layer(net->layers[i], &r);
    return r;
}

double vd_histogram_quantile(const vd_histogram *r, double share)
{
    double above = 0;
    int bin = VD_HISTOGRAM_BINS;
    while (bin > 1 && above < share * (double)r->all) above += (double)r->in[--bin];
    return (double)bin / VD_HISTOGRAM_BINS_A_UNIT + VD_HISTOGRAM_LOWEST;
}

double vd_histogram_over(const vd_histogram *r, double log_alpha)
{
    double above = 0;
    for (int bin = (int)((log_alpha - VD_HISTOGRAM_LOWEST) * VD_HISTOGRAM_BINS_A_UNIT); bin < VD_HISTOGRAM_BINS; ++bin)
        above += (double)r->in[bin];
    return above / (double)r->all;
}
