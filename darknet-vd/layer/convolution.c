/* The products of a convolutional layer with its input, with all weights: by runs of images, by groups. */
#include "layer/product.h"
#include "layer/bias_activation.h"
#include "layer/chunks.h"
#include "layer/convolution_winograd.h"
#include "layer/pooled.h"
#include "layer/variance.h"
#include "layer/window.h"
#include "kernels/products/convolve.h"
#include "kernels/products/convolve_plan.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

#include <string.h>

enum { FILTERS = 32 };

typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    vd_convolution_plan mean, variance; /* of one group */
    int run;                            /* images of a piece of work */
    const void *theta, *sigma2;         /* in the layout of the pass */
    const float *input;
    float *d_input;
    float *columns; /* one image's, shared by all pieces */
    vd_chunks chunks;
} job;

/* A layer with groups goes by columns, since the images of one group are not adjacent. Both products work on runs of
 * the same length. */
static job make_job(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .run = 1};
    vd_window window = vd_window_of(l);
    window.c /= l.groups;
    vd_convolution_shape mean = {window, l.n / l.groups, VD_FLOAT, 0},
                         variance = {window, l.n / l.groups, vd_variance_type(), 1};
    int by_columns = l.groups > 1;
    j.mean = by_columns ? vd_convolution_by_columns(mean) : vd_convolution_plan_of(mean, l.batch);
    j.variance =
        by_columns || !p.sigma2 ? vd_convolution_by_columns(variance) : vd_convolution_plan_of(variance, l.batch);
    j.run = j.mean.images > j.variance.images ? j.mean.images : j.variance.images;
    j.mean.images = j.variance.images = j.run;
    return j;
}

typedef struct {
    job *j;
    vd_pass pass;
    void *buffers[2];
} packing;

static void pack(int i, void *context)
{
    const packing *p = context;
    if (i == 0) p->j->theta = vd_convolution_weights(&p->j->mean, p->pass, p->j->p.theta, p->buffers[0]);
    else p->j->sigma2 = vd_convolution_weights(&p->j->variance, p->pass, p->j->p.sigma2, p->buffers[1]);
}

/* theta and sigma2 in the layout of a pass */
static void pack_weights(job *j, vd_pass pass)
{
    size_t theta = (vd_convolution_weights_bytes(&j->mean, pass) + 63) / 64 * 64;
    size_t sigma2 = j->p.sigma2 ? vd_convolution_weights_bytes(&j->variance, pass) : 0;
    char *buffer = (char *)vd_scratch(VD_SCRATCH_SHARED, (theta + sigma2) / sizeof(float) + 1);
    packing p = {j, pass, {buffer, buffer + theta}};
    vd_parallel_for(j->p.sigma2 ? 2 : 1, pack, &p);
}

/* offsets of image b and group g in arrays of inputs and outputs, and of the group's weights in theirs */
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
    return g * ((size_t)j->l.nweights / j->l.groups);
}

/* the squares of a run of images, all groups, and their scale */
static const void *squares_of(const job *j, int b, float *scale)
{
    size_t n = (size_t)j->run * j->l.inputs;
    void *square = vd_scratch(VD_SCRATCH_SQUARE, n);
    *scale = vd_variance_scale_of_squares(n, j->input + input_at(j, b, 0));
    vd_variance_square(n, j->input + input_at(j, b, 0), *scale, square);
    return square;
}

/* product = input * theta, and its variance input^2 * sigma2, for the run from image b on */
static void multiply_run(const job *j, int b, float *product, float *variance)
{
    float scale = 1;
    const void *square = j->p.sigma2 ? squares_of(j, b, &scale) : 0;
    scale *= j->p.sigma2_scale;
    for (int g = 0; g < j->l.groups; ++g) {
        size_t in = input_at(j, 0, g), w = weights_at(j, g), out = output_at(j, 0, g);
        vd_convolve_forward(&j->mean, j->input + input_at(j, b, g), (const float *)j->theta + w, 1, product + out);
        if (j->p.sigma2)
            vd_convolve_forward(&j->variance, vd_variance_at(square, in), vd_variance_at(j->sigma2, w), 1 / scale,
                                variance + out);
    }
}

/* ---- the whole ---- */

/* a single picture without noise is shared by its filters; pooled.h has products of its own */
static int by_winograd(layer l, vd_product p)
{
    return (l.batch > 1 || p.sigma2) && !p.pool && vd_winograd_convolution_fits(l);
}

static void forward_run(int i, void *context)
{
    const job *j = context;
    int first = i * j->run;
    size_t at = output_at(j, first, 0);
    multiply_run(j, first, vd_product_of(j->l) + at, j->p.sigma2 ? j->p.noise_gain + at : 0);
    for (int b = first; b < first + j->run; ++b) {
        if (j->p.sigma2) vd_add_noise(j->l, j->p, b);
        if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
    }
}

/* the same when a pool comes next: only its outputs leave the cache */
static void forward_run_and_pool(int i, void *context)
{
    const job *j = context;
    int first = i * j->run;
    size_t outputs = j->l.outputs, n = j->run * outputs;
    float *product = vd_scratch(VD_SCRATCH_PRODUCT, n);
    float *variance = j->p.sigma2 ? vd_scratch(VD_SCRATCH_VARIANCE, n) : 0;
    multiply_run(j, first, product, variance);
    for (int k = 0; k < j->run; ++k)
        vd_pool_forward(j->l, j->p, first + k, product + k * outputs, variance ? variance + k * outputs : 0);
}

