/* Makes the form of the ways "pixels" and "images": planes cut out of the input, and for each filter a list of weights
 * that point into them. */
#include "kernels/sparse/form.h"
#include "kernels/lengths.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Measured on a Zen 4 (32 KiB and 1 MiB of cache); a Zen 5 with 48 KiB wants about the same. */
enum {
    CACHE_BYTES = 26000, /* of the planes of a block: they are read once for each filter */
    FEWEST = 8           /* weights of a filter in a block of planes: fewer do not pay for loading its sums */
};

/* a weight's place in its filter, and in the planes */
typedef struct {
    int plane; /* among all possible planes, needed or not */
    int line, column;
} tap;

/* Planes of a channel, side by side and one below the other: one for each column of the filters, or for each pixel of a
 * stride. Pixels of a stride that no filter meets have none. */
static int columns_of(const vd_sparse_form *f)
{
    return f->shifted ? f->window.size : vd_at_most(f->window.stride, vd_window_extent(f->window));
}

static int rows_of(const vd_sparse_form *f)
{
    return vd_at_most(vd_window_down(f->window), vd_window_extent(f->window));
}

static int planes_of_channel(const vd_sparse_form *f)
{
    return rows_of(f) * columns_of(f);
}

/* weight i of a filter */
static tap tap_of(const vd_sparse_form *f, int i)
{
    int size = f->window.size, s = f->window.stride, down = vd_window_down(f->window), step = f->window.gap + 1;
    int column = i % size * step, line = i / size % size * step, channel = i / size / size;
    int row = (channel * rows_of(f) + line % down) * columns_of(f); /* its first plane */
    if (f->shifted) return (tap){row + i % size, line / down, 0};
    return (tap){row + column % s, line / down, column / s};
}

static vd_sparse_plane plane_of(const vd_sparse_form *f, int plane)
{
    vd_window w = f->window;
    int columns = columns_of(f), rows = rows_of(f), column = plane % columns;
    if (f->shifted) column *= w.gap + 1;
    return (vd_sparse_plane){plane / columns / rows, plane / columns % rows - w.pad, column - w.pad};
}

/* lines of a plane beyond those of the output */
static int more_lines(vd_window w)
{
    return (vd_window_extent(w) - 1) / vd_window_down(w);
}

/* Numbers from line to line: as wide as the output, plus what the filter needs beyond it; at stride 1 the zeros after a
 * line are also those before the next one. Copies for each column need no edge, and their lines begin at multiples of a
 * vector. */
static int pitch_of(const vd_sparse_form *f)
{
    vd_window w = f->window;
    if (f->shifted) return w.out_w % 8 && w.out_w > 4 ? vd_round_up(w.out_w, 8) : w.out_w;
    int widest = w.out_w + (vd_window_extent(w) - 1) / w.stride;
    return w.stride == 1 && w.w + w.pad < widest && w.w + w.pad >= w.out_w ? w.w + w.pad : widest;
}

static void make_geometry(vd_sparse_form *f)
{
    vd_window w = f->window;
    vd_sparse_planes *p = &f->planes;
    *p = (vd_sparse_planes){.h = w.h, .w = w.w, .down = vd_window_down(w), .stride = w.stride, .pitch = pitch_of(f)};
    p->lines = w.out_h + more_lines(w);
    p->size = (size_t)p->lines * p->pitch + w.pad; /* pad: the zeros after the last line */
    if (f->lanes == 1 && !f->in_place)
        p->size = (p->size + 2 * VD_SPARSE_LANES - 1) / VD_SPARSE_LANES * VD_SPARSE_LANES;
}

/* keep the planes that some weight needs; number[plane] becomes the plane's number among those kept */
static int make_planes(vd_sparse_form *f, const float *weights, int *number)
{
    int columns = f->window.c * f->window.size * f->window.size, all = f->window.c * planes_of_channel(f);
    for (int r = 0; r < f->n; ++r)
        for (int i = 0; i < columns; ++i)
            if (weights[(size_t)r * columns + i] != 0) number[tap_of(f, i).plane] = 1;
    vd_sparse_plane *plane = vd_sparse_array(f, all, sizeof(*plane));
    if (!plane) return 0;
    for (int p = 0; p < all; ++p) {
        if (!number[p]) continue;
        number[p] = f->n_planes;
        plane[f->n_planes++] = plane_of(f, p);
    }
    f->planes.plane = plane;
    return (double)(f->in_place ? all : f->n_planes) * f->planes.size * f->lanes < INT_MAX;
}

static int planes_of_block(const vd_sparse_form *f)
{
    vd_window w = f->window;
    int more = more_lines(w);
    size_t numbers = f->planes.size;
    if (f->lanes > 1) numbers = (size_t)(more + 1) * f->planes.pitch * f->lanes;
    else if (numbers > (size_t)VD_SPARSE_TILE + more * f->planes.pitch)
        numbers = VD_SPARSE_TILE + more * f->planes.pitch;
    size_t fit = CACHE_BYTES / (numbers * sizeof(float));
    size_t pay = f->nonzeros ? (size_t)FEWEST * f->n * f->n_planes / f->nonzeros + 1 : 1;
    size_t planes = fit > pay ? fit : pay;
    if (planes < (size_t)f->n_planes) return (int)planes;
    return f->n_planes > 0 ? f->n_planes : 1;
}

