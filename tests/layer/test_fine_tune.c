/* [vd_cost] fine_tune: the last batches of a training, which leave pruned weights at 0. */
#include "layer/vd_cost_layer.h"
#include "layer/vd_layer.h"
#include "support/support.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET(keys) "[net]\nbatch=6\nchannels=4\nheight=7\nwidth=6\nseed=4\nlearning_rate=.01\n" keys
#define LAYERS(vd)                                                                           \
    "[" vd "convolutional]\nfilters=6\nsize=3\npad=1\nactivation=leaky\nbatch_normalize=1\n" \
    "[" vd "convolutional]\nfilters=8\nsize=3\nstride=2\ngroups=2\nactivation=relu\n"        \
    "[" vd "connected]\noutput=4\nactivation=linear\n[softmax]\n"
#define COST(keys) "[vd_cost]\nsamples=50\nkl_scale=.3\n" keys
#define ADAM "adam=1\ndecay=0\n"
#define SGD "momentum=.9\ndecay=.01\n"

static int is_pruned(size_t k)
{
    return k % 3 != 1;
}

/* two of three weights pruned: to 0 in a plain network, by log_sigma2 in a variational one */
static void prune(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        vd_layer *vd = vd_layer_of(l);
        for (size_t k = 0; k < vd_weights_of(l); ++k) {
            if (vd) vd->log_sigma2[k] = logf(l.weights[k] * l.weights[k] + 1e-8f) + (is_pruned(k) ? 1.f : -7.f);
            else if (is_pruned(k)) l.weights[k] = 0;
        }
        if (!vd) continue;
        vd->threshold = 0; /* little noise */
        vd_layer_changed(l);
    }
}

static void copy_weights(const network *from, network *to)
{
    for (int i = 0; i < from->n && i < to->n; ++i)
        for (size_t k = 0; k < vd_weights_of(from->layers[i]); ++k)
            to->layers[i].weights[k] = from->layers[i].weights[k];
}

#define ONE_BATCH "max_batches=1\n" /* its first batch is the last one */

static const struct {
    const char *variational, *plain;
} cfgs[] = {
    {NET(ADAM ONE_BATCH) LAYERS("vd_") COST("fine_tune=1\n"), NET(ADAM) LAYERS("")},
    {NET(SGD ONE_BATCH) LAYERS("vd_") COST("fine_tune=1\n"), NET(SGD) LAYERS("")},
    {NET(SGD ONE_BATCH) LAYERS("vd_") COST("fine_tune=1\nfreeze_pruned=1\n"), NET(SGD) LAYERS("")},
};

START_TEST(what_is_left_is_trained_as_the_plain_layer_with_zeros_is)
{
    network *vd = network_of(cfgs[_i].variational, 0), *plain = network_of(cfgs[_i].plain, 0);
    copy_weights(vd, plain);
    prune(vd);
    prune(plain);
    train_steps(vd, 0, 1, 9);
    train_steps(plain, 0, 1, 9);
    for (int i = 0; i < plain->n; ++i) {
        layer a = plain->layers[i], b = vd->layers[i];
        for (size_t k = 0; k < vd_weights_of(a); ++k) {
            if (is_pruned(k)) ck_assert(b.weights[k] == 0);
            else
                ck_assert_msg(close_to(b.weights[k], a.weights[k], 1e-4, 1e-6), "layer %d, weight %zu: %g, %g", i, k,
                              b.weights[k], a.weights[k]);
        }
        for (int k = 0; vd_weights_of(a) && k < a.out_c; ++k) {
            ck_assert(close_to(b.biases[k], a.biases[k], 1e-4, 1e-6));
            if (a.batch_normalize) ck_assert(close_to(b.rolling_mean[k], a.rolling_mean[k], 1e-4, 1e-6));
        }
    }
    free_network(vd);
    free_network(plain);
}
END_TEST

/* how many weights of all layers are 0, and a sum that every change of log_sigma2 changes */
static size_t zeros(const network *net, double *log_sigma2)
{
    size_t n = 0;
    *log_sigma2 = 0;
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && k < vd->n; ++k) {
            n += net->layers[i].weights[k] == 0;
            *log_sigma2 += vd->log_sigma2[k] * (1 + k % 10);
        }
    }
    return n;
}

START_TEST(it_begins_so_many_batches_before_the_end_and_prunes_no_more)
{
    enum { BATCHES = 12, LAST = 5 };
    network *net = network_of(NET(ADAM "max_batches=12\n") LAYERS("vd_") COST("fine_tune=5\n"), 0);
    double before, after;
    train_steps(net, 0, 1, 9);
    prune(net);
    train_steps(net, 1, BATCHES - LAST - 2, 9);
    size_t first = zeros(net, &before);
    train_steps(net, BATCHES - LAST - 1, 1, 9);
    ck_assert_uint_eq(zeros(net, &after), first); /* theta is never quite 0 before */
    ck_assert(before != after);
    ck_assert(vd_cost_kl_weight(net) > 0);
    float *was = vd_calloc(vd_weights_of(net->layers[0]), sizeof(float));
    memcpy(was, net->layers[0].weights, vd_weights_of(net->layers[0]) * sizeof(float));
    train_steps(net, BATCHES - LAST, 1, 9);
    size_t pruned = zeros(net, &after);
    ck_assert_uint_gt(pruned, first);
    for (int t = 1; t < LAST; ++t) train_steps(net, BATCHES - LAST + t, 1, 9);
    ck_assert_uint_eq(zeros(net, &after), pruned);
    ck_assert(vd_cost_kl_weight(net) == 0);
    for (size_t k = 0; k < vd_weights_of(net->layers[0]); ++k)
        ck_assert(net->layers[0].weights[k] == 0 || net->layers[0].weights[k] != was[k]);
    free(was);
    free_network(net);
}
END_TEST

START_TEST(a_fine_tuned_network_answers_in_training_as_at_test_time)
{
    network *net = network_of("[net]\nbatch=2\nchannels=1\nheight=1\nwidth=30\nlearning_rate=0\n[vd_connected]\n"
                              "output=5\nactivation=linear\nlog_sigma2=-4\n" COST("fine_tune=1\n"),
                              0);
    float out[10];
    layer l = net->layers[0];
    fill_random(net->input, 60, 3);
    float *input = vd_calloc(60, sizeof(float));
    memcpy(input, net->input, 60 * sizeof(float));
    net->train = 1;
    *net->seen = 2;
    forward_network(net);
    memcpy(out, l.output, sizeof(out));
    float *again = network_predict(net, input);
    for (int k = 0; k < 10; ++k) ck_assert(close_to(out[k], again[k], 1e-5, 1e-6));
    free(input);
    free_network(net);
}
END_TEST

SUITE_OF(fine_tune)
{
    TIMEOUT(240);
    LOOP(what_is_left_is_trained_as_the_plain_layer_with_zeros_is, COUNT_OF(cfgs));
    TEST(it_begins_so_many_batches_before_the_end_and_prunes_no_more);
    TEST(a_fine_tuned_network_answers_in_training_as_at_test_time);
}
