#include "export/channels.h"
#include "base/fail.h"

#include <assert.h>
#include <stdlib.h>

/* ---- reorg ---- */

/* reverse=1: each of the input channels offset * out_c + c fills every stride-th pixel of output channel c. */
static int reverse_inputs(const vd_model_layer *l, int c, int *inputs)
{
    int square = l->stride * l->stride, out_c = l->c / square;
    for (int offset = 0; offset < square; ++offset) inputs[offset] = offset * out_c + c;
    return square;
}

/* Without reverse, stock Darknet reads the [c][h][w] input as [c/s^2][h s][w s], moves every s-th pixel of its plane q
 * to plane (offset, q) of a [c][h][w] array, and then uses that as [c s^2][h/s][w/s]. So the input channels go in
 * groups of s^2: such a group is one large plane, s^2 planes of the output's memory, and s^4 output channels. */
int vd_reorg_inputs(const vd_model_layer *l, int c, int *inputs)
{
    if (l->reverse) return reverse_inputs(l, c, inputs);
    int s = l->stride, square = s * s, planes = l->c / square, n = 0;
    int part = l->h * l->w / square, first = c % square * part; /* pixels of channel c within the plane of the array */
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

/* ---- what is passed on ---- */

vd_channel_range vd_channels_from(const vd_channels *ch, const vd_model_layer *l, int s)
{
    int n = vd_channels_of(ch, l->sources[s]), first = vd_channel(ch, l->sources[s], 0);
    if (l->kind != VD_ROUTE) return (vd_channel_range){first, n};
    n /= l->groups;
    return (vd_channel_range){first + l->group_id * n, n};
}

/* ---- counting ---- */

static void count_channels(vd_channels *ch, const vd_model *m)
{
    ch->layers = m->n;
    ch->first = vd_calloc(m->n + 2, sizeof(int));
    ch->first[vd_source_of_layer(0)] = m->channels;
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        int channels = l->kind == VD_ROUTE ? 0 : l->channels, source = vd_source_of_layer(i);
        for (int s = 0; l->kind == VD_ROUTE && s < l->n_sources; ++s) channels += vd_channels_from(ch, l, s).n;
        ch->first[source + 1] = ch->first[source] + channels;
    }
    ch->total = ch->first[m->n + 1];
}

/* by channel, not by layer: a [route] may join planes of different sizes */
static void count_pixels(vd_channels *ch, const vd_model *m)
{
    ch->pixels = vd_calloc(ch->total, sizeof(int));
    for (int c = 0; c < m->channels; ++c) ch->pixels[c] = m->pixels;
    for (int i = 0; i < m->n; ++i) {
        const vd_model_layer *l = m->layers + i;
        int *pixels = ch->pixels + ch->first[vd_source_of_layer(i)];
        if (l->kind != VD_ROUTE) {
            for (int c = 0; c < l->channels; ++c) pixels[c] = l->out_h * l->out_w;
            continue;
        }
        for (int s = 0; s < l->n_sources; ++s) {
            vd_channel_range from = vd_channels_from(ch, l, s);
            for (int c = 0; c < from.n; ++c) *pixels++ = ch->pixels[from.first + c];
        }
    }
}

/* a filter's columns for each input channel: size^2 weights in a convolution, one per pixel in a connected layer */
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

/* ---- ties ---- */

/* while channels are being tied, tied_to leads to the first of them in any number of steps */
static int first_tied(const vd_channels *ch, int k)
{
    while (ch->tied_to[k] != k) k = ch->tied_to[k];
    return k;
}

static void tie(vd_channels *ch, int a, int b)
{
    a = first_tied(ch, a);
    b = first_tied(ch, b);
    if (a < b) ch->tied_to[b] = a;
    else ch->tied_to[a] = b;
}

