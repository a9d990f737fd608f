#include "layer/winograd.h"
#include "layer/activation.h"
#include "layer/kept.h"
#include "layer/norm.h"
#include "layer/window.h"
#include "base/fail.h"

#include <stdlib.h>

enum { MOST_IMAGES = 4 }; /* more keep the kernels for batches busy, which need no transformed weights */

int vd_winograd_layer_fits(layer l)
{
    vd_window w = vd_window_of(l);
    return l.type == CONVOLUTIONAL && l.groups == 1 && !l.binary && !l.xnor && l.batch <= MOST_IMAGES &&
           vd_winograd_pays(w) && vd_kernels_get() != &vd_kernels_c;
}

void vd_winograd_layer_forward(const vd_winograd *g, layer l, const float *input)
{
    vd_window w = vd_window_of(l);
    float slope, *scale = 0, *bias = l.biases;
    int leaky = vd_activation_is_leaky(l.activation, &slope);
    if (l.batch_normalize) {
        scale = vd_calloc(2 * (size_t)l.n, sizeof(float));
        bias = scale + l.n;
        vd_fold_norm(l, l.n, scale, bias);
    }
    for (int b = 0; b < l.batch; ++b)
        vd_winograd_forward(g, vd_kernels_get()->winograd, w, input + (size_t)b * l.inputs, scale, bias,
                            leaky ? slope : 1, l.output + (size_t)b * l.outputs);
    free(scale);
    if (!leaky) vd_activate(l.activation, (size_t)l.batch * l.outputs, l.output);
}

/* ---- plain layers ---- */

const vd_winograd *vd_winograd_of_plain(layer l)
{
    vd_kept *k = vd_kept_of(l);
    if (!k) return 0;
    uint64_t fingerprint = vd_winograd_fingerprint(vd_kernels_get()->winograd, l.nweights, l.weights);
    if (k->winograd.made && k->winograd.fingerprint == fingerprint) return k->winograd.made;
    vd_forget_winograd(l);
    k->winograd.fingerprint = fingerprint;
    k->winograd.made = make_vd_winograd(l.c, l.n, l.weights);
    return k->winograd.made;
}

void vd_forget_winograd(layer l)
{
    vd_kept *k = vd_kept_of(l);
    if (!k) return;
    free_vd_winograd(k->winograd.made);
    k->winograd.made = 0;
}
