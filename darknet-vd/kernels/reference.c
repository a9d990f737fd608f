/* The specification: every kernel in plain C and libm, one formula per line. */
#include "kernels/kernels.h"
#include "kernels/winograd_batch_kernels.h"
#include "kernels/bf16.h"
#include "kernels/checksum.h"
#include "base/fp16.h"
#include "kernels/philox.h"

#include <float.h>
#include <math.h>

static float clip(float x)
{
    /* not fminf and fmaxf, which drop a NaN */
    return x < -VD_LOG_ALPHA_LIMIT ? -VD_LOG_ALPHA_LIMIT : x > VD_LOG_ALPHA_LIMIT ? VD_LOG_ALPHA_LIMIT : x;
}

static float unclipped_log_alpha(float theta, float log_sigma2)
{
    return log_sigma2 - logf(theta * theta + VD_THETA_EPS);
}

static int is_clipped(float x)
{
    return x < -VD_LOG_ALPHA_LIMIT || x > VD_LOG_ALPHA_LIMIT;
}

static void log_alpha_c(size_t n, const float *theta, const float *log_sigma2, float *log_alpha)
{
    for (size_t i = 0; i < n; ++i) log_alpha[i] = clip(unclipped_log_alpha(theta[i], log_sigma2[i]));
}

static size_t mask_c(size_t n, const float *theta, const float *log_sigma2, float threshold, float *masked)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; ++i) {
        masked[i] = clip(unclipped_log_alpha(theta[i], log_sigma2[i])) < threshold ? theta[i] : 0;
        kept += masked[i] != 0;
    }
    return kept;
}

static double variance_kl_c(size_t n, const float *theta, const float *log_sigma2, float *sigma2, float *d_kl)
{
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
        float x = unclipped_log_alpha(theta[i], log_sigma2[i]);
        sigma2[i] = expf(clip(x)) * theta[i] * theta[i];
        double a = clip(x), s = 1 / (1 + exp(-((double)VD_K2 + (double)VD_K3 * a)));
        sum -= (double)VD_K1 * s - log1p(exp(-a)) / 2 - (double)VD_K1;
        d_kl[i] = is_clipped(x) ? 0 : (float)-((double)VD_K1 * (double)VD_K3 * s * (1 - s) + .5 / (1 + exp(a)));
    }
    return sum;
}

/* forward was sigma2 = alpha theta^2 and KL(log_alpha), log_alpha = clip(log_sigma2 - log(theta^2 + eps)) */
static void posterior_backward_c(size_t n, const float *theta, const float *sigma2, const float *d_kl, float kl_scale,
                                 float *d_theta, float *d_log_sigma2)
{
    for (size_t i = 0; i < n; ++i) {
        float d = d_log_sigma2[i], t2 = theta[i] * theta[i];
        float alpha = t2 == 0 ? 0 : sigma2[i] / t2;
        int clipped = d_kl[i] == 0;
        /* unclipped, the two theta dependences cancel but for eps: 2 theta alpha (1 - theta^2 / (theta^2 + eps)) */
        float rest = clipped ? 1 : VD_THETA_EPS / (t2 + VD_THETA_EPS);
        d_theta[i] += 2 * theta[i] * (d * alpha * rest - kl_scale * d_kl[i] / (t2 + VD_THETA_EPS));
        d_log_sigma2[i] = clipped ? 0 : d * sigma2[i] + kl_scale * d_kl[i];
    }
}

/* numbers i .. i + 4 * VD_NOISE_LANES - 1 */
static void noise_group(vd_noise_key key, size_t i, float *eps)
{
    float(*group)[VD_NOISE_LANES] = (float(*)[VD_NOISE_LANES])eps;
    for (int lane = 0; lane < VD_NOISE_LANES; ++lane) {
        uint32_t r[4];
        vd_philox(key, (uint32_t)(i / 4 + lane), r);
        for (int pair = 0; pair < 2; ++pair) {
            /* Box-Muller: sqrt(-2 log u) (cos, sin)(2 pi v), u in (0, 1], v in [-1/2, 1/2) */
            float radius = sqrtf(-2 * logf(vd_noise_uniform(r[2 * pair])));
            float angle = vd_noise_angle(r[2 * pair + 1]);
            group[2 * pair][lane] = radius * cosf(angle);
            group[2 * pair + 1][lane] = radius * sinf(angle);
        }
    }
}

static void noise_c(vd_noise_key key, size_t n, float *eps)
{
    for (size_t i = 0; i < n; i += 4 * VD_NOISE_LANES) {
        float group[4 * VD_NOISE_LANES];
        noise_group(key, i, group);
        for (size_t j = 0; j < 4 * VD_NOISE_LANES && i + j < n; ++j) eps[i + j] = group[j];
    }
}

