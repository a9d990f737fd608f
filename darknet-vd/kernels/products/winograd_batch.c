#include "kernels/products/winograd_batch.h"
#include "kernels/lengths.h"
#include "base/parallel.h"
#include "kernels/products/shape.h"
#include "kernels/products/winograd_batch_groups.h"
#include "kernels/scratch.h"

enum { BLOCK = VD_WINOGRAD_BLOCK };

/* filters and channels of a piece of work: the frequencies of so many weights stay in the second cache */
enum { WIDE = 32, DEEP = 256 };

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
    vd_tiling g = vd_tiling_of(w, s.images);
    return g.rows * g.columns * s.images >= TILES &&
           transforms * vd_winograd_work(w, g.form) <= (double)g.taps * w.out_h * w.out_w;
}

/* ---- a convolution: forward, or that of the output's gradients with turned weights ---- */

typedef struct {
    const vd_kernels *k;
    vd_tiling g;
    int from, to;        /* strips of the group */
    int c, n, h, w;      /* channels of the source; filters, lines and columns of the result */
    int turned;          /* weights are [c][n][taps], from the last tap to the first */
    int products, parts; /* pieces of the group for each block of filters */
    int chunk;           /* strips whose products are made before they are transformed back */
    struct {
        vd_frequencies v;
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
    return vd_frequency_step((size_t)p.channels * p.filters) * j->g.area;
}

/* u[area][channels][filters]; what is beyond the last filter is 0 */
static void transform_weights(const convolution *j, const float *weights, part_of_weights p, float *u)
{
    const vd_winograd_batch_kernels *k = j->k->winograd_batch;
    const int taps = j->g.taps;
    size_t step = vd_frequency_step((size_t)p.channels * p.filters), row = (size_t)j->c * taps;
    float *turned = vd_scratch(VD_SCRATCH_TILE_A, (size_t)p.channels * taps * BLOCK);
    enum { AHEAD = 4 }; /* rows are so far apart that the processor does not see the next one coming */
    const size_t row_of_turned = (size_t)j->n * taps;
    for (int i = 0; i < p.filters; i += BLOCK) {
        int n = p.first + i, some = vd_at_most(j->n - n, BLOCK), all = p.channels * taps;
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
    return (part_of_weights){first, vd_at_most(vd_winograd_blocks(j->n - first) * BLOCK, WIDE), 0, j->c};
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
    const vd_tiling *g = &j->g;
    int row = vd_rows_before_strip(g, strip % g->per_image), line = g->tile * row;
    vd_winograd_strip s = {.form = g->form, .columns = g->columns, .width = g->tile * g->columns, .step = step};
    s.rows = vd_rows_before_strip(g, strip % g->per_image + 1) - row;
    s.pitch = filters;
    int lines = vd_at_most(g->tile * s.rows, j->h - line);
    float *pixels = vd_scratch(VD_SCRATCH_COLUMNS, (size_t)g->tile * s.rows * s.width * BLOCK);
    for (int k = 0; k < filters && first + k < j->n; k += BLOCK) {
        size_t plane = (size_t)(strip / g->per_image) * j->n + first + k;
        s.channels = vd_at_most(j->n - first - k, BLOCK);
        j->k->winograd_batch->output(s, j->of[product].not_negative, m + k, pixels);
        turn_back(j, product, lines, s.width, s.channels, pixels, (plane * j->h + line) * j->w);
    }
}

/* m[area][tiles][filters] of strips from .. to - 1 by some channels, the first ones or more */
static void multiply_chunk(const convolution *j, int product, int from, int to, part_of_weights p, const float *u,
                           float *m)
{
    vd_frequencies v = j->of[product].v;
    int tiles = vd_tiles_between(&j->g, from, to);
    const float *at = v.at + vd_tiles_between(&j->g, j->from, from) * v.pitch + p.c;
    for (int f = 0; f < j->g.area; ++f)
        j->k->winograd_batch->multiply(tiles, p.channels, p.filters, vd_at_most(j->n - p.first, p.filters),
                                       at + f * v.step, v.pitch,
                                       u + f * vd_frequency_step((size_t)p.channels * p.filters), p.c > 0,
                                       m + f * vd_frequency_step((size_t)tiles * p.filters));
}

static void put_chunk(const convolution *j, int product, int from, int to, part_of_weights p, const float *m)
{
    size_t step = vd_frequency_step((size_t)vd_tiles_between(&j->g, from, to) * p.filters);
    for (int strip = from; strip < to; ++strip)
        put_strip(j, product, strip, p.first, p.filters, m + (size_t)vd_tiles_between(&j->g, from, strip) * p.filters,
                  step);
}

static float *room_for(const convolution *j, int from, int to, part_of_weights p)
{
    return vd_scratch(VD_SCRATCH_BLOCKED_Y,
                      vd_frequency_step((size_t)vd_tiles_between(&j->g, from, to) * p.filters) * j->g.area);
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
    int strips = j->to - j->from, from = j->from + vd_first_of_part(strips, part, j->parts);
    int to = j->from + vd_first_of_part(strips, part + 1, j->parts);
    if (from == to) return;
    if (j->c > DEEP) {
        float *m = room_for(j, from, to, p);
        for (; p.c < j->c; p.c += p.channels) {
            p.channels = vd_at_most(DEEP, j->c - p.c);
            multiply_chunk(j, product, from, to, p, transformed(j, product, p), m);
        }
        put_chunk(j, product, from, to, p, m);
        return;
    }
    const float *u = transformed(j, product, p);
    for (int next; from < to; from = next) {
        next = vd_at_most(from + j->chunk, to);
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
    vd_planes source;
    int pad, strips; /* of a group */
} convolving;

static void convolve_group(int i, void *context)
{
    enum { CHUNK = 96, PIECES = 8 };
    const convolving *of = context;
    convolution j = of->j;
    j.from = i * of->strips;
    j.to = vd_at_most(j.from + of->strips, j.g.strips);
    vd_frequencies v = vd_frequencies_of(j.c, vd_most_tiles(&j.g, of->strips));
    size_t numbers = vd_frequency_numbers(v, j.g.area);
    v.at = vd_scratch(VD_SCRATCH_BLOCKED_X, numbers * j.products);
    vd_group_transform t = {.k = j.k, .g = j.g, .from = j.from, .to = j.to, .products = j.products, .v = {v, v}};
    t.source = of->source, t.pad = of->pad;
    t.v[1].at += numbers;
    j.of[0].v = t.v[0], j.of[1].v = t.v[1];
    vd_transform_group(t);
    j.chunk = CHUNK / vd_most_tiles(&j.g, 1) < 1 ? 1 : CHUNK / vd_most_tiles(&j.g, 1);
    int blocks = parts_of(&j), chunks = (j.to - j.from + j.chunk - 1) / j.chunk;
    int parts = (PIECES + blocks - 1) / blocks;
    j.parts = vd_at_most(chunks, parts);
    vd_parallel_for(blocks * j.parts, multiply_piece, &j);
}

static void convolve(convolution j, vd_planes source, int pad)
{
    size_t pitch = vd_frequencies_of(j.c, 1).pitch;
    convolving of = {j, source, pad, vd_strips_of_group(&j.g, pitch * j.products)};
    int groups = vd_groups_of(&j.g, of.strips);
    if (groups >= VD_MANY_GROUPS) vd_parallel_for(groups, convolve_group, &of);
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
                         .g = vd_tiling_of(w, s.images),
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
    convolve(j, (vd_planes){x, x, w.c, w.h, w.w}, w.pad);
}

void vd_winograd_batch_backward_data(vd_winograd_shape s, const float *dy, const float *gain, const float *theta,
                                     const float *sigma2, const float *x, int add, float *dx)
{
    vd_window w = s.window;
    convolution j = convolution_of(s, 1);
    if (sigma2) j.products = 2;
    j.of[0].weights = theta, j.of[0].y = dx, j.of[0].add = add;
    j.of[1].weights = sigma2, j.of[1].y = dx, j.of[1].twice = x;
    convolve(j, (vd_planes){dy, gain, s.n, w.out_h, w.out_w}, w.size - 1 - w.pad);
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
    convolve(j, (vd_planes){x, x, w.c, w.h, w.w}, w.pad);
}

void vd_winograd_run_backward_data(vd_winograd_shape s, const float *dy, const float *packed, int add, float *dx)
{
    vd_window w = s.window;
    convolution j = convolution_of(s, 1);
    j.of[0].packed = packed, j.of[0].y = dx, j.of[0].add = add;
    convolve(j, (vd_planes){dy, dy, s.n, w.out_h, w.out_w}, w.size - 1 - w.pad);
}
