/* weights/grid.c: weights become integers times a step as coarse as their posterior allows, or as a rate asks for. */
#include "weights/grid.h"
#include "weights/array.h"
#include "support/support.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 20, COLUMNS = 50, N = ROWS * COLUMNS };

typedef struct {
    vd_part part;
    float before[N], log_sigma2[N];
} layer_weights;

/* one weight of four is left; `large` of them are so many times larger */
static layer_weights *make_weights(float sigma, float large)
{
    layer_weights *l = vd_calloc(1, sizeof(*l));
    fill_random(l->before, N, 3);
    for (int k = 0; k < N; ++k) {
        if (k % 4) l->before[k] = 0;
        if (k % 16 == 0) l->before[k] *= large;
        l->log_sigma2[k] = 2 * logf(sigma);
    }
    l->part = (vd_part){.rows = ROWS, .columns = COLUMNS, .weights = vd_calloc(N, sizeof(float))};
    memcpy(l->part.weights, l->before, sizeof(l->before));
    return l;
}

static void free_weights(layer_weights *l)
{
    free(l->part.weights);
    free(l);
}

static void all_are_multiples(const layer_weights *l, float step)
{
    for (int k = 0; k < N; ++k) {
        float n = rintf(l->part.weights[k] / step);
        ck_assert_msg(l->part.weights[k] == n * step && fabsf(n) <= VD_MOST_INTEGER, "weight %d: %g steps", k, n);
        ck_assert(l->before[k] != 0 || n == 0);
    }
}

START_TEST(without_a_rate_the_step_is_half_a_sigma)
{
    layer_weights *l = make_weights(.1f, 1);
    float step = vd_pack_step(vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = 0}));
    ck_assert_msg(step <= .05f && step > .05f / 1.3f, "%g", step);
    all_are_multiples(l, step);
    for (int k = 0; k < N; ++k) ck_assert(fabsf(l->part.weights[k] - l->before[k]) <= step / 2 * 1.00001f);
    free_weights(l);
}
END_TEST

START_TEST(without_a_rate_no_weight_takes_more_than_127_steps)
{
    layer_weights *l = make_weights(1e-6f, 5);
    float step = vd_pack_step(vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = 0})), most = 0;
    all_are_multiples(l, step);
    for (int k = 0; k < N; ++k) most = fmaxf(most, fabsf(l->part.weights[k]));
    ck_assert_msg(most / step <= 127.01f && most / step > 95, "%g steps", most / step);
    free_weights(l);
}
END_TEST

static int weights_left(const layer_weights *l)
{
    int n = 0;
    for (int k = 0; k < N; ++k) n += l->part.weights[k] != 0;
    return n;
}

START_TEST(a_higher_rate_has_larger_steps_and_fewer_weights)
{
    float last = 0;
    int weights = N;
    for (double rate = .01; rate < 20; rate *= 10) {
        layer_weights *l = make_weights(.1f, 1);
        float step = vd_pack_step(vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = rate}));
        all_are_multiples(l, step);
        ck_assert_msg(step >= last && weights_left(l) <= weights, "rate %g: step %g, %d weights", rate, step,
                      weights_left(l));
        last = step;
        weights = weights_left(l);
        free_weights(l);
    }
    ck_assert_int_lt(weights, N / 8);
}
END_TEST

START_TEST(a_step_is_the_one_given_or_at_least_so_large)
{
    for (int rate = 0; rate < 2; ++rate) {
        layer_weights *l = make_weights(.1f, 1);
        ck_assert_int_eq(vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = rate, .least = 190}), 190);
        all_are_multiples(l, vd_pack_step(190));
        free_weights(l);
    }
    layer_weights *l = make_weights(1, 1); /* fixed, and fine: weights of many steps that nobody would miss are 0 */
    ck_assert_int_eq(vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){1, 170, 1}), 170);
    ck_assert_int_eq(weights_left(l), 0);
    free_weights(l);
}
END_TEST

/* bytes of a file that gets smaller at one rate */
static size_t halved_at(void *context, double rate)
{
    return rate < *(double *)context ? 100 : 50;
}

START_TEST(the_smallest_rate_for_so_many_bytes_is_found)
{
    double at = 3;
    double found = vd_smallest_rate(-10, 50, halved_at, &at), all = vd_smallest_rate(-10, 100, halved_at, &at);
    ck_assert_msg(found >= 3 && found < 3 * 1.01, "%g", found);
    ck_assert_msg(close_to(all, 0x1p-10, .01, 0), "%g", all);
    ck_assert_double_eq(vd_smallest_rate(-10, 49, halved_at, &at), VD_LARGEST_RATE);
}
END_TEST

