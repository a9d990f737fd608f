/* kernels/products/active*.c: convolutions over lists of active weights, in every table this processor runs, against
 * loops over single taps in double precision, and the lists' parts and bands. */
#include "support/support.h"
#include "kernels/products/active.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 8 };

static const vd_kernels *tables[TABLES];

typedef struct {
    int c, h, w, filters, size, stride, pad, groups, batch;
    double density;
    int down, gap;
} shape;

/* widths that are, and are not, multiples of vectors; bands; parts; strides over and under the size; nothing active */
static const shape shapes[] = {
    {20, 12, 12, 50, 5, 1, 0, 1, 17, .1, 0, 0}, {6, 12, 12, 20, 5, 1, 0, 1, 16, .9, 0, 0},
    {1, 28, 28, 20, 5, 1, 0, 1, 16, .4, 0, 0},  {3, 7, 9, 4, 3, 1, 1, 1, 3, .5, 0, 0},
    {4, 9, 7, 6, 3, 2, 1, 2, 24, .5, 0, 0},     {6, 5, 5, 9, 1, 1, 0, 3, 33, .6, 0, 0},
    {2, 11, 6, 3, 2, 3, 0, 1, 1, .8, 0, 0},     {3, 10, 10, 5, 5, 3, 2, 1, 40, .5, 0, 0},
    {4, 3, 3, 8, 3, 1, 1, 4, 8, .5, 0, 0},      {16, 33, 35, 8, 3, 1, 1, 1, 2, .2, 0, 0},
    {8, 70, 50, 40, 3, 1, 1, 2, 1, .3, 0, 0},   {2, 4, 4, 3, 4, 1, 0, 1, 130, .5, 0, 0},
    {2, 3, 21, 3, 1, 1, 1, 1, 5, 1, 0, 0},      {3, 6, 6, 4, 3, 1, 1, 1, 2, 0, 0, 0},
    {2, 40, 3, 2, 7, 2, 3, 1, 9, .5, 0, 0},     {1, 2, 2, 1, 5, 1, 4, 1, 2, 1, 0, 0},
    {128, 8, 8, 64, 3, 1, 1, 1, 8, .05, 0, 0},  {1, 6, 40, 2, 33, 1, 16, 1, 2, .1, 0, 0},
    {3, 12, 11, 5, 3, 1, 2, 1, 9, .5, 0, 1},    {4, 9, 14, 6, 3, 1, 3, 2, 16, .3, 0, 2},
    {6, 11, 10, 9, 3, 2, 1, 3, 3, .5, 1, 0},    {4, 10, 9, 8, 5, 1, 4, 1, 5, .4, 2, 1},
    {3, 8, 9, 4, 1, 1, 0, 1, 8, .7, 3, 0},      {2, 13, 12, 5, 2, 3, 3, 1, 4, .8, 2, 3},
    {3, 4, 4, 6, 3, 1, 5, 1, 3, .5, 0, 4},      {8, 70, 50, 40, 3, 1, 2, 2, 1, .3, 0, 1},
};

typedef struct {
    vd_active_convolution a;
    int taps, elements, *filter, *tap; /* taps of a filter; of each element */
    size_t in, out, images;
    float *x, *gain, *d, *d_image, *got[6];
} problem;

static void *room_for(size_t n)
{
    void *p = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);
    ck_assert_ptr_nonnull(p);
    memset(p, 0x7f, (n * sizeof(float) + 127) / 64 * 64); /* large numbers where nothing is written */
    return p;
}

static float *numbers(size_t n, unsigned seed)
{
    float *x = room_for(n);
    fill_random(x, n, seed);
    return x;
}

