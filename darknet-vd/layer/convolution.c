#include "product.h"
#include "tail.h"
#include "variance.h"
#include "../kernels/convolve.h"
#include "../kernels/parallel.h"
#include "../kernels/scratch.h"

#include <string.h>

/* The backward pass cuts the batch into at most CHUNKS runs of images. Each but the first sums its weight gradients in
 * a buffer of its own, and the buffers are added in order: results do not depend on the number of threads. Big layers
 * get fewer chunks, so that the buffers stay under CHUNK_FLOATS. */
enum { CHUNKS = 8, CHUNK_FLOATS = 1 << 25, REDUCE = 8192, FILTERS = 32 };

typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    vd_convolution_shape mean, variance; /* of one group */
    const float *input;
    float *d_input;
    float *columns; /* one image's, shared by all pieces */
    size_t n;       /* weights */
    int chunks;
    size_t sums_per_chunk;
    float *sums; /* [chunks - 1][sums_per_chunk]: d theta, d sigma2, d bias of all chunks but the first */
} job;

static job make_job(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .n = (size_t)l.nweights};
    vd_window window = {l.c / l.groups, l.h, l.w, l.size, l.stride, l.pad, l.out_h, l.out_w};
    j.mean = (vd_convolution_shape){window, l.n / l.groups, 0};
    j.variance = (vd_convolution_shape){window, l.n / l.groups, vd_variance_is_bf16()};
    return j;
}

/* where image b of group g lies in arrays of inputs and of outputs, and the group's weights in theirs */
static size_t input_at(const job *j, int b, int g)
{
    return (size_t)b * j->l.inputs + (size_t)g * (j->l.inputs / j->l.groups);
}

static size_t output_at(const job *j, int b, int g)
{
    return (size_t)b * j->l.outputs + (size_t)g * (j->l.outputs / j->l.groups);
}

static size_t weights_at(const job *j, int g)
{
    return g * (j->n / j->l.groups);
}

/* the square of image b, all groups */
static const void *square_of(const job *j, int b)
{
    void *square = vd_scratch(VD_SCRATCH_SQUARE, j->l.inputs);
    vd_variance_square(j->l.inputs, j->input + input_at(j, b, 0), square);
    return square;
}

/* product = input * theta + sqrt(input^2 * sigma2 + eps) noise */
static void sample_image(const job *j, int b)
{
    float *gain = j->p.noise_gain + output_at(j, b, 0), *noise = vd_scratch(VD_SCRATCH_NOISE, j->l.outputs);
    const void *square = square_of(j, b);
    vd_noise_key key = j->p.key;
    key.image += b;
    for (int g = 0; g < j->l.groups; ++g)
        vd_convolve_forward(j->variance, 1, vd_variance_at(square, input_at(j, 0, g)),
                            vd_variance_at(j->p.sigma2, weights_at(j, g)), gain + output_at(j, 0, g));
    j->k->noise(key, j->l.outputs, noise);
    j->k->sample(j->l.outputs, noise, gain, vd_product_of(j->l) + output_at(j, b, 0));
}

static void forward_image(int b, void *context)
{
    const job *j = context;
    for (int g = 0; g < j->l.groups; ++g)
        vd_convolve_forward(j->mean, 1, j->input + input_at(j, b, g), j->p.theta + weights_at(j, g),
                            vd_product_of(j->l) + output_at(j, b, g));
    if (j->p.sigma2) sample_image(j, b);
    if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
}

/* a single image is shared by channel, then by filter */
static void columns_of_channel(int channel, void *context)
{
    job *j = context;
    vd_window one = j->mean.window;
    size_t step = (size_t)one.size * one.size * one.out_h * one.out_w;
    one.c = 1;
    j->k->im2col(one, j->input + (size_t)channel * one.h * one.w, j->columns + channel * step);
}

static void multiply_filters(int i, void *context)
{
    job *j = context;
    int n = j->mean.n, rows = vd_convolution_rows(j->mean), pixels = vd_convolution_pixels(j->mean);
    int per_group = (n + FILTERS - 1) / FILTERS, g = i / per_group, first = i % per_group * FILTERS;
    size_t filter = (size_t)g * n + first;
    vd_gemm_shape s = {.m = n - first < FILTERS ? n - first : FILTERS, .n = pixels, .k = rows};
    s.lda = rows;
    s.ldb = s.ldc = pixels;
    vd_gemm(s, j->p.theta + filter * rows, j->columns + (size_t)g * rows * pixels,
            vd_product_of(j->l) + filter * pixels);
}

static void forward_one_image(job *j)
{
    vd_convolution_shape s = j->mean;
    if (vd_convolution_is_product(s)) {
        j->columns = (float *)j->input; /* only read */
    } else {
        j->columns =
            vd_scratch(VD_SCRATCH_SHARED, (size_t)j->l.groups * vd_convolution_rows(s) * vd_convolution_pixels(s));
        vd_parallel_for(j->l.c, columns_of_channel, j);
    }
    vd_parallel_for(j->l.groups * ((s.n + FILTERS - 1) / FILTERS), multiply_filters, j);
    if (!j->l.batch_normalize) vd_forward_tail(j->l, 0);
}

