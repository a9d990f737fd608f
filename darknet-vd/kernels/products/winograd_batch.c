#include "kernels/products/winograd_batch.h"
#include "base/parallel.h"
#include "kernels/products/shape.h"
#include "kernels/products/tile.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"
#include "kernels/winograd_batch_kernels.h"

#include <string.h>

enum { BLOCK = VD_WINOGRAD_BLOCK };

/* Of a piece of work: filters and channels of a convolution; filters and channels of a gradient of weights. The
 * frequencies of so many weights stay in the second cache. */
enum { WIDE = 32, DEEP = 256, FILTERS = 64, CHANNELS = 128 };

static int blocks_of(int channels)
{
    return (channels + BLOCK - 1) / BLOCK;
}

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

/* ---- tiles ---- */

/* The tiles of all images are numbered, image by image, row by row. A strip is some rows of one image, a group some
 * strips: their frequencies are in memory at a time. */
typedef struct {
    vd_winograd_form form;
    int tile, around;  /* pixels of a tile each way, of the output; and how many more of the input */
    int taps, area;    /* numbers of a filter's plane, frequencies */
    int rows, columns; /* tiles of an image */
    int per_image;     /* strips */
    int strips;
} tiling;

static int strip_rows_before(const tiling *g, int k)
{
    return g->rows * k / g->per_image;
}

/* the number of the first tile of a strip; of the strip behind the last one, of all tiles */
static int first_tile(const tiling *g, int strip)
{
    return (strip / g->per_image * g->rows + strip_rows_before(g, strip % g->per_image)) * g->columns;
}

static int tiles_between(const tiling *g, int from, int to)
{
    return first_tile(g, to) - first_tile(g, from);
}

static int tiles_for(int pixels, int tile)
{
    return (pixels + tile - 1) / tile;
}

/* multiplications of an image, for a channel and a filter */
static int work_of(vd_window w, vd_winograd_form f)
{
    int tile = vd_winograd_tile(f), in = vd_winograd_in(f);
    return in * in * tiles_for(w.out_h, tile) * tiles_for(w.out_w, tile);
}

static vd_winograd_form form_of(vd_window w)
{
    if (w.size == vd_winograd_taps(VD_F4_5)) return VD_F4_5;
    return work_of(w, VD_F4_3) <= work_of(w, VD_F2_3) ? VD_F4_3 : VD_F2_3;
}

static tiling tiling_of(vd_window w, int images)
{
    enum { TILES = 64 }; /* of a strip */
    vd_winograd_form f = form_of(w);
    int tile = vd_winograd_tile(f), in = vd_winograd_in(f);
    tiling g = {f, tile, in - tile, w.size * w.size, in * in, tiles_for(w.out_h, tile), tiles_for(w.out_w, tile), 1, 0};
    int rows = TILES / g.columns < 1 ? 1 : TILES / g.columns;
    g.per_image = (g.rows + rows - 1) / rows;
    g.strips = g.per_image * images;
    return g;
}

static int is_right_for(vd_winograd_shape s)
{
    vd_window w = s.window;
    return (w.size == 3 || w.size == 5) && w.stride == 1 && vd_window_is_plain(w) && w.pad < w.size;
}

int vd_winograd_batch_pays(vd_winograd_shape s)
{
    enum { CHANNELS = 16, TILES = 16 };
    const double transforms = 1.5; /* with them, times the work of the products alone */
    vd_window w = s.window;
    if (!is_right_for(s) || w.c < CHANNELS || s.n < CHANNELS) return 0;
    tiling g = tiling_of(w, s.images);
    return g.rows * g.columns * s.images >= TILES &&
           transforms * work_of(w, g.form) <= (double)g.taps * w.out_h * w.out_w;
}

/* ---- pixels: 16 channels side by side ---- */

/* an array of images, and what the second product multiplies it with: itself, or another array */
typedef struct {
    const float *x, *by;
    int c, h, w;
} planes;

/* lines of an image, with what surrounds it: zeros */
typedef struct {
    int b, block;     /* image, block of channels */
    int above, lines; /* the first line, of the image; how many */
    int left, width;  /* pixels of a line in front of the image; of a line */
} place;

