/* kernels/products/behind_pool*.c and max_pool_gain: what a convolution in front of a max pool is trained with, in
 * every table this processor runs, against plain C and against double, at lengths that no vector divides; nothing
 * outside of the results is written. */
#include "support/support.h"
#include "base/fp16.h"
#include "kernels/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 8, GUARD = 64 };

static const vd_kernels *tables[TABLES], *halves[TABLES]; /* all; those with sums in fp16 */

/* n numbers that end where GUARD others begin, which must stay as they are */
typedef struct {
    float *x;
    size_t n;
} guarded;

static guarded make_guarded(size_t n, unsigned seed)
{
    guarded g = {malloc((n + 2 * GUARD) * sizeof(float)), n};
    ck_assert_ptr_nonnull(g.x);
    for (size_t i = 0; i < n + 2 * GUARD; ++i) g.x[i] = 77;
    g.x += GUARD;
    if (seed) fill_random(g.x, n, seed);
    return g;
}

static void free_guarded(guarded g, int spill)
{
    for (int i = 0; i < GUARD; ++i) ck_assert(g.x[-1 - i] == 77);
    for (int i = spill; i < GUARD; ++i) ck_assert(g.x[g.n + i] == 77);
    free(g.x - GUARD);
}

/* ---- sums of lists ---- */

static const vd_list_rows shapes[] = {
    {5, 112, 3, 7 * 112, 112, 5, 80}, {5, 112, 2, 7 * 112, 112, 1, 128}, {1, 32, 32, 0, 32, 1, 128},
    {1, 16, 1, 0, 16, 1, 16},         {3, 48, 20, 300, 1024, 3, 48},     {3, 192, 4, 1000, 500, 3, 64},
    {7, 64, 64, 640, 64, 7, 32},      {2, 16, 3, 32, 16, 2, 128},        {1, 240, 5, 0, 240, 1, 1024},
    {4, 96, 1, 3 * 96, 96, 4, 128},   {11, 48, 7, 480, 48, 11, 128},     {1, 1536, 1, 0, 1536, 1, 512},
    {2, 192, 16, 192, 192, 2, 1024},  {5, 80, 32, 800, 80, 5, 80},
};
enum { SHAPES = COUNT_OF(shapes), LISTS = 9, LONGEST = 23 };

START_TEST(lists_add_their_rows)
{
    for (int shape = 0; shape < SHAPES; ++shape) {
        vd_list_rows s = shapes[shape];
        int start[LISTS + 1] = {0}, at[LISTS], row[LISTS * LONGEST];
        float value[LISTS * LONGEST];
        size_t reach = (s.rows - 1) * s.x_step + s.length, room = (s.rows - 1) * s.y_step + s.length;
        guarded x = make_guarded(reach + 40 * s.x_row, 3), y = make_guarded(LISTS * room, 4);
        float *before = malloc(LISTS * room * sizeof(float));
        memcpy(before, y.x, LISTS * room * sizeof(float));
        fill_random(value, LISTS * LONGEST, 5);
        for (int i = 0; i < LISTS; ++i) { /* lengths 0, 1, 2, 3, 5 ... 23, the last ending with the array */
            static const int lengths[LISTS] = {3, 0, 1, 2, 5, 8, 13, 0, 23};
            start[i + 1] = start[i] + lengths[i];
            at[i] = (int)((LISTS - 1 - i) * room);
            for (int e = start[i]; e < start[i + 1]; ++e) row[e] = e * 7 % 41;
        }
        tables[_i]->behind_pool->add_lists((vd_lists){LISTS, start, at, value, row}, s, x.x, y.x);
        for (int i = 0; i < LISTS; ++i)
            for (int r = 0; r < s.rows; ++r)
                for (int k = 0; k < s.length; ++k) {
                    size_t to = at[i] + r * s.y_step + k;
                    double want = before[to];
                    for (int e = start[i]; e < start[i + 1]; ++e)
                        want += (double)value[e] * x.x[row[e] * s.x_row + r * s.x_step + k];
                    ck_assert_msg(close_to(y.x[to], want, 1e-5, 1e-5), "shape %d list %d row %d: %.9g, want %.9g",
                                  shape, i, r, y.x[to], want);
                    before[to] = NAN; /* seen */
                }
        for (size_t i = 0; i < LISTS * room; ++i) ck_assert(isnan(before[i]) || before[i] == y.x[i]);
        free(before);
        free_guarded(x, 0), free_guarded(y, 0);
    }
}
END_TEST

