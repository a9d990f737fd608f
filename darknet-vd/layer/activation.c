#include "layer/activation.h"
#include "layer/kept.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "activations.h"

int vd_activation_is_leaky(ACTIVATION a, float *slope)
{
    *slope = a == RELU ? 0 : a == LEAKY ? .1f : 1;
    return a == RELU || a == LEAKY || a == LINEAR;
}

int vd_activation_is_smooth(ACTIVATION a, vd_smooth *f)
{
    *f = a == SWISH ? VD_SWISH : a == GELU ? VD_GELU : a == HARD_MISH ? VD_HARD_MISH : VD_MISH;
    return a == SWISH || a == GELU || a == HARD_MISH || a == MISH;
}

void vd_activate(ACTIVATION a, size_t n, float *x)
{
    float slope;
    vd_smooth f;
    if (vd_activation_is_smooth(a, &f)) vd_kernels_get()->smooth->forward(f, n, x, x);
    else if (!vd_activation_is_leaky(a, &slope)) activate_array(x, (int)n, a);
    else if (a != LINEAR) vd_kernels_get()->leaky(n, slope, x);
}

void vd_activate_backward(ACTIVATION a, size_t n, const float *x, const float *y, float *d)
{
    float slope;
    vd_smooth f;
    if (vd_activation_is_smooth(a, &f)) vd_kernels_get()->smooth->backward(f, n, x, d);
    else if (!vd_activation_is_leaky(a, &slope)) gradient_array(y, (int)n, a, d);
    else if (a != LINEAR) vd_kernels_get()->leaky_backward(n, slope, y, d);
}

/* ---- inputs that are kept ---- */

void vd_keep_activation_inputs(layer l, int wanted)
{
    vd_kept *k = vd_kept_of(l);
    size_t n = (size_t)l.batch * l.outputs;
    vd_smooth f;
    if (!k) return;
    k->inputs.are_written = 0;
    if (!wanted || l.batch_normalize || !vd_activation_is_smooth(l.activation, &f)) return;
    if (k->inputs.room < n) {
        free(k->inputs.values);
        k->inputs.values = 0; /* a callback of vd_on_die() may leave from the next line */
        k->inputs.room = 0;
        k->inputs.values = vd_calloc(n, sizeof(float));
        k->inputs.room = n;
    }
    k->inputs.are_written = 1;
}

float *vd_activation_inputs(layer l)
{
    const vd_kept *k = vd_kept_of(l);
    return k && k->inputs.are_written ? k->inputs.values : 0;
}

/* ---- a layer's outputs ---- */

enum { PIECE = 1 << 14 };

static void activate_piece(int i, void *context)
{
    const layer *l = context;
    size_t at = (size_t)i * PIECE, n = vd_piece_length((size_t)l->batch * l->outputs, PIECE, i);
    float *inputs = vd_activation_inputs(*l);
    if (inputs) memcpy(inputs + at, l->output + at, n * sizeof(float));
    vd_activate(l->activation, n, l->output + at);
}

static void activate_piece_backward(int i, void *context)
{
    const layer *l = context;
    size_t at = (size_t)i * PIECE, n = vd_piece_length((size_t)l->batch * l->outputs, PIECE, i);
    const float *inputs = vd_activation_inputs(*l);
    vd_activate_backward(l->activation, n, inputs ? inputs + at : 0, l->output + at, l->delta + at);
}

void vd_activate_output(layer l, network net)
{
    vd_keep_activation_inputs(l, net.train || net.delta);
    if (l.activation != LINEAR) vd_parallel_for(vd_pieces((size_t)l.batch * l.outputs, PIECE), activate_piece, &l);
}

void vd_activate_delta(layer l)
{
    int pieces = vd_pieces((size_t)l.batch * l.outputs, PIECE);
    if (l.activation != LINEAR) vd_parallel_for(pieces, activate_piece_backward, &l);
}
