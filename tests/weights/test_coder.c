/* The parts a packed file is made of: weights/coder.c, matrix.c, rounding.c, crc32.c. */
#include "weights/coder.h"
#include "weights/crc32.h"
#include "weights/matrix.h"
#include "weights/rounding.h"
#include "weights/varint.h"
#include "base/fp16.h"
#include "support/support.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

START_TEST(bits_come_back_whatever_their_odds)
{
    enum { N = 20000 };
    static const int odds[] = {0, 1, 50, 128, 255, 256}; /* of a 1, in 256 */
    vd_bit_model m;
    vd_bytes all = {0};
    for (size_t o = 0; o < COUNT_OF(odds); ++o) {
        float *x = vd_calloc(N, sizeof(float));
        fill_random(x, N, 7 + (unsigned)o);
        vd_coder c = vd_coder_to_write();
        vd_bit_models_reset(&m, 1);
        for (int i = 0; i < N; ++i) vd_code_bit(&c, &m, (x[i] + 1) * 128 < odds[o]);
        vd_bytes b = vd_coder_finish(&c);
        double p = odds[o] / 256., entropy = p > 0 && p < 1 ? -p * log2(p) - (1 - p) * log2(1 - p) : 0;
        ck_assert_msg(b.n <= N / 8. * entropy * 1.05 + 40, "%d in 256: %zu bytes", odds[o], b.n);
        vd_coder r = vd_coder_to_read(b.bytes, b.n);
        vd_bit_models_reset(&m, 1);
        for (int i = 0; i < N; ++i) ck_assert_int_eq(vd_code_bit(&r, &m, 0), (x[i] + 1) * 128 < odds[o]);
        ck_assert_int_eq(vd_coder_is_at_end(&r), 1);
        vd_bytes_add(&all, b.bytes, b.n);
        vd_bytes_free(&b);
        free(x);
    }
    /* the format is pinned */
    ck_assert_msg(vd_crc32(all.bytes, all.n) == 0x9a2bd25b, "0x%08x", vd_crc32(all.bytes, all.n));
    vd_bytes_free(&all);
}
END_TEST

START_TEST(raw_numbers_of_every_length_come_back)
{
    vd_coder c = vd_coder_to_write();
    for (int bits = 0; bits <= 32; ++bits)
        for (uint32_t k = 0; k < 8; ++k)
            vd_code_raw(&c, bits, k * 0x9E3779B9u + (k == 7 ? 0xffffffffu - 7 * 0x9E3779B9u : 0));
    vd_bytes b = vd_coder_finish(&c);
    vd_coder r = vd_coder_to_read(b.bytes, b.n);
    for (int bits = 0; bits <= 32; ++bits)
        for (uint32_t k = 0; k < 8; ++k) {
            uint32_t value = k == 7 ? 0xffffffffu : k * 0x9E3779B9u, mask = bits == 32 ? 0xffffffffu : (1u << bits) - 1;
            ck_assert_uint_eq(vd_code_raw(&r, bits, 0), value & mask);
        }
    vd_bytes_free(&b);
}
END_TEST

START_TEST(raw_numbers_of_damaged_bytes_keep_their_bits)
{
    static const uint8_t ones[] = {255, 255, 255, 255, 255};
    for (int bits = 1; bits <= 8; ++bits) {
        vd_coder r = vd_coder_to_read(ones, sizeof(ones));
        ck_assert_uint_eq(vd_code_raw(&r, bits, 0), (1u << bits) - 1);
    }
}
END_TEST

/* files have the numbers of steps: what a number means must stay */
START_TEST(steps_are_those_of_the_format)
{
    for (int k = 0; k < 256; ++k) {
        double octave = ldexp(1, k / 4 - 48), in_octave = 1 + k % 4 / 4.;
        ck_assert_msg(vd_pack_step((uint8_t)k) == (float)(octave * in_octave), "%d: %g", k, vd_pack_step((uint8_t)k));
    }
    ck_assert(vd_pack_step(0) == 0x1p-48f && vd_pack_step(192) == 1 && vd_pack_step(255) == 57344);
}
END_TEST

