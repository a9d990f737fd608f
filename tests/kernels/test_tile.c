/* kernels/products/tile.h: every variant against plain C and against sums in double precision. */
#include "support/support.h"
#include "base/fp16.h"
#include "kernels/kernels.h"
#include "kernels/products/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 8 };

typedef struct {
    const char *name;
    void (*multiply)(vd_tile t);
    int half;
} variant;

static variant variants[2 * TABLES];
static int n_variants;

static void list_variants(void)
{
    const vd_kernels *tables[TABLES];
    int n = vd_kernels_list(tables, TABLES);
    for (int i = 0; i < n; ++i) {
        variants[n_variants++] = (variant){tables[i]->name, tables[i]->tile, 0};
        if (tables[i]->tile_half) variants[n_variants++] = (variant){tables[i]->name, tables[i]->tile_half, 1};
    }
}

/* ---- fp16 as words ---- */

START_TEST(all_words_of_fp16_come_back)
{
    for (uint32_t word = 0; word < 0x10000; ++word) {
        float x = vd_float_of_fp16((uint16_t)word);
        int exponent = word >> 10 & 31, fraction = word & 0x3ff;
        double expected = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        if (exponent == 31) {
            ck_assert(fraction ? isnan(x) : isinf(x));
            if (fraction) ck_assert(isnan(vd_float_of_fp16(vd_fp16_of(x))));
            else ck_assert_uint_eq(vd_fp16_of(x), word);
            continue;
        }
        ck_assert_double_eq(x, word & 0x8000 ? -expected : expected);
        ck_assert_uint_eq(vd_fp16_of(x), word);
    }
}

START_TEST(fp16_is_rounded_to_the_nearest_and_ties_to_even)
{
    for (uint32_t word = 0; word < 0x7bff; ++word) {
        float x = vd_float_of_fp16((uint16_t)word), next = vd_float_of_fp16((uint16_t)(word + 1));
        float middle = .5f * x + .5f * next;
        ck_assert_uint_eq(vd_fp16_of(middle), word + (word & 1));
        ck_assert_uint_eq(vd_fp16_of(nextafterf(middle, 0)), word);
        ck_assert_uint_eq(vd_fp16_of(-nextafterf(middle, INFINITY)), (word + 1) | 0x8000);
    }
    ck_assert_uint_eq(vd_fp16_of(65519.99f), 0x7bff);
    ck_assert_uint_eq(vd_fp16_of(65520), 0x7c00);
    ck_assert_uint_eq(vd_fp16_of(-1e30f), 0xfc00);
    ck_assert_uint_eq(vd_fp16_of(1e-30f), 0);
}

/* ---- the tile ---- */

enum { GUARD = 64 };

/* n numbers in memory that ends where they end, so that a tool for memory sees what is read beyond them; those of a
 * half tile are fp16, and x holds the numbers they are */
typedef struct {
    float *x;
    void *numbers;
} factor;

static factor make_factor(size_t n, int half, unsigned seed)
{
    factor f = {.x = calloc(n + 1, sizeof(float))};
    fill_random(f.x, (int)n, seed);
    if (!half) {
        f.numbers = malloc(n * sizeof(float) + 1);
        memcpy(f.numbers, f.x, n * sizeof(float));
        return f;
    }
    uint16_t *words = malloc(n * sizeof(uint16_t) + 1);
    for (size_t i = 0; i < n; ++i) {
        words[i] = vd_fp16_of(f.x[i]);
        f.x[i] = vd_float_of_fp16(words[i]);
    }
    f.numbers = words;
    return f;
}

static void free_factor(factor f)
{
    free(f.x);
    free(f.numbers);
}

/* one call with all there is to it: strides of a, offsets, gaps between rows of c */
typedef struct {
    int m, n, k, by_offset, transposed, add;
    float scale;
} trial;

static void try(variant v, trial s)
{
    int overlap = 3, ldx = s.by_offset ? 0 : s.n > overlap ? s.n - overlap : s.n; /* rows overlap */
    int *offset = calloc(s.k + 1, sizeof(int)), last = 0;
    for (int p = 0; p < s.k; ++p) {
        offset[p] = s.by_offset ? p * 7919 % 97 : p * ldx;
        if (offset[p] > last) last = offset[p];
    }
    long a_row = s.transposed ? 1 : s.k + 1, a_step = s.transposed ? s.m + 2 : 1, ldc = s.n + 5;
    factor a = make_factor((size_t)(s.transposed ? s.k : s.m) * (s.transposed ? s.m + 2 : s.k + 1), v.half, 1);
    factor x = make_factor((size_t)last + s.n, v.half, 2);
    size_t in_c = (size_t)s.m * ldc + 2 * GUARD;
    float *c = calloc(in_c, sizeof(float)), *old = calloc(in_c, sizeof(float));
    fill_random(c, (int)in_c, 3);
    if (!s.add)
        for (int i = 0; i < s.m; ++i) c[GUARD + i * ldc] = NAN; /* it must not be read */
    memcpy(old, c, in_c * sizeof(float));
    vd_tile t = {s.m, s.n,       s.k, a.numbers, a_row,   a_step, x.numbers, s.by_offset ? offset : 0,
                 ldx, c + GUARD, ldc, s.add,     s.scale, 0};
    v.multiply(t);
    for (size_t e = 0; e < in_c; ++e) {
        long i = ((long)e - GUARD) / ldc, j = ((long)e - GUARD) % ldc;
        if (e < GUARD || i >= s.m || j >= s.n) {
            ck_assert_msg(!memcmp(c + e, old + e, sizeof(float)), "%s: number %zu is beyond the tile", v.name, e);
            continue;
        }
        double sum = 0, magnitude = 0;
        for (int p = 0; p < s.k; ++p) {
            double term = (double)a.x[i * a_row + p * a_step] * x.x[offset[p] + j];
            sum += term;
            magnitude += fabs(term);
        }
        double expected = (s.add ? old[e] : 0) + s.scale * sum;
        /* each of at most 100 additions in fp16 rounds a partial sum by 2^-11, those of parts in float and in a float
         * tile by 2^-24: an error is seldom over the square root of their number, and never over the number */
        int terms = s.k < 100 ? s.k : v.half ? 100 : s.k;
        double unit = v.half ? 0x1p-11 : 0x1p-24, bound = 3 * sqrt(terms + 1.) * unit;
        bound = bound * magnitude * fabs(s.scale) + 1e-6 * fabs(expected) + (v.half ? 1e-6 : 1e-12);
        ck_assert_msg(fabs(c[e] - expected) <= bound, "%s%s m %d n %d k %d: [%ld][%ld] %g for %g, bound %g", v.name,
                      v.half ? " half" : "", s.m, s.n, s.k, i, j, c[e], expected, bound);
    }
    free_factor(a), free_factor(x);
    free(c), free(old), free(offset);
}

