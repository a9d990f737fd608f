/* Sparse products by every table of kernels against the convolution computed in double precision. */
#include "support/support.h"
#include "kernels/kernels.h"
#include "base/parallel.h"
#include "kernels/scratch.h"
#include "kernels/sparse/form.h"
#include "kernels/sparse/product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TABLES = 8, WAYS = VD_SPARSE_SLICES + 1 };

typedef struct {

    int c, h, w, size, stride, pad, n, images, down, gap;
} shape;

static const shape shapes[] = {
    {1, 28, 28, 5, 1, 0, 20, 1, 0, 0},  {20, 12, 12, 5, 1, 0, 50, 1, 0, 0}, {20, 12, 12, 5, 1, 0, 50, 21, 0, 0},
    {3, 17, 13, 3, 2, 1, 9, 1, 0, 0},   {3, 17, 13, 3, 2, 1, 9, 3, 0, 0},   {5, 9, 9, 3, 3, 2, 7, 33, 0, 0},
    {64, 13, 13, 3, 1, 1, 70, 1, 0, 0}, {17, 6, 5, 3, 1, 1, 130, 9, 0, 0},  {8, 7, 7, 1, 1, 0, 33, 1, 0, 0},
    {8, 7, 7, 1, 1, 0, 33, 12, 0, 0},   {8, 7, 7, 1, 2, 0, 5, 1, 0, 0},     {4, 1, 40, 3, 1, 1, 6, 1, 0, 0},
    {4, 40, 1, 3, 1, 1, 6, 2, 0, 0},    {6, 2, 2, 3, 1, 1, 10, 1, 0, 0},    {6, 2, 2, 3, 1, 1, 10, 16, 0, 0},
    {800, 1, 1, 1, 1, 0, 500, 1, 0, 0}, {100, 1, 1, 1, 1, 0, 10, 5, 0, 0},  {37, 1, 1, 1, 1, 0, 1, 1, 0, 0},
    {37, 1, 1, 1, 1, 0, 90, 130, 0, 0}, {1, 1, 1, 1, 1, 0, 1, 1, 0, 0},     {2, 60, 50, 3, 1, 1, 3, 1, 0, 0},
    {5, 4, 4, 4, 1, 0, 20, 1, 0, 0},    {2, 11, 11, 7, 2, 3, 4, 10, 0, 0},  {3, 6, 6, 3, 1, 4, 5, 1, 0, 0},
    {2, 9, 9, 2, 3, 0, 4, 1, 0, 0},     {40, 16, 16, 3, 1, 1, 20, 8, 0, 0}, {3, 20, 75, 3, 2, 1, 4, 1, 0, 0},
    {2, 9, 100, 5, 2, 2, 70, 1, 0, 0},  {5, 12, 11, 3, 1, 2, 20, 1, 0, 1},  {5, 12, 11, 3, 1, 2, 20, 17, 0, 1},
    {6, 9, 14, 3, 1, 3, 7, 2, 0, 2},    {3, 17, 13, 3, 2, 1, 9, 1, 1, 0},   {3, 17, 13, 3, 1, 1, 9, 9, 2, 0},
    {4, 10, 9, 5, 1, 4, 8, 1, 2, 1},    {4, 10, 9, 5, 3, 4, 8, 12, 2, 1},   {8, 7, 7, 1, 1, 0, 5, 1, 2, 0},
    {3, 4, 4, 3, 1, 5, 6, 3, 0, 4},     {3, 20, 75, 3, 2, 2, 4, 1, 3, 1},   {40, 14, 14, 1, 1, 0, 9, 1, 0, 0},
    {24, 21, 22, 1, 1, 0, 66, 1, 0, 0}, {5, 4, 4, 1, 1, 0, 3, 1, 0, 0},     {7, 4, 5, 1, 1, 0, 3, 2, 0, 0},
    {9, 3, 5, 1, 1, 0, 4, 1, 0, 0},     {30, 28, 16, 1, 1, 0, 6, 1, 0, 0},  {3, 1, 449, 1, 1, 0, 4, 1, 0, 0},
    {5, 1, 40, 1, 1, 0, 3, 1, 2, 0},    {5, 1, 40, 1, 1, 0, 3, 3, 2, 0},    {5, 1, 16, 1, 2, 8, 3, 1, 0, 0},
};
enum { SHAPES = COUNT_OF(shapes) };

static const double densities[] = {0, .004, .05, .3, 1};
enum { DENSITIES = COUNT_OF(densities) };

static vd_window window_of(shape s)
{
    vd_window w = {s.c, s.h, s.w, s.size, s.stride, s.pad, 0, 0, s.down, s.gap};
    w.out_h = (s.h + 2 * s.pad - vd_window_extent(w)) / vd_window_down(w) + 1;
    w.out_w = (s.w + 2 * s.pad - vd_window_extent(w)) / s.stride + 1;
    return w;
}

