/* [vd_cost] target_sparsity and target_size: a training ends with this share of its weights pruned, or with a packed
 * file of so many bytes, whatever kl_scale it starts with. */
#include "layer/target.h"
#include "layer/freeze_pruned.h"
#include "layer/posterior.h"
#include "layer/sparsity.h"
#include "layer/target_size.h"
#include "layer/vd_layer.h"
#include "weights/vdw.h"
#include "support/support.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET "[net]\nbatch=6\nchannels=4\nheight=7\nwidth=6\nseed=4\nadam=1\nlearning_rate=.01\nmax_batches=800\n"
#define LAYERS                                                                                    \
    "[vd_convolutional]\nfilters=16\nsize=3\npad=1\nactivation=leaky\nbatch_normalize=1\n%s"      \
    "[vd_connected]\noutput=40\nactivation=relu\n%s[vd_connected]\noutput=4\nactivation=linear\n" \
    "[softmax]\n[vd_cost]\nsamples=50\nkl_start=100\nkl_ramp=100\n%s"

static network *steered(const char *layer_keys, const char *cost_keys)
{
    char *text = vd_format(NET LAYERS, layer_keys, layer_keys, cost_keys);
    network *net = network_of(text, 0);
    free(text);
    return net;
}

static double sparsity_of(const network *net)
{
    vd_report r = vd_report_network(net);
    free(r.layers);
    return vd_report_sparsity(r.weights, r.nonzero);
}

static const struct {
    double target;
    const char *layer, *cost;
} goals[] = {
    {.5, "", "kl_scale=1\ntarget_sparsity=.5\n"},
    {.9, "", "kl_scale=1\ntarget_sparsity=.9\n"},
    {.99, "", "kl_scale=1\ntarget_sparsity=.99\n"},
    {.9, "", "kl_scale=.05\ntarget_sparsity=.9\n"},
    {.9, "", "kl_scale=20\ntarget_sparsity=.9\n"},
    {.9, "log_sigma2=-20\n", "kl_scale=.001\ntarget_sparsity=.9\n"}, /* most are under the clip of log alpha */
    {.9, "log_sigma2=-30\n", "kl_scale=1\ntarget_sparsity=.9\n"},    /* as method=magnitude leaves them */
    {0, "log_sigma2=-300\n", "kl_scale=1\ntarget_sparsity=.9\n"},    /* too low for any order */
    {.9, "threshold=0\n", "kl_scale=1\ntarget_sparsity=.9\n"},
    {.9, "train_clip=1\n", "kl_scale=1\ntarget_sparsity=.9\n"},
    {.9, "", "kl_scale=1\ntarget_sparsity=.9\nfreeze_pruned=1\nfreeze_log_alpha=4\n"},
    {.4, "", "kl_scale=1\ntarget_sparsity=.4\nfreeze_pruned=1\nfreeze_log_alpha=4\n"},
    {.9, "", "kl_scale=1\ntarget_sparsity=.9\nfreeze_pruned=1\nfreeze_log_alpha=4\nfreeze_start=10000\n"},
    {.9, "", "kl_scale=1\ntarget_sparsity=.9\nfine_tune=130\n"},
};

START_TEST(a_training_ends_at_its_target)
{
    network *net = steered(goals[_i].layer, goals[_i].cost);
    train_steps(net, 0, 800, 3);
    double left = 1 - goals[_i].target; /* of the weights left, a few are pruned after all */
    ck_assert_msg(fabs(sparsity_of(net) - goals[_i].target) < .005 + .02 * left, "%g, not %g", sparsity_of(net),
                  goals[_i].target);
    free_network(net);
}
END_TEST

/* after so many batches */
static double log_factor(const char *keys, int batches)
{
    network *net = steered("", keys);
    train_steps(net, 0, batches, 3);
    double factor = vd_cost_of(net)->target.log_factor;
    free_network(net);
    return factor;
}

START_TEST(the_kl_weight_falls_where_too_much_is_pruned_and_rises_where_too_little)
{
    ck_assert_double_lt(log_factor("kl_scale=20\ntarget_sparsity=.5\n", 500), -.5);
    ck_assert_double_gt(log_factor("kl_scale=.001\ntarget_sparsity=.99\n", 500), .5);
    ck_assert(log_factor("kl_scale=20\n", 500) == 0);
}
END_TEST

START_TEST(the_kl_weight_is_0_once_the_target_is_reached)
{
    network *net = steered("", "kl_scale=1\ntarget_sparsity=.9\n");
    train_steps(net, 0, 640, 3); /* 0.8 of the 700 batches from kl_start on end with batch 660 */
    ck_assert_double_gt(vd_cost_kl_weight(net), 0);
    train_steps(net, 640, 60, 3);
    ck_assert(vd_cost_kl_weight(net) == 0);
    free_network(net);
}
END_TEST

/* the line after that of an epoch begins so */
static void expect_said(network *net, const char *said)
{
    char *line;
    size_t size;
    FILE *fp = open_memstream(&line, &size);
    vd_target_print(fp, net);
    fclose(fp);
    ck_assert_msg(strstr(line, said) == line, "%s", line);
    free(line);
}

