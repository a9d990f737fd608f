/* Layers without products of their own become products, for formats that know no others. */
#include "export/model.h"
#include "base/fail.h"

#include <stdlib.h>

/* layer i hands on what it reads: [dropout] does, at test time */
static void hand_on(vd_model_layer *l)
{
    l->type = DROPOUT;
    l->filters = 0;
}

/* the product that layer i alone reads, without an activation; null when it reads something else */
static vd_model_layer *product_in_front(vd_model *m, int i)
{
    int source = m->layers[i].sources[0];
    if (source == VD_PICTURE || !vd_model_is_read_once(m, source)) return 0;
    vd_model_layer *l = m->layers + vd_layer_of_source(source);
    int is_product = l->type == CONVOLUTIONAL || l->type == CONNECTED;
    return is_product && l->activation == LINEAR && !l->scales ? l : 0;
}

/* y = scales (x - mean)/deviation + biases: one weight, of a channel, and a bias */
static void absorb_batchnorm(vd_model *m, int i)
{
    vd_model_layer *l = m->layers + i, *front = product_in_front(m, i);
    if (!front || front->filters != l->filters) {
        front = 0;
        free(l->weights);
        l->weights = vd_calloc(l->filters, sizeof(float));
    }
    for (int f = 0; f < l->filters; ++f) {
        double gain = l->scales[f] / vd_model_deviation(l, f), bias = l->biases[f] - l->mean[f] * gain;
        if (!front) {
            l->weights[f] = (float)gain;
            l->biases[f] = (float)bias;
            continue;
        }
        float *w = front->weights + (size_t)f * front->columns;
        for (int k = 0; k < front->columns; ++k) w[k] = (float)(w[k] * gain);
        front->biases[f] = (float)(front->biases[f] * gain + bias);
    }
    free(l->scales), free(l->mean), free(l->variance);
    l->scales = l->mean = l->variance = 0;
    if (front) {
        hand_on(l);
        return;
    }
    l->type = CONVOLUTIONAL;
    l->groups = l->filters;
    l->size = l->stride = l->dilation = l->columns = 1;
    l->activation = LINEAR;
}

static void absorb_activation(vd_model *m, int i)
{
    vd_model_layer *l = m->layers + i, *front = product_in_front(m, i);
    if (!front) return;
    front->activation = l->activation;
    hand_on(l);
}

void vd_model_absorb(vd_model *m)
{
    for (int i = 0; i < m->n; ++i) {
        if (m->layers[i].type == BATCHNORM) absorb_batchnorm(m, i);
        if (m->layers[i].type == ACTIVE) absorb_activation(m, i);
    }
}
