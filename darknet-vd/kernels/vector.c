/* The kernels as loops without branches or libm calls, for the compiler to vectorise. The Makefile builds this file
 * once for each instruction set, named by VD_VARIANT. */
#include "kernels/kernels.h"
#include "kernels/approx.h"
#include "kernels/bf16.h"
#include "kernels/fp16.h"
#include "kernels/philox.h"
#include "kernels/variant.h"

#include <float.h>
#include <math.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#define STRING(x) #x
#define NAME(x) STRING(x)

#define LANES VD_NOISE_LANES

/* partial sums of a sum, whatever the width of the registers: the order of additions is the same in every table */
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
#define LOG2_E_REST 1.925963033e-8f /* log2(e) - LOG2_E: it counts where log_sigma2 is, say, 20 */
#define LN_2 .693147181f
#define LOG2_ALPHA_LIMIT (LOG2_E * VD_LOG_ALPHA_LIMIT)

/* log2 of sigma2 / (theta^2 + eps), not clipped; base 2 because vd_exp2() and vd_log2() are */
static inline float log2_alpha(float theta, float log_sigma2)
{
    float t2 = theta * theta, whole, part = vd_log2(t2 + VD_THETA_EPS, &whole);
    float x = (LOG2_E * log_sigma2 - whole) + (LOG2_E_REST * log_sigma2 - part);
    return t2 == t2 ? x : t2; /* vd_log2() drops a NaN */
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

/* variance_kl of m <= KL_BLOCK weights. Several short loops, because one long loop runs out of registers */
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
 * of d_theta have the denominator theta (theta^2 + eps). Below tiny they are negligible, and 1/theta would overflow */
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

/* blocks computed at once: too many for the compiler to unroll, so that it vectorises the loops over them */
enum { BLOCKS = 4 * LANES };

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

#ifdef __AVX512F__
static inline void halves_of(size_t n, const float *restrict x, uint16_t *restrict y)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((__m256i *)(y + i), _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    for (; i < n; ++i) y[i] = vd_fp16_of(x[i]);
}
#else
static inline void halves_of(size_t n, const float *restrict x, uint16_t *restrict y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_fp16_of(x[i]);
}
#endif

/* y[i] = term(i) as fp16; through a block of floats, because the conversion is not one that compilers vectorise */
#define TO_HALVES(term)                                           \
    enum { BLOCK = 256 };                                         \
    for (size_t o = 0; o < n; o += BLOCK) {                       \
        float block[BLOCK];                                       \
        size_t m = n - o < BLOCK ? n - o : BLOCK;                 \
        for (size_t i = o; i < o + m; ++i) block[i - o] = (term); \
        halves_of(m, block, y + o);                               \
    }

static void to_fp16_v(size_t n, const float *restrict x, float scale, uint16_t *restrict y)
{
    TO_HALVES(scale * x[i])
}

static void square_fp16_v(size_t n, const float *restrict x, float scale, uint16_t *restrict y)
{
    TO_HALVES(scale * x[i] * x[i])
}

static void multiply_fp16_v(size_t n, const float *restrict x, const float *restrict z, float scale,
                            uint16_t *restrict y)
{
    TO_HALVES(scale * x[i] * z[i])
}

/* magnitudes of floats are ordered as their bits are */
static float largest_magnitude_v(size_t n, const float *restrict x)
{
    int32_t lanes[SUM_LANES] = {0};
    size_t i = 0;
    for (; i < n; i += SUM_LANES) {
        size_t m = n - i < SUM_LANES ? n - i : SUM_LANES;
        for (size_t lane = 0; lane < m; ++lane) {
            vd_bits b = {.f = x[i + lane]};
            b.i &= 0x7fffffff;
            lanes[lane] = b.i > lanes[lane] ? b.i : lanes[lane];
        }
    }
    vd_bits largest = {.i = 0};
    for (int lane = 0; lane < SUM_LANES; ++lane) largest.i = lanes[lane] > largest.i ? lanes[lane] : largest.i;
    return largest.f;
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

/* SUM_LANES sums side by side, because each addition waits for the one before it in its lane */
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

/* 16 floats of any alignment, in registers of whatever width there is */
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

static void count_pruned_v(size_t n, float alpha, const float *restrict theta, const float *restrict sigma2,
                           const float *restrict d_kl, uint16_t *restrict pruned_for)
{
    for (size_t i = 0; i < n; ++i) {
        float square = theta[i] * theta[i];
        int clipped = (d_kl[i] == 0) & (sigma2[i] >= square);
        int pruned = clipped | ((square >= FLT_MIN) & (sigma2[i] >= alpha * square));
        int more = pruned_for[i] + (pruned_for[i] < UINT16_MAX);
        pruned_for[i] = (uint16_t)(more & -pruned);
    }
}

static void hold_frozen_v(size_t n, int batches, const float *restrict theta, const uint16_t *restrict pruned_for,
                          float *restrict d_theta)
{
    for (size_t i = 0; i < n; ++i) d_theta[i] = (theta[i] == 0) & (pruned_for[i] >= batches) ? 0 : d_theta[i];
}

const vd_kernels VARIANT(vd_kernels) = {
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
    .to_fp16 = to_fp16_v,
    .square_fp16 = square_fp16_v,
    .multiply_fp16 = multiply_fp16_v,
    .largest_magnitude = largest_magnitude_v,
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
    .max_pool = VARIANT(vd_max_pool),
    .max_pool_gain = VARIANT(vd_max_pool_gain),
    .max_pool_values = VARIANT(vd_max_pool_values),
    .max_pool_backward = VARIANT(vd_max_pool_backward),
    .im2col = VARIANT(vd_im2col),
    .im2col_bf16 = VARIANT(vd_im2col_bf16),
    .col2im_add = VARIANT(vd_col2im_add),
    .adam = adam_v,
    .sgd = sgd_v,
    .sparse_multiply = sparse_multiply_v,
    .sparse_dots = sparse_dots_v,
    .count_pruned = count_pruned_v,
    .hold_frozen = hold_frozen_v,
    .tile = VARIANT(vd_tile),
#ifdef __AVX512FP16__
    .fp16 = 1,
    .tile_half = VARIANT(vd_tile_half),
#endif
    .shift = VARIANT(vd_shift),
    .shift_16 = VARIANT(vd_shift_16),
    .sparse = &VARIANT(vd_sparse_kernels),
    .behind_pool = &VARIANT(vd_behind_pool),
    .winograd = &VARIANT(vd_winograd_kernels),
};
