#include "weights/parts.h"
#include "layer/nonfinite.h"
#include "layer/layer_state.h"
#include "layer/vd_layer.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static vd_part_kind kind_of(layer l)
{
    switch (l.type) {
    case CONVOLUTIONAL:
        return VD_PART_CONVOLUTIONAL;
    case CONNECTED:
        return VD_PART_CONNECTED;
    case LOCAL:
        return VD_PART_LOCAL;
    case DECONVOLUTIONAL:
        return VD_PART_DECONVOLUTIONAL;
    case SHORTCUT:
        return VD_PART_SHORTCUT;
    default:
        return VD_PART_BATCHNORM;
    }
}

static vd_part part_of(layer l, int index)
{
    int rows = l.type == SHORTCUT ? l.n + 1 : (int)vd_biases_of(l);
    vd_part p = {.layer = index, .kind = kind_of(l), .rows = rows, .positions = vd_uses_of_weight(l)};
    /* stock Darknet does not save a batchnorm layer's biases, later Darknets do */
    if (l.type == BATCHNORM && l.epsilon_in_root) p.biases = l.biases;
    if (vd_has_weights(l)) {
        p.biases = l.biases;
        p.weights = l.weights;
        p.columns = (int)(vd_weights_of(l) / (size_t)p.rows);
        p.variational = vd_layer_of(l) != 0;
    }
    if (l.type == BATCHNORM || (l.batch_normalize && l.type != LOCAL)) {
        p.scales = l.scales;
        p.means = l.rolling_mean;
        p.variances = l.rolling_variance;
    }
    return p;
}

static void add(vd_parts *p, vd_part part)
{
    vd_part *old = p->part;
    p->part = vd_calloc(p->n + 1, sizeof(vd_part));
    if (p->n) memcpy(p->part, old, p->n * sizeof(vd_part));
    free(old);
    p->part[p->n++] = part;
}

static void add_layer(vd_parts *p, layer l, int index)
{
    layer *inside[VD_LAYER_PARTS];
    if (vd_has_weights(l) || l.type == BATCHNORM) add(p, part_of(l, index));
    if (!vd_is_recurrent(l)) return;
    vd_parts_of(l, inside);
    for (int i = 0; i < VD_LAYER_PARTS; ++i)
        if (inside[i]) add(p, part_of(*inside[i], index));
}

vd_parts vd_parts_of_network(const network *net)
{
    vd_parts p = {0};
    for (int i = 0; i < net->n; ++i) add_layer(&p, net->layers[i], i);
    return p;
}

size_t vd_part_weights(vd_part p)
{
    return (size_t)p.rows * p.columns;
}

size_t vd_part_floats(vd_part p)
{
    size_t of_rows = (p.biases ? 1 : 0) + (p.scales ? 3 : 0);
    return vd_part_weights(p) + of_rows * p.rows;
}

vd_parts vd_parts_like(vd_parts p)
{
    vd_parts like = {.n = p.n, .part = vd_calloc(p.n, sizeof(vd_part))};
    for (int i = 0; i < p.n; ++i) {
        vd_part *part = like.part + i;
        *part = p.part[i];
        float **of_rows[] = {&part->biases, &part->scales, &part->means, &part->variances};
        for (int k = 0; k < 4; ++k)
            if (*of_rows[k]) *of_rows[k] = vd_calloc(part->rows, sizeof(float));
        if (part->weights) part->weights = vd_calloc(vd_part_weights(*part), sizeof(float));
    }
    return like;
}

void vd_parts_free(vd_parts p)
{
    for (int i = 0; i < p.n; ++i) {
        float *arrays[] = {p.part[i].biases, p.part[i].scales, p.part[i].means, p.part[i].variances, p.part[i].weights};
        for (int k = 0; k < 5; ++k) free(arrays[k]);
    }
    free(p.part);
}

static void copy(size_t n, float *to, const float *from)
{
    if (to && from) memcpy(to, from, n * sizeof(float));
}

void vd_part_copy(vd_part to, vd_part from)
{
    copy(to.rows, to.biases, from.biases);
    copy(to.rows, to.scales, from.scales);
    copy(to.rows, to.means, from.means);
    copy(to.rows, to.variances, from.variances);
    copy(vd_part_weights(to), to.weights, from.weights);
}

char *vd_part_fault(vd_part p)
{
    const struct {
        const char *name;
        const float *at;
        size_t n;
    } arrays[] = {{"biases", p.biases, p.rows},
                  {"scales", p.scales, p.rows},
                  {"rolling_mean", p.means, p.rows},
                  {"rolling_variance", p.variances, p.rows},
                  {"weights", p.weights, vd_part_weights(p)}};
    for (size_t k = 0; k < sizeof(arrays) / sizeof(*arrays); ++k) {
        size_t i = arrays[k].at ? vd_first_not_finite(arrays[k].n, arrays[k].at) : arrays[k].n;
        if (i < arrays[k].n) return vd_format("layer %d: %s[%zu] is not finite", p.layer, arrays[k].name, i);
    }
    for (int i = 0; p.variances && i < p.rows; ++i)
        if (p.variances[i] < 0)
            return vd_format("layer %d: rolling_variance[%d] is %g: 0 or more is expected", p.layer, i, p.variances[i]);
    return 0;
}

const char *vd_part_name(vd_part_kind kind)
{
    switch (kind) {
    case VD_PART_CONVOLUTIONAL:
        return "convolutional";
    case VD_PART_CONNECTED:
        return "connected";
    case VD_PART_BATCHNORM:
        return "batchnorm";
    case VD_PART_LOCAL:
        return "local";
    case VD_PART_DECONVOLUTIONAL:
        return "deconvolutional";
    case VD_PART_SHORTCUT:
        return "shortcut";
    }
    return "of an unknown kind";
}
