/* The kernels as loops without branches and libm calls, for the compiler to vectorise. The Makefile builds this file
 * once for each instruction set: VD_VARIANT names it. */
#include "kernels.h"
#include "approx.h"
#include "bf16.h"
#include "philox.h"

#include <float.h>
#include <math.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#define PASTE(a, b) a##b
#define TABLE(variant) PASTE(vd_kernels_, variant)
#define STRING(x) #x
#define NAME(x) STRING(x)

#define LANES VD_NOISE_LANES

#ifdef __AVX512F__
/* lanes [from, to) of 16 */
static inline __mmask16 lanes_between(int from, int to)
{
    from = from < 0 ? 0 : from > 16 ? 16 : from;
    to = to < from ? from : to > 16 ? 16 : to;
    return (__mmask16)((1u << to) - (1u << from));
}
#endif

/* what sums run in, whatever the width of the registers, so that the order of additions is the same in every table */
#define SUM_LANES 64

static inline float add_lanes(float *lanes)
{
    for (int lane = 0; lane < 32; ++lane) lanes[lane] += lanes[lane + 32];
    for (int lane = 0; lane < 16; ++lane) lanes[lane] += lanes[lane + 16];
    for (int lane = 0; lane < 8; ++lane) lanes[lane] += lanes[lane + 8];
    for (int lane = 0; lane < 4; ++lane) lanes[lane] += lanes[lane + 4];
    return lanes[0] + lanes[2] + (lanes[1] + lanes[3]);
}

#define LOG2_E 1.44269504f
#define LOG2_E_REST 1.925963033e-8f /* what rounding took from it: log_sigma2 may be 20 */
#define LN_2 .693147181f
#define LOG2_ALPHA_LIMIT (LOG2_E * VD_LOG_ALPHA_LIMIT)

/* log2 of sigma2 / (theta^2 + eps), not clipped: powers of two are what the functions above are made of */
static inline float log2_alpha(float theta, float log_sigma2)
{
    float t2 = theta * theta, whole, part = vd_log2(t2 + VD_THETA_EPS, &whole);
    float x = (LOG2_E * log_sigma2 - whole) + (LOG2_E_REST * log_sigma2 - part);
    return t2 == t2 ? x : t2; /* the logarithm has hidden a NaN */
}

static inline float clip(float limit, float x)
{
    x = x < -limit ? -limit : x;
    return x > limit ? limit : x;
}

static void log_alpha_v(size_t n, const float *restrict theta, const float *restrict log_sigma2, float *restrict out)
{
    for (size_t i = 0; i < n; ++i) out[i] = clip(VD_LOG_ALPHA_LIMIT, LN_2 * log2_alpha(theta[i], log_sigma2[i]));
}

static size_t mask_v(size_t n, const float *restrict theta, const float *restrict log_sigma2, float threshold,
                     float *restrict masked)
{
    size_t kept = 0;
    log_alpha_v(n, theta, log_sigma2, masked);
    for (size_t i = 0; i < n; ++i) masked[i] = masked[i] < threshold ? theta[i] : 0;
    for (size_t i = 0; i < n; ++i) kept += masked[i] != 0;
    return kept;
}

/* variance_kl of m <= KL_BLOCK weights. Short loops, because a long one needs more registers than there are */
enum { KL_ROWS = 8, KL_BLOCK = KL_ROWS * SUM_LANES };

