#include "training/average.h"
#include "base/fail.h"
#include "base/text.h"
#include "layer/layer_state.h"
#include "layer/vd_layer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LAST_BATCHES = 1000, SAVED_EVERY = 100 };

static char *path;     /* of the file, null: none is written */
static int64_t latest; /* batch of the means' latest step */

/* an array that is averaged */
typedef struct {
    float *at;
    size_t n;
    const float *theta; /* of the same weights; null where none is pruned */
} span;

/* room for all spans of a network */
static span *room_for(const network *net)
{
    return vd_calloc((size_t)net->n * (VD_LAYER_PARTS + 1) * VD_LAYER_ARRAYS, sizeof(span));
}

static int is_trained(vd_array a)
{
    return a.saved && *a.at && strncmp(a.name, "rolling", strlen("rolling"));
}

static int add_layer(layer *l, span *to)
{
    vd_array arrays[VD_LAYER_ARRAYS];
    const float *theta = vd_layer_of(*l) ? l->weights : 0;
    int n = vd_layer_arrays(l, arrays), count = 0;
    for (int i = 0; i < n; ++i)
        if (is_trained(arrays[i]))
            to[count++] = (span){*arrays[i].at, arrays[i].n, *arrays[i].at == (void *)l->weights ? theta : 0};
    if (!theta) return count;
    n = vd_layer_state(*l, arrays);
    for (int i = 0; i < n; ++i)
        if (is_trained(arrays[i])) to[count++] = (span){*arrays[i].at, arrays[i].n, theta};
    return count;
}

/* the arrays of a network in order; returns how many. The caller's to free */
static int spans_of(const network *net, span **spans)
{
    int count = 0;
    *spans = room_for(net);
    for (int i = 0; i < net->n; ++i) {
        layer *parts[VD_LAYER_PARTS];
        count += add_layer(net->layers + i, *spans + count);
        if (!vd_is_recurrent(net->layers[i])) continue;
        vd_parts_of(net->layers[i], parts);
        for (int k = 0; k < VD_LAYER_PARTS; ++k)
            if (parts[k]) count += add_layer(parts[k], *spans + count);
    }
    return count;
}

size_t vd_average_length(const network *net)
{
    span *spans;
    size_t length = 0;
    if (!(net->ema_alpha > 0)) return 0;
    int n = spans_of(net, &spans);
    for (int i = 0; i < n; ++i) length += spans[i].n;
    free(spans);
    return length;
}

float *vd_average_means(const network *net)
{
    return net->average;
}

void vd_average_set(network *net, int make)
{
    if (make && net->average) return;
    free(net->average);
    net->average = make ? vd_calloc(vd_average_length(net), sizeof(float)) : 0;
}

/* call f on each array and its means */
static void each(const network *net, void (*f)(span s, float *mean, float alpha))
{
    span *spans;
    float *mean = net->average;
    int n = spans_of(net, &spans);
    for (int i = 0; i < n; mean += spans[i++].n) f(spans[i], mean, net->ema_alpha);
    free(spans);
}

static void start(span s, float *mean, float alpha)
{
    (void)alpha;
    memcpy(mean, s.at, s.n * sizeof(float));
}

static void keep_pruned(span s, float *mean, float alpha)
{
    (void)alpha;
    for (size_t i = 0; s.theta && i < s.n; ++i)
        if (s.theta[i] == 0) mean[i] = s.at[i];
}

/* what is not trained stays as it is: the sum of its two parts may be rounded */
static void step(span s, float *mean, float alpha)
{
    for (size_t i = 0; i < s.n; ++i)
        if (mean[i] != s.at[i]) mean[i] = alpha * mean[i] + (1 - alpha) * s.at[i];
    keep_pruned(s, mean, alpha);
}

static void take(span s, float *mean, float alpha)
{
    (void)alpha;
    memcpy(s.at, mean, s.n * sizeof(float));
}

static void swap(span s, float *mean, float alpha)
{
    (void)alpha;
    for (size_t i = 0; i < s.n; ++i) {
        float t = s.at[i];
        s.at[i] = mean[i];
        mean[i] = t;
    }
}

/* the means become the weights, also where a variational layer has copies of the active ones */
static void apply(network *net)
{
    int *active = vd_calloc(net->n, sizeof(int));
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) active[i] = vd_layer_write_active(net->layers[i]);
    each(net, take);
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_restored(net->layers[i], active[i]);
    free(active);
}

/* the first batch of the means, and the one in which they become the weights */
static long first_of(const network *net)
{
    return net->max_batches / 2;
}

static long last_of(const network *net)
{
    long all = net->max_batches;
    return all > 2 * LAST_BATCHES ? all - LAST_BATCHES : all - all / 4;
}

int64_t *vd_average_latest(void)
{
    return &latest;
}

void vd_average_restored(network *net)
{
    long batch = (long)get_current_batch(net);
    int ends_later = batch < last_of(net), has_gap = latest < batch || batch < first_of(net);
    if (ends_later && has_gap) vd_average_set(net, 0);
}

void vd_average_update(network *net)
{
    long batch = (long)get_current_batch(net), last = last_of(net);
    if (!(net->ema_alpha > 0) || net->max_batches < 1 || batch < first_of(net) || batch > last) return;
    int is_new = !net->average;
    latest = batch;
    vd_average_set(net, 1);
    if (is_new) each(net, start);
    else each(net, batch < last ? step : keep_pruned); /* the last update may have pruned, too */
    if (batch == last) apply(net);
}

/* what was pruned after the means have been taken is 0 in the file, too */
static void save(network *net)
{
    each(net, keep_pruned);
    each(net, swap);
    save_weights(net, path);
    each(net, swap);
}

void vd_average_begin(const network *net, const char *backup, const char *base)
{
    latest = 0;
    if (!(net->ema_alpha > 0)) return;
    if (net->max_batches < 1)
        vd_die("%s: [net]: ema_alpha=%g needs max_batches: the average begins at half of them", net->cfg_file,
               net->ema_alpha);
    path = vd_format("%s/%s_ema.weights", backup, base);
}

void vd_average_batch(network *net)
{
    if (path && net->average && get_current_batch(net) % SAVED_EVERY == 0) save(net);
}

void vd_average_end(network *net)
{
    if (path && net->average) save(net);
    free(path);
    path = 0;
}
