/* [vd_cost] method=magnitude: the schedule against numbers computed by hand, what is pruned against a sort, and
 * training what is left, over matrices and over lists. */
#include "layer/magnitude.h"
#include "layer/sparsity.h"
#include "layer/vd_layer.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET(keys) "[net]\nbatch=6\nchannels=4\nheight=7\nwidth=6\nseed=4\nlearning_rate=.01\nmax_batches=800\n" keys
#define LAYERS(vd)                                                                                        \
    "[" vd "convolutional]\nfilters=16\nsize=3\npad=1\nactivation=leaky\n[maxpool]\nsize=2\nstride=2\n"   \
    "[" vd "convolutional]\nfilters=12\nsize=3\nstride=2\ngroups=2\nactivation=relu\nbatch_normalize=1\n" \
    "[" vd "connected]\noutput=40\nactivation=relu\n[" vd "connected]\noutput=4\nactivation=linear\n[softmax]\n"
#define COST(keys) "[vd_cost]\nsamples=50\nmethod=magnitude\n" keys
#define ADAM "adam=1\ndecay=0\n"
#define SGD "momentum=.9\ndecay=.01\n"

static network *pruned_network(const char *net_keys, const char *cost_keys)
{
    char *text = vd_format(NET("%s") LAYERS("vd_") COST("%s"), net_keys, cost_keys);
    network *net = network_of(text, 0);
    free(text);
    return net;
}

/* ---- the schedule ---- */

START_TEST(the_share_is_that_of_equation_1)
{
    static const struct {
        long t;
        double share;
    } by_hand[] = {{0, 0}, {100, 0}, {150, .5203125}, {200, .7875}, {250, .8859375}, {300, .9}, {301, .9}, {999, .9}};
    vd_cost c = {.target_sparsity = .9, .magnitude = {.start = 100, .ramp = 200}};
    for (int i = 0; i < COUNT_OF(by_hand); ++i)
        ck_assert(close_to(vd_magnitude_share(&c, by_hand[i].t), by_hand[i].share, 0, 1e-12));
}
END_TEST

/* ---- what is pruned ---- */

/* all weights of variational layers first .. end - 1, as they lie */
static float *weights_of(const network *net, int first, int end, size_t *n)
{
    float *all = vd_calloc(10000, sizeof(float));
    *n = 0;
    for (int i = first; i < end; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && k < vd->n; ++k) all[(*n)++] = net->layers[i].weights[k];
    }
    ck_assert_uint_lt(*n, 10000);
    return all;
}

static int by_size(const void *a, const void *b)
{
    float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);
    return (x > y) - (x < y);
}

/* `pruned` has 0 where `before` has its n smallest sizes, and the rest of it elsewhere */
static void expect_smallest_pruned(const float *before, const float *pruned, size_t weights, size_t n)
{
    float *sorted = vd_calloc(weights, sizeof(float));
    memcpy(sorted, before, weights * sizeof(float));
    qsort(sorted, weights, sizeof(float), by_size);
    float largest = fabsf(sorted[n - 1]);
    ck_assert(largest < fabsf(sorted[n])); /* no ties */
    for (size_t k = 0; k < weights; ++k)
        ck_assert_msg(pruned[k] == (fabsf(before[k]) <= largest ? 0 : before[k]), "weight %zu: %g became %g", k,
                      before[k], pruned[k]);
    free(sorted);
}

static const struct {
    const char *net, *set;
    double share;
} choices[] = {{ADAM, "global", .37}, {ADAM, "global", .97}, {SGD, "uniform", .37}, {SGD, "uniform", .97}};

