/* kernels/smooth.h: every table's activations of later Darknets, and their slopes, against formulas in double. */
#include "kernels/kernels.h"
#include "support/support.h"

#include <math.h>

enum { TABLES = VD_KERNELS_MOST, NUMBERS = 1501 };
static const vd_kernels *tables[TABLES];

/* derivatives by differences of what is tested, in double: the plain table computes in double inside */
static double value(vd_smooth f, double x)
{
    double s = 1 / (1 + exp(-x)), u = .797885 * x + .035677 * x * x * x;
    switch (f) {
    case VD_MISH:
        return x * tanh(log1p(exp(x)));
    case VD_SWISH:
        return x * s;
    case VD_GELU:
        return .5 * x * (1 + tanh(u));
    default:
        return x > 0 ? x : x > -2 ? x * x / 2 + x : 0;
    }
}

/* from -30 to 30, and far out */
static void fill(float *x)
{
    for (int i = 0; i < NUMBERS - 4; ++i) x[i] = -30 + 60.f * (float)i / (NUMBERS - 5);
    x[NUMBERS - 4] = -500, x[NUMBERS - 3] = 500, x[NUMBERS - 2] = 0, x[NUMBERS - 1] = -3e5f;
}

START_TEST(values_follow_the_formula)
{
    static float x[NUMBERS], y[NUMBERS];
    const vd_kernels *k = tables[_i / VD_SMOOTHS];
    vd_smooth f = (vd_smooth)(_i % VD_SMOOTHS);
    fill(x);
    k->smooth->forward(f, NUMBERS, x, y);
    for (int i = 0; i < NUMBERS; ++i) {
        double far = x[i] > 400 ? x[i] : x[i] < -400 ? 0 : value(f, x[i]);
        ck_assert_msg(close_to(y[i], far, 2e-6, 1e-6), "%s %d: f(%g) = %.9g, not %.9g", k->name, f, x[i], y[i], far);
    }
}
END_TEST

START_TEST(slopes_are_those_of_the_values)
{
    static float x[NUMBERS], d[NUMBERS];
    const vd_kernels *k = tables[_i / VD_SMOOTHS];
    vd_smooth f = (vd_smooth)(_i % VD_SMOOTHS);
    fill(x);
    for (int i = 0; i < NUMBERS; ++i) d[i] = 2;
    k->smooth->backward(f, NUMBERS, x, d);
    for (int i = 0; i < NUMBERS - 4; ++i) {
        double h = 1e-5, want = (value(f, x[i] + h) - value(f, x[i] - h)) / h;
        if (f == VD_HARD_MISH && (fabs(x[i]) < 1e-3 || fabs(x[i] + 2) < 1e-3)) continue; /* corners */
        ck_assert_msg(close_to(d[i], want, 1e-5, 1e-5), "%s %d: f'(%g) = %.9g, not %.9g", k->name, f, x[i], d[i] / 2,
                      want / 2);
    }
    ck_assert(close_to(d[NUMBERS - 4], 0, 0, 1e-6) && close_to(d[NUMBERS - 3], 2, 1e-6, 0));
}
END_TEST

/* as a network that diverges has them */
START_TEST(huge_inputs_are_0_or_themselves)
{
    const vd_kernels *k = tables[_i / VD_SMOOTHS];
    vd_smooth f = (vd_smooth)(_i % VD_SMOOTHS);
    for (int digits = 5; digits <= 20; ++digits) {
        const float far = powf(10, (float)digits), x[2] = {-far, far};
        float y[2], d[2] = {1, 1};
        k->smooth->forward(f, 2, x, y);
        k->smooth->backward(f, 2, x, d);
        ck_assert_msg(fabsf(y[0]) < 1e-10f && y[1] == far, "%s %d: f(+-%g) = %g, %g", k->name, f, far, y[0], y[1]);
        ck_assert_msg(fabsf(d[0]) < 1e-10f && close_to(d[1], 1, 1e-6, 0), "%s %d: f'(+-%g) = %g, %g", k->name, f, far,
                      d[0], d[1]);
    }
}
END_TEST

SUITE_OF(smooth)
{
    int n = vd_kernels_list(tables, TABLES);
    LOOP(values_follow_the_formula, n * VD_SMOOTHS);
    LOOP(slopes_are_those_of_the_values, n * VD_SMOOTHS);
    LOOP(huge_inputs_are_0_or_themselves, n * VD_SMOOTHS);
}
