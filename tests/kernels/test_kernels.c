/* Every kernel of every table this processor runs: against formulas written out in double precision, against the plain
 * C table, at the ends of its range, and for every length a vector loop can get wrong. */
#include "support/support.h"
#include "base/fp16.h"
#include "kernels/kernels.h"
#include "kernels/philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1000, TABLES = 8 };

static const vd_kernels *tables[TABLES];
static int n_tables;

static float theta[N], log_sigma2[N], x[N], y[N], z[N];

/* theta from 1e-7 to 3 of both signs and zeros, log_sigma2 so that log_alpha is clipped at both ends now and then */
static void fill(void)
{
    fill_random(theta, N, 1);
    fill_random(log_sigma2, N, 2);
    fill_random(x, N, 3);
    for (int i = 0; i < N; ++i) {
        theta[i] = i % 50 ? theta[i] * powf(10, .5f - i % 8) : 0;
        log_sigma2[i] = log_sigma2[i] * 12 + logf(theta[i] * theta[i] + 1e-8f);
    }
}

static double exact_log_alpha(double t, double s, int *clipped)
{
    double a = s - log(t * t + 1e-8);
    *clipped = a < -8 || a > 8;
    return a < -8 ? -8 : a > 8 ? 8 : a;
}

static double exact_kl(double t, double s)
{
    int clipped;
    double a = exact_log_alpha(t, s, &clipped);
    return -(0.63576 / (1 + exp(-(1.87320 + 1.48695 * a))) - log1p(exp(-a)) / 2 - 0.63576);
}

static void assert_close(const char *what, int i, double got, double want, double rtol, double atol)
{
    ck_assert_msg(close_to(got, want, rtol, atol), "%s[%d] = %.9g, want %.9g", what, i, got, want);
}

START_TEST(log_alpha_variance_and_mask_follow_the_formula)
{
    const vd_kernels *k = tables[_i];
    static float log_alpha[N], sigma2[N], masked[N];
    size_t kept = 0;
    fill();
    k->log_alpha(N, theta, log_sigma2, log_alpha);
    k->variance_kl(N, theta, log_sigma2, sigma2, z);
    size_t nonzero = k->mask(N, theta, log_sigma2, 3, masked);
    for (int i = 0; i < N; ++i) {
        int clipped;
        double t = theta[i], a = exact_log_alpha(t, log_sigma2[i], &clipped);
        assert_close("log_alpha", i, log_alpha[i], a, 1e-6, 3e-6);
        assert_close("sigma2", i, sigma2[i], exp(a) * t * t, 1e-5, 1e-20);
        if (fabs(a - 3) > 1e-5) ck_assert(masked[i] == (a < 3 ? theta[i] : 0));
        kept += masked[i] != 0;
    }
    ck_assert_uint_eq(nonzero, kept);
    ck_assert(kept > N / 4 && kept < N);
}
END_TEST

/* one by one, each with its own log_alpha as the threshold; the clip has numbers that many weights share */
START_TEST(a_weight_at_the_threshold_is_pruned)
{
    const vd_kernels *k = tables[_i];
    float at[N], masked;
    int clipped[2] = {0};
    fill();
    for (int i = 0; i < N; ++i) {
        k->log_alpha(1, theta + i, log_sigma2 + i, at + i);
        ck_assert_uint_eq(k->mask(1, theta + i, log_sigma2 + i, at[i], &masked), 0);
        ck_assert(masked == 0);
        k->mask(1, theta + i, log_sigma2 + i, nextafterf(at[i], 9), &masked);
        ck_assert(masked == theta[i]);
        clipped[0] += at[i] == -8, clipped[1] += at[i] == 8;
    }
    ck_assert(clipped[0] > 0 && clipped[1] > 0);
}
END_TEST

START_TEST(posterior_gradient_follows_the_formula_and_accumulates)
{
    const vd_kernels *k = tables[_i];
    static float sigma2[N], d_kl[N], d_theta[N], d_s[N];
    fill();
    for (int i = 0; i < N; ++i) d_theta[i] = 2;
    memcpy(d_s, x, sizeof(x));
    k->variance_kl(N, theta, log_sigma2, sigma2, d_kl);
    k->posterior_backward(N, theta, sigma2, d_kl, .5f, d_theta, d_s);
    for (int i = 0; i < N; ++i) {
        int clipped;
        double t = theta[i], a = exact_log_alpha(t, log_sigma2[i], &clipped), alpha = exp(a), d = x[i];
        double s = 1 / (1 + exp(-(1.87320 + 1.48695 * a)));
        double d_a = clipped ? 0 : -.5 * (0.63576 * 1.48695 * s * (1 - s) + .5 / (1 + alpha));
        double want = 2 * t * (d * alpha * (clipped ? 1 : 1e-8 / (t * t + 1e-8)) - d_a / (t * t + 1e-8));
        if (fabs(fabs(log_sigma2[i] - log(t * t + 1e-8)) - 8) < 1e-5) continue;
        assert_close("d_theta", i, d_theta[i], 2 + want, 1e-5, 2e-6);
        assert_close("d_log_sigma2", i, d_s[i], clipped ? 0 : d * alpha * t * t + d_a, 1e-5, 1e-6);
    }
}
END_TEST

