/* training/checkpoint.c: a training that is stopped and resumed ends with the same weights, byte by byte. */
#include "training/checkpoint.h"
#include "training/validation.h"
#include "layer/schedule.h"
#include "support/checkpoint_support.h"
#include "support/digits.h"
#include "support/faulty_run.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/text.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void setup(void)
{
    make_digits(200, 10);
}

static const training trainings[] = {
    {"adam", "adam=1\nlearning_rate=.01\n", "samples=200\nkl_ramp=10\n"},
    {"momentum", "momentum=.9\nlearning_rate=.01\n", "samples=200\nkl_ramp=10\n"},
    {"frozen", "adam=1\nlearning_rate=.1\n", "samples=200\nkl_scale=100\nfreeze_pruned=3\n"},
    {"counted", "adam=1\nlearning_rate=.01\n",
     "samples=200\nkl_scale=2\nfreeze_pruned=30\nfreeze_log_alpha=1\nfreeze_start=7\n"},
    {"steered", "adam=1\nlearning_rate=.01\n", "samples=200\nkl_scale=2\ntarget_sparsity=.6\n"},
    {"sized", "adam=1\nlearning_rate=.01\n", "samples=200\nkl_scale=2\ntarget_size=9000\n"},
    {"magnitude", "adam=1\nlearning_rate=.01\n",
     "samples=200\nmethod=magnitude\ntarget_sparsity=.97\nprune_start=5\nprune_ramp=80\nprune_every=10\n"},
    {"uniform", "momentum=.9\nlearning_rate=.01\n",
     "samples=200\nmethod=magnitude\nmagnitude=uniform\ntarget_sparsity=.95\nprune_ramp=60\nprune_every=7\n"},
    {"tuned", "adam=1\nlearning_rate=.1\n", "samples=200\nkl_scale=100\nfreeze_pruned=3\nfine_tune=20\n"},
};

static run_result train_until(const char *cfg, const char *line, int signal, const char *flag)
{
    const char *const argv[] = {"darknet", "classifier", "train", data_file, cfg, flag, 0};
    run_result r = run_until(argv, line, signal);
    ck_assert_msg(r.status == 128 + signal, "%s", r.err);
    return r;
}

/* the weights a training ends with; the file is removed */
static char *final_weights(training t, size_t *n)
{
    char *name = vd_format("%s.weights", t.name), *path = backup(name), *bytes = read_bytes(path, n);
    ck_assert_msg(bytes != 0, "%s is missing", path);
    remove(path);
    free(name);
    free(path);
    return bytes;
}

/* of the report lines */
static const char *last_line_of(const char *err)
{
    const char *last = err;
    for (const char *at = err; (at = strstr(at, "vd: epoch")); ++at) last = at;
    return last;
}

static void remove_checkpoint(training t)
{
    char *name = vd_format("%s.checkpoint", t.name), *path = backup(name);
    remove(path);
    free(name);
    free(path);
}

static int says_it_froze(const char *err)
{
    const char *last = last_line_of(err);
    return strstr(last, " are pruned\n") || (strstr(err, "frozen: ") && !strstr(last, "frozen: 0.00"));
}

START_TEST(a_stopped_training_ends_with_the_weights_of_one_never_stopped)
{
    training t = trainings[_i / 2];
    int sig = _i % 2 ? SIGKILL : _i % 4 ? SIGTERM : SIGHUP;
    int freezes = strstr(t.cost, "freeze") || strstr(t.cost, "target"); /* at batches 50 and 100 */
    size_t n, m;
    char *cfg = write_training(t, freezes ? "max_batches=110\ncheckpoint=5\n" : "max_batches=40\ncheckpoint=5\n");
    run_result r = train_digits(0, cfg, 0);
    ck_assert_int_eq(says_it_froze(r.err), freezes);
    free_run(r);
    char *whole = final_weights(t, &n);
    remove_checkpoint(t);

    free_run(train_until(cfg, "13, ", sig, 0));
    setenv("DARKNET_THREADS", "1", 1);
    free_run(train_until(cfg, freezes ? "72, " : "27, ", sig, "-resume"));
    unsetenv("DARKNET_THREADS");
    r = train_digits(0, cfg, "-resume");
    ck_assert_msg(strstr(r.err, "resumed after batch") != 0, "%s", r.err);
    free_run(r);
    char *resumed = final_weights(t, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_int_eq(memcmp(whole, resumed, n), 0);
    free(whole);
    free(resumed);
    free(cfg);
}
END_TEST

static void end_twice(const char *cfg)
{
    network *net = parse_network_cfg((char *)cfg);
    float avg_loss;
    int count;
    signal(SIGINT, SIG_IGN); /* a background job of a script */
    vd_checkpoint_begin(net, folder, "ignored", &avg_loss, &count);
    raise(SIGINT);
    if (vd_checkpoint_signal() == SIGINT) raise(SIGINT);
    _exit(3);
}

START_TEST(a_second_signal_ends_the_program_where_it_was_ignored)
{
    char *cfg = write_training(trainings[0], "max_batches=10\n");
    int status;
    fflush(0);
    pid_t child = fork();
    if (!child) end_twice(cfg);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "status %d", status);
    free(cfg);
}
END_TEST