void vd_convolution_forward(layer l, const float *input, vd_product p)
{
    job j = make_job(l, input, p);
    if (l.batch == 1 && !p.sigma2) forward_one_image(&j);
    else vd_parallel_for(l.batch, forward_image, &j);
}

/* forward was product = input * theta + f(input^2 * sigma2): for one image
 *     d theta += d product * input,  d sigma2 += d var * input^2,
 *     d input += d product * theta + 2 input (d var * sigma2) */
static void backward_image(const job *j, int b, float *d_theta, float *d_sigma2)
{
    layer l = j->l;
    const float *d_product = l.delta + output_at(j, b, 0);
    for (int g = 0; g < l.groups; ++g) {
        size_t in = input_at(j, b, g), out = output_at(j, 0, g), w = weights_at(j, g);
        vd_convolve_backward_weights(j->mean, 1, j->input + in, d_product + out, d_theta + w);
        if (!j->d_input) continue;
        /* stock Darknet's 1x1 convolution overwrites what a [shortcut] or [route] has put there: a plain layer must too
         */
        int add = j->p.sigma2 || !vd_convolution_is_product(j->mean);
        vd_convolve_backward_data(j->mean, 1, d_product + out, j->p.theta + w, add, j->d_input + in);
    }
    if (!j->p.sigma2) return;

    const void *square = square_of(j, b);
    void *d_var = vd_scratch(VD_SCRATCH_D_VAR, l.outputs);
    float *d_square = vd_scratch(VD_SCRATCH_D_SQUARE, l.inputs);
    vd_variance_multiply(l.outputs, d_product, j->p.noise_gain + output_at(j, b, 0), d_var);
    for (int g = 0; g < l.groups; ++g) {
        const void *d_var_g = vd_variance_at(d_var, output_at(j, 0, g));
        size_t in = input_at(j, 0, g), w = weights_at(j, g);
        vd_convolve_backward_weights(j->variance, 1, vd_variance_at(square, in), d_var_g, d_sigma2 + w);
        if (j->d_input)
            vd_convolve_backward_data(j->variance, 1, d_var_g, vd_variance_at(j->p.sigma2, w), 0, d_square + in);
    }
    if (j->d_input)
        j->k->add_twice_product(l.inputs, j->input + input_at(j, b, 0), d_square, j->d_input + input_at(j, b, 0));
}

static void backward_chunk(int i, void *context)
{
    const job *j = context;
    float *d_theta = j->p.d_theta, *d_sigma2 = j->p.d_sigma2, *d_bias = j->l.bias_updates;
    if (i > 0) {
        d_theta = j->sums + (i - 1) * j->sums_per_chunk;
        d_sigma2 = d_theta + j->n;
        d_bias = d_theta + j->sums_per_chunk - j->l.n;
        memset(d_theta, 0, j->sums_per_chunk * sizeof(float));
    }
    for (int b = j->l.batch * i / j->chunks; b < j->l.batch * (i + 1) / j->chunks; ++b) {
        if (!j->l.batch_normalize) vd_backward_tail(j->l, b, d_bias);
        backward_image(j, b, d_theta, d_sigma2);
    }
}

/* the sums of all chunks, in order */
static void reduce_weights(int i, void *context)
{
    const job *j = context;
    size_t o = (size_t)i * REDUCE, m = j->n - o < REDUCE ? j->n - o : REDUCE;
    for (int c = 1; c < j->chunks; ++c) {
        const float *d_theta = j->sums + (c - 1) * j->sums_per_chunk;
        j->k->add(m, d_theta + o, j->p.d_theta + o);
        if (j->p.sigma2) j->k->add(m, d_theta + j->n + o, j->p.d_sigma2 + o);
    }
}

static void reduce_biases(const job *j)
{
    for (int c = 1; c < j->chunks; ++c) j->k->add(j->l.n, j->sums + c * j->sums_per_chunk - j->l.n, j->l.bias_updates);
}

void vd_convolution_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = make_job(l, input, p);
    j.d_input = d_input;
    j.sums_per_chunk = (p.sigma2 ? 2 : 1) * j.n + l.n;
    j.chunks = l.batch < CHUNKS ? l.batch : CHUNKS;
    while (j.chunks > 1 && j.sums_per_chunk * (j.chunks - 1) > CHUNK_FLOATS) --j.chunks;
    j.sums = vd_scratch(VD_SCRATCH_SUMS, (j.chunks - 1) * j.sums_per_chunk);
    vd_parallel_for(j.chunks, backward_chunk, &j);
    if (j.chunks > 1) vd_parallel_for((int)((j.n + REDUCE - 1) / REDUCE), reduce_weights, &j);
    if (!l.batch_normalize) reduce_biases(&j);
}
