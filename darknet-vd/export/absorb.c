/* Batch normalisation becomes a part of the weights in front; and, for formats that know products alone, so do layers
 * without weights of their own. */
#include "export/model.h"
#include "base/fail.h"

#include <stdlib.h>

/* y = scales (x - mean)/deviation + biases = gain x + bias, of channel f */
static double gain_of(const vd_model_layer *l, int f)
{
    return l->scales[f] / vd_model_deviation(l, f);
}

static double bias_of(const vd_model_layer *l, int f)
{
    return l->biases[f] - l->mean[f] * gain_of(l, f);
}

static void drop_norm(vd_model_layer *l)
{
    free(l->scales), free(l->mean), free(l->variance);
    l->scales = l->mean = l->variance = 0;
}

/* filter f of a product: its weights times gain, and another bias */
static void scale_filter(vd_model_layer *l, int f, double gain, double bias)
{
    float *w = l->weights + (size_t)f * l->columns;
    for (int k = 0; k < l->columns; ++k) w[k] = (float)(w[k] * gain);
    l->biases[f] = (float)bias;
}

void vd_model_fuse(vd_model *m)
{
    for (int i = 0; i < m->n; ++i) {
        vd_model_layer *l = m->layers + i;
        if (!l->scales || l->type == BATCHNORM) continue;
        for (int f = 0; f < l->filters; ++f) scale_filter(l, f, gain_of(l, f), bias_of(l, f));
        drop_norm(l);
    }
}

static void take_epsilon(vd_model_layer *l, int in_root)
{
    for (int f = 0; f < l->filters; ++f) l->scales[f] = (float)gain_of(l, f);
    l->epsilon_in_root = in_root;
    for (int f = 0; f < l->filters; ++f) l->scales[f] = (float)(l->scales[f] * vd_model_deviation(l, f));
}

void vd_model_agree_on_epsilon(vd_model *m)
{
    int in_root = vd_model_is_later(m);
    for (int i = 0; i < m->n; ++i)
        if (m->layers[i].scales && m->layers[i].epsilon_in_root != in_root) take_epsilon(m->layers + i, in_root);
}

/* ---- layers of their own ---- */

/* the layer hands on what it reads: [dropout] does, at test time */
static void hand_on(vd_model_layer *l)
{
    l->type = DROPOUT;
    l->kind = VD_EACH;
    l->filters = 0;
}

/* the product without an activation that layer i alone reads, also through layers that hand on; else null */
static vd_model_layer *product_in_front(vd_model *m, int i)
{
    vd_model_layer *l = m->layers + i;
    do {
        int source = l->sources[0];
        if (source == VD_PICTURE || !vd_model_is_read_once(m, source)) return 0;
        l = m->layers + vd_layer_of_source(source);
    } while (l->type == DROPOUT);
    int is_product = l->type == CONVOLUTIONAL || l->type == CONNECTED;
    return is_product && l->activation == LINEAR && !l->scales && l->channels == m->layers[i].channels ? l : 0;
}

static void absorb_batchnorm(vd_model *m, int i)
{
    vd_model_layer *l = m->layers + i, *front = product_in_front(m, i);
    if (!front) return;
    for (int f = 0; f < l->filters; ++f)
        scale_filter(front, f, gain_of(l, f), front->biases[f] * gain_of(l, f) + bias_of(l, f));
    drop_norm(l);
    hand_on(l);
}

static void absorb_activation(vd_model *m, int i)
{
    vd_model_layer *l = m->layers + i, *front = product_in_front(m, i);
    if (!front) return;
    front->activation = l->activation;
    front->activated_by = i;
    hand_on(l);
}

void vd_model_absorb(vd_model *m)
{
    for (int i = 0; i < m->n; ++i) {
        if (m->layers[i].type == BATCHNORM) absorb_batchnorm(m, i);
        if (m->layers[i].type == ACTIVE) absorb_activation(m, i);
    }
}

/* a convolution of one weight a channel */
static void become_product(vd_model_layer *l)
{
    free(l->weights);
    l->weights = vd_calloc(l->filters, sizeof(float));
    for (int f = 0; f < l->filters; ++f) {
        l->weights[f] = (float)gain_of(l, f);
        l->biases[f] = (float)bias_of(l, f);
    }
    drop_norm(l);
    l->type = CONVOLUTIONAL;
    l->groups = l->filters;
    l->size = l->stride = l->dilation = l->columns = 1;
    l->activation = LINEAR;
}

void vd_model_make_products(vd_model *m)
{
    for (int i = 0; i < m->n; ++i)
        if (m->layers[i].type == BATCHNORM) become_product(m->layers + i);
    vd_model_absorb(m);
}
