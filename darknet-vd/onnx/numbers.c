/* Operators of one number, or of two in the same place. Where shapes differ, dimensions of 1 and missing ones in front
 * are repeated, as NumPy does. */
#include "onnx/operators.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- one number ---- */

/* a, b: what the operator's attributes say */
typedef double function(double x, double a, double b);

static void each(vd_onnx_call *c, function *f, double a, double b)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, -1);
    vd_onnx_make_like(c, x);
    for (size_t i = 0; i < x->n; ++i) c->out->real[i] = (float)f(x->real[i], a, b);
}

#define FUNCTION(name, formula)                      \
    static double name(double x, double a, double b) \
    {                                                \
        (void)a, (void)b;                            \
        return formula;                              \
    }

FUNCTION(relu, x > 0 ? x : 0)
FUNCTION(leaky, x > 0 ? x : a * x)
FUNCTION(logistic, 1 / (1 + exp(-x)))
FUNCTION(hyperbolic, tanh(x))
FUNCTION(elu, x > 0 ? x : a * expm1(x))
FUNCTION(selu, (x > 0 ? x : a * expm1(x)) * b)
FUNCTION(softplus, x > 30 ? x : log1p(exp(x)))
FUNCTION(mish, tanh(x > 30 ? x : log1p(exp(x))) * x)
FUNCTION(exponential, exp(x))
FUNCTION(opposite, -x)
FUNCTION(round_down, floor(x))
FUNCTION(between, (x < a) ? a : (x > b) ? b : x)
FUNCTION(hard_logistic, fmax(0, fmin(1, (a * x) + b)))
FUNCTION(hard_swish, fmax(0, fmin(1, x / 6 + .5)) * x)

static void run_relu(vd_onnx_call *c)
{
    each(c, relu, 0, 0);
}
static void run_leaky(vd_onnx_call *c)
{
    each(c, leaky, vd_onnx_real_of(c->node, "alpha", .01f), 0);
}
static void run_sigmoid(vd_onnx_call *c)
{
    each(c, logistic, 0, 0);
}
static void run_tanh(vd_onnx_call *c)
{
    each(c, hyperbolic, 0, 0);
}
static void run_elu(vd_onnx_call *c)
{
    each(c, elu, vd_onnx_real_of(c->node, "alpha", 1), 0);
}
static void run_selu(vd_onnx_call *c)
{
    each(c, selu, vd_onnx_real_of(c->node, "alpha", 1.67326319f), vd_onnx_real_of(c->node, "gamma", 1.05070102f));
}
static void run_softplus(vd_onnx_call *c)
{
    each(c, softplus, 0, 0);
}
static void run_mish(vd_onnx_call *c)
{
    each(c, mish, 0, 0);
}
static void run_exp(vd_onnx_call *c)
{
    each(c, exponential, 0, 0);
}
static void run_floor(vd_onnx_call *c)
{
    each(c, round_down, 0, 0);
}
static void run_hard_sigmoid(vd_onnx_call *c)
{
    each(c, hard_logistic, vd_onnx_real_of(c->node, "alpha", .2f), vd_onnx_real_of(c->node, "beta", .5f));
}
static void run_hard_swish(vd_onnx_call *c)
{
    each(c, hard_swish, 0, 0);
}

/* bounds are inputs, each of which may be left out; before opset 11 they were attributes */
static void run_clip(vd_onnx_call *c)
{
    double bound[2] = {vd_onnx_real_of(c->node, "min", -INFINITY), vd_onnx_real_of(c->node, "max", INFINITY)};
    for (int i = 0; i < 2; ++i) {
        if (i + 1 >= c->inputs || !c->in[i + 1]) continue;
        const vd_onnx_tensor *t = vd_onnx_real_input(c, i + 1, -1);
        if (t->n != 1) vd_onnx_fail(c, "input %d: one number is expected", i + 1);
        bound[i] = t->real[0];
    }
    each(c, between, bound[0], bound[1]);
}

