/* layer/histogram.c: which bin a weight is counted in, which log alpha a share of the weights is over, and the ends. */
#include "layer/histogram.h"
#include "layer/vd_layer.h"
#include "support/support.h"

#include <math.h>

enum { WEIGHTS = 128, HALF = WEIGHTS / 2 };

/* two layers; weight k has the log alpha (k - 64)/8 and half a bin more, from -8 to 7.875 */
static network *make_network(void)
{
    network *net = network_of("[net]\nbatch=1\ninputs=8\n[vd_connected]\noutput=8\n[connected]\noutput=8\n"
                              "[vd_connected]\noutput=8\n[softmax]\n[vd_cost]\nsamples=9\n",
                              0);
    for (int k = 0; k < WEIGHTS; ++k) {
        layer l = net->layers[k / HALF * 2];
        l.weights[k % HALF] = k % 3 ? 1 : -1;
        vd_layer_of(l)->log_sigma2[k % HALF] = (float)(k - HALF) / 8 + .5f / VD_HISTOGRAM_BINS_A_UNIT;
    }
    return net;
}

static int bin_of(double log_alpha)
{
    return (int)((log_alpha - VD_HISTOGRAM_LOWEST) * VD_HISTOGRAM_BINS_A_UNIT);
}

START_TEST(every_weight_is_in_the_bin_of_its_log_alpha)
{
    network *net = make_network();
    vd_histogram r = vd_histogram_of(net);
    size_t all = 0;
    for (int k = 0; k < WEIGHTS; ++k) ck_assert_uint_eq(r.in[bin_of((k - HALF) / 8.)], 1);
    for (int i = 0; i < VD_HISTOGRAM_BINS; ++i) all += r.in[i];
    ck_assert_uint_eq(all, WEIGHTS);
    ck_assert_uint_eq(r.all, WEIGHTS);
    free_network(net);
}
END_TEST

/* shares that end with a weight, and those a little larger, which take one more */
START_TEST(a_quantile_is_the_lower_end_of_the_bin_that_makes_the_share)
{
    network *net = make_network();
    vd_histogram r = vd_histogram_of(net);
    for (int n = 1; n <= WEIGHTS; ++n) {
        double lowest = (WEIGHTS - n - HALF) / 8.;
        ck_assert_double_eq(vd_histogram_quantile(&r, (double)n / WEIGHTS), lowest);
        ck_assert_double_eq(vd_histogram_quantile(&r, (n - .5) / WEIGHTS), lowest);
        ck_assert_double_eq(vd_histogram_over(&r, lowest), (double)n / WEIGHTS);
        ck_assert_double_eq(vd_histogram_over(&r, lowest + .9 / VD_HISTOGRAM_BINS_A_UNIT), (double)n / WEIGHTS);
        ck_assert_double_eq(vd_histogram_over(&r, lowest + 1. / VD_HISTOGRAM_BINS_A_UNIT), (n - 1.) / WEIGHTS);
    }
    ck_assert_double_gt(vd_histogram_quantile(&r, 0), VD_HISTOGRAM_HIGHEST);
    free_network(net);
}
END_TEST

/* beyond the clip of the kernels at 8, and beyond the histogram */
START_TEST(weights_far_out_have_their_own_log_alpha)
{
    static const struct {
        float theta, log_sigma2;
        double log_alpha;
    } far[] = {{1, 8.25f, 8.25},
               {1, -8.25f, -8.25},
               {1, -43, -43},
               {1, 23.5f, 23.5},
               {0, 5, 5 - log(1e-8)},
               {1000, -30, -30 - log(1e6)},
               {1, 300, VD_HISTOGRAM_HIGHEST},
               {1, -300, VD_HISTOGRAM_LOWEST}};
    network *net = make_network();
    layer l = net->layers[0];
    float log_alpha[HALF];
    for (int i = 0; i < COUNT_OF(far); ++i) {
        l.weights[2 * i] = far[i].theta;
        vd_layer_of(l)->log_sigma2[2 * i] = far[i].log_sigma2;
    }
    vd_histogram_log_alpha(l, 0, HALF, log_alpha);
    for (int i = 0; i < COUNT_OF(far); ++i) {
        ck_assert_msg(close_to(log_alpha[2 * i], far[i].log_alpha, 1e-6, 0), "%d: %.9g", i, log_alpha[2 * i]);
        ck_assert(close_to(log_alpha[2 * i + 1], (2 * i + 1 - HALF) / 8., 1e-2, 0));
    }
    vd_histogram r = vd_histogram_of(net);
    ck_assert_uint_eq(r.in[0], 1);
    ck_assert_uint_eq(r.in[VD_HISTOGRAM_BINS - 1], 1);
    /* the weights of the first bin have no order: it is never the bin of a quantile */
    ck_assert_double_eq(vd_histogram_quantile(&r, 1), VD_HISTOGRAM_LOWEST + 1. / VD_HISTOGRAM_BINS_A_UNIT);
    ck_assert_double_eq(vd_histogram_over(&r, VD_HISTOGRAM_LOWEST), 1);
    free_network(net);
}
END_TEST

SUITE_OF(histogram)
{
    TEST(every_weight_is_in_the_bin_of_its_log_alpha);
    TEST(a_quantile_is_the_lower_end_of_the_bin_that_makes_the_share);
    TEST(weights_far_out_have_their_own_log_alpha);
}
