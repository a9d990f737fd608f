/* 2^x, log2, sine and cosine for loops that the compiler turns into vector code: no branches, no tables, no errno.
 * Minimax polynomials, as short as single precision allows; NaN stays NaN in all but the logarithm. */
#ifndef VD_KERNELS_APPROX_H
#define VD_KERNELS_APPROX_H

#include <stdint.h>

typedef union {
    float f;
    uint32_t u;
    int32_t i;
} vd_bits;

/* 2^x, -126 < x < 127; relative error under 2e-7 */
static inline float vd_exp2(float x)
{
    const float magic = 0x1.8p23f; /* adding it leaves no bits for a fraction: x is rounded to an integer */
    vd_bits n = {.f = x + magic}, scale = {.u = (n.u << 23) + 0x3f800000};
    float r = x - (n.f - magic);
    float p = 1.326472690e-3f;
    p = p * r + 9.671512661e-3f;
    p = p * r + 5.550733744e-2f;
    p = p * r + 2.402224208e-1f;
    p = p * r + 6.931469776e-1f;
    return (p * r + 1) * scale.f;
}

/* log2 x = *whole + the result, which is in [-1/2, 1/2]; x normal and positive. Relative error under 3e-7. The two are
 * returned apart because their sum would round the smaller one */
static inline float vd_log2(float x, float *whole)
{
    vd_bits b = {.f = x};
    b.i -= 0x3f3504f3; /* sqrt(1/2): the mantissa part lands in [sqrt(1/2), sqrt(2)) */
    *whole = (float)(b.i >> 23);
    b.i = (b.i & 0x7fffff) + 0x3f3504f3;
    float r = b.f - 1;
    float p = -1.454578861e-1f;
    p = p * r + 2.334352675e-1f;
    p = p * r - 2.487671647e-1f;
    p = p * r + 2.871956185e-1f;
    p = p * r - 3.602586743e-1f;
    p = p * r + 4.809182788e-1f;
    p = p * r - 7.213521867e-1f;
    return (p * r + 1.442695041f) * r;
}

/* sine and cosine of v/2^32 turns; absolute error under 2e-7 */
static inline void vd_sincos_turns(uint32_t v, float *sine, float *cosine)
{
    uint32_t near = v + 0x20000000; /* the two highest bits are the nearest quarter */
    float t = (float)(int32_t)(v - (near & 0xc0000000)) * 0x1p-32f, t2 = t * t;
    vd_bits s = {.f = t * (((-7.524006419e+1f * t2 + 8.158812464e+1f) * t2 - 4.134162804e+1f) * t2 + 6.283185220f)};
    vd_bits c = {.f = ((-8.366592070e+1f * t2 + 6.492322864e+1f) * t2 - 1.973916726e+1f) * t2 + 1};
    /* (s, c), (c, -s), (-s, -c), (-c, s) for the quarters 0, 1, 2, 3 */
    int swap = (near & 0x40000000) != 0;
    vd_bits a = swap ? c : s, b = swap ? s : c;
    a.u ^= near & 0x80000000;
    b.u ^= (near + 0x40000000) & 0x80000000;
    *sine = a.f;
    *cosine = b.f;
}

#endif
