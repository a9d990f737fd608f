/* In what order numbers are chosen:
 *
 *     ranges of maps    from the calibration                                                       calibrate()
 *     limits of maps    from the last stage to the first: what the sums of all readers allow       set_limits()
 *     steps of maps     range / limit; then stage by stage, as a stage may need a larger one       quantise_stage()
 *
 * and for a product, whose y = ((sum >> before) + offset) gain >> after, three searches, one in the other:
 *
 *     step of y         the map's, doubled until there are shifts with which y stays in 32 bits    quantise_product()
 *     shift             before + after: the largest gain becomes 128 to 255;                       shift_of()
 *                       gains give weights                                                         set_gains()
 *     before            the least with which y stays in 32 bits, then more until the offsets are   scale_product()
 *                       of 16 bits; each gives other offsets                                       set_offsets() */
#include "export/c/quantise.h"
#include "export/c/entries.h"
#include "export/c/interpret.h"
#include "base/fail.h"
#include "layer/activation.h"

#include <math.h>
#include <stdlib.h>

#include "activations.h"

enum {
    LARGEST_WEIGHT = 127,
    LARGEST_GAIN = 255,
    LARGEST_VALUE = 32767,
    LARGEST_BYTE = 255, /* of values of 8 bits */
    LEAST_LIMIT = 255,  /* as many levels as the input has */
    ONE = 1 << 14,      /* of a ratio */
    MOST_SHIFT = 30,
    LEAST_AFTER = 7,   /* a unit before the gain is then one or two of y, of 32767 */
    LEAST_AFTER_8 = 13 /* ..., a 64th of one, of 255 */
};

/* ---- what there is integer arithmetic for ---- */

/* by limits, by a tenth, or by a table */
static int is_known(ACTIVATION a)
{
    static const ACTIVATION known[] = {LINEAR, RELU, RELU6, HARDTAN, LEAKY, LOGISTIC, LOGGY,
                                       TANH,   ELU,  SELU,  SWISH,   MISH,  GELU,     HARD_MISH};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); ++i)
        if (a == known[i]) return 1;
    return 0;
}

static int has_curve(ACTIVATION a)
{
    return a != LINEAR && a != RELU && a != RELU6 && a != HARDTAN && a != LEAKY;
}

static int is_negative(ACTIVATION a)
{
    return a != RELU && a != RELU6 && a != LOGISTIC;
}

static int is_activated(const vd_c_stage *s)
{
    return s->kind == VD_C_PRODUCT || s->kind == VD_C_SUM || s->kind == VD_C_ACTIVATE;
}

/* of n numbers; in float: gcc 12 for arm64 cannot compile this loop in double at -O3 */
static float largest_magnitude(const float *w, size_t n)
{
    float largest = 0;
    for (size_t k = 0; k < n; ++k) largest = fmaxf(largest, fabsf(w[k]));
    return largest;
}

/* a bound of the sum of magnitudes of a filter's integers, whatever step not below largest / 127 they get */
static double magnitudes(const float *w, int n)
{
    double largest = largest_magnitude(w, n), sum = 0;
    for (int k = 0; k < n; ++k)
        if (w[k] != 0) sum += fabsf(w[k]) / largest * LARGEST_WEIGHT + .5;
    return sum;
}

/* the largest input for which no sum of the product leaves 32 bits */
static int32_t input_limit(const vd_c_plan *p, const vd_c_stage *s)
{
    const vd_model_layer *l = p->m->layers + s->layer;
    double most = 1;
    for (int f = 0; f < l->filters; ++f) most = fmax(most, magnitudes(l->weights + (size_t)f * l->columns, l->columns));
    return (int32_t)fmin(LARGEST_VALUE, floor(INT32_MAX / most));
}

static void refuse_activation(const vd_c_plan *p, const vd_c_stage *s, const char *cfg)
{
    int i = p->m->layers[s->layer].activated_by;
    const char *section = p->m->layers[i].section, *name = get_activation_string(s->activation);
    if (!is_known(s->activation))
        vd_die("%s: layer %d [%s]: activation=%s is not written with -int8: leave out -int8", cfg, i, section, name);
    if (p->value_bits == 8 && !s->wide && is_negative(s->activation))
        vd_die(
            "%s: layer %d [%s]: activation=%s gives negative numbers, which -values 8 cannot hold: leave out -values 8",
            cfg, i, section, name);
}

