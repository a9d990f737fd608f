#include "support/random_export.h"
#include "support/export_support.h"

#include "base/text.h"

#include <stdlib.h>

static unsigned long long state;
static int groups;
static draw_flags drawn_flags;

static int draw(int n)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (int)((state >> 33) % (unsigned)n);
}

static int chance(int percent)
{
    return draw(100) < percent;
}

enum { LAYERS = 14 };
typedef struct {
    char *text;
    int n;
    int h[LAYERS], w[LAYERS], c[LAYERS]; /* outputs so far */
} graph;

static void add_text(graph *g, char *section)
{
    char *longer = vd_format("%s%s", g->text, section);
    free(g->text);
    free(section);
    g->text = longer;
}

static void add(graph *g, char *section, int c, int h, int w)
{
    add_text(g, section);
    g->c[g->n] = c;
    g->h[g->n] = h;
    g->w[g->n] = w;
    ++g->n;
}

static const char *draw_activation(void)
{
    static const char *const names[] = {"linear", "leaky", "relu", "relu", "leaky", "logistic", "tanh", "elu", "plse"};
    static const char *const more[] = {
        "linear",  "leaky", "relu", "relu6", "logistic", "tanh", "elu",
        "hardtan", "loggy", "selu", "swish", "mish",     "gelu", "hard_mish", /* and not in integers: */
        "plse",    "relie", "ramp", "lhtan"};
    if (drawn_flags & DRAW_INTEGER_ACTIVATIONS) return more[draw(14)];
    if (drawn_flags & DRAW_ALL_ACTIVATIONS) return more[draw(COUNT_OF(more))];
    return names[draw(COUNT_OF(names))];
}

static void add_convolution(graph *g, int c, int h, int w)
{
    static const int sizes[] = {1, 3, 3, 5, 2};
    int size = sizes[draw(5)], stride = size > 1 && chance(25) ? 2 : 1,
        padding = size == 1 || chance(40) ? 0 : size / 2;
    int groups = c % 2 == 0 && chance(10) ? 2 : 1, filters = 2 * (1 + draw(6));
    if (h + 2 * padding < size || w + 2 * padding < size) size = 1, padding = 0, stride = 1;
    add(g,
        vd_format("[%sconvolutional]\nfilters=%d\nsize=%d\nstride=%d\npadding=%d\ngroups=%d\nbatch_normalize=%d\n"
                  "activation=%s\n",
                  chance(70) ? "vd_" : "", filters, size, stride, padding, groups, chance(40), draw_activation()),
        filters, (h + 2 * padding - size) / stride + 1, (w + 2 * padding - size) / stride + 1);
}

static void add_pool(graph *g, int c, int h, int w)
{
    int size = 2 + draw(2), stride = 1 + draw(2), padding = chance(50) ? size - 1 : 0;
    if (h + padding < size || w + padding < size) return;
    add(g, vd_format("[maxpool]\nsize=%d\nstride=%d\npadding=%d\n", size, stride, padding), c,
        (h + padding - size) / stride + 1, (w + padding - size) / stride + 1);
}

static void add_route(graph *g)
{
    int first = draw(g->n), second = draw(g->n), parts = 2 + draw(2);
    if (groups && g->c[first] % parts == 0 && chance(50)) {
        int c = g->c[first] / parts;
        add(g, vd_format("[route]\nlayers=%d\ngroups=%d\ngroup_id=%d\n", first, parts, draw(parts)), c, g->h[first],
            g->w[first]);
        return;
    }
    if (g->h[first] != g->h[second] || g->w[first] != g->w[second] || chance(30)) {
        add(g, vd_format("[route]\nlayers=%d\n", first), g->c[first], g->h[first], g->w[first]);
        return;
    }
    add(g, vd_format("[route]\nlayers=%d,%d\n", first - g->n, second), g->c[first] + g->c[second], g->h[first],
        g->w[first]);
}

