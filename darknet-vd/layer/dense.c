/* The products of a connected layer with its input, with all weights. */
#include "layer/product.h"
#include "layer/bias_activation.h"
#include "layer/dense_gated.h"
#include "layer/dense_thin.h"
#include "layer/variance.h"
#include "kernels/products/tiled.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

/* Work is cut by these sizes alone, so that results do not depend on the number of threads: by the tile's blocks of
 * images, and products along theta, the larger side, so that each part of it is converted once. */
enum { UNITS = 32, TILED_UNITS = 64, COLUMNS = 64, TILED_COLUMNS = 128 };

typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    int tiled_mean, tiled_variance;  /* 1 where the product is by the tile: then all pieces share a packed factor */
    int thin;                        /* what multiplies the input is by dense_thin.h */
    int units, columns;              /* of a piece */
    const float *input;              /* [batch][in] */
    float *d_input;                  /* [batch][in] */
    void *square;                    /* [batch][in] input^2, in the type of variance.h; not with the tile */
    void *d_var;                     /* [batch][out] -dL/d(variance), in the same */
    float *packed, *packed_variance; /* forward: input and its square; backward: d product and d var */
    float *scales;                   /* [blocks of images] forward: what takes the scale of squares back; backward with
                                        fp16: the scale that each block's d var may have */
    float d_var_scale;               /* the smallest of these; 1 without fp16 */
    const vd_gated *gated;           /* backward: null, or the gradients where many are 0 */
} job;

/* room for the arrays that all pieces share; packed: numbers an image has in packed arrays */
static job make_job(layer l, const float *input, vd_product p, int packed, int backward)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .d_var_scale = 1};
    vd_type type = vd_variance_type();
    j.tiled_mean = vd_gemm_is_tiled();
    j.tiled_variance = p.sigma2 && (type == VD_FP16 || (type == VD_FLOAT && j.tiled_mean));
    j.thin = vd_dense_is_thin(l, input, p);
    j.units = j.tiled_mean || j.tiled_variance ? TILED_UNITS : UNITS;
    j.columns = j.tiled_mean || j.tiled_variance ? TILED_COLUMNS : COLUMNS;
    size_t squares = p.sigma2 && !j.tiled_variance && !j.thin ? (size_t)l.batch * l.inputs : 0;
    size_t d_vars = p.sigma2 && backward ? (size_t)l.batch * l.outputs : 0, pack = (size_t)l.batch * packed;
    float *next =
        vd_scratch(VD_SCRATCH_SHARED, squares + d_vars + (j.tiled_mean + j.tiled_variance) * pack + vd_blocks(l.batch));
    j.square = next;
    j.d_var = next += squares;
    j.packed = next += d_vars;
    j.packed_variance = next += j.tiled_mean * pack;
    j.scales = next + j.tiled_variance * pack;
    return j;
}

typedef struct {
    int first, n;
} images;

static images images_of(const job *j, int block)
{
    int first = vd_first_of_block(j->l.batch, block);
    return (images){first, vd_first_of_block(j->l.batch, block + 1) - first};
}

/* the squares of a block of images, packed; returns their scale */
static float pack_squares(const job *j, int block)
{
    images b = images_of(j, block);
    size_t n = (size_t)b.n * j->l.inputs;
    const float *x = j->input + (size_t)b.first * j->l.inputs;
    void *square = vd_scratch(VD_SCRATCH_SQUARE, n);
    float scale = vd_variance_scale_of_squares(n, x);
    vd_variance_square(n, x, scale, square);
    vd_tiled_pack(vd_variance_type(), j->l.batch, j->l.inputs, block, square, j->l.inputs, 0, j->packed_variance);
    return scale;
}

static void begin_forward(int block, void *context)
{
    const job *j = context;
    images b = images_of(j, block);
    size_t in = j->l.inputs, first = b.first * in;
    if (j->tiled_mean) vd_tiled_pack(VD_FLOAT, j->l.batch, (int)in, block, j->input + first, (int)in, 0, j->packed);
    if (j->tiled_variance) j->scales[block] = 1 / pack_squares(j, block);
    else if (j->p.sigma2) vd_variance_square(b.n * in, j->input + first, 1, vd_variance_at(j->square, first));
}