static float variance_kl_block(size_t m, const float *restrict theta, const float *restrict log_sigma2,
                               float *restrict sigma2, float *restrict d_kl)
{
    float log2_alphas[KL_BLOCK], unclipped[KL_BLOCK], rest[KL_BLOCK], one_more[KL_BLOCK], lanes[SUM_LANES];
    for (size_t p = 0; p < m; ++p) {
        float x = log2_alpha(theta[p], log_sigma2[p]), clipped = clip(LOG2_ALPHA_LIMIT, x);
        log2_alphas[p] = clipped;
        unclipped[p] = x < clipped || x > clipped ? 0 : 1;
    }
    for (size_t p = 0; p < m; ++p) {
        float inverse = vd_exp2(-log2_alphas[p]); /* 1/alpha */
        float e = vd_exp2(-VD_K3 * log2_alphas[p] - LOG2_E * VD_K2);
        /* s = 1/(1 + e),  q = alpha/(1 + alpha) = 1/(1 + 1/alpha),  alpha: one division for the three */
        float s_inverse = 1 + e, q_inverse = 1 + inverse, both = s_inverse * q_inverse;
        float r = 1 / (both * inverse), ri = r * inverse;
        float s = ri * q_inverse, q = ri * s_inverse;
        sigma2[p] = r * both * (theta[p] * theta[p]);
        rest[p] = VD_K1 * (e * s); /* k1 - k1 s;  s (1 - s) = e s^2 without cancellation */
        d_kl[p] = -unclipped[p] * (rest[p] * (VD_K3 * s) + .5f * inverse * q);
        one_more[p] = q_inverse;
    }
    for (size_t p = m; p < KL_BLOCK; ++p) rest[p] = 0, one_more[p] = 1;
    for (int lane = 0; lane < SUM_LANES; ++lane) {
        /* a sum of logarithms is the logarithm of the product, at most (1 + e^8)^8 */
        float product = 1, sum = 0;
        for (int row = 0; row < KL_ROWS; ++row) {
            product *= one_more[row * SUM_LANES + lane];
            sum += rest[row * SUM_LANES + lane];
        }
        float whole, part = vd_log2(product, &whole);
        lanes[lane] = sum + .5f * LN_2 * (whole + part);
    }
    return add_lanes(lanes);
}

static double variance_kl_v(size_t n, const float *restrict theta, const float *restrict log_sigma2,
                            float *restrict sigma2, float *restrict d_kl)
{
    double sum = 0; /* of blocks summed in float */
    size_t i = 0;
    for (; i + KL_BLOCK <= n; i += KL_BLOCK)
        sum += variance_kl_block(KL_BLOCK, theta + i, log_sigma2 + i, sigma2 + i, d_kl + i);
    return i < n ? sum + variance_kl_block(n - i, theta + i, log_sigma2 + i, sigma2 + i, d_kl + i) : sum;
}

/* forward was sigma2 = alpha theta^2 and KL(log_alpha), log_alpha = clip(log_sigma2 - log(theta^2 + eps)). Both parts
 * of d_theta over the denominator theta (theta^2 + eps); under tiny they are nothing, and 1/theta would be infinite */
static void posterior_backward_v(size_t n, const float *restrict theta, const float *restrict sigma2,
                                 const float *restrict d_kl, float kl_scale, float *restrict d_theta,
                                 float *restrict d_log_sigma2)
{
    const float tiny = 1e-20f;
    for (size_t i = 0; i < n; ++i) {
        float t = theta[i], t2 = t * t, t2_eps = t2 + VD_THETA_EPS;
        float d = d_log_sigma2[i] * sigma2[i], d_log_alpha = kl_scale * d_kl[i];
        int clipped = d_kl[i] == 0;
        float r = fabsf(t) < tiny ? 0 : 2 / (t * t2_eps);
        d_theta[i] += r * (d * (clipped ? t2_eps : VD_THETA_EPS) - d_log_alpha * t2);
        d_log_sigma2[i] = clipped ? 0 : d + d_log_alpha;
    }
}

/* blocks made at once: more than the compiler unrolls, so that it vectorises the loops over them */
enum { BLOCKS = 4 * LANES };

/* vd_philox() on blocks first .. first + BLOCKS - 1: r[k][b] is output k */
#ifdef __AVX512F__
/* 64-bit lanes hold one word each, as the products do, so that a round is six instructions and no shuffle; their upper
 * halves are ignored. Even and odd blocks lie in registers of their own and are put together in the end */
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

