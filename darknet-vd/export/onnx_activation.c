/* Activations as operators: y = f(x), the formulas of activations.h and kernels/smooth.h */
#include "export/onnx_graph.h"

#include <assert.h>

/* y = a * b, a + b */
static const char *product(vd_onnx_building *b, const char *y, const char *a, const char *factor)
{
    vd_onnx_add_node(b->g, "Mul", y, a, factor, (char *)0);
    return y;
}

static const char *sum(vd_onnx_building *b, const char *y, const char *a, const char *c)
{
    vd_onnx_add_node(b->g, "Add", y, a, c, (char *)0);
    return y;
}

static const char *one_node(vd_onnx_building *b, const char *type, const char *y, const char *x)
{
    vd_onnx_add_node(b->g, type, y, x, (char *)0);
    return y;
}

static void leaky(vd_onnx_building *b, float slope, const char *x, const char *y)
{
    one_node(b, "LeakyRelu", y, x);
    vd_onnx_set_real(b->g->node + b->g->nodes - 1, "alpha", slope);
}

/* max(x, low), at most high: high - relu(high - low - relu(x - low)). OpenCV 4.6 does not read the bounds of a Clip */
static const char *clip(vd_onnx_building *b, float low, float high, const char *x, const char *y)
{
    const char *from_low = x, *to_high = vd_onnx_name(b, "to_high");
    if (low != 0) from_low = sum(b, vd_onnx_name(b, "from_low"), x, vd_onnx_number(b, "low", -low));
    from_low = one_node(b, "Relu", vd_onnx_name(b, "above_low"), from_low);
    vd_onnx_add_node(b->g, "Sub", to_high, vd_onnx_number(b, "range", high - low), from_low, (char *)0);
    const char *below = one_node(b, "Relu", vd_onnx_name(b, "below_high"), to_high);
    vd_onnx_add_node(b->g, "Sub", y, vd_onnx_number(b, "high", high), below, (char *)0);
    return y;
}

static void elu(vd_onnx_building *b, const char *x, const char *y)
{
    one_node(b, "Elu", y, x);
    vd_onnx_set_real(b->g->node + b->g->nodes - 1, "alpha", 1);
}

static void selu(vd_onnx_building *b, const char *x, const char *y)
{
    one_node(b, "Selu", y, x);
    vd_onnx_node *node = b->g->node + b->g->nodes - 1;
    vd_onnx_set_real(node, "alpha", 1.6732f);
    vd_onnx_set_real(node, "gamma", 1.0507f);
}

/* slope x + gain clip(x, low, high) + shift: three straight pieces */
static void pieces(vd_onnx_building *b, float slope, float gain, float low, float high, float shift, const char *x,
                   const char *y)
{
    const char *middle = clip(b, low, high, x, vd_onnx_name(b, "clipped"));
    middle = product(b, vd_onnx_name(b, "middle"), middle, vd_onnx_number(b, "gain", gain));
    const char *line = product(b, vd_onnx_name(b, "line"), x, vd_onnx_number(b, "slope", slope));
    if (shift == 0) sum(b, y, line, middle);
    else sum(b, y, sum(b, vd_onnx_name(b, "pieces"), line, middle), vd_onnx_number(b, "shift", shift));
}

/* floor(x/2) + (floor(x) odd ? x - floor(x) : 0); floor(x) - 2 floor(x/2) is 1 where it is odd */
static void stair(vd_onnx_building *b, const char *x, const char *y)
{
    const char *half = product(b, vd_onnx_name(b, "half"), x, vd_onnx_number(b, "one_half", .5f));
    const char *pairs = one_node(b, "Floor", vd_onnx_name(b, "pairs"), half);
    const char *whole = one_node(b, "Floor", vd_onnx_name(b, "whole"), x);
    const char *twice = product(b, vd_onnx_name(b, "twice"), pairs, vd_onnx_number(b, "two", 2));
    const char *odd = vd_onnx_name(b, "odd"), *rest = vd_onnx_name(b, "rest");
    vd_onnx_add_node(b->g, "Sub", odd, whole, twice, (char *)0);
    vd_onnx_add_node(b->g, "Sub", rest, x, whole, (char *)0);
    sum(b, y, pairs, product(b, vd_onnx_name(b, "odd_rest"), odd, rest));
}