/* the sum, and in *size the sum of the absolute values: rounding errors are relative to it */
static double convolve(vd_window w, const float *weights, const float *image, int oh, int ow, double *size)
{
    double sum = 0;
    *size = 0;
    for (int i = 0; i < w.c * w.size * w.size; ++i) {
        if (weights[i] == 0) continue;
        int c = i / w.size / w.size, h = oh * vd_window_down(w) - w.pad + i / w.size % w.size * (w.gap + 1);
        int col = ow * w.stride - w.pad + i % w.size * (w.gap + 1);
        if (h < 0 || h >= w.h || col < 0 || col >= w.w) continue;
        double product = (double)weights[i] * image[(c * w.h + h) * w.w + col];
        sum += product;
        *size += fabs(product);
    }
    return sum;
}

typedef struct {
    vd_window w;
    int n, images;
    float *weights, *scale, *bias, *x, *want, *allowed;
} example;

static example make_example(shape s, double density, float slope, int scaled)
{
    example e = {.w = window_of(s), .n = s.n, .images = s.images};
    size_t columns = (size_t)s.c * s.size * s.size, pixels = (size_t)e.w.out_h * e.w.out_w, inputs = s.c * s.h * s.w;
    e.weights = calloc(s.n * columns, sizeof(float));
    e.scale = calloc(s.n, sizeof(float));
    e.bias = calloc(s.n, sizeof(float));
    e.x = calloc(s.images * inputs, sizeof(float));
    e.want = calloc(s.images * s.n * pixels, sizeof(float));
    e.allowed = calloc(s.images * s.n * pixels, sizeof(float));
    fill_random(e.weights, s.n * columns, 1);
    fill_random(e.scale, s.n, 2);
    fill_random(e.bias, s.n, 3);
    fill_random(e.x, s.images * inputs, 4);
    float *lot = calloc(s.n * columns, sizeof(float));
    fill_random(lot, s.n * columns, 5);
    for (size_t i = 0; i < s.n * columns; ++i)
        if (lot[i] >= 2 * density - 1) e.weights[i] = 0;
    free(lot);
    for (size_t i = 0; i < s.images * s.n * pixels; ++i) {
        int f = (int)(i / pixels % s.n), p = (int)(i % pixels);
        double size, scale = scaled ? e.scale[f] : 1;
        double sum = convolve(e.w, e.weights + f * columns, e.x + i / pixels / s.n * inputs, p / e.w.out_w,
                              p % e.w.out_w, &size);
        sum = scale * sum + e.bias[f];
        e.want[i] = (float)(sum > 0 ? sum : slope * sum);
        e.allowed[i] = (float)(2e-6 * (fabs(scale) * size + fabs(e.bias[f])));
    }
    return e;
}

static void free_example(example e)
{
    free(e.weights), free(e.scale), free(e.bias), free(e.x), free(e.want), free(e.allowed);
}

/* a value read before it is written is seen */
static void soil_scratch(void)
{
    static const vd_scratch_slot slots[] = {VD_SCRATCH_SHARED, VD_SCRATCH_SQUARE, VD_SCRATCH_NOISE};
    enum { SOILED = 1 << 16 };
    for (int i = 0; i < 3; ++i) {
        float *x = vd_scratch(slots[i], SOILED);
        for (int k = 0; k < SOILED; ++k) x[k] = NAN;
    }
}

/* the arrays have no slack, so that AddressSanitizer finds every access beyond them */
static void assert_product(example e, const vd_kernels *k, const vd_sparse_form *f, const char *what)
{
    size_t outputs = (size_t)e.images * e.n * e.w.out_h * e.w.out_w;
    float *y = malloc(outputs * sizeof(float));
    for (size_t i = 0; i < outputs; ++i) y[i] = NAN;
    soil_scratch();
    vd_sparse_forward(f, k->sparse, e.images, e.x, y);
    for (size_t i = 0; i < outputs; ++i)
        ck_assert_msg(close_to(y[i], e.want[i], 1e-6, e.allowed[i] + 1e-7), "%s, %s: y[%zu] is %.9g, not %.9g", k->name,
                      what, i, y[i], e.want[i]);
    free(y);
}

/* every way takes every shape, though most shapes always go the same one */
START_TEST(every_way_and_table_gives_the_convolution)
{
    static const float slopes[] = {1, .1f, 0};
    const vd_kernels *tables[TABLES];
    int n = vd_kernels_list(tables, TABLES);
    int d = _i % DENSITIES, scaled = d % 2;
    shape s = shapes[_i / DENSITIES];
    float slope = slopes[d % 3];
    example e = make_example(s, densities[d], slope, scaled);
    for (int way = 0; way < WAYS; ++way) {
        vd_sparse_form *f =
            make_vd_sparse_form_by(way, e.w, s.n, s.images, e.weights, scaled ? e.scale : 0, e.bias, slope);
        ck_assert_ptr_nonnull(f);
        for (int t = 0; t < n; ++t) assert_product(e, tables[t], f, vd_sparse_way(f));
        free_vd_sparse_form(f);
    }
    free_example(e);
}
END_TEST

