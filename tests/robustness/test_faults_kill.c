/* SIGKILL at any moment: the file before a save or the new one is there, and a resumed training ends with the same
 * weights.
 */
#include "support/faulty_run.h"
#include "base/hash.h"
#include "base/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NETWORK                                                                                  \
    "[net]\nbatch=20\nheight=28\nwidth=28\nchannels=1\nmax_crop=28\nflip=0\nseed=3\nadam=1\n"    \
    "max_batches=%d\ncheckpoint=1\ncheckpoint_keep=%d\n"                                         \
    "[vd_connected]\noutput=40\nactivation=relu\n[vd_connected]\noutput=10\nactivation=linear\n" \
    "[softmax]\n[vd_cost]\nsamples=40\n"

static void setup(void)
{
    setenv("DARKNET_THREADS", "1", 1);
    enter_test_folder();
    draw_digits(folder, 40, 10);
    char *kept = vd_format(NETWORK, 30, 100), *two = vd_format(NETWORK, 30, 2), *more = vd_format(NETWORK, 250, 2);
    write_text("all.cfg", kept), write_text("c.cfg", two), write_text("long.cfg", more);
    free(kept), free(two), free(more);
}

#define TRAIN(cfg)                                                                \
    {                                                                             \
        "darknet", "classifier", "train", "digits/digits.data", cfg, "-resume", 0 \
    }
static const char *const train[] = TRAIN("c.cfg"), *const train_long[] = TRAIN("long.cfg");

/* ---- at random moments, while a training runs ---- */

