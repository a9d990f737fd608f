#include "export/removal.h"
#include "base/fail.h"

#include "activations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- constants ---- */

/* Weight u of a filter lies on the picture at every place, whatever the picture's size, when pad <= u < size - pad:
 * the first window starts pad before the picture, the last ends at most pad behind it. */
static int always_inside(const vd_model_layer *l, int tap)
{
    int u = tap / l->size, v = tap % l->size, last = l->size - 1 - l->pad;
    return u >= l->pad && u <= last && v >= l->pad && v <= last;
}

int vd_channel_contribution(const vd_model_layer *l, const float *weights, int n, float value, double *sum)
{
    *sum = 0;
    if (value == 0) return 1;
    for (int k = 0; k < n; ++k) {
        if (weights[k] == 0) continue;
        if (l->type == CONVOLUTIONAL && !always_inside(l, k)) return 0;
        *sum += (double)weights[k] * value;
    }
    return 1;
}

static int is_zero(const float *x, int n)
{
    for (int i = 0; i < n; ++i)
        if (x[i] != 0) return 0;
    return 1;
}

/* the output of filter f where its product is `sum` everywhere */
static float emitted(const vd_model_layer *l, int f, double sum)
{
    double x = sum;
    if (l->scales) x = (x - l->mean[f]) / (sqrt((double)l->variance[f]) + .000001f) * l->scales[f];
    return activate((float)(x + l->biases[f]), l->activation);
}

/* what filter f of product i reads, and whether its output is a constant */
static void scan_filter(vd_channels *ch, const vd_model *m, int i, int f)
{
    const vd_model_layer *l = m->layers + i;
    int source = l->sources[0], inputs = vd_channels_of(ch, source), out = vd_channel(ch, i, f), blocked = 0;
    char *blocks = ch->blocks[i] + (size_t)f * inputs;
    double sum = 0, part;
    for (int p = 0; p < inputs; ++p) {
        int in = vd_channel(ch, source, p), n = ch->column[i][p + 1] - ch->column[i][p];
        const float *w = l->weights + (size_t)f * l->columns + ch->column[i][p];
        if (l->scales && l->scales[f] == 0) break; /* batch norm lets nothing through */
        if (is_zero(w, n)) continue;
        if (ch->constant[in] && vd_channel_contribution(l, w, n, ch->value[in], &part)) {
            sum += part;
            continue;
        }
        blocks[p] = 1;
        ++ch->blocked[i][p];
        ++blocked;
    }
    ch->constant[out] = !blocked;
    if (!blocked) ch->value[out] = emitted(l, f, sum);
}

static void scan_product(vd_channels *ch, const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i;
    int inputs = vd_channels_of(ch, l->sources[0]);
    ch->blocks[i] = vd_calloc((size_t)l->filters * inputs, 1);
    ch->blocked[i] = vd_calloc(inputs, sizeof(int));
    for (int f = 0; f < l->filters; ++f) scan_filter(ch, m, i, f);
}

/* Darknet pads with -FLT_MAX: a constant stays one as long as no window lies in the padding alone */
static int pool_keeps_constants(const vd_model_layer *l)
{
    return l->pad - l->pad / 2 < l->size;
}

/* the constant x behind a layer that treats every channel alone */
static int pass_constant(const vd_model_layer *l, float *x)
{
    switch (l->type) {
    case MAXPOOL:
        return pool_keeps_constants(l);
    case UPSAMPLE: /* downwards it adds up the pixels */
        *x *= l->scale * (l->reverse ? (float)(l->stride * l->stride) : 1);
        return 1;
    case ACTIVE:
        *x = activate(*x, l->activation);
        return 1;
    default:
        return 1;
    }
}

/* out = activation(alpha in + beta from) where both have the channel, activation(in) elsewhere */
static int add_constants(const vd_channels *ch, const vd_model_layer *l, int c, float *x)
{
    int in = vd_channel(ch, l->sources[0], c), from = vd_channel(ch, l->sources[1], c);
    if (!ch->constant[in]) return 0;
    *x = ch->value[in];
    if (c < vd_channels_of(ch, l->sources[1])) {
        int everywhere = l->out_w <= l->w && l->out_h <= l->h;
        if (!everywhere || !ch->constant[from]) return 0;
        *x = l->alpha * *x + l->beta * ch->value[from];
    }
    *x = activate(*x, l->activation);
    return 1;
}

/* output channel c holds pixels of several inputs: a constant when those are one and the same */
static int gather_constants(const vd_channels *ch, const vd_model_layer *l, int c, float *x)
{
    int *inputs = vd_calloc(l->stride * l->stride, sizeof(int)), n = vd_reorg_inputs(l, c, inputs), same = 1;
    for (int k = 0; k < n; ++k) {
        int in = vd_channel(ch, l->sources[0], inputs[k]);
        same &= ch->constant[in] && (k == 0 || ch->value[in] == *x);
        *x = ch->value[in];
    }
    free(inputs);
    return same;
}

