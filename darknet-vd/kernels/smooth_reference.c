#include "kernels/smooth.h"

#include <math.h>

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static double value(vd_smooth f, double x)
{
    switch (f) {
    case VD_MISH:
        return x * tanh(x > 20 ? x : log1p(exp(x)));
    case VD_SWISH:
        return x * logistic(x);
    case VD_GELU:
        return x * logistic(2 * (.797885 * x + .035677 * x * x * x));
    default:
        return x > 0 ? x : x > -2 ? x * x / 2 + x : 0;
    }
}

static double slope(vd_smooth f, double x)
{
    double s, t;
    switch (f) {
    case VD_MISH:
        t = tanh(x > 20 ? x : log1p(exp(x)));
        return t + x * (1 - t * t) * logistic(x);
    case VD_SWISH:
        s = logistic(x);
        return s + x * s * (1 - s);
    case VD_GELU:
        s = logistic(2 * (.797885 * x + .035677 * x * x * x));
        return s + x * s * (1 - s) * 2 * (.797885 + 3 * .035677 * x * x);
    default:
        return x > 0 ? 1 : x > -2 ? x + 1 : 0;
    }
}

static void forward(vd_smooth f, size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = (float)value(f, x[i]);
}

static void backward(vd_smooth f, size_t n, const float *x, float *d)
{
    for (size_t i = 0; i < n; ++i) d[i] *= (float)slope(f, x[i]);
}

const vd_smooth_kernels vd_smooth_kernels_c = {forward, backward};