/* pixels[lines][width][16] */
static void turn_lines(const vd_kernels *k, const planes *p, const float *x, place at, float *pixels)
{
    int channels = at_most(p->c - at.block * BLOCK, BLOCK), plane = p->h * p->w;
    int first = at.above < 0 ? 0 : at.above, end = at_most(at.above + at.lines, p->h);
    if (end - first < at.lines || at.width > p->w)
        memset(pixels, 0, (size_t)at.lines * at.width * BLOCK * sizeof(float));
    k->winograd_batch->turn(channels, end - first, p->w,
                            x + ((size_t)at.b * p->c + (size_t)at.block * BLOCK) * plane + (size_t)first * p->w, plane,
                            at.width, pixels + ((size_t)(first - at.above) * at.width + at.left) * BLOCK);
}

/* the pixels of the second product from those of the first, which may be overwritten */
static float *multiplied(const vd_kernels *k, const planes *p, place at, float *pixels)
{
    size_t n = (size_t)at.lines * at.width * BLOCK;
    if (p->by == p->x) {
        k->square(n, pixels, pixels);
        return pixels;
    }
    float *by = vd_scratch(VD_SCRATCH_D_COLUMNS, n);
    turn_lines(k, p, p->by, at, by);
    k->multiply_by(n, pixels, by);
    return by;
}

/* ---- frequencies of images ---- */

/* of one group: [area][tiles][pitch] */
typedef struct {
    float *at;
    size_t step, pitch;
} frequencies;

/* numbers from frequency to frequency, of n: large powers of two would put all frequencies in the same places of the
 * cache */
static size_t step_of(size_t n)
{
    return n + BLOCK;
}

/* so would an even number of cache lines from tile to tile with tiles */
static frequencies frequencies_of(int channels, int tiles)
{
    size_t lines = blocks_of(channels) | 1, pitch = lines * BLOCK;
    return (frequencies){0, step_of(tiles * pitch), pitch};
}

static size_t numbers_of(frequencies v, int area)
{
    return v.step * area;
}

typedef struct {
    const vd_kernels *k;
    tiling g;
    int from, to; /* strips of the group */
    int pad, is_gradient, products;
    planes source;
    frequencies v[2]; /* of the products */
    int whole;        /* 1: of channels beyond the last, too: 0 */
} transforming;

static void transform_block(int i, void *context)
{
    const transforming *t = context;
    const tiling *g = &t->g;
    int blocks = blocks_of(t->source.c), strip = t->from + i / blocks, k = strip % g->per_image;
    int first = strip_rows_before(g, k), around = t->is_gradient ? 0 : g->around;
    vd_winograd_strip s = {.form = g->form, .columns = g->columns, .step = t->v[0].step, .pitch = t->v[0].pitch};
    s.rows = strip_rows_before(g, k + 1) - first;
    s.width = g->tile * g->columns + around;
    place at = {strip / g->per_image, i % blocks, g->tile * first - t->pad, g->tile * s.rows + around, t->pad, s.width};
    s.channels = t->whole ? BLOCK : at_most(t->source.c - at.block * BLOCK, BLOCK);
    float *pixels = vd_scratch(VD_SCRATCH_COLUMNS, (size_t)at.lines * at.width * BLOCK);
    turn_lines(t->k, &t->source, t->source.x, at, pixels);
    for (int p = 0; p < t->products; ++p) {
        float *to = t->v[p].at + tiles_between(g, t->from, strip) * s.pitch + (size_t)at.block * BLOCK;
        if (p) pixels = multiplied(t->k, &t->source, at, pixels);
        (t->is_gradient ? t->k->winograd_batch->gradient : t->k->winograd_batch->input)(s, pixels, to);
    }
}

static void transform(transforming t)
{
    vd_parallel_for((t.to - t.from) * blocks_of(t.source.c), transform_block, &t);
}

/* ---- groups ---- */

/* A group is `strips` strips, the last one may have fewer. Few groups take turns, and threads share the work of each;
 * of many, each thread has its own, and its frequencies in its own cache. */