static void tie_reorg(vd_channels *ch, const vd_model_layer *l, int out)
{
    int square = l->stride * l->stride, planes = l->c / square;
    for (int c = 0; c < l->c; ++c) {
        int first = l->reverse ? c % planes : c / square * square;
        tie(ch, vd_channel(ch, l->sources[0], first), vd_channel(ch, l->sources[0], c));
    }
    for (int c = 0; c < l->channels; ++c) {
        int first = l->reverse ? c : c / square % planes * square;
        tie(ch, vd_channel(ch, l->sources[0], first), vd_channel(ch, out, c));
    }
}

int vd_scales_pixels(const vd_channels *ch, const vd_model_layer *l)
{
    return l->kind == VD_SCALED && vd_channels_of(ch, l->sources[0]) < l->channels;
}

static void tie_layer(vd_channels *ch, const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i;
    int source = vd_source_of_layer(i);
    if (l->kind == VD_WHOLE || l->kind == VD_PRODUCT) return;
    int shares = l->kind == VD_SHORTCUT || l->kind == VD_SCALED;
    if (l->kind == VD_REORG) {
        tie_reorg(ch, l, source);
        return;
    }
    for (int s = vd_scales_pixels(ch, l), out = 0; s < l->n_sources; ++s) {
        vd_channel_range from = vd_channels_from(ch, l, s);
        if (shares) { /* all start at channel 0; a summand may have more channels than the sum, or less */
            out = 0;
            if (from.n > l->channels) from.n = l->channels;
        }
        for (int c = 0; c < from.n; ++c) tie(ch, from.first + c, vd_channel(ch, source, out++));
        assert(shares || s < l->n_sources - 1 || out == vd_channels_of(ch, source));
    }
}

static void tie_all(vd_channels *ch, const vd_model *m)
{
    ch->tied_to = vd_calloc(ch->total, sizeof(int));
    ch->next_tied = vd_calloc(ch->total, sizeof(int));
    for (int k = 0; k < ch->total; ++k) ch->tied_to[k] = k;
    for (int i = 0; i < m->n; ++i) tie_layer(ch, m, i);
    for (int k = 0; k < ch->total; ++k) ch->tied_to[k] = first_tied(ch, k);
    for (int k = ch->total - 1; k >= 0; --k) { /* inserted after the first, so in order in the end */
        int first = ch->tied_to[k];
        if (k == first) continue;
        ch->next_tied[k] = ch->next_tied[first];
        ch->next_tied[first] = k;
    }
    for (int k = 0; k < ch->total; ++k)
        if (!ch->next_tied[k]) ch->next_tied[k] = -1; /* channel 0 is the first of those tied to it and follows none */
}

static void pin(vd_channels *ch, int source, int by)
{
    for (int c = 0; c < vd_channels_of(ch, source); ++c) {
        int *pinned_by = ch->pinned_by + ch->tied_to[vd_channel(ch, source, c)];
        if (*pinned_by == VD_NOT_PINNED) *pinned_by = by;
    }
}

static void pin_all(vd_channels *ch, const vd_model *m)
{
    int output = vd_source_of_layer(m->output);
    ch->pinned_by = vd_calloc(ch->total, sizeof(int));
    for (int k = 0; k < ch->total; ++k) ch->pinned_by[k] = VD_NOT_PINNED;
    pin(ch, VD_PICTURE, VD_PICTURE);
    for (int i = 0; i < m->n; ++i) {
        int source = vd_source_of_layer(i);
        if (vd_scales_pixels(ch, m->layers + i)) pin(ch, m->layers[i].sources[0], source);
        if (m->layers[i].kind != VD_WHOLE) continue;
        pin(ch, source, source);
        for (int s = 0; s < m->layers[i].n_sources; ++s) pin(ch, m->layers[i].sources[s], source);
    }
    pin(ch, output, output);
}

vd_channels *make_vd_channel_ties(const vd_model *m)
{
    vd_channels *ch = vd_calloc(1, sizeof(*ch));
    count_channels(ch, m);
    count_pixels(ch, m);
    find_columns(ch, m);
    tie_all(ch, m);
    pin_all(ch, m);
    return ch;
}