/* lists of the taps that a number says are active; rows and columns of which some are empty */
static void make_lists(problem *q, shape s)
{
    static vd_sparse by_row, by_column;
    int all = s.c * s.size * s.size, n = 0, *start = calloc(s.filters + 1, sizeof(int));
    int *column = calloc((size_t)s.filters * q->taps + 1, sizeof(int));
    float *dice = numbers((size_t)s.filters * q->taps, 5);
    q->filter = calloc((size_t)s.filters * q->taps + 1, sizeof(int));
    for (int r = 0; r < s.filters; ++r) {
        start[r] = n;
        for (int t = 0; t < q->taps; ++t) {
            if (dice[(size_t)r * q->taps + t] >= 2 * s.density - 1 || (r % 7 == 3 && s.density < 1)) continue;
            q->filter[n] = r;
            column[n++] = r / (s.filters / s.groups) * q->taps + t;
        }
    }
    start[s.filters] = n;
    q->elements = n;
    q->tap = column;
    by_row = (vd_sparse){s.filters, start, column, 0};
    int *from = calloc(all + 1, sizeof(int)), *row = calloc(n + 1, sizeof(int)), *element = calloc(n + 1, sizeof(int));
    for (int t = 0, at = 0; t < all; ++t) {
        for (int e = 0; e < n; ++e) {
            if (column[e] != t) continue;
            row[at] = q->filter[e];
            element[at++] = e;
        }
        from[t + 1] = at;
    }
    by_column = (vd_sparse){all, from, row, element};
    q->a.by_row = &by_row;
    q->a.by_column = &by_column;
    q->a.theta = numbers(n + 1, 1);
    float *sigma2 = numbers(n + 1, 2);
    for (int e = 0; e < n; ++e) sigma2[e] *= sigma2[e];
    q->a.sigma2 = sigma2;
    free(dice);
}

static problem make_problem(shape s)
{
    problem q = {.taps = s.c / s.groups * s.size * s.size, .images = s.batch};
    vd_window w = {s.c, s.h, s.w, s.size, s.stride, s.pad, 0, 0, s.down, s.gap};
    w.out_h = (s.h + 2 * s.pad - vd_window_extent(w)) / vd_window_down(w) + 1;
    w.out_w = (s.w + 2 * s.pad - vd_window_extent(w)) / s.stride + 1;
    q.a = (vd_active_convolution){.window = w, .filters = s.filters, .groups = s.groups};
    make_lists(&q, s);
    q.in = (size_t)s.c * s.h * s.w;
    q.out = (size_t)s.filters * w.out_h * w.out_w;
    q.x = numbers(q.images * q.in, 3);
    q.d = numbers(q.images * q.out, 4);
    q.gain = numbers(q.images * q.out, 6);
    q.d_image = numbers(q.images * q.in, 7);
    return q;
}

/* product, variance, gradients: of all images of a problem, by the table in use */
static void compute(problem *q, vd_active_plan p, const vd_active_kernels *k, float *y, float *var, float *d_image,
                    float *d_theta, float *d_sigma2)
{
    size_t copies = (vd_active_copies_size(&p) + 15) / 16 * 16, planes = vd_active_planes_size(&p);
    size_t gradients = (vd_active_gradients_size(&p) + 15) / 16 * 16;
    float *x = room_for(copies), *l = room_for(planes), *l2 = room_for(planes);
    float *dy = room_for(gradients), *dy2 = room_for(gradients), *dx = room_for(copies), *dx2 = room_for(copies);
    for (size_t b = 0; b < q->images; b += p.lines.images) {
        int images = (int)(q->images - b < (size_t)p.lines.images ? q->images - b : (size_t)p.lines.images);
        for (int i = 0; i < p.bands; ++i) {
            vd_active_band band = vd_active_band_of(&p, i, images);
            k->take(&p.lines, band, q->x + b * q->in, x);
            vd_active_forward(&p, band, x, l, l2);
            k->put(&p.lines, band, q->a.filters, l, l2, y + b * q->out, var + b * q->out);
            k->take_gradient(&p.lines, band, q->a.filters, p.forward.start, p.forward.step, q->d + b * q->out,
                             q->gain + b * q->out, dy, dy2);
            vd_active_backward_weights(&p, band, x, dy, dy2, d_theta, d_sigma2);
            vd_active_backward_data(&p, band, dy, dy2, dx, dx2);
            k->fold(&p.lines, band, dx, dx2, q->x + b * q->in, d_image + b * q->in);
        }
    }
    float *all[] = {x, l, l2, dy, dy2, dx, dx2};
    for (int i = 0; i < COUNT_OF(all); ++i) free(all[i]);
}

/* the same in double, and the sums of the terms' sizes, which rounding errors are measured by */
typedef struct {
    double *y, *var, *d_image, *d_theta, *d_sigma2;
} results;