/* also where a resumed training asks for less */
START_TEST(what_is_frozen_in_the_end_is_predicted)
{
    network *net = steered("", "kl_scale=1\ntarget_sparsity=.5\n");
    train_steps(net, 0, 700, 3);
    vd_cost_of(net)->target_sparsity = .3;
    char *said = vd_format("target: 30.00 %% of the weights: %.2f %% predicted", 100 * vd_frozen_share(net));
    expect_said(net, said);
    free(said);
    free_network(net);
}
END_TEST

/* 27616 weights: about 94,000 bytes with all of them, and 30 with none */
static const struct {
    double target;
    const char *layer, *cost;
} sizes[] = {
    {12000, "", "kl_scale=1\ntarget_size=12000\n"},
    {2000, "", "kl_scale=1\ntarget_size=2000\n"},
    {60000, "", "kl_scale=1\ntarget_size=60000\n"},
    {12000, "", "kl_scale=.05\ntarget_size=12000\n"},
    {12000, "", "kl_scale=20\ntarget_size=12000\n"},
    {12000, "threshold=0\ntrain_clip=1\n", "kl_scale=1\ntarget_size=12000\n"},
    {12000, "", "kl_scale=1\ntarget_size=12000\nfreeze_pruned=1\nfreeze_log_alpha=4\n"},
    {12000, "", "kl_scale=1\ntarget_size=12000\nfine_tune=130\n"},
};

START_TEST(a_training_ends_at_its_size)
{
    network *net = steered(sizes[_i].layer, sizes[_i].cost);
    train_steps(net, 0, 800, 3);
    double bytes = (double)vd_packed_size(net);
    ck_assert_msg(bytes <= sizes[_i].target && bytes > .99 * sizes[_i].target, "%g, not %g", bytes, sizes[_i].target);
    free_network(net);
}
END_TEST

START_TEST(a_size_that_is_measured_changes_nothing)
{
    network *net = steered("", "kl_scale=1\ntarget_size=12000\n"), *same = steered("", "kl_scale=1\n");
    train_steps(net, 0, 90, 3);
    train_steps(same, 0, 90, 3);
    vd_histogram r = vd_histogram_of(net);
    vd_size_estimated(net, &r);
    vd_size_cut(net, &r, .5);
    for (int i = 0; i < 3; ++i) {
        size_t bytes = vd_layer_of(net->layers[i])->n * sizeof(float);
        ck_assert(!memcmp(net->layers[i].weights, same->layers[i].weights, bytes));
        ck_assert(vd_layer_of(net->layers[i])->threshold == 3);
    }
    free_network(net);
    free_network(same);
}
END_TEST

START_TEST(the_cut_is_that_of_a_file_which_just_fits)
{
    network *net = steered("", "kl_scale=1\ntarget_size=30000\n");
    train_steps(net, 0, 90, 3);
    vd_histogram r = vd_histogram_of(net);
    vd_size_estimate e = vd_size_estimated(net, &r);
    double bytes = vd_size_without(net, vd_histogram_quantile(&r, e.share)), before = 0, cut = vd_size_cut(net, &r, .1);
    ck_assert(close_to(bytes, 30000, 2e-2, 0)); /* a bin holds about one weight in a hundred */
    ck_assert(vd_size_without(net, cut) <= 30000 && vd_size_without(net, cut + 1e-4) > 30000 - 64);
    for (double at = VD_HISTOGRAM_LOWEST; at <= 4; at += 1) {
        bytes = vd_size_without(net, at);
        ck_assert(bytes >= before);
        before = bytes;
    }
    ck_assert(vd_size_without(net, -INFINITY) == e.empty);
    free_network(net);
}
END_TEST

/* more than five sixths of the weights fit: freeze_pruned may freeze none by itself any more */
START_TEST(what_is_frozen_stays_so_when_more_weights_fit_than_before)
{
    enum { FROZEN = 10 };
    network *net = steered("", "kl_scale=1\ntarget_size=85000\nfreeze_pruned=1\nfreeze_log_alpha=4\n");
    layer l = net->layers[1];
    vd_layer *vd = vd_layer_of(l);
    train_steps(net, 0, 249, 3);
    for (int i = 0; i < FROZEN; ++i) vd->freezing.pruned_for[i] = UINT16_MAX;
    vd_freeze(vd_all_parameters(l), UINT16_MAX);
    vd->variance.is_current = 0;
    train_steps(net, 249, 1, 3);
    ck_assert(vd_cost_of(net)->target.share > 0 && vd_cost_of(net)->target.share < .15);
    for (int i = 0; i < FROZEN; ++i) ck_assert(vd_is_frozen(vd_all_parameters(l), i, 1));
    free_network(net);
}
END_TEST

START_TEST(a_size_that_all_weights_have_freezes_none)
{
    network *net = steered("", "kl_scale=1\ntarget_size=1000000\n");
    train_steps(net, 0, 300, 3);
    expect_said(net, "target: 1000000 bytes packed: all weights fit, w(t) times");
    train_steps(net, 300, 450, 3);
    expect_said(net, "target: 1000000 bytes packed: all weights fit, w(t) times");
    train_steps(net, 750, 50, 3);
    ck_assert(sparsity_of(net) == 0);
    free_network(net);
}
END_TEST

