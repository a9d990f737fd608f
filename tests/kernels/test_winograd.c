/* Winograd convolutions by every table of kernels: against plain C kernel by kernel, and the whole against double. */
#include "support/support.h"
#include "kernels/kernels.h"
#include "base/parallel.h"
#include "kernels/products/winograd.h"
#include "kernels/scratch.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { TABLES = 8, AREA = VD_WINOGRAD_FREQUENCIES, LANES = VD_WINOGRAD_LANES };

static const struct {
    int c, h, w, pad, n;
} shapes[] = {
    {3, 9, 9, 1, 8},    {1, 3, 3, 1, 1},     {17, 13, 13, 1, 20}, {16, 6, 5, 0, 9},    {2, 4, 70, 1, 33},
    {5, 23, 17, 2, 7},  {3, 40, 35, 1, 16},  {40, 26, 26, 1, 24}, {64, 33, 31, 1, 64}, {1, 129, 131, 1, 3},
    {24, 90, 75, 0, 8}, {3, 3, 200, 1, 130}, {6, 1, 1, 1, 4},     {4, 70, 1, 1, 5},    {8, 7, 7, 4, 8},
};
enum { SHAPES = COUNT_OF(shapes) };

static vd_window window_of(int i)
{
    vd_window w = {shapes[i].c, shapes[i].h, shapes[i].w, 3, 1, shapes[i].pad, 0, 0, 0, 0};
    w.out_h = w.h + 2 * w.pad - 2;
    w.out_w = w.w + 2 * w.pad - 2;
    return w;
}

static float *random_array(size_t n, int seed)
{
    float *x = calloc(n, sizeof(float));
    fill_random(x, n, seed);
    return x;
}

/* the sum, and in *size the sum of the absolute values */
static double convolve(vd_window w, const float *weights, const float *x, int oh, int ow, double *size)
{
    double sum = 0;
    *size = 0;
    for (int i = 0; i < w.c * 9; ++i) {
        int h = oh - w.pad + i / 3 % 3, c = ow - w.pad + i % 3;
        if (h < 0 || h >= w.h || c < 0 || c >= w.w) continue;
        double product = (double)weights[i] * x[((size_t)i / 9 * w.h + h) * w.w + c];
        sum += product;
        *size += fabs(product);
    }
    return sum;
}

/* a value read before it is written is seen */
static void soil_scratch(void)
{
    static const vd_scratch_slot slots[] = {VD_SCRATCH_SHARED, VD_SCRATCH_SQUARE, VD_SCRATCH_COLUMNS,
                                            VD_SCRATCH_D_COLUMNS};
    enum { SOILED = 1 << 18 };
    for (size_t i = 0; i < COUNT_OF(slots); ++i) {
        float *x = vd_scratch(slots[i], SOILED);
        for (int k = 0; k < SOILED; ++k) x[k] = NAN;
    }
}

/* error bound: the largest factors of the transforms are 25, 1 and 100, and what they add up cancels: measured errors
 * are under a tenth of this */
static const double error_bound = 3e-5;

START_TEST(every_table_gives_the_convolution)
{
    const vd_kernels *tables[TABLES];
    int n_tables = vd_kernels_list(tables, TABLES), n = shapes[_i].n;
    vd_window w = window_of(_i);
    size_t pixels = (size_t)w.out_h * w.out_w, filter = (size_t)w.c * 9;
    static const float slopes[] = {1, .1f, 0};
    float *x = random_array((size_t)w.c * w.h * w.w, 1), *weights = random_array(n * filter, 2);
    float *bias = random_array(n, 3), *scale = random_array(n, 4), slope = slopes[_i % 3];
    vd_winograd *g = make_vd_winograd(w.c, n, weights);
    for (int t = 0; t < n_tables; ++t) {
        float *y = malloc(n * pixels * sizeof(float));
        for (size_t i = 0; i < n * pixels; ++i) y[i] = NAN;
        soil_scratch();
        vd_winograd_forward(g, tables[t]->winograd, w, x, _i % 2 ? scale : 0, bias, slope, y);
        for (size_t i = 0; i < n * pixels; ++i) {
            int f = (int)(i / pixels), p = (int)(i % pixels);
            double size, factor = _i % 2 ? scale[f] : 1;
            double sum = factor * convolve(w, weights + f * filter, x, p / w.out_w, p % w.out_w, &size) + bias[f];
            ck_assert_msg(
                close_to(y[i], sum > 0 ? sum : slope * sum, 1e-5, error_bound * (1 + size / 10) * fabs(factor)),
                "%s: y[%zu] is %.9g, not %.9g", tables[t]->name, i, y[i], sum > 0 ? sum : slope * sum);
        }
        free(y);
    }
    free_vd_winograd(g);
    free(x), free(weights), free(bias), free(scale);
}
END_TEST

