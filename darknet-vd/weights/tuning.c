#include "weights/tuning.h"
#include "weights/grid.h"
#include "weights/simplify.h"
#include "weights/values.h"
#include "weights/vdw_file.h"
#include "layer/vd_layer.h"
#include "base/fail.h"
#include "base/float_bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct vd_tuning {
    network *net;
    vd_parts own;     /* the network's arrays: weights are the numbers behind the integers */
    vd_parts rounded; /* integers times steps, and the biases of a batch */
    float **biases;   /* [parts][rows] the numbers behind the biases */
    vd_part_code *codes;
};

vd_tuning *make_vd_tuning(network *net)
{
    vd_tuning *t = vd_calloc(1, sizeof(*t));
    t->net = net;
    t->own = vd_parts_of_network(net);
    t->rounded = vd_parts_like(t->own);
    t->biases = vd_calloc(t->own.n, sizeof(float *));
    t->codes = vd_calloc(t->own.n, sizeof(vd_part_code));
    for (int i = 0; i < t->own.n; ++i) t->biases[i] = vd_calloc(t->own.part[i].rows, sizeof(float));
    return t;
}

void free_vd_tuning(vd_tuning *t)
{
    for (int i = 0; i < t->own.n; ++i) free(t->biases[i]);
    free(t->biases);
    free(t->codes);
    vd_parts_free(t->rounded);
    free(t->own.part);
    free(t);
}

/* biases that are packed as integers */
static int has_integer_biases(const vd_tuning *t, int i)
{
    return !t->codes[i].exact && !t->own.part[i].scales;
}

/* To the nearest multiple of the step. Where that is 0, to a number too small to matter while the network is trained:
 * what fine_tune.h sees as 0 would stay so */
static void round_weights(vd_part own, vd_part rounded, uint8_t number, float zero)
{
    float step = vd_pack_step(number);
    for (size_t k = 0; k < vd_part_weights(own); ++k) {
        float w = own.weights[k], steps = fminf(rintf(fabsf(w) / step), VD_MOST_INTEGER);
        if (w != 0) w = copysignf(steps > 0 ? steps * step : zero, w);
        rounded.weights[k] = w;
    }
}

static void round_all(const vd_tuning *t, float zero)
{
    for (int i = 0; i < t->own.n; ++i) {
        vd_part own = t->own.part[i], rounded = t->rounded.part[i];
        vd_part_copy(rounded, own);
        if (t->codes[i].exact) continue;
        round_weights(own, rounded, t->codes[i].step, zero);
        if (has_integer_biases(t, i)) vd_grid_round_to(own.rows, rounded.biases, vd_bias_step(t->codes[i]));
    }
}

/* what is 0 when rounded is 0 from now on */
static void take_zeros(const vd_tuning *t)
{
    for (int i = 0; i < t->own.n; ++i) {
        vd_part own = t->own.part[i], rounded = t->rounded.part[i];
        for (size_t k = 0; !t->codes[i].exact && k < vd_part_weights(own); ++k)
            if (vd_is_zero(rounded.weights[k])) own.weights[k] = 0;
    }
}

static void changed(const vd_tuning *t)
{
    for (int i = 0; i < t->own.n; ++i) {
        layer l = t->net->layers[t->own.part[i].layer];
        if (t->own.part[i].variational && vd_layer_of(l)) vd_layer_changed(l);
    }
}

char *vd_tuning_choose(vd_tuning *t, double rate)
{
    char *fault = vd_begin_values(t->net, t->rounded, VD_PACK_INT8);
    if (fault) return fault;
    for (int i = 0; i < t->own.n; ++i) vd_part_copy(t->own.part[i], t->rounded.part[i]);
    vd_round_by_rate(t->net, t->rounded, rate, t->codes);
    take_zeros(t);
    vd_simplify(t->net, t->own); /* the network's own arrays */
    changed(t);
    return 0;
}

void vd_tuning_begin_batch(vd_tuning *t)
{
    static const float next_to_0 = 1e-30f;
    round_all(t, next_to_0);
    for (int i = 0; i < t->own.n; ++i) {
        vd_part own = t->own.part[i], rounded = t->rounded.part[i];
        if (t->codes[i].exact) continue;
        vd_set_masked(t->net->layers[own.layer], rounded.weights);
        if (!has_integer_biases(t, i)) continue;
        memcpy(t->biases[i], own.biases, own.rows * sizeof(float));
        memcpy(own.biases, rounded.biases, own.rows * sizeof(float));
    }
}

void vd_tuning_end_batch(vd_tuning *t)
{
    for (int i = 0; i < t->own.n; ++i) {
        vd_part own = t->own.part[i], rounded = t->rounded.part[i];
        if (!has_integer_biases(t, i)) continue;
        for (int k = 0; k < own.rows; ++k) own.biases[k] = t->biases[i][k] + (own.biases[k] - rounded.biases[k]);
    }
}

/* t->rounded = what is packed: the integers, fewer at a rate that is not 0 */
static void final_values(const vd_tuning *t, double rate, vd_part_code *codes)
{
    memcpy(codes, t->codes, t->own.n * sizeof(*codes));
    round_all(t, 0);
    for (int i = 0; i < t->own.n && rate > 0; ++i) {
        layer l = t->net->layers[t->own.part[i].layer];
        if (!codes[i].exact)
            vd_grid_round(t->rounded.part[i], vd_layer_of(l)->log_sigma2,
                          (vd_grid_rule){.rate = rate, .least = codes[i].step, .is_fixed = 1});
    }
    vd_finish_values(t->net, t->rounded, VD_PACK_INT8, codes);
}

typedef struct {
    const vd_tuning *t;
    vd_part_code *codes;
} final_file;

static size_t size_at_rate(void *context, double rate)
{
    const final_file *f = context;
    char *fault;
    final_values(f->t, rate, f->codes);
    size_t n = vd_size_of_values(f->t->net, f->t->rounded, VD_PACK_INT8, f->codes, &fault);
    free(fault); /* vd_tuning_pack() meets it again */
    return n;
}

/* the smallest rate, to 1/100, at which the file has at most so many bytes; 0 where it has without one */
static double rate_that_fits(const vd_tuning *t, size_t bytes, vd_part_code *codes)
{
    final_file f = {t, codes};
    return !bytes || size_at_rate(&f, 0) <= bytes ? 0 : vd_smallest_rate(-16, bytes, size_at_rate, &f);
}

vd_packed vd_tuning_pack(const vd_tuning *t, size_t bytes, char **fault)
{
    vd_part_code *codes = vd_calloc(t->own.n, sizeof(*codes));
    final_values(t, rate_that_fits(t, bytes, codes), codes);
    vd_packed p = vd_pack_values(t->net, t->rounded, VD_PACK_INT8, codes, fault);
    free(codes);
    return p;
}
