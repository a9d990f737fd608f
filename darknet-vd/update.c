#include "update.h"
#include "util.h"
#include "kernels/kernels.h"

#include <math.h>

#include "blas.h"

vd_update_rates vd_update_rates_of(layer l, update_args a)
{
    return (vd_update_rates){a.learning_rate * l.learning_rate_scale, a.decay};
}

vd_update_rates vd_update_without_decay(vd_update_rates r)
{
    r.decay = 0;
    return r;
}

void vd_update_adam(size_t n, float *x, float *updates, float *m, float *v, update_args a, vd_update_rates r)
{
    vd_adam_args args = {.rate = r.rate,
                         .b1 = a.B1,
                         .b2 = a.B2,
                         .eps = a.eps,
                         .correction1 = (float)(1 - pow(a.B1, a.t)),
                         .correction2 = (float)(1 - pow(a.B2, a.t)),
                         .batch = a.batch,
                         .decay = r.decay};
    vd_kernels_get()->adam(n, args, x, updates, m, v);
}

void vd_update_sgd(size_t n, float *x, float *updates, float *velocity, update_args a, vd_update_rates r)
{
    vd_kernels_get()->sgd(n, r.rate, a.momentum, r.decay, a.batch, x, updates, velocity);
}

void vd_update_biases(layer l, update_args a)
{
    vd_update_rates r = vd_update_without_decay(vd_update_rates_of(l, a));
    int n = l.out_c;
    if (a.adam) {
        vd_update_adam(n, l.biases, l.bias_updates, l.bias_m, l.bias_v, a, r);
        if (l.batch_normalize) vd_update_adam(n, l.scales, l.scale_updates, l.scale_m, l.scale_v, a, r);
        return;
    }
    axpy_cpu(n, r.rate / a.batch, l.bias_updates, 1, l.biases, 1);
    scal_cpu(n, a.momentum, l.bias_updates, 1);
    if (l.batch_normalize) {
        axpy_cpu(n, r.rate / a.batch, l.scale_updates, 1, l.scales, 1);
        scal_cpu(n, a.momentum, l.scale_updates, 1);
    }
}

/* the layers a recurrent layer is made of; the unused ones are null */
enum { PARTS = 17 };

static void parts_of(layer l, layer *parts[PARTS])
{
    layer *all[PARTS] = {l.input_layer, l.self_layer, l.output_layer, l.wz, l.uz, l.wr, l.ur, l.wh, l.uh,
                         l.uo,          l.wo,         l.uf,           l.wf, l.ui, l.wi, l.ug, l.wg};
    for (int i = 0; i < PARTS; ++i) parts[i] = all[i];
}

static int is_recurrent(layer l)
{
    return l.type == RNN || l.type == GRU || l.type == LSTM || l.type == CRNN;
}

static int has_weights(layer l)
{
    return l.type == CONVOLUTIONAL || l.type == CONNECTED || l.type == DECONVOLUTIONAL || l.type == LOCAL;
}

static size_t weights_of(layer l)
{
    switch (l.type) {
    case CONNECTED:
        return (size_t)l.inputs * l.outputs;
    case LOCAL:
        return (size_t)l.size * l.size * l.c * l.n * l.out_w * l.out_h;
    case DECONVOLUTIONAL:
        return (size_t)l.size * l.size * l.c * l.n;
    default:
        return l.nweights;
    }
}

/* [local] has a bias for every output, the others one for every channel */
static size_t biases_of(layer l)
{
    return l.type == LOCAL ? l.outputs : l.out_c;
}

int vd_update_stock_layer_adam(layer l, update_args a)
{
    if (is_recurrent(l)) {
        layer *parts[PARTS];
        parts_of(l, parts);
        for (int i = 0; i < PARTS; ++i)
            if (parts[i]) vd_update_stock_layer_adam(*parts[i], a);
        return 1;
    }
    if (!has_weights(l)) return 0;
    vd_update_rates r = vd_update_rates_of(l, a), plain = vd_update_without_decay(r);
    vd_update_adam(weights_of(l), l.weights, l.weight_updates, l.m, l.v, a, r);
    vd_update_adam(biases_of(l), l.biases, l.bias_updates, l.bias_m, l.bias_v, a, plain);
    if (l.scales && l.scale_updates)
        vd_update_adam(biases_of(l), l.scales, l.scale_updates, l.scale_m, l.scale_v, a, plain);
    return 1;
}

static float *moment(float *present, size_t n)
{
    return present ? present : vd_calloc(n, sizeof(float));
}

void vd_update_allocate_adam(layer *l)
{
    if (is_recurrent(*l)) {
        layer *parts[PARTS];
        parts_of(*l, parts);
        for (int i = 0; i < PARTS; ++i)
            if (parts[i]) vd_update_allocate_adam(parts[i]);
        return;
    }
    if (!has_weights(*l)) return;
    l->m = moment(l->m, weights_of(*l));
    l->v = moment(l->v, weights_of(*l));
    l->bias_m = moment(l->bias_m, biases_of(*l));
    l->bias_v = moment(l->bias_v, biases_of(*l));
    if (l->scales) {
        l->scale_m = moment(l->scale_m, biases_of(*l));
        l->scale_v = moment(l->scale_v, biases_of(*l));
    }
}