static vd_winograd_tiles tiles_of(vd_window w, int first, int rows)
{
    vd_winograd_tiles t = {w.h, w.w, w.pad, w.out_h, w.out_w, first, rows, (w.out_w + 3) / 4, 0};
    t.lanes = (t.rows * t.columns + LANES - 1) / LANES * LANES;
    return t;
}

static void assert_close(const char *table, const char *what, size_t n, const float *have, const float *want)
{
    for (size_t i = 0; i < n; ++i)
        ck_assert_msg(close_to(have[i], want[i], 1e-5, 2e-5), "%s, %s: number %zu is %.9g, not %.9g", table, what, i,
                      have[i], want[i]);
}

/* all rows of tiles, and all but the first */
START_TEST(every_kernel_is_that_of_plain_c)
{
    const vd_kernels *tables[TABLES];
    int n_tables = vd_kernels_list(tables, TABLES);
    vd_window w = window_of(_i);
    int all = (w.out_h + 3) / 4;
    for (int first = 0; first < 2 && first < all; ++first) {
        vd_winograd_tiles t = tiles_of(w, first, all - first);
        size_t step = t.lanes + 5, area = AREA * step, numbers = (size_t)w.out_h * w.out_w;
        float *plane = random_array((size_t)w.h * w.w, 1), *lines = calloc(vd_winograd_lines(t), sizeof(float));
        float *m = random_array((size_t)AREA * t.lanes + LANES, 2);
        float *v = calloc(area, sizeof(float)), *want_v = calloc(area, sizeof(float));
        float *y = calloc(numbers, sizeof(float)), *want_y = calloc(numbers, sizeof(float));
        vd_winograd_end end = {.7f, .1f, .1f};
        vd_kernels_c.winograd->input(t, plane, lines, step, want_v);
        vd_kernels_c.winograd->output(t, end, m, want_y);
        for (int k = 1; k < n_tables; ++k) {
            tables[k]->winograd->input(t, plane, lines, step, v);
            for (int f = 0; f < AREA; ++f)
                assert_close(tables[k]->name, "input", t.rows * t.columns, v + f * step, want_v + f * step);
            tables[k]->winograd->output(t, end, m, y);
            assert_close(tables[k]->name, "output", numbers, y, want_y);
        }
        free(plane), free(lines), free(m), free(v), free(want_v), free(y), free(want_y);
    }
}
END_TEST

START_TEST(every_product_is_that_of_plain_c)
{
    const vd_kernels *tables[TABLES];
    int n_tables = vd_kernels_list(tables, TABLES);
    for (int panels = 1; panels <= 3; ++panels)
        for (int channels = 1; channels < 20; channels += 9)
            for (int lanes = LANES; lanes <= 7 * LANES; lanes += LANES) {
                size_t filters = (size_t)panels * VD_WINOGRAD_PANEL, step = lanes + 3;
                float *u = random_array(filters * channels, 1), *v = random_array((size_t)channels * lanes, 2);
                float *m = calloc(filters * step, sizeof(float)), *want = calloc(filters * step, sizeof(float));
                vd_kernels_c.winograd->multiply(panels, channels, lanes, u, v, step, want);
                for (int k = 1; k < n_tables; ++k) {
                    tables[k]->winograd->multiply(panels, channels, lanes, u, v, step, m);
                    assert_close(tables[k]->name, "product", filters * step, m, want);
                }
                free(u), free(v), free(m), free(want);
            }
}
END_TEST