void vd_c_refuse_int8(const vd_c_plan *p, const char *cfg)
{
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        if (is_activated(s)) refuse_activation(p, s, cfg);
        if (s->kind == VD_C_PRODUCT && input_limit(p, s) < LEAST_LIMIT)
            vd_die("%s: layer %d [%s]: a filter has so many weights that its sums need more than 32 bits: leave out "
                   "-int8",
                   cfg, s->layer, p->m->layers[s->layer].section);
    }
}

/* ---- limits ---- */

static int hands_on_steps(const vd_c_stage *s)
{
    return s->kind == VD_C_POOL || s->kind == VD_C_MEAN || s->kind == VD_C_REPEAT || s->kind == VD_C_REORDER ||
           (s->kind == VD_C_ACTIVATE && !has_curve(s->activation));
}

static void lower(int32_t *limit, int32_t to)
{
    if (*limit > to) *limit = to;
}

/* from the last stage to the first, as a map that is made without arithmetic has the integers of the one it reads */
static void set_limits(vd_c_plan *p)
{
    for (int k = 0; k < p->n_maps; ++k) p->maps[k].limit = p->value_bits == 8 ? LARGEST_BYTE : LARGEST_VALUE;
    for (int k = p->n - 1; k >= 0; --k) {
        const vd_c_stage *s = p->stages + k;
        vd_c_map *m = p->maps + s->in[0].map;
        if (s->wide) p->maps[s->out].limit = LARGEST_VALUE;
        if (s->kind == VD_C_PRODUCT) lower(&m->limit, input_limit(p, s));
        if (hands_on_steps(s)) lower(&m->limit, p->maps[s->out].limit);
        if (s->kind == VD_C_MEAN) lower(&m->limit, (INT32_MAX / 2) / (m->h * m->w));
    }
}

/* all heads have one step, so that one number scales the output */
static void make_answers_alike(vd_c_plan *p)
{
    double range = 0;
    int32_t limit = LARGEST_VALUE;
    for (int pass = 0; pass < 2; ++pass)
        for (int k = 0; k < p->n; ++k) {
            vd_c_map *m = p->maps + p->stages[k].in[0].map;
            if (p->stages[k].kind != VD_C_ANSWER) continue;
            if (pass) m->range = range, m->limit = limit;
            range = fmax(range, m->range);
            lower(&limit, m->limit);
        }
}

/* ---- activations ---- */

/* beyond it a function by a table is flat on both sides; 0: it is not */
static double flat_beyond(ACTIVATION a)
{
    return a == LOGISTIC || a == LOGGY ? 12 : a == TANH ? 6 : 0;
}

/* the step of y before the activation. A table has places up to 32767 of them; beyond it the function is flat or
 * straight */
static double step_before(ACTIVATION a, const vd_c_map *out)
{
    if (!has_curve(a)) return out->step;
    double flat = flat_beyond(a), reach = flat ? flat : fmax(out->step * out->limit, 8);
    return reach / LARGEST_VALUE;
}

static int32_t rounded(double x, int32_t limit)
{
    return (int32_t)fmax(-limit, fmin(limit, round(x)));
}

/* step: of y before the activation */
static void set_bend(vd_c_stage *s, const vd_c_map *out, double step)
{
    ACTIVATION a = s->activation;
    s->low = !is_negative(a) ? 0 : a == HARDTAN ? rounded(-1 / out->step, out->limit) : -out->limit;
    s->high = a == RELU6     ? rounded(6 / out->step, out->limit)
              : a == HARDTAN ? rounded(1 / out->step, out->limit)
                             : out->limit;
    if (!has_curve(a)) return;
    free(s->curve);
    s->curve = vd_calloc(VD_C_CURVE, sizeof(int16_t));
    for (int i = 0; i < VD_C_CURVE; ++i) {
        float y = (float)((256 * i - 32768) * step);
        vd_activate(a, 1, &y);
        s->curve[i] = (int16_t)rounded(y / out->step, out->limit);
    }
}

/* ---- products ---- */

/* a product whose weights and biases become integers, and the maps around it */
typedef struct {
    const vd_model_layer *l;
    double from, to;  /* steps of the map that is read; of y before the activation */
    int32_t limit;    /* of the map that is read */
    int32_t to_limit; /* of the one that is made */

    /* of the last shifts that were tried */
    int8_t *weights;  /* [filters][columns] */
    uint8_t *gains;   /* [filters] */
    int32_t *offsets; /* [filters] */
} scaling;

