#include "kernels/products/winograd.h"
#include "base/aligned.h"
#include "base/parallel.h"
#include "kernels/lengths.h"
#include "kernels/scratch.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 3, AREA = VD_WINOGRAD_FREQUENCIES, PANEL = VD_WINOGRAD_PANEL, TILE = VD_WINOGRAD_TILE };

struct vd_winograd {
    int c, n, panels;
    float *u; /* [36][panels][c][8]; beyond the n filters it is 0 */
};

static int tiles_of(int pixels)
{
    return (pixels + TILE - 1) / TILE;
}

int vd_winograd_pays(vd_window w)
{
    /* a tile saves three of four multiplications; what is beyond the output is lost, and the transforms cost, too */
    const double least = 1.5;
    double lanes = vd_round_up(tiles_of(w.out_h) * tiles_of(w.out_w), VD_WINOGRAD_LANES);
    return w.size == SIZE && w.stride == 1 && vd_window_is_plain(w) &&
           4. * w.out_h * w.out_w >= least * TILE * TILE * lanes;
}

/* ---- weights ---- */

/* G of three numbers */
static void transform(const float *w, int step, float to[6])
{
    float a = w[0], b = w[step], c = w[2 * step], ends = (a + c) / 6, wide = a / 24 + c / 6;
    to[0] = a / 4;
    to[1] = -ends - b / 6;
    to[2] = -ends + b / 6;
    to[3] = wide + b / 12;
    to[4] = wide - b / 12;
    to[5] = c;
}

/* u = G w G^T */
static void transform_filter(const float *w, float u[AREA])
{
    float columns[SIZE][6];
    for (int j = 0; j < SIZE; ++j) transform(w + j, SIZE, columns[j]);
    for (int i = 0; i < 6; ++i) {
        const float row[SIZE] = {columns[0][i], columns[1][i], columns[2][i]};
        transform(row, 1, u + 6 * i);
    }
}

typedef struct {
    vd_winograd *g;
    const float *weights;
} making;

static void make_panel(int panel, void *context)
{
    const making *m = context;
    const vd_winograd *g = m->g;
    size_t step = (size_t)g->panels * g->c * PANEL;
    int filters = g->n - panel * PANEL < PANEL ? g->n - panel * PANEL : PANEL;
    for (int c = 0; c < g->c; ++c) {
        float *to = g->u + ((size_t)panel * g->c + c) * PANEL, u[AREA];
        for (int r = 0; r < filters; ++r) {
            transform_filter(m->weights + ((size_t)(panel * PANEL + r) * g->c + c) * SIZE * SIZE, u);
            for (int f = 0; f < AREA; ++f) to[f * step + r] = u[f];
        }
    }
}

/* in huge pages where there are any: with few tiles the product is as fast as the weights come, and the processor does
 * not fetch ahead beyond a page */
static float *zeroed(size_t n)
{
    float *x = vd_aligned_alloc(n * sizeof(float));
    return x ? memset(x, 0, n * sizeof(float)) : 0;
}

vd_winograd *make_vd_winograd(int c, int n, const float *weights)
{
    vd_winograd *g = calloc(1, sizeof(*g));
    if (!g) return 0;
    *g = (vd_winograd){c, n, (n + PANEL - 1) / PANEL, 0};
    g->u = zeroed((size_t)AREA * g->panels * c * PANEL);
    if (!g->u) {
        free(g);
        return 0;
    }
    vd_parallel_for(g->panels, make_panel, &(making){g, weights});
    return g;
}

void free_vd_winograd(vd_winograd *g)
{
    if (g) free(g->u);
    free(g);
}

/* ---- the layer ---- */

/* Large pictures go band by band, so that the arrays of a band stay in the second-level cache. In small ones a band
 * would be too short for the product, and would read the weights again: there all tiles are transformed first, and the
 * work is cut by filters. With many channels a band is too short in larger ones, too: there all tiles are, unless their
 * frequencies leave the third-level cache. All of it depends on the shape alone. */
enum {
    BAND_BYTES = 5 << 18,
    FEWEST_TILES = 48,
    MANY_CHANNELS_TILES = 96, /* of a band where fewer than FEWEST_TILES would fit BAND_BYTES */
    WHOLE_TILES = 256,
    WHOLE_BYTES = 24 << 20,
    GROUP_BYTES = 5 << 18,
    CHANNELS = 8
};

typedef struct {
    const vd_winograd *g;
    const vd_winograd_kernels *k;
    vd_winograd_tiles tiles; /* of the picture, or of the first band */
    const float *x, *scale, *bias;
    float slope, *y;
    int bands;
    int group; /* panels of a piece */
    float *v;  /* [36][channels][lanes], the frequencies step numbers apart */
    size_t step;
} job;

/* an odd number of cache lines between the frequencies: their arrays should not meet in the same places of the cache */
static size_t step_of(const job *j)
{
    size_t numbers = (size_t)j->g->c * j->tiles.lanes;
    return numbers + (numbers / 16 % 2 ? 32 : 16);
}

static void transform_channels(const job *j, vd_winograd_tiles t, int first, int last, float *v)
{
    float *lines = vd_scratch(VD_SCRATCH_COLUMNS, vd_winograd_lines(t));
    for (int c = first; c < last; ++c)
        j->k->input(t, j->x + (size_t)c * t.h * t.w, lines, j->step, v + (size_t)c * t.lanes);
}