/* by filters, and by bands */
START_TEST(threads_do_not_change_results)
{
    static const vd_window windows[] = {{40, 26, 26, 3, 1, 1, 26, 26, 0, 0}, {24, 150, 130, 3, 1, 1, 150, 130, 0, 0}};
    enum { N = 40 };
    for (size_t i = 0; i < COUNT_OF(windows); ++i) {
        vd_window w = windows[i];
        size_t outputs = (size_t)N * w.out_h * w.out_w;
        float *x = random_array((size_t)w.c * w.h * w.w, 1), *weights = random_array((size_t)N * w.c * 9, 2);
        float bias[N] = {0}, *y[2];
        for (int t = 0; t < 2; ++t) {
            setenv("DARKNET_THREADS", t ? "5" : "1", 1);
            vd_parallel_forget_threads();
            vd_winograd *g = make_vd_winograd(w.c, N, weights);
            y[t] = calloc(outputs, sizeof(float));
            vd_winograd_forward(g, vd_kernels_get()->winograd, w, x, 0, bias, .1f, y[t]);
            free_vd_winograd(g);
        }
        ck_assert_mem_eq(y[0], y[1], outputs * sizeof(float));
        free(x), free(weights), free(y[0]), free(y[1]);
    }
}
END_TEST

static atomic_int longest; /* numbers of a channel that are transformed at a time */

static void input_measured(vd_winograd_tiles t, const float *plane, float *lines, size_t step, float *v)
{
    if (t.lanes > longest) longest = t.lanes; /* the same in all pieces */
    vd_kernels_get()->winograd->input(t, plane, lines, step, v);
}

/* pictures that are wider than a band should be long, and that have many channels, too */
START_TEST(large_pictures_go_by_bands_that_stay_in_the_cache)
{
    static const vd_window windows[] = {{32, 40, 1024, 3, 1, 1, 40, 1024, 0, 0},
                                        {256, 132, 132, 3, 1, 1, 132, 132, 0, 0}};
    enum { N = 8, MOST_BYTES = 4 << 20 };
    vd_winograd_kernels k = *vd_kernels_get()->winograd;
    k.input = input_measured;
    for (size_t i = 0; i < COUNT_OF(windows); ++i) {
        vd_window w = windows[i];
        size_t pixels = (size_t)w.out_h * w.out_w;
        float *x = random_array((size_t)w.c * w.h * w.w, 1), *weights = random_array((size_t)N * w.c * 9, 2);
        float bias[N] = {0}, *y = calloc(N * pixels, sizeof(float));
        vd_winograd *g = make_vd_winograd(w.c, N, weights);
        longest = 0;
        vd_winograd_forward(g, &k, w, x, 0, bias, 1, y);
        ck_assert_int_lt(longest * w.c * AREA * (int)sizeof(float), MOST_BYTES);
        for (size_t p = 0; p < N * pixels; p += 997) {
            double size, sum = convolve(w, weights + p / pixels * w.c * 9, x, (int)(p % pixels) / w.out_w,
                                        (int)(p % pixels) % w.out_w, &size);
            ck_assert_msg(close_to(y[p], sum, 1e-5, error_bound * (1 + size / 10)), "y[%zu] is %.9g, not %.9g", p, y[p],
                          sum);
        }
        free_vd_winograd(g);
        free(x), free(weights), free(y);
    }
}
END_TEST

START_TEST(every_change_of_a_weight_changes_the_fingerprint)
{
    const vd_kernels *tables[TABLES];
    int n_tables = vd_kernels_list(tables, TABLES);
    enum { N = 200 };
    float *x = random_array(N, 1);
    uint32_t want = vd_kernels_c.winograd->fingerprint(N, x);
    for (int t = 0; t < n_tables; ++t) {
        ck_assert_uint_eq(tables[t]->winograd->fingerprint(N, x), want);
        for (int i = 0; i < N; ++i) {
            float kept = x[i];
            x[i] = nextafterf(kept, 2);
            ck_assert_uint_ne(tables[t]->winograd->fingerprint(N, x), want);
            x[i] = kept;
        }
        float first = x[0];
        x[0] = x[64], x[64] = first;
        ck_assert_uint_ne(tables[t]->winograd->fingerprint(N, x), want);
        x[64] = x[0], x[0] = first;
    }
    free(x);
}
END_TEST

SUITE_OF(winograd)
{
    LOOP(every_table_gives_the_convolution, SHAPES);
    LOOP(every_kernel_is_that_of_plain_c, SHAPES);
    TEST(every_product_is_that_of_plain_c);
    TEST(threads_do_not_change_results);
    TEST(large_pictures_go_by_bands_that_stay_in_the_cache);
    TEST(every_change_of_a_weight_changes_the_fingerprint);
}