/* planes are those that the filter meets, not one for each pixel of a stride: these would be more than 2^31 */
START_TEST(a_stride_may_be_far_longer_than_the_filter)
{
    static const shape all[] = {{256, 1, 16385, 1, 4096, 0, 2, 1, 0, 0}, {256, 2, 16386, 2, 4096, 0, 2, 9, 0, 0}};
    for (size_t i = 0; i < COUNT_OF(all); ++i) {
        example e = make_example(all[i], .3, .1f, 0);
        for (int way = 0; way <= VD_SPARSE_IMAGES; ++way) {
            vd_sparse_form *f = make_vd_sparse_form_by(way, e.w, e.n, e.images, e.weights, 0, e.bias, .1f);
            ck_assert_ptr_nonnull(f);
            assert_product(e, vd_kernels_get(), f, vd_sparse_way(f));
            free_vd_sparse_form(f);
        }
        free_example(e);
    }
}
END_TEST

START_TEST(a_form_takes_batches_of_other_sizes)
{
    example e = make_example(shapes[2], .05, .1f, 0);
    for (int way = 0; way < WAYS; ++way) {
        for (int made_for = 1; made_for <= 40; made_for += 13) {
            vd_sparse_form *f = make_vd_sparse_form_by(way, e.w, e.n, made_for, e.weights, 0, e.bias, .1f);
            assert_product(e, vd_kernels_get(), f, vd_sparse_way(f));
            free_vd_sparse_form(f);
        }
    }
    free_example(e);
}
END_TEST

/* enough work for more than one thread */
START_TEST(threads_do_not_change_results)
{
    static const shape all[] = {{64, 40, 40, 3, 1, 1, 200, 1, 0, 0},
                                {64, 12, 12, 3, 1, 0, 130, 40, 0, 0},
                                {2000, 1, 1, 1, 1, 0, 1500, 1, 0, 0},
                                {2000, 1, 1, 1, 1, 0, 1500, 1, 0, 0}};
    static const vd_sparse_ways ways[] = {VD_SPARSE_PIXELS, VD_SPARSE_IMAGES, VD_SPARSE_PANELS, VD_SPARSE_SLICES};
    for (size_t i = 0; i < COUNT_OF(ways); ++i) {
        vd_window w = window_of(all[i]);
        size_t weights = (size_t)all[i].n * w.c * w.size * w.size, inputs = (size_t)all[i].images * w.c * w.h * w.w;
        size_t outputs = (size_t)all[i].images * all[i].n * w.out_h * w.out_w;
        float *x = calloc(inputs, sizeof(float)), *theta = calloc(weights, sizeof(float));
        float *bias = calloc(all[i].n, sizeof(float)), *y[2];
        fill_random(x, inputs, 1);
        fill_random(theta, weights, 2);
        for (size_t k = 0; k < weights; ++k)
            if (theta[k] < .2f) theta[k] = 0;
        vd_sparse_form *f = make_vd_sparse_form_by(ways[i], w, all[i].n, all[i].images, theta, 0, bias, .1f);
        for (int t = 0; t < 2; ++t) {
            setenv("DARKNET_THREADS", t ? "5" : "1", 1);
            vd_parallel_forget_threads();
            y[t] = calloc(outputs, sizeof(float));
            vd_sparse_forward(f, vd_kernels_get()->sparse, all[i].images, x, y[t]);
        }
        ck_assert_mem_eq(y[0], y[1], outputs * sizeof(float));
        free(x), free(theta), free(bias), free(y[0]), free(y[1]);
        free_vd_sparse_form(f);
    }
}
END_TEST

