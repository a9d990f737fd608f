/* kernels/products/convolve.c: every way of a convolution's three products against loops over single pixels in double
 * precision, in every table of kernels. convolve_rule.c, convolve_plan.c: which way is taken. */
#include "support/support.h"
#include "base/fp16.h"
#include "kernels/products/convolve.h"
#include "kernels/products/convolve_plan.h"
#include "kernels/products/gemm.h"
#include "kernels/products/lines.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const vd_convolution_shape shapes[] = {
    {{16, 8, 9, 3, 1, 1, 8, 9, 0, 0}, 32, 0, 0},     {{20, 9, 8, 3, 2, 1, 5, 4, 0, 0}, 50, 0, 0},
    {{20, 9, 12, 5, 1, 0, 5, 8, 0, 0}, 26, 0, 0},    {{32, 6, 5, 1, 1, 0, 6, 5, 0, 0}, 48, 0, 0},
    {{50, 6, 6, 1, 2, 0, 3, 3, 0, 0}, 16, 0, 0},     {{8, 4, 4, 1, 1, 1, 6, 6, 0, 0}, 8, 0, 0},
    {{3, 21, 20, 7, 2, 3, 11, 10, 0, 0}, 9, 0, 0},   {{3, 9, 9, 3, 1, 1, 9, 9, 0, 0}, 32, 0, 0},
    {{1, 12, 12, 5, 1, 0, 8, 8, 0, 0}, 20, 0, 0},    {{17, 5, 5, 3, 1, 1, 5, 5, 0, 0}, 33, 0, 0},
    {{128, 2, 2, 3, 1, 1, 2, 2, 0, 0}, 13, 0, 0},    {{4, 10, 7, 4, 3, 2, 4, 3, 0, 0}, 7, 0, 0},
    {{2, 17, 18, 2, 1, 0, 16, 17, 0, 0}, 5, 0, 0},   {{5, 16, 11, 3, 3, 3, 7, 5, 0, 0}, 11, 0, 0},
    {{1, 3, 3, 3, 1, 0, 1, 1, 0, 0}, 1, 0, 0},       {{18, 7, 65, 3, 1, 1, 7, 65, 0, 0}, 5, 0, 0},
    {{33, 11, 11, 3, 1, 2, 13, 13, 0, 0}, 13, 0, 0}, {{2, 5, 5, 2, 4, 1, 2, 2, 0, 0}, 3, 0, 0},
    {{5, 12, 11, 3, 1, 2, 12, 11, 0, 1}, 20, 0, 0},  {{16, 9, 14, 3, 1, 3, 9, 14, 0, 2}, 32, 0, 0},
    {{6, 11, 10, 3, 2, 1, 11, 5, 1, 0}, 9, 0, 0},    {{4, 10, 9, 5, 1, 4, 5, 9, 2, 1}, 8, 0, 0},
    {{3, 8, 9, 1, 1, 0, 3, 9, 3, 0}, 16, 0, 0},      {{2, 13, 12, 2, 3, 3, 8, 5, 2, 3}, 5, 0, 0},
    {{3, 4, 4, 3, 1, 5, 4, 4, 0, 4}, 6, 0, 0},       {{18, 12, 12, 3, 2, 2, 6, 6, 0, 1}, 17, 0, 0},
};
static const int runs[] = {1, 3, 5};
enum { SHAPES = COUNT_OF(shapes), RUNS = COUNT_OF(runs), TYPES = 3, TABLES = 8, GUARD = 64 };

/* numbers that bf16 and fp16 hold exactly, in the type the convolution wants, with a guard zone before and after */
typedef struct {
    size_t n;
    float *x;
    char *start;
    void *data; /* x in the type */
} numbers;

static numbers make_numbers(size_t n, vd_type type, unsigned seed)
{
    size_t bytes = vd_type_size(type);
    numbers a = {n, calloc(n + 1, sizeof(float)), malloc(bytes * (n + 1) + 2 * GUARD), 0};
    memset(a.start, 0x5a, bytes * (n + 1) + 2 * GUARD);
    a.data = a.start + GUARD + bytes; /* off any alignment */
    fill_random(a.x, n, seed);
    for (size_t i = 0; i < n; ++i) {
        a.x[i] = roundf(a.x[i] * 64) / 64;
        uint32_t bits;
        memcpy(&bits, a.x + i, 4);
        if (type == VD_FLOAT) ((float *)a.data)[i] = a.x[i];
        else ((uint16_t *)a.data)[i] = type == VD_FP16 ? vd_fp16_of(a.x[i]) : (uint16_t)(bits >> 16);
    }
    return a;
}

