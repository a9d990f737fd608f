/* smooth.h as loops that the compiler turns into vector code; built once for each instruction set. */
#include "kernels/smooth.h"
#include "kernels/approx.h"
#include "kernels/variant.h"

#define LOG2_E 1.44269504f

/* x between -limit and limit; NaN stays NaN */
static inline float within(float limit, float x)
{
    x = x < -limit ? -limit : x;
    return x > limit ? limit : x;
}

/* e^x of x between -80 and 40, beyond which mish does not change by more than rounding */
static inline float bounded_exp(float x)
{
    x = within(80, x);
    return vd_exp2(LOG2_E * (x > 40 ? 40 : x));
}

/* tanh(log(1 + e^x)) = n/(n + 2), n = e (e + 2), e = e^x */
static inline float mish_factor(float e)
{
    float n = e * (e + 2);
    return n / (n + 2);
}

static inline float logistic(float x)
{
    return 1 / (1 + vd_exp2(-LOG2_E * within(80, x)));
}

static inline float gelu_u(float x)
{
    return 2 * (.797885f * x + .035677f * x * x * x);
}

#define EACH(expression)             \
    for (size_t i = 0; i < n; ++i) { \
        float v = x[i];              \
        y[i] = (expression);         \
    }                                \
    return

static void forward(vd_smooth f, size_t n, const float *x, float *y)
{
    switch (f) {
    case VD_MISH:
        EACH(v * mish_factor(bounded_exp(v)));
    case VD_SWISH:
        EACH(v * logistic(v));
    case VD_GELU:
        EACH(v * logistic(gelu_u(v)));
    default:
        EACH(v > 0 ? v : v > -2 ? v * v / 2 + v : 0);
    }
}

/* t + x (1 - t^2) s(x), t = n/(n + 2), 1 - t^2 = 4 (1 + e)^2/(n + 2)^2 */
static inline float mish_slope(float x)
{
    float e = bounded_exp(x), n = e * (e + 2), inverse = 1 / (n + 2);
    return n * inverse + x * (4 * e * inverse) * ((1 + e) * inverse);
}

static inline float swish_slope(float x, float s, float inner)
{
    return s + x * s * (1 - s) * inner;
}

/* 0 below -12 and 1 above 12, but for rounding: there x^3 would outgrow what s (1 - s) can be */
static inline float gelu_slope(float x)
{
    x = within(12, x);
    return swish_slope(x, logistic(gelu_u(x)), 2 * (.797885f + 3 * .035677f * x * x));
}

static void backward(vd_smooth f, size_t n, const float *restrict x, float *restrict d)
{
    switch (f) {
    case VD_MISH:
        for (size_t i = 0; i < n; ++i) d[i] *= mish_slope(x[i]);
        return;
    case VD_SWISH:
        for (size_t i = 0; i < n; ++i) d[i] *= swish_slope(x[i], logistic(x[i]), 1);
        return;
    case VD_GELU:
        for (size_t i = 0; i < n; ++i) d[i] *= gelu_slope(x[i]);
        return;
    default:
        for (size_t i = 0; i < n; ++i) d[i] *= x[i] > 0 ? 1 : x[i] > -2 ? x[i] + 1 : 0;
    }
}

const vd_smooth_kernels VARIANT(vd_smooth_kernels) = {forward, backward};
