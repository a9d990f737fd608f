/* layer/posterior.c: the variance that an update makes is that of the next forward pass, whoever wrote the weights in
 * between. */
#include "support/support.h"
#include "base/fail.h"
#include "layer/posterior.h"

#include <stdlib.h>
#include <string.h>

#define NET(keys) \
    "[net]\nbatch=6\nseed=5\nlearning_rate=.01\nmax_batches=100\nchannels=3\nheight=9\nwidth=8\ndecay=.001\n" keys
#define CONV(keys) "[vd_conv]\nfilters=7\nsize=3\npad=1\nactivation=relu\nlog_sigma2=-4\n" keys
#define CONN(keys) "[vd_connected]\noutput=40\nactivation=tanh\nlog_sigma2=-4\n" keys
#define END(keys) \
    "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-4\n[softmax]\n[vd_cost]\nsamples=50\nkl_scale=.5\n" keys
#define ADAM "adam=1\nmomentum=0\n"
#define SGD "momentum=.9\n"
#define CLIP "train_clip=1\nthreshold=1\n"

static const char *const cfgs[] = {
    NET(ADAM) CONV("") CONN("") END(""),
    NET(SGD) CONV("") CONN("") END(""),
    NET(ADAM) CONV(CLIP) CONN(CLIP) END(""),
    NET(SGD) CONV(CLIP) CONN(CLIP) END(""),
    NET(ADAM "subdivisions=2\n") CONV("batch_normalize=1\n") CONN("") END(""),
    NET(ADAM) CONV("groups=1\n") CONN("") END("freeze_pruned=40\n"),
};

enum { BATCHES = 4 };

/* after a few steps */
static network *trained(const char *cfg)
{
    network *net = network_of(cfg, 0);
    train_steps(net, 0, BATCHES * net->subdivisions, 9);
    return net;
}

/* one training forward of the pictures there are, with the noise of the first */
static void forward(network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_of(net->layers[i])->noise.drawn = 0;
    net->train = 1;
    forward_network(net);
}

static void assert_same_forward(const network *a, const network *b)
{
    ck_assert(*a->cost == *b->cost);
    for (int i = 0; i < a->n; ++i) {
        layer l = a->layers[i];
        const vd_layer *va = vd_layer_of(l), *vb = vd_layer_of(b->layers[i]);
        ck_assert_mem_eq(l.output, b->layers[i].output, (size_t)l.batch * l.outputs * sizeof(float));
        if (!va) continue;
        ck_assert(va->variance.kl == vb->variance.kl && va->variance.largest == vb->variance.largest);
        ck_assert_mem_eq(va->variance.sigma2, vb->variance.sigma2, va->n * sizeof(float));
        ck_assert_mem_eq(va->variance.d_kl, vb->variance.d_kl, va->n * sizeof(float));
        if (va->train_clip) ck_assert_mem_eq(va->test_time.masked, vb->test_time.masked, va->n * sizeof(float));
    }
}

/* forget what the updates have made */
static void change_all(network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_changed(net->layers[i]);
}

START_TEST(an_update_leaves_what_a_forward_would_make)
{
    network *a = trained(cfgs[_i]), *b = trained(cfgs[_i]);
    for (int i = 0; i < a->n; ++i)
        if (vd_layer_of(a->layers[i])) ck_assert(vd_layer_of(a->layers[i])->variance.is_current);
    change_all(b);
    forward(a), forward(b);
    assert_same_forward(a, b);
    free_network(a), free_network(b);
}
END_TEST

START_TEST(weights_that_a_program_writes_are_seen)
{
    network *a = trained(cfgs[_i]), *b = trained(cfgs[_i]);
    for (int n = 0; n < 3; ++n) {
        for (int i = 0; i < a->n; ++i) {
            const vd_layer *vd = vd_layer_of(a->layers[i]);
            if (!vd) continue;
            size_t one = vd->n * (size_t)n / 2 < vd->n ? vd->n * (size_t)n / 2 : vd->n - 1;
            a->layers[i].weights[one] = b->layers[i].weights[one] += .25f;
        }
        change_all(b);
        forward(a), forward(b);
        assert_same_forward(a, b);
    }
    free_network(a), free_network(b);
}
END_TEST

/* a mask made for other weights in between must not stay */
START_TEST(a_prediction_between_two_steps_changes_nothing)
{
    network *a = trained(cfgs[_i]), *b = trained(cfgs[_i]);
    float *input = vd_calloc((size_t)a->batch * a->inputs, sizeof(float));
    for (int i = 0; i < a->n; ++i) {
        layer l = a->layers[i];
        if (vd_layer_of(l)) l.weights[1] += 1;
    }
    network_predict(a, input);
    for (int i = 0; i < a->n; ++i)
        if (vd_layer_of(a->layers[i])) a->layers[i].weights[1] = b->layers[i].weights[1];
    memcpy(a->input, b->input, (size_t)a->batch * a->inputs * sizeof(float));
    memcpy(a->truth, b->truth, (size_t)a->batch * a->truths * sizeof(float));
    forward(a), forward(b);
    assert_same_forward(a, b);
    free(input);
    free_network(a), free_network(b);
}
END_TEST

START_TEST(freezing_changes_nothing_before_a_weight_is_frozen)
{
    static const char *const pairs[][2] = {
        {NET(ADAM) CONV("") CONN("") END(""), NET(ADAM) CONV("") CONN("") END("freeze_pruned=60\n")},
        {NET(SGD) CONV(CLIP) CONN(CLIP) END(""), NET(SGD) CONV(CLIP) CONN(CLIP) END("freeze_pruned=60\n")}};
    for (size_t p = 0; p < COUNT_OF(pairs); ++p) {
        network *without = network_of(pairs[p][0], 0), *with = network_of(pairs[p][1], 0);
        train_steps(without, 0, 53, 9); /* past the batch at which freezing looks */
        train_steps(with, 0, 53, 9);
        for (int i = 0; i < with->n; ++i) {
            layer a = without->layers[i], b = with->layers[i];
            const vd_layer *va = vd_layer_of(a), *vb = vd_layer_of(b);
            if (!va) continue;
            ck_assert_ptr_nonnull(vb->freezing.pruned_for);
            ck_assert_mem_eq(a.weights, b.weights, va->n * sizeof(float));
            ck_assert_mem_eq(va->log_sigma2, vb->log_sigma2, va->n * sizeof(float));
            ck_assert_mem_eq(a.biases, b.biases, a.out_c * sizeof(float));
        }
        free_network(without), free_network(with);
    }
}
END_TEST

SUITE_OF(posterior)
{
    TIMEOUT(240);
    LOOP(an_update_leaves_what_a_forward_would_make, COUNT_OF(cfgs));
    LOOP(weights_that_a_program_writes_are_seen, COUNT_OF(cfgs));
    LOOP(a_prediction_between_two_steps_changes_nothing, COUNT_OF(cfgs));
    TEST(freezing_changes_nothing_before_a_weight_is_frozen);
}