static void noise_v(vd_noise_key key, size_t n, float *eps)
{
    for (size_t i = 0; i < n; i += 4 * BLOCKS) {
        uint32_t r[4][BLOCKS];
        float normal[4][BLOCKS], last[4 * BLOCKS], *out = n - i < 4 * BLOCKS ? last : eps + i;
        philox_blocks(key, (uint32_t)(i / 4), r);
        box_muller(r[0], r[1], normal[0], normal[1]);
        box_muller(r[2], r[3], normal[2], normal[3]);
        /* LANES of output k after LANES of output k - 1 */
        for (int j = 0; j < 4 * BLOCKS; j += LANES)
            memcpy(out + j, normal[j / LANES % 4] + j / (4 * LANES) * LANES, LANES * sizeof(float));
        if (out != eps + i) memcpy(eps + i, out, (n - i) * sizeof(float));
    }
}

static void sample_v(size_t n, const float *restrict eps, float *restrict var, float *restrict out)
{
    for (size_t i = 0; i < n; ++i) {
        float std = sqrtf(var[i] + VD_VARIANCE_EPS);
        out[i] += std * eps[i];
        var[i] = .5f * eps[i] / std;
    }
}

static void square_v(size_t n, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] = x[i] * x[i];
}

static void to_bf16_v(size_t n, const float *restrict x, uint16_t *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_bf16_of(x[i]);
}

static void square_bf16_v(size_t n, const float *restrict x, uint16_t *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_bf16_of(x[i] * x[i]);
}

static void multiply_bf16_v(size_t n, const float *restrict x, const float *restrict z, uint16_t *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_bf16_of(x[i] * z[i]);
}

static void multiply_by_v(size_t n, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] *= x[i];
}

static void add_twice_product_v(size_t n, const float *restrict x, const float *restrict z, float *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] += 2 * x[i] * z[i];
}

static void add_v(size_t n, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] += x[i];
}

static void add_scalar_v(size_t n, float c, float *restrict x)
{
    for (size_t i = 0; i < n; ++i) x[i] += c;
}

