#include "layer/norm.h"
#include "layer/activation.h"
#include "layer/plain_layers.h"
#include "layer/vd_layer.h"
#include "kernels/kernels.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

#include <math.h>
#include <string.h>

/* A piece of work is one channel over the whole batch: its sums are made by one thread, in a fixed order. Passes that
 * follow each other are made block by block, in the nearest cache. */
enum { BLOCK = 2048 };

typedef struct {
    layer l;
    int train;
    const vd_kernels *k;
    size_t plane; /* pixels of a channel, 1 for a connected layer */
} job;

float vd_norm_deviation(layer l, float variance)
{
    return l.epsilon_in_root ? sqrtf(variance + VD_EPSILON_IN_ROOT) : sqrtf(variance) + VD_EPSILON_BEHIND_ROOT;
}

void vd_normalize_output(layer l, const float *mean, const float *variance)
{
    size_t plane = (size_t)l.out_h * l.out_w;
    for (int i = 0; i < l.batch * l.out_c; ++i) {
        int c = i % l.out_c;
        float *x = l.output + i * plane, deviation = vd_norm_deviation(l, variance[c]);
        for (size_t k = 0; k < plane; ++k) x[k] = (x[k] - mean[c]) / deviation;
    }
}

static job make_job(layer l, network net)
{
    return (job){l, net.train, vd_kernels_get(), (size_t)l.out_h * l.out_w};
}

/* one channel of an array [batch][out_c][plane]: a run of numbers for each image, or, where those are too short for the
 * kernels, all of them copied together */
typedef struct {
    float *first;
    int runs;
    size_t length, step;
} channel;

enum { SHORT = 64 };

static int is_short(const job *j)
{
    return j->plane < SHORT;
}

static channel channel_of(const job *j, float *array, int c, vd_scratch_slot slot)
{
    layer l = j->l;
    float *first = array + c * j->plane;
    if (!is_short(j)) return (channel){first, l.batch, j->plane, l.outputs};
    float *copy = vd_scratch(slot, l.batch * j->plane);
    for (int b = 0; b < l.batch; ++b)
        for (size_t i = 0; i < j->plane; ++i) copy[b * j->plane + i] = first[(size_t)b * l.outputs + i];
    return (channel){copy, 1, l.batch * j->plane, 0};
}

static void put_back(const job *j, channel s, float *array, int c)
{
    layer l = j->l;
    float *first = array + c * j->plane;
    for (int b = 0; is_short(j) && b < l.batch; ++b)
        for (size_t i = 0; i < j->plane; ++i) first[(size_t)b * l.outputs + i] = s.first[b * j->plane + i];
}

/* not inlined: one rounding wherever it is used */
static __attribute__((noinline)) float rolled(float rolling, float batch)
{
    return .99f * rolling + .01f * batch;
}

/* output = activation(scale (product - mean) / (sqrt(variance) + 1e-6) + bias), as stock Darknet */
static void forward_channel(int c, void *context)
{
    const job *j = context;
    layer l = j->l;
    float mean = l.rolling_mean[c], variance = l.rolling_variance[c], count = (float)l.batch * j->plane;
    channel x = channel_of(j, l.x, c, VD_SCRATCH_COLUMNS), y = channel_of(j, l.output, c, VD_SCRATCH_D_COLUMNS);
    if (j->train) {
        mean = variance = 0;
        for (int r = 0; r < x.runs; ++r) mean += j->k->sum(x.length, x.first + r * x.step);
        mean /= count;
        for (int r = 0; r < x.runs; ++r) variance += j->k->sum_squares(x.length, mean, x.first + r * x.step);
        variance /= count - 1;
        l.mean[c] = mean;
        l.variance[c] = variance;
        l.rolling_mean[c] = rolled(l.rolling_mean[c], mean);
        l.rolling_variance[c] = rolled(l.rolling_variance[c], variance);
    }
    float inverse = 1 / vd_norm_deviation(l, variance);
    for (int r = 0; r < x.runs; ++r)
        for (size_t i = 0; i < x.length; i += BLOCK) {
            size_t n = x.length - i < BLOCK ? x.length - i : BLOCK;
            float *to = y.first + r * y.step + i;
            j->k->normalize(n, mean, inverse, l.scales[c], l.biases[c], x.first + r * x.step + i, to);
            vd_activate(l.activation, n, to);
        }
    put_back(j, y, l.output, c);
}