/* batch 5 prunes one network and not the other */
START_TEST(the_smallest_weights_are_pruned)
{
    const char *set = choices[_i].set;
    char *now = vd_format("target_sparsity=%g\nmagnitude=%s\nprune_start=4\nprune_ramp=1\n", choices[_i].share, set),
         *later = vd_format("target_sparsity=%g\nmagnitude=%s\nprune_start=5\nprune_ramp=1\n", choices[_i].share, set);
    network *net = pruned_network(choices[_i].net, now), *same = pruned_network(choices[_i].net, later);
    train_steps(net, 0, 5, 9);
    train_steps(same, 0, 5, 9);
    int step = strcmp(set, "uniform") ? net->n : 1;
    for (int i = 0; i < net->n; i += step) {
        size_t n;
        float *before = weights_of(same, i, i + step, &n), *pruned = weights_of(net, i, i + step, &n);
        if (n) expect_smallest_pruned(before, pruned, n, (size_t)(choices[_i].share * n));
        free(before), free(pruned);
    }
    free_network(net), free_network(same);
    free(now), free(later);
}
END_TEST

static size_t zeros_of(const network *net)
{
    size_t n, zeros = 0;
    float *all = weights_of(net, 0, net->n, &n);
    for (size_t k = 0; k < n; ++k) zeros += all[k] == 0;
    free(all);
    return zeros;
}

/* 3 batches between two that prune, which 50 is no multiple of; .5: matrices alone, .98: lists */
START_TEST(a_training_follows_the_schedule_and_ends_with_exactly_the_share)
{
    static const double shares[] = {.5, .9, .98};
    double share = shares[_i / 2];
    char *keys = vd_format("target_sparsity=%g\nprune_start=10\nprune_ramp=50\nprune_every=3\n", share);
    network *net = pruned_network(_i % 2 ? ADAM : SGD, keys);
    size_t n, expected = 0;
    free(weights_of(net, 0, net->n, &n));
    for (long t = 1; t <= 80; ++t) {
        float *before = weights_of(net, 0, net->n, &n);
        train_steps(net, t - 1, 1, 9);
        float *after = weights_of(net, 0, net->n, &n);
        if (t >= 10 && t <= 60 && ((t - 10) % 3 == 0 || t == 60))
            expected = (size_t)(vd_magnitude_share(vd_cost_of(net), t) * n + 1e-6);
        ck_assert_msg(zeros_of(net) == expected, "batch %ld: %zu, not %zu", t, zeros_of(net), expected);
        for (size_t k = 0; k < n; ++k) ck_assert(before[k] != 0 || after[k] == 0);
        ck_assert_int_eq(vd_cost_still_prunes(net), t < 60);
        free(before), free(after);
    }
    vd_report r = vd_report_network(net);
    ck_assert_uint_eq(r.nonzero, n - expected);
    ck_assert(vd_cost_kl_weight(net) == 0);
    int lists = 0;
    for (int i = 0; i < net->n; ++i)
        lists += vd_layer_of(net->layers[i]) && vd_layer_of(net->layers[i])->freezing.active;
    ck_assert_msg((lists > 0) == (share > .5), "%d lists", lists);
    free(r.layers);
    free_network(net);
    free(keys);
}
END_TEST

/* as a variational file leaves it: two of three weights over the cut */
START_TEST(what_a_variational_file_has_pruned_stays_pruned)
{
    network *net = pruned_network(ADAM, "target_sparsity=.7\nprune_start=4\nprune_ramp=2\nprune_every=1\n");
    size_t n, expected = 0;
    for (int i = 0; i < net->n; ++i) {
        vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && k < vd->n; ++k) {
            float theta = net->layers[i].weights[k];
            vd->log_sigma2[k] = logf(theta * theta + VD_THETA_EPS) + (k % 3 == 1 ? -1.f : 5.f);
            expected += k % 3 != 1;
        }
        if (vd) vd_layer_changed(net->layers[i]);
    }
    for (int t = 1; t <= 12; ++t) {
        train_steps(net, t - 1, 1, 9);
        free(weights_of(net, 0, net->n, &n));
        if (t == 6) expected = (size_t)(.7 * n);
        ck_assert_msg(zeros_of(net) == expected, "batch %d: %zu, not %zu", t, zeros_of(net), expected);
    }
    free_network(net);
}
END_TEST

#define LAYER(vd) "[net]\nbatch=6\ninputs=42\nmax_batches=9\n[" vd "connected]\noutput=40\nactivation=linear\n"