static void add_shortcut(graph *g, int c, int h, int w)
{
    int from = draw(g->n);
    if (g->h[from] != h || g->w[from] != w) return;
    add(g, vd_format("[shortcut]\nfrom=%d\nactivation=%s\n", chance(50) ? from : from - g->n, draw_activation()), c, h,
        w);
}

static void add_reorg(graph *g, int c, int h, int w)
{
    if (c % 4) return;
    if (chance(50) && h <= 8) add(g, vd_format("[reorg]\nstride=2\nreverse=1\n"), c / 4, h * 2, w * 2);
    else if (h % 2 == 0 && w % 2 == 0) add(g, vd_format("[reorg]\nstride=2\n"), c * 4, h / 2, w / 2);
}

static void add_some_layer(graph *g)
{
    int c = g->c[g->n - 1], h = g->h[g->n - 1], w = g->w[g->n - 1], kind = draw(100);
    if (kind < 45) add_convolution(g, c, h, w);
    else if (kind < 55) add_pool(g, c, h, w);
    else if (kind < 65 + 10 * groups) add_route(g);
    else if (kind < 78) add_shortcut(g, c, h, w);
    else if (kind < 86) add_reorg(g, c, h, w);
    else if (kind < 91 && h <= 8) add(g, vd_format("[upsample]\nstride=2\nscale=.5\n"), c, h * 2, w * 2);
    else if (kind < 95) add(g, vd_format("[dropout]\nprobability=.3\n"), c, h, w);
    else add(g, vd_format("[activation]\nactivation=%s\n", draw_activation()), c, h, w);
}

static char *draw_cfg(void)
{
    int h = 6 + draw(5), w = 6 + draw(5), c = 1 + draw(4), sections = 3 + draw(8);
    graph g = {.text = vd_format("[net]\nbatch=2\nseed=1\nheight=%d\nwidth=%d\nchannels=%d\n", h, w, c)};
    add_convolution(&g, c, h, w);
    while (g.n < sections) add_some_layer(&g);
    if (chance(30)) add(&g, vd_format("[avgpool]\n"), g.c[g.n - 1], 1, 1);
    if (chance(70))
        add_text(&g,
                 vd_format("[vd_connected]\noutput=9\nbatch_normalize=%d\nactivation=%s\n[%sconnected]\noutput=4\n"
                           "activation=linear\n%s",
                           chance(40), draw_activation(), chance(50) ? "vd_" : "", chance(50) ? "[softmax]\n" : ""));
    if (chance(50)) add_text(&g, vd_format("[vd_cost]\nsamples=10\n"));
    return g.text;
}

/* filters, inputs and single weights; often biases of zero, so that padding lets constants go */
static void prune_some(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != CONVOLUTIONAL && l.type != CONNECTED) continue;
        int n = filters_of(l), columns = columns_of(l), taps = l.type == CONVOLUTIONAL ? l.size * l.size : 1;
        int dead = draw(90), unread = draw(60), thin = draw(90);
        for (int f = 0; f < n; ++f)
            if (chance(dead)) prune_filter(net, i, f);
        for (int p = 0; p < columns / taps; ++p)
            if (chance(unread)) prune_input(net, i, p * taps, taps);
        for (int k = 0; k < n * columns; ++k)
            if (chance(thin)) prune(l, k);
        for (int f = 0; f < n; ++f) {
            if (chance(50)) l.biases[f] = 0;
            if (l.batch_normalize && chance(30)) l.rolling_mean[f] = 0;
            if (l.batch_normalize && chance(10)) l.scales[f] = 0;
        }
    }
}

network *draw_network(int number, draw_flags flags, char **cfg)
{
    drawn_flags = flags;
    groups = (flags & DRAW_GROUPS) != 0;
    state = 88172645463325252ull + 977 * (unsigned)number;
    for (int i = 0; i < 8; ++i) draw(2);
    *cfg = draw_cfg();
    network *net = random_network(*cfg, (unsigned)number);
    prune_some(net);
    return net;
}