START_TEST(varints_come_back)
{
    static const struct {
        uint64_t value;
        size_t bytes;
    } cases[] = {{0, 1},     {1, 1},          {127, 1},        {128, 2},         {16383, 2},
                 {16384, 3}, {UINT32_MAX, 5}, {1ull << 62, 9}, {1ull << 63, 10}, {UINT64_MAX, 10}};
    vd_bytes b = {0};
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        vd_add_varint(&b, cases[i].value);
        ck_assert_uint_eq(b.n, n += cases[i].bytes);
    }
    vd_reader r = {.bytes = b.bytes, .n = b.n};
    for (size_t i = 0; i < COUNT_OF(cases); ++i) ck_assert_uint_eq(vd_read_varint(&r), cases[i].value);
    ck_assert(r.at == r.n && !r.bad);
    ck_assert(vd_read_byte(&r) == 0 && r.bad);
    vd_bytes_free(&b);
}
END_TEST

/* past the end, of 65 bits, of eleven bytes: what is read from then on is 0 */
START_TEST(numbers_that_are_no_varints_are_bad)
{
    static const uint8_t bad[][12] = {{0xff},
                                      {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2},
                                      {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}};
    static const size_t lengths[] = {1, 12, 12};
    for (size_t i = 0; i < COUNT_OF(bad); ++i) {
        vd_reader r = {.bytes = bad[i], .n = lengths[i]};
        ck_assert_uint_eq(vd_read_varint(&r), 0);
        ck_assert_msg(r.bad, "number %zu", i);
        ck_assert(vd_read_byte(&r) == 0 && vd_read_varint(&r) == 0);
    }
}
END_TEST

/* write and read a matrix; w is what comes back */
static size_t round_trip(vd_pack_format format, int rows, int columns, uint8_t *steps, float *w)
{
    vd_coder c = vd_coder_to_write();
    ck_assert_int_eq(vd_code_sparse(&c, format, rows, columns, steps, w), 1);
    vd_bytes b = vd_coder_finish(&c);
    memset(w, 0, sizeof(float) * rows * columns);
    memset(steps, 0, rows);
    vd_coder r = vd_coder_to_read(b.bytes, b.n);
    ck_assert_int_eq(vd_code_sparse(&r, format, rows, columns, steps, w), 1);
    ck_assert_int_eq(vd_coder_is_at_end(&r), 1);
    size_t n = b.n;
    vd_bytes_free(&b);
    return n;
}

START_TEST(sparse_matrices_come_back_to_the_bit)
{
    enum { ROWS = 13, COLUMNS = 37, N = ROWS * COLUMNS };
    float w[N], before[N];
    uint8_t steps[ROWS];
    for (int pattern = 0; pattern < 7; ++pattern) {
        fill_random(w, N, 3);
        for (int i = 0; i < N; ++i) {
            int keep[] = {0, 1, i == 0, i == N - 1, i % 29 == 3, i / COLUMNS == 5, i % COLUMNS == 36};
            if (!keep[pattern]) w[i] = 0;
        }
        if (pattern == 1) w[3] = 1e-44f, w[4] = -3e38f, w[5] = -1e-38f;
        memcpy(before, w, sizeof(w));
        round_trip(VD_PACK_FP32, ROWS, COLUMNS, steps, w);
        ck_assert_msg(!memcmp(before, w, sizeof(w)), "pattern %d", pattern);
    }
}
END_TEST

/* every row has a step of its own, and a row without weights none */
START_TEST(rounded_matrices_come_back_to_the_bit)
{
    enum { ROWS = 9, COLUMNS = 23, N = ROWS * COLUMNS };
    float w[N], before[N];
    uint8_t steps[ROWS];
    for (int format = VD_PACK_FP16; format <= VD_PACK_INT8; ++format) {
        fill_random(w, N, 4);
        for (int i = 0; i < ROWS; ++i) steps[i] = (uint8_t)(150 + 7 * i);
        for (int k = 0; k < N; ++k) {
            float step = vd_pack_step(steps[k / COLUMNS]), value = rintf(w[k] * VD_PACK_MOST_STEPS);
            if (format == VD_PACK_INT8) w[k] = value * step;
            else w[k] = vd_float_of_fp16(vd_fp16_of(w[k] * powf(10, (float)(k % 11) - 6)));
            if (k % 3 || k / COLUMNS == 4) w[k] = 0;
        }
        if (format == VD_PACK_FP16) w[0] = 65504, w[1] = -0x1p-24f;
        else w[0] = -VD_PACK_MOST_STEPS * vd_pack_step(steps[0]), w[1] = VD_PACK_MOST_STEPS * vd_pack_step(steps[0]);
        memcpy(before, w, sizeof(w));
        round_trip((vd_pack_format)format, ROWS, COLUMNS, steps, w);
        ck_assert_msg(!memcmp(before, w, sizeof(w)), "format %d", format);
        for (int i = 0; i < ROWS && format == VD_PACK_INT8; ++i) ck_assert_int_eq(steps[i], i == 4 ? 0 : 150 + 7 * i);
    }
}
END_TEST

