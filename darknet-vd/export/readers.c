#include "export/readers.h"
#include "base/fail.h"
#include "base/text.h"
#include "layer/variants.h"
#include "layer/window.h"
#include "layer/yolo_head.h"

#include "activations.h"

#include <stdlib.h>

/* ---- text ---- */

static void append_integers(char **text, const char *key, int n, const int *x)
{
    vd_append(text, "%s=", key);
    for (int i = 0; i < n; ++i) vd_append(text, "%s%d", i ? "," : "", x[i]);
    vd_append(text, "\n");
}

static void append_numbers(char **text, const char *key, int n, const float *x)
{
    vd_append(text, "%s=", key);
    for (int i = 0; i < n; ++i) vd_append(text, "%s%.9g", i ? "," : "", x[i]);
    vd_append(text, "\n");
}

/* ---- keys ---- */

/* OpenCV needs num, mask and all anchors. It takes thresh of [region], which in Darknet is of training, for the least
 * score it reports */
static void add_head(char **text, layer l)
{
    int is_yolo = l.type == YOLO, anchors = is_yolo ? l.total : l.n;
    vd_append(text, "classes=%d\nnum=%d\n", l.classes, anchors);
    if (is_yolo) append_integers(text, "mask", l.n, l.mask);
    append_numbers(text, "anchors", 2 * anchors, l.biases);
    if (!is_yolo) vd_append(text, "thresh=0\n");
}

char *vd_reader_settings(layer l)
{
    char *text = vd_format("%s", "");
    switch (l.type) {
    case CONVOLUTIONAL:
    case LOCAL:
        vd_append(&text, "size=%d\nstride=%d\nactivation=%s\n", l.size, l.stride, get_activation_string(l.activation));
        break;
    case CONNECTED:
        vd_append(&text, "activation=%s\n", get_activation_string(l.activation));
        break;
    case MAXPOOL:
        vd_append(&text, "size=%d\nstride=%d\npadding=%d\n", l.size, l.stride, l.pad);
        break;
    case UPSAMPLE:
        vd_append(&text, "stride=%d\n", l.reverse ? -l.stride : l.stride);
        break;
    case REORG:
        vd_append(&text, "stride=%d\n", l.stride);
        break;
    case YOLO:
    case REGION:
        add_head(&text, l);
        break;
    default:
        break;
    }
    return text;
}

/* ---- what stays otherwise ---- */

static char *two_strides(layer l)
{
    return vd_format("stride_x=%d and stride_y=%d are not known to stock Darknet and to OpenCV", l.stride, l.stride_y);
}

static char *shortcut_note(layer l)
{
    if (l.nweights) return vd_format("weights_type is known to AlexeyAB's Darknet only");
    if (l.input_layers && l.n > 1)
        return vd_format("%d layers in from=: stock Darknet and OpenCV add the first alone", l.n);
    if (l.w == l.out_w && l.h == l.out_h && l.c < l.out_c) /* it compares the inputs of the layer it adds */
        return vd_format("adds %d channels to %d: AlexeyAB's Darknet may give other numbers", l.c, l.out_c);
    if (l.w == l.out_w && l.h == l.out_h) return 0;
    return vd_format("adds a map of %dx%d to one of %dx%d: only stock Darknet does", l.w, l.h, l.out_w, l.out_h);
}

/* OpenCV takes the size of a [route]'s map from the layer before it, and counts the weights of a [connected] by it */
static int is_behind_misread_route(const network *net, int i)
{
    for (int k = i - 1; k > 0; --k) {
        layer l = net->layers[k], before = net->layers[k - 1];
        if (l.type == AVGPOOL || l.type == CONNECTED) return 0;
        if (l.type == ROUTE && l.out_w * l.out_h != before.out_w * before.out_h) return 1;
    }
    return 0;
}