enum { MANY = 8 };

/* strips of a group: as many as fit, of `numbers` frequencies a tile */
static int strips_of_group(const tiling *g, size_t numbers)
{
    enum { FIT = 1 << 18, FEWEST = 96 }; /* floats, of half a second cache; tiles */
    int strip = (g->rows + g->per_image - 1) / g->per_image * g->columns;
    int tiles = (int)(FIT / (numbers * g->area));
    tiles = tiles < FEWEST ? FEWEST : tiles;
    int strips = tiles / strip < 1 ? 1 : tiles / strip, groups = (g->strips + strips / 2) / strips;
    return groups < 2 ? g->strips : (g->strips + groups - 1) / groups;
}

static int groups_of(const tiling *g, int strips)
{
    return (g->strips + strips - 1) / strips;
}

static int most_tiles(const tiling *g, int strips)
{
    return strips * ((g->rows + g->per_image - 1) / g->per_image) * g->columns;
}

/* ---- a convolution: forward, or that of the output's gradients with turned weights ---- */

typedef struct {
    const vd_kernels *k;
    tiling g;
    int from, to;        /* strips of the group */
    int c, n, h, w;      /* channels of the source; filters, lines and columns of the result */
    int turned;          /* weights are [c][n][taps], from the last tap to the first */
    int products, parts; /* pieces of the group for each block of filters */
    int chunk;           /* strips whose products are made before they are transformed back */
    struct {
        frequencies v;
        const float *weights, *packed; /* packed: by transform_weights() of each block of filters, or null */
        float *y;
        const float *twice; /* null, or y += 2 twice result */
        int not_negative, add;
    } of[2];
} convolution;

/* some filters, some channels of the source */
typedef struct {
    int first, filters, c, channels;
} part_of_weights;

static size_t numbers_of_part(const convolution *j, part_of_weights p)
{
    return step_of((size_t)p.channels * p.filters) * j->g.area;
}

/* u[area][channels][filters]; what is beyond the last filter is 0 */
static void transform_weights(const convolution *j, const float *weights, part_of_weights p, float *u)
{
    const vd_winograd_batch_kernels *k = j->k->winograd_batch;
    const int taps = j->g.taps;
    size_t step = step_of((size_t)p.channels * p.filters), row = (size_t)j->c * taps;
    float *turned = vd_scratch(VD_SCRATCH_TILE_A, (size_t)p.channels * taps * BLOCK);
    enum { AHEAD = 4 }; /* rows are so far apart that the processor does not see the next one coming */
    const size_t row_of_turned = (size_t)j->n * taps;
    for (int i = 0; i < p.filters; i += BLOCK) {
        int n = p.first + i, some = at_most(j->n - n, BLOCK), all = p.channels * taps;
        if (!j->turned) k->turn(some, 1, all, weights + n * row + (size_t)p.c * taps, row, all, turned);
        for (int c = 0; j->turned && c < p.channels; ++c) {
            const float *from = weights + ((size_t)(p.c + c) * j->n + n) * taps;
            for (int line = 0; line < some * taps; line += BLOCK)
                __builtin_prefetch(from + AHEAD * row_of_turned + line);
            k->turn(some, 1, taps, from, taps, taps, turned + (size_t)c * taps * BLOCK);
        }
        k->weights(j->g.form, p.channels, j->turned, turned, step, p.filters, u + i);
    }
}

/* all channels of a block of filters */
static part_of_weights part_of(const convolution *j, int block)
{
    int first = block * WIDE;
    return (part_of_weights){first, at_most(blocks_of(j->n - first) * BLOCK, WIDE), 0, j->c};
}

static size_t packed_before(const convolution *j, int block)
{
    return block * numbers_of_part(j, (part_of_weights){.filters = WIDE, .channels = j->c});
}

static int parts_of(const convolution *j)
{
    return (j->n + WIDE - 1) / WIDE;
}

static size_t packed_numbers(const convolution *j)
{
    return packed_before(j, parts_of(j) - 1) + numbers_of_part(j, part_of(j, parts_of(j) - 1));
}

