/* The kernels of a training update and of its noise, in every table this processor runs: against double precision with
 * the bounds that kernels/lanes.h states, against the kernels they are made of, and at every length. */
#include "support/support.h"
#include "kernels/kernels.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1100, MORE = 8, TABLES = 8 };

static const vd_kernels *tables[TABLES];
static int n_tables;

static const size_t lengths[] = {0, 1, 3, 15, 16, 17, 63, 64, 65, 511, 512, 513, 1024, N};

/* of a step relative to itself: root, reciprocal and a handful of roundings */
static const double estimate = 1e-6;

START_TEST(a_step_of_adam_is_within_its_bound)
{
    const vd_kernels *k = tables[_i];
    float x[N], step[N], m[N], v[N], m0[N];
    vd_adam_args a = {.01f, 0, 1, 1e-7f, .5f, .25f, 2, 0}; /* b2 = 1 keeps v, b1 = 0 makes m the gradient */
    fill_random(m0, N, 3);
    for (int i = 0; i < N; ++i) {
        x[i] = 0;
        step[i] = 2 * m0[i];
        v[i] = i % 9 ? powf(10, (float)(i % 61) - 30) : 0;
        m[i] = 5;
    }
    k->adam(N, a, x, step, m, v);
    for (int i = 0; i < N; ++i) {
        double v0 = i % 9 ? powf(10, (float)(i % 61) - 30) : 0, want = .01f * (m0[i] / .5) / (sqrt(v0 / .25) + 1e-7f);
        ck_assert_msg(close_to(x[i], want, estimate, 0), "v %g: %.9g, want %.9g", v0, x[i], want);
        ck_assert(close_to(m[i], m0[i], 1e-7, 0) && step[i] == 0);
    }
}
END_TEST

START_TEST(a_gradient_without_end_moves_nothing_without_end)
{
    float x[2] = {1, 2}, step[2] = {1e19f, 3e38f}, m[2] = {0}, v[2] = {0};
    tables[_i]->adam(2, (vd_adam_args){.01f, .9f, .999f, 1e-8f, .1f, .001f, 1, 0}, x, step, m, v);
    ck_assert(isfinite(x[0]));
    step[0] = NAN;
    tables[_i]->adam(1, (vd_adam_args){.01f, .9f, .999f, 1e-8f, .1f, .001f, 1, 0}, x, step, m, v);
    ck_assert(isnan(x[0]) && isnan(m[0]) && isnan(v[0]));
}
END_TEST

START_TEST(a_sample_is_within_its_bound)
{
    const vd_kernels *k = tables[_i];
    float eps[N], var[N], out[N] = {0}, var0[N];
    fill_random(eps, N, 5);
    for (int i = 0; i < N; ++i) var0[i] = var[i] = i % 9 ? powf(10, (float)(i % 50) - 25) : 0;
    k->sample(N, eps, var, out);
    for (int i = 0; i < N; ++i) {
        double std = sqrt((double)var0[i] + 1e-8);
        ck_assert_msg(close_to(out[i], std * eps[i], estimate, 0), "var %g: %.9g", var0[i], out[i]);
        ck_assert(close_to(var[i], eps[i] / (2 * std), estimate, 0));
    }
    var[0] = NAN;
    k->sample(1, eps, var, out);
    ck_assert(isnan(out[0]));
}
END_TEST

START_TEST(noise_is_added_from_any_number_on)
{
    static const size_t firsts[] = {0, 1, 63, 64, 100, 256, 300, 320};
    const vd_kernels *k = tables[_i];
    const vd_noise_key key = {9, 8, 7, 6};
    static float eps[2 * N], want[2][N + MORE], got[2][N + MORE];
    k->noise(key, 2 * N, eps);
    for (size_t f = 0; f < COUNT_OF(firsts); ++f) {
        for (size_t l = 0; l < COUNT_OF(lengths); ++l) {
            fill_random(want[0], N + MORE, 4);
            fill_random(want[1], N + MORE, 5);
            for (int i = 0; i < N + MORE; ++i) want[0][i] = fabsf(want[0][i]);
            memcpy(got, want, sizeof(got));
            k->sample(lengths[l], eps + firsts[f], want[0], want[1]);
            k->add_noise(key, firsts[f], lengths[l], got[0], got[1]);
            ck_assert_mem_eq(got, want, sizeof(got));
        }
    }
}
END_TEST

