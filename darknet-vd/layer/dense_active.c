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
    float *x;           /* [in][lanes] input */
    float *y, *var;     /* [out][lanes] gradients of product and variance */
    vd_active_list by_row, by_column;
} job;

/* the lists: of a unit's inputs, and of an input's units */
static size_t list_floats(const job *j)
{
    return 4 * (size_t)j->p.by_row->start[j->l.outputs];
}

static void make_lists(job *j, int backward, void *room)
{
    const vd_sparse *rows = j->p.by_row, *columns = j->p.by_column;
    int n = rows->start[rows->rows], *offset = room, *back = offset + n;
    void *values = back + n;
    float *theta = values, *sigma2 = theta + n;
    const float *all_sigma2 = j->p.sigma2;
    for (int e = 0; e < n; ++e) offset[e] = rows->column[e] * (int)j->lanes;
    j->by_row = (vd_active_list){rows->rows, 1, rows->start, offset, j->p.theta, all_sigma2};
    for (int e = 0; backward && e < n; ++e) {
        back[e] = columns->column[e] * (int)j->lanes;
        theta[e] = j->p.theta[columns->element[e]];
        sigma2[e] = all_sigma2[columns->element[e]];
    }
    j->by_column = (vd_active_list){columns->rows, 1, columns->start, back, theta, sigma2};
}

static job make_job(layer l, const float *input, vd_product p, float *d_input, int backward)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .d_input = d_input};
    j.lanes = ((size_t)l.batch + VD_ACTIVE_LANES - 1) / VD_ACTIVE_LANES * VD_ACTIVE_LANES;
    size_t in = l.inputs * j.lanes, out = l.outputs * j.lanes, d_var = (size_t)l.batch * l.outputs;
    j.x = vd_scratch(VD_SCRATCH_SHARED, in + (backward ? 2 * out + d_var : 0) + list_floats(&j));
    j.y = j.x + in;
    j.var = j.y + out;
    j.d_var = j.var + out;
    make_lists(&j, backward, backward ? j.d_var + d_var : j.y);
    return j;
}

/* some columns of an array [batch][n] -> rows of [n][lanes] */
static void turn(const job *j, const float *array, int n, int first, int columns, float *turned)
{
    if (j->lanes > (size_t)j->l.batch) memset(turned + first * j->lanes, 0, columns * j->lanes * sizeof(float));
    vd_transpose(j->l.batch, columns, array + first, n, turned + first * j->lanes, (int)j->lanes);
}

/* some rows of a list from `first` on, which may all be empty */
static vd_active_list some_rows(vd_active_list s, int first, int n)
{
    s.start += first;
    s.rows = n;
    return s;
}
static int is_empty(vd_active_list s)
{
    return s.start[0] == s.start[s.rows];
}

/* inputs that no weight reads are left out */
static void turn_inputs(int i, void *context)
{
    const job *j = context;
    int c = i * COLUMNS, n = vd_piece_length(j->l.inputs, COLUMNS, i);
    vd_active_list units = {n, 1, j->p.by_column->start + c, 0, 0, 0};
    if (is_empty(units)) return;
    turn(j, j->input, j->l.inputs, c, n, j->x);
}

static void multiply_units(int i, void *context)
{
    const job *j = context;
    int out = j->l.outputs, o = i * UNITS, n = vd_piece_length(out, UNITS, i), lanes = (int)j->lanes;
    float *y = vd_scratch(VD_SCRATCH_D_SQUARE, 2 * n * j->lanes), *var = y + n * j->lanes;
    j->k->active->sums(some_rows(j->by_row, o, n), j->lanes, j->x, 0, 0, j->lanes, y, var);
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
    job j = make_job(l, input, p, 0, 0);
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
    vd_active_list rows = some_rows(j->by_row, o, n);
    add_bias_updates(j, o, n);
    if (is_empty(rows)) return;
    turn(j, j->l.delta, out, o, n, j->y);
    turn(j, j->d_var, out, o, n, j->var);
    j->k->active->dots(rows, j->lanes, j->x, j->lanes, j->y + o * j->lanes, j->var + o * j->lanes, j->p.d_theta,
                       j->p.d_sigma2);
}

static void backward_columns(int i, void *context)
{
    const job *j = context;
    int in = j->l.inputs, c = i * COLUMNS, n = vd_piece_length(in, COLUMNS, i);
    vd_active_list rows = some_rows(j->by_column, c, n);
    if (is_empty(rows)) return;
    float *d_x = vd_scratch(VD_SCRATCH_D_SQUARE, 2 * n * j->lanes), *d_x2 = d_x + n * j->lanes;
    j->k->active->sums(rows, j->lanes, j->y, j->var, 0, j->lanes, d_x, d_x2);
    j->k->add_twice_product(n * j->lanes, j->x + c * j->lanes, d_x2, d_x);
    vd_transpose_add(n, j->l.batch, d_x, (int)j->lanes, j->d_input + c, in);
}

void vd_active_dense_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = make_job(l, input, p, d_input, 1);
    vd_parallel_for(vd_pieces(l.batch, IMAGES), begin_images, &j);
    vd_parallel_for(vd_pieces(l.inputs, COLUMNS), turn_inputs, &j);
    vd_parallel_for(vd_pieces(l.outputs, UNITS), backward_units, &j);
    if (d_input && p.overwrites) memset(d_input, 0, (size_t)l.batch * l.inputs * sizeof(float));
    if (d_input) vd_parallel_for(vd_pieces(l.inputs, COLUMNS), backward_columns, &j);
}