/* log_alpha= is of the other method: with it, the smallest weights of a plain file would start over the cut */
START_TEST(no_weight_of_a_plain_file_is_pruned_before_the_schedule_says_so)
{
    char *file = in_folder(folder, "plain.weights");
    network *plain = network_of(LAYER("") "[softmax]\n", 0);
    save_weights(plain, file);
    network *net = network_of(
        LAYER("vd_") "log_alpha=2.5\n[softmax]\n" COST("target_sparsity=.5\nprune_start=4\nprune_ramp=2\n"), file);
    for (int t = 1; t <= 3; ++t) {
        train_steps(net, t - 1, 1, 9);
        ck_assert_uint_eq(zeros_of(net), 0);
    }
    free_network(plain), free_network(net);
    free(file);
}
END_TEST

/* behind prune_start + prune_ramp, with weights of one size: .29 times 100 is less than 29 in a double */
START_TEST(a_late_start_and_equal_sizes_give_exactly_the_share)
{
    enum { WEIGHTS = 100 };
    network *net =
        network_of("[net]\nbatch=2\ninputs=10\nmax_batches=90\n[vd_connected]\noutput=10\n"
                   "activation=linear\n[softmax]\n" COST("target_sparsity=.29\nprune_start=4\nprune_ramp=5\n"),
                   0);
    for (int k = 0; k < WEIGHTS; ++k) net->layers[0].weights[k] = k % 2 ? .5f : -.5f;
    vd_layer_changed(net->layers[0]);
    *net->seen = 2 * 20;
    vd_magnitude_batch(net);
    ck_assert_uint_eq(zeros_of(net), 29);
    free_network(net);
}
END_TEST

/* ---- training what is left ---- */

static const double left_shares[] = {.5, .97}; /* over matrices; over lists */

/* one step of a network that has been pruned, and of a plain one with its weights */
START_TEST(what_is_left_is_trained_as_the_plain_layer_with_zeros_is)
{
    char *keys = vd_format("target_sparsity=%g\nprune_start=2\nprune_ramp=1\n", left_shares[_i]);
    network *net = pruned_network("momentum=0\ndecay=.01\n", keys),
            *plain = network_of(NET("momentum=0\ndecay=.01\n") LAYERS(""), 0);
    use_float_kernels(); /* lists have no other type */
    train_steps(net, 0, 3, 9);
    for (int i = 0; i < plain->n; ++i) {
        layer a = plain->layers[i], b = net->layers[i];
        if (!vd_layer_of(b)) continue;
        ck_assert_int_eq(vd_layer_of(b)->freezing.active != 0, _i);
        memcpy(a.weights, b.weights, vd_weights_of(a) * sizeof(float));
        memcpy(a.biases, b.biases, a.out_c * sizeof(float));
        if (a.batch_normalize) memcpy(a.scales, b.scales, a.out_c * sizeof(float));
    }
    train_steps(net, 3, 1, 9);
    train_steps(plain, 3, 1, 9);
    for (int i = 0; i < plain->n; ++i) {
        layer a = plain->layers[i], b = net->layers[i];
        if (!vd_layer_of(b)) continue;
        for (size_t k = 0; k < vd_weights_of(a); ++k)
            ck_assert_msg(b.weights[k] == 0 || close_to(b.weights[k], a.weights[k], 1e-4, 1e-6),
                          "layer %d, weight %zu: %g, %g", i, k, b.weights[k], a.weights[k]);
        for (int k = 0; k < a.out_c; ++k) ck_assert(close_to(b.biases[k], a.biases[k], 1e-4, 1e-6));
    }
    for (int k = 0; k < plain->batch * plain->outputs; ++k)
        ck_assert(close_to(net->layers[plain->n - 1].output[k], plain->layers[plain->n - 1].output[k], 1e-4, 1e-6));
    free_network(net), free_network(plain);
    free(keys);
}
END_TEST

