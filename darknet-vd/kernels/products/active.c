#include "kernels/products/active.h"
#include "kernels/lengths.h"

#include <string.h>

enum {
    IMAGES = 16,                 /* side by side, at most */
    BAND_BYTES = 3 << 18,        /* what a band works on: it stays in the second-level cache */
    PART_BYTES = 24 << 10,       /* what a part of a list reads: in the first-level cache */
    PART_ELEMENTS = 8,           /* of a row, or keeping its sums in memory costs more than that saves */
    BLOCK = 12 * VD_ACTIVE_LANES /* numbers of a row that registers hold */
};

static int rounded(int n)
{
    return vd_round_up(n, VD_ACTIVE_LANES);
}

/* the fewest images side by side that waste no more than 2 % over what any number does */
static int images_of(int out_w, int batch)
{
    int most = vd_at_least(1, vd_at_most(IMAGES, batch / 8));
    double best = 2, waste;
    for (int g = 1; g <= most; ++g)
        if ((waste = (double)rounded(g * out_w) / (g * out_w)) < best) best = waste;
    for (int g = 1; g < most; ++g)
        if ((double)rounded(g * out_w) / (g * out_w) <= 1.02 * best) return g;
    return most;
}

/* ---- lines ---- */

/* remainders that rows of a filter can leave when they are divided by the stride along the height */
static int phases_of(vd_window w)
{
    return vd_at_most(vd_window_extent(w), vd_window_down(w));
}

static int copies_at_most(vd_window w)
{
    return w.c * w.size * phases_of(w);
}

static vd_active_lines lines_of(vd_active_convolution a, int batch, vd_active_copy *copy, int *copy_of)
{
    vd_window w = a.window;
    vd_active_lines s = {w.c, w.h, w.w, w.size, w.stride, w.pad, w.out_h, w.out_w, .copies = 0};
    s.images = images_of(w.out_w, batch);
    s.pitch = rounded(s.images * w.out_w);
    s.down = vd_window_down(w);
    s.step = w.gap + 1;
    s.halo = (vd_window_extent(w) - 1) / s.down;
    s.phases = phases_of(w);
    s.copy = copy;
    s.copy_of = copy_of;
    for (int k = 0; k < copies_at_most(w); ++k) {
        int phase = k % s.phases, kw = k / s.phases % w.size, c = k / s.phases / w.size, used = 0;
        for (int kh = 0; kh < w.size; ++kh) {
            if (kh * s.step % s.down != phase) continue;
            int tap = (c * w.size + kh) * w.size + kw;
            used |= a.by_column->start[tap] < a.by_column->start[tap + 1];
        }
        copy_of[k] = used ? s.copies : -1;
        if (used) copy[s.copies++] = (vd_active_copy){c, kw, phase};
    }
    return s;
}

/* bands of equal height that fit into the cache */
static void cut_bands(vd_active_plan *p)
{
    vd_active_lines *s = &p->lines;
    size_t row = 2 * sizeof(float) * s->pitch * ((size_t)s->copies + p->planes);
    size_t halo = 2 * sizeof(float) * s->pitch * (size_t)s->copies * s->halo;
    int most = halo < BAND_BYTES ? (int)((BAND_BYTES - halo) / row) : 0;
    most = vd_at_most(vd_at_least(most, vd_at_least(1, 2 * s->halo)), s->out_h);
    p->bands = (s->out_h + most - 1) / most;
    s->rows = (s->out_h + p->bands - 1) / p->bands;
}

/* parts of a list that reads n arrays of lines, with one or two numbers for each place */
static int parts_of(const vd_active_lines *s, int n, int numbers, int rows, int elements)
{
    int block = (BLOCK + s->pitch - 1) / s->pitch; /* rows of an array that registers hold at a time */
    size_t line = (size_t)vd_at_most(s->rows, block) + s->halo;
    size_t parts = (n * line * s->pitch * numbers * sizeof(float) + PART_BYTES - 1) / PART_BYTES;
    int most = elements / vd_at_least(1, rows * PART_ELEMENTS);
    return vd_at_least(1, vd_at_most((int)parts, vd_at_most(most, n)));
}

/* ---- lists ---- */

