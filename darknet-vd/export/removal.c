#include "export/removal.h"
#include "base/fail.h"
#include "layer/activation.h"

#include <stdlib.h>

/* ---- constants ---- */

/* On either axis, tap u of a filter is inside the picture for every window and every size of picture when
 * pad <= u < size - pad: the first window starts pad before the picture, the last ends at most pad after it. */
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

/* the output of filter f when its sum of products is `sum` everywhere */
static float emitted(const vd_model_layer *l, int f, double sum)
{
    double x = sum;
    if (l->scales) x = (x - l->mean[f]) / vd_model_deviation(l, f) * l->scales[f];
    float y = (float)(x + l->biases[f]);
    vd_activate(l->activation, 1, &y);
    return y;
}

/* which channels filter f of product i needs, and whether its output is a constant */
static void scan_filter(vd_channels *ch, const vd_model *m, int i, int f)
{
    const vd_model_layer *l = m->layers + i;
    int source = l->sources[0], inputs = vd_channels_of(ch, source), needed = 0;
    int out = vd_channel(ch, vd_source_of_layer(i), f);
    char *reads_from = ch->reads_from[i] + (size_t)f * inputs;
    double sum = 0, part;
    for (int p = 0; p < inputs; ++p) {
        int in = vd_channel(ch, source, p), n = ch->column[i][p + 1] - ch->column[i][p];
        const float *w = l->weights + (size_t)f * l->columns + ch->column[i][p];
        if (l->scales && l->scales[f] == 0) break; /* batch norm makes a constant of it */
        if (is_zero(w, n)) continue;
        if (ch->constant[in] && vd_channel_contribution(l, w, n, ch->value[in], &part)) {
            sum += part;
            continue;
        }
        reads_from[p] = 1;
        ++ch->readers_left[i][p];
        ++needed;
    }
    ch->constant[out] = !needed;
    if (!needed) ch->value[out] = emitted(l, f, sum);
}

static void scan_product(vd_channels *ch, const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i;
    int inputs = vd_channels_of(ch, l->sources[0]);
    ch->reads_from[i] = vd_calloc((size_t)l->filters * inputs, 1);
    ch->readers_left[i] = vd_calloc(inputs, sizeof(int));
    for (int f = 0; f < l->filters; ++f) scan_filter(ch, m, i, f);
}

/* Darknet pads with -FLT_MAX: a constant stays a constant when no window is all padding */
static int pool_keeps_constants(const vd_model_layer *l)
{
    return l->pad - l->pad / 2 < l->size;
}

/* the constant x after a layer that treats each channel by itself; 0 when it is a constant no longer */
static int pass_constant(const vd_model_layer *l, float *x)
{
    switch (l->type) {
    case MAXPOOL:
        return pool_keeps_constants(l);
    case UPSAMPLE: /* reverse=1 adds up the pixels */
        *x *= l->scale * (l->reverse ? (float)(l->stride * l->stride) : 1);
        return 1;
    case ACTIVE:
        vd_activate(l->activation, 1, x);
        return 1;
    default:
        return 1;
    }
}

/* out = activation(alpha in + beta from + ...), where the layer in front has the channel and others may have it */
static int add_constants(const vd_channels *ch, const vd_model_layer *l, int c, float *x)
{
    int in = vd_channel(ch, l->sources[0], c), everywhere = l->out_w <= l->w && l->out_h <= l->h, added = 0;
    float sum = 0;
    if (!ch->constant[in]) return 0;
    for (int s = 1; s < l->n_sources; ++s) {
        int from = vd_channel(ch, l->sources[s], c);
        if (c >= vd_channels_of(ch, l->sources[s])) continue;
        if (!everywhere || !ch->constant[from]) return 0;
        sum += l->beta * ch->value[from];
        added = 1;
    }
    *x = added ? l->alpha * ch->value[in] + sum : ch->value[in];
    vd_activate(l->activation, 1, x);
    return 1;
}

/* out = activation(in from): a constant, too, where one of them is 0 */
static int multiply_constants(const vd_channels *ch, const vd_model_layer *l, int c, float *x)
{
    int in = vd_channel(ch, l->sources[0], vd_scales_pixels(ch, l) ? 0 : c), from = vd_channel(ch, l->sources[1], c);
    int is_zero = (ch->constant[in] && ch->value[in] == 0) || (ch->constant[from] && ch->value[from] == 0);
    if (!is_zero && !(ch->constant[in] && ch->constant[from])) return 0;
    *x = is_zero ? 0 : ch->value[in] * ch->value[from];
    vd_activate(l->activation, 1, x);
    return 1;
}

/* output channel c holds pixels of several inputs: a constant when they are all the same constant */
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

/* each output channel comes from one input channel, in order, one source after the other */
static void hand_on_constants(vd_channels *ch, const vd_model_layer *l, int out)
{
    for (int s = 0; s < l->n_sources; ++s) {
        vd_channel_range from = vd_channels_from(ch, l, s);
        for (int in = from.first; in < from.first + from.n; ++in, ++out) {
            ch->value[out] = ch->value[in];
            ch->constant[out] = ch->constant[in] && (l->kind == VD_ROUTE || pass_constant(l, ch->value + out));
        }
    }
}

