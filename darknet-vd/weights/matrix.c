#include "weights/matrix.h"
#include "base/float_bits.h"
#include "base/fp16.h"
#include "base/fail.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { LENGTHS = 32 };

/* of a number N; arrays are by the length of N + 1 */
typedef struct {
    vd_bit_model length[LENGTHS], first[LENGTHS], second[LENGTHS][2];
} number_models;

typedef struct {
    vd_bit_model zero, sign, exponent[256], step[256];
    number_models gap, magnitude;
} models;

static models *make_models(void)
{
    models *m = vd_calloc(1, sizeof(*m));
    vd_bit_models_reset((vd_bit_model *)m, sizeof(*m) / sizeof(vd_bit_model)); /* the struct is an array of them */
    return m;
}

size_t vd_count_nonzero(size_t n, const float *w)
{
    size_t count = 0;
    for (size_t i = 0; i < n; ++i) count += !vd_is_zero(w[i]);
    return count;
}

uint32_t vd_code_tree(vd_coder *c, vd_bit_model *m, int bits, uint32_t value)
{
    uint32_t node = 1;
    for (int i = bits - 1; i >= 0; --i) node = node << 1 | (uint32_t)vd_code_bit(c, m + node, value >> i & 1);
    return node - (1u << bits);
}

static int length_of(uint32_t value)
{
    int length = 0;
    while (value >> 1) value >>= 1, ++length;
    return length;
}

/* value < 2^32 - 1 */
static uint32_t code_number(vd_coder *c, number_models *m, uint32_t value)
{
    uint32_t v = value + 1, read = 1;
    int length = (int)vd_code_tree(c, m->length, 5, (uint32_t)length_of(v)), left = length;
    if (left) read = read << 1 | (uint32_t)vd_code_bit(c, m->first + length, v >> --left & 1);
    if (left) read = read << 1 | (uint32_t)vd_code_bit(c, m->second[length] + (read & 1), v >> --left & 1);
    return (uint32_t)((uint64_t)read << left | vd_code_raw(c, left, v)) - 1;
}

static float code_float32(vd_coder *c, models *m, float x)
{
    uint32_t bits = vd_bits_of_float(x);
    uint32_t sign = (uint32_t)vd_code_bit(c, &m->sign, (int)(bits >> 31));
    uint32_t exponent = vd_code_tree(c, m->exponent, 8, bits >> 23 & 255);
    return vd_float_of_bits(sign << 31 | exponent << 23 | vd_code_raw(c, 23, bits));
}

static float code_float16(vd_coder *c, models *m, float x)
{
    uint16_t half = vd_fp16_of(x);
    uint32_t sign = (uint32_t)vd_code_bit(c, &m->sign, half >> 15);
    uint32_t exponent = vd_code_tree(c, m->exponent, 5, half >> 10 & 31);
    return vd_float_of_fp16((uint16_t)(sign << 15 | exponent << 10 | vd_code_raw(c, 10, half)));
}

static float code_steps(vd_coder *c, models *m, float step, float x)
{
    int steps = c->reading ? 0 : (int)rintf(x / step);
    int minus = vd_code_bit(c, &m->sign, steps < 0);
    uint32_t less_one = code_number(c, &m->magnitude, (uint32_t)abs(steps) - 1);
    if (less_one >= VD_PACK_MOST_STEPS) return NAN;
    return step * (float)(minus ? -(int)less_one - 1 : (int)less_one + 1);
}

static float code_value(vd_coder *c, models *m, vd_pack_format format, float step, float x)
{
    switch (format) {
    case VD_PACK_FP16:
        return code_float16(c, m, x);
    case VD_PACK_INT8:
        return code_steps(c, m, step, x);
    default:
        return code_float32(c, m, x);
    }
}

void vd_code_dense(vd_coder *c, size_t n, float *w)
{
    models *m = make_models();
    for (size_t i = 0; i < n; ++i) {
        int given = vd_code_bit(c, &m->zero, vd_bits_of_float(w[i]) != 0);
        float value = given ? code_float32(c, m, w[i]) : 0;
        if (c->reading) w[i] = value;
    }
    free(m);
}

/* the numbers of the rows (or columns) that have values, in order */
typedef struct {
    int n, *number;
} lines;

static void code_lines(vd_coder *c, int n, const uint8_t *has_values, lines *l)
{
    vd_bit_model m;
    vd_bit_models_reset(&m, 1);
    l->number = vd_calloc(n, sizeof(int));
    for (int i = 0; i < n; ++i)
        if (vd_code_bit(c, &m, has_values[i])) l->number[l->n++] = i;
}

static void code_rows_and_columns(vd_coder *c, int rows, int columns, const float *w, lines *row, lines *column)
{
    uint8_t *row_has = vd_calloc(rows, 1), *column_has = vd_calloc(columns, 1);
    for (int i = 0; i < rows && !c->reading; ++i)
        for (int j = 0; j < columns; ++j)
            if (!vd_is_zero(w[(size_t)i * columns + j])) row_has[i] = column_has[j] = 1;
    code_lines(c, rows, row_has, row);
    code_lines(c, columns, column_has, column);
    free(row_has);
    free(column_has);
}

/* zeros from position `at` of the [R][C] matrix up to the next value */
static uint32_t zeros_before_value(const lines *row, const lines *column, int columns, const float *w, uint64_t at)
{
    uint32_t zeros = 0;
    assert(column->n);
    while (vd_is_zero(w[(size_t)row->number[at / column->n] * columns + column->number[at % column->n]])) ++at, ++zeros;
    return zeros;
}

static int code_values(vd_coder *c, models *m, vd_pack_format format, const lines *row, const lines *column,
                       int columns, const uint8_t *steps, uint32_t count, float *w)
{
    uint64_t at = 0, end = (uint64_t)row->n * column->n;
    for (; count; --count, ++at) {
        at += code_number(c, &m->gap, c->reading ? 0 : zeros_before_value(row, column, columns, w, at));
        if (at >= end) return 0;
        int i = row->number[at / column->n];
        float *x = w + (size_t)i * columns + column->number[at % column->n];
        float value = code_value(c, m, format, format == VD_PACK_INT8 ? vd_pack_step(steps[i]) : 0, *x);
        if (c->reading) *x = value;
        if (!isfinite(*x) || vd_is_zero(*x)) return 0;
    }
    return 1;
}

int vd_code_sparse(vd_coder *c, vd_pack_format format, int rows, int columns, uint8_t *steps, float *w)
{
    uint32_t count = c->reading ? 0 : (uint32_t)vd_count_nonzero((size_t)rows * columns, w);
    models *m = make_models();
    lines row = {0}, column = {0};
    count = vd_code_raw(c, 32, count);
    code_rows_and_columns(c, rows, columns, w, &row, &column);
    for (int i = 0; i < row.n && format == VD_PACK_INT8; ++i) {
        uint8_t *step = steps + row.number[i];
        *step = (uint8_t)vd_code_tree(c, m->step, 8, *step);
    }
    int possible = code_values(c, m, format, &row, &column, columns, steps, count, w);
    free(row.number);
    free(column.number);
    free(m);
    return possible;
}
