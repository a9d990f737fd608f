/* The kernels as loops without branches or libm calls, for the compiler to vectorise. The Makefile builds this file
 * once for each instruction set, named by VD_VARIANT. */
#include "kernels/kernels.h"
#include "kernels/bf16.h"
#include "base/fp16.h"
#include "kernels/lanes.h"
#include "kernels/variant.h"

#define STRING(x) #x
#define NAME(x) STRING(x)

static void square_v(size_t n, const float *x, float *y)
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

static float largest_v(size_t n, const float *restrict x)
{
    float lanes[VD_SUM_LANES] = {0};
    size_t i = 0;
    for (; i + VD_SUM_LANES <= n; i += VD_SUM_LANES)
        for (int lane = 0; lane < VD_SUM_LANES; ++lane)
            lanes[lane] = lanes[lane] < fabsf(x[i + lane]) ? fabsf(x[i + lane]) : lanes[lane];
    for (; i < n; ++i) lanes[0] = lanes[0] < fabsf(x[i]) ? fabsf(x[i]) : lanes[0];
    for (int lane = 1; lane < VD_SUM_LANES; ++lane) lanes[0] = lanes[0] < lanes[lane] ? lanes[lane] : lanes[0];
    return lanes[0];
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

static void leaky_v(size_t n, float slope, float *restrict x)
{
    for (size_t i = 0; i < n; ++i) x[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static void leaky_backward_v(size_t n, float slope, const float *restrict y, float *restrict d)
{
    for (size_t i = 0; i < n; ++i) d[i] *= y[i] > 0 ? 1 : slope;
}

static void add_leaky_v(size_t n, double slope, const float *restrict x, const float *restrict z, float *restrict y)
{
    float exact = (float)slope;
    if (exact == slope) /* the product in double is that of floats, rounded once */
        for (size_t i = 0; i < n; ++i) y[i] = x[i] + z[i] > 0 ? x[i] + z[i] : exact * (x[i] + z[i]);
    else
        for (size_t i = 0; i < n; ++i) y[i] = x[i] + z[i] > 0 ? x[i] + z[i] : (float)(slope * (x[i] + z[i]));
}

/* VD_SUM_LANES sums side by side, because each addition waits for the one before it in its lane */
#define SUM_IN_LANES(term)                                   \
    float lanes[VD_SUM_LANES] = {0};                         \
    size_t i = 0;                                            \
    for (; i + VD_SUM_LANES <= n; i += VD_SUM_LANES)         \
        for (size_t lane = 0; lane < VD_SUM_LANES; ++lane) { \
            size_t p = i + lane;                             \
            lanes[lane] += (term);                           \
        }                                                    \
    for (size_t p = i; p < n; ++p) lanes[p - i] += (term);   \
    return vd_add_lanes(lanes)

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

const vd_kernels VARIANT(vd_kernels) = {
    .name = NAME(VD_VARIANT),
#ifdef __AVX512BF16__
    .bf16 = 1,
#endif
    .log_alpha = VARIANT(vd_log_alpha),
    .mask = VARIANT(vd_mask),
    .variance_kl = VARIANT(vd_variance_kl),
    .posterior_backward = VARIANT(vd_posterior_backward),
    .noise = VARIANT(vd_noise),
    .sample = VARIANT(vd_sample),
    .add_noise = VARIANT(vd_add_noise),
    .square = square_v,
    .to_bf16 = to_bf16_v,
    .square_bf16 = square_bf16_v,
    .multiply_bf16 = multiply_bf16_v,
    .to_fp16 = to_fp16_v,
    .square_fp16 = square_fp16_v,
    .multiply_fp16 = multiply_fp16_v,
    .largest = largest_v,
    .multiply_by = multiply_by_v,
    .add_twice_product = add_twice_product_v,
    .add = add_v,
    .leaky = leaky_v,
    .leaky_backward = leaky_backward_v,
    .add_leaky = add_leaky_v,
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
    .adam = VARIANT(vd_adam),
    .sgd = VARIANT(vd_sgd),
    .count_pruned = VARIANT(vd_count_pruned),
    .hold_frozen = VARIANT(vd_hold_frozen),
    .update_adam = VARIANT(vd_update_adam),
    .all_finite = VARIANT(vd_all_finite),
    .checksum = VARIANT(vd_checksum),
    .transpose = VARIANT(vd_transpose),
    .transpose_add = VARIANT(vd_transpose_add),
    .transpose_16 = VARIANT(vd_transpose_16),
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
    .winograd_batch = &VARIANT(vd_winograd_batch_kernels),
    .active = &VARIANT(vd_active_kernels),
    .smooth = &VARIANT(vd_smooth_kernels),
};
