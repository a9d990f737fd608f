/* training/nan_guard.c: trainings whose learning rate makes them diverge, end to end. */
#include "training/nan_guard.h"
#include "support/drawings.h"
#include "support/digits.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void setup(void)
{
    make_digits(200, 10);
}

#define PLAIN                                                                                    \
    "[convolutional]\nfilters=4\nsize=5\nstride=2\nactivation=relu\n[dropout]\nprobability=.3\n" \
    "[connected]\noutput=20\nactivation=relu\n[connected]\noutput=10\nactivation=linear\n[cost]\n"
#define VARIATIONAL                                                                                   \
    "[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nactivation=relu\n[dropout]\nprobability=.3\n"   \
    "[vd_connected]\noutput=20\nactivation=relu\n[connected]\noutput=10\nactivation=linear\n[cost]\n" \
    "[vd_cost]\nsamples=200\n"

/* folder/NAME.cfg; its training ends with backup/NAME.weights */
static char *write_cfg(const char *name, const char *keys, const char *layers)
{
    char *file = vd_format("%s.cfg", name), *path = in_folder(folder, file);
    char *text = vd_format("[net]\nbatch=20\nsubdivisions=5\nheight=28\nwidth=28\nchannels=1\nflip=0\nmax_crop=28\n"
                           "decay=0\nseed=3\n%s\n%s",
                           keys, layers);
    write_text(path, text);
    free(text);
    free(file);
    return path;
}

static char *read_backup(const char *name, size_t *n)
{
    char *path = backup(name), *bytes = read_bytes(path, n);
    free(path);
    return bytes;
}

static void expect_backup(const char *name, const void *expected, size_t n)
{
    char *path = backup(name);
    expect_file(path, expected, n);
    free(path);
}

START_TEST(an_explosion_ends_with_one_line_that_names_batch_and_layer)
{
    static const struct {
        const char *keys, *layers, *says;
    } cases[] = {
        {"learning_rate=1e8\nmomentum=.9\n", PLAIN, "batch 2: the loss is not finite: layer 4 cost: its cost is inf"},
        {"learning_rate=1e9\nmomentum=.9\n", VARIATIONAL, "batch 2: the loss is not finite: layer "},
        {"learning_rate=1e30\nmomentum=0\n",
         "[connected]\noutput=20\nlearning_rate=0\n[connected]\noutput=10\n"
         "learning_rate=1e20\nactivation=linear\n[softmax]\n",
         "batch 1: the weights are not finite: layer 1 connected: "},
        {"learning_rate=1e30\nmomentum=0\n",
         "[connected]\noutput=20\nlearning_rate=0\n[vd_connected]\noutput=10\n"
         "learning_rate=1e20\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=200\n",
         "batch 1: the weights are not finite: layer 1 vd_connected: "},
    };
    char *cfg = write_cfg("wild", cases[_i].keys, cases[_i].layers), *saved = backup("wild.weights");
    size_t n;
    write_text(saved, "the weights of yesterday");
    run_result r = train_digits(1, cfg, NULL);
    char *said = strstr(r.err, cfg), *now = read_bytes(saved, &n);
    ck_assert_msg(said && strstr(said, cases[_i].says), "%s", r.err);
    ck_assert_ptr_nonnull(strstr(said, "training stopped; saved weights are unchanged"));
    ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
    ck_assert_str_eq(now, "the weights of yesterday");
    free_run(r);
    free(now), free(saved), free(cfg);
}
END_TEST