START_TEST(kl_and_its_derivative_follow_the_formula)
{
    const vd_kernels *k = tables[_i];
    double sum = 0;
    fill();
    double kl = k->variance_kl(N, theta, log_sigma2, y, z);
    for (int i = 0; i < N; ++i) {
        int clipped;
        double t = theta[i], a = exact_log_alpha(t, log_sigma2[i], &clipped);
        double s = 1 / (1 + exp(-(1.87320 + 1.48695 * a)));
        double d_a = clipped ? 0 : -(0.63576 * 1.48695 * s * (1 - s) + .5 / (1 + exp(a)));
        if (fabs(fabs(log_sigma2[i] - log(t * t + 1e-8)) - 8) < 1e-5) continue;
        assert_close("d_kl", i, z[i], d_a, 1e-5, 1e-9);
        ck_assert((z[i] == 0) == clipped);
    }
    for (int i = 0; i < N; ++i) sum += exact_kl(theta[i], log_sigma2[i]);
    assert_close("kl", 0, kl, sum, 2e-6, 1e-4);
    for (int i = 0; i < N; ++i) {
        int clipped;
        double t = theta[i];
        assert_close("sigma2", i, y[i], exp(exact_log_alpha(t, log_sigma2[i], &clipped)) * t * t, 1e-5, 1e-20);
    }
}
END_TEST

/* python3: f=lambda a:-(.63576/(1+math.exp(-(1.87320+1.48695*a)))-math.log1p(math.exp(-a))/2-.63576) */
START_TEST(kl_has_its_golden_values)
{
    static const struct {
        float log_alpha;
        double kl;
    } golden[] = {{-8, 4.6358995}, {-3, 2.1155902}, {0, .43123895}, {1, .17796972}, {3, .025420043}, {8, 1.6836935e-4}};
    for (size_t i = 0; i < COUNT_OF(golden); ++i) {
        float t = 1, s = golden[i].log_alpha, sigma2, d_kl;
        assert_close("kl", i, tables[_i]->variance_kl(1, &t, &s, &sigma2, &d_kl), golden[i].kl, 1e-4, 3e-7);
    }
}
END_TEST

/* log(theta^2) needs its epsilon here */
START_TEST(nothing_is_infinite_at_zero_or_far_out)
{
    const vd_kernels *k = tables[_i];
    static const float thetas[] = {0, -0.f, 1e-30f, 1e-10f, 1, -1e3f, 1e8f}, logs[] = {-1e4f, -100, -10, 0, 10, 1e4f};
    for (size_t i = 0; i < COUNT_OF(thetas); ++i) {
        for (size_t j = 0; j < COUNT_OF(logs); ++j) {
            float d_theta = 0, d_s = 1, sigma2, masked, d_kl;
            double kl = k->variance_kl(1, thetas + i, logs + j, &sigma2, &d_kl);
            k->posterior_backward(1, thetas + i, &sigma2, &d_kl, 1, &d_theta, &d_s);
            k->mask(1, thetas + i, logs + j, 3, &masked);
            ck_assert_msg(isfinite(kl) && isfinite(d_theta) && isfinite(d_s) && isfinite(sigma2) && sigma2 >= 0 &&
                              isfinite(masked),
                          "theta %g, log_sigma2 %g", thetas[i], logs[j]);
        }
    }
}
END_TEST

/* Salmon et al., the test vectors that come with Random123 */
START_TEST(philox_gives_its_known_answers)
{
    static const struct {
        uint32_t block;
        vd_noise_key key;
        uint32_t want[4];
    } known[] = {
        {0, {0, 0, 0, 0}, {0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48}},
        {0xffffffff, {~0ull, ~0ull, 0xffffffff, 0}, {0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662}},
        {0x243f6a88,
         {0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3, 0},
         {0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a}},
    };
    for (size_t i = 0; i < COUNT_OF(known); ++i) {
        uint32_t r[4];
        vd_philox(known[i].key, known[i].block, r);
        ck_assert_mem_eq(r, known[i].want, sizeof(r));
    }
}
END_TEST

