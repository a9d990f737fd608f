#include "layer/layer_state.h"

int vd_is_recurrent(layer l)
{
    return l.type == RNN || l.type == GRU || l.type == LSTM || l.type == CRNN;
}

int vd_has_recurrent_layers(const network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_is_recurrent(net->layers[i])) return 1;
    return 0;
}

void vd_parts_of(layer l, layer *parts[VD_LAYER_PARTS])
{
    layer *all[VD_LAYER_PARTS] = {l.input_layer, l.self_layer, l.output_layer, l.wz, l.uz, l.wr, l.ur, l.wh, l.uh,
                                  l.uo,          l.wo,         l.uf,           l.wf, l.ui, l.wi, l.ug, l.wg};
    for (int i = 0; i < VD_LAYER_PARTS; ++i) parts[i] = all[i];
}

int vd_has_weights(layer l)
{
    return l.type == CONVOLUTIONAL || l.type == CONNECTED || l.type == DECONVOLUTIONAL || l.type == LOCAL ||
           (l.type == SHORTCUT && l.nweights);
}

size_t vd_weights_of(layer l)
{
    switch (l.type) {
    case CONNECTED:
        return (size_t)l.inputs * l.outputs;
    case LOCAL:
        return (size_t)l.size * l.size * l.c * l.n * l.out_w * l.out_h;
    case DECONVOLUTIONAL:
        return (size_t)l.size * l.size * l.c * l.n;
    default:
        return l.nweights;
    }
}

size_t vd_biases_of(layer l)
{
    return l.type == LOCAL ? l.outputs : l.type == SHORTCUT ? 0 : l.out_c;
}

size_t vd_uses_of_weight(layer l)
{
    if (l.type == CONVOLUTIONAL) return (size_t)l.out_w * l.out_h;
    return l.type == DECONVOLUTIONAL ? (size_t)l.w * l.h : 1;
}

int vd_later_orders_otherwise(layer l)
{
    return l.type == LSTM || l.type == GRU;
}

int vd_is_later_network(const network *net)
{
    int later = net->later;
    for (int i = 0; i < net->n; ++i) {
        if (vd_later_orders_otherwise(net->layers[i])) return 0;
        later |= net->layers[i].epsilon_in_root;
    }
    return later != 0;
}

int vd_layer_arrays(layer *l, vd_array arrays[VD_LAYER_ARRAYS])
{
    const struct {
        float **at;
        const char *name;
        int saved;
    } weights[] = {{&l->weights, "weights", 1},
                   {&l->weight_updates, "weight_updates", 0},
                   {&l->m, "m", 0},
                   {&l->v, "v", 0}},
      channels[] = {{&l->biases, "biases", 1},
                    {&l->bias_updates, "bias_updates", 0},
                    {&l->bias_m, "bias_m", 0},
                    {&l->bias_v, "bias_v", 0},
                    {&l->scales, "scales", 1},
                    {&l->scale_updates, "scale_updates", 0},
                    {&l->scale_m, "scale_m", 0},
                    {&l->scale_v, "scale_v", 0},
                    {&l->rolling_mean, "rolling_mean", 1},
                    {&l->rolling_variance, "rolling_variance", 1}};
    enum { WEIGHTS = sizeof(weights) / sizeof(*weights), CHANNELS = sizeof(channels) / sizeof(*channels) };
    _Static_assert(WEIGHTS + CHANNELS <= VD_LAYER_ARRAYS, "callers have room for all");
    int n = 0;
    for (int i = 0; vd_has_weights(*l) && i < WEIGHTS; ++i)
        arrays[n++] =
            (vd_array){(void **)weights[i].at, vd_weights_of(*l), sizeof(float), weights[i].name, weights[i].saved};
    for (int i = 0; (vd_has_weights(*l) || l->type == BATCHNORM) && i < CHANNELS; ++i)
        arrays[n++] =
            (vd_array){(void **)channels[i].at, vd_biases_of(*l), sizeof(float), channels[i].name, channels[i].saved};
    return n;
}
