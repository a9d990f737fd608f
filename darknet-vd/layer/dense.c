/* The products of a connected layer with its input, with all weights. */
#include "layer/product.h"
#include "layer/bias_activation.h"
#include "layer/variance.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

/* Work is cut by these sizes alone, so that results do not depend on the number of threads. Products are cut along
 * theta, the larger side, so that each part of it is converted to the library's layout once. */
enum { IMAGES = 10, UNITS = 32, COLUMNS = 64 };

typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    const float *input; /* [batch][in] */
    float *d_input;     /* [batch][in] */
    void *square;       /* [batch][in] input^2, in the type of variance.h */
    void *d_var;        /* [batch][out] -dL/d(variance), in the same */
} job;

/* room for square and d_var, which all pieces share */
static void share_arrays(job *j)
{
    size_t in = (size_t)j->l.batch * j->l.inputs, out = (size_t)j->l.batch * j->l.outputs;
    j->square = vd_scratch(VD_SCRATCH_SHARED, in + out);
    j->d_var = vd_variance_at(j->square, in);
}

static void square_images(int i, void *context)
{
    const job *j = context;
    size_t in = j->l.inputs, b = (size_t)i * IMAGES;
    vd_variance_square(vd_piece_length(j->l.batch, IMAGES, i) * in, j->input + b * in,
                       vd_variance_at(j->square, b * in));
}

/* product = input theta^T, and its variance input^2 sigma2^T, for some units */
static void multiply_units(int i, void *context)
{
    const job *j = context;
    int in = j->l.inputs, out = j->l.outputs, o = i * UNITS;
    vd_gemm_shape s = {.m = j->l.batch, .n = vd_piece_length(out, UNITS, i), .k = in, .lda = in, .ldb = in, .ldc = out};
    s.transpose_b = 1;
    vd_gemm(s, j->input, j->p.theta + (size_t)o * in, vd_product_of(j->l) + o);
    if (j->p.sigma2) vd_variance_gemm(s, j->square, vd_variance_at(j->p.sigma2, (size_t)o * in), j->p.noise_gain + o);
}

/* product += sqrt(variance + eps) noise for some images, then bias and activation */
static void finish_images(int i, void *context)
{
    const job *j = context;
    for (int b = i * IMAGES; b < i * IMAGES + vd_piece_length(j->l.batch, IMAGES, i); ++b) {
        if (j->p.sigma2) vd_add_noise(j->l, j->p, b);
        if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
    }
}

static void add_bias_updates(const job *j, int o, int n)
{
    for (int b = 0; !j->l.batch_normalize && b < j->l.batch; ++b)
        j->k->add(n, j->l.delta + (size_t)b * j->l.outputs + o, j->l.bias_updates + o);
}

void vd_dense_forward(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input};
    if (p.sigma2) share_arrays(&j);
    if (p.sigma2) vd_parallel_for(vd_pieces(l.batch, IMAGES), square_images, &j);
    vd_parallel_for(vd_pieces(l.outputs, UNITS), multiply_units, &j);
    if (p.sigma2 || !l.batch_normalize) vd_parallel_for(vd_pieces(l.batch, IMAGES), finish_images, &j);
}

/* for some images: the gradients of product and variance, and again input^2 */
static void begin_images(int i, void *context)
{
    const job *j = context;
    int n = vd_piece_length(j->l.batch, IMAGES, i);
    size_t out = j->l.outputs, first = (size_t)i * IMAGES * out;
    for (int b = i * IMAGES; !j->l.batch_normalize && b < i * IMAGES + n; ++b) vd_backward_tail(j->l, b, 0);
    if (!j->p.sigma2) return;
    square_images(i, context);
    vd_variance_multiply(n * out, j->l.delta + first, j->p.noise_gain + first, vd_variance_at(j->d_var, first));
}

/* forward was product = input theta^T + f(input^2 sigma2^T): for some units
 *     d theta += d product^T input,  d sigma2 += d var^T input^2,  d bias += the sum of d product */
static void backward_units(const job *j, int i)
{
    int in = j->l.inputs, out = j->l.outputs, o = i * UNITS, n = vd_piece_length(out, UNITS, i);
    vd_gemm_shape s = {.m = n, .n = in, .k = j->l.batch, .lda = out, .ldb = in, .ldc = in, .transpose_a = 1, .add = 1};
    vd_gemm(s, j->l.delta + o, j->input, j->p.d_theta + (size_t)o * in);
    if (j->p.sigma2) vd_variance_gemm(s, vd_variance_at(j->d_var, o), j->square, j->p.d_sigma2 + (size_t)o * in);
    add_bias_updates(j, o, n);
}

/* for some columns: d input += d product theta + 2 input (d var sigma2) */
static void backward_columns(const job *j, int i)
{
    int in = j->l.inputs, out = j->l.outputs, c = i * COLUMNS, n = vd_piece_length(in, COLUMNS, i);
    vd_gemm_shape s = {.m = j->l.batch, .n = n, .k = out, .lda = out, .ldb = in, .ldc = in, .add = 1};
    vd_gemm(s, j->l.delta, j->p.theta + c, j->d_input + c);
    if (!j->p.sigma2) return;
    float *d_square = vd_scratch(VD_SCRATCH_D_SQUARE, (size_t)j->l.batch * n);
    s.ldc = n;
    s.add = 0;
    vd_variance_gemm(s, j->d_var, vd_variance_at(j->p.sigma2, c), d_square);
    for (int b = 0; b < j->l.batch; ++b) {
        size_t at = (size_t)b * in + c;
        j->k->add_twice_product(n, j->input + at, d_square + (size_t)b * n, j->d_input + at);
    }
}

static void backward_piece(int i, void *context)
{
    const job *j = context;
    int units = vd_pieces(j->l.outputs, UNITS);
    if (i < units) backward_units(j, i);
    else backward_columns(j, i - units);
}

void vd_dense_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .d_input = d_input};
    if (p.sigma2) share_arrays(&j);
    vd_parallel_for(vd_pieces(l.batch, IMAGES), begin_images, &j);
    vd_parallel_for(vd_pieces(l.outputs, UNITS) + (d_input ? vd_pieces(l.inputs, COLUMNS) : 0), backward_piece, &j);
}
