#include "weights/array.h"
#include "base/float_bits.h"
#include "weights/matrix.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The kinds of mixed bits: what a 1 says, and the contexts with the weights that they start with.
 *
 *     kind      1 says                  contexts
 *     alive     the row is alive        ONE: the bit before
 *     used      some row has a weight   ONE: the channel's source, without the length
 *               for the channel
 *     given     not 0                   of a weight:  HALF: row, column, the four neighbours;
 *                                       QUARTER: channel, place in the map, source with the length
 *     sign      minus                   of a weight:  ONE + HALF: the signs to the left and above
 *     more[k]   magnitude above k + 1   of a weight, with a count for each k:  QUARTER: row;
 *                                       HALF: the larger magnitude to the left and above
 *
 * "given", "sign" and "more" of a vector have no contexts. Kinds and contexts start anew with each array, those of the
 * row with each row.
 *
 * Writing and reading go the same way. A bit or a value is an argument where it is written; where it is read, the
 * result counts, and is stored before the next one is coded. So both find the same neighbours. */

/* weights that contexts start with */
enum { ONE = 65536, HALF = ONE / 2, QUARTER = ONE / 4 };

/* ---- values ------------------------------------------------------------------------------------------------------ */

enum { UNARY = 12, MOST_LENGTH = 21 };

/* of the values of one array */
typedef struct {
    vd_coder *c;
    const vd_mixing *mixing;
    vd_form form;
    vd_mixed sign, more[UNARY];
    vd_bit_model length[MOST_LENGTH], exponent[256];
} value_models;

/* contexts of one value; null: none */
typedef struct {
    vd_count *sign;
    vd_count *row, *beside; /* [UNARY] of its magnitude's bits */
} value_contexts;

/* those of a magnitude's bit, in the order of its kind */
enum { OF_ROW, OF_BESIDE, MAGNITUDE_CONTEXTS };

static value_models *make_value_models(vd_coder *c, const vd_mixing *mixing, vd_form form)
{
    static const int32_t sign[] = {ONE + HALF},
                         magnitude[MAGNITUDE_CONTEXTS] = {[OF_ROW] = QUARTER, [OF_BESIDE] = HALF};
    value_models *m = vd_calloc(1, sizeof(*m));
    m->c = c;
    m->mixing = mixing;
    m->form = form;
    m->sign = vd_mixed_fresh(1, sign);
    for (int k = 0; k < UNARY; ++k) m->more[k] = vd_mixed_fresh(MAGNITUDE_CONTEXTS, magnitude);
    vd_bit_models_reset(m->length, MOST_LENGTH);
    vd_bit_models_reset(m->exponent, 256);
    return m;
}

/* a number from 0 on: the length of number + 1 in bits, less 1, in unary, then the bits below the highest one */
static uint32_t code_number(vd_coder *c, vd_bit_model *length, uint32_t number)
{
    int n = 0;
    while (n < MOST_LENGTH && vd_code_bit(c, length + n, (number + 1) >> (n + 1) != 0)) ++n;
    return (1u << n | vd_code_raw(c, n, number + 1)) - 1;
}

/* a magnitude from 1 on: "more than 1?", "more than 2?" ..., then the rest as a number */
static uint32_t code_magnitude(value_models *m, value_contexts x, uint32_t value)
{
    for (uint32_t k = 0; k < UNARY; ++k) {
        vd_count *contexts[MAGNITUDE_CONTEXTS] = {
            [OF_ROW] = x.row ? x.row + k : 0, [OF_BESIDE] = x.beside ? x.beside + k : 0};
        if (!vd_code_mixed(m->c, m->mixing, m->more + k, MAGNITUDE_CONTEXTS, contexts, value > k + 1)) return k + 1;
    }
    return UNARY + 1 + code_number(m->c, m->length, value - UNARY - 1);
}

/* the integer whose product with the form's step is x; just beyond the largest one where that is too small */
static int integer_of(vd_form form, float x)
{
    const float beyond = VD_MOST_INTEGER + 1;
    return (int)fminf(fmaxf(rintf(x / vd_pack_step(form.step)), -beyond), beyond);
}

static float from_integer(vd_form form, int n)
{
    return abs(n) > VD_MOST_INTEGER ? NAN : (float)n * vd_pack_step(form.step);
}

/* a value that is not 0; one that is not finite where the bits read are none, or the form does not hold w */
static float code_value(value_models *m, value_contexts x, float w)
{
    uint32_t bits = vd_bits_of_float(w);
    uint32_t minus = (uint32_t)vd_code_mixed(m->c, m->mixing, &m->sign, 1, &x.sign, (int)(bits >> 31));
    if (m->form.mantissa == VD_INTEGERS) {
        int n = m->c->reading ? 0 : abs(integer_of(m->form, w));
        n = (int)code_magnitude(m, x, (uint32_t)n);
        return from_integer(m->form, minus ? -n : n);
    }
    int cut = VD_EXACT - m->form.mantissa;
    uint32_t exponent = vd_code_tree(m->c, m->exponent, 8, bits >> 23 & 255);
    uint32_t mantissa = vd_code_raw(m->c, m->form.mantissa, (bits & 0x7fffff) >> cut) << cut;
    return vd_float_of_bits(minus << 31 | exponent << 23 | mantissa);
}

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

