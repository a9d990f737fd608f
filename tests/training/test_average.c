/* training/average.c: the moving average of ema_alpha, against one computed here, through pruning, checkpoints and the
 * file it is written to. */
#include "training/average.h"
#include "support/digits.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void setup(void)
{
    make_digits(200, 10);
}

#define SMALL "[net]\nbatch=4\nsubdivisions=2\nheight=6\nwidth=6\nchannels=1\nlearning_rate=.05\nseed=5\n"
#define LAYERS                                                                                                  \
    "[vd_convolutional]\nfilters=3\nsize=3\nbatch_normalize=1\nactivation=leaky\nlog_sigma2=-3\n[batchnorm]\n"  \
    "[conv]\nfilters=2\nsize=3\nactivation=leaky\n[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-3\n" \
    "[softmax]\n[vd_cost]\nsamples=20\n"

enum { MOST = 16 };

/* what is averaged, and how long it is; the means are kept in this order */
static int arrays_of(network *net, float *at[MOST], size_t n[MOST])
{
    layer *l = net->layers;
    const vd_layer *v0 = vd_layer_of(l[0]), *v3 = vd_layer_of(l[3]);
    float *all[] = {l[0].weights, l[0].biases, l[0].scales,  v0->log_sigma2, l[1].biases,   l[1].scales,
                    l[2].weights, l[2].biases, l[3].weights, l[3].biases,    v3->log_sigma2};
    size_t lengths[] = {v0->n, 3, 3, v0->n, 3, 3, l[2].nweights, 2, v3->n, 4, v3->n};
    memcpy(at, all, sizeof(all));
    memcpy(n, lengths, sizeof(lengths));
    return COUNT_OF(all);
}

static size_t all_of(network *net, float *to)
{
    float *at[MOST];
    size_t n[MOST], length = 0;
    int arrays = arrays_of(net, at, n);
    for (int i = 0; i < arrays; length += n[i++])
        if (to) memcpy(to + length, at[i], n[i] * sizeof(float));
    return length;
}

/* batches of the whole training, and the last one that the average takes part in */
static const struct {
    int all, last;
} lengths[] = {{40, 30}, {41, 31}, {1200, 900}, {2100, 1100}};

START_TEST(means_are_those_of_the_weights_after_each_update)
{
    const double alpha = .9f;
    int all = lengths[_i].all, last = lengths[_i].last;
    char *cfg = vd_format(SMALL "ema_alpha=%g\nmax_batches=%d\n" LAYERS, alpha, all);
    network *net = network_of(cfg, 0);
    size_t n = all_of(net, 0);
    ck_assert_uint_eq(vd_average_length(net), n);
    double *mean = calloc(n, sizeof(*mean));
    float *now = calloc(n, sizeof(*now)), *then = calloc(n, sizeof(*then));
    for (int t = 1; t <= all; ++t) {
        train_steps(net, 2 * t, 2, 77);
        all_of(net, now);
        ck_assert_int_eq(vd_average_means(net) != 0, t >= all / 2);
        if (t < all / 2) continue;
        const float *theirs = vd_average_means(net);
        for (size_t i = 0; i < n; ++i) {
            if (t == all / 2) mean[i] = now[i];
            else if (t < last) mean[i] = alpha * mean[i] + (1 - alpha) * now[i];
            if (t != last) ck_assert(close_to(theirs[i], t < last ? mean[i] : then[i], 1e-4, 1e-6));
            else
                ck_assert(now[i] == theirs[i] &&
                          close_to(now[i], mean[i], 1e-4, 1e-6)); /* they have become the weights */
        }
        if (t == last) memcpy(then, theirs, n * sizeof(float)); /* and stay */
        if (t == last + 1) ck_assert_int_ne(memcmp(now, then, n * sizeof(float)), 0);
    }
    free(then), free(now), free(mean), free(cfg), free_network(net);
}
END_TEST

/* to the bit: the sum of the two parts of a number may be its neighbour */
START_TEST(the_mean_of_what_is_not_trained_is_its_value)
{
    enum { WEIGHTS = 3600 };
    network *net = network_of(SMALL "ema_alpha=.9\nmax_batches=12\n"
                                    "[connected]\noutput=100\nactivation=relu\nlearning_rate=0\n"
                                    "[connected]\noutput=4\nactivation=linear\n[softmax]\n",
                              0);
    float *first = calloc(WEIGHTS, sizeof(*first));
    memcpy(first, net->layers[0].weights, WEIGHTS * sizeof(*first));
    for (int t = 1; t <= 12; ++t) train_steps(net, 2 * t, 2, 3); /* they begin in batch 6, and are taken in batch 9 */
    ck_assert_mem_eq(vd_average_means(net), first, WEIGHTS * sizeof(*first));
    ck_assert_mem_eq(net->layers[0].weights, first, WEIGHTS * sizeof(*first));
    free(first), free_network(net);
}
END_TEST