/* product = input theta^T, and its variance input^2 sigma2^T, for some units */
static void multiply_units(int i, void *context)
{
    const job *j = context;
    int in = j->l.inputs, out = j->l.outputs, o = i * j->units;
    vd_gemm_shape s = {.m = j->l.batch, .n = vd_piece_length(out, j->units, i), .k = in};
    s.lda = s.ldb = in;
    s.ldc = out;
    s.transpose_b = 1;
    const float *theta = j->p.theta + (size_t)o * in;
    float *product = vd_product_of(j->l) + o, *variance = j->p.noise_gain + o;
    if (j->tiled_mean) vd_tiled_multiply(s, VD_FLOAT, j->packed, 0, theta, 1, product);
    else vd_gemm(s, j->input, theta, product);
    if (!j->p.sigma2) return;
    const void *sigma2 = vd_variance_at(j->p.sigma2, (size_t)o * in);
    if (j->tiled_variance)
        vd_tiled_multiply(s, vd_variance_type(), j->packed_variance, j->scales, sigma2, 1 / j->p.sigma2_scale,
                          variance);
    else vd_variance_gemm(s, j->square, sigma2, 1, variance);
}

/* product += sqrt(variance + eps) noise for some images, then bias and activation */
static void finish_images(int block, void *context)
{
    const job *j = context;
    images some = images_of(j, block);
    for (int b = some.first; b < some.first + some.n; ++b) {
        if (j->p.sigma2) vd_add_noise(j->l, j->p, b);
        if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
    }
}

void vd_dense_forward(layer l, const float *input, vd_product p)
{
    int blocks = vd_blocks(l.batch);
    job j = make_job(l, input, p, l.inputs, 0);
    if (j.thin) {
        vd_dense_thin_forward(l, input, p);
    } else {
        if (j.tiled_mean || p.sigma2) vd_parallel_for(blocks, begin_forward, &j);
        vd_parallel_for(vd_pieces(l.outputs, j.units), multiply_units, &j);
    }
    if (p.sigma2 || !l.batch_normalize) vd_parallel_for(blocks, finish_images, &j);
}

/* ---- backward ---- */

/* for some images: the gradients of the product, and what depends on nothing else */
static void begin_backward(int block, void *context)
{
    const job *j = context;
    images some = images_of(j, block);
    int out = j->l.outputs;
    size_t n = (size_t)some.n * out, first = (size_t)some.first * out, in = j->l.inputs;
    const float *delta = j->l.delta + first, *gain = j->p.noise_gain + first;
    for (int b = some.first; !j->l.batch_normalize && b < some.first + some.n; ++b) vd_backward_tail(j->l, b, 0);
    if (!j->p.sigma2) return;
    if (!j->tiled_variance && !j->thin)
        vd_variance_square(some.n * in, j->input + some.first * in, 1, vd_variance_at(j->square, some.first * in));
    if (vd_variance_type() == VD_FP16) j->scales[block] = vd_variance_scale_of_gradients(n, delta, gain);
    else vd_variance_multiply(n, delta, gain, 1, vd_variance_at(j->d_var, first));
}

/* the gradients as the tile wants them, that of the variance once its scale is known */
static void pack_gradients(int block, void *context)
{
    const job *j = context;
    images some = images_of(j, block);
    int out = j->l.outputs;
    size_t first = (size_t)some.first * out;
    void *d_var = vd_variance_at(j->d_var, first);
    if (j->tiled_mean && j->d_input)
        vd_tiled_pack(VD_FLOAT, j->l.batch, out, block, j->l.delta + first, out, 0, j->packed);
    if (!j->tiled_variance) return;
    if (vd_variance_type() == VD_FP16)
        vd_variance_multiply((size_t)some.n * out, j->l.delta + first, j->p.noise_gain + first, j->d_var_scale, d_var);
    if (j->d_input) vd_tiled_pack(vd_variance_type(), j->l.batch, out, block, d_var, out, 0, j->packed_variance);
}

/* forward was product = input theta^T + f(input^2 sigma2^T): for some units
 *     d theta += d product^T input,  d sigma2 += d var^T input^2,  d bias += the sum of d product
 * where these are not by the tile */
static void backward_units(const job *j, int i)
{
    int in = j->l.inputs, out = j->l.outputs, o = i * j->units, n = vd_piece_length(out, j->units, i);
    vd_gemm_shape s = {.m = n, .n = in, .k = j->l.batch, .lda = out, .ldb = in, .ldc = in, .transpose_a = 1, .add = 1};
    if (!j->tiled_mean && !j->thin) vd_gemm(s, j->l.delta + o, j->input, j->p.d_theta + (size_t)o * in);
    if (j->p.sigma2 && !j->tiled_variance && !j->thin)
        vd_variance_gemm(s, vd_variance_at(j->d_var, o), j->square, 1, j->p.d_sigma2 + (size_t)o * in);
    for (int b = 0; !j->l.batch_normalize && b < j->l.batch; ++b)
        j->k->add(n, j->l.delta + (size_t)b * out + o, j->l.bias_updates + o);
}

