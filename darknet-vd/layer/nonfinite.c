#include "layer/nonfinite.h"
#include "base/fail.h"
#include "layer/layer_state.h"
#include "layer/pooled.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>

size_t vd_first_not_finite(size_t n, const float *x)
{
    enum { BLOCK = 1024 };
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t end = n - first < BLOCK ? n : first + BLOCK;
        if (vd_kernels_get()->all_finite(end - first, x + first)) continue;
        for (size_t i = first; i < end; ++i)
            if (!isfinite(x[i])) return i;
    }
    return n;
}

/* printf() shows the sign of a NaN, which means nothing */
static double shown(double x)
{
    return isnan(x) ? NAN : x;
}

/* null when all n numbers are finite, or n is 0 */
static char *fault_in(const network *net, int index, const char *name, const float *x, size_t n)
{
    size_t i = x ? vd_first_not_finite(n, x) : n;
    if (i == n) return 0;
    return vd_format("layer %d %s: %s[%zu] is %g", index, vd_layer_type(net->layers[index]), name, i, shown(x[i]));
}

static char *fault_in_arrays(const network *net, int index, const vd_array *arrays, int n, int whole)
{
    char *fault = 0;
    for (int i = 0; i < n && !fault; ++i)
        if ((arrays[i].saved || whole) && arrays[i].bytes == sizeof(float))
            fault = fault_in(net, index, arrays[i].name, *arrays[i].at, arrays[i].n);
    return fault;
}

static char *fault_in_layer(const network *net, int index, layer l, int whole)
{
    vd_array arrays[VD_LAYER_ARRAYS];
    layer *parts[VD_LAYER_PARTS];
    char *fault = fault_in_arrays(net, index, arrays, vd_layer_arrays(&l, arrays), whole);
    if (!fault && vd_layer_of(l)) fault = fault_in_arrays(net, index, arrays, vd_layer_state(l, arrays), whole);
    if (!vd_is_recurrent(l)) return fault;
    vd_parts_of(l, parts);
    for (int i = 0; i < VD_LAYER_PARTS && !fault; ++i)
        if (parts[i]) fault = fault_in_arrays(net, index, arrays, vd_layer_arrays(parts[i], arrays), whole);
    return fault;
}

/* the arrays of a variational layer that its update has not seen: all but theta and log_sigma2 */
static char *fault_beside_update(const network *net, int index, layer l)
{
    vd_array arrays[VD_LAYER_ARRAYS];
    char *fault = 0;
    int n = vd_layer_arrays(&l, arrays);
    for (int i = 0; i < n && !fault; ++i)
        if (arrays[i].at != (void **)&l.weights) fault = fault_in_arrays(net, index, arrays + i, 1, 0);
    return fault;
}

char *vd_fault_of_update(const network *net)
{
    char *fault = 0;
    for (int i = 0; i < net->n && !fault; ++i) {
        layer l = net->layers[i];
        vd_layer *vd = vd_layer_of(l);
        int seen = vd && vd->variance.is_finite;
        fault = seen ? fault_beside_update(net, i, l) : fault_in_layer(net, i, l, 0);
        if (seen) vd->variance.is_finite = 0; /* weights may be written before the next check */
    }
    return fault;
}

char *vd_fault_of_state(const network *net, int cutoff, int whole)
{
    char *fault = 0;
    for (int i = 0; i < net->n && i < cutoff && !fault; ++i) fault = fault_in_layer(net, i, net->layers[i], whole);
    return fault;
}

static char *fault_of_outputs(const network *net)
{
    char *fault = 0;
    for (int i = 0; i < net->n && !fault; ++i) {
        layer l = net->layers[i];
        if (vd_pool_behind(*net, i)) continue; /* not written: the pool shows it */
        fault = fault_in(net, i, "output", l.output, (size_t)l.batch * l.outputs);
    }
    return fault;
}

/* the divergence of a layer's weights, or its cost */
static char *fault_of_sums(const network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (vd_layer_of(l) && !isfinite(vd_layer_of(l)->variance.kl))
            return vd_format("layer %d %s: its KL is %g", i, vd_layer_type(l), shown(vd_layer_of(l)->variance.kl));
        if (l.cost && !isfinite(l.cost[0]))
            return vd_format("layer %d %s: its cost is %g", i, vd_layer_type(l), shown(l.cost[0]));
    }
    return 0;
}

char *vd_fault_of_forward(const network *net)
{
    size_t inputs = (size_t)net->batch * net->inputs, i = vd_first_not_finite(inputs, net->input);
    if (i < inputs) return vd_format("input[%zu] is %g", i, shown(net->input[i]));
    char *fault = fault_of_outputs(net);
    if (!fault) fault = vd_fault_of_state(net, net->n, 0);
    if (!fault) fault = fault_of_sums(net);
    return fault ? fault : vd_format("the sum of the layers' costs");
}

static int is_watched;

void vd_watch_outputs(int on)
{
    is_watched = on;
}

/* 1 for a layer whose outputs commands read */
static int is_read(const network *net, layer l)
{
    return l.output && (l.output == net->output || l.type == YOLO || l.type == REGION || l.type == DETECTION);
}

void vd_check_outputs(const network *net)
{
    for (int i = 0; is_watched && i < net->n; ++i) {
        layer l = net->layers[i];
        size_t n = (size_t)l.batch * l.outputs;
        if (!is_read(net, l) || vd_first_not_finite(n, l.output) == n) continue;
        char *fault = fault_of_outputs(net);
        vd_complain("%s: %s: the weights are damaged, or hardly trained", net->cfg_file, fault);
        free(fault);
        is_watched = 0; /* once is enough */
    }
}
