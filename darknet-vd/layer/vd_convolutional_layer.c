#include "vd_convolutional_layer.h"
#include "vd_layer.h"
#include "../kernels/gemm.h"
#include "../kernels/im2col.h"
#include "../kernels/parallel.h"
#include "../kernels/scratch.h"

#include <string.h>

/* The backward pass cuts the batch into at most CHUNKS runs of images. Each but the first sums its weight gradients in
 * a buffer of its own, and the buffers are added in order: results do not depend on the number of threads. Big layers
 * get fewer chunks, so that the buffers stay under CHUNK_FLOATS. */
enum { CHUNKS = 8, CHUNK_FLOATS = 1 << 25, REDUCE = 8192 };

typedef struct {
    layer l;
    vd_layer *vd;
    const vd_kernels *k;
    network net;
    vd_window window;   /* of one group */
    const float *theta; /* of the mean */
    int chunks;
    float *sums; /* [chunks - 1][2 n]: d theta and d sigma2 of all chunks but the first */
} job;

static job make_job(layer l, network net)
{
    job j = {.l = l, .vd = l.plugin, .k = vd_kernels_get(), .net = net};
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

static const float *columns_of(const job *j, int b, int group)
{
    const float *image = j->net.input + ((size_t)b * j->l.groups + group) * j->window.c * j->window.h * j->window.w;
    if (image_is_columns(j->window)) return image;
    float *columns = vd_scratch(VD_SCRATCH_A, (size_t)rows_of(j->window) * pixels_of(j->window));
    vd_im2col(j->window, image, columns);
    return columns;
}

/* output = theta columns for one image */
static void predict_image(int b, void *context)
{
    job *j = context;
    int n = j->l.n / j->l.groups, rows = rows_of(j->window), pixels = pixels_of(j->window);
    for (int g = 0; g < j->l.groups; ++g) {
        const float *columns = columns_of(j, b, g);
        float *output = j->l.output + (size_t)b * j->l.outputs + (size_t)g * n * pixels;
        vd_gemm(0, 0, n, pixels, rows, j->theta + (size_t)g * n * rows, rows, columns, pixels, 0, output, pixels);
    }
}

/* output = theta columns + sqrt(sigma2 columns^2 + eps) noise for one image */
static void sample_image(int b, void *context)
{
    job *j = context;
    int n = j->l.n / j->l.groups, rows = rows_of(j->window), pixels = pixels_of(j->window);
    float *columns2 = vd_scratch(VD_SCRATCH_B, (size_t)rows * pixels);
    float *noise = vd_scratch(VD_SCRATCH_C, j->l.outputs);
    float *output = j->l.output + (size_t)b * j->l.outputs, *var = j->vd->noise_gain + (size_t)b * j->l.outputs;
    for (int g = 0; g < j->l.groups; ++g) {
        const float *columns = columns_of(j, b, g);
        size_t o = (size_t)g * n * pixels, w = (size_t)g * n * rows;
        j->k->square((size_t)rows * pixels, columns, columns2);
        vd_gemm(0, 0, n, pixels, rows, j->theta + w, rows, columns, pixels, 0, output + o, pixels);
        vd_gemm(0, 0, n, pixels, rows, j->vd->sigma2 + w, rows, columns2, pixels, 0, var + o, pixels);
    }
    j->k->noise(vd_layer_noise_key(j->l, j->net, b), j->l.outputs, noise);
    j->k->sample(j->l.outputs, noise, var, output);
}

static void forward_vd_convolutional_layer(layer l, network net)
{
    job j = make_job(l, net);
    j.theta = net.train ? vd_layer_begin_training(l, net) : vd_layer_test_weights(l);
    vd_parallel_for(l.batch, net.train ? sample_image : predict_image, &j);
    forward_vd_layer_tail(l, net);
}

/* forward was output = theta columns + f(sigma2 columns^2): for one image and group
 *     d theta += d output columns^T,  d sigma2 += d var columns2^T,
 *     d columns = theta^T d output + 2 columns (sigma2^T d var) */
static void backward_image(job *j, int b, int g, float *d_theta, float *d_sigma2)
{
    int n = j->l.n / j->l.groups, rows = rows_of(j->window), pixels = pixels_of(j->window);
    size_t o = (size_t)b * j->l.outputs + (size_t)g * n * pixels, w = (size_t)g * n * rows;
    const float *columns = columns_of(j, b, g);
    const float *d_output = j->l.delta + o;
    float *d_var = j->vd->noise_gain + o; /* in the place of the gain, which is read once */
    float *columns2 = vd_scratch(VD_SCRATCH_B, (size_t)rows * pixels);

    j->k->multiply_by((size_t)n * pixels, d_output, d_var);
    j->k->square((size_t)rows * pixels, columns, columns2);
    vd_gemm(0, 1, n, rows, pixels, d_output, pixels, columns, pixels, 1, d_theta + w, rows);
    vd_gemm(0, 1, n, rows, pixels, d_var, pixels, columns2, pixels, 1, d_sigma2 + w, rows);
    if (!j->net.delta) return;

    float *d_image = j->net.delta + ((size_t)b * j->l.groups + g) * j->window.c * j->window.h * j->window.w;
    int in_place = image_is_columns(j->window);
    float *d_columns2 = columns2; /* no longer needed */
    float *d_columns = in_place ? d_image : vd_scratch(VD_SCRATCH_C, (size_t)rows * pixels);
    vd_gemm(1, 0, rows, pixels, n, j->theta + w, rows, d_output, pixels, in_place, d_columns, pixels);
    vd_gemm(1, 0, rows, pixels, n, j->vd->sigma2 + w, rows, d_var, pixels, 0, d_columns2, pixels);
    j->k->add_twice_product((size_t)rows * pixels, columns, d_columns2, d_columns);
    if (!in_place) vd_col2im_add(j->window, d_columns, d_image);
}

static void backward_chunk(int i, void *context)
{
    job *j = context;
    size_t n = j->vd->n;
    float *d_theta = vd_layer_mean_updates(j->l), *d_sigma2 = j->vd->d_log_sigma2;
    if (i > 0) {
        d_theta = j->sums + (i - 1) * 2 * n;
        d_sigma2 = d_theta + n;
        memset(d_theta, 0, 2 * n * sizeof(float));
    }
    for (int b = j->l.batch * i / j->chunks; b < j->l.batch * (i + 1) / j->chunks; ++b)
        for (int g = 0; g < j->l.groups; ++g) backward_image(j, b, g, d_theta, d_sigma2);
}

static void reduce_piece(int i, void *context)
{
    job *j = context;
    size_t n = j->vd->n, o = (size_t)i * REDUCE, m = n - o < REDUCE ? n - o : REDUCE;
    for (int c = 1; c < j->chunks; ++c) {
        const float *d_theta = j->sums + (c - 1) * 2 * n;
        j->k->add(m, d_theta + o, vd_layer_mean_updates(j->l) + o);
        j->k->add(m, d_theta + n + o, j->vd->d_log_sigma2 + o);
    }
}

static void backward_vd_convolutional_layer(layer l, network net)
{
    job j = make_job(l, net);
    backward_vd_layer_tail(l, net);
    j.theta = j.vd->train_clip ? j.vd->masked : l.weights;
    j.chunks = l.batch < CHUNKS ? l.batch : CHUNKS;
    while (j.chunks > 1 && 2 * j.vd->n * (j.chunks - 1) > CHUNK_FLOATS) --j.chunks;
    j.sums = vd_scratch(VD_SCRATCH_SHARED, (size_t)(j.chunks - 1) * 2 * j.vd->n);
    vd_parallel_for(j.chunks, backward_chunk, &j);
    if (j.chunks > 1) vd_parallel_for((int)((j.vd->n + REDUCE - 1) / REDUCE), reduce_piece, &j);
}

void make_vd_convolutional_layer(layer *l)
{
    l->forward = forward_vd_convolutional_layer;
    l->backward = backward_vd_convolutional_layer;
    l->update = update_vd_layer;
    l->plugin_free = free_vd_layer;
}
