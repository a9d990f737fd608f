/* The specification: every kernel in plain C and libm, one formula a line. */
#include "kernels.h"
#include "philox.h"

#include <float.h>
#include <math.h>

static float clip(float x)
{
    /* not fminf and fmaxf, which would hide a NaN */
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

/* forward was sigma2 = exp(clip(log_sigma2 - log(theta^2 + eps))) theta^2 */
static void variance_backward_c(size_t n, const float *theta, const float *log_sigma2, const float *d_sigma2,
                                float *d_theta, float *d_log_sigma2)
{
    for (size_t i = 0; i < n; ++i) {
        float t2 = theta[i] * theta[i];
        float x = unclipped_log_alpha(theta[i], log_sigma2[i]);
        float alpha = expf(clip(x));
        float d = d_sigma2[i];
        /* unclipped, the two theta dependences cancel but for eps: 2 theta alpha (1 - theta^2 / (theta^2 + eps)) */
        float rest = is_clipped(x) ? 1.f : VD_THETA_EPS / (t2 + VD_THETA_EPS);
        d_theta[i] += d * 2 * theta[i] * alpha * rest;
        d_log_sigma2[i] = is_clipped(x) ? 0.f : d * alpha * t2;
    }
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

/* forward was KL(log_alpha), log_alpha = log_sigma2 - log(theta^2 + eps) */
static void kl_backward_c(size_t n, const float *theta, const float *d_kl, float scale, float *d_theta,
                          float *d_log_sigma2)
{
    for (size_t i = 0; i < n; ++i) {
        d_log_sigma2[i] += scale * d_kl[i];
        d_theta[i] -= scale * d_kl[i] * 2 * theta[i] / (theta[i] * theta[i] + VD_THETA_EPS);
    }
}

static void noise_c(vd_noise_key key, size_t n, float *eps)
{
    for (size_t i = 0; i < n; i += 4 * VD_NOISE_LANES) {
        float group[4][VD_NOISE_LANES];
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
        for (size_t j = 0; j < 4 * VD_NOISE_LANES && i + j < n; ++j) eps[i + j] = (&group[0][0])[j];
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

static void square_c(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; ++i) y[i] = x[i] * x[i];
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

static void add_scalar_c(size_t n, float c, float *x)
{
    for (size_t i = 0; i < n; ++i) x[i] += c;
}

static void leaky_c(size_t n, float slope, float *x)
{
    for (size_t i = 0; i < n; ++i) x[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static void leaky_backward_c(size_t n, float slope, const float *y, float *d)
{
    for (size_t i = 0; i < n; ++i) d[i] *= y[i] > 0 ? 1 : slope;
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

static float dot_c(size_t n, const float *x, const float *y)
{
    float sum = 0;
    for (size_t i = 0; i < n; ++i) sum += x[i] * y[i];
    return sum;
}

static void normalize_c(size_t n, float mean, float inverse, float scale, float bias, const float *x, float *x_norm,
                        float *y)
{
    for (size_t i = 0; i < n; ++i) {
        float z = (x[i] - mean) * inverse;
        if (x_norm) x_norm[i] = z;
        y[i] = scale * z + bias;
    }
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
                    int h = i * s.stride - s.offset + n, w = j * s.stride - s.offset + m;
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

const vd_kernels vd_kernels_c = {
    .name = "c",
    .log_alpha = log_alpha_c,
    .variance_backward = variance_backward_c,
    .mask = mask_c,
    .variance_kl = variance_kl_c,
    .kl_backward = kl_backward_c,
    .noise = noise_c,
    .sample = sample_c,
    .square = square_c,
    .multiply_by = multiply_by_c,
    .add_twice_product = add_twice_product_c,
    .add = add_c,
    .add_scalar = add_scalar_c,
    .leaky = leaky_c,
    .leaky_backward = leaky_backward_c,
    .sum = sum_c,
    .sum_squares = sum_squares_c,
    .dot = dot_c,
    .normalize = normalize_c,
    .normalize_backward = normalize_backward_c,
    .max_pool = max_pool_c,
    .adam = adam_c,
    .sgd = sgd_c,
};