static void leaky_v(size_t n, float slope, float *restrict x)
{
    for (size_t i = 0; i < n; ++i) x[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static void leaky_backward_v(size_t n, float slope, const float *restrict y, float *restrict d)
{
    for (size_t i = 0; i < n; ++i) d[i] *= y[i] > 0 ? 1 : slope;
}

/* so many lanes because each addition waits for the one before it in its lane */
#define SUM_IN_LANES(term)                                 \
    float lanes[SUM_LANES] = {0};                          \
    size_t i = 0;                                          \
    for (; i + SUM_LANES <= n; i += SUM_LANES)             \
        for (size_t lane = 0; lane < SUM_LANES; ++lane) {  \
            size_t p = i + lane;                           \
            lanes[lane] += (term);                         \
        }                                                  \
    for (size_t p = i; p < n; ++p) lanes[p - i] += (term); \
    return add_lanes(lanes)

static void bias_leaky_v(size_t n, float bias, float slope, float *restrict x)
{
    for (size_t i = 0; i < n; ++i) x[i] = x[i] + bias > 0 ? x[i] + bias : slope * (x[i] + bias);
}

static float sum_v(size_t n, const float *restrict x)
{
    SUM_IN_LANES(x[p]);
}

static float leaky_backward_sum_v(size_t n, float slope, const float *restrict y, float *restrict d)
{
    leaky_backward_v(n, slope, y, d);
    return sum_v(n, d);
}

static float sum_squares_v(size_t n, float mean, const float *restrict x)
{
    SUM_IN_LANES((x[p] - mean) * (x[p] - mean));
}

static float dot_v(size_t n, float mean, const float *restrict x, const float *restrict y)
{
    SUM_IN_LANES((x[p] - mean) * y[p]);
}

static void normalize_v(size_t n, float mean, float inverse, float scale, float bias, const float *restrict x,
                        float *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] = scale * ((x[i] - mean) * inverse) + bias;
}

static void normalize_backward_v(size_t n, float mean, float a, float b, float c, const float *restrict x,
                                 float *restrict d)
{
    for (size_t i = 0; i < n; ++i) d[i] = d[i] * a + (x[i] - mean) * b + c;
}

/* columns [*first, *last) of the output whose window has its tap inside the input, on one axis */
static void pool_range(int extent, int out, int tap, int stride, int *first, int *last)
{
    *first = tap < 0 ? (-tap + stride - 1) / stride : 0;
    *last = extent - 1 - tap < 0 ? 0 : (extent - 1 - tap) / stride + 1;
    if (*last > out) *last = out;
}

/* the common shape: windows side by side, every one inside the input */
static int is_2x2(vd_pool_shape s)
{
    return s.size == 2 && s.stride == 2 && s.offset == 0 && 2 * s.out_h <= s.h && 2 * s.out_w <= s.w;
}

#ifdef __AVX512F__
/* 16 windows at a time, and the rest of a row under a mask: rows are short where much is pooled */
static void max_pool_2x2(vd_pool_shape s, const float *in, int base, float *out, int *index)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i one = _mm512_set1_epi32(1), odd = _mm512_add_epi32(even, one), below = _mm512_set1_epi32(s.w);
    for (int j = 0; j < s.out_w; j += 16) {
        int n = s.out_w - j;
        __mmask16 windows = lanes_between(0, n), left = lanes_between(0, 2 * n), right = lanes_between(0, 2 * n - 16);
        for (int i = 0; i < s.out_h; ++i) {
            int at = 2 * (i * s.w + j), q = i * s.out_w + j;
            const float *top = in + at, *low = top + s.w;
            __m512 t0 = _mm512_maskz_loadu_ps(left, top), t1 = _mm512_maskz_loadu_ps(right, top + 16);
            __m512 l0 = _mm512_maskz_loadu_ps(left, low), l1 = _mm512_maskz_loadu_ps(right, low + 16);
            __m512 a = _mm512_permutex2var_ps(t0, even, t1), b = _mm512_permutex2var_ps(t0, odd, t1);
            __m512 c = _mm512_permutex2var_ps(l0, even, l1), d = _mm512_permutex2var_ps(l0, odd, l1);
            __m512 ab = _mm512_max_ps(b, a), cd = _mm512_max_ps(d, c); /* the second one where neither is larger */
            __m512i ab_at = _mm512_add_epi32(even, _mm512_set1_epi32(base + at)),
                    cd_at = _mm512_add_epi32(ab_at, below);
            ab_at = _mm512_mask_add_epi32(ab_at, _mm512_cmp_ps_mask(b, a, _CMP_GT_OQ), ab_at, one);
            cd_at = _mm512_mask_add_epi32(cd_at, _mm512_cmp_ps_mask(d, c, _CMP_GT_OQ), cd_at, one);
            ab_at = _mm512_mask_mov_epi32(ab_at, _mm512_cmp_ps_mask(cd, ab, _CMP_GT_OQ), cd_at);
            _mm512_mask_storeu_ps(out + q, windows, _mm512_max_ps(cd, ab));
            _mm512_mask_storeu_epi32(index + q, windows, ab_at);
        }
    }
}

/* d_in of 16 pixels += the d of those windows whose largest element they are */
static inline void add_where_largest(__mmask16 inside, int at, __m512i index, __m512 d, float *d_in)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __mmask16 largest = _mm512_mask_cmpeq_epi32_mask(inside, index, _mm512_add_epi32(lane, _mm512_set1_epi32(at)));
    __m512 x = _mm512_maskz_loadu_ps(inside, d_in);
    _mm512_mask_storeu_ps(d_in, inside, _mm512_mask_add_ps(x, largest, x, d));
}