/* pixels [lines][width][16] to 16 planes */
static void turn_back(const convolution *j, int product, int lines, int width, int channels, const float *pixels,
                      size_t at)
{
    int plane = j->h * j->w, twice = j->of[product].twice != 0, ld = plane;
    float *y = j->of[product].y + at;
    if (twice) ld = lines * j->w, y = vd_scratch(VD_SCRATCH_D_SQUARE, (size_t)BLOCK * ld);
    j->k->winograd_batch->turn_back(channels, lines, j->w, pixels, width, j->of[product].add && !twice, y, ld);
    for (int c = 0; twice && c < channels; ++c)
        j->k->add_twice_product(ld, j->of[product].twice + at + (size_t)c * plane, y + (size_t)c * ld,
                                j->of[product].y + at + (size_t)c * plane);
}

/* the products of one strip, m[area][tiles][filters] */
static void put_strip(const convolution *j, int product, int strip, int first, int filters, const float *m, size_t step)
{
    const tiling *g = &j->g;
    int row = strip_rows_before(g, strip % g->per_image), line = g->tile * row;
    vd_winograd_strip s = {.form = g->form, .columns = g->columns, .width = g->tile * g->columns, .step = step};
    s.rows = strip_rows_before(g, strip % g->per_image + 1) - row;
    s.pitch = filters;
    int lines = at_most(g->tile * s.rows, j->h - line);
    float *pixels = vd_scratch(VD_SCRATCH_COLUMNS, (size_t)g->tile * s.rows * s.width * BLOCK);
    for (int k = 0; k < filters && first + k < j->n; k += BLOCK) {
        size_t plane = (size_t)(strip / g->per_image) * j->n + first + k;
        s.channels = at_most(j->n - first - k, BLOCK);
        j->k->winograd_batch->output(s, j->of[product].not_negative, m + k, pixels);
        turn_back(j, product, lines, s.width, s.channels, pixels, (plane * j->h + line) * j->w);
    }
}

/* m[area][tiles][filters] of strips from .. to - 1 by some channels, the first ones or more */
static void multiply_chunk(const convolution *j, int product, int from, int to, part_of_weights p, const float *u,
                           float *m)
{
    frequencies v = j->of[product].v;
    int tiles = tiles_between(&j->g, from, to);
    const float *at = v.at + tiles_between(&j->g, j->from, from) * v.pitch + p.c;
    for (int f = 0; f < j->g.area; ++f)
        j->k->winograd_batch->multiply(tiles, p.channels, p.filters, at_most(j->n - p.first, p.filters),
                                       at + f * v.step, v.pitch, u + f * step_of((size_t)p.channels * p.filters),
                                       p.c > 0, m + f * step_of((size_t)tiles * p.filters));
}

static void put_chunk(const convolution *j, int product, int from, int to, part_of_weights p, const float *m)
{
    size_t step = step_of((size_t)tiles_between(&j->g, from, to) * p.filters);
    for (int strip = from; strip < to; ++strip)
        put_strip(j, product, strip, p.first, p.filters, m + (size_t)tiles_between(&j->g, from, strip) * p.filters,
                  step);
}

static float *room_for(const convolution *j, int from, int to, part_of_weights p)
{
    return vd_scratch(VD_SCRATCH_BLOCKED_Y, step_of((size_t)tiles_between(&j->g, from, to) * p.filters) * j->g.area);
}

/* u of a part of the weights, valid until the next one */
static const float *transformed(const convolution *j, int product, part_of_weights p)
{
    const float *packed = j->of[product].packed;
    if (packed) return packed + packed_before(j, p.first / WIDE);
    float *u = vd_scratch(VD_SCRATCH_BLOCKED_W, numbers_of_part(j, p));
    transform_weights(j, j->of[product].weights, p, u);
    return u;
}

/* Weights that are not packed are transformed where they stay in the cache until they are used: with many channels,
 * some of these at a time for all tiles, else once for one chunk of tiles after the other. */
