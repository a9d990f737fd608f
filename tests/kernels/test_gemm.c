/* kernels/products/gemm.c against the matrix product in double precision; base/parallel.c and kernels/scratch.c. */
#include "support/support.h"
#include "kernels/products/gemm.h"
#include "kernels/products/tiled.h"
#include "base/parallel.h"
#include "base/fp16.h"
#include "kernels/kernels.h"
#include "kernels/scratch.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* one signature for both types of factors; bf16 factors are rounded first,
 * and the product is that of the rounded ones */
static void multiply_float_c(vd_gemm_shape s, const uint16_t *a16, const uint16_t *b16, const float *a, const float *b,
                             float *c)
{
    (void)a16, (void)b16;
    vd_gemm_c(s, a, b, c);
}

static void multiply_float(vd_gemm_shape s, const uint16_t *a16, const uint16_t *b16, const float *a, const float *b,
                           float *c)
{
    (void)a16, (void)b16;
    vd_gemm(s, a, b, c);
}

static void multiply_bf16_c(vd_gemm_shape s, const uint16_t *a16, const uint16_t *b16, const float *a, const float *b,
                            float *c)
{
    (void)a, (void)b;
    vd_gemm_bf16_c(s, a16, b16, c);
}

static void multiply_bf16(vd_gemm_shape s, const uint16_t *a16, const uint16_t *b16, const float *a, const float *b,
                          float *c)
{
    (void)a, (void)b;
    vd_gemm_bf16(s, a16, b16, c);
}

typedef void (*gemm_function)(vd_gemm_shape s, const uint16_t *a16, const uint16_t *b16, const float *a, const float *b,
                              float *c);
static const gemm_function gemms[] = {multiply_float_c, multiply_float, multiply_bf16_c, multiply_bf16};
enum { GEMMS = COUNT_OF(gemms) };

/* n random numbers that bf16 holds exactly, in both types */
static float *random_factor(size_t n, unsigned seed, uint16_t **bf16)
{
    float *x = calloc(n, sizeof(float));
    *bf16 = calloc(n, sizeof(uint16_t));
    fill_random(x, n, seed);
    for (size_t i = 0; i < n; ++i) {
        uint32_t bits;
        memcpy(&bits, x + i, 4);
        bits &= 0xffff0000u;
        memcpy(x + i, &bits, 4);
        (*bf16)[i] = (uint16_t)(bits >> 16);
    }
    return x;
}

START_TEST(gemm_is_the_matrix_product_for_every_transpose_and_stride)
{
    static const int shapes[][3] = {{1, 1, 1}, {3, 5, 7}, {50, 64, 500}, {2, 17, 33}, {20, 576, 25}, {100, 10, 500}};
    for (size_t s = 0; s < COUNT_OF(shapes); ++s) {
        for (int mode = 0; mode < 8; ++mode) {
            int m = shapes[s][0], n = shapes[s][1], k = shapes[s][2], ta = mode & 1, tb = mode >> 1 & 1;
            int add = mode >> 2 & 1;
            int lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 2, ldc = n + 1;
            uint16_t *a16, *b16;
            float *a = random_factor((size_t)(ta ? k : m) * lda, 1, &a16);
            float *b = random_factor((size_t)(tb ? n : k) * ldb, 2, &b16);
            float *c = calloc((size_t)m * ldc, 4), *old = calloc((size_t)m * ldc, 4);
            fill_random(c, (size_t)m * ldc, 3);
            memcpy(old, c, (size_t)m * ldc * 4);
            vd_gemm_shape shape = {m, n, k, lda, ldb, ldc, ta, tb, add};
            gemms[_i](shape, a16, b16, a, b, c);
            for (int i = 0; i < m; ++i) {
                for (int j = 0; j < n; ++j) {
                    double want = add * old[i * ldc + j];
                    for (int p = 0; p < k; ++p)
                        want += (double)(ta ? a[p * lda + i] : a[i * lda + p]) * (tb ? b[j * ldb + p] : b[p * ldb + j]);
                    ck_assert_msg(close_to(c[i * ldc + j], want, 1e-5, 1e-4), "%dx%dx%d mode %d: %g for %g", m, n, k,
                                  mode, c[i * ldc + j], want);
                }
                ck_assert(c[i * ldc + n] == old[i * ldc + n]);
            }
            free(a), free(b), free(a16), free(b16), free(c), free(old);
        }
    }
}
END_TEST

