/* vd_on_die(): the callback gets the message in the thread that called the library, may leave by longjmp(), and the
 * library works on; without it, or when it returns, the process ends as before. */
#include "support/support.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "data/loader.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NET "[net]\nheight=4\nwidth=4\nchannels=1\nbatch=2\n[vd_connected]\noutput=3\nactivation=%s\n[softmax]\n"

static jmp_buf back;
static pthread_t called_in;
static char *message_of_call;
static int calls;

static void leave(const char *message)
{
    called_in = pthread_self();
    free(message_of_call);
    message_of_call = strdup(message);
    ++calls;
    longjmp(back, 1);
}

static void note(const char *message)
{
    fprintf(stderr, "noted: %s\n", message);
}

static void setup(void)
{
    calls = 0;
    setenv("DARKNET_THREADS", "3", 1);
    vd_parallel_forget_threads();
    vd_on_die(leave);
}

static void teardown(void)
{
    vd_on_die(0);
    free(message_of_call);
    message_of_call = 0;
}

static void expect_call(const char *message)
{
    ck_assert_int_eq(calls, 1);
    ck_assert_msg(strstr(message_of_call, message) != 0, "\"%s\" lacks \"%s\"", message_of_call, message);
    ck_assert(pthread_equal(called_in, pthread_self()));
    calls = 0;
}

static network *parse(const char *activation)
{
    char cfg[400];
    snprintf(cfg, sizeof(cfg), NET "[vd_cost]\nsamples=10\n", activation);
    return network_of(cfg, 0);
}

START_TEST(callback_may_leave_and_the_library_works_on)
{
    network *volatile before = parse("relu"), *volatile after = 0;
    if (!setjmp(back)) parse("relu\nthreshold=abc");
    expect_call("threshold");
    after = parse("relu");
    float x[32] = {1, 2, 3};
    train_steps(before, 0, 3, 1);
    train_steps(after, 0, 3, 1);
    ck_assert_ptr_nonnull(network_predict(before, x));
    ck_assert_ptr_nonnull(network_predict(after, x));
    ck_assert_int_eq(calls, 0);
    free_network(before);
    free_network(after);
}
END_TEST

START_TEST(each_of_many_failures_calls_back)
{
    volatile int round;
    for (round = 0; round < 50; ++round) {
        if (!setjmp(back)) load_network("/nowhere/x.cfg", 0, 0);
        expect_call("/nowhere/x.cfg");
    }
}
END_TEST

/* the check for NaN must not remember a failure that the program has left */
START_TEST(other_networks_train_after_a_loss_that_is_not_finite)
{
    network *volatile bad = parse("relu"), *volatile good = parse("relu");
    bad->layers[0].weights[0] = NAN;
    if (!setjmp(back)) train_steps(bad, 0, 1, 1);
    expect_call("not finite");
    float before = good->layers[0].weights[0];
    train_steps(good, 0, 1, 1);
    ck_assert_int_eq(calls, 0);
    ck_assert(good->layers[0].weights[0] != before);
    free_network(bad);
    free_network(good);
}
END_TEST

static void load_missing(const char *cfg)
{
    vd_on_die(note);
    load_network((char *)cfg, 0, 0);
}

START_TEST(callback_that_returns_ends_the_process)
{
    char *err;
    ck_assert_int_eq(in_child(load_missing, "/nowhere/x.cfg", &err), 1);
    const char *noted = strstr(err, "noted: Couldn't open file: /nowhere/x.cfg"),
               *line = noted ? strchr(noted, '\n') : 0;
    ck_assert_msg(line && !strncmp(line + 1, "Couldn't open file: /nowhere/x.cfg", 34), "%s", err);
    free(err);
}
END_TEST

enum { PIECES = 64 };

static int failing; /* piece */
static int in_worker;
static volatile char done[PIECES];

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, 0);
}

static void piece(int i, void *context)
{
    (void)context;
    wait_a_little(); /* so that all threads get pieces */
    if (in_worker ? gettid() != getpid() : i == failing) vd_die("piece fails");
    done[i] = 1;
}

/* _i = 0: in the thread that called; 1: in another */
START_TEST(failure_in_a_parallel_loop_is_the_callers)
{
    in_worker = _i;
    failing = 0;
    for (volatile int round = 0; round < 3; ++round) {
        if (!setjmp(back)) vd_parallel_for(PIECES, piece, 0);
        expect_call("piece fails");
    }
    in_worker = 0;
    failing = -1;
    memset((char *)done, 0, sizeof(done));
    vd_parallel_for(PIECES, piece, 0);
    for (int i = 0; i < PIECES; ++i) ck_assert(done[i]);
    ck_assert_int_eq(calls, 0);
}
END_TEST

static void *load_part(void *part)
{
    wait_a_little();
    if (gettid() != getpid()) vd_die("part %d fails", *(int *)part);
    return 0;
}

START_TEST(failure_in_a_loader_thread_is_the_callers)
{
    int numbers[PIECES];
    void *parts[PIECES];
    for (int i = 0; i < PIECES; ++i) numbers[i] = i, parts[i] = numbers + i;
    if (!setjmp(back)) loader_run(PIECES, parts, load_part);
    expect_call(" fails");
}
END_TEST

SUITE_OF(on_die)
{
    EACH(setup, teardown);
    TEST(callback_may_leave_and_the_library_works_on);
    TEST(each_of_many_failures_calls_back);
    TEST(other_networks_train_after_a_loss_that_is_not_finite);
    TEST(callback_that_returns_ends_the_process);
    LOOP(failure_in_a_parallel_loop_is_the_callers, 2);
    TEST(failure_in_a_loader_thread_is_the_callers);
}