static void multiply_part(const convolution *j, int product, int part, part_of_weights p)
{
    int strips = j->to - j->from, from = j->from + strips * part / j->parts;
    int to = j->from + strips * (part + 1) / j->parts;
    if (from == to) return;
    if (j->c > DEEP) {
        float *m = room_for(j, from, to, p);
        for (; p.c < j->c; p.c += p.channels) {
            p.channels = at_most(DEEP, j->c - p.c);
            multiply_chunk(j, product, from, to, p, transformed(j, product, p), m);
        }
        put_chunk(j, product, from, to, p, m);
        return;
    }
    const float *u = transformed(j, product, p);
    for (int next; from < to; from = next) {
        next = at_most(from + j->chunk, to);
        float *m = room_for(j, from, next, p);
        multiply_chunk(j, product, from, next, p, u, m);
        put_chunk(j, product, from, next, p, m);
    }
}

static void multiply_piece(int i, void *context)
{
    const convolution *j = context;
    part_of_weights p = part_of(j, i / j->parts);
    for (int product = 0; product < j->products; ++product) multiply_part(j, product, i % j->parts, p);
}

typedef struct {
    convolution j;
    planes source;
    int pad, strips; /* of a group */
} convolving;

static void convolve_group(int i, void *context)
{
    enum { CHUNK = 96, PIECES = 8 };
    const convolving *of = context;
    convolution j = of->j;
    j.from = i * of->strips;
    j.to = at_most(j.from + of->strips, j.g.strips);
    frequencies v = frequencies_of(j.c, most_tiles(&j.g, of->strips));
    size_t numbers = numbers_of(v, j.g.area);
    v.at = vd_scratch(VD_SCRATCH_BLOCKED_X, numbers * j.products);
    transforming t = {j.k, j.g, j.from, j.to, of->pad, 0, j.products, of->source, {v, v}, 0};
    t.v[1].at += numbers;
    j.of[0].v = t.v[0], j.of[1].v = t.v[1];
    transform(t);
    j.chunk = CHUNK / most_tiles(&j.g, 1) < 1 ? 1 : CHUNK / most_tiles(&j.g, 1);
    int blocks = parts_of(&j), chunks = (j.to - j.from + j.chunk - 1) / j.chunk;
    int parts = (PIECES + blocks - 1) / blocks;
    j.parts = at_most(chunks, parts);
    vd_parallel_for(blocks * j.parts, multiply_piece, &j);
}

static void convolve(convolution j, planes source, int pad)
{
    size_t pitch = frequencies_of(j.c, 1).pitch;
    convolving of = {j, source, pad, strips_of_group(&j.g, pitch * j.products)};
    int groups = groups_of(&j.g, of.strips);
    if (groups >= MANY) vd_parallel_for(groups, convolve_group, &of);
    else
        for (int i = 0; i < groups; ++i) convolve_group(i, &of);
}

/* the convolution whose result is y, of one product; turned: dx, from dy */
static convolution convolution_of(vd_winograd_shape s, int turned)
{
    vd_convolution_shape of = {.window = s.window, .n = s.n};
    if (turned) of = vd_turned(of);
    vd_window w = of.window;
    return (convolution){.k = vd_kernels_get(),
                         .g = tiling_of(w, s.images),
                         .c = w.c,
                         .n = of.n,
                         .h = w.out_h,
                         .w = w.out_w,
                         .turned = turned,
                         .products = 1};
}

void vd_winograd_batch_forward(vd_winograd_shape s, const float *x, const float *theta, const float *sigma2, float *y,
                               float *variance)
{
    vd_window w = s.window;
    convolution j = convolution_of(s, 0);
    if (sigma2) j.products = 2;
    j.of[0].weights = theta, j.of[0].y = y;
    j.of[1].weights = sigma2, j.of[1].y = variance, j.of[1].not_negative = 1;
    convolve(j, (planes){x, x, w.c, w.h, w.w}, w.pad);
}

void vd_winograd_batch_backward_data(vd_winograd_shape s, const float *dy, const float *gain, const float *theta,
                                     const float *sigma2, const float *x, int add, float *dx)
{
    vd_window w = s.window;
    convolution j = convolution_of(s, 1);
    if (sigma2) j.products = 2;
    j.of[0].weights = theta, j.of[0].y = dx, j.of[0].add = add;
    j.of[1].weights = sigma2, j.of[1].y = dx, j.of[1].twice = x;
    convolve(j, (planes){dy, gain, s.n, w.out_h, w.out_w}, w.size - 1 - w.pad);
}