/* the products and outputs of some panels */
static void multiply_panels(const job *j, vd_winograd_tiles t, int first, int panels, const float *v)
{
    const vd_winograd *g = j->g;
    size_t filter = (size_t)AREA * t.lanes; /* numbers of one filter */
    float *m = vd_scratch(VD_SCRATCH_SQUARE, panels * PANEL * filter + VD_WINOGRAD_LANES);
    for (int f = 0; f < AREA; ++f)
        j->k->multiply(panels, g->c, t.lanes, g->u + ((size_t)f * g->panels + first) * g->c * PANEL, v + f * j->step,
                       filter, m + (size_t)f * t.lanes);
    for (int n = first * PANEL; n < (first + panels) * PANEL && n < g->n; ++n, m += filter) {
        vd_winograd_end end = {j->scale ? j->scale[n] : 1, j->bias[n], j->slope};
        j->k->output(t, end, m, j->y + (size_t)n * t.out_h * t.out_w);
    }
}

static void forward_band(int i, void *context)
{
    const job *j = context;
    vd_winograd_tiles t = j->tiles;
    int all = tiles_of(t.out_h);
    t.first = i * t.rows;
    if (t.rows > all - t.first) t.rows = all - t.first; /* lanes stay: arrays are as long in every band */
    float *v = vd_scratch(VD_SCRATCH_D_COLUMNS, AREA * j->step);
    transform_channels(j, t, 0, j->g->c, v);
    multiply_panels(j, t, 0, j->g->panels, v);
}

static void transform_piece(int i, void *context)
{
    const job *j = context;
    int first = i * CHANNELS;
    transform_channels(j, j->tiles, first, first + vd_piece_length(j->g->c, CHANNELS, i), j->v);
}

static void multiply_piece(int i, void *context)
{
    const job *j = context;
    int first = i * j->group;
    multiply_panels(j, j->tiles, first, vd_piece_length(j->g->panels, j->group, i), j->v);
}

/* of n channels or filters; those of a large picture are more than an int can count */
static size_t frequency_bytes(size_t n, size_t tiles)
{
    return sizeof(float) * AREA * n * tiles;
}

/* rows of tiles of a band: all, when the picture is not cut into bands; one, when a row is as long as a band should be.
 * Bands are of about the same length */
static int rows_of(const job *j, int rows, int columns)
{
    int most = (int)(BAND_BYTES / frequency_bytes((size_t)j->g->c + (size_t)j->g->panels * PANEL, 1));
    size_t tiles = (size_t)rows * columns;
    if (tiles <= WHOLE_TILES) return rows;
    if (most < FEWEST_TILES) {
        if (frequency_bytes(j->g->c, tiles) <= WHOLE_BYTES) return rows;
        most = MANY_CHANNELS_TILES;
    }
    int bands = vd_pieces(rows, most > columns ? most / columns : 1);
    return vd_pieces(rows, bands);
}

/* panels of a piece: an even number of pieces keeps an even number of threads busy */
static int group_of(const job *j)
{
    int panels = j->g->panels, most = (int)(GROUP_BYTES / frequency_bytes(PANEL, j->tiles.lanes));
    int pieces = vd_round_up(vd_pieces(panels, most > 0 ? most : 1), 2);
    return vd_pieces(panels, pieces);
}

void vd_winograd_forward(const vd_winograd *g, const vd_winograd_kernels *k, vd_window w, const float *x,
                         const float *scale, const float *bias, float slope, float *y)
{
    job j = {.g = g, .k = k, .x = x, .scale = scale, .bias = bias, .slope = slope, .y = y};
    int rows = tiles_of(w.out_h), columns = tiles_of(w.out_w), of_band = rows_of(&j, rows, columns);
    j.tiles = (vd_winograd_tiles){w.h, w.w, w.pad, w.out_h, w.out_w, 0, of_band, columns, 0};
    j.tiles.lanes = vd_round_up(of_band * columns, VD_WINOGRAD_LANES);
    j.step = step_of(&j);
    if (of_band < rows) {
        vd_parallel_for(vd_pieces(rows, of_band), forward_band, &j);
        return;
    }
    j.group = group_of(&j);
    j.v = vd_scratch(VD_SCRATCH_SHARED, AREA * j.step);
    vd_parallel_for(vd_pieces(g->c, CHANNELS), transform_piece, &j);
    vd_parallel_for(vd_pieces(g->panels, j.group), multiply_piece, &j);
}

/* ---- fingerprints ---- */

enum { PIECE = 1 << 18 };

typedef struct {
    const vd_winograd_kernels *k;
    size_t n;
    const float *x;
    uint32_t *of_piece;
} printing;

static void print_piece(int i, void *context)
{
    const printing *p = context;
    p->of_piece[i] = p->k->fingerprint(vd_piece_length(p->n, PIECE, i), p->x + (size_t)i * PIECE);
}

uint64_t vd_winograd_fingerprint(const vd_winograd_kernels *k, size_t n, const float *x)
{
    int pieces = vd_pieces(n, PIECE);
    printing p = {k, n, x, (void *)vd_scratch(VD_SCRATCH_SHARED, pieces)};
    vd_parallel_for(pieces, print_piece, &p);
    uint64_t all = n;
    for (int i = 0; i < pieces; ++i) all = (all ^ p.of_piece[i]) * 0x9E3779B97F4A7C15u;
    return all;
}
