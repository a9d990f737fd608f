#include "export/channels.h"
#include "base/fail.h"

#include <assert.h>
#include <stdlib.h>

/* ---- reorg ---- */

/* Backwards, forwards of it being reverse=1: input channel `offset out_c + c` gives every stride-th pixel of c. */
static int reverse_inputs(const vd_model_layer *l, int c, int *inputs)
{
    int square = l->stride * l->stride, out_c = l->c / square;
    for (int offset = 0; offset < square; ++offset) inputs[offset] = offset * out_c + c;
    return square;
}

/* Forwards, stock Darknet takes the [c][h][w] input for [c/s^2][h s][w s], moves every s-th pixel of plane q of that to
 * plane (offset, q) of [c][h][w], and calls the result [c s^2][h/s][w/s]. So input channels go in groups of s^2: one
 * large plane, s^2 planes of the output's memory, s^4 output channels. */
int vd_reorg_inputs(const vd_model_layer *l, int c, int *inputs)
{
    if (l->reverse) return reverse_inputs(l, c, inputs);
    int s = l->stride, square = s * s, planes = l->c / square, n = 0;
    int part = l->h * l->w / square, first = c % square * part; /* of the output's plane */
    int plane = c / square % planes, offset = c / square / planes;
    char *found = vd_calloc(square, 1);
    for (int k = first; k < first + part; ++k) {
        int row = k / l->w * s + offset / s, column = k % l->w * s + offset % s;
        found[(row * l->w * s + column) / (l->h * l->w)] = 1;
    }
    for (int k = 0; k < square; ++k)
        if (found[k]) inputs[n++] = plane * square + k;
    free(found);
    return n;
}

/* ---- counting ---- */

static void count_channels(vd_channels *ch, const vd_model *m)
{
    ch->n = m->n;
    ch->first = vd_calloc(m->n + 2, sizeof(int));
    ch->first[1] = m->channels;
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        int channels = l->kind == VD_ROUTE ? 0 : l->channels;
        for (int s = 0; l->kind == VD_ROUTE && s < l->n_sources; ++s) channels += vd_channels_of(ch, l->sources[s]);
        ch->first[i + 2] = ch->first[i + 1] + channels;
    }
    ch->total = ch->first[m->n + 1];
}

/* a [route] may join planes of different sizes */
static void count_pixels(vd_channels *ch, const vd_model *m)
{
    ch->pixels = vd_calloc(ch->total, sizeof(int));
    for (int c = 0; c < m->channels; ++c) ch->pixels[c] = m->pixels;
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        int *pixels = ch->pixels + ch->first[i + 1];
        if (l->kind != VD_ROUTE) {
            for (int c = 0; c < l->channels; ++c) pixels[c] = l->out_h * l->out_w;
            continue;
        }
        for (int s = 0; s < l->n_sources; ++s)
            for (int c = 0; c < vd_channels_of(ch, l->sources[s]); ++c)
                *pixels++ = ch->pixels[vd_channel(ch, l->sources[s], c)];
    }
}

/* the columns of a filter by input channel: size^2 weights in a convolution, one a pixel in a connected layer */
static void find_columns(vd_channels *ch, const vd_model *m)
{
    ch->column = vd_calloc(m->n, sizeof(int *));
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        if (l->kind != VD_PRODUCT) continue;
        int source = l->sources[0], inputs = vd_channels_of(ch, source);
        int *column = ch->column[i] = vd_calloc(inputs + 1, sizeof(int));
        for (int p = 0; p < inputs; ++p) {
            int weights = l->type == CONVOLUTIONAL ? l->size * l->size : ch->pixels[vd_channel(ch, source, p)];
            column[p + 1] = column[p] + weights;
        }
        assert(column[inputs] == l->columns);
    }
}

/* ---- classes ---- */

static int root(const int *class, int k)
{
    while (class[k] != k) k = class[k];
    return k;
}

static void tie(vd_channels *ch, int a, int b)
{
    a = root(ch->class, a);
    b = root(ch->class, b);
    if (a < b) ch->class[b] = a;
    else ch->class[a] = b;
}

static void tie_reorg(vd_channels *ch, const vd_model_layer *l, int i)
{
    int square = l->stride * l->stride, planes = l->c / square;
    for (int c = 0; c < l->c; ++c) {
        int first = l->reverse ? c % planes : c / square * square;
        tie(ch, vd_channel(ch, l->sources[0], first), vd_channel(ch, l->sources[0], c));
    }
    for (int c = 0; c < l->channels; ++c) {
        int first = l->reverse ? c : c / square % planes * square;
        tie(ch, vd_channel(ch, l->sources[0], first), vd_channel(ch, i, c));
    }
}

static void tie_layer(vd_channels *ch, const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i;
    if (l->kind == VD_WHOLE || l->kind == VD_PRODUCT) return;
    if (l->kind == VD_REORG) {
        tie_reorg(ch, l, i);
        return;
    }
    for (int s = 0, out = 0; s < l->n_sources; ++s) {
        int n = vd_channels_of(ch, l->sources[s]);
        if (l->kind == VD_SHORTCUT) { /* both start at channel 0; it may have more than the sum, or less */
            out = 0;
            if (n > l->channels) n = l->channels;
        }
        for (int c = 0; c < n; ++c) tie(ch, vd_channel(ch, l->sources[s], c), vd_channel(ch, i, out++));
        assert(l->kind == VD_SHORTCUT || s < l->n_sources - 1 || out == vd_channels_of(ch, i));
    }
}

static void make_classes(vd_channels *ch, const vd_model *m)
{
    ch->class = vd_calloc(ch->total, sizeof(int));
    ch->next = vd_calloc(ch->total, sizeof(int));
    for (int k = 0; k < ch->total; ++k) ch->class[k] = k;
    for (int i = 0; i < m->n; ++i) tie_layer(ch, m, i);
    for (int k = 0; k < ch->total; ++k) ch->class[k] = root(ch->class, k);
    for (int k = ch->total - 1; k >= 0; --k) { /* inserted behind the first, in order */
        int class = ch->class[k];
        if (k == class) continue;
        ch->next[k] = ch->next[class];
        ch->next[class] = k;
    }
    for (int k = 0; k < ch->total; ++k)
        if (!ch->next[k]) ch->next[k] = -1; /* channel 0 is the first of its class and follows none */
}

static void pin(vd_channels *ch, int layer, int by)
{
    for (int c = 0; c < vd_channels_of(ch, layer); ++c) {
        int *pinned_by = ch->pinned_by + ch->class[vd_channel(ch, layer, c)];
        if (*pinned_by == VD_NOT_PINNED) *pinned_by = by;
    }
}

static void pin_all(vd_channels *ch, const vd_model *m)
{
    ch->pinned_by = vd_calloc(ch->total, sizeof(int));
    for (int k = 0; k < ch->total; ++k) ch->pinned_by[k] = VD_NOT_PINNED;
    pin(ch, -1, -1);
    for (int i = 0; i < m->n; ++i) {
        if (m->layers[i].kind != VD_WHOLE) continue;
        pin(ch, i, i);
        pin(ch, m->layers[i].sources[0], i);
    }
    pin(ch, m->output, m->output);
}

vd_channels *make_vd_channel_ties(const vd_model *m)
{
    vd_channels *ch = vd_calloc(1, sizeof(*ch));
    count_channels(ch, m);
    count_pixels(ch, m);
    find_columns(ch, m);
    make_classes(ch, m);
    pin_all(ch, m);
    return ch;
}