/* ---- update_adam ---- */

enum { THETA, LOG_SIGMA2, D_THETA, D_SIGMA2, THETA_M, THETA_V, LOG_SIGMA2_M, LOG_SIGMA2_V, SIGMA2, D_KL, ARRAYS };

typedef float weights[ARRAYS][N + MORE];

static vd_adam_arrays arrays_of(weights w)
{
    return (vd_adam_arrays){w[THETA],   w[LOG_SIGMA2],   w[D_THETA],      w[D_SIGMA2], w[THETA_M],
                            w[THETA_V], w[LOG_SIGMA2_M], w[LOG_SIGMA2_V], w[SIGMA2],   w[D_KL]};
}

/* log_alpha at both ends of its clip now and then, some theta 0 */
static void fill(weights w)
{
    for (int a = 0; a < ARRAYS; ++a) fill_random(w[a], N + MORE, 20 + (unsigned)a);
    for (int i = 0; i < N + MORE; ++i) {
        float t = w[THETA][i] * powf(10, .5f - i % 4);
        w[THETA][i] = i % 50 ? t : 0;
        w[LOG_SIGMA2][i] = w[LOG_SIGMA2][i] * 10 + logf(t * t + 1e-8f);
        w[THETA_V][i] *= w[THETA_V][i];
        w[LOG_SIGMA2_V][i] *= w[LOG_SIGMA2_V][i];
    }
    vd_kernels_c.variance_kl(N + MORE, w[THETA], w[LOG_SIGMA2], w[SIGMA2], w[D_KL]);
}

static const vd_adam_args args = {.003f, .9f, .99f, 1e-4f, .5f, .25f, 8, .01f};

/* the same by the kernels it is made of */
static vd_update_sums separately(const vd_kernels *k, size_t n, weights w)
{
    vd_adam_args plain = args;
    vd_update_sums s = {0};
    plain.decay = 0;
    k->posterior_backward(n, w[THETA], w[SIGMA2], w[D_KL], -.02f, w[D_THETA], w[D_SIGMA2]);
    k->adam(n, args, w[THETA], w[D_THETA], w[THETA_M], w[THETA_V]);
    k->adam(n, plain, w[LOG_SIGMA2], w[D_SIGMA2], w[LOG_SIGMA2_M], w[LOG_SIGMA2_V]);
    s.kl = k->variance_kl(n, w[THETA], w[LOG_SIGMA2], w[SIGMA2], w[D_KL]);
    s.largest = k->largest(n, w[SIGMA2]);
    return s;
}

START_TEST(one_pass_is_gradient_step_and_variance)
{
    static weights got, want;
    for (size_t l = 0; l < COUNT_OF(lengths); ++l) {
        vd_update_sums sums = {1, 0, 0};
        fill(got), fill(want);
        tables[_i]->update_adam(lengths[l], args, -.02f, arrays_of(got), &sums);
        vd_update_sums expected = separately(&vd_kernels_c, lengths[l], want);
        ck_assert(!sums.is_infinite);
        ck_assert(close_to(sums.kl - 1, expected.kl, 2e-5, 1e-4));
        ck_assert(close_to(sums.largest, expected.largest, 1e-5, 0));
        for (int a = 0; a < ARRAYS; ++a)
            for (int i = 0; i < N + MORE; ++i)
                ck_assert_msg(close_to(got[a][i], want[a][i], a < SIGMA2 ? 1e-5 : 2e-4, 1e-7),
                              "%zu weights, array %d[%d]: %g, not %g", lengths[l], a, i, got[a][i], want[a][i]);
    }
}
END_TEST