/* weights are frozen in batch 200; the means begin in batch 150 and are taken in batch 225 */
START_TEST(a_weight_pruned_for_good_stays_0_when_the_means_are_taken)
{
    enum { WEIGHTS = 720 };
    int frozen_since = 0, moved = 0;
    float first[WEIGHTS], before[WEIGHTS];
    network *net = network_of(SMALL "adam=1\nema_alpha=.99\nmax_batches=300\n"
                                    "[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-3\n"
                                    "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-3\n[softmax]\n"
                                    "[vd_cost]\nsamples=20\nkl_scale=40\nfreeze_pruned=3\nfreeze_start=160\n",
                              0);
    const float *theta = net->layers[0].weights;
    for (int t = 1; t < 225; ++t) {
        train_steps(net, 2 * t, 2, 3);
        if (t == 150) memcpy(first, theta, sizeof(first));
    }
    memcpy(before, theta, sizeof(before));
    train_steps(net, 2 * 225, 2, 3);
    for (int i = 0; i < WEIGHTS; ++i) {
        frozen_since += first[i] != 0 && before[i] == 0;
        if (before[i] == 0) ck_assert(theta[i] == 0);
        else moved += theta[i] != before[i];
    }
    ck_assert_int_gt(frozen_since, 0);
    ck_assert_int_gt(moved, 0);
    for (int t = 226; t <= 300; ++t) train_steps(net, 2 * t, 2, 3);
    for (int i = 0; i < WEIGHTS; ++i) ck_assert(before[i] != 0 || theta[i] == 0);
    free_network(net);
}
END_TEST

/* the last batch that prunes is the one in which the means are taken; or weights are frozen in it */
START_TEST(a_weight_pruned_in_the_batch_that_takes_the_means_stays_0)
{
    enum { WEIGHTS = 720, TAKEN = 150 };
    static const char *const keys[] = {
        "method=magnitude\ntarget_sparsity=.9\nprune_start=50\nprune_ramp=100\nprune_every=50\n",
        "kl_scale=40\nfreeze_pruned=3\nfreeze_start=130\n"};
    char *cfg = vd_format(SMALL "adam=1\nema_alpha=.99\nmax_batches=200\n"
                                "[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-3\n"
                                "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-3\n[softmax]\n"
                                "[vd_cost]\nsamples=20\n%s",
                          keys[_i]);
    network *net = network_of(cfg, 0), *same = network_of(cfg, 0);
    int pruned = 0, before = 0;
    same->ema_alpha = 0;
    for (int t = 1; t <= TAKEN; ++t) {
        train_steps(same, 2 * t, 2, 3);
        train_steps(net, 2 * t, 2, 3);
        for (int i = 0; i < WEIGHTS && t == TAKEN - 1; ++i) before += same->layers[0].weights[i] == 0;
    }
    const float *theta = net->layers[0].weights;
    for (int i = 0; i < WEIGHTS; ++i) {
        int is_0 = same->layers[0].weights[i] == 0;
        ck_assert_msg(!is_0 || (theta[i] == 0 && vd_average_means(net)[i] == 0), "weight %d is %g", i, theta[i]);
        pruned += is_0;
    }
    ck_assert_int_gt(pruned, before);
    for (int t = TAKEN + 1; t <= 200; ++t) train_steps(net, 2 * t, 2, 3);
    for (int i = 0; i < WEIGHTS; ++i) ck_assert(same->layers[0].weights[i] != 0 || theta[i] == 0);
    free(cfg), free_network(net), free_network(same);
}
END_TEST

/* ---- the program ---- */

#define NET "[net]\nbatch=16\nsubdivisions=2\nheight=28\nwidth=28\nchannels=1\nflip=0\nmax_crop=32\nseed=3\nadam=1\n"
#define DIGITS                                                                                               \
    "[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nbatch_normalize=1\nactivation=leaky\nlog_sigma2=-3\n"  \
    "[vd_connected]\noutput=20\nactivation=relu\nlog_sigma2=-3\n[connected]\noutput=10\nactivation=linear\n" \
    "[softmax]\n"

static char *take(const char *name, size_t *n)
{
    char *path = backup(name), *bytes = read_bytes(path, n);
    ck_assert_msg(bytes != 0, "%s is missing", path);
    remove(path);
    free(path);
    return bytes;
}

static const char *const costs[] = {"learning_rate=.01\n" DIGITS "[vd_cost]\nsamples=200\nkl_ramp=10\n",
                                    "learning_rate=.1\n" DIGITS
                                    "[vd_cost]\nsamples=200\nkl_scale=100\nfreeze_pruned=3\n"};