/* a single image is shared by channel, then by filter */
static void columns_of_channel(int channel, void *context)
{
    job *j = context;
    vd_window one = j->mean.shape.window;
    size_t step = (size_t)one.size * one.size * one.out_h * one.out_w;
    one.c = 1;
    j->k->im2col(one, j->input + (size_t)channel * one.h * one.w, j->columns + channel * step);
}

static void multiply_filters(int i, void *context)
{
    job *j = context;
    int n = j->mean.shape.n, rows = vd_convolution_rows(j->mean.shape), pixels = vd_convolution_pixels(j->mean.shape);
    int per_group = vd_pieces(n, FILTERS), g = i / per_group, first = i % per_group * FILTERS;
    size_t filter = (size_t)g * n + first;
    vd_gemm_shape s = {.m = vd_piece_length(n, FILTERS, i % per_group), .n = pixels, .k = rows};
    s.lda = rows;
    s.ldb = s.ldc = pixels;
    vd_gemm(s, j->p.theta + filter * rows, j->columns + (size_t)g * rows * pixels,
            vd_product_of(j->l) + filter * pixels);
}

static void forward_one_image(job *j)
{
    vd_convolution_shape s = j->mean.shape;
    if (vd_convolution_is_product(s)) {
        j->columns = (float *)j->input; /* only read */
    } else {
        j->columns =
            vd_scratch(VD_SCRATCH_SHARED, (size_t)j->l.groups * vd_convolution_rows(s) * vd_convolution_pixels(s));
        vd_parallel_for(j->l.c, columns_of_channel, j);
    }
    vd_parallel_for(j->l.groups * vd_pieces(s.n, FILTERS), multiply_filters, j);
    if (!j->l.batch_normalize) vd_forward_tail(j->l, 0);
}

void vd_convolution_forward(layer l, const float *input, vd_product p)
{
    if (by_winograd(l, p)) {
        vd_winograd_convolution_forward(l, input, p);
        return;
    }
    job j = make_job(l, input, p);
    if (l.batch == 1 && !p.sigma2 && !p.pool) {
        forward_one_image(&j);
        return;
    }
    pack_weights(&j, VD_FORWARD);
    vd_parallel_for(l.batch / j.run, p.pool ? forward_run_and_pool : forward_run, &j);
}

/* forward was product = input * theta + f(input^2 * sigma2): for the run from image b on
 *     d theta += d product * input,  d sigma2 += d var * input^2,
 *     d input += d product * theta + 2 input (d var * sigma2) */
static void backward_run(const job *j, int b, float *d_theta, float *d_sigma2)
{
    layer l = j->l;
    size_t inputs = (size_t)j->run * l.inputs, outputs = (size_t)j->run * l.outputs;
    const float *d_product = l.delta + output_at(j, b, 0);
    for (int g = 0; g < l.groups; ++g) {
        size_t in = input_at(j, b, g), out = output_at(j, 0, g), w = weights_at(j, g);
        vd_convolve_backward_weights(&j->mean, j->input + in, d_product + out, 1, d_theta + w);
        if (!j->d_input) continue;
        int add = !j->p.overwrites && !vd_writes_as_stock(l);
        vd_convolve_backward_data(&j->mean, d_product + out, (const float *)j->theta + w, 1, add, j->d_input + in);
    }
    if (!j->p.sigma2) return;

    float squares_scale, d_var_scale;
    const void *square = squares_of(j, b, &squares_scale);
    void *d_var = vd_scratch(VD_SCRATCH_D_VAR, outputs);
    float *d_square = j->d_input ? vd_scratch(VD_SCRATCH_D_SQUARE, inputs) : 0;
    d_var_scale = vd_variance_scale_of_gradients(outputs, d_product, j->p.noise_gain + output_at(j, b, 0));
    vd_variance_multiply(outputs, d_product, j->p.noise_gain + output_at(j, b, 0), d_var_scale, d_var);
    for (int g = 0; g < l.groups; ++g) {
        const void *d_var_g = vd_variance_at(d_var, output_at(j, 0, g));
        size_t in = input_at(j, 0, g), w = weights_at(j, g);
        vd_convolve_backward_weights(&j->variance, vd_variance_at(square, in), d_var_g,
                                     1 / (squares_scale * d_var_scale), d_sigma2 + w);
        if (j->d_input)
            vd_convolve_backward_data(&j->variance, d_var_g, vd_variance_at(j->sigma2, w),
                                      1 / (j->p.sigma2_scale * d_var_scale), 0, d_square + in);
    }
    if (j->d_input)
        j->k->add_twice_product(inputs, j->input + input_at(j, b, 0), d_square, j->d_input + input_at(j, b, 0));
}

static void backward_chunk(int i, void *context)
{
    const job *j = context;
    vd_chunk_sums sums = vd_begin_chunk(&j->chunks, i);
    for (int r = vd_first_run(&j->chunks, i); r < vd_first_run(&j->chunks, i + 1); ++r) {
        int first = r * j->run;
        for (int b = first; !j->l.batch_normalize && b < first + j->run; ++b) vd_backward_tail(j->l, b, sums.d_bias);
        backward_run(j, first, sums.d_theta, sums.d_sigma2);
    }
}

void vd_convolution_backward(layer l, const float *input, float *d_input, vd_product p)
{
    if (by_winograd(l, p)) {
        vd_winograd_convolution_backward(l, input, d_input, p);
        return;
    }
    job j = make_job(l, input, p);
    j.d_input = d_input;
    j.chunks = vd_make_chunks(l, p, (size_t)l.nweights, l.batch / j.run);
    pack_weights(&j, VD_BACKWARD_DATA);
    vd_parallel_for(j.chunks.chunks, backward_chunk, &j);
    vd_add_chunks(&j.chunks);
}
