#include "layer/dense_thin.h"
#include "layer/bias_activation.h"
#include "layer/dense_lists.h"
#include "base/parallel.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <string.h>

enum {
    UNITS = 48,  /* of a piece of the forward pass: their weights, turned, stay in the second cache */
    PIXELS = 64, /* numbers of the input of a piece of the gradient */
    PRODUCTS = 2,
    LEAST_BATCH = 16
};

static size_t numbers_not_zero(layer l, const float *input)
{
    size_t found = 0;
    for (int b = 0; b < l.batch; ++b)
        found += vd_kernels_get()->behind_pool->not_zero(l.inputs, input + (size_t)b * l.inputs, 0, 0);
    return found;
}

int vd_dense_is_thin(layer l, const float *input, vd_product p)
{
    enum { FEW = 4 };       /* images that tell at once that an input is not thin */
    const double most = .3; /* of the numbers may be other than zero */
    layer few = l;
    few.batch = FEW;
    return p.sigma2 && p.sigma2_float && l.batch >= LEAST_BATCH && vd_kernels_get() != &vd_kernels_c &&
           numbers_not_zero(few, input) <= 2 * most * FEW * l.inputs &&
           numbers_not_zero(l, input) <= most * l.batch * l.inputs;
}

static void add_lists(const vd_dense_lists *l, int n, int product, int length, int ld, const float *rows, float *y)
{
    vd_add_dense_lists(l, n, product ? l->variance : l->mean, length, ld, rows, y);
}

/* ---- forward ---- */

typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    const float *input;
    vd_dense_lists of; /* forward: the numbers of each image */
    float *d[2];       /* backward: [batch][padded out] -dL/d product, -dL/d variance */
} job;

/* the weights of some units, turned: [in][UNITS] */
static float *turn_weights(const job *j, const float *weights, int units)
{
    int in = j->l.inputs;
    float *turned = vd_scratch(VD_SCRATCH_BLOCKED_W, (size_t)in * UNITS);
    if (units < UNITS) memset(turned, 0, (size_t)in * UNITS * sizeof(float));
    vd_transpose(units, in, weights, in, turned, UNITS);
    return turned;
}

static void multiply_units(int i, void *context)
{
    const job *j = context;
    int product = i % PRODUCTS, o = i / PRODUCTS * UNITS, n = vd_piece_length(j->l.outputs, UNITS, i / PRODUCTS);
    const float *weights = (product ? j->p.sigma2_float : j->p.theta) + (size_t)o * j->l.inputs;
    float *y = (product ? j->p.noise_gain : vd_product_of(j->l)) + o;
    float *turned = turn_weights(j, weights, n), *sums = vd_scratch(VD_SCRATCH_BLOCKED_Y, (size_t)j->l.batch * UNITS);
    memset(sums, 0, (size_t)j->l.batch * UNITS * sizeof(float));
    add_lists(&j->of, j->l.batch, product, (int)vd_dense_list_row(n), UNITS, turned, sums);
    for (int b = 0; b < j->l.batch; ++b) memcpy(y + (size_t)b * j->l.outputs, sums + b * UNITS, n * sizeof(float));
}

void vd_dense_thin_forward(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input};
    size_t all = numbers_not_zero(l, input);
    vd_cut_dense_lists(vd_scratch(VD_SCRATCH_SHARED, vd_cut_dense_lists(0, l.batch, all, &j.of)), l.batch, all, &j.of);
    j.k->square(vd_make_dense_lists(l.batch, l.inputs, input, l.inputs, UNITS, &j.of), j.of.mean, j.of.variance);
    vd_parallel_for(PRODUCTS * vd_pieces(l.outputs, UNITS), multiply_units, &j);
}

/* ---- gradients ---- */

/* of some numbers of the input: the images in which they are not zero, and the sums over these of d */
static void add_pixels(int i, void *context)
{
    const job *j = context;
    int c = i * PIXELS, n = vd_piece_length(j->l.inputs, PIXELS, i), batch = j->l.batch,
        out = (int)vd_dense_list_row(j->l.outputs);
    vd_dense_lists of;
    size_t x_numbers = (size_t)PIXELS * batch, room = vd_cut_dense_lists(0, n, x_numbers, &of);
    float *buffer = vd_scratch(VD_SCRATCH_BLOCKED_X, room + x_numbers), *x = buffer + room;
    float *sums = vd_scratch(VD_SCRATCH_BLOCKED_Y, (size_t)PIXELS * out);
    vd_cut_dense_lists(buffer, n, x_numbers, &of);
    vd_transpose(batch, n, j->input + c, j->l.inputs, x, batch);
    j->k->square(vd_make_dense_lists(n, batch, x, batch, out, &of), of.mean, of.variance);
    for (int product = 0; of.start[n] && product < PRODUCTS; ++product) {
        memset(sums, 0, (size_t)n * out * sizeof(float));
        add_lists(&of, n, product, out, out, j->d[product], sums);
        vd_transpose_add(n, j->l.outputs, sums, out, (product ? j->p.d_sigma2 : j->p.d_theta) + c, j->l.inputs);
    }
}

void vd_dense_thin_gradients(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input};
    size_t out = vd_dense_list_row(l.outputs), n = l.batch * out;
    float *d = vd_scratch(VD_SCRATCH_SUMS, PRODUCTS * n);
    memset(d, 0, PRODUCTS * n * sizeof(float));
    j.d[0] = d, j.d[1] = d + n;
    for (int b = 0; b < l.batch; ++b) {
        size_t at = (size_t)b * l.outputs;
        memcpy(j.d[0] + b * out, l.delta + at, l.outputs * sizeof(float));
        memcpy(j.d[1] + b * out, l.delta + at, l.outputs * sizeof(float));
        j.k->multiply_by(l.outputs, p.noise_gain + at, j.d[1] + b * out);
    }
    vd_parallel_for(vd_pieces(l.inputs, PIXELS), add_pixels, &j);
}
