/* Stock [softmax] and [logistic]: the loss of finite numbers is finite and exact, and what it was where a probability
 * is not 0 (fixes/costs.patch). */
#include "support/support.h"
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 6 };

/* forward of the last layer of a net whose only layer it is: loss[N], output[N] */
static float cost_of(const char *section, const float *x, const float *truth, float *loss, float *output)
{
    char *cfg = vd_format("[net]\nbatch=1\ninputs=%d\n%s", N, section);
    network *net = network_of(cfg, 0);
    memcpy(net->input, x, N * sizeof(*x));
    memcpy(net->truth, truth, N * sizeof(*truth));
    net->train = 1;
    forward_network(net);
    memcpy(loss, net->layers[0].loss, N * sizeof(*loss));
    memcpy(output, net->layers[0].output, N * sizeof(*output));
    float cost = *net->layers[0].cost;
    free_network(net);
    free(cfg);
    return cost;
}

static double softmax_loss(const float *x, int first, int n, int i, double temperature)
{
    double largest = x[first], sum = 0;
    for (int j = first; j < first + n; ++j) largest = fmax(largest, x[j]);
    for (int j = first; j < first + n; ++j) sum += exp((x[j] - largest) / temperature);
    return (largest - x[i]) / temperature + log(sum);
}

static const struct {
    const char *section;
    int group;
    double temperature;
} softmaxes[] = {{"[softmax]\n", N, 1}, {"[softmax]\ngroups=2\n", N / 2, 1}, {"[softmax]\ntemperature=3\n", N, 3}};

START_TEST(softmax_of_distant_numbers_has_a_finite_loss)
{
    static const float xs[][N] = {
        {0, 500, 1, 2, -3, 1e6f}, {1, 2, 3, 2, 1, 0}, {-90, 13, -88, 40, 150, 0}, {-1e30f, 0, 0, 0, 0, 1e30f}};
    float loss[N], p[N];
    for (size_t v = 0; v < sizeof(xs) / sizeof(*xs); ++v)
        for (int t = 0; t < N; ++t) {
            float truth[N] = {0};
            truth[t] = 1;
            float cost = cost_of(softmaxes[_i].section, xs[v], truth, loss, p);
            int n = softmaxes[_i].group;
            double want = softmax_loss(xs[v], t / n * n, n, t, softmaxes[_i].temperature);
            ck_assert_msg(close_to(loss[t], want, 1e-5, 1e-6), "loss of %d is %g, %g is right", t, loss[t], want);
            ck_assert_msg(close_to(cost, want, 1e-5, 1e-6), "cost %g", cost);
            if (p[t] >= FLT_MIN) ck_assert_msg(loss[t] == (float)-log(p[t]), "%.9g is not %.9g", loss[t], -log(p[t]));
        }
}
END_TEST

START_TEST(logistic_of_large_numbers_has_a_finite_loss)
{
    static const float x[N] = {-500, -90, -3, 2, 40, 1e5f};
    static const float soft[] = {0, 1, .25f};
    float loss[N], p[N];
    for (int t = 0; t < 3; ++t) {
        float truth[N];
        for (int i = 0; i < N; ++i) truth[i] = soft[t];
        cost_of("[logistic]\n", x, truth, loss, p);
        for (int i = 0; i < N; ++i) {
            double sum = log1p(exp(-fabs(x[i]))),
                   want = soft[t] * (sum + fmax(0, -x[i])) + (1 - soft[t]) * (sum + fmax(0, x[i]));
            int ends = !(p[i] >= FLT_MIN && p[i] < 1);
            ck_assert_msg(close_to(loss[i], want, 1e-4, 1e-6), "x=%g, truth %g: %g, %g is right", x[i], soft[t],
                          loss[i], want);
            if (!ends)
                ck_assert_msg(loss[i] == (float)(-soft[t] * log(p[i]) - (1 - soft[t]) * log(1 - p[i])), "x=%g", x[i]);
        }
    }
}
END_TEST

START_TEST(the_overlap_of_an_endless_box_is_a_number)
{
    box truth = {.5f, .5f, .2f, .2f}, flat = {.5f, .5f, INFINITY, 0}, same = truth;
    uint32_t bits;
    float iou = box_iou(flat, truth);
    memcpy(&bits, &iou, sizeof(bits));
    ck_assert_uint_eq(bits, 0);
    ck_assert(close_to(box_iou(same, truth), 1, 1e-6, 0));
}
END_TEST

SUITE_OF(costs)
{
    LOOP(softmax_of_distant_numbers_has_a_finite_loss, COUNT_OF(softmaxes));
    TEST(logistic_of_large_numbers_has_a_finite_loss);
    TEST(the_overlap_of_an_endless_box_is_a_number);
}