static volatile sig_atomic_t own_calls;

static void own(int signal)
{
    (void)signal;
    ++own_calls;
}

START_TEST(a_program_has_its_handlers_again_after_a_training)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    char *cfg = write_training(trainings[0], "max_batches=10\n");
    network *net = parse_network_cfg(cfg);
    float avg_loss = 0;
    int count = 0;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 3; ++i) signal(numbers[i], own);
        vd_checkpoint_begin(net, folder, "own", &avg_loss, &count);
        raise(SIGTERM); /* the first one is the training's, a second one the program's */
        ck_assert(vd_checkpoint_signal() == SIGTERM && own_calls == round);
        raise(SIGTERM);
        ck_assert_int_eq(own_calls, round + 1);
        vd_checkpoint_end(net);
        for (int i = 0; i < 3; ++i) ck_assert(signal(numbers[i], SIG_DFL) == own);
    }
    free_network(net);
    free(cfg);
}
END_TEST

/* sizes of pictures are drawn, up to twice the cfg's; a [dropout] follows them */
START_TEST(a_training_of_several_sizes_is_resumed_at_its_own)
{
    training t = {.name = "sizes"};
    size_t n, m;
    char *cfg = in_folder(folder, "sizes.cfg");
    write_text(cfg, "[net]\nbatch=2\nheight=448\nwidth=448\nchannels=1\nmax_crop=448\nrandom=1\nseed=3\n"
                    "learning_rate=.01\nmax_batches=40\ncheckpoint=1\n"
                    "[convolutional]\nfilters=10\nsize=3\nstride=32\npad=1\nactivation=linear\n"
                    "[dropout]\nprobability=.3\n[avgpool]\n[softmax]\n");
    run_result r = train_digits(0, cfg, 0);
    ck_assert_ptr_nonnull(strstr(r.out, "896"));
    free_run(r);
    char *whole = final_weights(t, &n);
    remove_checkpoint(t);
    for (int at = 10; at < 40; at += 10) {
        char *line = vd_format("%d, ", at);
        free_run(train_until(cfg, line, SIGTERM, "-resume"));
        free(line);
    }
    free_run(train_digits(0, cfg, "-resume"));
    char *resumed = final_weights(t, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_int_eq(memcmp(whole, resumed, n), 0);
    free(whole), free(resumed), free(cfg);
}
END_TEST

START_TEST(sigint_ends_behind_a_batch_and_says_how_to_go_on)
{
    training t = {"stopped", "learning_rate=.01\n", "samples=200\n"};
    size_t n;
    char *cfg = write_training(t, "max_batches=100000\n"), *path = backup("stopped.checkpoint");
    run_result r = train_until(cfg, "3, ", SIGINT, 0);
    char *checkpoint = read_bytes(path, &n);
    ck_assert_msg(strstr(r.err, "to continue, run the same command with -resume") != 0, "%s", r.err);
    ck_assert_ptr_nonnull(checkpoint);
    free(checkpoint);
    free_run(r);
    free(path);
    free(cfg);
}
END_TEST

START_TEST(resume_without_a_checkpoint_begins_and_says_so)
{
    training t = {"fresh", "learning_rate=.01\n", "samples=200\n"};
    char *cfg = write_training(t, "max_batches=2\n"), *path = backup("fresh.checkpoint");
    run_result r = train_digits(0, cfg, "-resume");
    ck_assert_msg(strstr(r.err, "no checkpoint yet") != 0, "%s", r.err);
    ck_assert_int_eq(access(path, F_OK), 0); /* of the end */
    free_run(r);
    free(path);
    free(cfg);
}
END_TEST

enum { KEPT = 3 };

/* the checkpoints of a training with checkpoint_keep=3, for the caller to free */
static void read_kept(char *bytes[KEPT], size_t n[KEPT])
{
    static const char *const names[KEPT] = {"kept.checkpoint", "kept.checkpoint.1", "kept.checkpoint.2"};
    for (int i = 0; i < KEPT; ++i) {
        char *path = backup(names[i]);
        bytes[i] = read_bytes(path, n + i);
        ck_assert_msg(bytes[i] != 0, "%s is missing", path);
        free(path);
    }
}

START_TEST(the_last_checkpoints_are_kept)
{
    training t = {"kept", "learning_rate=.01\n", "samples=200\n"};
    char *cfg = write_training(t, "max_batches=10\ncheckpoint=2\ncheckpoint_keep=3\n"), *bytes[KEPT], *after[KEPT];
    size_t n[KEPT], m[KEPT];
    free_run(train_digits(0, cfg, 0));
    read_kept(bytes, n);
    char *path = backup("kept.checkpoint.3");
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_ne(memcmp(bytes[0], bytes[1], n[0]), 0);
    ck_assert_int_ne(memcmp(bytes[1], bytes[2], n[1]), 0);
    free(cfg);

    /* and all stay where the next one finds no room */
    cfg = write_training(t, "max_batches=12\ncheckpoint=2\ncheckpoint_keep=3\n");
    const char *const argv[] = {"darknet", "classifier", "train", data_file, cfg, "-resume", 0};
    run_result r = run_with((fault){.file_limit = (long)n[0] - 1}, argv, 0);
    ck_assert_msg(r.status == 1 && strstr(last_line(r), "kept.checkpoint: not written: File too large"), "%s", r.err);
    free_run(r);
    read_kept(after, m);
    for (int i = 0; i < KEPT; ++i) {
        ck_assert_msg(n[i] == m[i] && !memcmp(bytes[i], after[i], n[i]), "checkpoint %d has changed", i);
        free(bytes[i]);
        free(after[i]);
    }
    free(path);
    free(cfg);
}
END_TEST

/* ---- the kernels of a training ---- */

/* a checkpoint's bytes with the right checksum */
static void write_checkpoint(const char *path, char *bytes, size_t n)
{
    uint64_t sum = vd_fnv64(VD_FNV64_START, bytes, n - sizeof(sum));
    memcpy(bytes + n - sizeof(sum), &sum, sizeof(sum));
    write_bytes(path, bytes, n);
}

/* where the text of choices begins in a checkpoint; its number of bytes stands before it */
static char *choices_in(char *bytes, size_t n)
{
    char *text = memmem(bytes, n, "processor ", 10);
    ck_assert_ptr_nonnull(text);
    return text;
}

static void expect_line(run_result r, const char *line)
{
    ck_assert_msg(strstr(r.err, line) != 0, "'%s' is not in: %s", line, r.err);
    free_run(r);
}

START_TEST(a_resumed_training_computes_with_the_kernels_of_its_checkpoint)
{
    training t = {"kernels", "adam=1\nlearning_rate=.01\n", "samples=200\n"};
    size_t n, m;
    char *wanted = getenv("DARKNET_KERNELS");
    char *cfg = write_training(t, "max_batches=20\ncheckpoint=5\n"), *was = wanted ? vd_format("%s", wanted) : 0;
    setenv("DARKNET_KERNELS", "generic", 1);
    expect_line(train_digits(0, cfg, 0), "kernels generic, variance in float (DARKNET_KERNELS)\n");
    char *whole = final_weights(t, &n);
    remove_checkpoint(t);
    free_run(train_until(cfg, "13, ", SIGTERM, 0));
    unsetenv("DARKNET_KERNELS");
    expect_line(train_digits(0, cfg, "-resume"), "kernels generic, variance in float (checkpoint)\n");
    char *resumed = final_weights(t, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_int_eq(memcmp(whole, resumed, n), 0);
    if (was) setenv("DARKNET_KERNELS", was, 1);
    free(whole), free(resumed), free(was), free(cfg);
}
END_TEST

START_TEST(a_resumed_training_says_that_its_kernels_are_not_there)
{
    training t = {"lost", "learning_rate=.01\n", "samples=200\n"};
    size_t n;
    char *cfg = write_training(t, "max_batches=4\ncheckpoint=2\n"), *path = backup("lost.checkpoint");
    free_run(train_digits(0, cfg, 0));
    char *bytes = read_bytes(path, &n), *text = choices_in(bytes, n), *name = strstr(text, "\nkernels ") + 9;
    char first = *name;
    *name = 'X';
    write_checkpoint(path, bytes, n);
    run_result r = train_digits(0, cfg, "-resume");
    ck_assert_msg(strstr(r.err, "lost.checkpoint: trained with kernels X") != 0, "%s", r.err);
    expect_line(r, "the last bits of its weights may differ\n");
    *name = first;
    text[strlen("processor ")] = '?';
    write_checkpoint(path, bytes, n);
    expect_line(train_digits(0, cfg, "-resume"), "lost.checkpoint: of another processor (?");
    free(bytes), free(path), free(cfg);
}
END_TEST

START_TEST(a_command_with_resume_trains_once)
{
    training t = trainings[0];
    char *cfg = write_training(t, "max_batches=4\n"), *name = vd_format("%s.weights", t.name), *path = backup(name);
    size_t n;
    expect_line(train_digits(0, cfg, "-resume"), "no checkpoint yet: training starts from the beginning");
    char *bytes = read_bytes(path, &n);
    expect_line(train_digits(0, cfg, "-resume"),
                "have 4 batches behind them: nothing is trained. -resume goes on with a larger max_batches");
    expect_file(path, bytes, n);
    remove_checkpoint(t);
    /* of weights that are trained already there is none, which -clear would go on from */
    const char *const argv[] = {"darknet", "classifier", "train", data_file, cfg, path, "-resume", 0};
    run_result r = run(argv);
    ck_assert_msg(!r.status && strstr(r.err, "nothing is trained"), "%s", r.err);
    free_run(r);
    char *checkpoint = vd_format("%s.checkpoint", t.name), *there = backup(checkpoint);
    ck_assert_int_ne(access(there, F_OK), 0);
    free(checkpoint), free(there);
    free(bytes), free(path), free(name), free(cfg);
}
END_TEST

/* in batch 10 the means are two batches old; version 6 does not say when they had their latest step */
START_TEST(means_of_an_earlier_version_are_taken_on)
{
    training t = {"means", "learning_rate=.01\nema_alpha=.9\n", "samples=200\n"};
    size_t n, m;
    char *cfg = write_training(t, "max_batches=16\ncheckpoint=2\ncheckpoint_keep=4\n"),
         *weights = backup("means.weights");
    char *path = backup("means.checkpoint"), *older = backup("means.checkpoint.3");
    free_run(train_digits(0, cfg, 0));
    char *bytes = read_bytes(older, &n), *whole = read_bytes(weights, &m);
    bytes[4] = 6;
    write_checkpoint(path, bytes, n - 2 * sizeof(int64_t));
    expect_line(train_digits(0, cfg, "-resume"), "means.checkpoint: resumed after batch 10");
    expect_file(weights, whole, m);
    free(bytes), free(whole), free(path), free(older), free(weights), free(cfg);
}
END_TEST

START_TEST(a_checkpoint_of_an_earlier_version_is_read_as_before)
{
    training t = {"version2", "learning_rate=.01\n", "samples=200\n"};
    size_t n;
    char *cfg = write_training(t, "max_batches=4\ncheckpoint=2\n"), *path = backup("version2.checkpoint");
    free_run(train_digits(0, cfg, 0));
    char *bytes = read_bytes(path, &n), *text = choices_in(bytes, n);
    uint32_t length, too_long = 1 << 21;
    memcpy(&length, text - sizeof(length), sizeof(length));
    uint64_t average = 1;
    memcpy(&average, text + length, sizeof(average));
    ck_assert_uint_eq(average, 0); /* the cfg has no ema_alpha */
    size_t later = sizeof(average) + sizeof(vd_validation_state) + sizeof(((vd_cost *)0)->target) + sizeof(int32_t);
    n -= 2 * sizeof(int64_t);
    ck_assert_uint_eq(text + length + later + sizeof(uint64_t) - bytes, n);
    char *program = bytes + n - sizeof(uint64_t) - sizeof(int32_t); /* 1 with weights of a later Darknet */
    bytes[4] = 6; /* does not say when the average had its latest step, nor how many files there are */
    write_checkpoint(path, bytes, n);
    expect_line(train_digits(0, cfg, "-resume"), "version2.checkpoint: resumed after batch 4");
    *program = 1;
    write_checkpoint(path, bytes, n);
    expect_line(train_digits(1, cfg, "-resume"), "of a training that began with weights of a later Darknet");
    *program = 0;
    bytes[4] = 5; /* does not say */
    write_checkpoint(path, bytes, n - sizeof(int32_t));
    expect_line(train_digits(0, cfg, "-resume"), "version2.checkpoint: resumed after batch 4");
    memcpy(text - sizeof(length), &too_long, sizeof(length));
    write_checkpoint(path, bytes, n);
    run_result r = train_digits(1, cfg, "-resume");
    expect_line(r, "version2.checkpoint: 2097152 bytes of choices");
    memcpy(text - sizeof(length), &length, sizeof(length));
    char *setbacks = text - sizeof(length) - sizeof(vd_setbacks);
    memcpy(setbacks, &(int32_t){INT32_MIN}, sizeof(int32_t));
    write_checkpoint(path, bytes, n);
    expect_line(train_digits(1, cfg, "-resume"), "damaged: a training that has gone back -2147483648 times, 0 of them");
    memcpy(setbacks, &(int32_t){0}, sizeof(int32_t));
    /* version 4 has neither the share that target_size needs nor whether the best weights are from before a target */
    char *fourth = vd_calloc(n, 1), *to = fourth;
    size_t best = offsetof(vd_validation_state, before_target),
           target = offsetof(typeof(((vd_cost *)0)->target), share);
    const char *from = text + length + sizeof(average);
    memcpy(to, bytes, (size_t)(from - bytes)), to += from - bytes;
    memcpy(to, from, best), to += best;
    memcpy(to, from + sizeof(vd_validation_state), target), to += target;
    fourth[4] = 4;
    write_checkpoint(path, fourth, (size_t)(to - fourth) + sizeof(uint64_t));
    expect_line(train_digits(0, cfg, "-resume"), "version2.checkpoint: resumed after batch 4");
    free(fourth);
    bytes[4] = 3;
    write_checkpoint(path, bytes, n - later);
    expect_line(train_digits(0, cfg, "-resume"), "version2.checkpoint: resumed after batch 4");
    bytes[4] = 2;
    write_checkpoint(path, bytes, n - later - length - sizeof(length));
    expect_line(train_digits(0, cfg, "-resume"), "version2.checkpoint: resumed after batch 4");
    free(bytes), free(path), free(cfg);
}
END_TEST

/* the text of the file of timings in the test's folder; null when there is none */
static char *timings(void)
{
    return text_in_folder("cache/darknet-vd/choices");
}

START_TEST(a_training_without_a_seed_keeps_what_it_has_timed)
{
    training t = {"timed", "learning_rate=.01\n", "samples=200\n"};
    char *cfg = write_training(t, "max_batches=4\n"), *cache = in_folder(folder, "cache");
    setenv("XDG_CACHE_HOME", cache, 1);
    free_run(train_digits(0, cfg, 0));
    ck_assert_ptr_null(timings()); /* it has a seed */
    size_t n;
    char *text = read_bytes(cfg, &n);
    memcpy(strstr(text, "seed=3"), "#     ", 6);
    write_text(cfg, text);
    expect_line(train_digits(0, cfg, 0), "kernels ");
    char *first = timings();
    ck_assert_msg(first && strstr(first, " conv/1x28x28/4/5s2p0/") != 0, "%s", first ? first : "no file");
    free_run(train_digits(0, cfg, 0));
    char *second = timings();
    ck_assert_str_eq(first, second); /* nothing new */
    setenv("XDG_CACHE_HOME", "/dev/null", 1);
    free(first), free(second), free(text), free(cache), free(cfg);
}
END_TEST

/* without connected layers the weights do not depend on the size */
START_TEST(a_training_goes_on_with_pictures_of_the_size_in_the_cfg_and_says_so)
{
    static const char text[] = "[net]\nbatch=4\nheight=%d\nwidth=%d\nchannels=1\nmax_crop=32\nmax_batches=%d\n"
                               "checkpoint=2\n[vd_convolutional]\nfilters=10\nsize=3\nactivation=leaky\n[avgpool]\n"
                               "[softmax]\n[vd_cost]\nsamples=200\n";
    char *cfg = in_folder(folder, "size.cfg");
    const int sizes[] = {28, 14, 14};
    for (int i = 0; i < 3; ++i) {
        char *of_size = vd_format(text, sizes[i], sizes[i], 4 + 2 * i);
        write_text(cfg, of_size);
        run_result r = train_digits(0, cfg, i ? "-resume" : 0);
        ck_assert_int_eq(strstr(r.err, "pictures were 28x28, and are 14x14 from now on") != 0, i == 1);
        if (i) ck_assert_msg(strstr(r.out, i == 1 ? "\n6, " : "\n8, ") != 0, "%s", r.out);
        free_run(r);
        free(of_size);
    }
    free(cfg);
}
END_TEST

/* the moments of log_sigma2 are not in a checkpoint of method=magnitude, and lists are made before the first update */
START_TEST(a_training_by_size_goes_on_as_a_variational_one)
{
    const char *keys = "adam=1\nlearning_rate=.01\n";
    training by_size = {"method", keys, "samples=200\nmethod=magnitude\ntarget_sparsity=.95\nprune_ramp=20\n"},
             steered = {"method", keys, "samples=200\ntarget_sparsity=.5\n"};
    char *cfg = write_training(by_size, "max_batches=30\n");
    free_run(train_digits(0, cfg, "-resume"));
    free(cfg);
    cfg = write_training(steered, "max_batches=60\n");
    expect_line(train_digits(0, cfg, "-resume"), "method.checkpoint: resumed after batch 30");
    free(cfg);
}
END_TEST

#define BY_SIZE "method=magnitude\nprune_ramp=20\n"

static const struct {
    const char *first, *then, *last_lines;
} changes[] = {
    {"target_sparsity=.6\n", "target_sparsity=.8\n", "target: 80.00 % of the weights: 80."},
    {"target_sparsity=.6\n", "target_size=9000\n", "target: 9000 bytes packed: 8"},
    {"target_sparsity=.6\n", "", "(w 1, KL"},
    {"target_sparsity=.6\n", BY_SIZE "target_sparsity=.8\n", "target: 80.00 % of the weights: 80.00 % are pruned"},
    {BY_SIZE "target_sparsity=.6\n", "", "(w 1, KL"},
    {BY_SIZE "target_sparsity=.6\n", "target_sparsity=.8\n", "target: 80.00 % of the weights: 80."},
    {BY_SIZE "target_sparsity=.6\n", BY_SIZE "target_sparsity=.8\n", "target: 80.00 % of the weights: 80.00 % are"},
    {"", BY_SIZE "target_sparsity=.97\n", "target: 97.00 % of the weights: 97.00 % are pruned"},
};

/* the first training has come to its target: the second goes on to its own, or without one */
START_TEST(a_target_that_has_changed_is_that_of_the_resumed_training)
{
    char *first = vd_format("samples=200\n%s", changes[_i].first),
         *then = vd_format("samples=200\n%s", changes[_i].then);
    training t = {"changed", "adam=1\nlearning_rate=.01\n", first};
    char *cfg = write_training(t, "max_batches=40\n");
    free_run(train_digits(0, cfg, "-resume"));
    free(cfg);
    t.cost = then;
    cfg = write_training(t, "max_batches=100\n");
    run_result r = train_digits(0, cfg, "-resume");
    ck_assert_msg(strstr(r.err, "changed.checkpoint: resumed after batch 40") != 0, "%s", r.err);
    ck_assert_msg(strstr(last_line_of(r.err), changes[_i].last_lines) != 0, "%s", last_line_of(r.err));
    remove_checkpoint(t);
    free_run(r);
    free(cfg), free(first), free(then);
}
END_TEST

SUITE_OF(checkpoint)
{
    TIMEOUT(240);
    ONCE(setup, remove_digits);
    TEST(a_command_with_resume_trains_once);
    TEST(a_second_signal_ends_the_program_where_it_was_ignored);
    TEST(a_program_has_its_handlers_again_after_a_training);
    LOOP(a_stopped_training_ends_with_the_weights_of_one_never_stopped, 2 * COUNT_OF(trainings));
    TEST(a_resumed_training_computes_with_the_kernels_of_its_checkpoint);
    TEST(a_resumed_training_says_that_its_kernels_are_not_there);
    TEST(means_of_an_earlier_version_are_taken_on);
    TEST(a_checkpoint_of_an_earlier_version_is_read_as_before);
    TEST(a_training_without_a_seed_keeps_what_it_has_timed);
    TEST(a_training_of_several_sizes_is_resumed_at_its_own);
    TEST(sigint_ends_behind_a_batch_and_says_how_to_go_on);
    TEST(resume_without_a_checkpoint_begins_and_says_so);
    TEST(the_last_checkpoints_are_kept);
    TEST(a_training_goes_on_with_pictures_of_the_size_in_the_cfg_and_says_so);
    TEST(a_training_by_size_goes_on_as_a_variational_one);
    LOOP(a_target_that_has_changed_is_that_of_the_resumed_training, COUNT_OF(changes));
}
