/* The products of a convolutional layer with its input over lists of active weights: one image at a time, one group. */
#include "layer/active.h"
#include "layer/bias_activation.h"
#include "layer/chunks.h"
#include "kernels/products/convolve.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

#include <string.h>

typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    vd_convolution_shape shape;
    const float *input;
    float *d_input;
    vd_chunks chunks;
} job;

static job make_job(layer l, const float *input, vd_product p)
{
    vd_window window = {l.c, l.h, l.w, l.size, l.stride, l.pad, l.out_h, l.out_w};
    return (job){.l = l, .p = p, .k = vd_kernels_get(), .shape = {window, l.n, VD_FLOAT}, .input = input};
}

/* the columns of image b, and their squares */
static const float *columns_of(const job *j, int b, float **squares)
{
    size_t n = (size_t)vd_convolution_rows(j->shape) * vd_convolution_pixels(j->shape);
    const float *image = j->input + (size_t)b * j->l.inputs;
    float *columns = vd_scratch(VD_SCRATCH_COLUMNS, n);
    if (!vd_convolution_is_product(j->shape)) j->k->im2col(j->shape.window, image, columns);
    const float *made = vd_convolution_is_product(j->shape) ? image : columns;
    *squares = vd_scratch(VD_SCRATCH_SQUARE, n);
    j->k->square(n, made, *squares);
    return made;
}

static void forward_image(int b, void *context)
{
    const job *j = context;
    float *squares;
    const float *columns = columns_of(j, b, &squares);
    size_t pixels = vd_convolution_pixels(j->shape), out = (size_t)b * j->l.outputs;
    j->k->sparse_multiply(*j->p.by_row, j->p.theta, pixels, columns, vd_product_of(j->l) + out);
    j->k->sparse_multiply(*j->p.by_row, j->p.sigma2, pixels, squares, j->p.noise_gain + out);
    vd_add_noise(j->l, j->p, b);
    if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
}

void vd_active_convolution_forward(layer l, const float *input, vd_product p)
{
    job j = make_job(l, input, p);
    vd_parallel_for(l.batch, forward_image, &j);
}

/* forward was product = input * theta + f(input^2 * sigma2), see vd_convolution_backward() */
static void backward_image(const job *j, int b, vd_chunk_sums sums)
{
    float *squares;
    size_t out = (size_t)b * j->l.outputs;
    const float *columns = columns_of(j, b, &squares), *d_product = j->l.delta + out;
    size_t pixels = vd_convolution_pixels(j->shape), n = (size_t)vd_convolution_rows(j->shape) * pixels;
    float *d_var = vd_scratch(VD_SCRATCH_D_VAR, j->l.outputs);
    memcpy(d_var, d_product, j->l.outputs * sizeof(float));
    j->k->multiply_by(j->l.outputs, j->p.noise_gain + out, d_var);
    j->k->sparse_dots(*j->p.by_row, pixels, columns, d_product, sums.d_theta);
    j->k->sparse_dots(*j->p.by_row, pixels, squares, d_var, sums.d_sigma2);
    if (!j->d_input) return;
    float *d_columns = vd_scratch(VD_SCRATCH_D_COLUMNS, n), *d_squares = squares; /* no longer needed */
    float *d_image = j->d_input + (size_t)b * j->l.inputs;
    if (j->p.overwrites) memset(d_image, 0, j->l.inputs * sizeof(float));
    j->k->sparse_multiply(*j->p.by_column, j->p.theta, pixels, d_product, d_columns);
    j->k->sparse_multiply(*j->p.by_column, j->p.sigma2, pixels, d_var, d_squares);
    j->k->add_twice_product(n, columns, d_squares, d_columns);
    if (vd_convolution_is_product(j->shape)) j->k->add(n, d_columns, d_image);
    else j->k->col2im_add(j->shape.window, d_columns, d_image);
}

static void backward_chunk(int i, void *context)
{
    const job *j = context;
    vd_chunk_sums sums = vd_begin_chunk(&j->chunks, i);
    for (int b = vd_first_run(&j->chunks, i); b < vd_first_run(&j->chunks, i + 1); ++b) {
        if (!j->l.batch_normalize) vd_backward_tail(j->l, b, sums.d_bias);
        backward_image(j, b, sums);
    }
}

void vd_active_convolution_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = make_job(l, input, p);
    j.d_input = d_input;
    j.chunks = vd_make_chunks(l, p, p.by_row->start[l.n], l.batch);
    vd_parallel_for(j.chunks.chunks, backward_chunk, &j);
    vd_add_chunks(&j.chunks);
}