/* one way to divide the shift */
typedef struct {
    int fits;          /* 1: y stays in 32 bits for all filters; 0: nothing else is set */
    int before, after; /* what is in front of the offset, and behind the gain */
    int is_short;      /* offsets are of 16 bits */
    int64_t bound;     /* no sum of products is larger */
} shifts;

static void set_gains(const scaling *q, int shift)
{
    for (int f = 0; f < q->l->filters; ++f) {
        const float *w = q->l->weights + (size_t)f * q->l->columns;
        double largest = largest_magnitude(w, q->l->columns);
        double gain = ceil(ldexp(largest / LARGEST_WEIGHT * q->from / q->to, shift) - 1e-9);
        q->gains[f] = (uint8_t)fmax(1, fmin(LARGEST_GAIN, gain));
        double step = ldexp(q->gains[f], -shift) * q->to / q->from;
        for (int k = 0; k < q->l->columns; ++k)
            q->weights[(size_t)f * q->l->columns + k] = (int8_t)rounded(w[k] / step, LARGEST_WEIGHT);
    }
}

/* log2 of what makes the largest gain 128 to 255; less than 0: that is not possible */
static int shift_of(const scaling *q)
{
    double largest = largest_magnitude(q->l->weights, (size_t)q->l->filters * q->l->columns);
    if (largest == 0) return 0;
    double shift = floor(log2(LARGEST_GAIN / (largest / LARGEST_WEIGHT * q->from / q->to)));
    return (int)fmax(-1, fmin(MOST_SHIFT, shift));
}

/* offsets for one division of the shift */
static shifts set_offsets(const scaling *q, int before, int after)
{
    shifts z = {.fits = 1, .before = before, .after = after, .is_short = 1};
    for (int f = 0; f < q->l->filters; ++f) {
        const int8_t *w = q->weights + (size_t)f * q->l->columns;
        int64_t sum = 0;
        for (int k = 0; k < q->l->columns; ++k) sum += abs(w[k]);
        sum *= q->limit;
        double offset = round(ldexp(q->l->biases[f] / (q->gains[f] * q->to), after));
        double most = (ldexp((double)sum, -before) + 1 + fabs(offset)) * q->gains[f] + ldexp(1, after);
        if (sum > INT32_MAX || most > INT32_MAX) return (shifts){.fits = 0};
        q->offsets[f] = (int32_t)offset;
        z.is_short &= q->offsets[f] == (int16_t)q->offsets[f];
        if (sum > z.bound) z.bound = sum;
    }
    return z;
}

/* gains, weights and offsets for a step of y. More of the shift before the offset makes `most` and offsets smaller, so
 * that what fits does so for all larger `before` */
static shifts scale_product(const scaling *q)
{
    int shift = shift_of(q), before = 0, least_after = q->to_limit > LARGEST_BYTE ? LEAST_AFTER : LEAST_AFTER_8;
    shifts z = {.fits = 0};
    if (shift < 0) return z;
    set_gains(q, shift);
    for (; before <= shift && !z.fits; ++before) z = set_offsets(q, before, shift - before);
    while (z.fits && !z.is_short && z.after > least_after) z = set_offsets(q, z.before + 1, z.after - 1);
    return z;
}

static void refuse_sums(const vd_c_plan *p, const vd_c_stage *s, const char *cfg)
{
    vd_die("%s: layer %d [%s]: sums before activation=%s may be too large for integers: leave out -int8", cfg, s->layer,
           p->m->layers[s->layer].section, get_activation_string(s->activation));
}

/* a larger step of the map does not help where that before the activation is a constant: a logistic function must have
 * all sums below 2^31 12/32767, some 786,000 */
static void quantise_product(vd_c_plan *p, const char *cfg, vd_c_stage *s)
{
    const vd_model_layer *l = p->m->layers + s->layer;
    const vd_c_map *in = p->maps + s->in[0].map;
    vd_c_map *out = p->maps + s->out;
    scaling q = {.l = l,
                 .from = in->step,
                 .to = step_before(s->activation, out),
                 .limit = in->limit,
                 .to_limit = out->limit,
                 .weights = vd_calloc((size_t)l->filters * l->columns, 1),
                 .gains = s->gains = vd_calloc(s->filters, 1),
                 .offsets = s->offsets = vd_calloc(s->filters, sizeof(int32_t))};
    shifts z = scale_product(&q);
    while (!z.fits && !flat_beyond(s->activation) && isfinite(out->step *= 2)) {
        q.to = step_before(s->activation, out);
        z = scale_product(&q);
    }
    if (!z.fits) refuse_sums(p, s, cfg);
    s->before = z.before;
    s->after = z.after;
    s->bound = z.bound;
    set_bend(s, out, q.to);
    vd_c_make_integer_entries(p, s, q.weights);
    free(q.weights);
}