/* start the program, kill it after `time` microseconds; its status as run() gives it */
static int killed_after(useconds_t time, const char *const argv[])
{
    int status;
    fflush(0);
    pid_t child = fork();
    if (!child) {
        if (freopen("/dev/null", "w", stdout) && freopen("err", "w", stderr))
            execvp(getenv("DARKNET"), (char *const *)argv);
        _exit(127);
    }
    usleep(time);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static double seconds_of(const char *const argv[])
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    run_result r = run(argv);
    clock_gettime(CLOCK_MONOTONIC, &b);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

START_TEST(a_training_killed_at_any_moment_goes_on_to_the_same_weights)
{
    enum { MOST = 25 };
    size_t n, m;
    float lots[MOST];
    int killed = 0;
    double whole = seconds_of(train_long);
    char *expected = read_bytes("digits/backup/long.weights", &n);
    remove("digits/backup/long.weights");
    remove("digits/backup/long.checkpoint");
    remove("digits/backup/long.checkpoint.1");
    fill_random(lots, MOST, (unsigned)_i + 1);
    for (int i = 0; i < MOST; ++i) {
        int status = killed_after((useconds_t)(1e6 * whole * (.1 + .12 * (1 + lots[i]))), train_long);
        size_t bytes;
        char *err = read_bytes("err", &bytes);
        ck_assert_msg(status == 128 + SIGKILL || status == 0, "kill %d: status %d: %s", i, status, err);
        free(err);
        if (status == 0) break;
        ++killed;
    }
    run_result r = run(train_long);
    ck_assert_msg(r.status == 0 && strstr(r.err, "resumed after batch"), "%d: %s", r.status, r.err);
    free_run(r);
    char *resumed = read_bytes("digits/backup/long.weights", &m);
    ck_assert_uint_eq(n, m);
    ck_assert_int_eq(memcmp(expected, resumed, n), 0);
    free(expected);
    free(resumed);
    printf("faults: %d kills at random moments, classifier train\n", killed);
}
END_TEST

/* ---- before each system call of a save ---- */

static const struct {
    const char *argv[9];
    const char *outputs[2];
} savers[] = {
    {{"darknet", "vd", "pack", "c.cfg", "c.weights", "c.vdw"}, {"c.vdw"}},
    {{"darknet", "vd", "export", "c.cfg", "c.weights", "small"}, {"small.weights", "small.cfg"}},
    {{"darknet", "partial", "c.cfg", "c.weights", "p.weights", "1"}, {"p.weights"}},
};

static void make_weights(void)
{
    free_run(darknet(0, "classifier", "train", "digits/digits.data", "c.cfg", NULL));
    ck_assert_int_eq(rename("digits/backup/c.weights", "c.weights"), 0);
}

START_TEST(a_kill_before_any_system_call_leaves_the_old_file_or_the_new_one)
{
    enum { LAST = 60 }; /* calls, the save among them */
    static const char old[] = "what stood here before\n";
    char *new[2] = {0};
    size_t n[2], m;
    long calls;
    int saved = 0, kills = 0;
    make_weights();
    for (int i = 0; i < 2 && savers[_i].outputs[i]; ++i) write_text(savers[_i].outputs[i], old);
    run_result r = run_with((fault){.file_limit = -1, .calls = 1 << 30}, savers[_i].argv, &calls);
    if (r.status == 125) {
        skipped(1, "kills at system calls (no ptrace here)");
        return;
    }
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    for (int i = 0; i < 2 && savers[_i].outputs[i]; ++i) {
        new[i] = read_bytes(savers[_i].outputs[i], n + i);
        ck_assert_ptr_nonnull(new[i]);
    }
    for (long k = calls > LAST ? calls - LAST : 1; k <= calls; ++k) {
        for (int i = 0; i < 2 && new[i]; ++i) write_text(savers[_i].outputs[i], old);
        r = run_with((fault){.file_limit = -1, .calls = k}, savers[_i].argv, 0);
        kills += r.status == 128 + SIGKILL;
        for (int i = 0; i < 2 && new[i]; ++i) {
            char *now = read_bytes(savers[_i].outputs[i], &m);
            int is_old = m == strlen(old) && !memcmp(now, old, m), is_new = m == n[i] && !memcmp(now, new[i], m);
            ck_assert_msg(now && (is_old || is_new), "call %ld: %s has %zu bytes", k, savers[_i].outputs[i], m);
            saved += is_new;
            free(now);
        }
        free_run(r);
    }
    ck_assert_int_gt(saved, 0);     /* the last calls come after the save */
    ck_assert_int_lt(saved, kills); /* and the first before it */
    for (int i = 0; i < 2; ++i) free(new[i]);
    printf("faults: %d kills at system calls, %s %s\n", kills, savers[_i].argv[1], savers[_i].argv[2]);
}
END_TEST

/* whether the file is whole, and one of an uninterrupted training, after batch 1 to 30. That keeps more files, and how
 * many there are is the last number before the checksum */
static int is_a_checkpoint_of_it(const char *path)
{
    enum { SUM = 8, FILES = 8 };
    size_t n, m;
    char *now = read_bytes(path, &n);
    uint64_t sum = now && n > SUM + FILES ? vd_fnv64(VD_FNV64_START, now, n - SUM) : 0;
    int is = 0, is_whole = sum && !memcmp(now + n - SUM, &sum, SUM);
    for (int i = 0; is_whole && !is && i < 30; ++i) {
        char *name = i ? vd_format("digits/backup/all.checkpoint.%d", i) : vd_format("digits/backup/all.checkpoint");
        char *good = read_bytes(name, &m);
        is = good && n == m && !memcmp(now, good, n - SUM - FILES);
        free(good), free(name);
    }
    free(now);
    return is;
}

START_TEST(a_kill_at_any_system_call_of_a_training_leaves_whole_checkpoints)
{
    enum { KILLS = 40 };
    float lots[KILLS];
    long calls;
    free_run(darknet(0, "classifier", "train", "digits/digits.data", "all.cfg", NULL));
    run_result r = run_with((fault){.file_limit = -1, .calls = 1 << 30}, train, &calls);
    if (r.status == 125) {
        skipped(1, "kills at system calls (no ptrace here)");
        return;
    }
    ck_assert_msg(r.status == 0 && is_a_checkpoint_of_it("digits/backup/c.checkpoint"), "%s", r.err);
    free_run(r);
    remove("digits/backup/c.checkpoint"), remove("digits/backup/c.checkpoint.1");
    fill_random(lots, KILLS, 7);
    int kills = 0, had = 0;
    for (int i = 0; i < KILLS; ++i) {
        if (i % 4 == 0) had = 0, remove("digits/backup/c.checkpoint"), remove("digits/backup/c.checkpoint.1");
        r = run_with((fault){.file_limit = -1, .calls = (long)(calls * (.6 + .3 * lots[i]) / (1 + i % 4))}, train, 0);
        kills += r.status == 128 + SIGKILL;
        ck_assert_msg(r.status == 0 || r.status == 128 + SIGKILL, "%d: %s", r.status, r.err);
        free_run(r);
        int has = !access("digits/backup/c.checkpoint", F_OK),
            has_older = !access("digits/backup/c.checkpoint.1", F_OK);
        ck_assert_msg(has || !had, "kill %d: no checkpoint is left", i);
        if (has) ck_assert_msg(is_a_checkpoint_of_it("digits/backup/c.checkpoint"), "kill %d", i);
        if (has_older) ck_assert_msg(is_a_checkpoint_of_it("digits/backup/c.checkpoint.1"), "kill %d, older", i);
        had = has;
    }
    printf("faults: %d kills at system calls, classifier train\n", kills);
}
END_TEST

SUITE_OF(faults_kill)
{
    TIMEOUT(240);
    EACH(setup, leave_test_folder);
    LOOP(a_training_killed_at_any_moment_goes_on_to_the_same_weights, 3);
    LOOP(a_kill_before_any_system_call_leaves_the_old_file_or_the_new_one, COUNT_OF(savers));
    TEST(a_kill_at_any_system_call_of_a_training_leaves_whole_checkpoints);
}
