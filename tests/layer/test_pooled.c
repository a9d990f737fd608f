/* layer/pooled.c: a convolution trained as one with the max pool behind it, against the same two layers one by one:
 * outputs, indexes and all gradients, for every kind of shape; and which pairs are left alone. */
#include "layer/pooled.h"
#include "layer/convolution_winograd.h"
#include "layer/kernel_choice.h"
#include "layer/variance.h"
#include "layer/vd_layer.h"
#include "support/support.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maxpool_layer.h"

#define NET(batch, c, h, w)                                                                               \
    "[net]\nbatch=" #batch "\nseed=3\nlearning_rate=.1\nmomentum=0\ndecay=0\nchannels=" #c "\nheight=" #h \
    "\nwidth=" #w "\n"
#define VD(filters, size, rest) "[vd_convolutional]\nlog_sigma2=-4\nfilters=" #filters "\nsize=" #size "\n" rest
#define PLAIN(filters, size, rest) "[convolutional]\nfilters=" #filters "\nsize=" #size "\n" rest
#define RELU "activation=relu\n"
#define LEAKY "activation=leaky\n"
#define LINEAR "activation=linear\n"
#define POOL(size, stride) "[maxpool]\nsize=" #size "\nstride=" #stride "\n"
#define END "[connected]\noutput=4\nactivation=linear\n[softmax]\n[cost]\ntype=sse\n"

static const char *nets[] = {
    NET(3, 1, 28, 28) VD(20, 5, LINEAR) POOL(2, 2) VD(50, 5, RELU) POOL(2, 2) END,
    NET(4, 1, 28, 28) PLAIN(20, 5, LINEAR) POOL(2, 2) PLAIN(50, 5, RELU) POOL(2, 2) END,
    NET(5, 3, 17, 19) VD(6, 3, "pad=1\n" RELU) POOL(2, 2) VD(7, 3, "pad=1\n" LEAKY) POOL(2, 2) END,
    NET(1, 3, 9, 14) VD(16, 3, "pad=1\n" LEAKY) POOL(3, 2) VD(9, 3, "pad=1\n" RELU) POOL(2, 2) END,
    NET(5, 4, 15, 13) VD(32, 3, LEAKY) POOL(2, 2) VD(5, 2, RELU) POOL(3, 3) END,
    NET(3, 2, 21, 20) VD(33, 7, "stride=2\npad=1\n" LINEAR) POOL(3, 2) VD(17, 1, RELU) POOL(2, 2) END,
    NET(2, 5, 12, 11) PLAIN(16, 1, RELU) POOL(2, 2) PLAIN(19, 1, LEAKY) POOL(2, 2) END,
    NET(5, 16, 7, 9) PLAIN(48, 3, "pad=1\n" RELU) POOL(2, 2) PLAIN(3, 2, "stride=2\n" LEAKY) POOL(2, 2) END,
    NET(17, 17, 6, 6) VD(130, 3, "pad=1\n" RELU) POOL(2, 2) VD(3, 3, "padding=2\n" LEAKY) POOL(2, 2) END,
    NET(3, 3, 12, 12) VD(8, 3, "pad=1\n" LEAKY) "[maxpool]\nsize=2\nstride=2\npadding=0\n" VD(8, 3, RELU) POOL(3, 3)
        END,
    NET(3, 2, 5,
        5) "[vd_convolutional]\nfilters=4\nsize=3\nstride=1\ntrain_clip=1\nthreshold=-2\nlog_sigma2=-4\n" RELU POOL(2,
                                                                                                                    2)
        END,
};
enum { NETS = COUNT_OF(nets) };

static int is_pair(network *net, int i)
{
    network n = *net;
    n.train = 1;
    return vd_pool_behind(n, i) != 0;
}

/* the same network, its pools stock ones, for which nothing is computed along */
static network *one_by_one(const char *cfg)
{
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].type == MAXPOOL) {
            net->layers[i].forward = forward_maxpool_layer;
            net->layers[i].backward = backward_maxpool_layer;
            ck_assert(!is_pair(net, i - 1));
        }
    return net;
}