static void sample_c(size_t n, const float *eps, float *var, float *out)
{
    for (size_t i = 0; i < n; ++i) {
        float std = sqrtf(var[i] + VD_VARIANCE_EPS);
        out[i] += std * eps[i];
        var[i] = eps[i] / (2 * std);
    }
}

static void add_noise_c(vd_noise_key key, size_t first, size_t n, float *var, float *out)
{
    enum { GROUP = 4 * VD_NOISE_LANES };
    float eps[GROUP];
    for (size_t i = 0; i < n; ++i) {
        size_t at = first + i;
        if (i == 0 || at % GROUP == 0) noise_group(key, at / GROUP * GROUP, eps);
        sample_c(1, eps + at % GROUP, var + i, out + i);
    }
}

static void square_c(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = x[i] * x[i];
}

static void to_bf16_c(size_t n, const float *x, uint16_t *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_bf16_of(x[i]);
}

static void square_bf16_c(size_t n, const float *x, uint16_t *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_bf16_of(x[i] * x[i]);
}

static void multiply_bf16_c(size_t n, const float *x, const float *z, uint16_t *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_bf16_of(x[i] * z[i]);
}

static void to_fp16_c(size_t n, const float *x, float scale, uint16_t *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_fp16_of(scale * x[i]);
}

static void square_fp16_c(size_t n, const float *x, float scale, uint16_t *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_fp16_of(scale * x[i] * x[i]);
}

static void multiply_fp16_c(size_t n, const float *x, const float *z, float scale, uint16_t *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = vd_fp16_of(scale * x[i] * z[i]);
}

static float largest_c(size_t n, const float *x)
{
    float largest = 0;
    for (size_t i = 0; i < n; ++i) largest = largest < fabsf(x[i]) ? fabsf(x[i]) : largest;
    return largest;
}

static void multiply_by_c(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] *= x[i];
}

static void add_twice_product_c(size_t n, const float *x, const float *z, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] += 2 * x[i] * z[i];
}

static void add_c(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] += x[i];
}

