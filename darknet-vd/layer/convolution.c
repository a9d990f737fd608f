#include "product.h"
#include "../kernels/gemm.h"
#include "../kernels/im2col.h"
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
    vd_window window; /* of one group */
    const float *input;
    float *d_input;
    float *columns; /* one image's, shared by all pieces */
    size_t n;       /* weights */
    int chunks, sums_per_chunk;
    float *sums; /* [chunks - 1][sums_per_chunk][n]: d theta, d sigma2 if there is one; of all chunks but the first */
} job;

static job make_job(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .n = (size_t)l.nweights};
    j.window = (vd_window){l.c / l.groups, l.h, l.w, l.size, l.stride, l.pad, l.out_h, l.out_w};
    return j;
}

/* A 1x1 filter at stride 1 reads the image as it is. (Stock Darknet takes this short cut at every stride and padding,
 * which is no convolution; ours is one.) */
static int image_is_columns(vd_window w)
{
    return w.size == 1 && w.stride == 1 && w.pad == 0;
}

static int rows_of(vd_window w)
{
    return w.c * w.size * w.size;
}

static int pixels_of(vd_window w)
{
    return w.out_h * w.out_w;
}

static const float *image_of(const job *j, int b, int group)
{
    return j->input + ((size_t)b * j->l.groups + group) * j->window.c * j->window.h * j->window.w;
}

static const float *columns_of(const job *j, int b, int group)
{
    const float *image = image_of(j, b, group);
    if (image_is_columns(j->window)) return image;
    float *columns = vd_scratch(VD_SCRATCH_A, (size_t)rows_of(j->window) * pixels_of(j->window));
    vd_im2col(j->window, image, columns);
    return columns;
}

/* output = theta columns for one image */
static void multiply_image(int b, void *context)
{
    job *j = context;
    int n = j->l.n / j->l.groups, rows = rows_of(j->window), pixels = pixels_of(j->window);
    for (int g = 0; g < j->l.groups; ++g) {
        const float *columns = columns_of(j, b, g);
        float *output = j->l.output + (size_t)b * j->l.outputs + (size_t)g * n * pixels;
        vd_gemm((vd_gemm_shape){.m = n, .n = pixels, .k = rows, .lda = rows, .ldb = pixels, .ldc = pixels},
                j->p.theta + (size_t)g * n * rows, columns, output);
    }
}

/* a single image is shared by channel, then by filter */
static void columns_of_channel(int channel, void *context)
{
    job *j = context;
    vd_window one = j->window;
    size_t step = (size_t)one.size * one.size * pixels_of(one);
    one.c = 1;
    vd_im2col(one, j->input + (size_t)channel * one.h * one.w, j->columns + channel * step);
}

static void multiply_filters(int i, void *context)
{
    job *j = context;
    int n = j->l.n / j->l.groups, rows = rows_of(j->window), pixels = pixels_of(j->window);
    int per_group = (n + FILTERS - 1) / FILTERS, g = i / per_group, first = i % per_group * FILTERS;
    size_t filter = (size_t)g * n + first;
    vd_gemm((vd_gemm_shape){.m = n - first < FILTERS ? n - first : FILTERS,
                            .n = pixels,
                            .k = rows,
                            .lda = rows,
                            .ldb = pixels,
                            .ldc = pixels},
            j->p.theta + filter * rows, j->columns + (size_t)g * rows * pixels, j->l.output + filter * pixels);
}

static void multiply_one_image(job *j)
{
    int n = j->l.n / j->l.groups;
    if (image_is_columns(j->window)) {
        j->columns = (float *)j->input; /* only read */
    } else {
        j->columns = vd_scratch(VD_SCRATCH_SHARED, (size_t)j->l.groups * rows_of(j->window) * pixels_of(j->window));
        vd_parallel_for(j->l.c, columns_of_channel, j);
    }
    vd_parallel_for(j->l.groups * ((n + FILTERS - 1) / FILTERS), multiply_filters, j);
}

/* output = theta columns + sqrt(sigma2 columns^2 + eps) noise for one image */
static void sample_image(int b, void *context)
{
    job *j = context;
    int n = j->l.n / j->l.groups, rows = rows_of(j->window), pixels = pixels_of(j->window);
    float *columns2 = vd_scratch(VD_SCRATCH_B, (size_t)rows * pixels);
    float *noise = vd_scratch(VD_SCRATCH_C, j->l.outputs);
    float *output = j->l.output + (size_t)b * j->l.outputs, *var = j->p.noise_gain + (size_t)b * j->l.outputs;
    vd_noise_key key = j->p.key;
    key.image += b;
    for (int g = 0; g < j->l.groups; ++g) {
        const float *columns = columns_of(j, b, g);
        size_t o = (size_t)g * n * pixels, w = (size_t)g * n * rows;
        j->k->square((size_t)rows * pixels, columns, columns2);
        vd_gemm((vd_gemm_shape){.m = n, .n = pixels, .k = rows, .lda = rows, .ldb = pixels, .ldc = pixels},
                j->p.theta + w, columns, output + o);
        vd_gemm((vd_gemm_shape){.m = n, .n = pixels, .k = rows, .lda = rows, .ldb = pixels, .ldc = pixels},
                j->p.sigma2 + w, columns2, var + o);
    }
    j->k->noise(key, j->l.outputs, noise);
    j->k->sample(j->l.outputs, noise, var, output);
}