/* ---- products on the tile: of every table, in both types ---- */

enum { TABLES = 8 };

static const vd_kernels *tables[TABLES];

/* n random numbers that fp16 holds exactly */
static float *random_halves(size_t n, unsigned seed, uint16_t **words)
{
    float *x = calloc(n, sizeof(float));
    *words = calloc(n, sizeof(uint16_t));
    fill_random(x, n, seed);
    for (size_t i = 0; i < n; ++i) x[i] = vd_float_of_fp16((*words)[i] = vd_fp16_of(x[i]));
    return x;
}

START_TEST(products_on_the_tile_are_matrix_products)
{
    static const int shapes[][3] = {{1, 1, 1},   {2, 30, 65},   {50, 64, 500},  {100, 10, 500}, {12, 200, 33},
                                    {25, 37, 7}, {250, 70, 19}, {100, 33, 901}, {4, 50, 800},   {13, 129, 257}};
    vd_kernels_use(tables[_i]);
    for (int trial = 0; trial < 16 * COUNT_OF(shapes); ++trial) {
        const int *size = shapes[trial / 16];
        int m = size[0], n = size[1], k = size[2], ta = trial & 1, tb = trial >> 1 & 1, add = trial >> 2 & 1;
        int half = trial >> 3 & 1, lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 2, ldc = n + 1;
        if (half && !vd_kernels_get()->tile_half) continue;
        float scale = half ? .25f : 1;
        uint16_t *a16, *b16;
        float *a = random_halves((size_t)(ta ? k : m) * lda, 1, &a16);
        float *b = random_halves((size_t)(tb ? n : k) * ldb, 2, &b16);
        float *c = calloc((size_t)m * ldc, 4), *old = calloc((size_t)m * ldc, 4);
        fill_random(c, (size_t)m * ldc, 3);
        memcpy(old, c, (size_t)m * ldc * 4);
        vd_gemm_shape shape = {m, n, k, lda, ldb, ldc, ta, tb, add};
        if (half) vd_tiled_gemm(shape, VD_FP16, a16, b16, scale, c);
        else vd_tiled_gemm(shape, VD_FLOAT, a, b, scale, c);
        for (int i = 0; i < m; ++i) {
            for (int j = 0; j < n; ++j) {
                double want = 0, magnitude = 0;
                for (int p = 0; p < k; ++p) {
                    double x = (double)(ta ? a[p * lda + i] : a[i * lda + p]) * (tb ? b[j * ldb + p] : b[p * ldb + j]);
                    want += scale * x;
                    magnitude += scale * fabs(x);
                }
                want += add * old[i * ldc + j];
                /* as in test_tile.c: seldom over the square root of the additions, here three times as much */
                double bound = half ? 3 * sqrt(101) * 0x1p-11 : 3 * sqrt(k + 1.) * 0x1p-24;
                ck_assert_msg(fabs(c[i * ldc + j] - want) <= bound * magnitude + 1e-6 * fabs(want) + 1e-7,
                              "%s %dx%dx%d trial %d: %g for %g", tables[_i]->name, m, n, k, trial, c[i * ldc + j],
                              want);
            }
            ck_assert(c[i * ldc + n] == old[i * ldc + n]);
        }
        free(a), free(b), free(a16), free(b16), free(c), free(old);
    }
}
END_TEST

/* the convolutions and connected layers cut products by columns: each column has the same bits as in the whole */
START_TEST(products_on_the_tile_can_be_cut_by_columns)
{
    enum { M = 37, N = 150, K = 300 };
    vd_kernels_use(tables[_i]);
    float *a = calloc(M * K, 4), *b = calloc(K * N, 4), *whole = calloc(M * N, 4), *cut = calloc(M * N, 4);
    fill_random(a, M * K, 1), fill_random(b, K * N, 2);
    vd_gemm_shape s = {M, N, K, K, N, N, 0, 0, 0};
    vd_tiled_gemm(s, VD_FLOAT, a, b, 1, whole);
    for (int j = 0; j < N; j += 50) {
        s.n = 50;
        vd_tiled_gemm(s, VD_FLOAT, a, b + j, 1, cut + j);
    }
    ck_assert(!memcmp(whole, cut, sizeof(float) * M * N));
    free(a), free(b), free(whole), free(cut);
}
END_TEST