/* ---- two numbers ---- */

static double add(double a, double b)
{
    return a + b;
}
static double subtract(double a, double b)
{
    return a - b;
}
static double multiply(double a, double b)
{
    return a * b;
}
static double divide(double a, double b)
{
    return a / b;
}
static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* steps[i]: by how many numbers a tensor goes on along dimension i of the output, 0 where its one is repeated */
static void steps_of(const vd_onnx_call *c, const vd_onnx_tensor *t, int rank, const int64_t *dims, size_t *steps)
{
    size_t step = 1;
    for (int i = rank - 1; i >= 0; --i) {
        int k = i - (rank - t->rank);
        int64_t d = k < 0 ? 1 : t->dims[k];
        if (d != 1 && d != dims[i])
            vd_onnx_fail(c, "dimension %d: %lld and %lld numbers, expected as many or 1", i, (long long)d,
                         (long long)dims[i]);
        steps[i] = d == 1 ? 0 : step;
        step *= (size_t)d;
    }
}

/* the shape that both are repeated to */
static int shape_of_both(const vd_onnx_tensor *a, const vd_onnx_tensor *b, int64_t *dims)
{
    int rank = a->rank > b->rank ? a->rank : b->rank;
    assert(rank >= 0 && rank <= VD_ONNX_RANK); /* as the reader makes them */
    for (int k = 0; k < rank; ++k) {
        int from_a = k - (rank - a->rank), from_b = k - (rank - b->rank);
        int64_t d = from_a < 0 ? 1 : a->dims[from_a], e = from_b < 0 ? 1 : b->dims[from_b];
        dims[k] = d == 1 ? e : d;
    }
    return rank;
}

/* two floats, or two integers, whose function fails where the result is none */
typedef struct {
    double (*real)(double, double);
    int (*integer)(int64_t, int64_t, int64_t *);
} function_of_two;

static void pair(vd_onnx_call *c, function_of_two f, size_t n, size_t i, size_t j)
{
    const vd_onnx_tensor *a = c->in[0], *b = c->in[1];
    if (a->real) c->out->real[n] = (float)f.real(a->real[i], b->real[j]);
    else if (!f.integer(a->integer[i], b->integer[j], c->out->integer + n)) vd_onnx_fail(c, "integers out of range");
}

static void pairs(vd_onnx_call *c, function_of_two f)
{
    const vd_onnx_tensor *a = vd_onnx_any_input(c, 0), *b = vd_onnx_any_input(c, 1);
    int64_t at[VD_ONNX_RANK] = {0};
    size_t step_a[VD_ONNX_RANK], step_b[VD_ONNX_RANK], i = 0, j = 0;
    vd_onnx_tensor like = {.type = a->type};
    if (c->inputs != 2) vd_onnx_fail(c, "%d inputs: 2 are expected", c->inputs);
    if ((a->real == 0) != (b->real == 0)) vd_onnx_fail(c, "two of floats, or two of integers, are expected");
    int rank = like.rank = shape_of_both(a, b, like.dims);
    const int64_t *dims = like.dims;
    steps_of(c, a, rank, dims, step_a);
    steps_of(c, b, rank, dims, step_b);
    vd_onnx_make_like(c, &like);
    for (size_t n = 0; n < c->out->n; ++n) {
        pair(c, f, n, i, j);
        for (int k = rank - 1; k >= 0; --k) { /* the next place */
            i += step_a[k], j += step_b[k];
            if (++at[k] < dims[k]) break;
            i -= step_a[k] * (size_t)dims[k], j -= step_b[k] * (size_t)dims[k];
            at[k] = 0;
        }
    }
}

static double sloped(double x, double slope)
{
    return x > 0 ? x : slope * x;
}