static void free_numbers(numbers a, vd_type type)
{
    const char *end = (char *)a.data + vd_type_size(type) * a.n;
    for (const char *p = a.start; p < (char *)a.data; ++p) ck_assert(*p == 0x5a);
    for (const char *p = end; p < end + GUARD; ++p) ck_assert(*p == 0x5a);
    free(a.x), free(a.start);
}

/* x, weights and y of a run; the array of the pass's result is float and holds what was there before */
typedef struct {
    numbers array[3];
    vd_type type[3];
} problem;

enum { X, W, Y };

static int result_of(vd_pass pass)
{
    return pass == VD_FORWARD ? Y : pass == VD_BACKWARD_DATA ? X : W;
}

static problem make_problem(vd_convolution_shape s, vd_pass pass, int images)
{
    vd_window w = s.window;
    size_t n[] = {(size_t)images * w.c * w.h * w.w, (size_t)s.n * w.c * w.size * w.size,
                  (size_t)images * s.n * w.out_h * w.out_w};
    problem p;
    for (int i = 0; i < 3; ++i) {
        p.type[i] = i == result_of(pass) ? VD_FLOAT : s.type;
        p.array[i] = make_numbers(n[i], p.type[i], i + 1);
    }
    return p;
}

static void free_problem(problem p)
{
    for (int i = 0; i < 3; ++i) free_numbers(p.array[i], p.type[i]);
}

/* a pass's result, and the sums of the magnitudes of its terms. The same for all types,
 * which hold its numbers exactly */
typedef struct {
    double *sum, *size;
} definition;

/* one output of one filter, taps of one row: y = x w, dx = dy w, dw = x dy over the same pairs of pixels */
static void define_row(vd_window w, vd_pass pass, const problem *p, definition d, size_t at[3], int v)
{
    int result = result_of(pass), one = (result + 1) % 3, other = (result + 2) % 3;
    for (int kw = 0; kw < w.size; ++kw, v += w.gap + 1, at[X] += w.gap + 1, ++at[W]) {
        if (v < 0 || v >= w.w) continue;
        double term = (double)p->array[one].x[at[one]] * p->array[other].x[at[other]];
        d.sum[at[result]] += term;
        d.size[at[result]] += fabs(term);
    }
}

static definition define(vd_convolution_shape s, vd_pass pass, int images)
{
    vd_window w = s.window;
    problem p = make_problem(s, pass, images);
    size_t results = p.array[result_of(pass)].n, at[3], y = 0;
    definition d = {calloc(results, sizeof(double)), calloc(results, sizeof(double))};
    for (int b = 0; b < images; ++b)
        for (int n = 0; n < s.n; ++n)
            for (int oh = 0; oh < w.out_h; ++oh)
                for (int ow = 0; ow < w.out_w; ++ow, ++y)
                    for (int line = 0; line < w.c * w.size; ++line) {
                        int c = line / w.size, v = ow * w.stride - w.pad;
                        int h = oh * vd_window_down(w) - w.pad + line % w.size * (w.gap + 1);
                        at[X] = (((size_t)b * w.c + c) * w.h + h) * w.w + v;
                        at[W] = ((size_t)n * w.c * w.size + line) * w.size;
                        at[Y] = y;
                        if (h >= 0 && h < w.h) define_row(w, pass, &p, d, at, v);
                    }
    free_problem(p);
    return d;
}

static void convolve(const vd_convolution_plan *plan, vd_pass pass, problem p, float scale, int add)
{
    void *packed = 0;
    const void *weights = p.array[W].data;
    if (pass != VD_BACKWARD_WEIGHTS) {
        packed = aligned_alloc(64, (vd_convolution_weights_bytes(plan, pass) + 64) / 64 * 64);
        weights = vd_convolution_weights(plan, pass, weights, packed);
    }
    if (pass == VD_FORWARD) vd_convolve_forward(plan, p.array[X].data, weights, scale, p.array[Y].data);
    else if (pass == VD_BACKWARD_DATA)
        vd_convolve_backward_data(plan, p.array[Y].data, weights, scale, add, p.array[X].data);
    else vd_convolve_backward_weights(plan, p.array[X].data, p.array[Y].data, scale, p.array[W].data);
    free(packed);
}