static const value_contexts no_contexts;

void vd_code_alive(vd_coder *c, const vd_mixing *mixing, int n, uint8_t *alive)
{
    static const int32_t weights[] = {ONE};
    vd_mixed kind = vd_mixed_fresh(1, weights);
    vd_count after[2] = {0};
    for (int i = 0, before = 1; i < n; ++i) {
        vd_count *context = after + before;
        before = vd_code_mixed(c, mixing, &kind, 1, &context, alive[i]);
        if (c->reading) alive[i] = (uint8_t)before;
    }
}

static int is_ascending(vd_form form, int n, const uint8_t *alive, const float *x)
{
    int before = -VD_MOST_INTEGER;
    for (int i = 0; i < n; ++i) {
        if (!alive[i]) continue;
        int now = integer_of(form, x[i]);
        if (now < before) return 0;
        before = now;
    }
    return 1;
}

static float code_given(value_models *m, vd_mixed *given, float x)
{
    return vd_code_mixed(m->c, m->mixing, given, 0, 0, !vd_is_zero(x)) ? code_value(m, no_contexts, x) : 0;
}

/* x of an ascending vector, by what it has more than the one before; results as of code_value() */
static float code_rise(value_models *m, float before, float x)
{
    int from = integer_of(m->form, before), rise = m->c->reading ? 0 : integer_of(m->form, x) - from;
    rise = (int)code_magnitude(m, no_contexts, (uint32_t)rise + 1) - 1;
    return from_integer(m->form, from + rise);
}