static int add_integers(int64_t a, int64_t b, int64_t *y)
{
    return !__builtin_add_overflow(a, b, y);
}
static int subtract_integers(int64_t a, int64_t b, int64_t *y)
{
    return !__builtin_sub_overflow(a, b, y);
}
static int multiply_integers(int64_t a, int64_t b, int64_t *y)
{
    return !__builtin_mul_overflow(a, b, y);
}
static int divide_integers(int64_t a, int64_t b, int64_t *y)
{
    if (b == 0 || (a == INT64_MIN && b == -1)) return 0;
    *y = a / b;
    return 1;
}
static int larger_integer(int64_t a, int64_t b, int64_t *y)
{
    *y = a > b ? a : b;
    return 1;
}
static int smaller_integer(int64_t a, int64_t b, int64_t *y)
{
    *y = a < b ? a : b;
    return 1;
}

static int no_integers(int64_t a, int64_t b, int64_t *y)
{
    (void)a, (void)b, (void)y;
    return 0;
}

static void run_prelu(vd_onnx_call *c)
{
    pairs(c, (function_of_two){sloped, no_integers});
}
static void run_add(vd_onnx_call *c)
{
    pairs(c, (function_of_two){add, add_integers});
}
static void run_sub(vd_onnx_call *c)
{
    pairs(c, (function_of_two){subtract, subtract_integers});
}
static void run_mul(vd_onnx_call *c)
{
    pairs(c, (function_of_two){multiply, multiply_integers});
}
static void run_div(vd_onnx_call *c)
{
    pairs(c, (function_of_two){divide, divide_integers});
}
static void run_max(vd_onnx_call *c)
{
    pairs(c, (function_of_two){larger, larger_integer});
}
static void run_neg(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    if (x->real) {
        each(c, opposite, 0, 0);
        return;
    }
    vd_onnx_make_like(c, x);
    for (size_t i = 0; i < x->n; ++i)
        if (!subtract_integers(0, x->integer[i], c->out->integer + i)) vd_onnx_fail(c, "integers out of range");
}
static void run_min(vd_onnx_call *c)
{
    pairs(c, (function_of_two){smaller, smaller_integer});
}

/* ---- rows ---- */

/* e^(x - m)/sum along one axis; before opset 13 over all numbers from the axis on */
static void run_softmax(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, -1);
    int axis = vd_onnx_axis_of(c, vd_onnx_integer_of(c->node, "axis", c->opset < 13 ? 1 : -1), x->rank);
    size_t n = (size_t)x->dims[axis], step = 1;
    for (int i = axis + 1; i < x->rank; ++i) step *= (size_t)x->dims[i];
    if (c->opset < 13) n *= step, step = 1;
    vd_onnx_make_like(c, x);
    for (size_t row = 0; n && row < x->n / n; ++row) {
        const float *from = x->real + row / step * step * n + row % step;
        float *to = c->out->real + (from - x->real), most = from[0];
        double sum = 0;
        for (size_t i = 1; i < n; ++i) most = fmaxf(most, from[i * step]);
        for (size_t i = 0; i < n; ++i) sum += exp((double)from[i * step] - most);
        for (size_t i = 0; i < n; ++i) to[i * step] = (float)(exp((double)from[i * step] - most) / sum);
    }
}

/* ---- integers ---- */

/* the place of number i along the axis, for scales of one a slice; 0 for one of all */
static size_t slice_of(const vd_onnx_tensor *x, int axis, size_t scales, size_t i)
{
    size_t step = 1;
    if (scales == 1) return 0;
    for (int k = axis + 1; k < x->rank; ++k) step *= (size_t)x->dims[k];
    return i / step % (size_t)x->dims[axis];
}

/* the scales' axis, where there is more than one; fails where they do not fit */
static int scales_axis(const vd_onnx_call *c, const vd_onnx_tensor *x, const vd_onnx_tensor *scale,
                       const vd_onnx_tensor *zero)
{
    if (scale->n == 1 && (!zero || zero->n == 1)) return 0;
    int axis = vd_onnx_axis_of(c, vd_onnx_integer_of(c->node, "axis", 1), x->rank);
    if (scale->n != (size_t)x->dims[axis] || (zero && zero->n != scale->n)) vd_onnx_fail(c, "scales that do not fit");
    return axis;
}