/* what one more weight costs depends on where it is: the lonely ones go first */
START_TEST(a_weight_in_an_empty_row_goes_before_one_in_a_full_row)
{
    layer_weights *l = make_weights(.1f, 1);
    for (int k = 0; k < N; ++k) l->part.weights[k] = l->before[k] = k / COLUMNS < 4 ? (k % 2 ? .3f : -.3f) : 0;
    l->part.weights[3] = l->before[3] = .25f;
    l->part.weights[15 * COLUMNS + 48] = l->before[15 * COLUMNS + 48] = .25f;
    vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = 1.5});
    ck_assert(l->part.weights[3] != 0);
    ck_assert(l->part.weights[15 * COLUMNS + 48] == 0);
    ck_assert_int_eq(weights_left(l), 4 * COLUMNS);
    free_weights(l);
}
END_TEST

START_TEST(one_sigma_that_was_left_where_it_began_does_not_decide)
{
    layer_weights *l = make_weights(.1f, 1);
    uint8_t step = vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = 0});
    memcpy(l->part.weights, l->before, sizeof(l->before));
    for (int k = 0; k < N; k += 16) l->log_sigma2[k] = -20;
    ck_assert_int_eq(vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = 0}), step);
    free_weights(l);
}
END_TEST

START_TEST(a_sigma_counts_as_half_its_median_at_least_and_twice_at_most)
{
    for (int more = -1; more < 2; more += 2) {
        layer_weights *l = make_weights(.1f, 1), *limit = make_weights(.1f, 1);
        for (int k = 0; k < N; k += 16) l->log_sigma2[k] = 20.f * more, limit->log_sigma2[k] += 2 * more * logf(2);
        int step = vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = 1});
        ck_assert_int_eq(vd_grid_round(limit->part, limit->log_sigma2, (vd_grid_rule){.rate = 1}), step);
        ck_assert_int_eq(memcmp(l->part.weights, limit->part.weights, N * sizeof(float)), 0);
        free_weights(l), free_weights(limit);
    }
}
END_TEST

START_TEST(no_weights_and_extreme_sigmas_are_rounded_too)
{
    static const float sigmas[] = {-300, 300, 80, -80};
    for (size_t i = 0; i < COUNT_OF(sigmas); ++i)
        for (int r = 0; r < 2; ++r) {
            layer_weights *l = make_weights(1, i % 2 ? 0 : 1e20f);
            if (i == 3) memset(l->part.weights, 0, N * sizeof(float)), memset(l->before, 0, sizeof(l->before));
            for (int k = 0; k < N; ++k) l->log_sigma2[k] = sigmas[i];
            uint8_t step = vd_grid_round(l->part, l->log_sigma2, (vd_grid_rule){.rate = r});
            for (int k = 0; k < N; ++k) ck_assert(isfinite(l->part.weights[k]));
            if (i % 2) all_are_multiples(l, vd_pack_step(step)); /* 1e20 is more steps than there are */
            free_weights(l);
        }
}
END_TEST

/* bytes: 1000/rate, and 50 more above a rate of 500 */
static size_t size_that_grows_again(void *context, double rate)
{
    (void)context;
    return (size_t)(1000 / rate) + 50 * (rate > 500);
}

START_TEST(a_rate_is_found_where_the_largest_one_does_not_make_the_smallest_file)
{
    for (size_t bytes = 4; bytes < 1000; bytes += 7) {
        double rate = vd_smallest_rate(-8, bytes, size_that_grows_again, 0);
        ck_assert_uint_le(size_that_grows_again(0, rate), bytes);
        ck_assert(rate < 1.01 * 1000 / (double)bytes);
    }
    ck_assert_double_eq(vd_smallest_rate(-8, 0, size_that_grows_again, 0), VD_LARGEST_RATE);
}
END_TEST

SUITE_OF(grid)
{
    TEST(without_a_rate_the_step_is_half_a_sigma);
    TEST(without_a_rate_no_weight_takes_more_than_127_steps);
    TEST(a_higher_rate_has_larger_steps_and_fewer_weights);
    TEST(a_step_is_the_one_given_or_at_least_so_large);
    TEST(the_smallest_rate_for_so_many_bytes_is_found);
    TEST(a_weight_in_an_empty_row_goes_before_one_in_a_full_row);
    TEST(one_sigma_that_was_left_where_it_began_does_not_decide);
    TEST(a_sigma_counts_as_half_its_median_at_least_and_twice_at_most);
    TEST(no_weights_and_extreme_sigmas_are_rounded_too);
    TEST(a_rate_is_found_where_the_largest_one_does_not_make_the_smallest_file);
}
