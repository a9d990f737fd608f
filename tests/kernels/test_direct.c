/* kernels/products/direct.c: oneDNN's convolutions and their gradients against loops over single pixels. */
#include "support/support.h"
#include "kernels/products/direct.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const vd_convolution_shape shapes[] = {
    {{16, 8, 9, 3, 1, 1, 8, 9, 0, 0}, 32, 0, 0},    {{20, 9, 8, 3, 2, 1, 5, 4, 0, 0}, 50, 0, 0},
    {{20, 12, 12, 5, 1, 0, 8, 8, 0, 0}, 50, 0, 0},  {{32, 6, 5, 1, 1, 0, 6, 5, 0, 0}, 48, 0, 0},
    {{32, 6, 6, 1, 2, 0, 3, 3, 0, 0}, 16, 0, 0},    {{8, 4, 4, 1, 1, 1, 6, 6, 0, 0}, 8, 0, 0},
    {{3, 21, 20, 7, 2, 3, 11, 10, 0, 0}, 24, 0, 0}, {{3, 9, 9, 3, 1, 1, 9, 9, 0, 0}, 32, 0, 0},
    {{1, 12, 12, 5, 1, 0, 8, 8, 0, 0}, 20, 0, 0},   {{17, 5, 5, 3, 1, 1, 5, 5, 0, 0}, 33, 0, 0},
    {{256, 2, 2, 3, 1, 1, 2, 2, 0, 0}, 64, 0, 0},   {{4, 10, 7, 4, 3, 2, 4, 3, 0, 0}, 7, 0, 0},
    {{5, 12, 11, 3, 1, 2, 12, 11, 0, 1}, 20, 0, 0}, {{16, 9, 14, 3, 1, 3, 9, 14, 0, 2}, 32, 0, 0},
    {{6, 11, 10, 3, 2, 1, 11, 5, 1, 0}, 9, 0, 0},   {{4, 10, 9, 5, 1, 4, 5, 9, 2, 1}, 8, 0, 0},
    {{3, 8, 9, 1, 1, 0, 3, 9, 3, 0}, 16, 0, 0},     {{2, 13, 12, 2, 3, 3, 8, 5, 2, 3}, 5, 0, 0},
    {{3, 4, 4, 3, 1, 5, 4, 4, 0, 4}, 6, 0, 0},      {{18, 12, 12, 3, 2, 2, 6, 6, 0, 1}, 17, 0, 0},
};
static const int runs[] = {1, 4, 5};
enum { SHAPES = COUNT_OF(shapes), RUNS = COUNT_OF(runs) };

/* ways of oneDNN, each with its passes */
static const struct {
    vd_way way;
    vd_pass pass;
} products[] = {
    {VD_BY_DIRECT, VD_FORWARD},
    {VD_BY_DIRECT, VD_BACKWARD_DATA},
    {VD_BY_DIRECT, VD_BACKWARD_WEIGHTS},
    {VD_BY_DIRECT_INFERENCE, VD_FORWARD},
    {VD_BY_DIRECT_INFERENCE, VD_BACKWARD_DATA},
    {VD_BY_WINOGRAD, VD_FORWARD},
    {VD_BY_WINOGRAD, VD_BACKWARD_DATA},
    {VD_BY_WINOGRAD, VD_BACKWARD_WEIGHTS},
    {VD_BY_WINOGRAD_INFERENCE, VD_FORWARD},
    {VD_BY_WINOGRAD_INFERENCE, VD_BACKWARD_DATA},
};
enum { PRODUCTS = COUNT_OF(products) };

/* numbers that bf16 holds exactly, in the type the convolution wants, and one element off any alignment */
typedef struct {
    size_t n;
    float *x;
    void *data; /* x, or the same in bf16 */
    void *start;
} numbers;

static numbers random_numbers(size_t n, int bf16, unsigned seed)
{
    numbers a = {n, calloc(n + 1, sizeof(float)), 0, calloc(n + 2, sizeof(float))};
    fill_random(a.x, n, seed);
    a.data = bf16 ? (void *)((uint16_t *)a.start + 1) : (void *)((float *)a.start + 1);
    for (size_t i = 0; i < n; ++i) {
        uint32_t bits;
        memcpy(&bits, a.x + i, 4);
        bits &= 0xffff0000u;
        memcpy(a.x + i, &bits, 4);
        if (bf16) ((uint16_t *)a.data)[i] = (uint16_t)(bits >> 16);
        else ((float *)a.data)[i] = a.x[i];
    }
    return a;
}

static void free_numbers(numbers a)
{
    free(a.x), free(a.start);
}