/* The error of a sum of k terms, as a share of the largest sum of magnitudes of the array: float rounds each addition,
 * in random directions; Winograd's products are differences of larger numbers; fp16 sums up to 100 terms with 11 bits,
 * and each rounds by 2^-12 at most. */
static double bound_of(vd_type type, vd_way way)
{
    if (type == VD_FP16) return 100 * 0x1p-12 / 4;
    return way == VD_BY_WINOGRAD || way == VD_BY_WINOGRAD_INFERENCE || way == VD_BY_OWN_WINOGRAD ? 2e-5 : 1e-6;
}

static void check(vd_convolution_plan plan, vd_pass pass, int add, definition d)
{
    vd_convolution_shape s = plan.shape;
    problem p = make_problem(s, pass, plan.images);
    numbers result = p.array[result_of(pass)];
    int adds = pass == VD_BACKWARD_WEIGHTS || (pass == VD_BACKWARD_DATA && add);
    float scale = s.type == VD_FP16 ? .25f : 1, *got = result.data;
    double *sums = calloc(result.n, sizeof(double)), largest = 0;
    for (size_t i = 0; i < result.n; ++i) {
        sums[i] = scale * d.sum[i] + (adds ? result.x[i] : 0);
        double size = scale * d.size[i] + fabs(adds ? result.x[i] : 0);
        largest = size > largest ? size : largest;
        if (!adds) got[i] = NAN;
    }
    convolve(&plan, pass, p, scale, add);
    double bound = bound_of(s.type, plan.way[pass]) * largest;
    for (size_t i = 0; i < result.n; ++i)
        ck_assert_msg(fabs(got[i] - sums[i]) <= bound,
                      "%d-%d %dx%d at %dx%d strides %d %d gap %d pad %d, %s, type %d, pass %d: %zu: %g for %g",
                      s.window.c, s.n, s.window.size, s.window.size, s.window.h, s.window.w, vd_window_down(s.window),
                      s.window.stride, s.window.gap, s.window.pad, vd_way_name(plan.way[pass]), s.type, pass, i, got[i],
                      sums[i]);
    free(sums), free_problem(p);
}

static const vd_kernels *tables[TABLES];

static void check_ways(vd_convolution_shape s, vd_pass pass, int images)
{
    definition d = define(s, pass, images);
    for (int way = 0; way < VD_WAYS; ++way)
        for (int type = VD_FLOAT; type < TYPES; ++type) {
            vd_convolution_plan plan = {.shape = s, .images = images};
            plan.shape.type = type;
            plan.way[pass] = way;
            if (way == VD_BY_LINES && type == VD_FLOAT)
                ck_assert(vd_convolution_has(plan.shape, pass, way, images) == vd_window_is_plain(s.window));
            if (!vd_convolution_has(plan.shape, pass, way, images)) continue;
            check(plan, pass, 1, d);
            if (pass == VD_BACKWARD_DATA) check(plan, pass, 0, d);
        }
    free(d.sum), free(d.size);
}

START_TEST(every_way_is_the_convolution_and_its_gradients)
{
    vd_kernels_use(tables[_i / SHAPES]);
    for (int j = 0; j < RUNS; ++j)
        for (int pass = 0; pass < VD_PASSES; ++pass) check_ways(shapes[_i % SHAPES], pass, runs[j]);
}
END_TEST

