/* layer/nonfinite.c: the first number that is not finite is found and named. */
#include "layer/nonfinite.h"
#include "support/support.h"
#include "layer/vd_layer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

START_TEST(the_first_number_that_is_not_finite_is_found_wherever_it_stands)
{
    enum { N = 2500 };
    static const size_t places[] = {0, 1, 1023, 1024, 2047, 2048, N - 1};
    const float wrong[] = {NAN, -NAN, INFINITY, -INFINITY};
    float *x = malloc(N * sizeof(float));
    for (int i = 0; i < N; ++i) x[i] = i % 2 ? FLT_MAX : -FLT_TRUE_MIN;
    ck_assert_uint_eq(vd_first_not_finite(N, x), N);
    ck_assert_uint_eq(vd_first_not_finite(0, x), 0);
    for (size_t p = COUNT_OF(places); p--;) /* from the last to the first: the first is reported */
        for (int w = 0; w < 4; ++w) {
            x[places[p]] = wrong[w];
            ck_assert_uint_eq(vd_first_not_finite(N, x), places[p]);
            ck_assert_uint_eq(vd_first_not_finite(places[p], x), places[p]);
        }
    free(x);
}
END_TEST

static const char text[] = "[net]\nbatch=2\nwidth=6\nheight=6\nchannels=1\nadam=1\nlearning_rate=.1\n"
                           "[vd_convolutional]\nfilters=2\nsize=3\nbatch_normalize=1\nactivation=relu\n"
                           "[rnn]\nhidden=3\noutput=4\nactivation=linear\n"
                           "[vd_connected]\noutput=3\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=2\n";

static void expect_state(const network *net, int cutoff, int whole, const char *expected)
{
    char *fault = vd_fault_of_state(net, cutoff, whole);
    if (expected) ck_assert_str_eq(fault, expected);
    else ck_assert_ptr_null(fault);
    free(fault);
}

START_TEST(an_array_is_named_by_layer_type_and_place)
{
    network *net = network_of(text, 0);
    layer *l = net->layers;
    const struct {
        float *at;
        int saved;
        int layer;
        const char *fault;
    } cases[] = {{l[0].weights + 17, 1, 0, "layer 0 vd_convolutional: weights[17] is nan"},
                 {l[0].biases + 1, 1, 0, "layer 0 vd_convolutional: biases[1] is nan"},
                 {l[0].scales, 1, 0, "layer 0 vd_convolutional: scales[0] is nan"},
                 {l[0].rolling_variance + 1, 1, 0, "layer 0 vd_convolutional: rolling_variance[1] is nan"},
                 {l[0].v + 3, 0, 0, "layer 0 vd_convolutional: v[3] is nan"},
                 {l[1].self_layer->weights + 2, 1, 1, "layer 1 rnn: weights[2] is nan"},
                 {l[1].output_layer->m + 2, 0, 1, "layer 1 rnn: m[2] is nan"},
                 {vd_layer_of(l[2])->log_sigma2 + 5, 1, 2, "layer 2 vd_connected: log_sigma2[5] is nan"}};
    expect_state(net, net->n, 1, 0);
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        float before = *cases[i].at;
        *cases[i].at = -NAN;
        expect_state(net, net->n, 1, cases[i].fault);
        expect_state(net, net->n, 0, cases[i].saved ? cases[i].fault : 0);
        expect_state(net, cases[i].layer, 1, 0);
        *cases[i].at = before;
    }
    free_network(net);
}
END_TEST

static void expect_forward(network *net, const char *expected)
{
    forward_network(net);
    char *fault = vd_fault_of_forward(net);
    ck_assert_str_eq(fault, expected);
    free(fault);
}

START_TEST(a_forward_pass_names_the_first_layer_it_fails_in)
{
    static const char layers[] = "[net]\nbatch=2\ninputs=4\n[connected]\noutput=3\nactivation=linear\n"
                                 "[vd_connected]\noutput=3\nactivation=relu\n[softmax]\n[vd_cost]\nsamples=2\n";
    network *net = network_of(layers, 0);
    layer *l = net->layers;
    net->train = 1;
    fill_random(net->input, 8, 1);
    net->truth[0] = net->truth[4] = 1;
    expect_forward(net, "the sum of the layers' costs"); /* all layers are finite: only their sum can be the cause */
    vd_layer_of(l[1])->log_sigma2[1] = NAN;
    forward_network(net);
    char *fault = vd_fault_of_forward(net);
    ck_assert_ptr_nonnull(strstr(fault, "layer 1 vd_connected: "));
    free(fault);
    l[0].biases[2] = INFINITY;
    expect_forward(net, "layer 0 connected: output[2] is inf");
    net->input[3] = -NAN;
    expect_forward(net, "input[3] is nan");
    free_network(net);
}
END_TEST

SUITE_OF(nonfinite)
{
    TEST(the_first_number_that_is_not_finite_is_found_wherever_it_stands);
    TEST(an_array_is_named_by_layer_type_and_place);
    TEST(a_forward_pass_names_the_first_layer_it_fails_in);
}