static void max_pool_2x2_backward(vd_pool_shape s, int base, const int *index, const float *d_out, float *d_in)
{
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    for (int j = 0; j < s.out_w; j += 8) {
        int n = s.out_w - j;
        __mmask16 windows = lanes_between(0, n < 8 ? n : 8), pixels = lanes_between(0, 2 * n);
        for (int i = 0; i < s.out_h; ++i) {
            int at = 2 * (i * s.w + j), q = i * s.out_w + j;
            __m512i where = _mm512_permutexvar_epi32(twice, _mm512_maskz_loadu_epi32(windows, index + q));
            __m512 d = _mm512_permutexvar_ps(twice, _mm512_maskz_loadu_ps(windows, d_out + q));
            add_where_largest(pixels, base + at, where, d, d_in + at);
            add_where_largest(pixels, base + at + s.w, where, d, d_in + at + s.w);
        }
    }
}
#else
static void max_pool_2x2(vd_pool_shape s, const float *in, int base, float *restrict out, int *restrict index)
{
    for (int i = 0; i < s.out_h; ++i) {
        const float *top = in + 2 * i * s.w, *low = top + s.w;
        for (int j = 0; j < s.out_w; ++j) {
            int at = base + 2 * (i * s.w + j), q = i * s.out_w + j;
            float a = top[2 * j], b = top[2 * j + 1], c = low[2 * j], d = low[2 * j + 1];
            float ab = b > a ? b : a, cd = d > c ? d : c;
            int ab_at = at + (b > a), cd_at = at + s.w + (d > c);
            out[q] = cd > ab ? cd : ab;
            index[q] = cd > ab ? cd_at : ab_at;
        }
    }
}
#endif

static void max_pool_v(vd_pool_shape s, const float *in, int base, float *out, int *index)
{
    if (is_2x2(s)) {
        max_pool_2x2(s, in, base, out, index);
        return;
    }
    for (int i = 0; i < s.out_h; ++i) {
        float *restrict best = out + (size_t)i * s.out_w;
        int *restrict where = index + (size_t)i * s.out_w;
        for (int j = 0; j < s.out_w; ++j) {
            best[j] = -FLT_MAX;
            where[j] = -1;
        }
        for (int tap = 0; tap < s.size * s.size; ++tap) { /* a whole row of windows at a time, tap by tap */
            int h = i * s.stride - s.offset + tap / s.size, w = tap % s.size - s.offset, first, last;
            if (h < 0 || h >= s.h) continue;
            pool_range(s.w, s.out_w, w, s.stride, &first, &last);
            const float *restrict row = in + (ptrdiff_t)h * s.w + w;
            int at = base + h * s.w + w;
            for (int j = first; j < last; ++j) {
                float x = row[s.stride * j];
                int wins = x > best[j] || where[j] < 0;
                best[j] = x > best[j] ? x : best[j];
                where[j] = wins ? at + s.stride * j : where[j];
            }
        }
    }
}

static void max_pool_backward_v(vd_pool_shape s, int base, const int *restrict index, const float *restrict d_out,
                                float *restrict d_in)
{
#ifdef __AVX512F__
    /* in shorter rows a load under a mask waits for the store of the row before, which it seems to overlap */
    if (is_2x2(s) && s.out_w >= 8) {
        max_pool_2x2_backward(s, base, index, d_out, d_in);
        return;
    }
#endif
    for (int i = 0; i < s.out_h * s.out_w; ++i)
        if (index[i] >= 0) d_in[index[i] - base] += d_out[i];
}

/* output positions [*first, *last) along one axis whose tap k lies inside an input of the given extent */
static void inside(int extent, int out, int k, int stride, int pad, int *first, int *last)
{
    int low = pad - k, high = extent - 1 + pad - k;
    if (stride > 1) { /* a division takes as long as copying three lines */
        low = (low + stride - 1) / stride;
        high = high < 0 ? -1 : high / stride;
    }
    *first = low > 0 ? low : 0;
    *last = high < 0 ? 0 : high + 1;
    if (*last > out) *last = out;
    if (*first > *last) *first = *last;
}

/* lines of `bytes` >= unit bytes: unit by unit, the last one flush with the end. As unit is a constant where this is
 * inlined, each is one load and one store: a call of memcpy for every few pixels costs more than the copy */
