#include "product.h"
#include "../kernels/gemm.h"
#include "../kernels/parallel.h"
#include "../kernels/scratch.h"

/* Work is cut by these sizes alone, never by the number of threads: results do not depend on it. */
enum { IMAGES = 25, UNITS = 64 };

typedef struct {
    layer l;
    vd_product p;
    const vd_kernels *k;
    const float *input; /* [batch][in] */
    float *input2;      /* [batch][in] input^2 */
    float *d_input;     /* [batch][in] */
} job;

static int pieces(int n, int size)
{
    return (n + size - 1) / size;
}

static int length(int n, int size, int i)
{
    return n - i * size < size ? n - i * size : size;
}

/* output = input theta^T for some images */
static void multiply_images(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, b = i * IMAGES;
    vd_gemm(
        (vd_gemm_shape){
            .m = length(j->l.batch, IMAGES, i), .n = out, .k = in, .lda = in, .ldb = in, .ldc = out, .transpose_b = 1},
        j->input + (size_t)b * in, j->p.theta, j->l.output + (size_t)b * out);
}

/* the same for some units, all images: how a batch too small to cut is shared */
static void multiply_units(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, o = i * UNITS;
    vd_gemm(
        (vd_gemm_shape){
            .m = j->l.batch, .n = length(out, UNITS, i), .k = in, .lda = in, .ldb = in, .ldc = out, .transpose_b = 1},
        j->input, j->p.theta + (size_t)o * in, j->l.output + o);
}

/* output = input theta^T + sqrt(input^2 sigma2^T + eps) noise */
static void sample_images(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, b = i * IMAGES, n = length(j->l.batch, IMAGES, i);
    float *var = j->p.noise_gain + (size_t)b * out;
    float *noise = vd_scratch(VD_SCRATCH_A, out), *input2 = vd_scratch(VD_SCRATCH_B, (size_t)n * in);
    multiply_images(i, context);
    j->k->square((size_t)n * in, j->input + (size_t)b * in, input2);
    vd_gemm((vd_gemm_shape){.m = n, .n = out, .k = in, .lda = in, .ldb = in, .ldc = out, .transpose_b = 1}, input2,
            j->p.sigma2, var);
    for (int p = 0; p < n; ++p) {
        vd_noise_key key = j->p.key;
        key.image += b + p;
        j->k->noise(key, out, noise);
        j->k->sample(out, noise, var + (size_t)p * out, j->l.output + (size_t)(b + p) * out);
    }
}

void vd_dense_forward(layer l, const float *input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input};
    if (p.sigma2) vd_parallel_for(pieces(l.batch, IMAGES), sample_images, &j);
    else if (l.batch < IMAGES) vd_parallel_for(pieces(l.outputs, UNITS), multiply_units, &j);
    else vd_parallel_for(pieces(l.batch, IMAGES), multiply_images, &j);
}

/* forward was output = input theta^T + f(input^2 sigma2^T): for some units
 *     d theta += d output^T input,  d sigma2 += d var^T input^2 */
static void backward_units(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, o = i * UNITS, n = length(out, UNITS, i);
    vd_gemm(
        (vd_gemm_shape){.m = n, .n = in, .k = j->l.batch, .lda = out, .ldb = in, .ldc = in, .transpose_a = 1, .add = 1},
        j->l.delta + o, j->input, j->p.d_theta + (size_t)o * in);
    if (!j->p.sigma2) return;
    vd_gemm(
        (vd_gemm_shape){.m = n, .n = in, .k = j->l.batch, .lda = out, .ldb = in, .ldc = in, .transpose_a = 1, .add = 1},
        j->p.noise_gain + o, j->input2, j->p.d_sigma2 + (size_t)o * in);
}

/* for some images: input^2, and d var = d output * gain in the place of gain, which is read once */
static void backward_variance(int i, void *context)
{
    job *j = context;
    size_t in = j->l.inputs, out = j->l.outputs, b = (size_t)i * IMAGES, n = length(j->l.batch, IMAGES, i);
    j->k->square(n * in, j->input + b * in, j->input2 + b * in);
    j->k->multiply_by(n * out, j->l.delta + b * out, j->p.noise_gain + b * out);
}

/* for some images: d input += d output theta + 2 input (d var sigma2) */
static void backward_images(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, b = i * IMAGES, n = length(j->l.batch, IMAGES, i);
    float *d_input = j->d_input + (size_t)b * in;
    vd_gemm((vd_gemm_shape){.m = n, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in, .add = 1},
            j->l.delta + (size_t)b * out, j->p.theta, d_input);
    if (!j->p.sigma2) return;
    float *d_input2 = vd_scratch(VD_SCRATCH_A, (size_t)n * in);
    vd_gemm((vd_gemm_shape){.m = n, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in},
            j->p.noise_gain + (size_t)b * out, j->p.sigma2, d_input2);
    j->k->add_twice_product((size_t)n * in, j->input + (size_t)b * in, d_input2, d_input);
}

void vd_dense_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = {.l = l, .p = p, .k = vd_kernels_get(), .input = input, .d_input = d_input};
    if (p.sigma2) {
        j.input2 = vd_scratch(VD_SCRATCH_SHARED, (size_t)l.batch * l.inputs);
        vd_parallel_for(pieces(l.batch, IMAGES), backward_variance, &j);
    }
    vd_parallel_for(pieces(l.outputs, UNITS), backward_units, &j);
    if (d_input) vd_parallel_for(pieces(l.batch, IMAGES), backward_images, &j);
}