START_TEST(noise_is_standard_normal)
{
    enum { M = 4096, KEYS = 300 };
    static float eps[M];
    double s = 0, s2 = 0, s4 = 0, neighbours = 0, keys = 0, n = (double)M * KEYS;
    static float before[M];
    size_t far = 0;
    for (int key = 0; key < KEYS; ++key) {
        tables[_i]->noise((vd_noise_key){7, key, key % 3, 0}, M, eps);
        for (int i = 0; i < M; ++i) {
            double e = eps[i];
            s += e;
            s2 += e * e;
            s4 += e * e * e * e;
            far += fabs(e) > 3;
            if (i) neighbours += e * eps[i - 1];
            if (key) keys += e * before[i];
        }
        memcpy(before, eps, sizeof(eps));
    }
    ck_assert_double_lt(fabs(s / sqrt(n)), 4);
    ck_assert_double_lt(fabs((s2 / n - 1) * sqrt(n / 2)), 4);
    ck_assert_double_lt(fabs((s4 / n - 3) * sqrt(n / 96)), 4);
    ck_assert_double_lt(fabs(neighbours / sqrt(n)), 4);
    ck_assert_double_lt(fabs(keys / sqrt(n)), 4);
    ck_assert_double_lt(fabs(far - .0026998 * n) / sqrt(.0026998 * n), 4);
}
END_TEST

START_TEST(noise_depends_on_every_part_of_its_key_and_on_the_index_alone)
{
    const vd_noise_key keys[] = {
        {1, 2, 3, 0}, {2, 2, 3, 0}, {1ull << 32 | 1, 2, 3, 0}, {1, 3, 3, 0}, {1, 1ull << 32 | 2, 3, 0},
        {1, 2, 4, 0}, {1, 2, 3, 1}};
    static float eps[7][600], shorter[600];
    for (int i = 0; i < 7; ++i) {
        tables[_i]->noise(keys[i], 600, eps[i]);
        for (int j = 0; j < i; ++j) {
            int equal = 0;
            for (int p = 0; p < 600; ++p) equal += eps[i][p] == eps[j][p];
            ck_assert_msg(equal < 3, "keys %d and %d share %d numbers", i, j, equal);
        }
    }
    for (int n = 0; n < 600; ++n) {
        shorter[n] = 99;
        tables[_i]->noise(keys[0], n, shorter);
        ck_assert_mem_eq(shorter, eps[0], n * sizeof(float));
        ck_assert(shorter[n] == 99);
    }
}
END_TEST

START_TEST(sample_adds_noise_and_leaves_its_derivative)
{
    const vd_kernels *k = tables[_i];
    static float var[N], out[N], eps[N];
    fill_random(eps, N, 5);
    fill_random(var, N, 6);
    for (int i = 0; i < N; ++i) {
        var[i] = i % 7 ? fabsf(var[i]) : 0;
        y[i] = var[i];
        out[i] = i;
    }
    k->sample(N, eps, var, out);
    for (int i = 0; i < N; ++i) {
        double std = sqrt((double)y[i] + 1e-8);
        assert_close("out", i, out[i], i + std * eps[i], 1e-6, 1e-6);
        assert_close("gain", i, var[i], eps[i] / (2 * std), 1e-5, 1e-9);
    }
}
END_TEST

START_TEST(adam_follows_the_paper)
{
    static float step[N], m[N], v[N];
    static double wx[N], wm[N], wv[N];
    fill();
    memcpy(y, theta, sizeof(y));
    memset(m, 0, sizeof(m));
    memset(v, 0, sizeof(v));
    for (int i = 0; i < N; ++i) wx[i] = y[i], wm[i] = wv[i] = 0;
    for (int t = 1; t <= 5; ++t) {
        vd_adam_args a = {.01f, .9f, .999f, 1e-7f, 1 - powf(.9f, t), 1 - powf(.999f, t), 20, .001f};
        fill_random(step, N, 10 + t);
        for (int i = 0; i < N; ++i) {
            double g = -(step[i] / 20. - .001 * wx[i]); /* the gradient: step is the negative one */
            wm[i] = .9 * wm[i] + .1 * g;
            wv[i] = .999 * wv[i] + .001 * g * g;
            wx[i] -= .01 * (wm[i] / (1 - pow(.9, t))) / (sqrt(wv[i] / (1 - pow(.999, t))) + 1e-7);
        }
        tables[_i]->adam(N, a, y, step, m, v);
        for (int i = 0; i < N; ++i) {
            assert_close("x", i, y[i], wx[i], 1e-4, 2e-6);
            ck_assert(step[i] == 0);
        }
    }
}
END_TEST