static inline void copy_units(size_t unit, int lines, size_t bytes, const char *restrict in, size_t in_step,
                              char *restrict out, size_t out_step)
{
    for (int i = 0; i < lines; ++i, in += in_step, out += out_step) {
        size_t last = bytes - unit;
        for (size_t at = 0; at < last; at += unit) memcpy(out + at, in + at, unit);
        memcpy(out + last, in + last, unit);
    }
}

/* a line that is one unit long is common, and then needs no loop */
static inline void copy_long(size_t unit, int lines, size_t bytes, const char *restrict in, size_t in_step,
                             char *restrict out, size_t out_step)
{
    if (bytes == unit) copy_units(unit, lines, unit, in, in_step, out, out_step);
    else copy_units(unit, lines, bytes, in, in_step, out, out_step);
}

static void copy_lines(int lines, size_t bytes, const char *in, size_t in_step, char *out, size_t out_step)
{
    if (bytes >= 64) copy_long(64, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 32) copy_long(32, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 16) copy_long(16, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 8) copy_long(8, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 4) copy_long(4, lines, bytes, in, in_step, out, out_step);
    else copy_long(2, lines, bytes, in, in_step, out, out_step);
}

/* one row of im2col: tap (kh, kw) of one plane; elements of a constant size in bytes */
static inline void im2col_row(size_t element, vd_window s, int kh, int kw, const char *plane, char *row)
{
    size_t in_step = (size_t)s.w * element, out_step = (size_t)s.out_w * element;
    int top, bottom, left, right;
    inside(s.h, s.out_h, kh, s.stride, s.pad, &top, &bottom);
    inside(s.w, s.out_w, kw, s.stride, s.pad, &left, &right);
    if ((bottom - top) * (right - left) < s.out_h * s.out_w) memset(row, 0, s.out_h * out_step);
    if (top == bottom || left == right) return;
    const char *in = plane + (top * s.stride + kh - s.pad) * in_step + (left * s.stride + kw - s.pad) * element;
    char *out = row + top * out_step + left * element;
    if (s.stride == 1) {
        copy_lines(bottom - top, (right - left) * element, in, in_step, out, out_step);
        return;
    }
    for (int oh = top; oh < bottom; ++oh, in += s.stride * in_step, out += out_step)
        for (int i = 0; i < right - left; ++i) memcpy(out + i * element, in + (size_t)i * s.stride * element, element);
}

static inline void im2col_any(size_t element, vd_window s, const char *image, char *columns)
{
    for (int ch = 0; ch < s.c; ++ch, image += (size_t)s.h * s.w * element)
        for (int kh = 0; kh < s.size; ++kh)
            for (int kw = 0; kw < s.size; ++kw, columns += (size_t)s.out_h * s.out_w * element)
                im2col_row(element, s, kh, kw, image, columns);
}

static void im2col_v(vd_window s, const float *image, float *columns)
{
    im2col_any(sizeof(float), s, (const char *)image, (char *)columns);
}

static void im2col_bf16_v(vd_window s, const uint16_t *image, uint16_t *columns)
{
    im2col_any(sizeof(uint16_t), s, (const char *)image, (char *)columns);
}

#ifdef __AVX512F__
enum { LARGEST_GATHERED = 16 };

/* col2im at stride 1, pixel by pixel: 16 of one line gather what belongs to them, and are stored once */
static void col2im_gather(vd_window s, const float *columns, float *image)
{
    int area = s.out_h * s.out_w;
    for (int w = 0; w < s.w; w += 16) {
        __mmask16 inside_image = lanes_between(0, s.w - w), inside_columns[LARGEST_GATHERED];
        for (int kw = 0; kw < s.size; ++kw)
            inside_columns[kw] = inside_image & lanes_between(kw - s.pad - w, s.out_w + kw - s.pad - w);
        for (int row = 0; row < s.c * s.h; ++row) {
            int ch = row / s.h, h = row % s.h;
            int first = h + s.pad - s.out_h + 1, last = h + s.pad;
            if (first < 0) first = 0;
            if (last > s.size - 1) last = s.size - 1;
            float *pixels = image + (size_t)row * s.w + w;
            __m512 sum = _mm512_maskz_loadu_ps(inside_image, pixels);
            for (int kh = first; kh <= last; ++kh) {
                const float *line =
                    columns + (size_t)(ch * s.size + kh) * s.size * area + (h + s.pad - kh) * s.out_w + w + s.pad;
                for (int kw = 0; kw < s.size; ++kw, line += area - 1)
                    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(inside_columns[kw], line));
            }
            _mm512_mask_storeu_ps(pixels, inside_image, sum);
        }
    }
}
#endif