typedef struct {
    numbers x, w, y; /* the array of the pass's result holds the values before it */
} problem;

static problem make_problem(vd_direct d)
{
    vd_convolution_shape s = d.shape;
    vd_pass pass = d.pass;
    int images = d.images;
    vd_window w = s.window;
    return (problem){
        random_numbers((size_t)images * w.c * w.h * w.w, s.type && pass != VD_BACKWARD_DATA, 1),
        random_numbers((size_t)s.n * w.c * w.size * w.size, s.type && pass != VD_BACKWARD_WEIGHTS, 2),
        random_numbers((size_t)images * s.n * w.out_h * w.out_w, s.type && pass != VD_FORWARD, 3),
    };
}

static void free_problem(problem p)
{
    free_numbers(p.x), free_numbers(p.w), free_numbers(p.y);
}

static numbers result_of(problem p, vd_pass pass)
{
    return pass == VD_FORWARD ? p.y : pass == VD_BACKWARD_DATA ? p.x : p.w;
}

static void *pack(vd_direct d, const void *weights)
{
    if (d.pass == VD_BACKWARD_WEIGHTS) return 0;
    void *packed = aligned_alloc(64, (vd_direct_packed_bytes(d) + 63) / 64 * 64);
    vd_direct_pack(d, weights, packed);
    return packed;
}

static void convolve(vd_direct d, problem p, const void *packed)
{
    if (d.pass == VD_FORWARD) vd_direct_run(d, p.x.data, packed, p.y.data);
    else if (d.pass == VD_BACKWARD_DATA) vd_direct_run(d, p.y.data, packed, p.x.data);
    else vd_direct_run(d, p.x.data, p.y.data, p.w.data);
}

/* the definition: forward y = x w, then dx += dy w and dw += x dy over the same pairs of pixels */
static double *wanted(vd_direct d, problem p)
{
    vd_convolution_shape s = d.shape;
    vd_pass pass = d.pass;
    vd_window w = s.window;
    numbers result = result_of(p, pass);
    double *sums = calloc(result.n, sizeof(double));
    for (size_t i = 0; pass != VD_FORWARD && i < result.n; ++i) sums[i] = result.x[i];
    size_t y = 0;
    for (int b = 0; b < d.images; ++b)
        for (int n = 0; n < s.n; ++n)
            for (int oh = 0; oh < w.out_h; ++oh)
                for (int ow = 0; ow < w.out_w; ++ow, ++y) {
                    size_t at = (size_t)n * w.c * w.size * w.size;
                    for (int c = 0; c < w.c; ++c)
                        for (int kh = 0; kh < w.size; ++kh)
                            for (int kw = 0; kw < w.size; ++kw, ++at) {
                                int h = oh * vd_window_down(w) - w.pad + kh * (w.gap + 1);
                                int v = ow * w.stride - w.pad + kw * (w.gap + 1);
                                if (h < 0 || h >= w.h || v < 0 || v >= w.w) continue;
                                size_t x = (((size_t)b * w.c + c) * w.h + h) * w.w + v;
                                if (pass == VD_FORWARD) sums[y] += (double)p.x.x[x] * p.w.x[at];
                                else if (pass == VD_BACKWARD_DATA) sums[x] += (double)p.y.x[y] * p.w.x[at];
                                else sums[at] += (double)p.x.x[x] * p.y.x[y];
                            }
                }
    return sums;
}

/* old values in the buffers of blocked arrays must not count */
static void spoil_scratch(void)
{
    enum { BYTES = 1 << 20 };
    for (int slot = VD_SCRATCH_BLOCKED_X; slot <= VD_SCRATCH_BLOCKED_W; ++slot)
        memset(vd_scratch(slot, BYTES / sizeof(float)), 0xff, BYTES);
}

/* Winograd's products are differences of larger numbers: of 256-64 filters (2304 terms, outputs of 16 rms) the worst of
 * 256 is 2e-4 off */
static void check(vd_direct d)
{
    double atol = d.way == VD_BY_WINOGRAD || d.way == VD_BY_WINOGRAD_INFERENCE ? 1e-3 : 1e-4;
    vd_window w = d.shape.window;
    problem p = make_problem(d);
    numbers result = result_of(p, d.pass);
    float *got = result.data;
    double *want = wanted(d, p);
    for (size_t i = 0; d.pass == VD_FORWARD && i < result.n; ++i) got[i] = NAN;
    spoil_scratch();
    got[-1] = 7, got[result.n] = 8;
    void *packed = pack(d, p.w.data);
    convolve(d, p, packed);
    for (size_t i = 0; i < result.n; ++i)
        ck_assert_msg(close_to(got[i], want[i], 1e-5, atol),
                      "%d-%d %dx%d at %dx%d stride %d, way %d, pass %d: %zu: %g for %g", w.c, d.shape.n, w.size, w.size,
                      w.h, w.w, w.stride, d.way, d.pass, i, got[i], want[i]);
    ck_assert(got[-1] == 7 && got[result.n] == 8);
    free(packed), free(want), free_problem(p);
}