/* the squares of n columns of the input; returns their scale */
static float square_columns(const job *j, int c, int n, void *square)
{
    float least = 1;
    for (int b = 0; b < j->l.batch; ++b) {
        float scale = vd_variance_scale_of_squares(n, j->input + (size_t)b * j->l.inputs + c);
        least = b == 0 || scale < least ? scale : least;
    }
    for (int b = 0; b < j->l.batch; ++b)
        vd_variance_square(n, j->input + (size_t)b * j->l.inputs + c, least, vd_variance_at(square, (size_t)b * n));
    return least;
}

/* the gradients of the weights of some columns, by the tile */
static void tile_columns(const job *j, int c, int n)
{
    int in = j->l.inputs, out = j->l.outputs;
    vd_tile t = {.m = out, .n = n, .k = j->l.batch, .a = j->l.delta, .a_row = 1, .a_step = out, .ldc = in, .add = 1};
    if (j->tiled_mean) {
        t.x = j->input + c;
        t.ldx = in;
        t.c = j->p.d_theta + c;
        t.scale = 1;
        j->k->tile(t);
    }
    if (!j->tiled_variance) return;
    void *square = vd_scratch(VD_SCRATCH_SQUARE, (size_t)j->l.batch * n);
    t.scale = 1 / (square_columns(j, c, n, square) * j->d_var_scale);
    t.a = j->d_var;
    t.x = square;
    t.ldx = n;
    t.c = j->p.d_sigma2 + c;
    if (vd_variance_type() == VD_FP16) j->k->tile_half(t);
    else j->k->tile(t);
}

/* for some columns: d input += d product theta + 2 input (d var sigma2) */
static void backward_columns(const job *j, int i)
{
    int in = j->l.inputs, out = j->l.outputs, c = i * j->columns, n = vd_piece_length(in, j->columns, i);
    vd_gemm_shape s = {.m = j->l.batch, .n = n, .k = out, .lda = out, .ldb = in, .ldc = in, .add = !j->p.overwrites};
    if (j->gated && !j->thin) vd_gated_gradients(j->gated, j->l, j->input, j->p, c, n);
    else if (!j->thin) tile_columns(j, c, n);
    if (!j->d_input) return;
    if (j->gated) {
        vd_gated_data(j->gated, j->l, j->input, j->p, c, n, j->d_input);
        return;
    }
    if (j->tiled_mean) vd_tiled_multiply(s, VD_FLOAT, j->packed, 0, j->p.theta + c, 1, j->d_input + c);
    else vd_gemm(s, j->l.delta, j->p.theta + c, j->d_input + c);
    if (!j->p.sigma2) return;
    float *d_square = vd_scratch(VD_SCRATCH_D_SQUARE, (size_t)j->l.batch * n);
    float scale = j->p.sigma2_scale * j->d_var_scale;
    const void *sigma2 = vd_variance_at(j->p.sigma2, c);
    s.ldc = n;
    s.add = 0;
    if (j->tiled_variance) vd_tiled_multiply(s, vd_variance_type(), j->packed_variance, 0, sigma2, 1 / scale, d_square);
    else vd_variance_gemm(s, j->d_var, sigma2, scale, d_square);
    for (int b = 0; b < j->l.batch; ++b) {
        size_t at = (size_t)b * in + c;
        j->k->add_twice_product(n, j->input + at, d_square + (size_t)b * n, j->d_input + at);
    }
}

static void backward_piece(int i, void *context)
{
    const job *j = context;
    int units = vd_pieces(j->l.outputs, j->units);
    if (i < units) backward_units(j, i);
    else backward_columns(j, i - units);
}

void vd_dense_backward(layer l, const float *input, float *d_input, vd_product p)
{
    int blocks = vd_blocks(l.batch);
    job j = make_job(l, input, p, d_input ? l.outputs : 0, 1);
    int by_columns = d_input || (!j.thin && (j.tiled_mean || j.tiled_variance));
    j.d_input = d_input;
    vd_parallel_for(blocks, begin_backward, &j);
    if (vd_variance_type() == VD_FP16)
        for (int i = 0; i < blocks && p.sigma2; ++i)
            if (i == 0 || j.scales[i] < j.d_var_scale) j.d_var_scale = j.scales[i];
    vd_gated gated;
    if (j.tiled_mean && vd_variance_type() == VD_FLOAT && by_columns && vd_dense_is_gated(l)) {
        gated = vd_dense_gate(l, p.sigma2 ? j.d_var : 0, j.columns);
        j.gated = &gated;
    } else if (j.tiled_mean || j.tiled_variance) {
        vd_parallel_for(blocks, pack_gradients, &j);
    }
    if (j.thin) vd_dense_thin_gradients(l, input, p);
    vd_parallel_for(vd_pieces(l.outputs, j.units) + (by_columns ? vd_pieces(l.inputs, j.columns) : 0), backward_piece,
                    &j);
}