int vd_code_vector(vd_coder *c, const vd_mixing *mixing, vd_form form, int n, const uint8_t *alive, float *x)
{
    value_models *m = make_value_models(c, mixing, form), *rises = make_value_models(c, mixing, form);
    vd_mixed given = vd_mixed_fresh(0, 0);
    const float *before = 0; /* the value of the living row before */
    int ascending = 0, possible = 1;
    if (form.mantissa == VD_INTEGERS)
        ascending = (int)vd_code_raw(c, 1, c->reading ? 0 : (uint32_t)is_ascending(form, n, alive, x));
    for (int i = 0; i < n && possible; ++i) {
        if (!alive[i]) continue;
        float value = ascending && before ? code_rise(rises, *before, x[i]) : code_given(m, &given, x[i]);
        possible = isfinite(value);
        if (c->reading) x[i] = value;
        before = x + i;
    }
    free(m);
    free(rises);
    return possible;
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* the contexts of "given", in the order of its kind */
enum { ROW, COLUMN, CHANNEL, PIXEL, BESIDE, SOURCE, PLACE_CONTEXTS };

enum { NEIGHBOURS = 4, SIGNS = 3, SIZES = 4 };

typedef struct {
    vd_coder *c;
    const vd_mixing *mixing;
    vd_row_shape s;
    const uint8_t *source; /* [channels] */
    uint8_t *used;         /* [channels] 1 where some row has a weight for the channel */
    value_models *values;
    vd_mixed given;

    struct { /* contexts of a place: whether it has a weight */
        vd_count row, *column /* [channels][pixels] */, *channel /* [channels] */, *pixel /* [pixels] */;
        vd_count beside[1 << NEIGHBOURS], source[VD_SOURCES];
    } place;
    struct { /* contexts of a weight: of its sign, by the signs to the left and above; of its magnitude */
        vd_count sign[SIGNS][SIGNS], row[UNARY], beside[SIZES][UNARY];
    } value;
} coding;

static int pixels_of(vd_row_shape s)
{
    return s.height * s.width;
}

static coding begin_coding(vd_coder *c, const vd_mixing *mixing, vd_form form, vd_row_shape s, const uint8_t *source)
{
    static const int32_t given[PLACE_CONTEXTS] = {
        [ROW] = HALF, [COLUMN] = HALF, [CHANNEL] = QUARTER, [PIXEL] = QUARTER, [BESIDE] = HALF, [SOURCE] = QUARTER};
    return (coding){.c = c,
                    .mixing = mixing,
                    .s = s,
                    .source = source,
                    .used = vd_calloc(s.channels, 1),
                    .values = make_value_models(c, mixing, form),
                    .given = vd_mixed_fresh(PLACE_CONTEXTS, given),
                    .place.column = vd_calloc((size_t)s.channels * pixels_of(s), sizeof(vd_count)),
                    .place.channel = vd_calloc(s.channels, sizeof(vd_count)),
                    .place.pixel = vd_calloc(pixels_of(s), sizeof(vd_count))};
}

static void end_coding(coding *k)
{
    free(k->used);
    free(k->values);
    free(k->place.column);
    free(k->place.channel);
    free(k->place.pixel);
}

static void begin_row(coding *k)
{
    k->place.row = (vd_count){0};
    memset(k->value.row, 0, sizeof(k->value.row));
}

static int has_weights(size_t n, const float *w)
{
    for (size_t i = 0; i < n; ++i)
        if (!vd_is_zero(w[i])) return 1;
    return 0;
}

/* used: seen in all rows before it is written, else read */
static void code_used(coding *k, const float *w)
{
    static const int32_t weights[] = {ONE};
    vd_mixed kind = vd_mixed_fresh(1, weights);
    vd_count sources[VD_SOURCE_ALIVE + 1] = {0};
    size_t pixels = pixels_of(k->s);
    for (int i = 0; i < k->s.rows && !k->c->reading; ++i)
        for (int p = 0; p < k->s.channels; ++p)
            if (!k->used[p]) k->used[p] = (uint8_t)has_weights(pixels, w + ((size_t)i * k->s.channels + p) * pixels);
    for (int p = 0; p < k->s.channels; ++p) {
        int source = k->source[p];
        vd_count *context = sources + (source < VD_SOURCE_ALIVE ? source : VD_SOURCE_ALIVE);
        k->used[p] = (uint8_t)vd_code_mixed(k->c, k->mixing, &kind, 1, &context, k->used[p]);
    }
}

/* those of a weight that are coded before it; 0 outside of the map */
typedef struct {
    float left, up, up_left, up_right;
} neighbours;

/* the weight at (y, x) of a channel's map, 0 outside */
static float weight_at(vd_row_shape s, const float *map, int y, int x)
{
    return y < 0 || x < 0 || x >= s.width ? 0 : map[y * s.width + x];
}

static neighbours neighbours_of(vd_row_shape s, const float *map, int y, int x)
{
    return (neighbours){weight_at(s, map, y, x - 1), weight_at(s, map, y - 1, x), weight_at(s, map, y - 1, x - 1),
                        weight_at(s, map, y - 1, x + 1)};
}

/* which of them are not 0, a bit for each */
static int given_beside(neighbours b)
{
    return !vd_is_zero(b.left) + 2 * !vd_is_zero(b.up) + 4 * !vd_is_zero(b.up_left) + 8 * !vd_is_zero(b.up_right);
}

static int sign_number(float x)
{
    return vd_is_zero(x) ? 0 : x < 0 ? 1 : 2;
}

/* 0: none, 1, 2, or more steps; of floats 0 or 1 */
static int size_number(vd_form form, float x)
{
    if (vd_is_zero(x) || form.mantissa != VD_INTEGERS) return !vd_is_zero(x);
    int n = abs(integer_of(form, x));
    return n < SIZES ? n : SIZES - 1;
}

static value_contexts value_contexts_of(coding *k, neighbours b)
{
    int left = size_number(k->values->form, b.left), up = size_number(k->values->form, b.up);
    return (value_contexts){.sign = &k->value.sign[sign_number(b.left)][sign_number(b.up)],
                            .row = k->value.row,
                            .beside = k->value.beside[left > up ? left : up]};
}

/* whether there is a weight, and which; returns 0 for bits that cannot have been written */
static int code_place(coding *k, int channel, float *map, int y, int x)
{
    int pixel = y * k->s.width + x;
    float *w = map + pixel;
    neighbours b = neighbours_of(k->s, map, y, x);
    vd_count *contexts[PLACE_CONTEXTS] = {
        [ROW] = &k->place.row,
        [COLUMN] = k->place.column + (size_t)channel * pixels_of(k->s) + pixel,
        [CHANNEL] = k->place.channel + channel,
        [PIXEL] = k->place.pixel + pixel,
        [BESIDE] = k->place.beside + given_beside(b),
        [SOURCE] = k->place.source + k->source[channel],
    };
    if (!vd_code_mixed(k->c, k->mixing, &k->given, PLACE_CONTEXTS, contexts, !vd_is_zero(*w))) return 1;
    float value = code_value(k->values, value_contexts_of(k, b), *w);
    if (k->c->reading) *w = value;
    return isfinite(value) && !vd_is_zero(value);
}

static int code_row(coding *k, float *row)
{
    vd_row_shape s = k->s;
    begin_row(k);
    for (int p = 0; p < s.channels; ++p) {
        float *map = row + (size_t)p * pixels_of(s);
        if (!k->used[p]) continue;
        for (int i = 0; i < pixels_of(s); ++i)
            if (!code_place(k, p, map, i / s.width, i % s.width)) return 0;
    }
    return 1;
}

int vd_code_weights(vd_coder *c, const vd_mixing *mixing, vd_form form, vd_row_shape s, const uint8_t *alive,
                    const uint8_t *source, float *w)
{
    coding k = begin_coding(c, mixing, form, s, source);
    int possible = 1;
    code_used(&k, w);
    for (int i = 0; i < s.rows && possible; ++i)
        if (alive[i]) possible = code_row(&k, w + (size_t)i * s.channels * pixels_of(s));
    end_coding(&k);
    return possible;
}