void vd_convolution_forward(layer l, const float *input, vd_product p)
{
    job j = make_job(l, input, p);
    if (p.sigma2) vd_parallel_for(l.batch, sample_image, &j);
    else if (l.batch == 1) multiply_one_image(&j);
    else vd_parallel_for(l.batch, multiply_image, &j);
}

/* forward was output = theta columns + f(sigma2 columns^2): for one image and group
 *     d theta += d output columns^T,  d sigma2 += d var columns2^T,
 *     d columns = theta^T d output + 2 columns (sigma2^T d var) */
static void backward_image(job *j, int b, int g, float *d_theta, float *d_sigma2)
{
    int n = j->l.n / j->l.groups, rows = rows_of(j->window), pixels = pixels_of(j->window);
    size_t o = (size_t)b * j->l.outputs + (size_t)g * n * pixels, w = (size_t)g * n * rows;
    size_t area = (size_t)rows * pixels;
    const float *columns = columns_of(j, b, g), *d_output = j->l.delta + o;
    float *columns2 = j->p.sigma2 ? vd_scratch(VD_SCRATCH_B, area) : 0;
    float *d_var = j->p.sigma2 ? j->p.noise_gain + o : 0; /* in the place of the gain, which is read once */

    vd_gemm(
        (vd_gemm_shape){
            .m = n, .n = rows, .k = pixels, .lda = pixels, .ldb = pixels, .ldc = rows, .transpose_b = 1, .add = 1},
        d_output, columns, d_theta + w);
    if (j->p.sigma2) {
        j->k->multiply_by((size_t)n * pixels, d_output, d_var);
        j->k->square(area, columns, columns2);
        vd_gemm(
            (vd_gemm_shape){
                .m = n, .n = rows, .k = pixels, .lda = pixels, .ldb = pixels, .ldc = rows, .transpose_b = 1, .add = 1},
            d_var, columns2, d_sigma2 + w);
    }
    if (!j->d_input) return;

    float *d_image = j->d_input + (image_of(j, b, g) - j->input);
    int in_place = image_is_columns(j->window);
    /* stock Darknet's 1x1 convolution overwrites what a [shortcut] or [route] has put there: a plain layer must too */
    int keep = in_place && j->p.sigma2;
    float *d_columns = in_place ? d_image : vd_scratch(VD_SCRATCH_C, area);
    vd_gemm(
        (vd_gemm_shape){
            .m = rows, .n = pixels, .k = n, .lda = rows, .ldb = pixels, .ldc = pixels, .transpose_a = 1, .add = keep},
        j->p.theta + w, d_output, d_columns);
    if (j->p.sigma2) {
        float *d_columns2 = columns2; /* no longer needed */
        vd_gemm(
            (vd_gemm_shape){
                .m = rows, .n = pixels, .k = n, .lda = rows, .ldb = pixels, .ldc = pixels, .transpose_a = 1},
            j->p.sigma2 + w, d_var, d_columns2);
        j->k->add_twice_product(area, columns, d_columns2, d_columns);
    }
    if (!in_place) vd_col2im_add(j->window, d_columns, d_image);
}

static void backward_chunk(int i, void *context)
{
    job *j = context;
    float *d_theta = j->p.d_theta, *d_sigma2 = j->p.d_sigma2;
    if (i > 0) {
        d_theta = j->sums + (size_t)(i - 1) * j->sums_per_chunk * j->n;
        d_sigma2 = d_theta + j->n;
        memset(d_theta, 0, j->sums_per_chunk * j->n * sizeof(float));
    }
    for (int b = j->l.batch * i / j->chunks; b < j->l.batch * (i + 1) / j->chunks; ++b)
        for (int g = 0; g < j->l.groups; ++g) backward_image(j, b, g, d_theta, d_sigma2);
}

static void reduce_piece(int i, void *context)
{
    job *j = context;
    size_t o = (size_t)i * REDUCE, m = j->n - o < REDUCE ? j->n - o : REDUCE;
    for (int c = 1; c < j->chunks; ++c) {
        const float *d_theta = j->sums + (size_t)(c - 1) * j->sums_per_chunk * j->n;
        j->k->add(m, d_theta + o, j->p.d_theta + o);
        if (j->p.sigma2) j->k->add(m, d_theta + j->n + o, j->p.d_sigma2 + o);
    }
}

void vd_convolution_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = make_job(l, input, p);
    j.d_input = d_input;
    j.sums_per_chunk = p.sigma2 ? 2 : 1;
    j.chunks = l.batch < CHUNKS ? l.batch : CHUNKS;
    while (j.chunks > 1 && j.sums_per_chunk * j.n * (j.chunks - 1) > CHUNK_FLOATS) --j.chunks;
    j.sums = vd_scratch(VD_SCRATCH_SHARED, (size_t)(j.chunks - 1) * j.sums_per_chunk * j.n);
    vd_parallel_for(j.chunks, backward_chunk, &j);
    if (j.chunks > 1) vd_parallel_for((int)((j.n + REDUCE - 1) / REDUCE), reduce_piece, &j);
}