static results make_results(const problem *q)
{
    return (results){calloc(q->images * q->out, 8), calloc(q->images * q->out, 8), calloc(q->images * q->in, 8),
                     calloc(q->elements + 1, 8), calloc(q->elements + 1, 8)};
}

static void add_term(double *sum, double *size, double term)
{
    *sum += term;
    *size += fabs(term);
}

/* what element e has to do with one pixel and one output */
static void add_terms(const problem *q, results r, results size, int e, size_t in, size_t out)
{
    double z = q->x[in], theta = q->a.theta[e], sigma2 = q->a.sigma2[e], d = q->d[out], d_var = d * q->gain[out];
    add_term(r.y + out, size.y + out, theta * z);
    add_term(r.var + out, size.var + out, sigma2 * z * z);
    add_term(r.d_theta + e, size.d_theta + e, d * z);
    add_term(r.d_sigma2 + e, size.d_sigma2 + e, d_var * z * z);
    add_term(r.d_image + in, size.d_image + in, d * theta);
    add_term(r.d_image + in, size.d_image + in, 2 * z * d_var * sigma2);
}

static void exact(const problem *q, results r, results size)
{
    vd_window w = q->a.window;
    for (size_t i = 0; i < q->images * q->in; ++i) add_term(r.d_image + i, size.d_image + i, q->d_image[i]);
    for (int e = 0; e < q->elements; ++e) {
        int t = q->tap[e], kw = t % w.size, kh = t / w.size % w.size, c = t / w.size / w.size;
        for (size_t row = 0; row < q->images * w.out_h; ++row) {
            size_t b = row / w.out_h, i = row % w.out_h;
            int y = (int)i * vd_window_down(w) + kh * (w.gap + 1) - w.pad;
            for (int j = 0; j < w.out_w && y >= 0 && y < w.h; ++j) {
                int x = j * w.stride + kw * (w.gap + 1) - w.pad;
                size_t in = b * q->in + ((size_t)c * w.h + y) * w.w + x;
                if (x >= 0 && x < w.w)
                    add_terms(q, r, size, e, in, b * q->out + ((size_t)q->filter[e] * w.out_h + i) * w.out_w + j);
            }
        }
    }
}

/* sums of n terms in any order: n roundings, of which most cancel */
static void expect_close(int i, const char *what, const float *got, const double *want, const double *size, size_t n)
{
    for (size_t k = 0; k < n; ++k)
        ck_assert_msg(fabs(got[k] - want[k]) <= 2e-6 * size[k] + 1e-30, "shape %d: %s %zu is %.9g, want %.9g", i, what,
                      k, got[k], want[k]);
}

START_TEST(lists_compute_what_single_taps_do)
{
    const vd_active_kernels *k = tables[_i / COUNT_OF(shapes)]->active;
    int i = _i % COUNT_OF(shapes);
    vd_kernels_use(tables[_i / COUNT_OF(shapes)]);
    problem q = make_problem(shapes[i]);
    results want = make_results(&q), size = make_results(&q);
    exact(&q, want, size);
    int *room = room_for(vd_active_plan_ints(q.a));
    vd_active_plan p = vd_active_plan_of(q.a, (int)q.images, 1, room);
    float *y = room_for(q.images * q.out), *var = room_for(q.images * q.out);
    float *d_theta = room_for(q.elements + 1), *d_sigma2 = room_for(q.elements + 1);
    memset(d_theta, 0, q.elements * sizeof(float));
    memset(d_sigma2, 0, q.elements * sizeof(float));
    compute(&q, p, k, y, var, q.d_image, d_theta, d_sigma2);
    expect_close(i, "product", y, want.y, size.y, q.images * q.out);
    expect_close(i, "variance", var, want.var, size.var, q.images * q.out);
    expect_close(i, "d_theta", d_theta, want.d_theta, size.d_theta, q.elements);
    expect_close(i, "d_sigma2", d_sigma2, want.d_sigma2, size.d_sigma2, q.elements);
    expect_close(i, "d_image", q.d_image, want.d_image, size.d_image, q.images * q.in);
}
END_TEST