/* a resumed training makes the variance by itself */
START_TEST(the_variance_of_the_pass_is_variance_kl_to_the_bit)
{
    static weights w;
    static float sigma2[N], d_kl[N];
    for (size_t l = 0; l < COUNT_OF(lengths); ++l) {
        size_t n = lengths[l];
        vd_update_sums sums = {0};
        fill(w);
        tables[_i]->update_adam(n, args, -.02f, arrays_of(w), &sums);
        double kl = tables[_i]->variance_kl(n, w[THETA], w[LOG_SIGMA2], sigma2, d_kl);
        ck_assert(sums.kl == kl && sums.largest == tables[_i]->largest(n, sigma2));
        ck_assert_mem_eq(w[SIGMA2], sigma2, n * sizeof(float));
        ck_assert_mem_eq(w[D_KL], d_kl, n * sizeof(float));
    }
}
END_TEST

START_TEST(one_pass_sees_what_is_not_finite)
{
    static weights w;
    static const int places[] = {0, 15, 16, 63, 511, 512, N - 1};
    for (size_t p = 0; p < COUNT_OF(places); ++p) {
        for (int which = 0; which < 4; ++which) {
            vd_update_sums sums = {0};
            fill(w);
            w[which % 2 ? D_THETA : LOG_SIGMA2][places[p]] = which < 2 ? INFINITY : NAN;
            tables[_i]->update_adam(N, args, -.02f, arrays_of(w), &sums);
            ck_assert_msg(sums.is_infinite, "array %d[%d]", which, places[p]);
        }
    }
}
END_TEST

/* ---- checks ---- */

START_TEST(a_checksum_changes_with_each_bit_and_with_the_order)
{
    static float x[N];
    for (size_t l = 1; l < COUNT_OF(lengths); ++l) {
        size_t n = lengths[l];
        fill_random(x, N, 7);
        uint64_t sum = tables[_i]->checksum(n, x);
        ck_assert_uint_eq(sum, vd_kernels_c.checksum(n, x));
        for (size_t i = 0; i < n; i += 1 + n / 37) {
            for (int bit = 0; bit < 32; bit += 7) {
                uint32_t word;
                memcpy(&word, x + i, 4), word ^= 1u << bit, memcpy(x + i, &word, 4);
                ck_assert(tables[_i]->checksum(n, x) != sum);
                word ^= 1u << bit, memcpy(x + i, &word, 4);
            }
            size_t j = (i + 64) % n;
            float old = x[i];
            if (x[i] == x[j]) continue;
            x[i] = x[j], x[j] = old;
            ck_assert(tables[_i]->checksum(n, x) != sum);
            x[j] = x[i], x[i] = old;
        }
        ck_assert_uint_eq(tables[_i]->checksum(n, x), sum);
    }
}
END_TEST

START_TEST(numbers_that_are_not_finite_are_seen_at_every_place)
{
    static const float bad[] = {INFINITY, -INFINITY, NAN};
    static float x[N];
    for (size_t n = 0; n < 150; ++n) {
        for (int i = 0; i < N; ++i) x[i] = i < (int)n ? FLT_MAX : NAN; /* those behind are not looked at */
        ck_assert(tables[_i]->all_finite(n, x));
        ck_assert(tables[_i]->largest(n, x) == (n ? FLT_MAX : 0));
        for (size_t at = 0; at < n; ++at) {
            x[at] = bad[at % 3];
            ck_assert(!tables[_i]->all_finite(n, x));
            ck_assert(isnan(x[at]) ? tables[_i]->largest(n, x) <= FLT_MAX : isinf(tables[_i]->largest(n, x)));
            x[at] = -1;
        }
        ck_assert(tables[_i]->largest(n, x) == (n > 0));
    }
}
END_TEST

SUITE_OF(update_vector)
{
    n_tables = vd_kernels_list(tables, TABLES);
    LOOP(a_step_of_adam_is_within_its_bound, n_tables);
    LOOP(a_gradient_without_end_moves_nothing_without_end, n_tables);
    LOOP(a_sample_is_within_its_bound, n_tables);
    LOOP(noise_is_added_from_any_number_on, n_tables);
    LOOP(one_pass_is_gradient_step_and_variance, n_tables);
    LOOP(the_variance_of_the_pass_is_variance_kl_to_the_bit, n_tables);
    LOOP(one_pass_sees_what_is_not_finite, n_tables);
    LOOP(a_checksum_changes_with_each_bit_and_with_the_order, n_tables);
    LOOP(numbers_that_are_not_finite_are_seen_at_every_place, n_tables);
}
