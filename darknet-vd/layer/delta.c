#include "layer/delta.h"
#include "layer/plain_layers.h"
#include "layer/pooled.h"
#include "layer/sources.h"
#include "layer/vd_layer.h"

/* layers whose backward functions ask vd_overwrites_input_delta() */
static int can_overwrite(layer l)
{
    return vd_layer_of(l) || vd_is_sped_up(l) || vd_is_pool_of_pair(l);
}

/* layer k adds to this delta, which is not that of the layer in front of it */
static int adds_from_afar(const network *net, int k, const float *delta)
{
    layer l = net->layers[k];
    const int *from;
    for (int i = vd_far_sources(&l, &from) - 1; i >= 0; --i)
        if (net->layers[from[i]].delta == delta) return 1;
    return l.delta == delta; /* [dropout] has the array of the layer in front of it */
}

int vd_overwrites_delta(const network *net, int i)
{
    if (i < 1 || i >= net->n || !can_overwrite(net->layers[i])) return 0;
    for (int k = i; k < net->n; ++k)
        if (adds_from_afar(net, k, net->layers[i - 1].delta)) return 0;
    return 1;
}

int vd_overwrites_input_delta(layer l, network net)
{
    int i = net.index, is_this = net.layers && i > 0 && i < net.n && net.layers[i].output == l.output;
    return is_this && net.delta == net.layers[i - 1].delta && vd_overwrites_delta(&net, i);
}

int vd_delta_needs_zero(const network *net, int i)
{
    if (!net->train && !net->truth && !net->delta) return 0;
    return !vd_overwrites_delta(net, i + 1) && !vd_pool_behind(*net, i);
}