/* what the activation was given, computed again by the calls of the forward pass */
static const float *activation_inputs(const job *j, int c, float mean, float variance, size_t n, const float *x)
{
    layer l = j->l;
    float *inputs = vd_scratch(VD_SCRATCH_NOISE, n);
    j->k->normalize(n, mean, 1 / vd_norm_deviation(l, variance), l.scales[c], l.biases[c], x, inputs);
    return inputs;
}

/* Where the inputs of the activation tell its slope they are made again of the product, which is wanted anyway: that is
 * faster than to read the outputs */
static int reads_outputs(ACTIVATION a)
{
    float slope;
    vd_smooth f;
    return !vd_activation_is_leaky(a, &slope) && !vd_activation_is_smooth(a, &f);
}

/* d through the activation, n numbers of channel c, x the product; returns their sum */
static float backward_activation(const job *j, int c, float mean, float variance, size_t n, const float *x,
                                 const float *y, float *d)
{
    ACTIVATION a = j->l.activation;
    float slope;
    if (a == LINEAR) return j->k->sum(n, d);
    const float *in = reads_outputs(a) ? 0 : activation_inputs(j, c, mean, variance, n, x);
    if (vd_activation_is_leaky(a, &slope)) return j->k->leaky_backward_sum(n, slope, in, d);
    vd_activate_backward(a, n, in, y, d);
    return j->k->sum(n, d);
}

/* the gradient as stock Darknet takes it, with its own epsilon */
static void backward_channel(int c, void *context)
{
    const job *j = context;
    layer l = j->l;
    float mean = j->train ? l.mean[c] : l.rolling_mean[c], variance = j->train ? l.variance[c] : l.rolling_variance[c];
    float sum = 0, centred = 0, count = (float)l.batch * j->plane; /* centred: sum of d (x - mean) */
    channel x = channel_of(j, l.x, c, VD_SCRATCH_COLUMNS), d = channel_of(j, l.delta, c, VD_SCRATCH_SQUARE);
    channel y = reads_outputs(l.activation) ? channel_of(j, l.output, c, VD_SCRATCH_D_COLUMNS) : x;
    for (int r = 0; r < x.runs; ++r)
        for (size_t i = 0; i < x.length; i += BLOCK) {
            size_t n = x.length - i < BLOCK ? x.length - i : BLOCK;
            const float *from = x.first + r * x.step + i;
            float *to = d.first + r * d.step + i;
            sum += backward_activation(j, c, mean, variance, n, from, y.first + r * y.step + i, to);
            centred += j->k->dot(n, mean, from, to);
        }
    l.bias_updates[c] += sum;
    l.scale_updates[c] += centred / vd_norm_deviation(l, variance);
    float scale = l.scales[c], inverse = 1 / sqrtf(variance + VD_EPSILON_IN_ROOT);
    float d_mean = -scale * sum * inverse, d_variance = -.5f * scale * centred * inverse * inverse * inverse;
    l.mean_delta[c] = d_mean;
    l.variance_delta[c] = d_variance;
    for (int r = 0; r < x.runs; ++r)
        j->k->normalize_backward(x.length, mean, scale * inverse, 2 * d_variance / count, d_mean / count,
                                 x.first + r * x.step, d.first + r * d.step);
    put_back(j, d, l.delta, c);
}

void vd_norm_roll(layer l, const float *mean, const float *variance)
{
    float *rolling[] = {l.rolling_mean, l.rolling_variance};
    const float *batch[] = {mean, variance};
    for (int k = 0; k < 2; ++k) {
        if (vd_layer_of(l) || vd_is_sped_up(l) || l.type == BATCHNORM) {
            for (int c = 0; c < l.out_c; ++c) rolling[k][c] = rolled(rolling[k][c], batch[k][c]);
        } else { /* stock Darknet's */
            scal_cpu(l.out_c, .99f, rolling[k], 1);
            axpy_cpu(l.out_c, .01f, (float *)batch[k], 1, rolling[k], 1);
        }
    }
}

void vd_fold_norm(layer l, int filters, float *scale, float *bias)
{
    for (int i = 0; i < filters; ++i) {
        scale[i] = l.scales[i] / vd_norm_deviation(l, l.rolling_variance[i]);
        bias[i] = l.biases[i] - scale[i] * l.rolling_mean[i];
    }
}

void vd_forward_norm(layer l, network net)
{
    job j = make_job(l, net);
    vd_parallel_for(l.out_c, forward_channel, &j);
}

void vd_backward_norm(layer l, network net)
{
    job j = make_job(l, net);
    vd_parallel_for(l.out_c, backward_channel, &j);
}