/* OpenCV has rows of numbers, not maps of 1x1, behind a [connected] and what keeps its shape */
static int takes_a_row_for_a_map(const network *net, int i)
{
    switch (net->layers[i].type) {
    case CONVOLUTIONAL:
    case MAXPOOL:
    case AVGPOOL:
    case UPSAMPLE:
        break;
    default:
        return 0;
    }
    for (int k = i - 1; k >= 0; --k) {
        layer l = net->layers[k];
        if (l.type == CONNECTED) return 1;
        if (l.type == ROUTE) k = l.input_layers[0] + 1;
        else if (l.type != DROPOUT && l.type != SHORTCUT && l.type != SOFTMAX) return 0;
    }
    return 0;
}

char *vd_reader_note(const network *net, int i)
{
    layer l = net->layers[i];
    if (takes_a_row_for_a_map(net, i)) return vd_format("reads the row of a [connected] as a map: OpenCV refuses it");
    if (l.variant == VD_CHANNEL_MAXIMA) return vd_format("maxpool_depth=1 is not known to stock Darknet and to OpenCV");
    if (l.variant) return vd_format("this section is not known to stock Darknet and to OpenCV");
    layer before = i ? net->layers[i - 1] : (layer){.out_w = net->w, .out_h = net->h};
    switch (l.type) {
    case CONVOLUTIONAL:
        if (l.dilation > 1) return vd_format("dilation=%d is not known to stock Darknet and to OpenCV", l.dilation);
        if (vd_down_of(l)) return two_strides(l);
        if (l.size != 1 || (l.stride == 1 && l.pad == 0)) return 0;
        return vd_format("size=1 with stride=%d and padding=%d: a convolution everywhere but in stock Darknet",
                         l.stride, l.pad);
    case BATCHNORM:
        return vd_format("is not known to OpenCV");
    case CONNECTED:
        if (is_behind_misread_route(net, i))
            return vd_format(
                "is behind a [route] to a map of another size than the layer before: OpenCV may refuse it");
        if (!i || before.out_w != 1 || before.out_h < 2) return 0;
        return vd_format("its input is 1 wide and %d high: OpenCV reads too few weights for it", before.out_h);
    case MAXPOOL:
        if (vd_down_of(l)) return two_strides(l);
        /* eight windows are left out where the first of them begins outside the map */
        if (l.stride != 1 || l.pad < 2) return 0;
        return vd_format("stride=1 with padding=%d: wrong at the left edge of wide maps in hank-ai's Darknet, and in "
                         "AlexeyAB's with AVX",
                         l.pad);
    case SOFTMAX:
        if (l.softmax_tree) return vd_format("tree= is ignored by OpenCV and ncnn");
        if (l.groups > 1) return vd_format("groups=%d is refused by OpenCV", l.groups);
        if (before.out_w * before.out_h <= 1) return 0;
        return vd_format("is over a map of %dx%d: OpenCV normalises each pixel by itself", before.out_w, before.out_h);
    case SCALE_CHANNELS:
    case SAM:
        return vd_format("is not known to stock Darknet");
    case SHORTCUT:
        return shortcut_note(l);
    case ROUTE:
        if (l.groups < 2) return 0;
        return vd_format("groups=%d is not known to stock Darknet%s", l.groups,
                         l.n > 1 ? "; of several layers OpenCV takes other channels" : "");
    case YOLO:
        if (!vd_yolo_head_of(l)) return 0;
        return vd_format("its keys of later Darknets are not known to stock Darknet%s",
                         vd_yolo_head_of(l)->new_coords
                             ? "; new_coords=1: for OpenCV's confidence, take the largest score instead"
                             : "");
    case REORG:
        if (!l.reverse && !l.flatten && !l.extra) return 0;
        return vd_format("reverse, flatten and extra are ignored by OpenCV");
    case REGION:
        if (l.background) return vd_format("background=1 is known to stock Darknet only");
        return l.softmax ? 0 : vd_format("is refused by OpenCV without softmax=1");
    default:
        return 0;
    }
}

static int reads_a_map(const vd_model *m)
{
    for (int i = 0; i < m->n; ++i)
        if (m->layers[i].w > 1 && m->layers[i].h > 1) return 1;
    return 0;
}

int vd_reader_front(const vd_model *m)
{
    return m->w > 1 && m->h > 1 && !reads_a_map(m);
}