static void find_constants(vd_channels *ch, const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i;
    if (l->kind == VD_PRODUCT && ch->column[i]) scan_product(ch, m, i);
    if (l->kind == VD_PRODUCT || l->kind == VD_WHOLE) return;
    for (int c = 0, source = 0, offset = 0; c < vd_channels_of(ch, i); ++c) {
        int out = vd_channel(ch, i, c), in;
        float *x = ch->value + out;
        if (l->kind == VD_SHORTCUT) {
            ch->constant[out] = add_constants(ch, l, c, x);
            continue;
        }
        if (l->kind == VD_REORG) {
            ch->constant[out] = gather_constants(ch, l, c, x);
            continue;
        }
        while (c - offset == vd_channels_of(ch, l->sources[source])) offset += vd_channels_of(ch, l->sources[source++]);
        in = vd_channel(ch, l->sources[source], c - offset);
        *x = ch->value[in];
        ch->constant[out] = ch->constant[in] && (l->kind == VD_ROUTE || pass_constant(l, x));
    }
}

/* ---- removal ---- */

int vd_channel_layer(const vd_channels *ch, int channel)
{
    int low = 0, high = ch->n; /* first[low] <= channel < first[high + 1] */
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (ch->first[middle] <= channel) low = middle;
        else high = middle - 1;
    }
    return low - 1;
}

int vd_channel_reader(const vd_channels *ch, const vd_model *m, int channel)
{
    int i = vd_channel_layer(ch, channel), c = channel - ch->first[i + 1];
    for (int r = 0; r < m->n; ++r)
        if (ch->blocked[r] && m->layers[r].sources[0] == i && ch->blocked[r][c]) return r;
    return -1;
}

/* a layer keeps one channel at least: Darknet has none without */
static int leaves_some(const vd_channels *ch, int class, int *gone)
{
    int enough = 1;
    for (int k = class; k >= 0; k = ch->next[k]) {
        int at = vd_channel_layer(ch, k) + 1;
        enough &= ++gone[at] < ch->left[at];
    }
    for (int k = class; k >= 0; k = ch->next[k]) gone[vd_channel_layer(ch, k) + 1] = 0;
    return enough;
}

static int can_go(const vd_channels *ch, const vd_model *m, int class, int *gone)
{
    if (ch->pinned_by[class] != VD_NOT_PINNED) return 0;
    for (int k = class; k >= 0; k = ch->next[k])
        if (vd_channel_reader(ch, m, k) >= 0) return 0;
    return leaves_some(ch, class, gone);
}

/* filter f no longer reads */
static void unblock(vd_channels *ch, const vd_model *m, int i, int f)
{
    int inputs = vd_channels_of(ch, m->layers[i].sources[0]);
    const char *blocks = ch->blocks[i] + (size_t)f * inputs;
    for (int p = 0; p < inputs; ++p) ch->blocked[i][p] -= blocks[p];
}

static void remove_class(vd_channels *ch, const vd_model *m, int class)
{
    for (int k = class; k >= 0; k = ch->next[k]) {
        int i = vd_channel_layer(ch, k);
        ch->removed[k] = 1;
        --ch->left[i + 1];
        if (i >= 0 && ch->blocks[i]) unblock(ch, m, i, k - ch->first[i + 1]);
    }
}

/* from the last layer to the first: what goes frees what it read */
static void remove_all(vd_channels *ch, const vd_model *m)
{
    int *gone = vd_calloc(ch->n + 1, sizeof(int)), more = 1;
    while (more) {
        more = 0;
        for (int class = ch->total - 1; class >= 0; --class) {
            if (ch->class[class] != class || ch->removed[class] || !can_go(ch, m, class, gone)) continue;
            remove_class(ch, m, class);
            more = 1;
        }
    }
    free(gone);
}

/* ---- the whole ---- */

vd_channels *make_vd_channels(const vd_model *m)
{
    vd_channels *ch = make_vd_channel_ties(m);
    ch->constant = vd_calloc(ch->total, 1);
    ch->value = vd_calloc(ch->total, sizeof(float));
    ch->removed = vd_calloc(ch->total, 1);
    ch->blocks = vd_calloc(m->n, sizeof(char *));
    ch->blocked = vd_calloc(m->n, sizeof(int *));
    ch->left = vd_calloc(m->n + 1, sizeof(int));
    for (int i = -1; i < m->n; ++i) ch->left[i + 1] = vd_channels_of(ch, i);
    for (int i = 0; i < m->n; ++i) find_constants(ch, m, i);
    remove_all(ch, m);
    return ch;
}

void free_vd_channels(vd_channels *ch)
{
    void *arrays[] = {ch->first, ch->pixels, ch->constant, ch->value,    ch->removed,
                      ch->class, ch->next,   ch->left,     ch->pinned_by};
    for (int i = 0; i < ch->n; ++i) {
        free(ch->column[i]);
        free(ch->blocks[i]);
        free(ch->blocked[i]);
    }
    for (size_t k = 0; k < sizeof(arrays) / sizeof(*arrays); ++k) free(arrays[k]);
    free(ch->column);
    free(ch->blocks);
    free(ch->blocked);
    free(ch);
}