START_TEST(a_stopped_training_ends_with_the_means_of_one_never_stopped)
{
    static const char *const files[] = {"ema.weights", "ema_ema.weights"};
    char *path = in_folder(folder, "ema.cfg"), *whole[2];
    char *text = vd_format(NET "ema_alpha=.95\nmax_batches=120\ncheckpoint=1\n%s", costs[_i]);
    size_t n[2], m;
    const char *const argv[] = {"darknet", "classifier", "train", data_file, path, 0};
    write_text(path, text);
    free_run(train_digits(0, path, 0));
    for (int i = 0; i < 2; ++i) whole[i] = take(files[i], n + i);
    ck_assert_uint_eq(n[0], n[1]);
    ck_assert_int_ne(memcmp(whole[0], whole[1], n[0]), 0);
    free(take("ema.checkpoint", &m));
    free_run(run_until(argv, "75, ", SIGKILL));
    setenv("DARKNET_THREADS", "1", 1);
    free_run(train_digits(0, path, "-resume"));
    unsetenv("DARKNET_THREADS");
    for (int i = 0; i < 2; ++i) {
        char *resumed = take(files[i], &m);
        ck_assert_uint_eq(n[i], m);
        ck_assert_msg(!memcmp(whole[i], resumed, m), "%s", files[i]);
        free(resumed), free(whole[i]);
    }
    free(text), free(path);
}
END_TEST

START_TEST(a_resumed_training_may_have_an_average_no_longer)
{
    char *path = in_folder(folder, "ema.cfg");
    write_text(path, NET "ema_alpha=.9\nmax_batches=20\ncheckpoint=10\nlearning_rate=.01\n" DIGITS
                         "[vd_cost]\nsamples=200\n");
    free_run(train_digits(0, path, 0));
    write_text(path, NET "max_batches=30\ncheckpoint=10\nlearning_rate=.01\n" DIGITS "[vd_cost]\nsamples=200\n");
    run_result r = train_digits(0, path, "-resume");
    ck_assert_msg(strstr(r.err, "resumed after batch 20") != 0, "%s", r.err);
    free_run(r), free(path);
}
END_TEST

/* an average of batch 15, of a training of 20, is no beginning for that of one of 44, which begins in batch 22. Beside
 * it, one that has none until then */
START_TEST(a_longer_training_begins_its_average_anew)
{
    static const char of_20[] = "ema_alpha=.9\nmax_batches=20\n", of_44[] = "ema_alpha=.9\nmax_batches=44\n";
    static const char *const parts[2][3] = {{of_20, of_44, of_44}, {of_20, "max_batches=21\n", of_44}};
    char *path = in_folder(folder, "ema.cfg"), *bytes[2];
    size_t n[2], m;
    for (int i = 0; i < 2; ++i) {
        for (int k = 0; k < 3; ++k) {
            char *cfg = vd_format(NET "checkpoint=1\n%s%s", parts[i][k], costs[0]);
            write_text(path, cfg);
            free_run(train_digits(0, path, k ? "-resume" : 0));
            free(cfg);
        }
        bytes[i] = take("ema.weights", n + i);
        free(take("ema.checkpoint", &m));
    }
    ck_assert(n[0] == n[1] && !memcmp(bytes[0], bytes[1], n[0]));
    free(bytes[0]), free(bytes[1]), free(path);
}
END_TEST

/* the means are taken in batch 30 of 40; the last batch that prunes is the 40th */
START_TEST(weights_pruned_after_that_are_0_in_its_file_too)
{
    char *path = in_folder(folder, "ema.cfg"), *paths[] = {backup("ema.weights"), backup("ema_ema.weights")};
    write_text(path, NET "ema_alpha=.9\nmax_batches=40\nlearning_rate=.01\n" DIGITS
                         "[vd_cost]\nsamples=200\nmethod=magnitude\ntarget_sparsity=.9\nprune_start=10\n"
                         "prune_ramp=30\nprune_every=10\n");
    free_run(train_digits(0, path, 0));
    network *last = parse_network_cfg(path), *means = parse_network_cfg(path);
    load_weights(last, paths[0]), load_weights(means, paths[1]);
    layer l = last->layers[1], of_means = means->layers[1];
    for (int i = 0; i < l.inputs * l.outputs; ++i)
        ck_assert_msg(l.weights[i] != 0 || of_means.weights[i] == 0, "weight %d is %g", i, of_means.weights[i]);
    free_network(last), free_network(means);
    free(paths[0]), free(paths[1]), free(path);
}
END_TEST

START_TEST(an_average_needs_an_end)
{
    char *path = in_folder(folder, "ema.cfg");
    write_text(path, NET "ema_alpha=.9\n" DIGITS);
    run_result r = train_digits(1, path, 0);
    ck_assert_msg(strstr(r.err, "[net]: ema_alpha=0.9 needs max_batches") != 0, "%s", r.err);
    free_run(r), free(path);
}
END_TEST

SUITE_OF(average)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    LOOP(means_are_those_of_the_weights_after_each_update, COUNT_OF(lengths));
    TEST(the_mean_of_what_is_not_trained_is_its_value);
    TEST(a_weight_pruned_for_good_stays_0_when_the_means_are_taken);
    LOOP(a_weight_pruned_in_the_batch_that_takes_the_means_stays_0, 2);
    CASE("program");
    TIMEOUT(240);
    EACH(setup, remove_digits);
    LOOP(a_stopped_training_ends_with_the_means_of_one_never_stopped, COUNT_OF(costs));
    TEST(a_resumed_training_may_have_an_average_no_longer);
    TEST(a_longer_training_begins_its_average_anew);
    TEST(weights_pruned_after_that_are_0_in_its_file_too);
    TEST(an_average_needs_an_end);
}
