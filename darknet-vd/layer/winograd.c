#include "layer/winograd.h"
#include "layer/activation.h"
#include "layer/bias_activation.h"
#include "layer/norm.h"
#include "layer/window.h"
#include "base/fail.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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

typedef struct {
    const float *weights; /* the layer's */
    int c, n;
    uint64_t fingerprint;
    vd_winograd *made;
} kept;

/* of all networks; a layer's own entry is used by one thread at a time, as its network is */
static struct {
    pthread_mutex_t lock;
    int n;
    kept **entries;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* the number of the layer's entry, all.n when there is none; with the lock held */
static int find(const float *weights)
{
    int i = 0;
    while (i < all.n && all.entries[i]->weights != weights) ++i;
    return i;
}

/* the layer's entry, a new one when it has none; null without memory */
static kept *entry_of(layer l)
{
    pthread_mutex_lock(&all.lock);
    int i = find(l.weights);
    kept *e = i < all.n ? all.entries[i] : calloc(1, sizeof(*e));
    if (e && i == all.n) {
        kept **more = realloc(all.entries, (all.n + 1) * sizeof(*more));
        if (more) {
            all.entries = more;
            all.entries[all.n++] = e;
            e->weights = l.weights;
        } else {
            free(e);
            e = 0;
        }
    }
    pthread_mutex_unlock(&all.lock);
    return e;
}

const vd_winograd *vd_winograd_of_plain(layer l)
{
    kept *e = entry_of(l);
    if (!e) return 0;
    uint64_t fingerprint = vd_winograd_fingerprint(vd_kernels_get()->winograd, l.nweights, l.weights);
    if (e->made && e->fingerprint == fingerprint && e->c == l.c && e->n == l.n) return e->made;
    free_vd_winograd(e->made);
    *e = (kept){l.weights, l.c, l.n, fingerprint, make_vd_winograd(l.c, l.n, l.weights)};
    return e->made; /* all.entries has e: NOLINT(clang-analyzer-unix.Malloc) */
}

void vd_forget_winograd(layer l)
{
    pthread_mutex_lock(&all.lock);
    int i = find(l.weights);
    kept *e = i < all.n ? all.entries[i] : 0;
    if (e) all.entries[i] = all.entries[--all.n];
    pthread_mutex_unlock(&all.lock);
    if (e) free_vd_winograd(e->made);
    free(e);
}