START_TEST(training_and_test_time_give_the_same_answer)
{
    char *keys = vd_format("target_sparsity=%g\nprune_start=2\nprune_ramp=1\n", left_shares[_i]);
    network *net = pruned_network("momentum=0\ndecay=0\n", keys);
    const layer *last = net->layers + net->n - 2;
    for (int i = 0; i < net->n; ++i) net->layers[i].batch_normalize = 0; /* which has two kinds of statistics */
    train_steps(net, 0, 3, 9);
    float *input = vd_calloc((size_t)net->inputs * net->batch, sizeof(float)), out[24];
    fill_random(input, net->inputs * net->batch, 3);
    memcpy(net->input, input, (size_t)net->inputs * net->batch * sizeof(float));
    net->train = 1;
    forward_network(net);
    memcpy(out, last->output, sizeof(out));
    network_predict(net, input);
    for (int k = 0; k < 24; ++k) ck_assert(close_to(last->output[k], out[k], 1e-4, 1e-6));
    free(input);
    free_network(net);
    free(keys);
}
END_TEST

/* ---- cfgs ---- */

static const struct {
    const char *layer, *keys, *said;
} bad[] = {
    {"vd_connected", "method=size\n", "method=size is not known: expected variational or magnitude"},
    {"vd_connected", "method=magnitude\n", "method=magnitude needs target_sparsity, the share to be pruned"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=1\n", "target_sparsity=1 would prune every weight"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nmagnitude=local\n",
     "magnitude=local is not known: expected global or uniform"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nprune_start=700\nprune_ramp=101\n",
     "prune_start=700 and prune_ramp=101: the last batch that prunes is not one of max_batches=800"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nprune_start=810\n",
     "[vd_cost]: prune_start=810: no batch of max_batches=800 prunes"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nprune_every=0\n", "prune_every=0 is not"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nkl_scale=1\n",
     "[vd_cost]: kl_scale has no meaning with method=magnitude"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nkl_ramp=1\n", "kl_ramp has no meaning with"},
    {"vd_connected", "method=magnitude\ntarget_size=9000\n", "target_size has no meaning with"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nfine_tune=9\n", "fine_tune has no meaning with"},
    {"vd_connected", "method=magnitude\ntarget_sparsity=.9\nfreeze_pruned=9\n", "freeze_pruned has no meaning with"},
    {"vd_connected", "prune_start=9\n", "prune_start has no meaning without method=magnitude"},
    {"vd_connected", "method=variational\nmagnitude=global\n", "magnitude has no meaning without"},
    {"vd_connected]\noutput=9\nthreshold=-8\n[vd_connected", "method=magnitude\ntarget_sparsity=.9\n",
     "layer 0 has threshold=-8, which prunes every weight"},
    {"connected", "method=magnitude\ntarget_sparsity=.9\n", "no variational layer"},
};

START_TEST(keys_that_do_not_fit_are_refused)
{
    char *text = vd_format(NET("") "[%s]\noutput=4\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=50\n%s",
                           bad[_i].layer, bad[_i].keys);
    expect_cfg_refused(text, bad[_i].said);
    free(text);
}
END_TEST

SUITE_OF(magnitude)
{
    TIMEOUT(60);
    TEST(the_share_is_that_of_equation_1);
    LOOP(the_smallest_weights_are_pruned, COUNT_OF(choices));
    LOOP(a_training_follows_the_schedule_and_ends_with_exactly_the_share, 6);
    TEST(what_a_variational_file_has_pruned_stays_pruned);
    TEST(a_late_start_and_equal_sizes_give_exactly_the_share);
    LOOP(what_is_left_is_trained_as_the_plain_layer_with_zeros_is, COUNT_OF(left_shares));
    LOOP(training_and_test_time_give_the_same_answer, COUNT_OF(left_shares));
    CASE("cfgs");
    EACH(enter_test_folder, leave_test_folder);
    TEST(no_weight_of_a_plain_file_is_pruned_before_the_schedule_says_so);
    LOOP(keys_that_do_not_fit_are_refused, COUNT_OF(bad));
}
