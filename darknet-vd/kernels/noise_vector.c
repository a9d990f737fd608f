/* Noise: Philox, Box-Muller, and its way into outputs. The Makefile builds this file once for each instruction set,
 * named by VD_VARIANT. */
#include "kernels/approx.h"
#include "kernels/lanes.h"
#include "kernels/philox.h"
#include "kernels/variant.h"

#define LANES VD_NOISE_LANES
#define LN_2 .693147181f

/* blocks computed at once: too many for the compiler to unroll, so that it vectorises the loops over them */
enum { BLOCKS = 4 * LANES, GROUP = 4 * BLOCKS };

/* vd_philox() on blocks first .. first + BLOCKS - 1: r[k][b] is output k */
#ifdef __AVX512F__
/* Each 64-bit lane holds one word, as the products need it, so that a round is six instructions without a shuffle; the
 * upper halves are ignored. Even and odd blocks are in registers of their own and are joined at the end */
static inline void philox_blocks(vd_noise_key key, uint32_t first, uint32_t r[4][BLOCKS])
{
    const __m512i m0 = _mm512_set1_epi64(VD_PHILOX_M0), m1 = _mm512_set1_epi64(VD_PHILOX_M1);
    const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    for (int b = 0; b < BLOCKS; b += 16) {
        __m512i c[2][4];
        for (int odd = 0; odd < 2; ++odd) {
            c[odd][0] = _mm512_add_epi64(even, _mm512_set1_epi64((long long)first + b + odd));
            c[odd][1] = _mm512_set1_epi64(vd_philox_counter1(key));
            c[odd][2] = _mm512_set1_epi64((long long)key.image);
            c[odd][3] = _mm512_set1_epi64((long long)(key.image >> 32));
        }
        uint32_t k0 = (uint32_t)key.seed, k1 = (uint32_t)(key.seed >> 32);
        for (int round = 0; round < VD_PHILOX_ROUNDS; ++round, k0 += VD_PHILOX_W0, k1 += VD_PHILOX_W1) {
            __m512i key0 = _mm512_set1_epi64(k0), key1 = _mm512_set1_epi64(k1);
            for (int odd = 0; odd < 2; ++odd) {
                __m512i *w = c[odd], p0 = _mm512_mul_epu32(m0, w[0]), p1 = _mm512_mul_epu32(m1, w[2]);
                w[0] = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(p1, 32), w[1]), key0);
                w[2] = _mm512_xor_si512(_mm512_xor_si512(_mm512_srli_epi64(p0, 32), w[3]), key1);
                w[1] = p1;
                w[3] = p0;
            }
        }
        for (int k = 0; k < 4; ++k)
            _mm512_storeu_si512(r[k] + b, _mm512_mask_blend_epi32(0xaaaa, c[0][k], _mm512_slli_epi64(c[1][k], 32)));
    }
}
#else
static inline void philox_blocks(vd_noise_key key, uint32_t first, uint32_t r[4][BLOCKS])
{
    uint32_t k0 = (uint32_t)key.seed, k1 = (uint32_t)(key.seed >> 32);
    for (uint32_t b = 0; b < BLOCKS; ++b) {
        r[0][b] = first + b;
        r[1][b] = vd_philox_counter1(key);
        r[2][b] = (uint32_t)key.image;
        r[3][b] = (uint32_t)(key.image >> 32);
    }
    for (int round = 0; round < VD_PHILOX_ROUNDS; ++round) {
        for (int b = 0; b < BLOCKS; ++b) {
            uint64_t p0 = (uint64_t)VD_PHILOX_M0 * r[0][b], p1 = (uint64_t)VD_PHILOX_M1 * r[2][b];
            r[0][b] = (uint32_t)(p1 >> 32) ^ r[1][b] ^ k0;
            r[2][b] = (uint32_t)(p0 >> 32) ^ r[3][b] ^ k1;
            r[1][b] = (uint32_t)p1;
            r[3][b] = (uint32_t)p0;
        }
        k0 += VD_PHILOX_W0;
        k1 += VD_PHILOX_W1;
    }
}
#endif

/* Box-Muller: sqrt(-2 log u) (cos, sin)(2 pi v), u in (0, 1], v in [-1/2, 1/2) */
static inline void box_muller(const uint32_t *restrict u, const uint32_t *restrict v, float *restrict x,
                              float *restrict y)
{
    for (int b = 0; b < BLOCKS; ++b) {
        float sine, cosine, whole, part = vd_log2(vd_noise_uniform(u[b]), &whole);
        float radius = sqrtf(-2 * LN_2 * (whole + part));
        vd_sincos_turns(v[b], &sine, &cosine);
        x[b] = radius * cosine;
        y[b] = radius * sine;
    }
}

/* numbers i .. i + GROUP - 1 of a stream; 4 LANES divide i */
static __attribute__((noinline)) void normals(vd_noise_key key, size_t i, float *eps)
{
    uint32_t r[4][BLOCKS];
    float normal[4][BLOCKS];
    philox_blocks(key, (uint32_t)(i / 4), r);
    box_muller(r[0], r[1], normal[0], normal[1]);
    box_muller(r[2], r[3], normal[2], normal[3]);
    /* LANES of output k after LANES of output k - 1 */
    for (int j = 0; j < GROUP; j += LANES)
        memcpy(eps + j, normal[j / LANES % 4] + j / (4 * LANES) * LANES, LANES * sizeof(float));
}

void VARIANT(vd_noise)(vd_noise_key key, size_t n, float *eps)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP) normals(key, i, eps + i);
    if (i == n) return;
    float last[GROUP];
    normals(key, i, last);
    memcpy(eps + i, last, (n - i) * sizeof(float));
}

VD_INLINE void sample_lanes(size_t n, const float *eps, float *var, float *out)
{
    vd_lanes e = vd_lanes_load(n, eps), v = vd_lanes_load(n, var) + VD_VARIANCE_EPS, inverse = vd_lanes_rsqrt(v);
    vd_lanes_store(n, out, vd_lanes_load(n, out) + v * inverse * e);
    vd_lanes_store(n, var, .5f * e * inverse);
}

void VARIANT(vd_sample)(size_t n, const float *eps, float *var, float *out)
{
    size_t i = 0;
    for (; i + VD_WIDTH <= n; i += VD_WIDTH) sample_lanes(VD_WIDTH, eps + i, var + i, out + i);
    if (i < n) sample_lanes(n - i, eps + i, var + i, out + i);
}

void VARIANT(vd_add_noise)(vd_noise_key key, size_t first, size_t n, float *var, float *out)
{
    float eps[GROUP];
    size_t skip = first % (4 * LANES), at = first - skip;
    for (; n; at += GROUP, skip = 0) {
        size_t m = n < GROUP - skip ? n : GROUP - skip;
        normals(key, at, eps);
        VARIANT(vd_sample)(m, eps + skip, var, out);
        var += m;
        out += m;
        n -= m;
    }
}
