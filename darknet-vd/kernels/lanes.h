/* Registers of floats, as wide as the instruction set of the file has them, for loops that take roots and reciprocals.
 * Where the processor estimates those, one Newton step on the estimate is up to three times as fast as its exact root
 * and division. On arm64, whose estimates have 8 bits, it is one step of the third order: an operation less than two of
 * Newton's. */
#ifndef VD_KERNELS_LANES_H
#define VD_KERNELS_LANES_H

#include <math.h>
#include <stddef.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define VD_WIDTH 16
#elif defined(__AVX2__)
#define VD_WIDTH 8
#else
#define VD_WIDTH 4
#endif

typedef float vd_lanes __attribute__((vector_size(4 * VD_WIDTH)));
typedef int vd_lanes_mask __attribute__((vector_size(4 * VD_WIDTH))); /* all ones: true */

/* the same at any address */
typedef float vd_lanes_in_memory __attribute__((vector_size(4 * VD_WIDTH), aligned(4), may_alias));

#define VD_INLINE static inline __attribute__((always_inline))

/* n <= VD_WIDTH numbers; the other lanes are 0. Of a whole register where the compiler knows n */
VD_INLINE vd_lanes vd_lanes_load(size_t n, const float *x)
{
    if (n == VD_WIDTH) return *(const vd_lanes_in_memory *)x;
#ifdef __AVX512F__
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), x);
#else
    vd_lanes part = {0};
    memcpy(&part, x, n * sizeof(float));
    return part;
#endif
}

VD_INLINE void vd_lanes_store(size_t n, float *to, vd_lanes x)
{
    if (n == VD_WIDTH) {
        *(vd_lanes_in_memory *)to = x;
        return;
    }
#ifdef __AVX512F__
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1), x);
#else
    memcpy(to, &x, n * sizeof(float));
#endif
}

VD_INLINE vd_lanes vd_lanes_of(float x)
{
    return (vd_lanes){0} + x;
}

/* x where it is larger; NaN stays NaN */
VD_INLINE vd_lanes vd_lanes_at_least(float least, vd_lanes x)
{
    vd_lanes limit = vd_lanes_of(least);
#if defined(__AVX512F__)
    return _mm512_max_ps(limit, x);
#elif defined(__AVX2__)
    return _mm256_max_ps(limit, x);
#elif defined(__SSE2__)
    return _mm_max_ps(limit, x);
#elif defined(__aarch64__)
    return vmaxq_f32(limit, x);
#else
    for (int i = 0; i < VD_WIDTH; ++i) x[i] = x[i] < limit[i] ? limit[i] : x[i];
    return x;
#endif
}

VD_INLINE vd_lanes vd_lanes_at_most(float most, vd_lanes x)
{
    vd_lanes limit = vd_lanes_of(most);
#if defined(__AVX512F__)
    return _mm512_min_ps(limit, x);
#elif defined(__AVX2__)
    return _mm256_min_ps(limit, x);
#elif defined(__SSE2__)
    return _mm_min_ps(limit, x);
#elif defined(__aarch64__)
    return vminq_f32(limit, x);
#else
    for (int i = 0; i < VD_WIDTH; ++i) x[i] = x[i] > limit[i] ? limit[i] : x[i];
    return x;
#endif
}

/* scale x, which is not negative, and at least about `least`, which is negligible beside all that is not 0; NaN stays
 * NaN. On arm64 an addition is part of the multiplication */
VD_INLINE vd_lanes vd_lanes_scaled_at_least(float least, float scale, vd_lanes x)
{
#ifdef __aarch64__
    return scale * x + least;
#else
    return vd_lanes_at_least(least, scale * x);
#endif
}

/* 0 where mask is true */
VD_INLINE vd_lanes vd_lanes_but(vd_lanes_mask mask, vd_lanes x)
{
    return (vd_lanes)(~mask & (vd_lanes_mask)x);
}

VD_INLINE vd_lanes vd_lanes_where(vd_lanes_mask mask, vd_lanes x, vd_lanes otherwise)
{
    return (vd_lanes)((mask & (vd_lanes_mask)x) | (~mask & (vd_lanes_mask)otherwise));
}

/* 1/sqrt(x), 1e-37 <= x <= 1e37: relative error under 4e-7; NaN stays NaN */
VD_INLINE vd_lanes vd_lanes_rsqrt(vd_lanes x)
{
#if defined(__aarch64__)
    vd_lanes y = vrsqrteq_f32(x), h = 1 - x * y * y; /* 1/sqrt(x) = y/sqrt(1 - h) */
    return y + y * h * (.5f + .375f * h);
#elif defined(__AVX2__)
#ifdef __AVX512F__
    vd_lanes y = _mm512_rsqrt14_ps(x);
#else
    vd_lanes y = _mm256_rsqrt_ps(x);
#endif
    return y * (1.5f - .5f * x * y * y);
#else
    for (int i = 0; i < VD_WIDTH; ++i) x[i] = 1 / sqrtf(x[i]);
    return x;
#endif
}

/* sqrt(x), 1e-37 <= x <= 1e37: relative error under 4e-7; NaN stays NaN. On arm64 it is an instruction that most
 * processors finish sooner than the six of an estimate; llvm-mca says so of Cortex-A53, A55 and three others, not of
 * A57, by a tenth of an update */
VD_INLINE vd_lanes vd_lanes_root(vd_lanes x)
{
#ifdef __aarch64__
    return vsqrtq_f32(x);
#else
    return x * vd_lanes_rsqrt(x);
#endif
}

/* 1/x, 1e-37 <= |x| <= 1e37: relative error under 3e-7; NaN stays NaN */
VD_INLINE vd_lanes vd_lanes_reciprocal(vd_lanes x)
{
#if defined(__aarch64__)
    vd_lanes y = vrecpeq_f32(x), h = 1 - x * y; /* 1/x = y/(1 - h) */
    return y + y * (h + h * h);
#elif defined(__AVX2__)
#ifdef __AVX512F__
    vd_lanes y = _mm512_rcp14_ps(x);
#else
    vd_lanes y = _mm256_rcp_ps(x);
#endif
    return y * (2 - x * y);
#else
    return 1 / x;
#endif
}

/* partial sums of a sum, whatever the width of the registers: the order of additions is the same in every table */
#define VD_SUM_LANES 64

static inline float vd_add_lanes(float *lanes)
{
    for (int lane = 0; lane < 32; ++lane) lanes[lane] += lanes[lane + 32];
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += lanes[lane + 16];
    for (int lane = 0; lane < 8; ++lane) lanes[lane] += lanes[lane + 8];
    for (int lane = 0; lane < 4; ++lane) lanes[lane] += lanes[lane + 4];
    return lanes[0] + lanes[2] + (lanes[1] + lanes[3]);
}

#endif