START_TEST(sgd_follows_darknet)
{
    static float step[N], velocity[N];
    static double wx[N], wv[N];
    for (int momentum = 0; momentum < 2; ++momentum) {
        fill();
        memcpy(y, theta, sizeof(y));
        memset(velocity, 0, sizeof(velocity));
        for (int i = 0; i < N; ++i) wx[i] = y[i], wv[i] = 0;
        for (int t = 0; t < 4; ++t) {
            fill_random(step, N, 20 + t);
            for (int i = 0; i < N; ++i) {
                wv[i] += step[i] - .01 * 8 * wx[i];
                wx[i] += .1 / 8 * wv[i];
                wv[i] *= .9 * momentum;
            }
            tables[_i]->sgd(N, .1f, .9f * momentum, .01f, 8, y, step, momentum ? velocity : 0);
            for (int i = 0; i < N; ++i) {
                assert_close("x", i, y[i], wx[i], 1e-5, 1e-6);
                ck_assert(step[i] == 0);
            }
        }
    }
}
END_TEST

START_TEST(small_kernels_do_what_they_say)
{
    const vd_kernels *k = tables[_i];
    fill();
    k->square(N, x, y);
    for (int i = 0; i < N; ++i) ck_assert(y[i] == x[i] * x[i]);
    memcpy(y, x, sizeof(y));
    k->square(N, y, y);
    for (int i = 0; i < N; ++i) ck_assert(y[i] == x[i] * x[i]);
    memcpy(z, theta, sizeof(z));
    k->multiply_by(N, x, z);
    for (int i = 0; i < N; ++i) ck_assert(z[i] == x[i] * theta[i]);
    memcpy(y, theta, sizeof(y));
    k->add_twice_product(N, x, theta, y);
    for (int i = 0; i < N; ++i) assert_close("y", i, y[i], theta[i] + 2. * x[i] * theta[i], 1e-6, 1e-7);
    memcpy(y, theta, sizeof(y));
    k->add(N, x, y);
    for (int i = 0; i < N; ++i) ck_assert(y[i] == x[i] + theta[i]);
}
END_TEST

START_TEST(bf16_is_the_nearest_and_ties_go_to_even)
{
    static const struct {
        uint32_t x;
        uint16_t want;
    } known[] = {{0x3f800000, 0x3f80}, {0x3f807fff, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81},
                 {0x3f818000, 0x3f82}, {0xbf818000, 0xbf82}, {0x80000000, 0x8000}, {0x00000001, 0},
                 {0x00008001, 0x0001}, {0x007fffff, 0x0080}, {0x7f7fffff, 0x7f80}, {0x7f800000, 0x7f80},
                 {0xff800000, 0xff80}, {0x7f800001, 0x7fc0}, {0xffffffff, 0xffff}, {0x7fffffff, 0x7fff}};
    enum { KNOWN = COUNT_OF(known), M = 3 * KNOWN + 1 };
    const vd_kernels *k = tables[_i];
    float values[M];
    uint16_t got[N], want[N];
    for (int i = 0; i < M; ++i) memcpy(values + i, &known[i % KNOWN].x, 4);
    k->to_bf16(M, values, got);
    for (int i = 0; i < M; ++i) ck_assert_msg(got[i] == known[i % KNOWN].want, "%a: %04x", values[i], got[i]);
    fill();
    k->square_bf16(N, theta, got);
    for (int i = 0; i < N; ++i) y[i] = theta[i] * theta[i];
    vd_kernels_c.to_bf16(N, y, want);
    ck_assert_mem_eq(got, want, sizeof(got));
    k->multiply_bf16(N, theta, x, got);
    for (int i = 0; i < N; ++i) y[i] = theta[i] * x[i];
    vd_kernels_c.to_bf16(N, y, want);
    ck_assert_mem_eq(got, want, sizeof(got));
}
END_TEST