static void warn(const char *filename, const vd_model *m, int i, const char *what)
{
    const vd_model_layer *l = m->layers + i;
    fprintf(stderr, "%s: layer %d [%s%s]: %s\n", filename, i, l->variational ? "vd_" : "", l->section, what);
}

void vd_reader_warn(const vd_model *m, const char *filename)
{
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        if (l->note) warn(filename, m, i, l->note);
        if (l->type == SOFTMAX && l->temperature != 1) warn(filename, m, i, "temperature stays: OpenCV ignores it");
        if (l->type == UPSAMPLE && l->scale != 1) warn(filename, m, i, "scale stays: OpenCV and ncnn ignore it");
        if (l->type == SHORTCUT && (l->alpha != 1 || l->beta != 1))
            warn(filename, m, i, "alpha and beta stay: only stock Darknet knows both");
    }
    if (!m->w) fprintf(stderr, "%s: [net]: no width, height and channels: OpenCV takes 416, 416 and 3\n", filename);
    else if (!reads_a_map(m) && !vd_reader_front(m))
        fprintf(stderr, "%s: [net]: input of %dx%d: AlexeyAB's and hank-ai's Darknet divide by zero\n", filename, m->w,
                m->h);
}

/* ---- changes ---- */

/* where layers come in front, numbers of layers grow */
static void add_sources(char **text, const vd_model_layer *l, int front)
{
    int *layers = vd_calloc(l->n_sources, sizeof(int));
    for (int s = 0; s < l->n_sources; ++s) layers[s] = vd_layer_of_source(l->sources[s]) + front;
    if (l->type == ROUTE) append_integers(text, "layers", l->n_sources, layers);
    int reads_front = l->type == SHORTCUT || l->type == SCALE_CHANNELS || l->type == SAM;
    if (reads_front) append_integers(text, "from", l->n_sources - 1, layers + 1);
    free(layers);
}

/* keys that say nothing and that some reader refuses */
static const char *dropped_keys(const vd_model_layer *l, int fuse)
{
    switch (l->type) {
    case SOFTMAX:
        return l->temperature == 1 ? " temperature " : 0;
    case UPSAMPLE:
        return l->scale == 1 ? " scale " : 0;
    case SHORTCUT:
        return l->alpha == 1 ? l->beta == 1 ? " alpha beta " : " alpha " : l->beta == 1 ? " beta " : 0;
    case REORG:
        return l->note ? 0 : " reverse flatten extra ";
    case REGION:
        return l->head.background ? 0 : " background ";
    default:
        return fuse && l->filters ? " batch_normalize " : 0;
    }
}

vd_cfg_change *vd_reader_changes(const vd_model *m, int fuse)
{
    vd_cfg_change *changes = vd_calloc(m->n, sizeof(*changes));
    int front = vd_reader_front(m);
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        vd_cfg_change *c = changes + i;
        if (l->filters && l->type != LOCAL && l->type != BATCHNORM)
            vd_append(&c->set, "%s=%d\n", l->type == CONNECTED ? "output" : "filters", l->filters);
        vd_append(&c->set, "%s", l->settings);
        if (front) add_sources(&c->set, l, front);
        if (l->type == SOFTMAX && l->temperature != 1) vd_append(&c->set, "temperature=%.9g\n", l->temperature);
        if (l->type == UPSAMPLE && l->scale != 1) vd_append(&c->set, "scale=%.9g\n", l->scale);
        if (l->type == SHORTCUT && l->alpha != 1) vd_append(&c->set, "alpha=%.9g\n", l->alpha);
        if (l->type == SHORTCUT && l->beta != 1) vd_append(&c->set, "beta=%.9g\n", l->beta);
        c->drop = dropped_keys(l, fuse);
    }
    if (front) changes[0].put = "[maxpool]\nsize=1\nstride=1\npadding=0\n\n";
    return changes;
}

void free_vd_reader_changes(int n, vd_cfg_change *changes)
{
    for (int i = 0; i < n; ++i) free(changes[i].set);
    free(changes);
}
