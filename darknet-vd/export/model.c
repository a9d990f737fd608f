#include "export/model.h"
#include "export/readers.h"
#include "layer/norm.h"
#include "layer/nonfinite.h"
#include "layer/sources.h"
#include "layer/variants.h"
#include "layer/window.h"
#include "layer/yolo_head.h"
#include "base/fail.h"
#include "base/text.h"
#include "layer/vd_cost_layer.h"
#include "layer/vd_layer.h"

#include "network.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *filename;
    int index;
    layer l;
} place;

__attribute__((format(printf, 2, 3), noreturn)) static void refuse(place at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *why = vd_vformat(fmt, args);
    va_end(args);
    vd_die("%s: layer %d [%s%s]: not exported: %s", at.filename, at.index, vd_layer_of(at.l) ? "vd_" : "",
           vd_section_of(at.l), why);
}

static int is_misread(layer l)
{
    return l.type == CONVOLUTIONAL && vd_is_misread_1x1(l) && !vd_is_true_convolution(l);
}

static int is_misread_elsewhere(layer l)
{
    return l.type == CONVOLUTIONAL && vd_is_misread_1x1(l) && vd_layer_of(l) && !vd_is_later_convolution(l);
}

static void check_layer(place at)
{
    layer l = at.l;
    if (l.dontload || l.dontsave || l.numload || l.dontloadscales)
        refuse(at, "dontload, dontsave, numload and dontloadscales keep weights out of the file");
    if (l.binary || l.xnor) refuse(at, "binary and xnor weights are not supported");
    switch (l.type) {
    case DECONVOLUTIONAL:
    case RNN:
    case GRU:
    case LSTM:
    case CRNN:
        refuse(at, "weights of this section are not supported");
    default:
        break;
    }
}

/* whether the groups that a [route] cuts its sources into begin and end between channels */
static int cuts_between_channels(const network *net, layer l)
{
    for (int s = 0; s < l.n; ++s) {
        layer from = net->layers[l.input_layers[s]];
        if ((size_t)from.out_c * from.out_h * from.out_w != (size_t)from.outputs || from.out_c % l.groups) return 0;
    }
    return 1;
}

static vd_kind kind_of(const network *net, layer l)
{
    int square = l.stride * l.stride;
    if ((size_t)l.out_c * l.out_h * l.out_w != (size_t)l.outputs && l.type != ROUTE) return VD_WHOLE;
    if (l.variant == VD_CHANNEL_MAXIMA || l.variant == VD_SQUARES_TO_CHANNELS) return VD_WHOLE;
    switch (l.type) {
    case CONNECTED:
        return VD_PRODUCT;
    case CONVOLUTIONAL:
        return l.groups > 1 || is_misread(l) ? VD_WHOLE : VD_PRODUCT;
    case MAXPOOL:
    case AVGPOOL:
    case DROPOUT:
    case ACTIVE:
        return VD_EACH;
    case UPSAMPLE:
        return l.reverse && (l.w % l.stride || l.h % l.stride) ? VD_WHOLE : VD_EACH;
    case ROUTE:
        return l.groups > 1 && !cuts_between_channels(net, l) ? VD_WHOLE : VD_ROUTE;
    case SHORTCUT:
        return l.nweights ? VD_WHOLE : VD_SHORTCUT;
    case SCALE_CHANNELS:
    case SAM:
        return VD_SCALED;
    case REORG:
        if (l.flatten || l.extra || l.c % square) return VD_WHOLE;
        return !l.reverse && (l.w % l.stride || l.h % l.stride) ? VD_WHOLE : VD_REORG;
    default:
        return VD_WHOLE;
    }
}

static void copy_sources(layer l, int index, vd_model_layer *m)
{
    const int *from;
    int n = vd_far_sources(&l, &from), front = l.type != ROUTE;
    m->n_sources = front + n;
    m->sources = vd_calloc(m->n_sources, sizeof(int));
    m->sources[0] = vd_source_of_layer(index - 1); /* of layer 0: VD_PICTURE */
    for (int s = 0; s < n; ++s) m->sources[front + s] = vd_source_of_layer(from[s]);
}

static float *copy_of(const float *x, size_t n)
{
    float *copy = vd_calloc(n, sizeof(float));
    if (n) memcpy(copy, x, n * sizeof(float));
    return copy;
}

static void check_finite(place at, const char *what, const float *x, size_t n)
{
    size_t i = x ? vd_first_not_finite(n, x) : n;
    if (i < n) refuse(at, "%s[%zu] is not finite", what, i);
}

