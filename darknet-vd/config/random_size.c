#include "config/random_size.h"
#include "base/fail.h"

#include <assert.h>
#include <stdlib.h>

enum {
    STOCK_STEP = 32,
    ENOUGH = 4 /* sizes; with fewer, smaller steps or nearly equal shapes are better */
};

static int gcd(int a, int b)
{
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int rounded(double x)
{
    return x < 1 ? 1 : (int)(x + .5);
}

/* side of the square of input pixels that one pixel of a layer's output stands for, before: that of its input */
static double pixels_of(layer l, double before)
{
    switch (l.type) {
    case CONVOLUTIONAL:
    case LOCAL:
    case MAXPOOL:
        return before * (l.stride_y > l.stride ? l.stride_y : l.stride);
    case DECONVOLUTIONAL:
        return before / l.stride;
    case REORG:
    case UPSAMPLE:
        return (l.type == REORG) == !l.reverse ? before * l.stride : before / l.stride;
    default:
        return before;
    }
}

/* sides of the input that are multiples of this give an integer number of pixels in every layer */
static int step_of(const network *net)
{
    double most = 1, *pixels = vd_calloc((size_t)net->n, sizeof(*pixels));
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        pixels[i] = l.type == ROUTE ? pixels[l.input_layers[0]] : pixels_of(l, i ? pixels[i - 1] : 1);
        if (pixels[i] > most) most = pixels[i];
    }
    free(pixels);
    return rounded(most < net->w ? most : net->w);
}

typedef struct {
    double least, most; /* shares of the cfg's own size */
} shares;

static vd_random_sizes sizes_of(int step, double w, double h, int of, shares s)
{
    vd_random_sizes sizes = {.step = step, .columns = rounded(w / step), .rows = rounded(h / step), .of = of};
    sizes.least = rounded(of * s.least);
    sizes.most = rounded(of * s.most);
    return sizes;
}

vd_random_sizes vd_random_sizes_of(const network *net, int usual, int least, int most)
{
    int w = net->w, h = net->h, own = step_of(net);
    int steps[] = {STOCK_STEP / gcd(STOCK_STEP, own) * own, own};
    assert(own > 0);
    shares s = {(double)least / usual, (double)most / usual};
    if (w == h && w >= least && w <= most && w % STOCK_STEP == 0 && steps[0] == STOCK_STEP)
        return (vd_random_sizes){STOCK_STEP, 1, 1, 1, least / STOCK_STEP, most / STOCK_STEP};
    for (int i = 0; i < 2; ++i) {
        if (w % steps[i] || h % steps[i]) continue;
        vd_random_sizes exact = sizes_of(steps[i], w, h, gcd(w, h) / steps[i], s);
        if (exact.most - exact.least + 1 >= ENOUGH) return exact;
    }
    return sizes_of(own, w, h, rounded((double)(w > h ? w : h) / own), s); /* the other side is rounded */
}

void vd_random_size(vd_random_sizes s, int random, int *w, int *h)
{
    int k = random < 0 ? s.most : s.least + random % (s.most - s.least + 1);
    *w = s.step * rounded((double)k * s.columns / s.of);
    *h = s.step * rounded((double)k * s.rows / s.of);
}