/* the specification, which no table has */
START_TEST(plain_lists_in_fp16_add_their_rows_times_a_scale)
{
    enum { N = 7, ROWS = 2, LENGTH = 16, X_ROW = 40, X_STEP = 18, Y_STEP = 20, IN = 2 * X_ROW + X_STEP + LENGTH };
    static const int start[] = {0, 3, 3, N}, at[] = {40, 0, 80}, row[N] = {2, 0, 1, 1, 2, 0, 2};
    vd_list_rows s = {ROWS, LENGTH, X_ROW, X_STEP, Y_STEP, ROWS, LENGTH};
    float random[IN + N], y[120];
    uint16_t x[IN];
    uint32_t value[N];
    fill_random(random, IN + N, 5);
    for (int i = 0; i < IN; ++i) random[i] = vd_float_of_fp16(x[i] = vd_fp16_of(random[i]));
    for (int e = 0; e < N; ++e) {
        value[e] = vd_fp16_of(random[IN + e]) * 0x10001u;
        random[IN + e] = vd_float_of_fp16((uint16_t)value[e]);
    }
    for (int i = 0; i < 120; ++i) y[i] = 3;
    vd_add_lists_half_c((vd_lists){3, start, at, value, row}, s, .25f, x, y);
    for (int i = 0; i < 120; ++i) {
        int list = i / 40 == 1 ? 0 : i / 40 == 0 ? 1 : 2, r = i % 40 / Y_STEP, j = i % Y_STEP;
        double want = 3;
        for (int e = start[list]; j < LENGTH && e < start[list + 1]; ++e)
            want += .25 * random[IN + e] * random[row[e] * X_ROW + r * X_STEP + j];
        ck_assert_msg(close_to(y[i], want, 1e-6, 1e-6), "%d: %.9g, want %.9g", i, y[i], want);
    }
}
END_TEST

/* against the specification, whose sums are float. Rounding a sum in fp16 errs by at most 2^-11 of it, once a term */
START_TEST(lists_in_fp16_add_their_rows)
{
    for (int shape = 0; shape < SHAPES; ++shape) {
        enum { FIRST = 3, N = 150, LARGEST = 16 };
        vd_list_rows s = shapes[shape];
        int start[] = {0, FIRST, FIRST, N}, at[3], row[N];
        uint32_t value[N];
        size_t reach = (s.rows - 1) * s.x_step + s.length + 9 * s.x_row + 32, room = (s.rows - 1) * s.y_step + s.length;
        uint16_t *x = malloc(reach * sizeof(uint16_t));
        float *random = malloc((reach + N) * sizeof(float));
        guarded y = make_guarded(3 * room, 4), want = make_guarded(3 * room, 4);
        fill_random(random, reach + N, 5);
        for (size_t i = 0; i < reach; ++i) x[i] = vd_fp16_of(LARGEST * .5f * (1 + random[i]));
        for (int e = 0; e < N; ++e) {
            value[e] = vd_fp16_of(random[reach + e]) * 0x10001u;
            row[e] = e * 7 % 10;
        }
        for (int i = 0; i < 3; ++i) at[i] = (int)((2 - i) * room);
        vd_lists l = {3, start, at, value, row};
        vd_add_lists_half_c(l, s, .25f, x, want.x);
        halves[_i]->behind_pool->add_lists_half(l, s, .25f, x, y.x);
        double sum_squares = 0;
        for (size_t i = 0; i < 3 * room; ++i) {
            ck_assert_msg(fabs(y.x[i] - want.x[i]) <= .25 * N * LARGEST * 0x1p-11, "shape %d: %zu is %.9g, want %.9g",
                          shape, i, y.x[i], want.x[i]);
            sum_squares += (y.x[i] - want.x[i]) * (y.x[i] - want.x[i]);
        }
        ck_assert_double_le(sqrt(sum_squares / (3 * (double)room)), .25 * LARGEST * .005); /* 0.003 was seen */
        free(x), free(random);
        free_guarded(y, 0), free_guarded(want, 0);
    }
}
END_TEST

START_TEST(sums_do_not_depend_on_how_lists_are_cut_into_blocks)
{
    enum { ROWS = 5, LENGTH = 112, N = 17 };
    static float x[ROWS * LENGTH + 64], value[N], y[4][ROWS * LENGTH];
    int start[] = {0, N}, at[] = {0}, row[N];
    fill_random(x, ROWS * LENGTH + 64, 1);
    fill_random(value, N, 2);
    for (int e = 0; e < N; ++e) row[e] = e;
    for (int v = 0; v < 4; ++v) {
        static const int block[4][2] = {{5, 80}, {1, 1024}, {3, 32}, {2, 112}};
        vd_list_rows s = {ROWS, LENGTH, 3, LENGTH, LENGTH, block[v][0], block[v][1]};
        tables[_i]->behind_pool->add_lists((vd_lists){1, start, at, value, row}, s, x, y[v]);
        for (int i = 0; i < ROWS * LENGTH; ++i) ck_assert(close_to(y[v][i], y[0][i], 1e-6, 1e-6));
    }
}
END_TEST