START_TEST(shapes_go_the_way_that_suits_them)
{
    static const struct {
        shape s;
        double density;
        const char *way;
    } cases[] = {
        {{64, 13, 13, 3, 1, 1, 8, 1, 0, 0}, .02, "pixels"},    {{64, 13, 13, 3, 1, 1, 8, 1, 0, 0}, .3, "shifted"},
        {{800, 1, 1, 1, 1, 0, 20, 1, 0, 0}, .005, "slices"},   {{800, 1, 1, 1, 1, 0, 20, 100, 0, 0}, .02, "images"},
        {{20, 12, 12, 5, 1, 0, 50, 100, 0, 0}, .05, "images"}, {{6, 2, 2, 3, 1, 1, 10, 1, 0, 0}, .005, "slices"},
        {{40, 14, 14, 1, 1, 0, 40, 1, 0, 0}, .05, "in place"}, {{40, 14, 14, 1, 1, 0, 40, 1, 0, 0}, .3, "pixels"},
        {{40, 16, 16, 1, 1, 0, 40, 1, 0, 0}, .3, "in place"},  {{40, 3, 5, 1, 1, 0, 40, 1, 0, 0}, .05, "pixels"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        example e = make_example(cases[i].s, cases[i].density, 1, 0);
        vd_sparse_form *f = make_vd_sparse_form(e.w, e.n, e.images, e.weights, 0, e.bias, 1);
        ck_assert_msg(!strcmp(vd_sparse_way(f), cases[i].way), "case %zu goes by %s", i, vd_sparse_way(f));
        free_vd_sparse_form(f);
        free_example(e);
    }
}
END_TEST

START_TEST(a_nan_in_the_image_is_not_hidden)
{
    const vd_kernels *tables[TABLES];
    int n = vd_kernels_list(tables, TABLES);
    const shape all[] = {{4, 9, 9, 3, 1, 1, 5, 1, 0, 0}, {40, 1, 1, 1, 1, 0, 20, 1, 0, 0}};
    for (int way = 0; way < WAYS; ++way) {
        example e = make_example(all[way >= VD_SPARSE_PANELS], 1, .1f, 0);
        vd_sparse_form *f = make_vd_sparse_form_by(way, e.w, e.n, 1, e.weights, 0, e.bias, .1f);
        float y[5 * 81];
        e.x[0] = NAN;
        for (int t = 0; t < n; ++t) {
            vd_sparse_forward(f, tables[t]->sparse, 1, e.x, y);
            ck_assert_msg(isnan(y[0]), "%s, %s", tables[t]->name, vd_sparse_way(f));
        }
        free_vd_sparse_form(f);
        free_example(e);
    }
}
END_TEST

START_TEST(an_image_that_is_not_copied_is_not_read_beyond_its_ends)
{
    static const shape all[] = {{16, 14, 14, 1, 1, 0, 9, 1, 0, 0},
                                {16, 5, 13, 1, 1, 0, 9, 1, 0, 0},
                                {16, 9, 53, 1, 1, 0, 9, 1, 0, 0},
                                {16, 4, 4, 1, 1, 0, 9, 1, 0, 0}};
    const vd_kernels *tables[TABLES];
    int n = vd_kernels_list(tables, TABLES);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < COUNT_OF(all) * 2; ++i) {
        example e = make_example(all[i / 2], .3, .1f, 0);
        float *own = e.x;
        size_t bytes = (size_t)e.w.c * e.w.h * e.w.w * sizeof(float), room = (bytes + page - 1) / page * page;
        char *pages = mmap(0, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert(pages != MAP_FAILED && !mprotect(pages + page, room, PROT_READ | PROT_WRITE));
        e.x = (float *)(pages + page + (i % 2 ? room - bytes : 0)); /* begins or ends where nothing may be read */
        memcpy(e.x, own, bytes);
        vd_sparse_form *f = make_vd_sparse_form(e.w, e.n, 1, e.weights, 0, e.bias, .1f);
        ck_assert_str_eq(vd_sparse_way(f), "in place");
        for (int t = 0; t < n; ++t) assert_product(e, tables[t], f, "in place");
        free_vd_sparse_form(f);
        munmap(pages, room + 2 * page);
        e.x = own;
        free_example(e);
    }
}
END_TEST

/* with AVX-512 alone: other instruction sets always gather */
START_TEST(more_weights_go_by_panels)
{
    const double *below = vd_kernels_get()->sparse->slices_below;
    vd_window w = {1000, 1, 1, 1, 1, 0, 1, 1, 0, 0};
    enum { UNITS = 100, N = 1000 * UNITS };
    float *weights = calloc(N, sizeof(float)), bias[UNITS] = {0};
    for (int left = 0; left < N; left += N / 50) {
        vd_sparse_form *f = make_vd_sparse_form(w, UNITS, 1, weights, 0, bias, 1);
        ck_assert_str_eq(vd_sparse_way(f), left < below[0] * N ? "slices" : "panels");
        free_vd_sparse_form(f);
        for (int i = left; i < left + N / 50; ++i) weights[i * 7 % N] = 1;
    }
    free(weights);
}
END_TEST

SUITE_OF(sparse_product)
{
    LOOP(every_way_and_table_gives_the_convolution, SHAPES * DENSITIES);
    TEST(a_stride_may_be_far_longer_than_the_filter);
    TEST(a_form_takes_batches_of_other_sizes);
    TEST(threads_do_not_change_results);
    TEST(shapes_go_the_way_that_suits_them);
    TEST(a_nan_in_the_image_is_not_hidden);
    TEST(an_image_that_is_not_copied_is_not_read_beyond_its_ends);
    TEST(more_weights_go_by_panels);
}
