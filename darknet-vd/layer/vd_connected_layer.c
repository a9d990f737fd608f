#include "vd_connected_layer.h"
#include "vd_layer.h"
#include "../kernels/gemm.h"
#include "../kernels/parallel.h"
#include "../kernels/scratch.h"

/* Work is cut by these sizes alone, never by the number of threads: results do not depend on it. */
enum { IMAGES = 16, UNITS = 64 };

typedef struct {
    layer l;
    vd_layer *vd;
    const vd_kernels *k;
    network net;
    const float *theta; /* [out][in] of the mean */
    const float *input; /* [batch][in] */
    float *input2;      /* [batch][in] input^2 */
    float *d_var;       /* [batch][out] -dL/dvar */
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
static void predict_images(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, b = i * IMAGES;
    vd_gemm(0, 1, length(j->l.batch, IMAGES, i), out, in, j->input + (size_t)b * in, in, j->theta, in, 0,
            j->l.output + (size_t)b * out, out);
}

/* the same for some units, all images: how a batch too small to cut is shared */
static void predict_units(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, o = i * UNITS;
    vd_gemm(0, 1, j->l.batch, length(out, UNITS, i), in, j->input, in, j->theta + (size_t)o * in, in, 0,
            j->l.output + o, out);
}

/* output = input theta^T + sqrt(input^2 sigma2^T + eps) noise */
static void sample_images(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, b = i * IMAGES, n = length(j->l.batch, IMAGES, i);
    float *var = j->vd->noise_gain + (size_t)b * out;
    float *noise = vd_scratch(VD_SCRATCH_A, out);
    predict_images(i, context);
    j->k->square((size_t)n * in, j->input + (size_t)b * in, j->input2 + (size_t)b * in);
    vd_gemm(0, 1, n, out, in, j->input2 + (size_t)b * in, in, j->vd->sigma2, in, 0, var, out);
    for (int p = 0; p < n; ++p) {
        j->k->noise(vd_layer_noise_key(j->l, j->net, b + p), out, noise);
        j->k->sample(out, noise, var + (size_t)p * out, j->l.output + (size_t)(b + p) * out);
    }
}

static void forward_vd_connected_layer(layer l, network net)
{
    job j = {.l = l, .vd = l.plugin, .k = vd_kernels_get(), .net = net, .input = net.input};
    if (net.train) {
        j.theta = vd_layer_begin_training(l, net);
        j.input2 = vd_scratch(VD_SCRATCH_SHARED, (size_t)l.batch * l.inputs);
        vd_parallel_for(pieces(l.batch, IMAGES), sample_images, &j);
    } else {
        j.theta = vd_layer_test_weights(l);
        if (l.batch < IMAGES)
            vd_parallel_for(pieces(l.outputs, UNITS), predict_units, &j);
        else
            vd_parallel_for(pieces(l.batch, IMAGES), predict_images, &j);
    }
    forward_vd_layer_tail(l, net);
}

/* forward was output = input theta^T + f(input^2 sigma2^T): for some units
 *     d theta += d output^T input,  d sigma2 += d var^T input^2 */
static void backward_units(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, o = i * UNITS, n = length(out, UNITS, i);
    vd_gemm(1, 0, n, in, j->l.batch, j->l.delta + o, out, j->input, in, 1, vd_layer_mean_updates(j->l) + (size_t)o * in,
            in);
    vd_gemm(1, 0, n, in, j->l.batch, j->d_var + o, out, j->input2, in, 1, j->vd->d_log_sigma2 + (size_t)o * in, in);
}

/* for some images: input^2 again, and d var = d output * gain in the place of gain, which is read once */
static void backward_variance(int i, void *context)
{
    job *j = context;
    size_t in = j->l.inputs, out = j->l.outputs, b = (size_t)i * IMAGES, n = length(j->l.batch, IMAGES, i);
    j->k->square(n * in, j->input + b * in, j->input2 + b * in);
    j->k->multiply_by(n * out, j->l.delta + b * out, j->d_var + b * out);
}

/* for some images: d input += d output theta + 2 input (d var sigma2) */
static void backward_images(int i, void *context)
{
    job *j = context;
    int in = j->l.inputs, out = j->l.outputs, b = i * IMAGES, n = length(j->l.batch, IMAGES, i);
    float *d_input = j->net.delta + (size_t)b * in;
    float *d_input2 = vd_scratch(VD_SCRATCH_A, (size_t)n * in);
    vd_gemm(0, 0, n, in, out, j->l.delta + (size_t)b * out, out, j->theta, in, 1, d_input, in);
    vd_gemm(0, 0, n, in, out, j->d_var + (size_t)b * out, out, j->vd->sigma2, in, 0, d_input2, in);
    j->k->add_twice_product((size_t)n * in, j->input + (size_t)b * in, d_input2, d_input);
}

static void backward_vd_connected_layer(layer l, network net)
{
    job j = {.l = l, .vd = l.plugin, .k = vd_kernels_get(), .net = net, .input = net.input};
    backward_vd_layer_tail(l, net);
    j.theta = j.vd->train_clip ? j.vd->masked : l.weights;
    j.input2 = vd_scratch(VD_SCRATCH_SHARED, (size_t)l.batch * l.inputs);
    j.d_var = j.vd->noise_gain;
    vd_parallel_for(pieces(l.batch, IMAGES), backward_variance, &j);
    vd_parallel_for(pieces(l.outputs, UNITS), backward_units, &j);
    if (net.delta) vd_parallel_for(pieces(l.batch, IMAGES), backward_images, &j);
}

void make_vd_connected_layer(layer *l)
{
    l->forward = forward_vd_connected_layer;
    l->backward = backward_vd_connected_layer;
    l->update = update_vd_layer;
    l->plugin_free = free_vd_layer;
}