static void pass(network *net, unsigned seed)
{
    fill_random(net->input, (size_t)net->inputs * net->batch, seed);
    for (int b = 0; b < net->batch; ++b) net->truth[b * net->truths + b % net->truths] = 1;
    net->train = 1;
    *net->seen += net->batch;
    forward_network(net);
    backward_network(net);
}

static void expect_equal(int layer, const char *what, const float *got, const float *want, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; ++i) largest = fmax(largest, fabs(want[i]));
    ck_assert_msg(isfinite(largest), "layer %d %s", layer, what);
    /* a pair rounds other numbers to 16 bits than its layers do, where variances have that many */
    double loose = vd_variance_type() == VD_FP16 ? 200 : vd_variance_type() == VD_BF16 ? 1000 : 1;
    for (size_t i = 0; i < n; ++i)
        ck_assert_msg(close_to(got[i], want[i], loose * 2e-5, loose * 1e-5 * largest),
                      "layer %d: %s[%zu] is %.9g, one by one %.9g", layer, what, i, got[i], want[i]);
}

static void expect_same_gradients(network *net, network *want)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i], w = want->layers[i];
        const vd_layer *vd = vd_layer_of(l), *vd_want = vd_layer_of(w);
        if (l.type == MAXPOOL) {
            expect_equal(i, "output", l.output, w.output, (size_t)l.batch * l.outputs);
            for (int k = 0; k < l.batch * l.outputs;
                 ++k) /* all that ReLU has made 0 are equal, and pass nothing back */
                ck_assert(w.output[k] == 0 || l.indexes[k] == w.indexes[k]);
        }
        if (l.type != CONVOLUTIONAL) continue;
        expect_equal(i, "bias updates", l.bias_updates, w.bias_updates, l.n);
        expect_equal(i, "weight updates", l.weight_updates, w.weight_updates, l.nweights);
        if (vd) expect_equal(i, "d sigma2", vd->gradients.d_log_sigma2, vd_want->gradients.d_log_sigma2, vd->n);
        if (vd && vd->train_clip) expect_equal(i, "d mean", vd->gradients.d_mean, vd_want->gradients.d_mean, vd->n);
    }
}

START_TEST(a_pair_trains_as_its_two_layers_do)
{
    network *net = network_of(nets[_i], 0), *want = one_by_one(nets[_i]);
    int pairs = 0;
    for (int i = 0; i < net->n; ++i) pairs += is_pair(net, i);
    ck_assert_int_ge(pairs, 1);
    for (int pass_number = 0; pass_number < 2; ++pass_number) { /* gradients add up */
        pass(net, 7 + pass_number);
        pass(want, 7 + pass_number);
        expect_same_gradients(net, want);
    }
    free_network(net), free_network(want);
}
END_TEST

START_TEST(predictions_between_steps_are_not_disturbed)
{
    network *net = network_of(nets[_i], 0), *want = one_by_one(nets[_i]);
    pass(net, 1);
    float *input = vd_calloc((size_t)net->inputs * net->batch, sizeof(float));
    fill_random(input, (size_t)net->inputs * net->batch, 5);
    float *got = network_predict(net, input), *expected = network_predict(want, input);
    expect_equal(net->n - 1, "prediction", got, expected, (size_t)net->outputs * net->batch);
    for (int i = 0; net->layers[i].type != COST; ++i)
        expect_equal(i, "output", net->layers[i].output, want->layers[i].output,
                     (size_t)net->batch * net->layers[i].outputs);
    pass(want, 1);
    pass(net, 2);
    pass(want, 2);
    expect_same_gradients(net, want);
    free(input);
    free_network(net), free_network(want);
}
END_TEST

START_TEST(pairs_follow_the_size_of_the_pictures)
{
    const char *cfg = NET(2, 3, 16, 16) VD(8, 3, "pad=1\n" LEAKY) POOL(2, 2) VD(4, 3, "pad=1\n" RELU) POOL(2, 2)
        VD(2, 3, "pad=1\n" LINEAR) "[avgpool]\n[softmax]\n[cost]\ntype=sse\n";
    network *net = network_of(cfg, 0), *want = one_by_one(cfg);
    int sides[] = {16, 23, 8};
    for (int i = 0; i < COUNT_OF(sides); ++i) {
        resize_network(net, sides[i], sides[i] + 3);
        resize_network(want, sides[i], sides[i] + 3);
        ck_assert(is_pair(net, 0) && is_pair(net, 2));
        pass(net, 1);
        pass(want, 1);
        expect_same_gradients(net, want);
    }
    free_network(net), free_network(want);
}
END_TEST

