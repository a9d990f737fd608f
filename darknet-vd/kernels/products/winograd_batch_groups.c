#include "kernels/products/winograd_batch_groups.h"
#include "kernels/lengths.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

#include <string.h>

enum { BLOCK = VD_WINOGRAD_BLOCK };

/* ---- tiles ---- */

int vd_rows_before_strip(const vd_tiling *g, int k)
{
    return vd_first_of_part(g->rows, k, g->per_image);
}

/* the number of the first tile of a strip; of the strip behind the last one, of all tiles */
static int first_tile(const vd_tiling *g, int strip)
{
    return (strip / g->per_image * g->rows + vd_rows_before_strip(g, strip % g->per_image)) * g->columns;
}

int vd_tiles_between(const vd_tiling *g, int from, int to)
{
    return first_tile(g, to) - first_tile(g, from);
}

static int tiles_for(int pixels, int tile)
{
    return (pixels + tile - 1) / tile;
}

int vd_winograd_work(vd_window w, vd_winograd_form f)
{
    int tile = vd_winograd_tile(f), in = vd_winograd_in(f);
    return in * in * tiles_for(w.out_h, tile) * tiles_for(w.out_w, tile);
}

static vd_winograd_form form_of(vd_window w)
{
    if (w.size == vd_winograd_taps(VD_F4_5)) return VD_F4_5;
    return vd_winograd_work(w, VD_F4_3) <= vd_winograd_work(w, VD_F2_3) ? VD_F4_3 : VD_F2_3;
}

vd_tiling vd_tiling_of(vd_window w, int images)
{
    enum { TILES = 64 }; /* of a strip */
    vd_winograd_form f = form_of(w);
    int tile = vd_winograd_tile(f), in = vd_winograd_in(f);
    vd_tiling g = {.form = f, .tile = tile, .around = in - tile, .taps = w.size * w.size, .area = in * in};
    g.rows = tiles_for(w.out_h, tile);
    g.columns = tiles_for(w.out_w, tile);
    int rows = TILES / g.columns < 1 ? 1 : TILES / g.columns;
    g.per_image = (g.rows + rows - 1) / rows;
    g.strips = g.per_image * images;
    return g;
}

/* ---- groups ---- */

int vd_strips_of_group(const vd_tiling *g, size_t numbers)
{
    enum { FIT = 1 << 18, FEWEST = 96 }; /* floats, of half a second cache; tiles */
    int strip = (g->rows + g->per_image - 1) / g->per_image * g->columns;
    int tiles = (int)(FIT / (numbers * g->area));
    tiles = tiles < FEWEST ? FEWEST : tiles;
    int strips = tiles / strip < 1 ? 1 : tiles / strip, groups = (g->strips + strips / 2) / strips;
    return groups < 2 ? g->strips : (g->strips + groups - 1) / groups;
}

int vd_groups_of(const vd_tiling *g, int strips)
{
    return (g->strips + strips - 1) / strips;
}

int vd_most_tiles(const vd_tiling *g, int strips)
{
    return strips * ((g->rows + g->per_image - 1) / g->per_image) * g->columns;
}

/* ---- pixels: 16 channels side by side ---- */

/* lines of an image, with what surrounds it: zeros */
typedef struct {
    int b, block;     /* image, block of channels */
    int above, lines; /* the first line, of the image; how many */
    int left, width;  /* pixels of a line in front of the image; of a line */
} place;

/* pixels[lines][width][16] */
static void turn_lines(const vd_kernels *k, const vd_planes *p, const float *x, place at, float *pixels)
{
    int channels = vd_at_most(p->c - at.block * BLOCK, BLOCK), plane = p->h * p->w;
    int first = at.above < 0 ? 0 : at.above, end = vd_at_most(at.above + at.lines, p->h);
    if (end - first < at.lines || at.width > p->w)
        memset(pixels, 0, (size_t)at.lines * at.width * BLOCK * sizeof(float));
    k->winograd_batch->turn(channels, end - first, p->w,
                            x + ((size_t)at.b * p->c + (size_t)at.block * BLOCK) * plane + (size_t)first * p->w, plane,
                            at.width, pixels + ((size_t)(first - at.above) * at.width + at.left) * BLOCK);
}

/* the pixels of the second product from those of the first, which may be overwritten */
static float *multiplied(const vd_kernels *k, const vd_planes *p, place at, float *pixels)
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

/* an even number of cache lines from tile to tile would put many tiles in the same places of the cache */
vd_frequencies vd_frequencies_of(int channels, int tiles)
{
    size_t lines = vd_winograd_blocks(channels) | 1, pitch = lines * BLOCK;
    return (vd_frequencies){0, vd_frequency_step(tiles * pitch), pitch};
}

static void transform_block(int i, void *context)
{
    const vd_group_transform *t = context;
    const vd_tiling *g = &t->g;
    int blocks = vd_winograd_blocks(t->source.c), strip = t->from + i / blocks, k = strip % g->per_image;
    int first = vd_rows_before_strip(g, k), around = t->is_gradient ? 0 : g->around;
    vd_winograd_strip s = {.form = g->form, .columns = g->columns, .step = t->v[0].step, .pitch = t->v[0].pitch};
    s.rows = vd_rows_before_strip(g, k + 1) - first;
    s.width = g->tile * g->columns + around;
    place at = {strip / g->per_image, i % blocks, g->tile * first - t->pad, g->tile * s.rows + around, t->pad, s.width};
    s.channels = t->whole ? BLOCK : vd_at_most(t->source.c - at.block * BLOCK, BLOCK);
    float *pixels = vd_scratch(VD_SCRATCH_COLUMNS, (size_t)at.lines * at.width * BLOCK);
    turn_lines(t->k, &t->source, t->source.x, at, pixels);
    for (int p = 0; p < t->products; ++p) {
        float *to = t->v[p].at + vd_tiles_between(g, t->from, strip) * s.pitch + (size_t)at.block * BLOCK;
        if (p) pixels = multiplied(t->k, &t->source, at, pixels);
        (t->is_gradient ? t->k->winograd_batch->gradient : t->k->winograd_batch->input)(s, pixels, to);
    }
}

void vd_transform_group(vd_group_transform t)
{
    vd_parallel_for((t.to - t.from) * vd_winograd_blocks(t.source.c), transform_block, &t);
}