/* the conversion itself: test_tile.c */
START_TEST(fp16_is_scaled_and_rounded_once)
{
    const vd_kernels *k = tables[_i];
    static const float known[] = {0,     -0.f,  1,     65504,      65519,    65520,
                                  -1e9f, 6e-8f, 2e-8f, 1.0009765f, INFINITY, -INFINITY};
    enum { KNOWN = COUNT_OF(known), M = 5 * KNOWN + 3 };
    float values[M], scale = .125f;
    uint16_t got[N];
    for (int i = 0; i < M; ++i) values[i] = 8 * known[i % KNOWN];
    k->to_fp16(M, values, scale, got);
    for (int i = 0; i < M; ++i) ck_assert_msg(got[i] == vd_fp16_of(known[i % KNOWN]), "%a: %04x", values[i], got[i]);
    fill();
    k->square_fp16(N, theta, 1024, got);
    for (int i = 0; i < N; ++i) ck_assert_uint_eq(got[i], vd_fp16_of(1024 * theta[i] * theta[i]));
    k->multiply_fp16(N, theta, x, .5f, got);
    for (int i = 0; i < N; ++i) ck_assert_uint_eq(got[i], vd_fp16_of(.5f * theta[i] * x[i]));
    theta[3] = NAN;
    k->to_fp16(N, theta, 1, got);
    ck_assert((got[3] & 0x7fff) > 0x7c00);
}
END_TEST

START_TEST(the_largest_magnitude_is_found)
{
    const vd_kernels *k = tables[_i];
    fill();
    for (size_t n = 0; n < 200; ++n) {
        float largest = 0;
        for (size_t i = 0; i < n; ++i) largest = fmaxf(largest, fabsf(theta[i]));
        ck_assert_float_eq(k->largest(n, theta), largest);
        if (n > 0) {
            float old = theta[n / 2];
            theta[n / 2] = -100;
            ck_assert_float_eq(k->largest(n, theta), 100);
            theta[n / 2] = old;
        }
    }
}
END_TEST

START_TEST(nan_is_not_swallowed)
{
    const vd_kernels *k = tables[_i];
    for (int at = 0; at < 40; ++at) {
        for (int which = 0; which < 2; ++which) {
            float sigma2[40], d_kl[40], d_theta[40] = {0}, d_s[40] = {0};
            fill();
            (which ? theta : log_sigma2)[at] = NAN;
            ck_assert(isnan(k->variance_kl(40, theta, log_sigma2, sigma2, d_kl)));
            ck_assert(isnan(sigma2[at]));
            k->posterior_backward(40, theta, sigma2, d_kl, 1, d_theta, d_s);
            ck_assert(isnan(d_theta[at]) && isnan(d_s[at]));
            for (int i = 0; i < 40; ++i) ck_assert(i == at || isfinite(d_theta[i] + d_s[i] + sigma2[i]));
        }
        memset(y, 0, sizeof(y));
        y[at] = NAN;
        ck_assert(isnan(k->sum(40, y)) && isnan(k->sum_squares(40, 0, y)) && isnan(k->dot(40, .5f, y, x)));
        k->bias_leaky(40, 1, 1, y);
        ck_assert(isnan(y[at]));
        ck_assert(isnan(k->leaky_backward_sum(40, .1f, x, y)));
    }
}
END_TEST

START_TEST(sums_activations_and_normalisation_follow_the_formula)
{
    const vd_kernels *k = tables[_i];
    for (int n = 0; n < 200; n += 1 + n / 9) {
        double sum = 0, squares = 0, dot = 0;
        fill();
        for (int i = 0; i < N; i += 7) x[i] = i % 2 ? 0 : -0.f; /* as a ReLU has many */
        for (int i = 0; i < n; ++i) {
            sum += x[i];
            squares += (x[i] - .3) * (x[i] - .3);
            dot += (x[i] - .3) * theta[i];
        }
        assert_close("sum", n, k->sum(n, x), sum, 1e-5, 1e-5);
        assert_close("sum_squares", n, k->sum_squares(n, .3f, x), squares, 1e-5, 1e-5);
        assert_close("dot", n, k->dot(n, .3f, x, theta), dot, 1e-5, 1e-5);
        memcpy(y, x, sizeof(y));
        k->leaky(n, .1f, y);
        for (int i = 0; i < N; ++i) ck_assert(y[i] == (i < n && x[i] <= 0 ? .1f * x[i] : x[i]));
        memcpy(z, theta, sizeof(z));
        k->leaky_backward(n, 0, x, z);
        for (int i = 0; i < N; ++i) ck_assert(z[i] == (i < n && x[i] <= 0 ? 0 : theta[i]));
        memcpy(y, x, sizeof(y));
        k->bias_leaky(n, .25f, .1f, y);
        for (int i = 0; i < N; ++i) {
            float biased = x[i] + .25f;
            ck_assert(y[i] == (i >= n ? x[i] : biased > 0 ? biased : .1f * biased));
        }
        for (int i = 0; i < N; ++i) y[i] = 7;
        k->add_leaky(n, .1, x, theta, y);
        k->add_leaky(n / 2, .5, x, theta, y);
        for (int i = 0; i < N; ++i) {
            float both = x[i] + theta[i], below = (float)((i < n / 2 ? .5 : .1) * both);
            ck_assert(y[i] == (i >= n ? 7 : both > 0 ? both : below));
        }
        memcpy(z, theta, sizeof(z));
        double left = k->leaky_backward_sum(n, .5f, x, z);
        for (int i = 0; i < N; ++i) ck_assert(z[i] == (i < n && x[i] <= 0 ? .5f * theta[i] : theta[i]));
        for (int i = 0; i < n; ++i) left -= z[i];
        assert_close("sum of the gradient", n, left, 0, 0, 1e-5);
        memcpy(y, x, sizeof(y));
        k->normalize(n, .2f, 3, .7f, .1f, x, y);
        for (int i = 0; i < n; ++i) assert_close("y", i, y[i], (x[i] - .2) * 3 * .7 + .1, 1e-5, 1e-6);
        ck_assert(y[n] == x[n]);
        memcpy(y, theta, sizeof(y));
        k->normalize_backward(n, .2f, 2, -.5f, .25f, x, y);
        for (int i = 0; i < n; ++i) assert_close("d", i, y[i], theta[i] * 2. - .5 * (x[i] - .2) + .25, 1e-5, 1e-6);
        ck_assert(y[n] == theta[n]);
    }
}
END_TEST