static const char *apart[] = {
    /* read by another layer, too */
    NET(2, 3, 8, 8) VD(4, 3, "pad=1\n" RELU) POOL(2, 2) "[route]\nlayers=-2\n" END,
    NET(2, 3, 8, 8) VD(4, 3, "pad=1\n" RELU) POOL(2, 2) VD(4, 3, RELU) "[shortcut]\nfrom=-3\n" END,
    NET(2, 3, 8, 8) VD(4, 3, "pad=1\n" RELU "truth=1\n") POOL(2, 2) END,
    /* an activation that the pool cannot come before, sums over the batch, windows that share too many pixels */
    NET(2, 3, 8, 8) VD(4, 3, "pad=1\nactivation=logistic\n") POOL(2, 2) END,
    NET(2, 3, 8, 8) VD(4, 3, "pad=1\nbatch_normalize=1\n" RELU) POOL(2, 2) END,
    NET(2, 3, 8, 8) VD(4, 3, "pad=1\n" RELU) POOL(2, 1) END,
    NET(2, 4, 8, 8) VD(4, 3, "pad=1\ngroups=2\n" RELU) POOL(2, 2) END,
    /* a window of padding alone */
    NET(2, 3, 3, 3) VD(4, 3, "pad=1\n" RELU) "[maxpool]\nsize=2\nstride=3\npadding=4\n" END,
};
enum { APART = COUNT_OF(apart) };

START_TEST(other_pairs_stay_apart)
{
    network *net = network_of(apart[_i], 0);
    for (int i = 0; i < net->n; ++i) ck_assert(!is_pair(net, i));
    free_network(net);
}
END_TEST

START_TEST(training_does_not_touch_the_output_and_delta_of_a_pair)
{
    network *net = network_of(nets[0], 0);
    layer l = net->layers[0];
    size_t n = (size_t)l.batch * l.outputs;
    for (size_t i = 0; i < n; ++i) l.output[i] = l.delta[i] = NAN;
    pass(net, 1);
    for (size_t i = 0; i < n; ++i) ck_assert(isnan(l.output[i]) && isnan(l.delta[i]));
    free_network(net);
}
END_TEST

/* by Winograd's filtering, whose variance is in float, were it not for the pool: then it is in the type to be chosen */
START_TEST(a_pair_is_timed_before_the_first_batch)
{
    unsetenv("DARKNET_KERNELS");
    setenv("XDG_CACHE_HOME", folder, 1);
    network *net =
        network_of("[net]\nbatch=2\nchannels=16\nheight=12\nwidth=12\n" VD(16, 3, "pad=1\n" RELU) POOL(2, 2) END, 0);
    ck_assert(vd_winograd_convolution_fits(net->layers[0]) && is_pair(net, 0));
    vd_kernel_choice_train(net);
    char *text = vd_kernel_choice_text();
    ck_assert_msg(strstr(text, "\nkernels/1/") != 0, "%s", text);
    free(text), free_network(net);
}
END_TEST

SUITE_OF(pooled)
{
    const char *kernels = getenv("DARKNET_KERNELS"); /* each test picks its table itself: vd_kernels_get() would here */
    if (kernels && !strcmp(kernels, "c")) {
        skipped(2 * NETS + 3 + APART, "convolutions with their pools (DARKNET_KERNELS=c leaves pools to stock code)");
    } else {
        EACH(use_float_kernels, 0); /* as a pair's are: other types differ by their rounding */
        LOOP(a_pair_trains_as_its_two_layers_do, NETS);
        LOOP(predictions_between_steps_are_not_disturbed, NETS);
        TEST(pairs_follow_the_size_of_the_pictures);
        LOOP(other_pairs_stay_apart, APART);
        TEST(training_does_not_touch_the_output_and_delta_of_a_pair);
        CASE("kernels");
        EACH(make_test_folder, remove_test_folder);
        TEST(a_pair_is_timed_before_the_first_batch);
    }
}