/* ---- lists of gradients ---- */

START_TEST(a_list_holds_the_gradients_that_are_not_zero)
{
    static const int windows[] = {1, 3, 15, 16, 17, 31, 36, 64, 144, 145};
    enum { MOST = 145, PIXELS = 600, BASE = 4000 };
    static int where[PIXELS];
    for (int i = 0; i < PIXELS; ++i) where[i] = 16 * i + 3;
    for (int v = 0; v < COUNT_OF(windows); ++v)
        for (int with_gain = 0; with_gain < 2; ++with_gain) {
            int n = windows[v], index[MOST], pixel[2][MOST + VD_LIST_LANES], row[2][MOST + VD_LIST_LANES], found[2];
            float y[MOST], d[2][MOST], gain[MOST], value[2][MOST + VD_LIST_LANES], varied[2][MOST + VD_LIST_LANES];
            float sum[2] = {.25f, .25f};
            vd_pooled_plane p = {.windows = n, .base = BASE, .slope = v % 3 ? 0 : .1f};
            fill_random(y, n, 1);
            fill_random(gain, n, 2);
            fill_random(d[0], n, 3);
            for (int i = 0; i < n; ++i) {
                if (i % 5 == 1) d[0][i] = 0;
                if (i % 7 == 2) y[i] = 0;
                index[i] = BASE + i * 4 % PIXELS;
                d[1][i] = d[0][i];
            }
            for (int t = 0; t < 2; ++t)
                found[t] =
                    (t ? &vd_kernels_c : tables[_i])
                        ->behind_pool->list_of_plane(p, y, d[t], index, with_gain ? gain : 0, v % 2 ? where : 0,
                                                     pixel[t], row[t], value[t], with_gain ? varied[t] : 0, sum + t);
            ck_assert_int_eq(found[0], found[1]);
            ck_assert(close_to(sum[0], sum[1], 1e-5, 1e-5));
            for (int i = 0; i < n; ++i) ck_assert(d[0][i] == d[1][i]);
            for (int e = 0; e < found[0]; ++e) {
                ck_assert_int_eq(pixel[0][e], pixel[1][e]);
                ck_assert_int_eq(row[0][e], row[1][e]);
                ck_assert_int_eq(row[0][e], v % 2 ? where[pixel[0][e]] : pixel[0][e]);
                ck_assert(value[0][e] == value[1][e]);
                ck_assert(!with_gain || varied[0][e] == varied[1][e]);
            }
        }
}
END_TEST

START_TEST(numbers_that_are_not_zero_are_found)
{
    enum { MOST = 70 };
    for (int n = 0; n <= MOST; ++n)
        for (int every = 1; every <= 4; ++every) {
            int at[2][MOST + VD_LIST_LANES], found[2];
            float value[2][MOST + VD_LIST_LANES];
            guarded x = make_guarded(n, 5);
            for (int i = 0; i < n; ++i)
                if (every == 4 || i % (every + 1)) x.x[i] = i % 2 ? 0 : -0.f;
            for (int t = 0; t < 2; ++t) {
                const vd_behind_pool_kernels *k = (t ? &vd_kernels_c : tables[_i])->behind_pool;
                found[t] = k->not_zero(n, x.x, at[t], value[t]);
                ck_assert_int_eq(k->not_zero(n, x.x, 0, 0), found[t]);
            }
            ck_assert_int_eq(found[0], every == 4 ? 0 : (n + every) / (every + 1));
            ck_assert_int_eq(found[0], found[1]);
            ck_assert_mem_eq(at[0], at[1], found[0] * sizeof(int));
            ck_assert_mem_eq(value[0], value[1], found[0] * sizeof(float));
            free_guarded(x, 0);
        }
}
END_TEST

/* ---- windows as rows ---- */

static const vd_windows images[] = {
    {1, 28, 28, 5, 1, 24, 24, 32}, {3, 9, 11, 3, 1, 7, 9, 32}, {3, 20, 21, 7, 2, 7, 8, 160}, {2, 5, 5, 2, 1, 4, 4, 16},
    {1, 13, 12, 11, 1, 3, 2, 128}, {4, 6, 7, 4, 2, 2, 2, 64},  {1, 3, 3, 3, 1, 1, 1, 16},
};

