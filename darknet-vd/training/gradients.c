#include "training/gradients.h"
#include "layer/layer_state.h"
#include "layer/posterior.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"
#include "base/fail.h"

#include <string.h>

enum { PER_LAYER = 8 }; /* arrays, at most */

static int is_kept(const vd_gradient *g, size_t i)
{
    if (g->masked) return g->masked[i] != 0;
    return !vd_is_frozen(g->of, i, g->batches);
}

static int has_gaps(const vd_gradient *g)
{
    return g->masked || g->of.pruned_for;
}

/* of a variational layer: of theta, or of the masked theta, and of sigma2; those it has already */
static int weights_of_vd(const network *net, layer l, vd_gradient *to)
{
    const vd_active *lists = vd_layer_of(l)->freezing.active;
    if (vd_cost_is_magnitude(net) && lists) {
        to[0] = (vd_gradient){.at = lists->p.d_theta, .n = lists->p.n, .layer = -1};
        return 1;
    }
    if (vd_cost_is_noiseless(net)) {
        to[0] = (vd_gradient){.at = l.weight_updates, .n = vd_layer_of(l)->n, .layer = -1, .masked = vd_masked(l)};
        return 1;
    }
    int count = 0;
    vd_parameters p = vd_trained_parameters(l);
    float *d_mean = vd_mean_gradients(l), *arrays[] = {d_mean ? d_mean : p.d_theta, p.d_sigma2};
    if (lists) p.pruned_for = 0; /* none of these is frozen */
    for (int i = 0; i < 2; ++i)
        if (arrays[i])
            to[count++] = (vd_gradient){.at = arrays[i],
                                        .n = p.n,
                                        .layer = vd_layer_of(l)->index,
                                        .of = p,
                                        .batches = vd_cost_freeze_pruned(net)};
    return count;
}

static int is_gradient(vd_array a)
{
    static const char ending[] = "_updates";
    size_t n = strlen(a.name), m = strlen(ending);
    return *a.at && n > m && !strcmp(a.name + n - m, ending);
}

static int arrays_of_layer(const network *net, layer *l, vd_gradient *to)
{
    vd_array arrays[VD_LAYER_ARRAYS];
    int n = vd_layer_arrays(l, arrays), is_vd = vd_layer_of(*l) != 0;
    int count = is_vd ? weights_of_vd(net, *l, to) : 0;
    int is_held = !net->adam || !l->update; /* SGD leaves its velocity there; without an update nobody clears it */
    for (int i = 0; i < n; ++i)
        if (is_gradient(arrays[i]) && !(is_vd && *arrays[i].at == l->weight_updates))
            to[count++] = (vd_gradient){.at = *arrays[i].at, .n = arrays[i].n, .layer = -1, .is_held = is_held};
    return count;
}

int vd_last_untrained(const network *net)
{
    int i = net->n - 1;
    while (i >= 0 && !vd_stops_backward(net->layers[i], net)) --i;
    return i;
}

int vd_gradients_of(const network *of, int next, vd_gradient **arrays)
{
    int count = 0;
    network net = *of;
    size_t seen = *of->seen + (next ? of->batch : 0);
    net.seen = &seen;
    *arrays = vd_calloc((size_t)net.n * PER_LAYER, sizeof(vd_gradient));
    for (int i = vd_last_untrained(&net) + 1; i < net.n; ++i)
        count += arrays_of_layer(&net, net.layers + i, *arrays + count);
    return count;
}

size_t vd_gradients_most(const network *net, int held)
{
    size_t n = 0;
    for (int i = 0; i < net->n; ++i) {
        layer *l = net->layers + i;
        vd_array arrays[VD_LAYER_ARRAYS];
        int count = vd_layer_arrays(l, arrays);
        if (held && net->adam && l->update) continue;
        if (vd_layer_of(*l)) n += vd_layer_of(*l)->n;
        for (int k = 0; k < count; ++k) n += is_gradient(arrays[k]) ? arrays[k].n : 0;
    }
    return n;
}

/* ---- packed: those that are kept, one after the other ---- */

static size_t copy_array(vd_gradient g, float *packed)
{
    size_t n = 0;
    if (!has_gaps(&g)) {
        memcpy(packed, g.at, g.n * sizeof(float));
        return g.n;
    }
    for (size_t i = 0; i < g.n; ++i)
        if (is_kept(&g, i)) packed[n++] = g.at[i];
    return n;
}

static size_t put_array(vd_gradient g, const float *packed)
{
    size_t n = 0;
    if (!has_gaps(&g)) {
        memcpy(g.at, packed, g.n * sizeof(float));
        return g.n;
    }
    for (size_t i = 0; i < g.n; ++i) g.at[i] = is_kept(&g, i) ? packed[n++] : 0;
    return n;
}

static size_t add_array(vd_gradient g, const float *packed)
{
    size_t n = 0;
    if (!has_gaps(&g)) {
        for (size_t i = 0; i < g.n; ++i) g.at[i] += packed[i];
        return g.n;
    }
    for (size_t i = 0; i < g.n; ++i)
        if (is_kept(&g, i)) g.at[i] += packed[n++];
    return n;
}

size_t vd_gradients_copy(const vd_gradient *arrays, int n, float *packed)
{
    size_t at = 0;
    for (int i = 0; i < n; ++i) at += copy_array(arrays[i], packed + at);
    return at;
}

void vd_gradients_clear(const vd_gradient *arrays, int n)
{
    for (int i = 0; i < n; ++i) memset(arrays[i].at, 0, arrays[i].n * sizeof(float));
}

size_t vd_gradients_put(const vd_gradient *arrays, int n, const float *packed)
{
    size_t at = 0;
    for (int i = 0; i < n; ++i) at += put_array(arrays[i], packed + at);
    return at;
}

size_t vd_gradients_add(const vd_gradient *arrays, int n, const float *packed)
{
    size_t at = 0;
    for (int i = 0; i < n; ++i) at += add_array(arrays[i], packed + at);
    return at;
}

void vd_gradients_clear_gaps(const vd_gradient *arrays, int n)
{
    for (int k = 0; k < n; ++k)
        for (size_t i = 0; has_gaps(arrays + k) && i < arrays[k].n; ++i)
            if (!is_kept(arrays + k, i)) arrays[k].at[i] = 0;
}
