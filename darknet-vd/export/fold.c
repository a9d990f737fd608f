/* Moves factors that some readers ignore into the weights before them. */
#include "export/model.h"

/* f(factor x) = factor f(x) */
static int commutes(ACTIVATION a, float factor)
{
    return a == LINEAR || (factor > 0 && (a == RELU || a == LEAKY));
}

static int hands_on(const vd_model_layer *l, float factor)
{
    switch (l->type) {
    case MAXPOOL:
        return factor > 0;
    case AVGPOOL:
    case DROPOUT:
    case UPSAMPLE:
    case REORG:
        return 1;
    case ROUTE:
        return l->n_sources == 1;
    default:
        return 0;
    }
}

/* the layer with weights that can take up the factor of this source; -1 when there is none */
static int taker(const vd_model *m, int source, float factor)
{
    while (source != VD_PICTURE && vd_model_is_read_once(m, source)) {
        int i = vd_layer_of_source(source);
        const vd_model_layer *l = m->layers + i;
        if (l->filters) return commutes(l->activation, factor) ? i : -1;
        if (!hands_on(l, factor)) return -1;
        source = l->sources[0];
    }
    return -1;
}

static void multiply(float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; ++i) x[i] *= factor;
}

/* y = scales (a*w - mean)/deviation + biases, or a*w + biases */
static void multiply_layer(vd_model_layer *l, float factor)
{
    multiply(l->biases, l->filters, factor);
    if (l->scales) multiply(l->scales, l->filters, factor);
    else multiply(l->weights, (size_t)l->filters * l->columns, factor);
}

/* *value, a factor of the source, becomes 1 where that can be */
static void fold(vd_model *m, int source, float factor, float *value)
{
    int last = factor == 1 || factor == 0 ? -1 : taker(m, source, factor);
    if (last < 0) return;
    for (int i = vd_layer_of_source(source);; i = vd_layer_of_source(m->layers[i].sources[0])) {
        m->layers[i].factor *= factor;
        if (i == last) break;
    }
    multiply_layer(m->layers + last, factor);
    *value = 1;
}

/* alpha counts only where there is something to add */
static void fold_shortcut(vd_model *m, vd_model_layer *l)
{
    int same_size = l->w == l->out_w && l->h == l->out_h;
    if (same_size && l->c >= l->channels) fold(m, l->sources[0], l->alpha, &l->alpha);
    if (same_size) fold(m, l->sources[1], l->beta, &l->beta);
}

void vd_model_fold(vd_model *m)
{
    for (int i = 0; i < m->n; ++i) {
        vd_model_layer *l = m->layers + i;
        if (l->type == SOFTMAX) fold(m, l->sources[0], 1 / l->temperature, &l->temperature);
        if (l->type == UPSAMPLE) fold(m, l->sources[0], l->scale, &l->scale);
        if (l->type == SHORTCUT) fold_shortcut(m, l);
    }
}