static int columns_of(layer l)
{
    if (l.type == BATCHNORM) return 0;
    return l.type == CONNECTED ? l.inputs : l.c / (l.type == LOCAL ? 1 : l.groups) * l.size * l.size;
}

static void copy_weights(place at, vd_model_layer *m)
{
    layer l = at.l;
    const vd_layer *vd = vd_layer_of(l);
    if (l.type == SHORTCUT && l.nweights) {
        m->columns = l.nweights;
        m->weights = copy_of(l.weights, l.nweights);
        check_finite(at, "weights", m->weights, l.nweights);
    }
    if (l.type != CONVOLUTIONAL && l.type != CONNECTED && l.type != LOCAL && l.type != BATCHNORM) return;
    m->filters = l.type == BATCHNORM ? l.c : l.type == CONVOLUTIONAL ? l.n : l.outputs;
    m->columns = columns_of(l);
    size_t n = (size_t)m->filters * m->columns;
    m->weights = copy_of(l.weights, n);
    m->biases = copy_of(l.biases, m->filters);
    if (vd) vd_kernels_get()->mask(n, l.weights, vd->log_sigma2, vd->threshold, m->weights);
    if (l.batch_normalize || l.type == BATCHNORM) {
        m->epsilon_in_root = l.epsilon_in_root;
        m->scales = copy_of(l.scales, m->filters);
        m->mean = copy_of(l.rolling_mean, m->filters);
        m->variance = copy_of(l.rolling_variance, m->filters);
    }
    check_finite(at, "weights", m->weights, n);
    check_finite(at, "biases", m->biases, m->filters);
    check_finite(at, "scales", m->scales, m->filters);
    check_finite(at, "rolling_mean", m->mean, m->filters);
    check_finite(at, "rolling_variance", m->variance, m->filters);
}

static void copy_head(layer l, vd_model_head *head)
{
    const vd_yolo_head *own = vd_yolo_head_of(l);
    int is_yolo = l.type == YOLO;
    *head = (vd_model_head){.n = l.n,
                            .classes = l.classes,
                            .coords = is_yolo ? 4 : l.coords,
                            .anchors = vd_calloc(2 * (size_t)l.n, sizeof(float)),
                            .scale_x_y = own ? own->scale_x_y : 1,
                            .new_coords = own && own->new_coords,
                            .beta_nms = own ? own->beta_nms : 0,
                            .softmax = !is_yolo && l.softmax,
                            .background = !is_yolo && l.background};
    for (int i = 0; i < 2 * l.n; ++i) head->anchors[i] = l.biases[2 * (is_yolo ? l.mask[i / 2] : i / 2) + i % 2];
}

static void read_layer(const network *net, place at, vd_model_layer *m)
{
    layer l = at.l;
    check_layer(at);
    *m = (vd_model_layer){.type = l.type,
                          .section = vd_section_of(l),
                          .kind = kind_of(net, l),
                          .variational = vd_layer_of(l) != 0,
                          .activation = l.activation,
                          .activated_by = at.index,
                          .c = l.c,
                          .h = l.h,
                          .w = l.w,
                          .size = l.size,
                          .stride = l.stride,
                          .pad = l.pad,
                          .groups = l.groups,
                          .group_id = l.group_id,
                          .dilation = l.dilation > 1 ? l.dilation : 1,
                          .down = vd_down_of(l),
                          .variant = l.variant,
                          .misread = is_misread(l),
                          .misread_elsewhere = is_misread_elsewhere(l),
                          .tree = (l.type == SOFTMAX || l.type == REGION) && l.softmax_tree,
                          .normalization = l.normalization,
                          .reverse = l.reverse,
                          .alpha = l.alpha,
                          .beta = l.beta,
                          .scale = l.scale,
                          .temperature = l.temperature,
                          .factor = 1,
                          .channels = l.out_c,
                          .out_h = l.out_h,
                          .out_w = l.out_w};
    if ((size_t)l.out_c * l.out_h * l.out_w != (size_t)l.outputs) {
        m->channels = m->out_h = 1;
        m->out_w = l.outputs;
    }
    copy_sources(l, at.index, m);
    copy_weights(at, m);
    if (l.type == YOLO || l.type == REGION) copy_head(l, &m->head);
    m->settings = vd_reader_settings(l);
}