/* x s(x (1.59577 + .071354 x^2)), s the logistic function */
static void gelu(vd_onnx_building *b, const char *x, const char *y)
{
    const char *square = product(b, vd_onnx_name(b, "square"), x, x);
    const char *cubic = product(b, vd_onnx_name(b, "cubic"), square, vd_onnx_number(b, "cubic_gain", 2 * .035677f));
    const char *gain = sum(b, vd_onnx_name(b, "gain"), cubic, vd_onnx_number(b, "linear_gain", 2 * .797885f));
    const char *u = product(b, vd_onnx_name(b, "u"), x, gain);
    product(b, y, x, one_node(b, "Sigmoid", vd_onnx_name(b, "gate"), u));
}

/* max(x, 0) + t + t^2/2, t = x held between -2 and 0 */
static void hard_mish(vd_onnx_building *b, const char *x, const char *y)
{
    const char *t = clip(b, -2, 0, x, vd_onnx_name(b, "clipped"));
    const char *half = product(b, vd_onnx_name(b, "half"), t, vd_onnx_number(b, "one_half", .5f));
    const char *more = sum(b, vd_onnx_name(b, "more"), half, vd_onnx_number(b, "one", 1));
    const char *bend = product(b, vd_onnx_name(b, "bend"), t, more);
    sum(b, y, one_node(b, "Relu", vd_onnx_name(b, "above"), x), bend);
}

static void mish(vd_onnx_building *b, const char *x, const char *y)
{
    const char *soft = one_node(b, "Softplus", vd_onnx_name(b, "softplus"), x);
    product(b, y, x, one_node(b, "Tanh", vd_onnx_name(b, "gate"), soft));
}

/* 2 s(x) - 1 = tanh(x/2) */
static void loggy(vd_onnx_building *b, const char *x, const char *y)
{
    one_node(b, "Tanh", y, product(b, vd_onnx_name(b, "half"), x, vd_onnx_number(b, "one_half", .5f)));
}

static void ramp(vd_onnx_building *b, const char *x, const char *y)
{
    const char *line = product(b, vd_onnx_name(b, "line"), x, vd_onnx_number(b, "slope", .1f));
    sum(b, y, one_node(b, "Relu", vd_onnx_name(b, "above"), x), line);
}

void vd_onnx_activate(vd_onnx_building *b, ACTIVATION a, const char *x, const char *y)
{
    switch (a) {
    case LINEAR:
        assert(0);
        break;
    case LOGISTIC:
        one_node(b, "Sigmoid", y, x);
        break;
    case RELU:
        one_node(b, "Relu", y, x);
        break;
    case RELU6:
        clip(b, 0, 6, x, y);
        break;
    case RELIE:
        leaky(b, .01f, x, y);
        break;
    case LEAKY:
        leaky(b, .1f, x, y);
        break;
    case RAMP:
        ramp(b, x, y);
        break;
    case TANH:
        one_node(b, "Tanh", y, x);
        break;
    case PLSE: /* .125 x + .5 from -4 to 4, slope .01 outside */
        pieces(b, .01f, .115f, -4, 4, .5f, x, y);
        break;
    case LHTAN: /* x from 0 to 1, slope .001 outside */
        pieces(b, .001f, .999f, 0, 1, 0, x, y);
        break;
    case HARDTAN:
        clip(b, -1, 1, x, y);
        break;
    case ELU:
        elu(b, x, y);
        break;
    case SELU:
        selu(b, x, y);
        break;
    case LOGGY:
        loggy(b, x, y);
        break;
    case STAIR:
        stair(b, x, y);
        break;
    case SWISH:
        product(b, y, x, one_node(b, "Sigmoid", vd_onnx_name(b, "gate"), x));
        break;
    case MISH:
        mish(b, x, y);
        break;
    case HARD_MISH:
        hard_mish(b, x, y);
        break;
    case GELU:
        gelu(b, x, y);
        break;
    }
}
