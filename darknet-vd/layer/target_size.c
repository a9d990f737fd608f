#include "layer/target_size.h"
#include "layer/posterior.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TRIES = 14 };
static const double CLOSE = .01, EXACT = 1e-3; /* of the bytes asked for */
static const double BYTES_A_WEIGHT = 5;        /* to begin with: four, and a byte for its place */
static const double BIN = 1. / VD_HISTOGRAM_BINS_A_UNIT;
static const double NARROW = 1. / VD_HISTOGRAM_BINS_A_UNIT / 256; /* a few weights, of a million */

/* ---- the size of a file that is not made ---- */

typedef struct {
    float *theta; /* as it was */
    float threshold;
} kept_layer;

static kept_layer cut_layer(layer l, double cut)
{
    vd_layer *vd = l.plugin;
    kept_layer kept = {vd_calloc(vd->n, sizeof(float)), vd->threshold};
    float log_alpha[VD_BLOCK];
    memcpy(kept.theta, l.weights, vd->n * sizeof(float));
    for (size_t o = 0; o < vd->n; o += VD_BLOCK) {
        size_t n = vd->n - o < VD_BLOCK ? vd->n - o : VD_BLOCK;
        vd_histogram_log_alpha(l, o, n, log_alpha);
        for (size_t i = 0; i < n; ++i)
            if (log_alpha[i] >= cut) l.weights[o + i] = 0;
    }
    vd->threshold = INFINITY;
    return kept;
}

static void put_back(layer l, kept_layer kept)
{
    vd_layer *vd = l.plugin;
    memcpy(l.weights, kept.theta, vd->n * sizeof(float));
    vd->threshold = kept.threshold;
    free(kept.theta);
}

double vd_size_without(network *net, double cut)
{
    kept_layer *kept = vd_calloc(net->n, sizeof(*kept));
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) kept[i] = cut_layer(net->layers[i], cut);
    double bytes = (double)vd_cost_of(net)->packed_size(net);
    for (int i = 0; i < net->n; ++i)
        if (kept[i].theta) put_back(net->layers[i], kept[i]);
    free(kept);
    return bytes;
}

/* ---- the share for a size ---- */

vd_size_estimate vd_size_estimated(network *net, const vd_histogram *r)
{
    const vd_cost *c = vd_cost_of(net);
    double asked = c->target_size, all = (double)r->all;
    vd_size_estimate e = {.share = 1, .empty = vd_size_without(net, -INFINITY)};
    double room = asked - e.empty, fits = 0, too_many = INFINITY;
    double left = c->target.empty ? all * (1 - c->target.share) : fmin(all, room / BYTES_A_WEIGHT);
    if (room <= 0) return e;
    for (int i = 0; i < MOST_TRIES; ++i) {
        double cut = vd_histogram_quantile(r, 1 - left / all);
        double bytes = vd_size_without(net, cut), now = all * (1 - vd_histogram_over(r, cut));
        if (bytes <= asked) fits = fmax(fits, now), e.share = 1 - fits / all;
        else too_many = fmin(too_many, now);
        if (fabs(bytes - asked) <= CLOSE * asked || (bytes <= asked && now >= all)) {
            e.share = 1 - now / all;
            break;
        }
        /* a weight takes about as many bytes whatever their number; where that does not help, halfway */
        left = bytes > e.empty ? fmin(all, now * room / (bytes - e.empty)) : all;
        if (left <= fits || left >= too_many) left = (fits + fmin(all, too_many)) / 2;
    }
    return e;
}

/* ---- the exact cut ---- */

double vd_size_cut(network *net, const vd_histogram *r, double share)
{
    double asked = vd_cost_of(net)->target_size, bytes = INFINITY, step = BIN;
    double fits = vd_histogram_quantile(r, share), over = fits;
    for (; fits > VD_HISTOGRAM_LOWEST && (bytes = vd_size_without(net, fits)) > asked; step *= 2)
        over = fits, fits -= step;
    for (; over <= fits && over < VD_HISTOGRAM_HIGHEST; step *= 2) {
        over += step;
        double more = vd_size_without(net, over);
        if (more <= asked) fits = over, bytes = more;
    }
    while (over - fits > NARROW && bytes < (1 - EXACT) * asked) {
        double middle = (fits + over) / 2, now = vd_size_without(net, middle);
        if (now <= asked) fits = middle, bytes = now;
        else over = middle;
    }
    return fits;
}
