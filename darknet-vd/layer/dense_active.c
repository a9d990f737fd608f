/* The products of a connected layer with its input over lists of active weights. */
#include "layer/active.h"
#include "layer/bias_activation.h"
#include "base/parallel.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <string.h>

/* pieces of work, by the shape alone */
enum { IMAGES = 10, UNITS = 32, COLUMNS = 64 };

/* Arrays are turned to [in or out][lanes], so that the images are adjacent */
typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    const float *input; /* [batch][in] */
    float *d_input;     /* [batch][in] */
    float *d_var;       /* [batch][out] -dL/d(variance) */
    size_t lanes;       /* batch, rounded up to full vectors; the rest is 0 */
    float *x, *x2;      /* [in][lanes] input, input^2 */
    float *y, *var;     /* [out][lanes] product and variance, or their gradients */
} job;

static void share_arrays(job *j)
{
    j->lanes = ((size_t)j->l.batch + 15) / 16 * 16;
    size_t in = j->l.inputs * j->lanes, out = j->l.outputs * j->lanes;
    j->x = vd_scratch(VD_SCRATCH_SHARED, 2 * (in + out) + (size_t)j->l.batch * j->l.outputs);
    j->x2 = j->x + in;
    j->y = j->x2 + in;
    j->var = j->y + out;
    j->d_var = j->var + out;
}

/* some columns of an array [batch][n] -> rows of [n][lanes] */
static void turn(const job *j, const float *array, int n, int first, int columns, float *turned)
{
    memset(turned + first * j->lanes, 0, columns * j->lanes * sizeof(float));
    vd_transpose(j->l.batch, columns, array + first, n, turned + first * j->lanes, (int)j->lanes);
}

static void turn_inputs(int i, void *context)
{
    const job *j = context;
    int c = i * COLUMNS, n = vd_piece_length(j->l.inputs, COLUMNS, i);
    turn(j, j->input, j->l.inputs, c, n, j->x);
    j->k->square(n * j->lanes, j->x + c * j->lanes, j->x2 + c * j->lanes);
}

/* the rows of a pattern from first on */
static vd_sparse some_rows(const vd_sparse *s, int first, int n)
{
    return (vd_sparse){n, s->start + first, s->column, s->element};
}

static void multiply_units(int i, void *context)
{
    const job *j = context;
    int out = j->l.outputs, o = i * UNITS, n = vd_piece_length(out, UNITS, i), lanes = (int)j->lanes;
    vd_sparse rows = some_rows(j->p.by_row, o, n);
    float *y = j->y + o * j->lanes, *var = j->var + o * j->lanes;
    j->k->sparse_multiply(rows, j->p.theta, j->lanes, j->x, y);
    j->k->sparse_multiply(rows, j->p.sigma2, j->lanes, j->x2, var);
    vd_transpose(n, j->l.batch, y, lanes, vd_product_of(j->l) + o, out);
    vd_transpose(n, j->l.batch, var, lanes, j->p.noise_gain + o, out);
}

static void add_bias_updates(const job *j, int o, int n)
{
    for (int b = 0; !j->l.batch_normalize && b < j->l.batch; ++b)
        j->k->add(n, j->l.delta + (size_t)b * j->l.outputs + o, j->l.bias_updates + o);
}

static void finish_images(int i, void *context)
{
    const job *j = context;
    for (int b = i * IMAGES; b < i * IMAGES + vd_piece_length(j->l.batch, IMAGES, i); ++b) {
        vd_add_noise(j->l, j->p, b);
        if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
    }
}

void vd_active_dense_forward(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input};
    share_arrays(&j);
    vd_parallel_for(vd_pieces(l.inputs, COLUMNS), turn_inputs, &j);
    vd_parallel_for(vd_pieces(l.outputs, UNITS), multiply_units, &j);
    vd_parallel_for(vd_pieces(l.batch, IMAGES), finish_images, &j);
}

/* for some images: the gradients of product and variance */
static void begin_images(int i, void *context)
{
    const job *j = context;
    int n = vd_piece_length(j->l.batch, IMAGES, i);
    size_t out = j->l.outputs, first = (size_t)i * IMAGES * out;
    for (int b = i * IMAGES; !j->l.batch_normalize && b < i * IMAGES + n; ++b) vd_backward_tail(j->l, b, 0);
    memcpy(j->d_var + first, j->l.delta + first, n * out * sizeof(float));
    j->k->multiply_by(n * out, j->p.noise_gain + first, j->d_var + first);
}

/* forward was product = input theta^T + f(input^2 sigma2^T), see vd_dense_backward() */
static void backward_units(int i, void *context)
{
    const job *j = context;
    int out = j->l.outputs, o = i * UNITS, n = vd_piece_length(out, UNITS, i);
    vd_sparse rows = some_rows(j->p.by_row, o, n);
    turn(j, j->l.delta, out, o, n, j->y);
    turn(j, j->d_var, out, o, n, j->var);
    j->k->sparse_dots(rows, j->lanes, j->x, j->y + o * j->lanes, j->p.d_theta);
    j->k->sparse_dots(rows, j->lanes, j->x2, j->var + o * j->lanes, j->p.d_sigma2);
    add_bias_updates(j, o, n);
}

static void backward_columns(int i, void *context)
{
    const job *j = context;
    int in = j->l.inputs, c = i * COLUMNS, n = vd_piece_length(in, COLUMNS, i);
    vd_sparse rows = some_rows(j->p.by_column, c, n);
    float *d_x = vd_scratch(VD_SCRATCH_D_SQUARE, 2 * n * j->lanes), *d_x2 = d_x + n * j->lanes;
    j->k->sparse_multiply(rows, j->p.theta, j->lanes, j->y, d_x);
    j->k->sparse_multiply(rows, j->p.sigma2, j->lanes, j->var, d_x2);
    j->k->add_twice_product(n * j->lanes, j->x + c * j->lanes, d_x2, d_x);
    vd_transpose_add(n, j->l.batch, d_x, (int)j->lanes, j->d_input + c, in);
}

void vd_active_dense_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .d_input = d_input};
    share_arrays(&j);
    vd_parallel_for(vd_pieces(l.batch, IMAGES), begin_images, &j);
    vd_parallel_for(vd_pieces(l.inputs, COLUMNS), turn_inputs, &j);
    vd_parallel_for(vd_pieces(l.outputs, UNITS), backward_units, &j);
    if (d_input && p.overwrites) memset(d_input, 0, (size_t)l.batch * l.inputs * sizeof(float));
    if (d_input) vd_parallel_for(vd_pieces(l.inputs, COLUMNS), backward_columns, &j);
}