START_TEST(windows_become_rows)
{
    for (int v = 0; v < COUNT_OF(images); ++v)
        for (int squared = 0; squared < 2; ++squared) {
            vd_windows s = images[v];
            size_t n = (size_t)s.out_h * s.out_w * s.length;
            guarded image = make_guarded((size_t)s.c * s.h * s.w, 9), rows = make_guarded(n, 0),
                    squares = make_guarded(n, 0), want = make_guarded(n, 0), want_squares = make_guarded(n, 0);
            vd_kernels_c.behind_pool->windows(s, image.x, want.x, want_squares.x);
            tables[_i]->behind_pool->windows(s, image.x, rows.x, squared ? squares.x : 0);
            for (size_t i = 0; i < n; ++i) {
                if (i % s.length >= (size_t)(s.c * s.size * s.size)) ck_assert(isfinite(rows.x[i]));
                else ck_assert(rows.x[i] == want.x[i] && (!squared || squares.x[i] == want_squares.x[i]));
            }
            free_guarded(image, 0), free_guarded(want, 0), free_guarded(want_squares, 0);
            free_guarded(rows, VD_LIST_LANES), free_guarded(squares, squared ? VD_LIST_LANES : 0);
        }
}
END_TEST

/* ---- the pool ---- */

static const vd_pool_shape pools[] = {
    {24, 24, 2, 2, 0, 12, 12, 0}, {8, 8, 2, 2, 0, 4, 4, 0},  {7, 9, 2, 2, 0, 4, 5, 0}, {7, 9, 2, 2, 0, 3, 4, 0},
    {2, 67, 2, 2, 0, 1, 33, 0},   {8, 8, 3, 2, 1, 4, 4, 0},  {9, 7, 3, 2, 1, 5, 4, 0}, {4, 4, 2, 1, 0, 4, 4, 0},
    {24, 24, 3, 2, 1, 12, 12, 0}, {9, 10, 3, 3, 0, 3, 3, 0}, {2, 2, 2, 2, 0, 1, 1, 0},
};

START_TEST(a_pool_adds_the_bias_and_takes_the_gain_along)
{
    for (int v = 0; v < COUNT_OF(pools); ++v)
        for (int with_gain = 0; with_gain < 2; ++with_gain) {
            vd_pool_shape s = pools[v];
            size_t n = (size_t)s.h * s.w, windows = (size_t)s.out_h * s.out_w;
            float bias = .2f, slope = v % 3 ? .1f : 0;
            guarded y = make_guarded(n, 11), gain = make_guarded(n, 12), out = make_guarded(windows, 0),
                    gains = make_guarded(windows, 0);
            int *index = malloc(windows * sizeof(int));
            for (size_t i = 0; i < n; i += 5) y.x[i] = .25f; /* ties: the first one wins */
            if (with_gain) tables[_i]->max_pool_gain(s, y.x, gain.x, 500, bias, slope, out.x, index, gains.x);
            else tables[_i]->max_pool_gain(s, y.x, 0, 500, bias, slope, out.x, index, 0);
            for (size_t q = 0; q < windows; ++q) {
                int best = -1;
                for (int tap = 0; tap < s.size * s.size; ++tap) {
                    int h = (int)q / s.out_w * s.stride - s.offset + tap / s.size,
                        w = (int)q % s.out_w * s.stride - s.offset + tap % s.size;
                    int in = h >= 0 && h < s.h && w >= 0 && w < s.w;
                    if (in && (best < 0 || y.x[h * s.w + w] > y.x[best])) best = h * s.w + w;
                }
                float x = y.x[best] + bias;
                ck_assert_int_eq(index[q], 500 + best);
                ck_assert(close_to(out.x[q], x > 0 ? x : slope * x, 1e-6, 1e-7));
                ck_assert(!with_gain || gains.x[q] == gain.x[best]);
            }
            free(index);
            free_guarded(y, 0), free_guarded(gain, 0), free_guarded(out, 0), free_guarded(gains, 0);
        }
}
END_TEST

SUITE_OF(behind_pool)
{
    int n_tables = vd_kernels_list(tables, TABLES), n_halves = 0;
    for (int i = 0; i < n_tables; ++i)
        if (tables[i]->behind_pool->add_lists_half) halves[n_halves++] = tables[i];
    if (!n_halves) skipped(1, "lists in fp16 (this processor does not calculate in it)");
    LOOP(lists_add_their_rows, n_tables);
    TEST(plain_lists_in_fp16_add_their_rows_times_a_scale);
    LOOP(lists_in_fp16_add_their_rows, n_halves);
    LOOP(sums_do_not_depend_on_how_lists_are_cut_into_blocks, n_tables);
    LOOP(a_list_holds_the_gradients_that_are_not_zero, n_tables);
    LOOP(numbers_that_are_not_zero_are_found, n_tables);
    LOOP(windows_become_rows, n_tables);
    LOOP(a_pool_adds_the_bias_and_takes_the_gain_along, n_tables);
}