/* zeros must save space: the size is near the entropy of the mask plus the bits of the values */
START_TEST(a_sparse_matrix_costs_its_values_and_the_entropy_of_its_places)
{
    enum { ROWS = 100, COLUMNS = 1000, N = ROWS * COLUMNS };
    float *w = vd_calloc(N, sizeof(float)), *u = vd_calloc(N, sizeof(float));
    uint8_t steps[ROWS];
    static const double densities[] = {.2, .05, .01, .002};
    fill_random(u, N, 5);
    for (int d = 0; d < 4; ++d) {
        size_t nonzero = 0;
        fill_random(w, N, 6);
        for (int i = 0; i < N; ++i) {
            if ((u[i] + 1) / 2 >= densities[d]) w[i] = 0;
            nonzero += w[i] != 0;
        }
        double p = (double)nonzero / N, places = N * (-p * log2(p) - (1 - p) * log2(1 - p));
        size_t bytes = round_trip(VD_PACK_FP32, ROWS, COLUMNS, steps, w);
        /* 23 bits of mantissa, a sign, and less than 4 for the exponent */
        ck_assert_msg(bytes < (1.1 * places + 28. * nonzero) / 8 + 200, "density %g: %zu bytes", p, bytes);
    }
    free(w);
    free(u);
}
END_TEST

START_TEST(halves_are_those_of_ieee_754)
{
    static const struct {
        float x;
        uint16_t half;
    } known[] = {{0, 0},          {-0.f, 0x8000},    {1, 0x3c00},    {-2, 0xc000},   {65504, 0x7bff},
                 {65520, 0x7c00}, {0x1p-14f, 0x400}, {0x1p-24f, 1},  {0x1p-25f, 0},  {0x1.8p-25f, 1},
                 {1e-9f, 0},      {1.f / 3, 0x3555}, {2049, 0x6800}, {2051, 0x6802}, {0x1.ff8p-15f, 0x3ff}};
    for (size_t i = 0; i < COUNT_OF(known); ++i)
        ck_assert_msg(vd_fp16_of(known[i].x) == known[i].half, "%a: %04x", known[i].x, vd_fp16_of(known[i].x));
    for (uint32_t half = 0; half < 0x7c00; ++half) /* every finite one, to float and back */
        ck_assert_uint_eq(vd_fp16_of(vd_float_of_fp16((uint16_t)half)), half);
}
END_TEST

START_TEST(the_checksum_is_the_usual_crc_32)
{
    ck_assert_uint_eq(vd_crc32((const uint8_t *)"123456789", 9), 0xcbf43926u);
    ck_assert_uint_eq(vd_crc32((const uint8_t *)"", 0), 0);
}
END_TEST

/* for any bytes, reading ends and stays within the arrays (as `make asan` shows) */
START_TEST(random_bytes_do_no_harm)
{
    enum { ROWS = 7, COLUMNS = 11, BYTES = 200 };
    float w[ROWS * COLUMNS], noise[BYTES];
    uint8_t steps[ROWS], bytes[BYTES];
    for (unsigned seed = 1; seed < 500; ++seed) {
        fill_random(noise, BYTES, seed);
        for (int i = 0; i < BYTES; ++i) bytes[i] = (uint8_t)(128 + 127 * noise[i]);
        vd_pack_format format = VD_PACK_FP32 + seed % 3;
        if (seed % 2) memset(bytes, 0, 3); /* few weights */
        vd_coder r = vd_coder_to_read(bytes, seed % BYTES);
        memset(w, 0, sizeof(w));
        vd_code_sparse(&r, format, ROWS, COLUMNS, steps, w);
    }
}
END_TEST

SUITE_OF(coder)
{
    TEST(bits_come_back_whatever_their_odds);
    TEST(raw_numbers_of_every_length_come_back);
    TEST(raw_numbers_of_damaged_bytes_keep_their_bits);
    TEST(steps_are_those_of_the_format);
    TEST(varints_come_back);
    TEST(numbers_that_are_no_varints_are_bad);
    TEST(sparse_matrices_come_back_to_the_bit);
    TEST(rounded_matrices_come_back_to_the_bit);
    TEST(a_sparse_matrix_costs_its_values_and_the_entropy_of_its_places);
    TEST(halves_are_those_of_ieee_754);
    TEST(the_checksum_is_the_usual_crc_32);
    TEST(random_bytes_do_no_harm);
}