/* counted: at the clip, or with log_alpha over the limit where theta^2 is not too small to tell */
START_TEST(weights_over_a_log_alpha_are_counted_and_frozen_ones_held)
{
    const vd_kernels *k = tables[_i];
    static const double limits[] = {-7.5, -1, 0, 3.5, 4, 5, 7.9, 8};
    static uint16_t count[N];
    fill();
    theta[7] = 1e-21f, log_sigma2[7] = -10; /* at the clip */
    theta[8] = 1e-21f, log_sigma2[8] = -12; /* 6.4, but theta^2 is 0 */
    theta[9] = 1e-12f, log_sigma2[9] = -12;
    k->variance_kl(N, theta, log_sigma2, z, y);
    for (int l = 0; l < COUNT_OF(limits); ++l) {
        int counted = 0;
        for (int i = 0; i < N; ++i) count[i] = i % 3 ? (uint16_t)i : UINT16_MAX;
        k->count_pruned(N - 1, limits[l] < 8 ? expf((float)limits[l]) : INFINITY, theta, z, y, count);
        for (int i = 0; i < N - 1; ++i) {
            int clipped, had = i % 3 ? i : UINT16_MAX;
            double a = exact_log_alpha(theta[i], log_sigma2[i], &clipped);
            if (theta[i] == 0 && a == -8) continue; /* cannot be told from the upper clip */
            int is = a >= limits[l] && (clipped || (double)theta[i] * theta[i] > 1e-37);
            if (fabs(a - limits[l]) < 1e-5 && !clipped) continue;
            ck_assert_msg(count[i] == (is ? had + (had < UINT16_MAX) : 0), "%g: [%d] = %d, log_alpha %g", limits[l], i,
                          count[i], a);
            counted += is;
        }
        ck_assert_int_eq(count[N - 1], N % 3 == 1 ? UINT16_MAX : N - 1);
        ck_assert(counted > N / 30 && counted < N - N / 30);
    }
    for (int i = 0; i < N; ++i) { /* log(alpha) itself, and a little less */
        theta[i] = i % 2 ? 1 : -2;
        z[i] = theta[i] * theta[i] * (i % 3 ? 2 : nextafterf(2, 0));
        y[i] = -1, count[i] = 5;
    }
    k->count_pruned(N, 2, theta, z, y, count);
    for (int i = 0; i < N; ++i) ck_assert_int_eq(count[i], i % 3 ? 6 : 0);
    fill();
    for (int i = 0; i < N; ++i) count[i] = (uint16_t)(i % 20), x[i] = 1;
    k->hold_frozen(N - 1, 10, theta, count, x);
    for (int i = 0; i < N; ++i) ck_assert(x[i] == (i < N - 1 && theta[i] == 0 && i % 20 >= 10 ? 0 : 1));
}
END_TEST