/* where the line of a tap begins */
static int offset_of(const vd_active_lines *s, int tap)
{
    int kw = tap % s->size, y = tap / s->size % s->size * s->step, c = tap / s->size / s->size;
    int copy = s->copy_of[(c * s->size + kw) * s->phases + y % s->down];
    return (copy * (s->rows + s->halo) + y / s->down) * s->pitch;
}

/* element e reads the line of its tap; parts are ranges of a group's taps, which is the order of its copies */
static void make_forward(vd_active_plan *p, vd_active_convolution a, int *start, int *offset, int *of_tap)
{
    const vd_sparse *s = a.by_row;
    int elements = s->start[a.filters], taps = a.by_column->rows / a.groups, e = 0;
    int parts = parts_of(&p->lines, p->lines.copies / a.groups, 1, a.filters, elements);
    for (int tap = 0; tap < a.by_column->rows; ++tap) of_tap[tap] = offset_of(&p->lines, tap);
    for (int r = 0; r < a.filters; ++r) {
        int first = r / (a.filters / a.groups) * taps;
        for (int part = 0; part < parts; ++part) {
            int end = first + vd_first_of_part(taps, part + 1, parts);
            start[r * parts + part] = e;
            while (e < s->start[r + 1] && s->column[e] < end) ++e;
        }
    }
    start[a.filters * parts] = e;
    for (e = 0; e < elements; ++e) offset[e] = of_tap[s->column[e]];
    p->forward = (vd_active_list){a.filters, parts, start, offset, a.theta, a.sigma2};
}

/* the elements of a tap whose filters are below `end`, as elements of a copy */
static int put_tap(const vd_active_plan *p, vd_active_convolution a, int tap, int end, int *next, int at, int *offset,
                   float *theta, float *sigma2)
{
    const vd_active_lines *s = &p->lines;
    int last = a.by_column->start[tap + 1], y = tap / s->size % s->size * s->step;
    for (; *next < last && a.by_column->column[*next] < end; ++*next, ++at) {
        int e = a.by_column->element[*next], plane = a.by_column->column[*next];
        offset[at] = (plane * (s->halo + s->rows) + s->halo - y / s->down) * s->pitch;
        theta[at] = a.theta[e];
        sigma2[at] = a.sigma2[e];
    }
    return at;
}

/* the transpose: row `row` of a copy takes row (row - kh step / down) of a plane;
 * parts are ranges of a group's filters */
static void make_backward(vd_active_plan *p, vd_active_convolution a, int *start, int *offset, int *next, float *theta,
                          float *sigma2)
{
    const vd_active_lines *s = &p->lines;
    int elements = a.by_row->start[a.filters], filters = a.filters / a.groups, at = 0;
    int parts = parts_of(s, filters, 2, s->copies, elements);
    memcpy(next, a.by_column->start, a.by_column->rows * sizeof(int));
    for (int k = 0; k < s->copies; ++k) {
        vd_active_copy copy = s->copy[k];
        int first = copy.channel / (s->c / a.groups) * filters;
        for (int part = 0; part < parts; ++part) {
            start[k * parts + part] = at;
            for (int kh = 0; kh < s->size; ++kh) {
                if (kh * s->step % s->down != copy.phase) continue;
                int tap = (copy.channel * s->size + kh) * s->size + copy.kw;
                int end = first + vd_first_of_part(filters, part + 1, parts);
                at = put_tap(p, a, tap, end, next + tap, at, offset, theta, sigma2);
            }
        }
    }
    start[s->copies * parts] = at;
    p->backward = (vd_active_list){s->copies, parts, start, offset, theta, sigma2};
}

/* most ints of a list's starts: a part holds PART_ELEMENTS of a row in the mean */
static size_t starts_at_most(size_t rows, size_t elements)
{
    return rows + elements / PART_ELEMENTS + 1;
}

/* The arrays of a plan, in this order:
 *
 *     copy           [copies]      COPY_INTS each
 *     copy_of        [copies]
 *     of_tap, next   [taps]        offset of a tap; first element of it that no part has taken
 *     offset         [elements]    of the forward list, back_offset of the backward one
 *     start                        the same, starts_at_most()
 *     theta, sigma2  [elements]    floats: those of the backward list, in its order */
enum { COPY_INTS = sizeof(vd_active_copy) / sizeof(int) };