static int packed;

static size_t count_packed(const network *net)
{
    ++packed;
    return vd_packed_size(net);
}

START_TEST(a_size_out_of_reach_trains_as_without_one)
{
    network *net = steered("", "kl_scale=1\ntarget_size=20\n"), *same = steered("", "kl_scale=1\n");
    vd_cost_of(net)->packed_size = count_packed;
    train_steps(net, 0, 800, 3);
    train_steps(same, 0, 800, 3);
    ck_assert_msg(packed <= 25, "%d files", packed); /* one in 30 batches up to 70 % of the way, then one in 50 */
    ck_assert_double_gt(vd_cost_of(net)->target.empty, 20);
    ck_assert(!vd_cost_still_prunes(net));
    for (int i = 0; i < 3; ++i)
        ck_assert(
            !memcmp(net->layers[i].weights, same->layers[i].weights, vd_layer_of(net->layers[i])->n * sizeof(float)));
    free_network(net);
    free_network(same);
}
END_TEST

/* in a training that goes on with another target, whatever the phase it was in */
START_TEST(a_size_that_is_now_out_of_reach_freezes_no_more)
{
    static const int batches[] = {500, 620, 680}; /* steers, prunes, settles */
    network *net = steered("", "kl_scale=1\ntarget_size=12000\n");
    vd_cost *c = vd_cost_of(net);
    train_steps(net, 0, batches[_i], 3);
    ck_assert_int_eq(c->target.phase, VD_TARGET_STEERS + _i);
    double frozen = vd_frozen_share(net);
    c->target_size = 20;
    vd_target_restored(net);
    train_steps(net, batches[_i], 800 - batches[_i], 3);
    ck_assert_msg(vd_frozen_share(net) == frozen, "%g, not %g", vd_frozen_share(net), frozen);
    ck_assert(vd_cost_kl_weight(net) == 1);
    free_network(net);
}
END_TEST

static const struct {
    const char *layer, *keys, *said;
} bad[] = {
    {"vd_connected", "target_sparsity=1\n", "[vd_cost]: target_sparsity=1 would prune every weight"},
    {"vd_connected]\noutput=9\nthreshold=-9\n[vd_connected", "target_sparsity=.5\n",
     "[vd_cost]: target_sparsity: layer 0 has threshold=-9, which prunes every weight"},
    {"vd_connected]\noutput=9\nthreshold=-8\n[vd_connected", "target_size=5000\n",
     "[vd_cost]: target_size: layer 0 has threshold=-8, which prunes every weight"},
    {"vd_connected", "target_sparsity=1.5\n", "target_sparsity=1.5"},
    {"vd_connected", "target_sparsity=.9\nkl_scale=0\n", "target_sparsity needs a kl_scale to start from"},
    {"vd_connected", "target_sparsity=.9\nkl_start=800\n",
     "max_batches=800 leaves no batches with a KL term, which begins at batch 800"},
    {"vd_connected", "target_sparsity=.9\nkl_start=100\nfine_tune=700\n", "leaves no batches with a KL term"},
    {"vd_connected", "target_size=-1\n", "target_size=-1"},
    {"vd_connected", "target_size=9000\nkl_scale=0\n", "target_size needs a kl_scale to start from"},
    {"vd_connected", "target_size=9000\ntarget_sparsity=.9\n",
     "target_size=9000 and target_sparsity=0.9: only one can be steered to"},
    {"connected", "target_size=9000\n", "target_size: no variational layer"},
    {"connected", "target_sparsity=.9\n", "target_sparsity: no variational layer"},
};

START_TEST(a_target_that_cannot_be_steered_to_is_refused)
{
    char *text = vd_format(NET "[%s]\noutput=4\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=50\n%s", bad[_i].layer,
                           bad[_i].keys);
    expect_cfg_refused(text, bad[_i].said);
    free(text);
}
END_TEST

SUITE_OF(target)
{
    TIMEOUT(60);
    LOOP(a_training_ends_at_its_target, COUNT_OF(goals));
    TEST(the_kl_weight_falls_where_too_much_is_pruned_and_rises_where_too_little);
    TEST(the_kl_weight_is_0_once_the_target_is_reached);
    TEST(what_is_frozen_in_the_end_is_predicted);
    LOOP(a_training_ends_at_its_size, COUNT_OF(sizes));
    TEST(a_size_that_is_measured_changes_nothing);
    TEST(the_cut_is_that_of_a_file_which_just_fits);
    TEST(what_is_frozen_stays_so_when_more_weights_fit_than_before);
    TEST(a_size_that_all_weights_have_freezes_none);
    TEST(a_size_out_of_reach_trains_as_without_one);
    CASE("resumed");
    TIMEOUT(60);
    LOOP(a_size_that_is_now_out_of_reach_freezes_no_more, 3);
    CASE("cfgs");
    EACH(enter_test_folder, leave_test_folder);
    LOOP(a_target_that_cannot_be_steered_to_is_refused, COUNT_OF(bad));
}
