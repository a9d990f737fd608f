#include "layer/activation.h"
#include "base/fail.h"
#include "kernels/kernels.h"

#include <stdlib.h>

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

typedef struct {
    float *inputs;
    size_t n; /* room for so many */
    int kept; /* the latest forward pass has written them */
} activation_inputs;

static activation_inputs *place_of(layer l)
{
    return l.type == CONVOLUTIONAL || l.type == CONNECTED ? l.later : 0;
}

void vd_keep_activation_inputs(layer l, int wanted)
{
    activation_inputs *a = place_of(l);
    size_t n = (size_t)l.batch * l.outputs;
    if (!a) return;
    a->kept = 0;
    if (!wanted) return;
    if (a->n < n) {
        free(a->inputs);
        a->inputs = 0; /* a callback of vd_on_die() may leave from the next line */
        a->n = 0;
        a->inputs = vd_calloc(n, sizeof(float));
        a->n = n;
    }
    a->kept = 1;
}

float *vd_activation_inputs(layer l)
{
    activation_inputs *a = place_of(l);
    return a && a->kept ? a->inputs : 0;
}

void vd_activation_free(layer l)
{
    activation_inputs *a = place_of(l);
    if (a) free(a->inputs);
    free(a);
}

void vd_activation_attach(layer *l)
{
    vd_smooth f;
    if (l->batch_normalize || !vd_activation_is_smooth(l->activation, &f)) return;
    l->later = vd_calloc(1, sizeof(activation_inputs));
    if (!l->plugin_free) l->plugin_free = vd_activation_free;
}
