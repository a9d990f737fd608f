#include "layer/update.h"
#include "layer/layer_state.h"
#include "base/fail.h"
#include "base/parallel.h"

#include <math.h>

vd_step vd_step_of(layer l, update_args a)
{
    vd_step s = {.adam = a.adam, .momentum = a.momentum};
    s.args = (vd_adam_args){.rate = a.learning_rate * l.learning_rate_scale,
                            .b1 = a.B1,
                            .b2 = a.B2,
                            .eps = a.eps,
                            .batch = a.batch,
                            .decay = a.decay};
    if (a.adam) {
        s.args.correction1 = (float)(1 - pow(a.B1, a.t));
        s.args.correction2 = (float)(1 - pow(a.B2, a.t));
    }
    return s;
}

vd_step vd_step_without_decay(vd_step s)
{
    s.args.decay = 0;
    return s;
}

void vd_update(vd_step s, size_t n, float *x, float *updates, float *m, float *v)
{
    if (s.adam) vd_kernels_get()->adam(n, s.args, x, updates, m, v);
    else vd_kernels_get()->sgd(n, s.args.rate, s.momentum, s.args.decay, s.args.batch, x, updates, m);
}

void vd_update_biases(layer l, update_args a)
{
    vd_step s = vd_step_without_decay(vd_step_of(l, a));
    int n = l.out_c;
    if (a.adam) {
        vd_update(s, n, l.biases, l.bias_updates, l.bias_m, l.bias_v);
        if (l.batch_normalize) vd_update(s, n, l.scales, l.scale_updates, l.scale_m, l.scale_v);
        return;
    }
    axpy_cpu(n, s.args.rate / a.batch, l.bias_updates, 1, l.biases, 1);
    scal_cpu(n, a.momentum, l.bias_updates, 1);
    if (l.batch_normalize) {
        axpy_cpu(n, s.args.rate / a.batch, l.scale_updates, 1, l.scales, 1);
        scal_cpu(n, a.momentum, l.scale_updates, 1);
    }
}

typedef struct {
    layer l;
    vd_step step;
} job;

enum { PIECE = 8192 };

static void update_weights(int i, void *context)
{
    const job *j = context;
    size_t o = (size_t)i * PIECE, n = vd_piece_length(vd_weights_of(j->l), PIECE, i);
    vd_update(j->step, n, j->l.weights + o, j->l.weight_updates + o, j->l.m + o, j->l.v + o);
}

int vd_update_stock_layer_adam(layer l, update_args a)
{
    if (vd_is_recurrent(l)) {
        layer *parts[VD_LAYER_PARTS];
        vd_parts_of(l, parts);
        for (int i = 0; i < VD_LAYER_PARTS; ++i)
            if (parts[i]) vd_update_stock_layer_adam(*parts[i], a);
        return 1;
    }
    if (!vd_has_weights(l)) return 0;
    job j = {l, vd_step_of(l, a)};
    vd_step plain = vd_step_without_decay(j.step);
    vd_parallel_for(vd_pieces(vd_weights_of(l), PIECE), update_weights, &j);
    vd_update(plain, vd_biases_of(l), l.biases, l.bias_updates, l.bias_m, l.bias_v);
    if (l.scales && l.scale_updates) vd_update(plain, vd_biases_of(l), l.scales, l.scale_updates, l.scale_m, l.scale_v);
    return 1;
}

static float *moment(float *present, size_t n)
{
    return present ? present : vd_calloc(n, sizeof(float));
}

void vd_update_allocate_adam(layer *l)
{
    if (vd_is_recurrent(*l)) {
        layer *parts[VD_LAYER_PARTS];
        vd_parts_of(*l, parts);
        for (int i = 0; i < VD_LAYER_PARTS; ++i)
            if (parts[i]) vd_update_allocate_adam(parts[i]);
        return;
    }
    if (!vd_has_weights(*l) && l->type != BATCHNORM) return;
    if (vd_has_weights(*l)) {
        l->m = moment(l->m, vd_weights_of(*l));
        l->v = moment(l->v, vd_weights_of(*l));
    }
    l->bias_m = moment(l->bias_m, vd_biases_of(*l));
    l->bias_v = moment(l->bias_v, vd_biases_of(*l));
    if (l->scales) {
        l->scale_m = moment(l->scale_m, vd_biases_of(*l));
        l->scale_v = moment(l->scale_v, vd_biases_of(*l));
    }
}