/* ---- the gradient of the weights ---- */

typedef struct {
    const vd_kernels *k;
    tiling g;
    int tiles; /* of the group */
    int c, n;
    struct {
        frequencies v, m; /* of the input, of the gradient */
        float *dw;
    } of[2];
} weights_job;

/* dw[n][c][taps] += G^T u G, u[area][filters][channels] */
static void add_weights(const weights_job *j, float *dw, int n, int filters, int c, int channels, const float *u)
{
    const int taps = j->g.taps;
    float *w = vd_scratch(VD_SCRATCH_TILE_A, (size_t)CHANNELS * taps);
    for (int i = 0; i < filters; ++i) {
        j->k->winograd_batch->d_weights(j->g.form, channels / BLOCK, u + (size_t)i * channels,
                                        step_of((size_t)filters * channels), BLOCK, w);
        for (int k = 0; k < channels; k += BLOCK)
            vd_transpose_add(taps, at_most(j->c - c - k, BLOCK), w + (size_t)k * taps, BLOCK,
                             dw + ((size_t)(n + i) * j->c + c + k) * taps, taps);
    }
}

static void weights_piece(int i, void *context)
{
    const weights_job *j = context;
    int across = (j->c + CHANNELS - 1) / CHANNELS, down = (j->n + FILTERS - 1) / FILTERS;
    int c = i % across * CHANNELS, n = i / across % down * FILTERS, product = i / across / down;
    int channels = at_most(blocks_of(j->c) * BLOCK - c, CHANNELS), filters = at_most(j->n - n, FILTERS);
    frequencies v = j->of[product].v, m = j->of[product].m;
    size_t step = step_of((size_t)filters * channels);
    float *u = vd_scratch(VD_SCRATCH_BLOCKED_W, j->g.area * step);
    vd_tile t = {.m = filters, .n = channels, .k = j->tiles, .a_row = 1, .a_step = (long)m.pitch, .scale = 1};
    t.ldx = (long)v.pitch;
    t.ldc = channels;
    for (int f = 0; f < j->g.area; ++f) {
        t.a = m.at + f * m.step + n;
        t.x = v.at + f * v.step + c;
        t.c = u + f * step;
        j->k->tile(t);
    }
    add_weights(j, j->of[product].dw, n, filters, c, channels, u);
}

typedef struct {
    weights_job j;
    planes input, gradient;
    int pad, products, strips, groups, chunks;
    size_t weights;
    float *sums; /* [chunks - 1][products][weights] */
} weighing;

static void add_group(const weighing *of, int i, float *const *dw)
{
    weights_job j = of->j;
    int from = i * of->strips, to = at_most(from + of->strips, j.g.strips), tiles = most_tiles(&j.g, of->strips);
    frequencies v = frequencies_of(j.c, tiles), m = frequencies_of(j.n, tiles);
    size_t numbers_v = numbers_of(v, j.g.area), numbers_m = numbers_of(m, j.g.area);
    v.at = vd_scratch(VD_SCRATCH_BLOCKED_X, (numbers_v + numbers_m) * of->products);
    m.at = v.at + numbers_v * of->products;
    transforming input = {j.k, j.g, from, to, of->pad, 0, of->products, of->input, {v, v}, 1};
    transforming gradient = {j.k, j.g, from, to, 0, 1, of->products, of->gradient, {m, m}, 1};
    input.v[1].at += numbers_v, gradient.v[1].at += numbers_m;
    for (int p = 0; p < 2; ++p) j.of[p].dw = dw[p], j.of[p].v = input.v[p], j.of[p].m = gradient.v[p];
    transform(input);
    transform(gradient);
    j.tiles = tiles_between(&j.g, from, to);
    vd_parallel_for((j.c + CHANNELS - 1) / CHANNELS * ((j.n + FILTERS - 1) / FILTERS) * of->products, weights_piece,
                    &j);
}