START_TEST(weights_that_are_not_finite_are_never_written)
{
    char *cfg = write_cfg("plain", "max_batches=2\nlearning_rate=.01", PLAIN), *out = backup("part"),
         *err = backup("err");
    network *net = parse_network_cfg(cfg);
    size_t n;
    net->layers[0].weights[7] = NAN;
    write_text(out, "good");
    fflush(stderr);
    pid_t child = fork();
    if (!child) {
        if (!freopen(err, "w", stderr)) _exit(2);
        save_weights(net, out);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    char *said = read_bytes(err, &n), *now = read_bytes(out, &n);
    ck_assert_msg(strstr(said, "part: not written: layer 0 convolutional: weights[7] is nan") != 0, "%s", said);
    ck_assert_str_eq(now, "good");
    free_network(net);
    free(now), free(said), free(err), free(out), free(cfg);
}
END_TEST

/* found by trial: goes back several times, to the start and to checkpoints, and then succeeds */
#define WILD "learning_rate=100\nmomentum=.9\ncheckpoint=5\ncheckpoint_minutes=0\nnan_guard=1\n"

/* the rate of 100, halved so often, is that of batch 40 */
static void expect_last_rate(run_result r, int halvings)
{
    char *rate = vd_format(", %f rate, ", 100. / (1 << halvings));
    const char *last = strstr(r.out, "\n40, ");
    ck_assert_msg(last && strstr(last, rate), "no %s", rate);
    free(rate);
}

START_TEST(with_nan_guard_a_training_goes_back_and_halves_its_rate_until_it_gets_through)
{
    const char *layers = _i ? VARIATIONAL : PLAIN;
    size_t n;
    char *cfg = write_cfg("back", WILD "max_batches=40\n", layers);
    run_result r = train_digits(0, cfg, NULL);
    char *first = read_backup("back.weights", &n);
    int halvings = count_of(r.err, ": back to batch ");
    ck_assert_int_ge(halvings, 2);
    ck_assert_int_eq(count_of(r.err, "not finite"), halvings);
    ck_assert_ptr_nonnull(strstr(r.err, ": back to batch 0, learning_rate is now 50\n"));
    expect_last_rate(r, halvings);
    ck_assert_ptr_null(strstr(r.out, "nan"));
    free_run(r);
    setenv("DARKNET_THREADS", "1", 1);
    free_run(train_digits(0, cfg, NULL));
    unsetenv("DARKNET_THREADS");
    expect_backup("back.weights", first, n);
    free(first), free(cfg);
}
END_TEST

START_TEST(going_back_to_the_start_is_to_start_with_the_halved_rate)
{
    const char *layers = _i ? VARIATIONAL : PLAIN, *last = 0;
    float rate = 0;
    size_t n;
    char *cfg = write_cfg("again", "learning_rate=100\nmomentum=.9\nnan_guard=1\nmax_batches=20\n", layers);
    run_result r = train_digits(0, cfg, NULL);
    for (const char *at = r.err; (at = strstr(at, "back to batch 0, learning_rate is now ")); ++at) last = at;
    ck_assert_msg(last && sscanf(last, "back to batch 0, learning_rate is now %f", &rate) == 1, "%s", r.err);
    char *after = read_backup("again.weights", &n);
    free(cfg);
    free_run(r);
    char *keys = vd_format("learning_rate=%g\nmomentum=.9\nmax_batches=20\n", rate);
    cfg = write_cfg("again", keys, layers);
    free_run(train_digits(0, cfg, NULL));
    expect_backup("again.weights", after, n);
    free(after), free(keys), free(cfg);
}
END_TEST

/* without halvings the rate is 100 in all batches */
START_TEST(the_least_rate_of_a_cycle_is_halved_too)
{
    char *cfg = write_cfg("cycle", WILD "policy=sgdr\nlearning_rate_min=100\nmax_batches=40\n", PLAIN);
    run_result r = train_digits(0, cfg, NULL);
    int halvings = count_of(r.err, ": back to batch ");
    ck_assert_int_ge(halvings, 2);
    expect_last_rate(r, halvings);
    free_run(r);
    free(cfg);
}
END_TEST

START_TEST(nothing_is_left_of_a_batch_that_was_broken_off)
{
    network *net = network_of("[net]\nbatch=4\nsubdivisions=2\ninputs=5\nlearning_rate=.1\n"
                              "[vd_connected]\noutput=3\ntrain_clip=1\nactivation=linear\n[softmax]\n"
                              "[vd_cost]\nsamples=4\n",
                              0);
    vd_layer *vd = vd_layer_of(net->layers[0]);
    fill_random(net->input, 10, 1);
    net->truth[0] = net->truth[4] = 1;
    train_network_datum(net); /* half a batch: no update yet */
    ck_assert(vd->gradients.d_log_sigma2[0] != 0 && vd->gradients.d_mean[0] != 0 && vd->gradients.went_backward &&
              vd->noise.drawn);
    vd_layer_restored(net->layers[0], 0);
    for (size_t i = 0; i < vd->n; ++i) ck_assert(vd->gradients.d_log_sigma2[i] == 0 && vd->gradients.d_mean[i] == 0);
    ck_assert(!vd->gradients.went_backward && !vd->noise.drawn);
    free_network(net);
}
END_TEST

START_TEST(a_halved_rate_survives_resume_to_the_same_bytes)
{
    size_t n;
    char *cfg = write_cfg("part", WILD "max_batches=40\n", VARIATIONAL);
    free_run(train_digits(0, cfg, NULL));
    char *whole = read_backup("part.weights", &n), *checkpoint = backup("part.checkpoint");
    remove(checkpoint);
    free(cfg);
    cfg = write_cfg("part", WILD "max_batches=15\n", VARIATIONAL); /* ends where a checkpoint is due */
    run_result r = train_digits(0, cfg, NULL);
    ck_assert_ptr_nonnull(strstr(r.err, ": back to batch "));
    free_run(r);
    free(cfg);
    cfg = write_cfg("part", WILD "max_batches=40\n", VARIATIONAL);
    r = train_digits(0, cfg, "-resume");
    ck_assert_ptr_nonnull(strstr(r.err, "resumed after batch 15\n"));
    ck_assert_ptr_null(strstr(r.out, ", 100.000000 rate, "));
    free_run(r);
    expect_backup("part.weights", whole, n);
    free(whole), free(checkpoint), free(cfg);
}
END_TEST

START_TEST(a_training_that_never_gets_through_is_given_up)
{
    char *cfg = write_cfg("lost", "learning_rate=1e9\nmomentum=.9\nnan_guard=1\nmax_batches=9\n", VARIATIONAL);
    char *weights = backup("lost.weights");
    run_result r = train_digits(1, cfg, NULL);
    ck_assert_int_eq(count_of(r.err, ": back to batch 0, "), 10);
    ck_assert_int_eq(count_of(r.err, "stopped after going back 10 times"), 1);
    ck_assert_int_ne(access(weights, F_OK), 0);
    free_run(r);
    free(weights), free(cfg);
}
END_TEST

/* a training that goes back from batch 16 again and again; after batch 15, weights of a rate of 1e24 are kept */
START_TEST(the_fourth_time_it_goes_back_to_the_checkpoint_before)
{
    static const int to[] = {10, 10, 10, 5, 10, 10, 5};
    char *cfg = write_cfg("further",
                          "learning_rate=.1\nmomentum=.9\npolicy=steps\nsteps=15\nscales=1e25\ncheckpoint=5\n"
                          "checkpoint_keep=3\nnan_guard=1\nmax_batches=20\n",
                          PLAIN);
    run_result r = train_digits(1, cfg, NULL);
    const char *at = r.err;
    for (size_t i = 0; i < COUNT_OF(to); ++i) {
        at = strstr(at, ": back to batch ");
        ck_assert_msg(at && atoi(at + strlen(": back to batch ")) == to[i], "time %zu: %s", i + 1, at);
        ++at;
    }
    ck_assert_int_eq(count_of(r.err, ": batch 16: the loss is not finite: "), 11);
    free_run(r);
    free(cfg);
}
END_TEST

/* an earlier training has left a checkpoint, which this one has kept beside its own, or left where it was */
START_TEST(it_never_goes_back_to_a_checkpoint_of_an_earlier_training)
{
    static const struct {
        int batches, checkpoint, keep, status;
        const char *option;
    } runs[][3] = {{{5, 5, 3, 0, 0}, {10, 10, 3, 0, 0}, {20, 20, 3, 1, "-resume"}},
                   {{4, 2, 3, 0, 0}, {10, 5, 1, 0, 0}, {20, 20, 3, 1, "-resume"}}};
    char *older = backup("earlier.checkpoint.1");
    for (int i = 0; i < 3; ++i) {
        char *keys = vd_format("learning_rate=.1\nmomentum=.9\npolicy=steps\nsteps=15\nscales=1e25\ncheckpoint=%d\n"
                               "checkpoint_keep=%d\nnan_guard=1\nmax_batches=%d\n",
                               runs[_i][i].checkpoint, runs[_i][i].keep, runs[_i][i].batches);
        char *cfg = write_cfg("earlier", keys, PLAIN);
        run_result r = train_digits(runs[_i][i].status, cfg, runs[_i][i].option);
        ck_assert_int_eq(count_of(r.err, ": back to batch 10, "), i == 2 ? 10 : 0);
        ck_assert_int_eq(count_of(r.err, ": back to batch "), i == 2 ? 10 : 0);
        free_run(r);
        free(cfg), free(keys);
    }
    ck_assert_int_eq(access(older, F_OK), 0);
    free(older);
}
END_TEST

/* batches from 15 on fail until the rate of 1e6 is halved often enough; the rate of batch 18 is never small enough */
START_TEST(what_fails_at_a_later_batch_is_counted_anew)
{
    char *cfg = write_cfg("later",
                          "learning_rate=.1\nmomentum=.9\npolicy=steps\nsteps=12,17\nscales=1e7,1e30\ncheckpoint=5\n"
                          "nan_guard=1\nmax_batches=20\n",
                          PLAIN);
    run_result r = train_digits(1, cfg, NULL);
    ck_assert_int_gt(count_of(r.err, ": back to batch "), 10);
    ck_assert_int_eq(count_of(r.err, "stopped after going back 10 times"), 1);
    free_run(r);
    free(cfg);
}
END_TEST

START_TEST(a_checkpoint_of_the_first_version_is_taken_up)
{
    enum { SETBACKS = 24, SUM = 8 };
    size_t n, m;
    char *cfg = write_cfg("old", "learning_rate=.01\ncheckpoint=5\nmax_batches=12\n", VARIATIONAL);
    free_run(train_digits(0, cfg, NULL));
    char *whole = read_backup("old.weights", &n);
    free(cfg);
    cfg = write_cfg("old", "learning_rate=.01\ncheckpoint=5\nmax_batches=5\n", VARIATIONAL);
    free_run(train_digits(0, cfg, NULL));
    free(cfg);
    char *path = backup("old.checkpoint"), *bytes = read_bytes(path, &m);
    uint64_t sum = 0xCBF29CE484222325u;
    bytes[4] = 1;
    m -= SETBACKS + SUM;
    for (size_t i = 0; i < m; ++i) sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001B3u;
    memcpy(bytes + m, &sum, SUM);
    write_bytes(path, bytes, m + SUM);
    cfg = write_cfg("old", "learning_rate=.01\ncheckpoint=5\nmax_batches=12\n", VARIATIONAL);
    run_result r = train_digits(0, cfg, "-resume");
    ck_assert_ptr_nonnull(strstr(r.err, "resumed after batch 5\n"));
    free_run(r);
    expect_backup("old.weights", whole, n);
    free(whole), free(bytes), free(path), free(cfg);
}
END_TEST

START_TEST(a_detector_with_changing_sizes_goes_back_too)
{
    static const char text[] =
        "[net]\nbatch=4\nsubdivisions=2\nwidth=64\nheight=64\nchannels=3\nlearning_rate=3\nmomentum=.9\n"
        "max_batches=30\ncheckpoint=3\ndecay=0\nseed=1\nnan_guard=1\n"
        "[vd_convolutional]\nfilters=4\nsize=3\nstride=32\nactivation=leaky\n"
        "[convolutional]\nfilters=7\nsize=1\nactivation=linear\n"
        "[yolo]\nmask=0\nanchors=16,16\nclasses=2\nnum=1\njitter=.1\nignore_thresh=.6\ntruth_thresh=1\nrandom=1\n"
        "[vd_cost]\nsamples=24\n";
    char *set = make_folder(), *its_data = in_folder(set, "set.data"), *cfg = in_folder(set, "net.cfg");
    draw_pictures(set);
    char *weights = in_folder(set, "net_final.weights"), *bytes[2];
    size_t n[2];
    write_text(cfg, text);
    for (int i = 0; i < 2; ++i) {
        run_result r = darknet(0, "detector", "train", its_data, cfg, NULL);
        ck_assert_int_ge(count_of(r.err, ": back to batch "), 2);
        free_run(r);
        bytes[i] = read_bytes(weights, n + i);
    }
    ck_assert_uint_eq(n[0], n[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], n[0]);
    free(bytes[0]), free(bytes[1]);
    remove_folder(set);
    free(its_data), free(cfg), free(weights);
}
END_TEST

SUITE_OF(nan_guard)
{
    ONCE(setup, remove_digits);
    LOOP(an_explosion_ends_with_one_line_that_names_batch_and_layer, 4);
    TEST(weights_that_are_not_finite_are_never_written);
    LOOP(with_nan_guard_a_training_goes_back_and_halves_its_rate_until_it_gets_through, 2);
    LOOP(going_back_to_the_start_is_to_start_with_the_halved_rate, 2);
    TEST(the_least_rate_of_a_cycle_is_halved_too);
    TEST(nothing_is_left_of_a_batch_that_was_broken_off);
    TEST(a_halved_rate_survives_resume_to_the_same_bytes);
    TEST(a_training_that_never_gets_through_is_given_up);
    TEST(the_fourth_time_it_goes_back_to_the_checkpoint_before);
    LOOP(it_never_goes_back_to_a_checkpoint_of_an_earlier_training, 2);
    TEST(what_fails_at_a_later_batch_is_counted_anew);
    TEST(a_checkpoint_of_the_first_version_is_taken_up);
    TEST(a_detector_with_changing_sizes_goes_back_too);
}