/* nothing after element n is read or written, for any n */
START_TEST(every_length_keeps_to_itself)
{
    const vd_kernels *k = tables[_i];
    fill();
    for (size_t n = 0; n < 80; ++n) {
        float a[81], b[81], c[81], d[81];
        uint16_t half[81];
        for (int i = 0; i < 81; ++i) half[i] = 7;
        for (int i = 0; i < 81; ++i) a[i] = b[i] = c[i] = d[i] = .25f;
        k->log_alpha(n, theta, log_sigma2, a);
        k->mask(n, theta, log_sigma2, 3, c);
        k->variance_kl(n, theta, log_sigma2, b, c);
        k->posterior_backward(n, theta, x, y, 1, d, a);
        k->noise((vd_noise_key){1, 1, 1, 0}, n, d);
        k->sample(n, x, a, b);
        k->square(n, x, c);
        k->multiply_by(n, x, d);
        k->add_twice_product(n, x, theta, a);
        k->add(n, x, b);
        k->add_leaky(n, .1, x, theta, c);
        k->bias_leaky(n, 1, .1f, c);
        k->leaky_backward_sum(n, .1f, x, d);
        k->to_bf16(n, x, half);
        k->square_bf16(n, x, half);
        k->multiply_bf16(n, x, theta, half);
        k->to_fp16(n, x, 2, half);
        k->square_fp16(n, x, 2, half);
        k->multiply_fp16(n, x, theta, 2, half);
        k->adam(n, (vd_adam_args){1, .9f, .9f, 1, 1, 1, 1, 0}, a, b, c, d);
        k->sgd(n, 1, .5f, .1f, 1, a, b, c);
        for (size_t i = n; i < 81; ++i)
            ck_assert(a[i] == .25f && b[i] == .25f && c[i] == .25f && d[i] == .25f && half[i] == 7);
    }
}
END_TEST

/* what a kernel may write */
typedef struct {
    float a[N], b[N], c[N], d[N];
    uint16_t half[N];
    double sum;
} outputs;

static const vd_adam_args adam = {.1f, .9f, .99f, 1e-4f, .5f, .25f, 8, .01f};

static float held[N]; /* theta, every third 0 */

/* name, call; y holds a dKL */
#define CALLS(C)                                                                     \
    C(log_alpha, k->log_alpha(n, theta, log_sigma2, o->a))                           \
    C(mask, o->sum = (double)k->mask(n, theta, log_sigma2, 3, o->a))                 \
    C(variance_kl, o->sum = k->variance_kl(n, theta, log_sigma2, o->a, o->c))        \
    C(posterior_backward, k->posterior_backward(n, theta, o->d, y, .5f, o->a, o->c)) \
    C(noise, k->noise((vd_noise_key){9, 8, 7, 6}, n, o->a))                          \
    C(sample, k->sample(n, x, o->d, o->a))                                           \
    C(square, k->square(n, x, o->b))                                                 \
    C(to_bf16, k->to_bf16(n, theta, o->half))                                        \
    C(square_bf16, k->square_bf16(n, theta, o->half))                                \
    C(multiply_bf16, k->multiply_bf16(n, theta, x, o->half))                         \
    C(to_fp16, k->to_fp16(n, theta, 2, o->half))                                     \
    C(square_fp16, k->square_fp16(n, theta, 2, o->half))                             \
    C(multiply_fp16, k->multiply_fp16(n, theta, x, 2, o->half))                      \
    C(largest, o->sum = k->largest(n, theta))                                        \
    C(multiply_by, k->multiply_by(n, theta, o->a))                                   \
    C(add_twice_product, k->add_twice_product(n, theta, x, o->c))                    \
    C(add, k->add(n, theta, o->a))                                                   \
    C(leaky, k->leaky(n, .1f, o->a))                                                 \
    C(leaky_backward, k->leaky_backward(n, .1f, x, o->b))                            \
    C(add_leaky, k->add_leaky(n, .1, x, theta, o->a))                                \
    C(add_relu, k->add_leaky(n, 0, x, theta, o->a))                                  \
    C(bias_leaky, k->bias_leaky(n, -.2f, .1f, o->a))                                 \
    C(leaky_backward_sum, o->sum = k->leaky_backward_sum(n, .1f, theta, o->a))       \
    C(sum, o->sum = k->sum(n, x))                                                    \
    C(sum_squares, o->sum = k->sum_squares(n, .1f, x))                               \
    C(dot, o->sum = k->dot(n, .1f, x, theta))                                        \
    C(normalize, k->normalize(n, .1f, 2, .5f, 1, x, o->a))                           \
    C(normalize_backward, k->normalize_backward(n, .1f, 2, .5f, 1, x, o->a))         \
    C(count_pruned, k->count_pruned(n, INFINITY, theta, o->d, y, o->half))           \
    C(count_from_4, k->count_pruned(n, 54.6f, theta, o->d, y, o->half))              \
    C(hold_frozen, k->hold_frozen(n, 100, held, o->half, o->a))                      \
    C(adam, k->adam(n, adam, o->b, o->a, o->c, o->d))                                \
    C(sgd, k->sgd(n, .1f, .9f, .01f, 8, o->b, o->a, o->c))

