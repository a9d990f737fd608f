/* What ONNX has no operator for, or none that gives the same numbers. */
#include "export/onnx_graph.h"
#include "base/fail.h"

static const char *pool_fault(const vd_model_layer *l)
{
    if (l->variant == VD_CHANNEL_MAXIMA) return l->c % l->channels ? "out_channels does not divide its channels" : 0;
    return vd_model_windows_leave_map(l) ? "some of its windows are wholly outside the map" : 0;
}

static const char *route_fault(const vd_model *m, const vd_model_layer *l)
{
    for (int s = 0; s < l->n_sources; ++s) {
        int from = vd_layer_of_source(l->sources[s]);
        if (l->groups > 1 && l->kind == VD_WHOLE) return "its groups do not end between channels";
        if (from >= 0 && m->layers[from].head.n) return "it reads a head, whose answers are boxes and scores";
    }
    return 0;
}

static const char *shortcut_fault(const vd_model_layer *l)
{
    int by = l->w / l->out_w;
    if (l->w == l->out_w && l->h == l->out_h) return 0;
    if (l->n_sources == 2 && !l->columns && l->w == by * l->out_w && l->h == by * l->out_h) return 0;
    return "it adds a map that is smaller, or not a whole number of times as large";
}

static const char *head_fault(const vd_model *m, const vd_model_layer *l)
{
    if (l->tree) return "classes that form a tree (tree=) are not said in ONNX";
    if (l->head.coords < 4) return "coords of less than 4 are no boxes";
    for (int i = 0; i < m->n; ++i)
        if (m->layers[i].head.n && m->layers[i].head.classes != l->head.classes)
            return "its classes are more or less than those of another head";
    return 0;
}

static const char *fault_of(const vd_model *m, const vd_model_layer *l)
{
    switch (l->type) {
    case CONVOLUTIONAL:
        return l->misread ? "stock Darknet reads its input in another order; size=3 with padding=1 does not have that"
                          : 0;
    case MAXPOOL:
        return pool_fault(l);
    case ROUTE:
        return route_fault(m, l);
    case SHORTCUT:
        return shortcut_fault(l);
    case REORG:
        return l->kind == VD_WHOLE && l->variant != VD_SQUARES_TO_CHANNELS
                   ? "flatten, extra and sides that stride does not divide are not said in ONNX"
                   : 0;
    case SOFTMAX:
        return l->tree ? "classes that form a tree (tree=) are not said in ONNX" : 0;
    case YOLO:
    case REGION:
        return head_fault(m, l);
    case CONNECTED:
    case BATCHNORM:
    case AVGPOOL:
    case UPSAMPLE:
    case SCALE_CHANNELS:
    case SAM:
    case ACTIVE:
    case DROPOUT:
    case LOGXENT:
    case COST:
        return 0;
    default:
        return "ONNX has no operator for this section";
    }
}

void vd_onnx_refuse(const vd_model *m, const char *filename)
{
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        const char *why = fault_of(m, l);
        if (why)
            vd_die("%s: layer %d [%s%s]: not exported to ONNX: %s", filename, i, l->variational ? "vd_" : "",
                   l->section, why);
    }
}