/* so that results do not depend on how a batch is cut */
START_TEST(lines_give_an_image_the_same_bits_in_every_run)
{
    enum { IMAGES = 6 };
    vd_kernels_use(tables[_i]);
    for (int i = 0; i < SHAPES; ++i)
        for (int pass = VD_FORWARD; pass <= VD_BACKWARD_DATA; ++pass) {
            vd_convolution_plan plan = {.shape = shapes[i], .images = IMAGES};
            if (!vd_lines_has(plan.shape)) continue;
            plan.way[pass] = VD_BY_LINES;
            problem whole = make_problem(plan.shape, pass, IMAGES), parts = make_problem(plan.shape, pass, IMAGES);
            convolve(&plan, pass, whole, 1, 1);
            plan.images = 2;
            for (int b = 0; b < IMAGES; b += plan.images) {
                problem part = parts;
                for (int a = 0; a < 3; a += 2)
                    part.array[a].data = (float *)part.array[a].data + part.array[a].n / IMAGES * b;
                convolve(&plan, pass, part, 1, 1);
            }
            numbers one = whole.array[result_of(pass)], other = parts.array[result_of(pass)];
            ck_assert(!memcmp(one.data, other.data, one.n * sizeof(float)));
            free_problem(whole), free_problem(parts);
        }
}
END_TEST

static void check_shift(const vd_kernels *k, vd_shift s)
{
    enum { IMAGES = 3 };
    size_t in = (size_t)s.c * s.h * s.w * IMAGES,
           out = (size_t)s.c * s.size * vd_shift_phases(&s) * s.rows * s.images * s.out_w;
    for (int type = VD_FLOAT; type <= VD_FP16; type += VD_FP16) {
        numbers x = make_numbers(in, type, 7), a = make_numbers(out, type, 8), b = make_numbers(out, type, 8);
        if (type == VD_FLOAT) k->shift(s, x.data, a.data), vd_shift_c(s, x.data, b.data);
        else k->shift_16(s, x.data, a.data), vd_shift_16_c(s, x.data, b.data);
        ck_assert(!memcmp(a.data, b.data, out * vd_type_size(type)));
        free_numbers(x, type), free_numbers(a, type), free_numbers(b, type);
    }
}

/* the second convolutions of LeNet-5, which oneDNN has no Winograd for, and of a small VGG, which it has */
START_TEST(without_onednn_small_batches_use_winograd)
{
    vd_convolution_shape five = {{20, 12, 12, 5, 1, 0, 8, 8, 0, 0}, 50, VD_FLOAT, 0};
    vd_convolution_shape three = {{32, 16, 16, 3, 1, 1, 16, 16, 0, 0}, 32, VD_FLOAT, 0};
    if (!vd_gemm_is_tiled()) {
        skipped(1, "oneDNN has code for this processor");
        return;
    }
    vd_convolution_plan half = vd_convolution_plan_by_rule(five, 10), all = vd_convolution_plan_by_rule(five, 100);
    ck_assert_int_eq(half.images, 5);
    ck_assert_int_eq(half.way[VD_FORWARD], VD_BY_OWN_WINOGRAD);
    ck_assert_int_eq(all.images, 10);
    ck_assert_int_eq(all.way[VD_FORWARD], VD_BY_OWN_WINOGRAD);
    ck_assert_int_eq(vd_convolution_plan_by_rule(five, 3).images, 1);
    ck_assert_int_eq(vd_convolution_plan_by_rule(three, 8).way[VD_FORWARD], VD_BY_OWN_WINOGRAD);
}
END_TEST

START_TEST(shifted_copies_are_those_of_plain_c)
{
    for (int t = 0; t < TABLES && tables[t]; ++t)
        for (int i = 0; i < SHAPES; ++i)
            for (int images = 1; images <= 3; images += 2) {
                vd_window w = shapes[i].window;
                if (!vd_window_is_plain(w)) continue;
                vd_shift s = {w.c,
                              w.h,
                              w.w,
                              w.size,
                              w.stride,
                              w.pad,
                              w.out_w,
                              0,
                              w.out_h + (w.size - 1) / w.stride,
                              images,
                              (size_t)w.c * w.h * w.w};
                check_shift(tables[t], s);
                s.first = w.out_h / 2, s.rows -= s.first;
                check_shift(tables[t], s);
            }
}
END_TEST

SUITE_OF(convolve)
{
    int n_tables = vd_kernels_list(tables, TABLES);
    TIMEOUT(120);
    LOOP(every_way_is_the_convolution_and_its_gradients, SHAPES * n_tables);
    LOOP(lines_give_an_image_the_same_bits_in_every_run, n_tables);
    TEST(without_onednn_small_batches_use_winograd);
    TEST(shifted_copies_are_those_of_plain_c);
}