/* ---- other stages ---- */

static int32_t ratio_of(double from, double to)
{
    return (int32_t)lround(from / to * ONE);
}

/* no source has a larger step than the map, so that ratios are at most 1 */
static void quantise_join(vd_c_plan *p, vd_c_stage *s)
{
    vd_c_map *out = p->maps + s->out;
    out->step = 0;
    for (int k = 0; k < s->n_in; ++k) {
        const vd_c_map *m = p->maps + s->in[k].map;
        out->step = fmax(out->step, fmax(m->step, m->step * m->limit / out->limit));
    }
    for (int k = 0; k < s->n_in; ++k) s->factors[k] = ratio_of(p->maps[s->in[k].map].step, out->step);
}

static void quantise_sum(vd_c_plan *p, vd_c_stage *s)
{
    vd_c_map *out = p->maps + s->out;
    double a = p->maps[s->in[0].map].step, b = p->maps[s->in[1].map].step;
    double least = fmax(fmax(a, fabs((double)s->alpha) * a), fabs((double)s->beta) * b);
    out->step = fmax(out->step, least);
    double step = fmax(least, step_before(s->activation, out));
    s->factors[0] = ratio_of(s->alpha * a, step);
    s->factors[1] = ratio_of(s->beta * b, step);
    s->factors[2] = ratio_of(a, step);
    set_bend(s, out, step);
}

static void quantise_activation(vd_c_plan *p, vd_c_stage *s)
{
    const vd_c_map *in = p->maps + s->in[0].map;
    vd_c_map *out = p->maps + s->out;
    double step = in->step * in->limit / LARGEST_VALUE;
    s->factors[0] = has_curve(s->activation) ? ratio_of(in->step, step) : ONE;
    if (!has_curve(s->activation)) out->step = in->step;
    set_bend(s, out, step);
}

static void quantise_stage(vd_c_plan *p, const char *cfg, vd_c_stage *s)
{
    const vd_c_map *in = p->maps + s->in[0].map;
    if (hands_on_steps(s)) p->maps[s->out].limit = in->limit;
    if (s->kind == VD_C_PRODUCT) quantise_product(p, cfg, s);
    else if (s->kind == VD_C_JOIN) quantise_join(p, s);
    else if (s->kind == VD_C_SUM) quantise_sum(p, s);
    else if (s->kind == VD_C_ACTIVATE) quantise_activation(p, s);
    else if (s->kind == VD_C_REPEAT) p->maps[s->out].step = in->step * s->alpha, s->factors[0] = ONE;
    else if (s->kind != VD_C_ANSWER) p->maps[s->out].step = in->step;
}

static void calibrate(vd_c_plan *p, int n, const float *pictures, double margin)
{
    float *output = vd_calloc(p->outputs, sizeof(float));
    double *largest = vd_calloc(p->n_maps, sizeof(double));
    for (int i = 0; i < n; ++i) vd_c_run_float(p, pictures + i * p->inputs, output, largest);
    for (int k = 0; k < p->n_maps; ++k) {
        double times = p->value_bits == 8 && !vd_c_low_bytes(p, k) ? VD_C_MARGIN_OF_BYTES : margin;
        p->maps[k].range = largest[k] > 0 ? times * largest[k] : 1;
    }
    free(output);
    free(largest);
}

void vd_c_quantise(vd_c_plan *p, const char *cfg, int n, const float *pictures, double margin)
{
    calibrate(p, n, pictures, margin);
    set_limits(p);
    make_answers_alike(p);
    for (int k = 0; k < p->n_maps; ++k) p->maps[k].step = p->maps[k].range / p->maps[k].limit;
    p->maps[0].step = 1 / 255.;
    p->maps[0].limit = 255;
    p->is_int8 = 1;
    for (int k = 0; k < p->n; ++k) quantise_stage(p, cfg, p->stages + k);
}

uint8_t *vd_c_pixels(size_t n, const float *x)
{
    uint8_t *pixels = vd_calloc(n, 1);
    for (size_t i = 0; i < n; ++i) pixels[i] = (uint8_t)lrintf(fmaxf(0, fminf(1, x[i])) * 255);
    return pixels;
}