static void count(int i, void *context)
{
    atomic_int *counts = context;
    atomic_fetch_add(counts + i, 1);
}

static void count_nested(int i, void *context)
{
    vd_parallel_for(10, count, (atomic_int *)context + 10 * i);
}

START_TEST(every_piece_of_a_loop_runs_once_also_nested)
{
    setenv("DARKNET_THREADS", "4", 1);
    for (int repeat = 0; repeat < 200; ++repeat) {
        atomic_int counts[1000] = {0};
        vd_parallel_for(1000, count, counts);
        for (int i = 0; i < 1000; ++i) ck_assert_int_eq(counts[i], 1);
    }
    atomic_int counts[1000] = {0};
    vd_parallel_for(100, count_nested, counts);
    for (int i = 0; i < 1000; ++i) ck_assert_int_eq(counts[i], 1);
    vd_parallel_for(0, count, 0);
}
END_TEST

START_TEST(threads_can_be_left_behind_again_and_again)
{
    atomic_int counts[100] = {0};
    setenv("DARKNET_THREADS", "3", 1);
    for (int repeat = 0; repeat < 50; ++repeat) {
        for (int loop = 0; loop < 20; ++loop) vd_parallel_for(100, count, counts);
        vd_parallel_forget_threads();
    }
    for (int i = 0; i < 100; ++i) ck_assert_int_eq(counts[i], 1000);
}
END_TEST

START_TEST(a_forked_child_has_threads_of_its_own)
{
    atomic_int counts[100] = {0};
    int status;
    if (getenv("EMULATED")) {
        skipped(1, "qemu-user ends by an error where a process with threads forks");
        return;
    }
    setenv("DARKNET_THREADS", "3", 1);
    vd_parallel_for(100, count, counts);
    pid_t child = fork();
    if (!child) {
        atomic_int mine[100] = {0};
        vd_parallel_for(100, count, mine);
        int sum = 0;
        for (int i = 0; i < 100; ++i) sum += mine[i];
        _exit(sum == 100 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(darknet_threads_sets_the_number_of_threads)
{
    setenv("DARKNET_THREADS", "3", 1);
    ck_assert_int_eq(vd_parallel_threads(), 3);
    setenv("DARKNET_THREADS", "nonsense", 1);
    ck_assert_int_ge(vd_parallel_threads(), 1);
}
END_TEST

START_TEST(scratch_buffers_are_aligned_apart_and_kept)
{
    float *a = vd_scratch(VD_SCRATCH_COLUMNS, 100), *b = vd_scratch(VD_SCRATCH_SQUARE, 100);
    ck_assert(a != b && (size_t)a % 64 == 0 && (size_t)b % 64 == 0);
    memset(a, 1, 400), memset(b, 2, 400);
    ck_assert_ptr_eq(vd_scratch(VD_SCRATCH_COLUMNS, 50), a);
    ck_assert_int_eq(((char *)a)[399], 1);
    float *larger = vd_scratch(VD_SCRATCH_COLUMNS, 100000);
    memset(larger, 3, 400000);
    ck_assert_int_eq(((char *)b)[399], 2);
}
END_TEST

SUITE_OF(gemm)
{
    int n_tables = vd_kernels_list(tables, TABLES);
    LOOP(gemm_is_the_matrix_product_for_every_transpose_and_stride, GEMMS);
    LOOP(products_on_the_tile_are_matrix_products, n_tables);
    LOOP(products_on_the_tile_can_be_cut_by_columns, n_tables);
    TEST(every_piece_of_a_loop_runs_once_also_nested);
    TEST(threads_can_be_left_behind_again_and_again);
    TEST(a_forked_child_has_threads_of_its_own);
    TEST(darknet_threads_sets_the_number_of_threads);
    TEST(scratch_buffers_are_aligned_apart_and_kept);
}
