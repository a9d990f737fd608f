#include "layer/sparsity.h"
#include "base/fail.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>

vd_report vd_report_network(const network *net)
{
    vd_report r = {.layers = vd_calloc(net->n, sizeof(vd_report_layer))};
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        const vd_layer *vd = vd_layer_of(l);
        if (!vd) continue;
        vd_report_layer *line = r.layers + r.n++;
        float *masked = vd_calloc(vd->n, sizeof(float));
        line->index = i;
        line->type = vd_layer_type(l);
        line->weights = vd->n;
        line->threshold = vd->threshold;
        line->nonzero = vd_kernels_get()->mask(vd->n, l.weights, vd->log_sigma2, vd->threshold, masked);
        r.weights += line->weights;
        r.nonzero += line->nonzero;
        free(masked);
    }
    return r;
}

double vd_report_sparsity(size_t weights, size_t nonzero)
{
    return weights ? 1 - (double)nonzero / weights : 0;
}

double vd_report_compression(size_t weights, size_t nonzero)
{
    return nonzero ? (double)weights / nonzero : INFINITY;
}
