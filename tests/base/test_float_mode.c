/* base/float_mode.c: small numbers are 0 inside the library's calls, in all its threads, and the caller gets its own
 * mode back, also from an error that it leaves by longjmp(). */
#include "base/float_mode.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "data/loader.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <time.h>

#define NET                                                                                                      \
    "[net]\nheight=4\nwidth=4\nchannels=1\nbatch=2\nadam=1\nseed=3\n[vd_connected]\noutput=3\nactivation=relu\n" \
    "[softmax]\n[vd_cost]\nsamples=10\n"

enum { PIECES = 64 };

static jmp_buf back;
static char flushed[PIECES];
static int failing = -1; /* this piece fails */

/* 1 when this thread takes results and operands that are too small for 0 */
static int flushes(void)
{
    volatile float small = 1e-20f, denormal = 1e-40f, scale = 1e10f, product = small * small,
                   back_up = denormal * scale;
    return product == 0 && back_up == 0;
}

static void leave(const char *message)
{
    (void)message;
    if (!flushes()) longjmp(back, 1);
    ck_abort_msg("the callback has the library's mode");
}

/* the test program is linked with -Ofast, as ./darknet is; another program is not */
static void setup(void)
{
    fesetenv(FE_DFL_ENV);
    ck_assert(!flushes());
    setenv("DARKNET_THREADS", "3", 1);
    vd_parallel_forget_threads();
    vd_on_die(leave);
}

static void teardown(void)
{
    vd_on_die(0);
}

#if defined(__x86_64__) || defined(__aarch64__)
enum { KNOWN = 1 };
#else
enum { KNOWN = 0 };
#endif

START_TEST(scopes_nest)
{
    {
        vd_float_mode_here();
        ck_assert_int_eq(flushes(), KNOWN);
        {
            vd_float_mode_here();
            ck_assert_int_eq(flushes(), KNOWN);
        }
        ck_assert_int_eq(flushes(), KNOWN);
        ck_assert_int_eq(vd_float_mode_depth(), 1);
    }
    ck_assert(!flushes());
}
END_TEST

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, 0);
}

static void piece(int i, void *context)
{
    (void)context;
    wait_a_little(); /* so that all threads get pieces */
    flushed[i] = (char)flushes();
    if (i == failing) vd_die("piece %d fails", i);
}

static void *part(void *i)
{
    piece((int)((char *)i - flushed), 0);
    return 0;
}

/* _i = 0: a loop over the cores; 1: loading */
START_TEST(every_thread_of_the_library_has_its_mode)
{
    void *parts[PIECES];
    for (int i = 0; i < PIECES; ++i) parts[i] = flushed + i;
    for (int round = 0; round < 2; ++round) {
        memset(flushed, 0, sizeof(flushed));
        if (_i) loader_run(PIECES, parts, part);
        else vd_parallel_for(PIECES, piece, 0);
        for (int i = 0; i < PIECES; ++i) ck_assert_int_eq(flushed[i], KNOWN);
        ck_assert(!flushes());
    }
}
END_TEST

START_TEST(callers_mode_is_given_back)
{
    float x[32] = {1, 2, 3};
    network *net = network_of(NET, 0);
    ck_assert(!flushes());
    train_steps(net, 0, 3, 1);
    ck_assert(!flushes());
    network_predict(net, x);
    ck_assert(!flushes());
    fesetround(FE_UPWARD);
    network_predict(net, x);
    ck_assert_int_eq(fegetround(), FE_UPWARD);
    ck_assert(!flushes());
    free_network(net);
}
END_TEST

START_TEST(callers_rounding_changes_no_result)
{
    network *nets[2] = {network_of(NET, 0), network_of(NET, 0)};
    for (int i = 0; i < 2; ++i) {
        fesetround(i ? FE_DOWNWARD : FE_TONEAREST);
        fill_random(nets[i]->input, 32, 1);
        for (int b = 0; b < 2; ++b) nets[i]->truth[3 * b + b] = 1;
        for (int step = 0; step < 5; ++step) train_network_datum(nets[i]);
    }
    fesetround(FE_TONEAREST);
    ck_assert_mem_eq(nets[0]->layers[0].weights, nets[1]->layers[0].weights, 48 * sizeof(float));
}
END_TEST

/* _i = -1: the error is the caller's own; else that of this piece of a loop */
START_TEST(callers_mode_is_given_back_after_a_longjmp)
{
    network *volatile net = network_of(NET, 0);
    for (volatile int round = 0; round < 3; ++round) {
        failing = _i;
        if (!setjmp(back)) {
            if (_i < 0) {
                net->layers[0].weights[0] = NAN;
                train_network_datum(net);
            } else vd_parallel_for(PIECES, piece, 0);
            ck_abort_msg("no error");
        }
        ck_assert(!flushes());
        ck_assert_int_eq(vd_float_mode_depth(), 0);
        failing = -1;
        vd_parallel_for(PIECES, piece, 0);
        for (int i = 0; i < PIECES; ++i) ck_assert_int_eq(flushed[i], KNOWN);
        ck_assert(!flushes());
    }
}
END_TEST

static void *predict(void *net)
{
    float x[32] = {1, 2, 3};
    fesetenv(FE_DFL_ENV);
    network_predict(net, x);
    ck_assert(!flushes());
    return 0;
}

START_TEST(a_programs_other_threads_keep_theirs)
{
    pthread_t thread;
    vd_float_mode_here();
    network *net = network_of(NET, 0);
    ck_assert_int_eq(pthread_create(&thread, 0, predict, net), 0);
    pthread_join(thread, 0);
    ck_assert_int_eq(flushes(), KNOWN);
}
END_TEST

SUITE_OF(float_mode)
{
    EACH(setup, teardown);
    TEST(scopes_nest);
    LOOP(every_thread_of_the_library_has_its_mode, 2);
    TEST(callers_mode_is_given_back);
    TEST(callers_rounding_changes_no_result);
    LOOP_FROM(callers_mode_is_given_back_after_a_longjmp, -1, 2);
    TEST(a_programs_other_threads_keep_theirs);
}