/* rows of which some are empty, in two parts; lengths of one vector, of all registers and of more */
START_TEST(sums_and_dots_keep_to_their_rows)
{
    enum { ROWS = 40, COLUMNS = 60, MOST = 500, PITCH = 512 };
    static const int lengths[] = {16, 32, 96, 112, 192, 208, 400, PITCH - 16};
    const vd_active_kernels *k = tables[_i]->active;
    int start[2 * ROWS + 1], offset[MOST], n = 0;
    float *theta = numbers(MOST, 1), *sigma2 = numbers(MOST, 2), *d_theta = numbers(MOST, 3),
          *d_sigma2 = room_for(MOST);
    float *x = numbers(COLUMNS * PITCH, 4), *x2 = numbers(COLUMNS * PITCH, 5), *y = room_for(ROWS * PITCH);
    float *y2 = room_for(ROWS * PITCH);
    for (int part = 0; part < 2 * ROWS; ++part) {
        start[part] = n;
        for (int e = 0; e < part * 7 % 24 && part % 5 != 1 && n < MOST - 24; ++e)
            offset[n] = n * 37 % COLUMNS * PITCH, ++n;
    }
    start[2 * ROWS] = n;
    ck_assert_int_gt(n, 400);
    for (int which = 0; which < COUNT_OF(lengths); ++which) {
        size_t length = lengths[which];
        for (int i = 0; i < ROWS * PITCH; ++i) y[i] = y2[i] = 9;
        for (int e = 0; e < MOST; ++e) d_theta[e] = d_sigma2[e] = .5f;
        for (int part = 0; part < 2; ++part)
            k->sums((vd_active_list){ROWS, 2, start + part, offset, theta, sigma2}, length, x, which % 2 ? x2 : 0, part,
                    PITCH, y, y2);
        for (int part = 0; part < 2; ++part)
            k->dots((vd_active_list){ROWS, 2, start + part, offset, theta, sigma2}, length, x, PITCH, y, y2, d_theta,
                    d_sigma2);
        for (int r = 0; r < ROWS; ++r) {
            const float *row = y + r * PITCH, *row2 = y2 + r * PITCH;
            for (size_t i = 0; i < PITCH; ++i) {
                double sum = 0, sum2 = 0;
                for (int e = start[2 * r]; e < start[2 * r + 2]; ++e) {
                    sum += (double)theta[e] * x[offset[e] + i];
                    sum2 += (double)sigma2[e] * (which % 2 ? x2[offset[e] + i] : x[offset[e] + i] * x[offset[e] + i]);
                }
                ck_assert(close_to(row[i], i < length ? sum : 9, 1e-5, 1e-5));
                ck_assert(close_to(row2[i], i < length ? sum2 : 9, 1e-5, 1e-5));
            }
            for (int e = start[2 * r]; e < start[2 * r + 2]; ++e) {
                double sum = .5, sum2 = .5;
                for (size_t i = 0; i < length; ++i) {
                    sum += (double)row[i] * x[offset[e] + i];
                    sum2 += (double)row2[i] * x[offset[e] + i] * x[offset[e] + i];
                }
                ck_assert(close_to(d_theta[e], sum, 1e-4, 1e-4) && close_to(d_sigma2[e], sum2, 1e-4, 1e-4));
            }
        }
        for (int e = n; e < MOST; ++e) ck_assert(d_theta[e] == .5f && d_sigma2[e] == .5f);
    }
}
END_TEST

START_TEST(copies_and_planes_that_nobody_reads_are_left_out)
{
    shape s = {8, 10, 10, 4, 3, 1, 1, 1, 4, .03, 0, 0};
    problem q = make_problem(s);
    int used[8][3] = {{0}}, copies = 0;
    int *room = room_for(vd_active_plan_ints(q.a));
    vd_active_plan p = vd_active_plan_of(q.a, 4, 1, room);
    for (int e = 0; e < q.elements; ++e) used[q.tap[e] / 9][q.tap[e] % 3] = 1;
    for (int i = 0; i < 24; ++i) copies += used[i / 3][i % 3];
    ck_assert_int_gt(copies, 0);
    ck_assert_int_lt(copies, 24);
    ck_assert_int_eq(p.lines.copies, copies);
}
END_TEST

SUITE_OF(active)
{
    int n = vd_kernels_list(tables, TABLES);
    TIMEOUT(120);
    LOOP(lists_compute_what_single_taps_do, n * COUNT_OF(shapes));
    LOOP(sums_and_dots_keep_to_their_rows, n);
    TEST(copies_and_planes_that_nobody_reads_are_left_out);
}