static void col2im_add_v(vd_window s, const float *columns, float *image)
{
#ifdef __AVX512F__
    if (s.stride == 1 && s.size <= LARGEST_GATHERED) {
        col2im_gather(s, columns, image);
        return;
    }
#endif
    for (int row = 0; row < s.c * s.size * s.size; ++row) {
        int kw = row % s.size, kh = row / s.size % s.size, ch = row / s.size / s.size;
        int top, bottom, left, right;
        const float *in = columns + (size_t)row * s.out_h * s.out_w;
        inside(s.h, s.out_h, kh, s.stride, s.pad, &top, &bottom);
        inside(s.w, s.out_w, kw, s.stride, s.pad, &left, &right);
        for (int oh = top; oh < bottom; ++oh) {
            float *restrict out = image + ((ptrdiff_t)ch * s.h + oh * s.stride - s.pad + kh) * s.w - s.pad + kw;
            const float *restrict line = in + (size_t)oh * s.out_w;
            for (int ow = left; ow < right; ++ow) out[ow * s.stride] += line[ow];
        }
    }
}

static void adam_v(size_t n, vd_adam_args a, float *restrict x, float *restrict step, float *restrict m,
                   float *restrict v)
{
    float per_image = 1 / a.batch, rate = a.rate / a.correction1, c2 = 1 / a.correction2;
    for (size_t i = 0; i < n; ++i) {
        float g = step[i] * per_image - a.decay * x[i];
        m[i] = a.b1 * m[i] + (1 - a.b1) * g;
        v[i] = a.b2 * v[i] + (1 - a.b2) * g * g;
        x[i] += rate * m[i] / (sqrtf(v[i] * c2) + a.eps);
        step[i] = 0;
    }
}

static void sgd_v(size_t n, float rate, float momentum, float decay, float batch, float *restrict x,
                  float *restrict step, float *restrict velocity)
{
    float along = rate / batch, shrink = decay * batch;
    if (velocity) {
        for (size_t i = 0; i < n; ++i) {
            float move = step[i] - shrink * x[i] + velocity[i];
            x[i] += along * move;
            velocity[i] = momentum * move;
        }
    } else {
        for (size_t i = 0; i < n; ++i) x[i] += along * (step[i] - shrink * x[i]);
    }
    memset(step, 0, n * sizeof(float));
}

/* 16 floats that may lie anywhere: registers of whatever width there is */
typedef float lanes16 __attribute__((vector_size(64), aligned(4), may_alias));

#define LOAD16(x) (*(const lanes16 *)(x))

static void sparse_multiply_v(vd_sparse s, const float *value, size_t lanes, const float *restrict x, float *restrict y)
{
    for (int r = 0; r < s.rows; ++r, y += lanes) {
        int first = s.start[r], last = s.start[r + 1];
        size_t i = 0;
        for (; i + 64 <= lanes; i += 64) { /* sums of 64 lanes stay in registers */
            lanes16 a = {0}, b = {0}, c = {0}, d = {0};
            for (int e = first; e < last; ++e) {
                const float *from = x + s.column[e] * lanes + i;
                float w = value[s.element ? s.element[e] : e];
                a += w * LOAD16(from);
                b += w * LOAD16(from + 16);
                c += w * LOAD16(from + 32);
                d += w * LOAD16(from + 48);
            }
            lanes16 *to = (lanes16 *)(y + i);
            to[0] = a;
            to[1] = b;
            to[2] = c;
            to[3] = d;
        }
        for (; i + 16 <= lanes; i += 16) {
            lanes16 a = {0};
            for (int e = first; e < last; ++e)
                a += value[s.element ? s.element[e] : e] * LOAD16(x + s.column[e] * lanes + i);
            *(lanes16 *)(y + i) = a;
        }
        for (; i < lanes; ++i) {
            float a = 0;
            for (int e = first; e < last; ++e) a += value[s.element ? s.element[e] : e] * x[s.column[e] * lanes + i];
            y[i] = a;
        }
    }
}

