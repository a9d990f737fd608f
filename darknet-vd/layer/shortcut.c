#include "layer/shortcut.h"
#include "layer/activation.h"
#include "layer/kept.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "kernels/kernels.h"
#include "kernels/scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* a piece of work is some channels of the whole batch: each sum is made by one thread, in a fixed order */
enum { CHANNELS = 8 };

static const float eps = 1e-4f; /* no division by 0 where all weights are negative */

typedef struct {
    layer l;
    network net;
    const float *p; /* [sources][out_c or 1]; null: all 1 */
    float *d_p;     /* [sources][out_c] */
} job;

/* 1 with a weight for each channel, else 0 */
static int is_per_channel(layer l)
{
    return l.nweights > l.n + 1;
}

static size_t step_of(layer l)
{
    return is_per_channel(l) ? l.out_c : 1;
}

/* ---- weights ---- */

void vd_sum_factors(vd_sum_normalization how, int n, size_t step, const float *w, float *p)
{
    float largest = w[0], sum = eps;
    for (int s = 1; s < n; ++s)
        if (w[s * step] > largest) largest = w[s * step];
    for (int s = 0; s < n; ++s) {
        float x = w[s * step];
        p[s * step] = how == VD_SUM_SOFTMAX ? expf(x - largest) : how == VD_SUM_RELU && x < 0 ? 0 : x;
        sum += p[s * step];
    }
    for (int s = 0; how != VD_SUM_PLAIN && s < n; ++s) p[s * step] /= sum;
}

/* the gradient of the weights from that of p, for one layer or channel
 *
 *   w, p   [n * step] every step-th is one of the n; p as above
 *   d      the same; on input -dL/dp, on output -dL/dw */
static void sum_gradient(vd_sum_normalization how, int n, size_t step, const float *w, const float *p, float *d)
{
    float sum = eps, mean = 0; /* of d, weighted by p */
    if (how == VD_SUM_PLAIN) return;
    for (int s = 0; s < n; ++s) {
        mean += d[s * step] * p[s * step];
        if (w[s * step] > 0) sum += w[s * step];
    }
    for (int s = 0; s < n; ++s) {
        float centred = d[s * step] - mean;
        d[s * step] = how == VD_SUM_SOFTMAX ? p[s * step] * centred : w[s * step] > 0 ? centred / sum : 0;
    }
}

/* p of all channels, in this thread's buffer; null without weights */
static float *factors_of(layer l)
{
    if (!l.nweights) return 0;
    float *p = vd_scratch(VD_SCRATCH_SHARED, l.nweights);
    size_t step = step_of(l);
    for (size_t c = 0; c < step; ++c)
        vd_sum_factors((vd_sum_normalization)l.normalization, l.n + 1, step, l.weights + c, p + c);
    return p;
}

static float factor(const job *j, int s, int c)
{
    return j->p[is_per_channel(j->l) ? (size_t)s * j->l.out_c + c : (size_t)s];
}

/* ---- sources ---- */

/* a source's numbers of image b, and how many of the layer's channels it has */
typedef struct {
    float *output, *delta;
    int channels;
} source;

static source source_of(const job *j, int s, int b)
{
    layer l = j->l;
    if (s == 0) { /* the layer in front; the picture has no delta */
        size_t first = (size_t)b * l.outputs;
        return (source){j->net.input + first, j->net.delta ? j->net.delta + first : 0, l.out_c};
    }
    layer from = j->net.layers[l.input_layers[s - 1]];
    size_t first = (size_t)b * from.outputs;
    return (source){from.output + first, from.delta ? from.delta + first : 0,
                    from.out_c < l.out_c ? from.out_c : l.out_c};
}

static int end_of(const job *j, int first)
{
    return first + CHANNELS < j->l.out_c ? first + CHANNELS : j->l.out_c;
}

/* ---- forward ---- */

/* y += p x */
static void add_scaled(size_t n, float p, const float *x, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] += p * x[i];
}

static void forward_channels(int piece, void *context)
{
    const job *j = context;
    layer l = j->l;
    size_t plane = (size_t)l.out_h * l.out_w;
    int first = piece * CHANNELS, end = end_of(j, first);
    for (int b = 0; b < l.batch; ++b) {
        float *y = l.output + (size_t)b * l.outputs;
        for (int s = 0; s <= l.n; ++s) {
            source from = source_of(j, s, b);
            int n = (from.channels < end ? from.channels : end) - first;
            if (n <= 0) continue;
            const float *x = from.output + first * plane;
            if (!s) memset(y + first * plane, 0, n * plane * sizeof(float));
            if (!j->p) vd_kernels_get()->add(n * plane, x, y + first * plane);
            for (int c = first; j->p && c < first + n; ++c)
                add_scaled(plane, factor(j, s, c), from.output + c * plane, y + c * plane);
        }
    }
}