/* among the output channels of layer i, once those of all layers before are known */
static void find_constants(vd_channels *ch, const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i;
    int source = vd_source_of_layer(i), out = vd_channel(ch, source, 0), n = vd_channels_of(ch, source);
    switch (l->kind) {
    case VD_WHOLE: /* they must stay anyway */
        break;
    case VD_PRODUCT:
        scan_product(ch, m, i);
        break;
    case VD_SHORTCUT:
        for (int c = 0; c < n; ++c) ch->constant[out + c] = add_constants(ch, l, c, ch->value + out + c);
        break;
    case VD_SCALED:
        for (int c = 0; c < n; ++c) ch->constant[out + c] = multiply_constants(ch, l, c, ch->value + out + c);
        break;
    case VD_REORG:
        for (int c = 0; c < n; ++c) ch->constant[out + c] = gather_constants(ch, l, c, ch->value + out + c);
        break;
    default:
        hand_on_constants(ch, l, out);
    }
}

/* ---- removal ---- */

int vd_channel_source(const vd_channels *ch, int k)
{
    int low = VD_PICTURE, high = ch->layers; /* first[low] <= k < first[high + 1] */
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (ch->first[middle] <= k) low = middle;
        else high = middle - 1;
    }
    return low;
}

int vd_channel_reader(const vd_channels *ch, const vd_model *m, int k)
{
    int source = vd_channel_source(ch, k), c = k - ch->first[source];
    for (int i = 0; i < m->n; ++i)
        if (ch->readers_left[i] && m->layers[i].sources[0] == source && ch->readers_left[i][c]) return i;
    return -1;
}

/* Every source keeps one channel at least: Darknet has no layer without. going: [layers + 1], zeros before and after */
static int leaves_some(const vd_channels *ch, int first, int *going)
{
    int enough = 1;
    for (int k = first; k >= 0; k = ch->next_tied[k]) {
        int source = vd_channel_source(ch, k);
        enough &= ++going[source] < ch->channels_left[source];
    }
    for (int k = first; k >= 0; k = ch->next_tied[k]) going[vd_channel_source(ch, k)] = 0;
    return enough;
}

/* the channels tied to `first` */
static int can_go(const vd_channels *ch, const vd_model *m, int first, int *going)
{
    if (ch->pinned_by[first] != VD_NOT_PINNED) return 0;
    for (int k = first; k >= 0; k = ch->next_tied[k])
        if (vd_channel_reader(ch, m, k) >= 0) return 0;
    return leaves_some(ch, first, going);
}

/* filter f of product i reads no longer */
static void stop_reading(vd_channels *ch, const vd_model *m, int i, int f)
{
    int inputs = vd_channels_of(ch, m->layers[i].sources[0]);
    const char *reads_from = ch->reads_from[i] + (size_t)f * inputs;
    for (int p = 0; p < inputs; ++p) ch->readers_left[i][p] -= reads_from[p];
}

static void remove_tied(vd_channels *ch, const vd_model *m, int first)
{
    for (int k = first; k >= 0; k = ch->next_tied[k]) {
        int source = vd_channel_source(ch, k), i = vd_layer_of_source(source);
        ch->removed[k] = 1;
        --ch->channels_left[source];
        if (source != VD_PICTURE && ch->reads_from[i]) stop_reading(ch, m, i, k - ch->first[source]);
    }
}

/* from the last channel to the first, since a removal frees channels before it; again until nothing changes */
static void remove_all(vd_channels *ch, const vd_model *m)
{
    int *going = vd_calloc(ch->layers + 1, sizeof(int)), more = 1;
    while (more) {
        more = 0;
        for (int k = ch->total - 1; k >= 0; --k) {
            if (ch->tied_to[k] != k || ch->removed[k] || !can_go(ch, m, k, going)) continue;
            remove_tied(ch, m, k);
            more = 1;
        }
    }
    free(going);
}

/* ---- all of it ---- */

vd_channels *make_vd_channels(const vd_model *m)
{
    vd_channels *ch = make_vd_channel_ties(m);
    ch->constant = vd_calloc(ch->total, 1);
    ch->value = vd_calloc(ch->total, sizeof(float));
    ch->removed = vd_calloc(ch->total, 1);
    ch->reads_from = vd_calloc(m->n, sizeof(char *));
    ch->readers_left = vd_calloc(m->n, sizeof(int *));
    ch->channels_left = vd_calloc(m->n + 1, sizeof(int));
    for (int source = 0; source <= m->n; ++source) ch->channels_left[source] = vd_channels_of(ch, source);
    for (int i = 0; i < m->n; ++i) find_constants(ch, m, i);
    remove_all(ch, m);
    vd_channels_even(ch, m);
    return ch;
}

void free_vd_channels(vd_channels *ch)
{
    void *arrays[] = {ch->first,   ch->channels_left, ch->pixels,    ch->constant, ch->value,
                      ch->removed, ch->tied_to,       ch->next_tied, ch->pinned_by};
    for (int i = 0; i < ch->layers; ++i) {
        free(ch->column[i]);
        free(ch->reads_from[i]);
        free(ch->readers_left[i]);
    }
    for (size_t k = 0; k < sizeof(arrays) / sizeof(*arrays); ++k) free(arrays[k]);
    free(ch->column);
    free(ch->reads_from);
    free(ch->readers_left);
    free(ch);
}