static void sparse_dots_v(vd_sparse s, size_t lanes, const float *restrict x, const float *restrict dy,
                          float *restrict d_value)
{
    for (int r = 0; r < s.rows; ++r, dy += lanes) {
        for (int e = s.start[r]; e < s.start[r + 1]; ++e) {
            const float *from = x + s.column[e] * lanes;
            lanes16 sums = {0};
            float rest = 0;
            size_t i = 0;
            for (; i + 16 <= lanes; i += 16) sums += LOAD16(dy + i) * LOAD16(from + i);
            for (; i < lanes; ++i) rest += dy[i] * from[i];
            for (int lane = 0; lane < 16; ++lane) rest += sums[lane];
            d_value[e] += rest;
        }
    }
}

static void count_pruned_v(size_t n, const float *restrict theta, const float *restrict sigma2,
                           const float *restrict d_kl, uint16_t *restrict pruned_for)
{
    for (size_t i = 0; i < n; ++i) {
        int pruned = (d_kl[i] == 0) & (sigma2[i] >= theta[i] * theta[i]);
        int more = pruned_for[i] + (pruned_for[i] < UINT16_MAX);
        pruned_for[i] = (uint16_t)(more & -pruned);
    }
}

static void hold_frozen_v(size_t n, const float *restrict theta, const float *restrict d_kl, float *restrict d_theta)
{
    for (size_t i = 0; i < n; ++i) d_theta[i] = (theta[i] == 0) & (d_kl[i] == 0) ? 0 : d_theta[i];
}

/* sparse_vector.c's */
#define SPARSE_TABLE(variant) PASTE(vd_sparse_kernels_, variant)
extern const vd_sparse_kernels SPARSE_TABLE(VD_VARIANT);

const vd_kernels TABLE(VD_VARIANT) = {
    .name = NAME(VD_VARIANT),
#ifdef __AVX512BF16__
    .bf16 = 1,
#endif
    .log_alpha = log_alpha_v,
    .mask = mask_v,
    .variance_kl = variance_kl_v,
    .posterior_backward = posterior_backward_v,
    .noise = noise_v,
    .sample = sample_v,
    .square = square_v,
    .to_bf16 = to_bf16_v,
    .square_bf16 = square_bf16_v,
    .multiply_bf16 = multiply_bf16_v,
    .multiply_by = multiply_by_v,
    .add_twice_product = add_twice_product_v,
    .add = add_v,
    .add_scalar = add_scalar_v,
    .leaky = leaky_v,
    .leaky_backward = leaky_backward_v,
    .bias_leaky = bias_leaky_v,
    .leaky_backward_sum = leaky_backward_sum_v,
    .sum = sum_v,
    .sum_squares = sum_squares_v,
    .dot = dot_v,
    .normalize = normalize_v,
    .normalize_backward = normalize_backward_v,
    .max_pool = max_pool_v,
    .max_pool_backward = max_pool_backward_v,
    .im2col = im2col_v,
    .im2col_bf16 = im2col_bf16_v,
    .col2im_add = col2im_add_v,
    .adam = adam_v,
    .sgd = sgd_v,
    .sparse_multiply = sparse_multiply_v,
    .sparse_dots = sparse_dots_v,
    .count_pruned = count_pruned_v,
    .hold_frozen = hold_frozen_v,
    .sparse = &SPARSE_TABLE(VD_VARIANT),
};
