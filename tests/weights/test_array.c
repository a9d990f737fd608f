/* The bits of version 2: weights/mixing.c and array.c. What is written is read, it costs what it should, and no bytes
 * do harm. */
#include "weights/array.h"
#include "weights/crc32.h"
#include "support/support.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- mixed bits -------------------------------------------------------------------------------------------------- */

enum { BITS = 30000 };

static int bit_of(const float *x, int i, double odds)
{
    return (x[i] + 1) / 2 < odds;
}

static double entropy(double p)
{
    return p > 0 && p < 1 ? -p * log2(p) - (1 - p) * log2(1 - p) : 0;
}

/* bits whose odds depend on two contexts, written and read again; the bytes */
static size_t two_contexts(const float *x, const double odds[2][2], int use_contexts)
{
    static const int32_t weights[] = {32768, 32768};
    vd_mixing *mixing = make_vd_mixing();
    vd_bytes b = {0};
    for (int reading = 0; reading < 2; ++reading) {
        vd_coder c = reading ? vd_coder_to_read(b.bytes, b.n) : vd_coder_to_write();
        vd_mixed kind = vd_mixed_fresh(2, weights);
        vd_count first[2] = {0}, second[2] = {0};
        for (int i = 0; i < BITS; ++i) {
            int u = i % 2, v = i / 2 % 2, bit = bit_of(x, i, odds[u][v]);
            vd_count *contexts[] = {use_contexts ? first + u : 0, use_contexts ? second + v : 0};
            ck_assert_int_eq(vd_code_mixed(&c, mixing, &kind, 2, contexts, reading ? 0 : bit), bit);
        }
        if (!reading) b = vd_coder_finish(&c);
        else ck_assert_int_eq(vd_coder_is_at_end(&c), 1);
    }
    size_t n = b.n;
    vd_bytes_free(&b);
    free(mixing);
    return n;
}

START_TEST(mixed_bits_come_back_at_the_cost_of_their_contexts)
{
    /* logits that are sums over the two contexts, as the mixing takes them */
    static const double odds[2][2] = {{.01, .0474}, {.0474, .2}};
    float *x = vd_calloc(BITS, sizeof(float));
    fill_random(x, BITS, 4);
    double best = 0, mean = 0;
    for (int i = 0; i < 4; ++i) best += entropy(odds[i / 2][i % 2]) / 4, mean += odds[i / 2][i % 2] / 4;
    double with = 8. * two_contexts(x, odds, 1) / BITS, without = 8. * two_contexts(x, odds, 0) / BITS;
    ck_assert_msg(with < 1.03 * best, "%g bits, entropy %g", with, best);
    ck_assert_msg(without > 1.1 * best && without < 1.03 * entropy(mean), "%g bits, entropy %g", without,
                  entropy(mean));
    free(x);
}
END_TEST

START_TEST(certain_bits_cost_next_to_nothing_and_counts_do_not_run_over)
{
    enum { MANY = 200000 };
    vd_mixing *mixing = make_vd_mixing();
    for (int bit = 0; bit < 2; ++bit) {
        vd_coder c = vd_coder_to_write();
        vd_mixed kind = vd_mixed_fresh(0, 0);
        for (int i = 0; i < MANY; ++i) vd_code_mixed(&c, mixing, &kind, 0, 0, bit);
        vd_bytes b = vd_coder_finish(&c);
        ck_assert_uint_lt(b.n, MANY / 8 * .001 + 8);
        ck_assert_uint_le(kind.base.n[bit], 32767);
        ck_assert_uint_eq(kind.base.n[!bit], 0);
        vd_bytes_free(&b);
    }
    free(mixing);
}
END_TEST

/* ---- arrays ------------------------------------------------------------------------------------------------------ */

typedef struct {
    vd_form form;
    vd_row_shape shape;
    uint8_t *alive, *source;
    float *biases, *weights;
    size_t n; /* weights */
} arrays;

static arrays make_arrays(vd_form form, vd_row_shape s)
{
    arrays a = {form, s, .n = (size_t)s.rows * s.channels * s.height * s.width};
    a.alive = vd_calloc(s.rows, 1);
    a.source = vd_calloc(s.channels, 1);
    a.biases = vd_calloc(s.rows, sizeof(float));
    a.weights = vd_calloc(a.n, sizeof(float));
    return a;
}

static void free_arrays(arrays a)
{
    free(a.alive), free(a.source), free(a.biases), free(a.weights);
}