static void leaky_c(size_t n, float slope, float *x)
{
    for (size_t i = 0; i < n; ++i) x[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static void leaky_backward_c(size_t n, float slope, const float *y, float *d)
{
    for (size_t i = 0; i < n; ++i) d[i] *= y[i] > 0 ? 1 : slope;
}

static void add_leaky_c(size_t n, double slope, const float *x, const float *z, float *y)
{
    for (size_t i = 0; i < n; ++i) {
        float sum = x[i] + z[i];
        y[i] = sum > 0 ? sum : (float)(slope * sum);
    }
}

static void bias_leaky_c(size_t n, float bias, float slope, float *x)
{
    for (size_t i = 0; i < n; ++i) x[i] = x[i] + bias > 0 ? x[i] + bias : slope * (x[i] + bias);
}

static float leaky_backward_sum_c(size_t n, float slope, const float *y, float *d)
{
    float sum = 0;
    for (size_t i = 0; i < n; ++i) sum += d[i] *= y[i] > 0 ? 1 : slope;
    return sum;
}

static float sum_c(size_t n, const float *x)
{
    float sum = 0;
    for (size_t i = 0; i < n; ++i) sum += x[i];
    return sum;
}

static float sum_squares_c(size_t n, float mean, const float *x)
{
    float sum = 0;
    for (size_t i = 0; i < n; ++i) sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

static float dot_c(size_t n, float mean, const float *x, const float *y)
{
    float sum = 0;
    for (size_t i = 0; i < n; ++i) sum += (x[i] - mean) * y[i];
    return sum;
}

static void normalize_c(size_t n, float mean, float inverse, float scale, float bias, const float *x, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = scale * ((x[i] - mean) * inverse) + bias;
}

static void normalize_backward_c(size_t n, float mean, float a, float b, float c, const float *x, float *d)
{
    for (size_t i = 0; i < n; ++i) d[i] = d[i] * a + (x[i] - mean) * b + c;
}

static void max_pool_c(vd_pool_shape s, const float *in, int base, float *out, int *index)
{
    for (int i = 0; i < s.out_h; ++i) {
        for (int j = 0; j < s.out_w; ++j) {
            float best = -FLT_MAX;
            int best_index = -1;
            for (int n = 0; n < s.size; ++n) {
                for (int m = 0; m < s.size; ++m) {
                    int h = i * vd_pool_down(s) - s.offset + n, w = j * s.stride - s.offset + m;
                    if (h < 0 || h >= s.h || w < 0 || w >= s.w) continue;
                    float x = in[h * s.w + w];
                    if (x > best || best_index < 0) {
                        best = x > best ? x : best;
                        best_index = base + h * s.w + w;
                    }
                }
            }
            out[i * s.out_w + j] = best;
            index[i * s.out_w + j] = best_index;
        }
    }
}

static void max_pool_gain_c(vd_pool_shape s, const float *in, const float *gain, int base, float bias, float slope,
                            float *out, int *index, float *gain_out)
{
    max_pool_c(s, in, base, out, index);
    bias_leaky_c((size_t)s.out_h * s.out_w, bias, slope, out);
    for (int i = 0; gain && i < s.out_h * s.out_w; ++i) gain_out[i] = gain[index[i] - base];
}

static void max_pool_values_c(vd_pool_shape s, int planes, const float *in, float *out)
{
    for (int p = 0; p < planes; ++p, in += (size_t)s.h * s.w)
        for (int q = 0; q < s.out_h * s.out_w; ++q) {
            float best = -FLT_MAX;
            for (int tap = 0; tap < s.size * s.size; ++tap) {
                int h = q / s.out_w * vd_pool_down(s) - s.offset + tap / s.size;
                int w = q % s.out_w * s.stride - s.offset + tap % s.size;
                if (h >= 0 && h < s.h && w >= 0 && w < s.w && in[h * s.w + w] > best) best = in[h * s.w + w];
            }
            *out++ = best;
        }
}

static void max_pool_backward_c(vd_pool_shape s, int base, const int *index, const float *d_out, float *d_in)
{
    for (int i = 0; i < s.out_h * s.out_w; ++i)
        if (index[i] >= 0) d_in[index[i] - base] += d_out[i];
}

/* the pixel that column entry i of row (ch, kh, kw) is copied from; -1: outside the image */
static long pixel_of(vd_window s, int row, int i)
{
    int kw = row % s.size, kh = row / s.size % s.size, ch = row / s.size / s.size;
    int h = i / s.out_w * vd_window_down(s) - s.pad + kh * (s.gap + 1);
    int w = i % s.out_w * s.stride - s.pad + kw * (s.gap + 1);
    return h < 0 || h >= s.h || w < 0 || w >= s.w ? -1 : ((long)ch * s.h + h) * s.w + w;
}

static void im2col_c(vd_window s, const float *image, float *columns)
{
    for (int row = 0; row < s.c * s.size * s.size; ++row) {
        for (int i = 0; i < s.out_h * s.out_w; ++i) {
            long pixel = pixel_of(s, row, i);
            *columns++ = pixel < 0 ? 0 : image[pixel];
        }
    }
}

static void im2col_bf16_c(vd_window s, const uint16_t *image, uint16_t *columns)
{
    for (int row = 0; row < s.c * s.size * s.size; ++row) {
        for (int i = 0; i < s.out_h * s.out_w; ++i) {
            long pixel = pixel_of(s, row, i);
            *columns++ = pixel < 0 ? 0 : image[pixel];
        }
    }
}

static void col2im_add_c(vd_window s, const float *columns, float *image)
{
    for (int row = 0; row < s.c * s.size * s.size; ++row) {
        for (int i = 0; i < s.out_h * s.out_w; ++i, ++columns) {
            long pixel = pixel_of(s, row, i);
            if (pixel >= 0) image[pixel] += *columns;
        }
    }
}

static void adam_c(size_t n, vd_adam_args a, float *x, float *step, float *m, float *v)
{
    for (size_t i = 0; i < n; ++i) {
        float g = step[i] / a.batch - a.decay * x[i];
        m[i] = a.b1 * m[i] + (1 - a.b1) * g;
        v[i] = a.b2 * v[i] + (1 - a.b2) * g * g;
        x[i] += a.rate * (m[i] / a.correction1) / (sqrtf(v[i] / a.correction2) + a.eps);
        step[i] = 0;
    }
}

static void sgd_c(size_t n, float rate, float momentum, float decay, float batch, float *x, float *step,
                  float *velocity)
{
    for (size_t i = 0; i < n; ++i) {
        float move = step[i] - decay * batch * x[i] + (velocity ? velocity[i] : 0);
        x[i] += rate / batch * move;
        if (velocity) velocity[i] = momentum * move;
        step[i] = 0;
    }
}

static void count_pruned_c(size_t n, float alpha, const float *theta, const float *sigma2, const float *d_kl,
                           uint16_t *pruned_for)
{
    for (size_t i = 0; i < n; ++i) {
        float square = theta[i] * theta[i];
        int clipped = d_kl[i] == 0 && sigma2[i] >= square;
        int pruned = clipped || (square >= FLT_MIN && sigma2[i] >= alpha * square);
        pruned_for[i] = (uint16_t)(pruned ? pruned_for[i] + (pruned_for[i] < UINT16_MAX) : 0);
    }
}

static void hold_frozen_c(size_t n, int batches, const float *theta, const uint16_t *pruned_for, float *d_theta)
{
    for (size_t i = 0; i < n; ++i)
        if (theta[i] == 0 && pruned_for[i] >= batches) d_theta[i] = 0;
}

static void transpose_c(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) out[(size_t)j * ld_out + i] = in[(size_t)i * ld_in + j];
}

static void transpose_add_c(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) out[(size_t)j * ld_out + i] += in[(size_t)i * ld_in + j];
}

static void transpose_16_c(int rows, int columns, const uint16_t *in, int ld_in, uint16_t *out, int ld_out)
{
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j) out[(size_t)j * ld_out + i] = in[(size_t)i * ld_in + j];
}