#define DEFINE(name, call)                                             \
    static void call_##name(const vd_kernels *k, size_t n, outputs *o) \
    {                                                                  \
        call;                                                          \
    }
CALLS(DEFINE)

#define LIST(name, call) {#name, call_##name},
static const struct {
    const char *name;
    void (*run)(const vd_kernels *k, size_t n, outputs *o);
} calls[] = {CALLS(LIST)};

static void fill_outputs(outputs *o)
{
    memset(o, 0, sizeof(*o));
    memcpy(o->a, x, sizeof(x)), memcpy(o->b, theta, sizeof(theta));
    for (int i = 0; i < N; ++i) o->half[i] = i % 5 ? (uint16_t)i : UINT16_MAX;
    for (int i = 0; i < N; ++i) o->c[i] = x[(i + 3) % N], o->d[i] = fabsf(x[i]);
}

START_TEST(fast_tables_agree_with_plain_c_at_every_length)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 63, 64, 65, 127, 513, N};
    static outputs want, got;
    fill();
    for (int i = 0; i < N; ++i) held[i] = i % 3 ? theta[i] : 0;
    vd_kernels_c.variance_kl(N, theta, log_sigma2, z, y); /* y: a dKL with zeros where log_alpha is clipped */
    for (size_t which = 0; which < COUNT_OF(calls); ++which) {
        for (size_t l = 0; l < COUNT_OF(lengths); ++l) {
            char what[64];
            snprintf(what, sizeof(what), "%s of %zu", calls[which].name, lengths[l]);
            fill_outputs(&want), fill_outputs(&got);
            calls[which].run(&vd_kernels_c, lengths[l], &want);
            calls[which].run(tables[_i], lengths[l], &got);
            assert_close(what, -1, got.sum, want.sum, 1e-6, 1e-4);
            for (int i = 0; i < N; ++i) {
                assert_close(what, i, got.a[i], want.a[i], 1e-5, 3e-6);
                assert_close(what, i, got.b[i], want.b[i], 1e-5, 3e-6);
                assert_close(what, i, got.c[i], want.c[i], 1e-5, 3e-6);
                assert_close(what, i, got.d[i], want.d[i], 1e-5, 3e-6);
                ck_assert(got.half[i] == want.half[i]);
            }
        }
    }
}
END_TEST

START_TEST(the_table_in_use_is_the_one_by_rule_or_the_one_asked_for)
{
    const char *wanted = getenv("DARKNET_KERNELS");
    if (wanted) ck_assert_str_eq(vd_kernels_get()->name, wanted);
    else ck_assert_ptr_eq(vd_kernels_get(), vd_kernels_by_rule());
    ck_assert_ptr_eq(tables[0], &vd_kernels_c);
}
END_TEST

SUITE_OF(kernels)
{
    n_tables = vd_kernels_list(tables, TABLES);
    LOOP(log_alpha_variance_and_mask_follow_the_formula, n_tables);
    LOOP(a_weight_at_the_threshold_is_pruned, n_tables);
    LOOP(posterior_gradient_follows_the_formula_and_accumulates, n_tables);
    LOOP(kl_and_its_derivative_follow_the_formula, n_tables);
    LOOP(kl_has_its_golden_values, n_tables);
    LOOP(nothing_is_infinite_at_zero_or_far_out, n_tables);
    LOOP(noise_is_standard_normal, n_tables);
    LOOP(noise_depends_on_every_part_of_its_key_and_on_the_index_alone, n_tables);
    LOOP(sample_adds_noise_and_leaves_its_derivative, n_tables);
    LOOP(adam_follows_the_paper, n_tables);
    LOOP(sgd_follows_darknet, n_tables);
    LOOP(small_kernels_do_what_they_say, n_tables);
    LOOP(bf16_is_the_nearest_and_ties_go_to_even, n_tables);
    LOOP(fp16_is_scaled_and_rounded_once, n_tables);
    LOOP(the_largest_magnitude_is_found, n_tables);
    LOOP(nan_is_not_swallowed, n_tables);
    LOOP(sums_activations_and_normalisation_follow_the_formula, n_tables);
    LOOP(weights_over_a_log_alpha_are_counted_and_frozen_ones_held, n_tables);
    LOOP(every_length_keeps_to_itself, n_tables);
    LOOP_FROM(fast_tables_agree_with_plain_c_at_every_length, 1, n_tables);
    TEST(philox_gives_its_known_answers);
    TEST(the_table_in_use_is_the_one_by_rule_or_the_one_asked_for);
}