START_TEST(tiles_are_the_sums_of_double_precision)
{
    static const int sizes[][3] = {{1, 1, 1},     {12, 32, 25},  {5, 33, 7},    {20, 576, 25},
                                   {50, 64, 500}, {10, 17, 101}, {3, 127, 13},  {37, 31, 200},
                                   {2, 300, 99},  {7, 15, 1100}, {100, 10, 64}, {4, 3, 0}};
    for (int i = 0; i < n_variants; ++i) {
        for (int s = 0; s < COUNT_OF(sizes); ++s)
            for (int way = 0; way < 8; ++way)
                try(variants[i], (trial){sizes[s][0], sizes[s][1], sizes[s][2], way & 1, way >> 1 & 1, way >> 2,
                                         way == 3 ? 1 : .125f});
    }
}

/* every block of rows has code of its own, and every length of a last vector */
START_TEST(all_small_tiles_are_right)
{
    for (int i = 0; i < n_variants; ++i)
        for (int m = 1; m <= 13; ++m)
            for (int n = 1; n <= 70; n += n < 20 ? 1 : 7) try(variants[i], (trial){m, n, 9, n & 1, m & 1, 0, 1});
}

/* so many that rows times blocks of rows are more than an int holds */
START_TEST(many_rows_are_cut_into_blocks)
{
    enum { ROWS = 200000 };
    for (int i = 0; i < n_variants; ++i) try(variants[i], (trial){ROWS, 2, 1, 0, 1, 0, 1});
    for (int b = 0; b < vd_blocks(ROWS); ++b) {
        int rows = vd_first_of_block(ROWS, b + 1) - vd_first_of_block(ROWS, b);
        ck_assert_msg(rows == VD_BLOCK_ROWS || rows == VD_BLOCK_ROWS - 1, "block %d has %d rows", b, rows);
    }
}

/* the same sum has the same bits wherever it stands, and however the work is cut */
START_TEST(sums_do_not_depend_on_their_place)
{
    enum { M = 29, N = 171, K = 613 };
    for (int v = 0; v < n_variants; ++v) {
        factor a = make_factor((size_t)K * M, variants[v].half, 1), x = make_factor((size_t)K * N, variants[v].half, 2);
        int size = variants[v].half ? 2 : 4;
        float *whole = calloc((size_t)M * N, sizeof(float)), *cut = calloc((size_t)M * N, sizeof(float));
        vd_tile t = {M, N, K, a.numbers, 1, M, x.numbers, 0, N, whole, N, 1, .25f, 0};
        fill_random(whole, M * N, 3);
        memcpy(cut, whole, sizeof(float) * M * N);
        variants[v].multiply(t);
        static const int rows[] = {0, 1, 3, 6, 10, 15, M}, columns[] = {0, 2, 3, 10, 27, 61, 102, 170, N};
        for (int i = 0; i + 1 < COUNT_OF(rows); ++i) {
            for (int j = 0; j + 1 < COUNT_OF(columns); ++j) {
                vd_tile part = t;
                part.m = rows[i + 1] - rows[i];
                part.n = columns[j + 1] - columns[j];
                part.a = (char *)a.numbers + (size_t)size * rows[i];
                part.x = (char *)x.numbers + (size_t)size * columns[j];
                part.c = cut + (size_t)rows[i] * N + columns[j];
                variants[v].multiply(part);
            }
        }
        ck_assert_msg(!memcmp(whole, cut, sizeof(float) * M * N), "%s", variants[v].name);
        free_factor(a), free_factor(x);
        free(whole), free(cut);
    }
}

SUITE_OF(tile)
{
    TIMEOUT(120);
    ONCE(list_variants, 0);
    TEST(all_words_of_fp16_come_back);
    TEST(fp16_is_rounded_to_the_nearest_and_ties_to_even);
    TEST(tiles_are_the_sums_of_double_precision);
    TEST(all_small_tiles_are_right);
    TEST(many_rows_are_cut_into_blocks);
    TEST(sums_do_not_depend_on_their_place);
}
