/* exp, log, sine and cosine for loops that the compiler turns into vector code: no branches, no tables, no errno.
 * Polynomials are the Cephes library's (S. Moshier), single precision; relative error under 3e-7 on the ranges named.
 */
#ifndef VD_APPROX_H
#define VD_APPROX_H

#include <stdint.h>

typedef union {
    float f;
    int32_t i;
} vd_bits;

/* nearest integer of |x| < 2^22, as a float: 1.5 * 2^23 leaves no room for the fraction */
static inline float vd_nearest(float x)
{
    return (x + 0x1.8p23f) - 0x1.8p23f;
}

/* e^x, -87 < x < 88 */
static inline float vd_exp(float x)
{
    float n = vd_nearest(x * 1.44269504f);
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    vd_bits scale = {.i = (int32_t)((uint32_t)((int32_t)n + 127) << 23)};
    return (p * r * r + r + 1) * scale.f;
}

/* ln x, x normal and positive */
static inline float vd_log(float x)
{
    vd_bits b = {.f = x};
    int32_t shifted = b.i - 0x3f3504f3; /* sqrt(1/2): the mantissa part lands in [sqrt(1/2), sqrt(2)) */
    float e = (float)(shifted >> 23);
    b.i = (shifted & 0x7fffff) + 0x3f3504f3;
    float r = b.f - 1, r2 = r * r;
    float p = 7.0376836292e-2f;
    p = p * r - 1.1514610310e-1f;
    p = p * r + 1.1676998740e-1f;
    p = p * r - 1.2420140846e-1f;
    p = p * r + 1.4249322787e-1f;
    p = p * r - 1.6668057665e-1f;
    p = p * r + 2.0000714765e-1f;
    p = p * r - 2.4999993993e-1f;
    p = p * r + 3.3333331174e-1f;
    return (p * r * r2 - e * 2.12194440e-4f - .5f * r2) + r + e * .693359375f;
}

/* sine and cosine of 2 pi turns, |turns| <= 1/2 */
static inline void vd_sincos_turns(float turns, float *sine, float *cosine)
{
    float quarter = vd_nearest(4 * turns); /* -2..2 */
    float r = (turns - .25f * quarter) * 6.28318531f, r2 = r * r;
    float s = r + r * r2 * ((-1.9515295891e-4f * r2 + 8.3321608736e-3f) * r2 - 1.6666654611e-1f);
    float c =
        1 - .5f * r2 + r2 * r2 * ((2.443315711809948e-5f * r2 - 1.388731625493765e-3f) * r2 + 4.166664568298827e-2f);
    int32_t q = (int32_t)quarter;
    float a = q & 1 ? c : s, b = q & 1 ? s : c; /* (s, c), (c, -s), (-s, -c), (-c, s) for q = 0, 1, 2, 3 mod 4 */
    *sine = q & 2 ? -a : a;
    *cosine = (q + 1) & 2 ? -b : b;
}

#endif