/* the groups of a chunk: the first adds to the gradients, others to sums of their own */
static void add_chunk(int i, void *context)
{
    const weighing *of = context;
    float *own = i ? of->sums + ((size_t)i - 1) * of->weights * of->products : 0;
    float *dw[] = {own ? own : of->j.of[0].dw, own ? own + of->weights : of->j.of[1].dw};
    if (own) memset(own, 0, of->weights * of->products * sizeof(float));
    for (int g = of->groups * i / of->chunks; g < of->groups * (i + 1) / of->chunks; ++g) add_group(of, g, dw);
}

static weighing weighing_of(vd_winograd_shape s, const float *x, const float *dy, const float *gain, float *d_theta,
                            float *d_sigma2)
{
    vd_window w = s.window;
    weights_job j = {.k = vd_kernels_get(), .g = tiling_of(w, s.images), .c = w.c, .n = s.n};
    weighing of = {j, {x, x, w.c, w.h, w.w}, {dy, gain, s.n, w.out_h, w.out_w}, .pad = w.pad, .chunks = 1};
    of.j.of[0].dw = d_theta, of.j.of[1].dw = d_sigma2;
    of.products = d_sigma2 ? 2 : 1;
    of.weights = (size_t)s.n * w.c * j.g.taps;
    of.strips = strips_of_group(&j.g, (frequencies_of(w.c, 1).pitch + frequencies_of(s.n, 1).pitch) * of.products);
    of.groups = groups_of(&j.g, of.strips);
    return of;
}

void vd_winograd_batch_backward_weights(vd_winograd_shape s, const float *x, const float *dy, const float *gain,
                                        float *d_theta, float *d_sigma2)
{
    enum { SUMS = 1 << 18 }; /* floats of a chunk: sums that take longer than what they belong to */
    weighing of = weighing_of(s, x, dy, gain, d_theta, d_sigma2);
    size_t own = of.weights * of.products;
    if (of.groups >= MANY && own <= SUMS) of.chunks = MANY;
    of.sums = vd_scratch(VD_SCRATCH_SUMS, own * (of.chunks - 1));
    vd_parallel_for(of.chunks, add_chunk, &of);
    for (int i = 1; i < of.chunks; ++i)
        for (int p = 0; p < of.products; ++p)
            of.j.k->add(of.weights, of.sums + (i - 1) * own + p * of.weights, of.j.of[p].dw);
}

/* ---- one product of a few images ---- */

int vd_winograd_run_has(vd_winograd_shape s)
{
    return is_right_for(s) && s.window.c <= DEEP && s.n <= DEEP;
}

size_t vd_winograd_run_packed(vd_winograd_shape s, int turned)
{
    convolution j = convolution_of(s, turned);
    return packed_numbers(&j);
}

void vd_winograd_run_pack(vd_winograd_shape s, int turned, const float *weights, float *packed)
{
    convolution j = convolution_of(s, turned);
    for (int i = 0; i < parts_of(&j); ++i)
        transform_weights(&j, weights, part_of(&j, i), packed + packed_before(&j, i));
}

void vd_winograd_run_forward(vd_winograd_shape s, int not_negative, const float *x, const float *packed, float *y)
{
    vd_window w = s.window;
    convolution j = convolution_of(s, 0);
    j.of[0].packed = packed, j.of[0].y = y, j.of[0].not_negative = not_negative;
    convolve(j, (planes){x, x, w.c, w.h, w.w}, w.pad);
}

void vd_winograd_run_backward_data(vd_winograd_shape s, const float *dy, const float *packed, int add, float *dx)
{
    vd_window w = s.window;
    convolution j = convolution_of(s, 1);
    j.of[0].packed = packed, j.of[0].y = dx, j.of[0].add = add;
    convolve(j, (planes){dy, dy, s.n, w.out_h, w.out_w}, w.size - 1 - w.pad);
}

void vd_winograd_run_backward_weights(vd_winograd_shape s, const float *x, const float *dy, float *dw)
{
    weighing of = weighing_of(s, x, dy, dy, dw, 0);
    add_chunk(0, &of);
}