_Static_assert(sizeof(vd_active_copy) % sizeof(int) == 0 && sizeof(float) == sizeof(int),
               "arrays of a plan are measured in ints");

size_t vd_active_plan_ints(vd_active_convolution a)
{
    size_t elements = a.by_row->start[a.filters], taps = a.by_column->rows, copies = copies_at_most(a.window);
    return (COPY_INTS + 1) * copies + 2 * taps + 2 * elements + starts_at_most(a.filters, elements) +
           starts_at_most(copies, elements) + 2 * elements;
}

vd_active_plan vd_active_plan_of(vd_active_convolution a, int batch, int with_backward, void *room)
{
    size_t elements = a.by_row->start[a.filters], taps = a.by_column->rows, copies = copies_at_most(a.window);
    vd_active_copy *copy = room;
    int *copy_of = (int *)room + COPY_INTS * copies, *of_tap = copy_of + copies, *next = of_tap + taps,
        *offset = next + taps;
    int *back_offset = offset + elements, *start = back_offset + elements;
    int *back_start = start + starts_at_most(a.filters, elements);
    void *values = back_start + starts_at_most(copies, elements);
    float *theta = values, *sigma2 = theta + elements;
    vd_active_plan p = {.planes = a.filters, .groups = a.groups};
    p.lines = lines_of(a, batch, copy, copy_of);
    cut_bands(&p);
    make_forward(&p, a, start, offset, of_tap);
    if (with_backward) make_backward(&p, a, back_start, back_offset, next, theta, sigma2);
    return p;
}

vd_active_band vd_active_band_of(const vd_active_plan *p, int i, int images)
{
    const vd_active_lines *s = &p->lines;
    int first = i * s->rows;
    return (vd_active_band){.first = first,
                            .rows = vd_at_most(s->rows, s->out_h - first),
                            .images = images,
                            .in = (size_t)s->c * s->h * s->w,
                            .out = (size_t)p->planes * s->out_h * s->out_w};
}

size_t vd_active_copies_size(const vd_active_plan *p)
{
    return (size_t)p->lines.copies * (p->lines.rows + p->lines.halo) * p->lines.pitch + VD_ACTIVE_LANES;
}

size_t vd_active_planes_size(const vd_active_plan *p)
{
    return (size_t)p->planes * p->lines.rows * p->lines.pitch;
}

size_t vd_active_gradients_size(const vd_active_plan *p)
{
    size_t rows = (size_t)p->planes * (p->lines.rows + p->lines.halo) + p->lines.halo;
    return rows * p->lines.pitch + VD_ACTIVE_LANES;
}

/* ---- products ---- */

static vd_active_list part_of(vd_active_list s, int part)
{
    s.start += part;
    return s;
}

void vd_active_forward(const vd_active_plan *p, vd_active_band b, const float *x, float *y, float *y2)
{
    const vd_active_lines *s = &p->lines;
    for (int part = 0; part < p->forward.step; ++part)
        vd_kernels_get()->active->sums(part_of(p->forward, part), (size_t)b.rows * s->pitch, x, 0, part > 0,
                                       (size_t)s->rows * s->pitch, y, y2);
}

void vd_active_backward_weights(const vd_active_plan *p, vd_active_band b, const float *x, const float *dy,
                                const float *dy2, float *d_theta, float *d_sigma2)
{
    const vd_active_lines *s = &p->lines;
    size_t halo = (size_t)s->halo * s->pitch, plane = halo + (size_t)s->rows * s->pitch;
    for (int part = 0; part < p->forward.step; ++part)
        vd_kernels_get()->active->dots(part_of(p->forward, part), (size_t)b.rows * s->pitch, x, plane, dy + halo,
                                       dy2 + halo, d_theta, d_sigma2);
}

void vd_active_backward_data(const vd_active_plan *p, vd_active_band b, const float *dy, const float *dy2, float *dx,
                             float *dx2)
{
    const vd_active_lines *s = &p->lines;
    for (int part = 0; part < p->backward.step; ++part)
        vd_kernels_get()->active->sums(part_of(p->backward, part), (size_t)(b.rows + s->halo) * s->pitch, dy, dy2,
                                       part > 0, (size_t)(s->rows + s->halo) * s->pitch, dx, dx2);
}