static void forward_shortcut(layer l, network net)
{
    job j = {l, net, factors_of(l), 0};
    vd_parallel_for((l.out_c + CHANNELS - 1) / CHANNELS, forward_channels, &j);
    vd_activate_output(l, net);
}

/* ---- backward ---- */

/* d x_s += p_s d y,  d p_s += sum x_s d y */
static void backward_channels(int piece, void *context)
{
    const job *j = context;
    layer l = j->l;
    const vd_kernels *k = vd_kernels_get();
    size_t plane = (size_t)l.out_h * l.out_w;
    int first = piece * CHANNELS, end = end_of(j, first);
    for (int b = 0; b < l.batch; ++b) {
        const float *d = l.delta + (size_t)b * l.outputs;
        for (int s = 0; s <= l.n; ++s) {
            source from = source_of(j, s, b);
            int n = (from.channels < end ? from.channels : end) - first;
            if (n <= 0) continue;
            if (!j->p && from.delta) k->add(n * plane, d + first * plane, from.delta + first * plane);
            for (int c = first; j->p && c < first + n; ++c) {
                j->d_p[(size_t)s * l.out_c + c] += k->dot(plane, 0, from.output + c * plane, d + c * plane);
                if (from.delta) add_scaled(plane, factor(j, s, c), d + c * plane, from.delta + c * plane);
            }
        }
    }
}

/* [n][channels] to [n], in place: d[s] lies before all that source s + 1 reads */
static void sum_channels(int n, int channels, float *d)
{
    for (int s = 0; s < n; ++s) {
        float sum = 0;
        for (int c = 0; c < channels; ++c) sum += d[(size_t)s * channels + c];
        d[s] = sum;
    }
}

/* the gradient of all weights, from that of each channel's factors, which is overwritten */
static void add_weight_gradients(const job *j)
{
    layer l = j->l;
    int n = l.n + 1;
    size_t step = step_of(l);
    float *d = j->d_p;
    if (!is_per_channel(l)) sum_channels(n, l.out_c, d);
    for (size_t c = 0; c < step; ++c)
        sum_gradient((vd_sum_normalization)l.normalization, n, step, l.weights + c, j->p + c, d + c);
    for (int i = 0; i < l.nweights; ++i) l.weight_updates[i] += d[i];
}

static void backward_shortcut(layer l, network net)
{
    job j = {l, net, factors_of(l), 0};
    size_t all = (size_t)(l.n + 1) * l.out_c;
    vd_activate_delta(l);
    if (j.p) {
        j.d_p = vd_scratch(VD_SCRATCH_SUMS, all);
        memset(j.d_p, 0, all * sizeof(float));
    }
    vd_parallel_for((l.out_c + CHANNELS - 1) / CHANNELS, backward_channels, &j);
    if (j.p) add_weight_gradients(&j);
}

/* as stock Darknet updates the weights of a convolution */
static void update_shortcut(layer l, update_args a)
{
    axpy_cpu(l.nweights, -a.decay * a.batch, l.weights, 1, l.weight_updates, 1);
    axpy_cpu(l.nweights, a.learning_rate * l.learning_rate_scale / a.batch, l.weight_updates, 1, l.weights, 1);
    scal_cpu(l.nweights, a.momentum, l.weight_updates, 1);
}

/* ---- making ---- */

void attach_vd_shortcut(layer *l, vd_sum s)
{
    l->n = s.n;
    l->input_layers = vd_calloc(s.n, sizeof(int));
    memcpy(l->input_layers, s.layers, s.n * sizeof(int));
    l->w = l->out_w; /* stock Darknet has the size of the layer to add here */
    l->h = l->out_h;
    l->c = l->out_c;
    l->normalization = s.normalization;
    l->nweights = !s.weighted ? 0 : s.weighted == 1 ? s.n + 1 : (s.n + 1) * l->out_c;
    if (l->nweights) {
        l->weights = vd_calloc(l->nweights, sizeof(float));
        l->weight_updates = vd_calloc(l->nweights, sizeof(float));
        for (int i = 0; i < l->nweights; ++i) l->weights[i] = 1;
        l->update = update_shortcut;
    }
    l->forward = forward_shortcut;
    l->backward = backward_shortcut;
    vd_kept_attach(l);
}