static int all_finite_c(size_t n, const float *x)
{
    for (size_t i = 0; i < n; ++i)
        if (!isfinite(x[i])) return 0;
    return 1;
}

static void update_adam_c(size_t n, vd_adam_args args, float kl_scale, vd_adam_arrays a, vd_update_sums *sums)
{
    vd_adam_args plain = args;
    plain.decay = 0;
    posterior_backward_c(n, a.theta, a.sigma2, a.d_kl, kl_scale, a.d_theta, a.d_sigma2);
    adam_c(n, args, a.theta, a.d_theta, a.theta_m, a.theta_v);
    adam_c(n, plain, a.log_sigma2, a.d_sigma2, a.log_sigma2_m, a.log_sigma2_v);
    sums->kl += variance_kl_c(n, a.theta, a.log_sigma2, a.sigma2, a.d_kl);
    float largest = largest_c(n, a.sigma2);
    if (largest > sums->largest) sums->largest = largest;
    sums->is_infinite |= !all_finite_c(n, a.theta) || !all_finite_c(n, a.log_sigma2);
}

static uint64_t checksum_c(size_t n, const float *x)
{
    uint32_t sums[VD_CHECKSUM_LANES] = {0}, sums_of_sums[VD_CHECKSUM_LANES] = {0};
    for (size_t i = 0; i < n; ++i) {
        sums[i % VD_CHECKSUM_LANES] += vd_word_of(x + i);
        sums_of_sums[i % VD_CHECKSUM_LANES] += sums[i % VD_CHECKSUM_LANES];
    }
    return vd_checksum_join(sums, sums_of_sums);
}

const vd_kernels vd_kernels_c = {
    .name = "c",
    .log_alpha = log_alpha_c,
    .mask = mask_c,
    .variance_kl = variance_kl_c,
    .posterior_backward = posterior_backward_c,
    .noise = noise_c,
    .sample = sample_c,
    .add_noise = add_noise_c,
    .square = square_c,
    .to_bf16 = to_bf16_c,
    .square_bf16 = square_bf16_c,
    .multiply_bf16 = multiply_bf16_c,
    .to_fp16 = to_fp16_c,
    .square_fp16 = square_fp16_c,
    .multiply_fp16 = multiply_fp16_c,
    .largest = largest_c,
    .multiply_by = multiply_by_c,
    .add_twice_product = add_twice_product_c,
    .add = add_c,
    .leaky = leaky_c,
    .leaky_backward = leaky_backward_c,
    .add_leaky = add_leaky_c,
    .bias_leaky = bias_leaky_c,
    .leaky_backward_sum = leaky_backward_sum_c,
    .sum = sum_c,
    .sum_squares = sum_squares_c,
    .dot = dot_c,
    .normalize = normalize_c,
    .normalize_backward = normalize_backward_c,
    .max_pool = max_pool_c,
    .max_pool_gain = max_pool_gain_c,
    .max_pool_values = max_pool_values_c,
    .max_pool_backward = max_pool_backward_c,
    .im2col = im2col_c,
    .im2col_bf16 = im2col_bf16_c,
    .col2im_add = col2im_add_c,
    .adam = adam_c,
    .sgd = sgd_c,
    .count_pruned = count_pruned_c,
    .hold_frozen = hold_frozen_c,
    .update_adam = update_adam_c,
    .all_finite = all_finite_c,
    .checksum = checksum_c,
    .transpose = transpose_c,
    .transpose_add = transpose_add_c,
    .transpose_16 = transpose_16_c,
    .tile = vd_tile_c,
    .tile_half = vd_tile_half_c,
    .shift = vd_shift_c,
    .shift_16 = vd_shift_16_c,
    .sparse = &vd_sparse_kernels_c,
    .behind_pool = &vd_behind_pool_c,
    .winograd = &vd_winograd_kernels_c,
    .winograd_batch = &vd_winograd_batch_kernels_c,
    .active = &vd_active_kernels_c,
    .smooth = &vd_smooth_kernels_c,
};