/* ---- entries ---- */

typedef struct {
    vd_sparse_form *f;
    const float *weights, *scale;
    const int *number; /* of planes */
    int planes;        /* of a block */
    int columns;       /* weights of a filter */
    int *count;        /* [blocks][VD_SPARSE_GROUP] entries of a filter in a block, then where the next one goes */
    int *row, *start;  /* where the next piece goes */
    vd_sparse_entry *entries;
    int used;
} maker;

static vd_sparse_entry entry_of(const maker *m, int filter, int i)
{
    const vd_sparse_form *f = m->f;
    tap t = tap_of(f, i);
    int plane = f->in_place ? t.plane : m->number[t.plane];
    size_t at = plane * f->planes.size + (size_t)t.line * f->planes.pitch + t.column;
    float scale = m->scale ? m->scale[filter] : 1;
    return (vd_sparse_entry){(int)(at * f->lanes), scale * m->weights[(size_t)filter * m->columns + i]};
}

static int *count_of(const maker *m, int i, int row)
{
    return m->count + m->number[tap_of(m->f, i).plane] / m->planes * VD_SPARSE_GROUP + row;
}

/* A block's rows, sorted by length. Rows without entries are left out, except in the first block, which starts the
 * sums, and in the last, which ends them. */
static vd_sparse_rows make_piece(maker *m, int block, int rows)
{
    int *count = m->count + block * VD_SPARSE_GROUP, all = block == 0 || block == m->f->blocks - 1;
    vd_sparse_rows s = {.row = m->row, .start = m->start, .entry = m->entries};
    for (int r = 0; r < rows; ++r) {
        if (!all && !count[r]) continue;
        int i = s.rows++;
        for (; i > 0 && count[m->row[i - 1]] > count[r]; --i) m->row[i] = m->row[i - 1];
        m->row[i] = r;
    }
    m->start[0] = m->used;
    for (int i = 0; i < s.rows; ++i) {
        int *of_row = count + m->row[i], n = *of_row;
        *of_row = m->used;
        m->start[i + 1] = m->used += n;
    }
    m->row += s.rows;
    m->start += s.rows + 1;
    return s;
}

static void make_group(maker *m, int group)
{
    vd_sparse_form *f = m->f;
    int first = group * VD_SPARSE_GROUP, rows = f->n - first < VD_SPARSE_GROUP ? f->n - first : VD_SPARSE_GROUP;
    const float *weights = m->weights + (size_t)first * m->columns;
    memset(m->count, 0, sizeof(int) * f->blocks * VD_SPARSE_GROUP);
    for (int r = 0; r < rows; ++r)
        for (int i = 0; i < m->columns; ++i)
            if (weights[(size_t)r * m->columns + i] != 0) ++*count_of(m, i, r);
    for (int b = 0; b < f->blocks; ++b) f->pieces[group * f->blocks + b] = make_piece(m, b, rows);
    for (int r = 0; r < rows; ++r)
        for (int i = 0; i < m->columns; ++i)
            if (weights[(size_t)r * m->columns + i] != 0)
                m->entries[(*count_of(m, i, r))++] = entry_of(m, first + r, i);
}

static int make_pieces(vd_sparse_form *f, const int *number, const float *weights, const float *scale)
{
    maker m = {.f = f, .weights = weights, .scale = scale, .number = number, .planes = planes_of_block(f)};
    m.columns = f->window.c * f->window.size * f->window.size;
    f->groups = (f->n + VD_SPARSE_GROUP - 1) / VD_SPARSE_GROUP;
    f->blocks = f->n_planes ? (f->n_planes + m.planes - 1) / m.planes : 1;
    size_t pieces = (size_t)f->groups * f->blocks;
    f->pieces = vd_sparse_array(f, pieces, sizeof(*f->pieces));
    m.row = vd_sparse_array(f, pieces * VD_SPARSE_GROUP, sizeof(int));
    m.start = vd_sparse_array(f, pieces * (VD_SPARSE_GROUP + 1), sizeof(int));
    m.entries = vd_sparse_array(f, f->nonzeros, sizeof(*m.entries));
    m.count = calloc((size_t)f->blocks * VD_SPARSE_GROUP, sizeof(int));
    int made = f->n_arrays >= 0 && m.count;
    for (int g = 0; made && g < f->groups; ++g) make_group(&m, g);
    free(m.count);
    return made;
}

int vd_sparse_make_rows(vd_sparse_form *f, const float *weights, const float *scale, const float *bias)
{
    int *number = calloc((size_t)f->window.c * planes_of_channel(f), sizeof(int));
    f->bias = vd_sparse_array(f, f->n, sizeof(float));
    int made = number && f->bias;
    if (made) memcpy(f->bias, bias, f->n * sizeof(float));
    make_geometry(f);
    made = made && make_planes(f, weights, number) && make_pieces(f, number, weights, scale);
    free(number);
    return made;
}