/* round(x / scale) + zero, ties to even, held in the range of the type of zero */
static void run_quantize(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, -1), *scale = vd_onnx_real_input(c, 1, -1);
    const vd_onnx_tensor *zero = c->inputs > 2 && c->in[2] ? vd_onnx_integer_input(c, 2) : 0;
    int axis = scales_axis(c, x, scale, zero);
    int is_signed = zero && zero->type == VD_ONNX_INT8, low = is_signed ? -128 : 0;
    vd_onnx_tensor like = *x;
    like.type = is_signed ? VD_ONNX_INT8 : VD_ONNX_UINT8;
    vd_onnx_make_like(c, &like);
    for (size_t i = 0; i < x->n; ++i) {
        size_t k = slice_of(x, axis, scale->n, i);
        double q = rint((double)(x->real[i] / scale->real[k])) + (zero ? (double)zero->integer[k] : 0);
        c->out->integer[i] = (int64_t)fmax(low, fmin(low + 255, q));
    }
}

static void run_dequantize(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_integer_input(c, 0), *scale = vd_onnx_real_input(c, 1, -1);
    const vd_onnx_tensor *zero = c->inputs > 2 && c->in[2] ? vd_onnx_integer_input(c, 2) : 0;
    int axis = scales_axis(c, x, scale, zero);
    vd_onnx_make_real(c, x->rank, x->dims);
    for (size_t i = 0; i < x->n; ++i) {
        size_t k = slice_of(x, axis, scale->n, i);
        c->out->real[i] = (float)((double)x->integer[i] - (zero ? (double)zero->integer[k] : 0)) * scale->real[k];
    }
}

/* between floats and integers of 32 and 64 bits; a fraction is cut off */
static void run_cast(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    vd_onnx_tensor like = *x;
    like.type = (vd_onnx_type)vd_onnx_integer_of(c->node, "to", 0);
    if (like.type != VD_ONNX_FLOAT && like.type != VD_ONNX_INT32 && like.type != VD_ONNX_INT64)
        vd_onnx_fail(c, "to=%d: 1, 6 or 7, floats or integers, is expected", like.type);
    vd_onnx_make_like(c, &like);
    for (size_t i = 0; i < x->n; ++i) {
        double most = like.type == VD_ONNX_INT32 ? 0x1p31 : 0x1p62;
        double number = x->real ? x->real[i] : (double)x->integer[i];
        if (c->out->real) c->out->real[i] = (float)number;
        else if (!(fabs(number) < most)) vd_onnx_fail(c, "%g is out of range", number);
        else c->out->integer[i] = x->real ? (int64_t)number : x->integer[i];
    }
}

const vd_onnx_operator vd_onnx_numbers[] = {
    {"Add", run_add},
    {"Cast", run_cast},
    {"Clip", run_clip},
    {"DequantizeLinear", run_dequantize},
    {"Div", run_div},
    {"Elu", run_elu},
    {"Exp", run_exp},
    {"Floor", run_floor},
    {"HardSigmoid", run_hard_sigmoid},
    {"HardSwish", run_hard_swish},
    {"LeakyRelu", run_leaky},
    {"Max", run_max},
    {"Min", run_min},
    {"Mish", run_mish},
    {"Mul", run_mul},
    {"Neg", run_neg},
    {"PRelu", run_prelu},
    {"QuantizeLinear", run_quantize},
    {"Relu", run_relu},
    {"Selu", run_selu},
    {"Sigmoid", run_sigmoid},
    {"Softmax", run_softmax},
    {"Softplus", run_softplus},
    {"Sub", run_sub},
    {"Sum", run_add},
    {"Tanh", run_tanh},
    {0, 0},
};
