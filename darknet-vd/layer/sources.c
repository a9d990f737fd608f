#include "layer/sources.h"

int vd_far_sources(const layer *l, const int **layers)
{
    *layers = l->input_layers;
    if (l->type == ROUTE || (l->type == SHORTCUT && l->input_layers)) return l->n;
    *layers = &l->index;
    return l->type == SHORTCUT || l->type == SCALE_CHANNELS || l->type == SAM;
}

int vd_reads_from_afar(const layer *l, int index)
{
    const int *layers;
    int n = vd_far_sources(l, &layers), reads = 0;
    for (int k = 0; k < n; ++k) reads |= layers[k] == index;
    return reads;
}

int vd_ends_maps(const network *net, int i)
{
    for (int k = i + 1; k < net->n; ++k)
        for (int from = 0; from < i; ++from)
            if (vd_reads_from_afar(net->layers + k, from)) return 0;
    return 1;
}