/* oneDNN has it with AVX2; Winograd's products with AVX-512, for 3x3 filters at stride 1 and enough channels */
static int should_have(vd_direct d)
{
#if defined(__x86_64__) && defined(VD_ONEDNN)
    return d.shape.type == VD_FLOAT && vd_window_is_plain(d.shape.window) &&
           (d.way == VD_BY_DIRECT || (d.way == VD_BY_DIRECT_INFERENCE && d.pass == VD_FORWARD));
#else
    (void)d;
    return 0;
#endif
}

START_TEST(direct_products_are_the_convolution_and_its_gradients)
{
    int checked = 0;
    for (int i = 0; i < SHAPES; ++i)
        for (int j = 0; j < RUNS; ++j) {
            vd_direct d = {shapes[i], products[_i % PRODUCTS].pass, products[_i % PRODUCTS].way, runs[j]};
            d.shape.type = _i / PRODUCTS ? VD_BF16 : VD_FLOAT;
            int has = vd_direct_has(d);
            if (should_have(d)) ck_assert(has);
            if (!has) continue;
            check(d);
            ++checked;
        }
    if (!checked) skipped(1, "no direct convolution of this type here");
}
END_TEST

/* a variance is computed from squares: the differences that Winograd takes must not make it negative */
START_TEST(sums_of_what_is_not_negative_are_not)
{
    vd_direct d = {{{32, 12, 12, 3, 1, 1, 12, 12, 0, 0}, 32, VD_FLOAT, 1}, VD_FORWARD, _i, 2};
    if (!vd_direct_has(d)) {
        skipped(1, "oneDNN does not have it here");
        return;
    }
    problem p = make_problem(d);
    float *x = p.x.data, *w = p.w.data, *y = p.y.data;
    for (size_t i = 0; i < p.x.n; ++i) x[i] = i % 144 / 12 < 6 ? 0 : 1000 * fabsf(x[i]);
    for (size_t i = 0; i < p.w.n; ++i) w[i] = fabsf(w[i]);
    void *packed = pack(d, w);
    convolve(d, p, packed);
    for (size_t i = 0; i < p.y.n; ++i) ck_assert(y[i] >= 0);
    free(packed), free_problem(p);
}
END_TEST

enum { PROBLEMS = 24 };
typedef struct {
    vd_direct d;
    problem problems[PROBLEMS];
    const void *packed;
} thread_job;

static void convolve_piece(int i, void *context)
{
    thread_job *j = context;
    convolve(j->d, j->problems[i], j->packed);
}

START_TEST(weights_packed_once_give_every_thread_the_same_bits)
{
    vd_way way = products[_i % PRODUCTS].way;
    int is_winograd = way == VD_BY_WINOGRAD || way == VD_BY_WINOGRAD_INFERENCE;
    thread_job j = {.d = {shapes[is_winograd ? 9 : 2], products[_i % PRODUCTS].pass, way, 4}};
    j.d.shape.type = _i / PRODUCTS ? VD_BF16 : VD_FLOAT;
    if (!vd_direct_has(j.d)) {
        skipped(1, "no direct convolution of this type here");
        return;
    }
    setenv("DARKNET_THREADS", "4", 1);
    for (int i = 0; i < PROBLEMS; ++i) j.problems[i] = make_problem(j.d);
    void *packed = pack(j.d, j.problems[0].w.data);
    j.packed = packed;
    vd_parallel_for(PROBLEMS, convolve_piece, &j);
    numbers first = result_of(j.problems[0], j.d.pass);
    for (int i = 1; i < PROBLEMS; ++i)
        ck_assert(!memcmp(first.data, result_of(j.problems[i], j.d.pass).data, first.n * sizeof(float)));
    for (int i = 0; i < PROBLEMS; ++i) free_problem(j.problems[i]);
    free(packed);
}
END_TEST

SUITE_OF(direct)
{
    TIMEOUT(60);
    LOOP(direct_products_are_the_convolution_and_its_gradients, 2 * PRODUCTS);
    LOOP_FROM(sums_of_what_is_not_negative_are_not, VD_BY_WINOGRAD, VD_BY_WINOGRAD_INFERENCE + 1);
    LOOP(weights_packed_once_give_every_thread_the_same_bits, 2 * PRODUCTS);
}