vd_model *make_vd_model(const network *net, const char *filename)
{
    vd_model *m = vd_calloc(1, sizeof(*m));
    int pixels = net->h * net->w;
    m->n = net->n - (vd_cost_of(net) != 0);
    m->layers = vd_calloc(m->n, sizeof(vd_model_layer));
    m->seen = *net->seen;
    m->later = net->later;
    int is_picture = pixels && pixels * net->c == net->inputs;
    m->channels = is_picture ? net->c : 1;
    m->w = is_picture ? net->w : 0;
    m->h = is_picture ? net->h : 0;
    m->pixels = net->inputs / m->channels;
    for (int i = 0; i < m->n; ++i) read_layer(net, (place){filename, i, net->layers[i]}, m->layers + i);
    for (int i = 0; i < m->n; ++i) m->layers[i].note = vd_reader_note(net, i);
    for (m->output = m->n - 1; m->output > 0 && m->layers[m->output].type == COST;) --m->output;
    return m;
}

void free_vd_model(vd_model *m)
{
    for (int i = 0; i < m->n; ++i) {
        vd_model_layer *l = m->layers + i;
        float *arrays[] = {l->weights, l->biases, l->scales, l->mean, l->variance, l->head.anchors};
        for (size_t k = 0; k < sizeof(arrays) / sizeof(*arrays); ++k) free(arrays[k]);
        free(l->sources);
        free(l->settings);
        free(l->note);
    }
    free(m->layers);
    free(m);
}

double vd_model_deviation(const vd_model_layer *l, int f)
{
    double variance = l->variance[f];
    return l->epsilon_in_root ? sqrt(variance + VD_EPSILON_IN_ROOT) : sqrt(variance) + VD_EPSILON_BEHIND_ROOT;
}

int vd_model_is_read_once(const vd_model *m, int source)
{
    int readers = 0;
    for (int i = 0; i < m->n; ++i)
        for (int s = 0; s < m->layers[i].n_sources; ++s) readers += m->layers[i].sources[s] == source;
    return readers == 1 && source != vd_source_of_layer(m->output);
}

static void write_floats(const float *x, size_t n, FILE *fp)
{
    if (x) fwrite(x, sizeof(float), n, fp);
}

int vd_model_is_later(const vd_model *m)
{
    if (m->later) return 1;
    for (int i = 0; i < m->n; ++i)
        if (m->layers[i].scales && m->layers[i].epsilon_in_root) return 1;
    return 0;
}

/* in the order of save_convolutional_weights(), save_connected_weights() and save_weights_upto(); the biases of a
 * [batchnorm] are in the files of later Darknets only */
void vd_model_write(const vd_model *m, FILE *fp)
{
    int32_t version[] = {0, 2, vd_model_is_later(m) ? 5 : 0}; /* as layer_plugin_revision() */
    fwrite(version, sizeof(version), 1, fp);
    fwrite(&m->seen, sizeof(m->seen), 1, fp);
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        size_t n = (size_t)l->filters * l->columns;
        if (l->type == SHORTCUT) write_floats(l->weights, l->columns, fp);
        if (l->type != BATCHNORM || l->epsilon_in_root) write_floats(l->biases, l->filters, fp);
        if (l->type != CONVOLUTIONAL) write_floats(l->weights, n, fp);
        write_floats(l->scales, l->filters, fp);
        write_floats(l->mean, l->filters, fp);
        write_floats(l->variance, l->filters, fp);
        if (l->type == CONVOLUTIONAL) write_floats(l->weights, n, fp);
    }
}

int vd_model_windows_leave_map(const vd_model_layer *l)
{
    int before = l->pad / 2, down = l->down ? l->down : l->stride;
    int last = (l->out_w - 1) * l->stride - before, lowest = (l->out_h - 1) * down - before;
    return before >= l->size || last >= l->w || lowest >= l->h;
}

vd_model_size vd_model_layer_size(const vd_model_layer *l)
{
    vd_model_size s = {.weights = (size_t)l->filters * l->columns};
    for (size_t i = 0; i < s.weights; ++i) s.nonzero += l->weights[i] != 0;
    s.products = (double)s.weights * (l->type == CONVOLUTIONAL ? (double)l->out_h * l->out_w : 1);
    return s;
}

vd_model_size vd_model_total(const vd_model *m)
{
    vd_model_size total = {0};
    for (int i = 0; i < m->n; ++i) {
        vd_model_size s = vd_model_layer_size(m->layers + i);
        total.weights += s.weights;
        total.nonzero += s.nonzero;
        total.products += s.products;
    }
    return total;
}
