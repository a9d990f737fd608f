#include "tail.h"
#include "../kernels/kernels.h"
#include "../kernels/parallel.h"

#include <math.h>

#include "activations.h"

/* A piece of work is a block of channels over the whole batch: one channel and its planes for a convolution, UNITS
 * outputs for a connected layer. Sums over a channel are made by one thread in a fixed order. */
enum { UNITS = 64 };

typedef struct {
    layer l;
    int train;
    const vd_kernels *k;
    int plane; /* pixels of a channel, 1 for a connected layer */
} job;

static job make_job(layer l, network net)
{
    return (job){l, net.train, vd_kernels_get(), l.out_h * l.out_w};
}

static float slope_of(ACTIVATION a)
{
    return a == RELU ? 0 : .1f;
}

static void activate_run(const job *j, size_t n, float *x)
{
    if (j->l.activation == LINEAR) return;
    if (j->l.activation == RELU || j->l.activation == LEAKY) j->k->leaky(n, slope_of(j->l.activation), x);
    else activate_array(x, (int)n, j->l.activation);
}

static void gradient_run(const job *j, size_t n, const float *y, float *d)
{
    if (j->l.activation == LINEAR) return;
    if (j->l.activation == RELU || j->l.activation == LEAKY) j->k->leaky_backward(n, slope_of(j->l.activation), y, d);
    else gradient_array(y, (int)n, j->l.activation, d);
}

static float *run_of(const job *j, float *array, int b, int channel)
{
    return array + ((size_t)b * j->l.out_c + channel) * j->plane;
}

/* output = activation(product + bias) */
static void forward_bias_channel(int c, void *context)
{
    const job *j = context;
    for (int b = 0; b < j->l.batch; ++b) {
        float *y = run_of(j, j->l.output, b, c);
        j->k->add_scalar(j->plane, j->l.biases[c], y);
        activate_run(j, j->plane, y);
    }
}

static void forward_bias_units(int i, void *context)
{
    const job *j = context;
    int first = i * UNITS, n = j->l.out_c - first < UNITS ? j->l.out_c - first : UNITS;
    for (int b = 0; b < j->l.batch; ++b) {
        float *y = run_of(j, j->l.output, b, first);
        j->k->add(n, j->l.biases + first, y);
        activate_run(j, n, y);
    }
}

/* d product = d output activation'(output);  d bias += its sum */
static void backward_bias_channel(int c, void *context)
{
    const job *j = context;
    for (int b = 0; b < j->l.batch; ++b) {
        float *d = run_of(j, j->l.delta, b, c);
        gradient_run(j, j->plane, run_of(j, j->l.output, b, c), d);
        j->l.bias_updates[c] += j->k->sum(j->plane, d);
    }
}

static void backward_bias_units(int i, void *context)
{
    const job *j = context;
    int first = i * UNITS, n = j->l.out_c - first < UNITS ? j->l.out_c - first : UNITS;
    for (int b = 0; b < j->l.batch; ++b) {
        float *d = run_of(j, j->l.delta, b, first);
        gradient_run(j, n, run_of(j, j->l.output, b, first), d);
        j->k->add(n, d, j->l.bias_updates + first);
    }
}

/* x_norm = (product - mean) / (sqrt(variance) + 1e-6);  output = activation(scale x_norm + bias), as stock Darknet */
static void forward_norm_channel(int c, void *context)
{
    const job *j = context;
    layer l = j->l;
    float mean = l.rolling_mean[c], variance = l.rolling_variance[c], count = (float)l.batch * j->plane;
    if (j->train) {
        mean = variance = 0;
        for (int b = 0; b < l.batch; ++b) mean += j->k->sum(j->plane, run_of(j, l.output, b, c));
        mean /= count;
        for (int b = 0; b < l.batch; ++b) variance += j->k->sum_squares(j->plane, mean, run_of(j, l.output, b, c));
        variance /= count - 1;
        l.mean[c] = mean;
        l.variance[c] = variance;
        l.rolling_mean[c] = .99f * l.rolling_mean[c] + .01f * mean;
        l.rolling_variance[c] = .99f * l.rolling_variance[c] + .01f * variance;
    }
    float inverse = 1 / (sqrtf(variance) + .000001f);
    for (int b = 0; b < l.batch; ++b) {
        float *y = run_of(j, l.output, b, c), *x = run_of(j, l.x, b, c);
        for (int i = 0; i < j->plane; ++i) x[i] = y[i];
        j->k->normalize(j->plane, mean, inverse, l.scales[c], l.biases[c], y, j->train ? run_of(j, l.x_norm, b, c) : 0,
                        y);
        activate_run(j, j->plane, y);
    }
}

/* the gradient as stock Darknet takes it, with its own epsilon */
static void backward_norm_channel(int c, void *context)
{
    const job *j = context;
    layer l = j->l;
    float mean = j->train ? l.mean[c] : l.rolling_mean[c], variance = j->train ? l.variance[c] : l.rolling_variance[c];
    float sum = 0, along = 0, count = (float)l.batch * j->plane;
    for (int b = 0; b < l.batch; ++b) {
        float *d = run_of(j, l.delta, b, c);
        gradient_run(j, j->plane, run_of(j, l.output, b, c), d);
        sum += j->k->sum(j->plane, d);
        along += j->k->dot(j->plane, d, run_of(j, l.x_norm, b, c));
    }
    l.bias_updates[c] += sum;
    l.scale_updates[c] += along;
    /* sum of d (x - mean): x_norm is that over its deviation */
    float centred = along * (sqrtf(variance) + .000001f), scale = l.scales[c], inverse = 1 / sqrtf(variance + .00001f);
    float d_mean = -scale * sum * inverse, d_variance = -.5f * scale * centred * inverse * inverse * inverse;
    l.mean_delta[c] = d_mean;
    l.variance_delta[c] = d_variance;
    for (int b = 0; b < l.batch; ++b)
        j->k->normalize_backward(j->plane, mean, scale * inverse, 2 * d_variance / count, d_mean / count,
                                 run_of(j, l.x, b, c), run_of(j, l.delta, b, c));
}

static int blocks(const job *j)
{
    return (j->l.out_c + UNITS - 1) / UNITS;
}

void vd_forward_tail(layer l, network net)
{
    job j = make_job(l, net);
    if (l.batch_normalize) vd_parallel_for(l.out_c, forward_norm_channel, &j);
    else if (j.plane == 1) vd_parallel_for(blocks(&j), forward_bias_units, &j);
    else vd_parallel_for(l.out_c, forward_bias_channel, &j);
}

void vd_backward_tail(layer l, network net)
{
    job j = make_job(l, net);
    if (l.batch_normalize) vd_parallel_for(l.out_c, backward_norm_channel, &j);
    else if (j.plane == 1) vd_parallel_for(blocks(&j), backward_bias_units, &j);
    else vd_parallel_for(l.out_c, backward_bias_channel, &j);
}
