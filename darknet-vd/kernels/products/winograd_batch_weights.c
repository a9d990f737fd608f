#include "base/parallel.h"
#include "kernels/products/tile.h"
#include "kernels/lengths.h"
#include "kernels/products/winograd_batch.h"
#include "kernels/products/winograd_batch_groups.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <string.h>

enum { BLOCK = VD_WINOGRAD_BLOCK };

/* filters and channels of a piece of work: the frequencies of so many weights stay in the second cache */
enum { FILTERS = 64, CHANNELS = 128 };

typedef struct {
    const vd_kernels *k;
    vd_tiling g;
    int tiles; /* of the group */
    int c, n;
    struct {
        vd_frequencies v, m; /* of the input, of the gradient */
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
                                        vd_frequency_step((size_t)filters * channels), BLOCK, w);
        for (int k = 0; k < channels; k += BLOCK)
            vd_transpose_add(taps, vd_at_most(j->c - c - k, BLOCK), w + (size_t)k * taps, BLOCK,
                             dw + ((size_t)(n + i) * j->c + c + k) * taps, taps);
    }
}

static void weights_piece(int i, void *context)
{
    const weights_job *j = context;
    int across = (j->c + CHANNELS - 1) / CHANNELS, down = (j->n + FILTERS - 1) / FILTERS;
    int c = i % across * CHANNELS, n = i / across % down * FILTERS, product = i / across / down;
    int channels = vd_at_most(vd_winograd_blocks(j->c) * BLOCK - c, CHANNELS), filters = vd_at_most(j->n - n, FILTERS);
    vd_frequencies v = j->of[product].v, m = j->of[product].m;
    size_t step = vd_frequency_step((size_t)filters * channels);
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
    vd_planes input, gradient;
    int pad, products, strips, groups, chunks;
    size_t weights;
    float *sums; /* [chunks - 1][products][weights] */
} weighing;

static void add_group(const weighing *of, int i, float *const *dw)
{
    weights_job j = of->j;
    int from = i * of->strips, to = vd_at_most(from + of->strips, j.g.strips), tiles = vd_most_tiles(&j.g, of->strips);
    vd_frequencies v = vd_frequencies_of(j.c, tiles), m = vd_frequencies_of(j.n, tiles);
    size_t numbers_v = vd_frequency_numbers(v, j.g.area), numbers_m = vd_frequency_numbers(m, j.g.area);
    v.at = vd_scratch(VD_SCRATCH_BLOCKED_X, (numbers_v + numbers_m) * of->products);
    m.at = v.at + numbers_v * of->products;
    vd_group_transform input = {.k = j.k, .g = j.g, .from = from, .to = to, .products = of->products, .whole = 1};
    vd_group_transform gradient = input;
    input.source = of->input, input.pad = of->pad, input.v[0] = input.v[1] = v;
    gradient.source = of->gradient, gradient.is_gradient = 1, gradient.v[0] = gradient.v[1] = m;
    input.v[1].at += numbers_v, gradient.v[1].at += numbers_m;
    for (int p = 0; p < 2; ++p) j.of[p].dw = dw[p], j.of[p].v = input.v[p], j.of[p].m = gradient.v[p];
    vd_transform_group(input);
    vd_transform_group(gradient);
    j.tiles = vd_tiles_between(&j.g, from, to);
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
    int end = vd_first_of_part(of->groups, i + 1, of->chunks);
    for (int g = vd_first_of_part(of->groups, i, of->chunks); g < end; ++g) add_group(of, g, dw);
}

static weighing weighing_of(vd_winograd_shape s, const float *x, const float *dy, const float *gain, float *d_theta,
                            float *d_sigma2)
{
    vd_window w = s.window;
    weights_job j = {.k = vd_kernels_get(), .g = vd_tiling_of(w, s.images), .c = w.c, .n = s.n};
    weighing of = {.j = j,
                   .input = {x, x, w.c, w.h, w.w},
                   .gradient = {dy, gain, s.n, w.out_h, w.out_w},
                   .pad = w.pad,
                   .chunks = 1};
    of.j.of[0].dw = d_theta, of.j.of[1].dw = d_sigma2;
    of.products = d_sigma2 ? 2 : 1;
    of.weights = (size_t)s.n * w.c * j.g.taps;
    of.strips =
        vd_strips_of_group(&j.g, (vd_frequencies_of(w.c, 1).pitch + vd_frequencies_of(s.n, 1).pitch) * of.products);
    of.groups = vd_groups_of(&j.g, of.strips);
    return of;
}

void vd_winograd_batch_backward_weights(vd_winograd_shape s, const float *x, const float *dy, const float *gain,
                                        float *d_theta, float *d_sigma2)
{
    enum { SUMS = 1 << 18 }; /* floats of a chunk: sums that take longer than what they belong to */
    weighing of = weighing_of(s, x, dy, gain, d_theta, d_sigma2);
    size_t own = of.weights * of.products;
    if (of.groups >= VD_MANY_GROUPS && own <= SUMS) of.chunks = VD_MANY_GROUPS;
    of.sums = vd_scratch(VD_SCRATCH_SUMS, own * (of.chunks - 1));
    vd_parallel_for(of.chunks, add_chunk, &of);
    for (int i = 1; i < of.chunks; ++i)
        for (int p = 0; p < of.products; ++p)
            of.j.k->add(of.weights, of.sums + (i - 1) * own + p * of.weights, of.j.of[p].dw);
}

void vd_winograd_run_backward_weights(vd_winograd_shape s, const float *x, const float *dy, float *dw)
{
    weighing of = weighing_of(s, x, dy, dy, dw, 0);
    add_chunk(0, &of);
}