/* a number the form can hold */
static float held(vd_form form, float x)
{
    uint32_t bits;
    if (form.mantissa == VD_INTEGERS) return rintf(40 * x) * vd_pack_step(form.step);
    memcpy(&bits, &x, sizeof(bits));
    bits &= ~((1u << (VD_EXACT - form.mantissa)) - 1);
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static arrays random_arrays(vd_form form, vd_row_shape s, double density)
{
    arrays a = make_arrays(form, s);
    float *u = vd_calloc(a.n, sizeof(float));
    size_t columns = a.n / s.rows;
    fill_random(u, a.n, 5);
    fill_random(a.weights, a.n, 6);
    fill_random(a.biases, s.rows, 7);
    for (int i = 0; i < s.rows; ++i) {
        a.alive[i] = i % 3 != 1;
        a.biases[i] = a.alive[i] && i % 5 ? held(form, a.biases[i]) : i % 2 ? 0 : -0.f;
    }
    for (int p = 0; p < s.channels; ++p) a.source[p] = (uint8_t)(p % 5);
    for (size_t k = 0; k < a.n; ++k)
        a.weights[k] = a.alive[k / columns] && (u[k] + 1) / 2 < density ? held(form, a.weights[k]) : 0;
    free(u);
    return a;
}

static int code_arrays(vd_coder *c, arrays a)
{
    vd_mixing *mixing = make_vd_mixing();
    vd_code_alive(c, mixing, a.shape.rows, a.alive);
    int possible = vd_code_vector(c, mixing, a.form, a.shape.rows, a.alive, a.biases) &&
                   vd_code_weights(c, mixing, a.form, a.shape, a.alive, a.source, a.weights);
    free(mixing);
    return possible;
}

static vd_bytes written(arrays a)
{
    vd_coder c = vd_coder_to_write();
    ck_assert_int_eq(code_arrays(&c, a), 1);
    return vd_coder_finish(&c);
}

/* writes, reads, compares; the bytes */
static size_t round_trip(arrays a)
{
    vd_bytes b = written(a);
    arrays again = make_arrays(a.form, a.shape);
    memcpy(again.source, a.source, a.shape.channels);
    vd_coder r = vd_coder_to_read(b.bytes, b.n);
    ck_assert_int_eq(code_arrays(&r, again), 1);
    ck_assert_int_eq(vd_coder_is_at_end(&r), 1);
    ck_assert_int_eq(memcmp(a.alive, again.alive, a.shape.rows), 0);
    for (int i = 0; i < a.shape.rows; ++i) ck_assert(a.biases[i] == again.biases[i]);
    for (size_t k = 0; k < a.n; ++k) ck_assert_msg(a.weights[k] == again.weights[k], "weight %zu", k);
    size_t n = b.n;
    free_arrays(again);
    vd_bytes_free(&b);
    return n;
}

static const vd_form forms[] = {{VD_EXACT, 0}, {VD_HALF, 0}, {0, 0}, {VD_INTEGERS, 180}, {VD_INTEGERS, 3}};
static const vd_row_shape shapes[] = {{1, 1, 1, 1}, {7, 3, 5, 5}, {20, 11, 1, 1}, {9, 4, 2, 7}, {3, 40, 1, 3}};

START_TEST(arrays_of_every_form_and_shape_come_back)
{
    static const double densities[] = {0, .02, .3, 1};
    for (size_t f = 0; f < COUNT_OF(forms); ++f)
        for (size_t s = 0; s < COUNT_OF(shapes); ++s)
            for (size_t d = 0; d < COUNT_OF(densities); ++d) {
                arrays a = random_arrays(forms[f], shapes[s], densities[d]);
                round_trip(a);
                free_arrays(a);
            }
}
END_TEST

/* the format is pinned: what was written must be read for ever */
START_TEST(arrays_of_every_form_are_written_bit_by_bit_as_ever)
{
    static const uint32_t sums[] = {0x75d75b8d, 0x4c51c61d, 0x06c1a8f5, 0x0edee01f, 0x0edee01f};
    for (size_t f = 0; f < COUNT_OF(forms); ++f) {
        vd_bytes all = {0};
        for (size_t s = 0; s < COUNT_OF(shapes); ++s)
            for (double density = .02; density < 1; density *= 4) {
                arrays a = random_arrays(forms[f], shapes[s], density);
                vd_bytes b = written(a);
                vd_bytes_add(&all, b.bytes, b.n);
                free_arrays(a);
                vd_bytes_free(&b);
            }
        ck_assert_msg(sums[f] == vd_crc32(all.bytes, all.n), "form %zu: 0x%08x", f, vd_crc32(all.bytes, all.n));
        vd_bytes_free(&all);
    }
}
END_TEST

START_TEST(what_a_form_cannot_hold_is_refused)
{
    static const vd_form of[] = {{VD_INTEGERS, 180}, {0, 0}};
    const float x[] = {(VD_MOST_INTEGER + 1) * vd_pack_step(180), 1e-40f}; /* too many steps; 0 without a mantissa */
    for (size_t i = 0; i < COUNT_OF(of); ++i) {
        arrays a = make_arrays(of[i], (vd_row_shape){1, 1, 1, 1});
        vd_coder c = vd_coder_to_write();
        a.alive[0] = 1;
        a.weights[0] = x[i];
        ck_assert_int_eq(code_arrays(&c, a), 0);
        vd_bytes b = vd_coder_finish(&c);
        vd_bytes_free(&b);
        free_arrays(a);
    }
}
END_TEST

START_TEST(the_largest_integers_and_odd_floats_come_back)
{
    arrays a = make_arrays((vd_form){VD_INTEGERS, 200}, (vd_row_shape){2, 4, 1, 1});
    const float integers[] = {VD_MOST_INTEGER, -VD_MOST_INTEGER, 12, 13, -14, 1, 0, VD_MOST_INTEGER - 1};
    a.alive[0] = a.alive[1] = 1;
    for (int k = 0; k < 8; ++k) a.weights[k] = integers[k] * vd_pack_step(200);
    a.biases[0] = -VD_MOST_INTEGER * vd_pack_step(200), a.biases[1] = VD_MOST_INTEGER * vd_pack_step(200);
    round_trip(a);
    free_arrays(a);
    a = make_arrays((vd_form){VD_EXACT, 0}, (vd_row_shape){1, 5, 1, 1});
    const float floats[] = {3.4e38f, -1e-44f, 1e-38f, -3.4e38f, 1};
    a.alive[0] = 1;
    memcpy(a.weights, floats, sizeof(floats));
    round_trip(a);
    free_arrays(a);
}
END_TEST

START_TEST(ascending_biases_cost_less)
{
    enum { ROWS = 60 };
    arrays a = make_arrays((vd_form){VD_INTEGERS, 180}, (vd_row_shape){ROWS, 1, 1, 1});
    for (int i = 0; i < ROWS; ++i) a.alive[i] = 1, a.biases[i] = (float)(i / 4 - 7) * vd_pack_step(180);
    size_t ascending = round_trip(a);
    for (int i = 0; i < ROWS; ++i) a.biases[i] = (float)(i * 7 % ROWS / 4 - 7) * vd_pack_step(180);
    size_t mixed = round_trip(a);
    ck_assert_msg(ascending + 15 < mixed, "%zu and %zu bytes", ascending, mixed);
    free_arrays(a);
}
END_TEST

/* places cost the entropy of rows and columns, when those are of different density */
START_TEST(dense_rows_and_columns_are_learnt)
{
    enum { ROWS = 100, COLUMNS = 400 };
    arrays a = make_arrays((vd_form){VD_INTEGERS, 180}, (vd_row_shape){ROWS, COLUMNS, 1, 1});
    double bits = 0, n = 0;
    fill_random(a.weights, a.n, 9);
    for (int i = 0; i < ROWS; ++i) a.alive[i] = 1;
    for (size_t k = 0; k < a.n; ++k) {
        double row = k / COLUMNS % 4 ? .5 : 2, column = k % COLUMNS % 8 ? .2 : 3, p = .03 * row * column;
        int is = (a.weights[k] + 1) / 2 < p;
        bits += entropy(p);
        n += is;
        a.weights[k] = is ? (k % 2 ? 1 : -1) * vd_pack_step(180) : 0;
    }
    double cost = 8. * round_trip(a), flat = a.n * entropy(n / a.n) + n;
    ck_assert_msg(cost < 1.12 * (bits + n) && cost < .9 * flat, "%g bits, with rows and columns %g, flat %g", cost,
                  bits + n, flat);
    free_arrays(a);
}
END_TEST

/* for any bytes, reading ends and stays within the arrays (as `make asan` shows) */
START_TEST(random_bytes_do_no_harm)
{
    enum { BYTES = 300 };
    float noise[BYTES];
    uint8_t bytes[BYTES];
    for (unsigned seed = 1; seed < 1500; ++seed) {
        fill_random(noise, BYTES, seed);
        for (int i = 0; i < BYTES; ++i) bytes[i] = (uint8_t)(128 + 127 * noise[i]);
        if (seed % 3 == 0) memset(bytes, seed % 2 ? 0xff : 0, 40);
        arrays a = make_arrays(forms[seed % COUNT_OF(forms)], shapes[seed % COUNT_OF(shapes)]);
        vd_coder r = vd_coder_to_read(bytes, seed % BYTES);
        code_arrays(&r, a);
        free_arrays(a);
    }
}
END_TEST

SUITE_OF(array)
{
    TIMEOUT(60);
    TEST(mixed_bits_come_back_at_the_cost_of_their_contexts);
    TEST(certain_bits_cost_next_to_nothing_and_counts_do_not_run_over);
    TEST(arrays_of_every_form_and_shape_come_back);
    TEST(arrays_of_every_form_are_written_bit_by_bit_as_ever);
    TEST(what_a_form_cannot_hold_is_refused);
    TEST(the_largest_integers_and_odd_floats_come_back);
    TEST(ascending_biases_cost_less);
    TEST(dense_rows_and_columns_are_learnt);
    TEST(random_bytes_do_no_harm);
}
