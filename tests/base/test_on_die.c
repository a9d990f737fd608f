/* vd_on_die(): the callback gets the message in the thread that called the library, may leave by longjmp(), and the
 * library works on; without it, or when it returns, the process ends as before. */
#include "support/memory.h"
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

/* its name may be freed by then */
START_TEST(a_later_error_does_not_name_the_cfg_that_failed)
{
    if (!setjmp(back)) parse("relu\nthreshold=abc");
    expect_call("threshold");
    if (!setjmp(back)) error("Thread creation failed");
    ck_assert_str_eq(message_of_call, "Thread creation failed");
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

/* each names its own file, though the name of the one that failed is gone by then */
START_TEST(a_load_of_weights_that_failed_leaves_nothing_to_the_next)
{
    static const size_t layer_0 = 20 + sizeof(float), header = 10;
    make_test_folder();
    char *whole = in_folder(folder, "whole.weights");
    network *volatile net = parse("relu");
    size_t n;
    save_weights(net, whole);
    char *bytes = read_bytes(whole, &n);
    for (volatile int round = 0; round < 3; ++round) {
        char *volatile inside = in_folder(folder, "inside.weights"), *volatile first =
                                                                         in_folder(folder, "first.weights");
        write_bytes(inside, bytes, layer_0);
        write_bytes(first, bytes, header);
        if (!setjmp(back)) load_weights(net, inside);
        expect_call("inside.weights: ends inside layer 0 (connected)");
        free(inside);
        if (!setjmp(back)) load_weights(net, first);
        expect_call("first.weights: 10 bytes are too few");
        free(first);
        load_weights(net, whole);
        ck_assert_int_eq(calls, 0);
    }
    free(bytes);
    free(whole);
    free_network(net);
    remove_test_folder();
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

/* with a seed gradients are summed in a tree, and velocities are put aside meanwhile */
START_TEST(a_batch_that_failed_leaves_no_gradients_and_keeps_velocities)
{
    static const char cfg[] = "[net]\nheight=4\nwidth=4\nbatch=12\nsubdivisions=6\nchannels=1\nseed=1\nmomentum=.9\n"
                              "learning_rate=.1\n[connected]\noutput=3\nactivation=linear\n[softmax]\n";
    network *volatile net = network_of(cfg, 0), *volatile same = network_of(cfg, 0);
    size_t weights = sizeof(float) * 16 * 3;
    train_steps(net, 0, 7, 1); /* a batch, and a part of the next */
    train_steps(same, 0, 6, 1);
    net->input[0] = NAN;
    if (!setjmp(back)) train_network_datum(net);
    expect_call("not finite");
    train_steps(net, 8, 4, 1); /* the rest of it */
    ck_assert_mem_eq(net->layers[0].weights, same->layers[0].weights, weights);
    train_steps(net, 12, 6, 1);
    train_steps(same, 12, 6, 1);
    ck_assert_mem_eq(net->layers[0].weights, same->layers[0].weights, weights);
    free_network(net);
    free_network(same);
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

static void fail_again(const char *message)
{
    (void)message;
    load_network("/nowhere/again.cfg", 0, 0);
}

static void fail_in_callback(const char *cfg)
{
    vd_on_die(fail_again);
    load_network((char *)cfg, 0, 0);
}

START_TEST(callback_that_fails_each_time_ends_the_process)
{
    char *err;
    ck_assert_int_eq(in_child(fail_in_callback, "/nowhere/x.cfg", &err), 1);
    ck_assert_msg(strstr(err, "/nowhere/again.cfg") != 0, "%s", err);
    free(err);
}
END_TEST

/* one after the other, each deeper in the stack than the one before */
static void fail_deeper(int times)
{
    volatile char room[64];
    room[0] = (char)times;
    if (!setjmp(back)) load_network("/nowhere/x.cfg", 0, 0);
    expect_call("/nowhere/x.cfg");
    if (times > 1) fail_deeper(times - 1);
    room[1] = room[0];
}

START_TEST(failures_that_have_been_left_do_not_count)
{
    for (int i = 0; i < 3; ++i) fail_deeper(50);
}
END_TEST

/* ---- memory ---- */

#define PICTURES                                                                                            \
    "[net]\nheight=8\nwidth=8\nchannels=2\nbatch=2\nadam=1\n[vd_convolutional]\nfilters=3\nsize=3\npad=1\n" \
    "batch_normalize=1\nactivation=relu\n[vd_connected]\noutput=3\n[softmax]\n[vd_cost]\nsamples=10\n"

static char *weights;

static void train_it(network *net)
{
    train_steps(net, 0, 1, 1);
}

static void predict_it(network *net)
{
    static float x[2 * 8 * 8 * 2] = {1, 2, 3};
    network_predict(net, x);
}

static void load_it(network *net)
{
    load_weights(net, weights);
}

static void (*const uses[])(network *net) = {train_it, predict_it, load_it};

/* in a thread of its own, which has no buffers yet: fail at the n-th allocation, then do it again. Returns non-null
 * when there was no n-th one */
static void *fail_once(void *numbers)
{
    const long *of = numbers;
    network *net = network_of(PICTURES, 0);
    memory_fail_at(of[1]);
    if (!setjmp(back)) uses[of[0]](net);
    long asked = memory_asked();
    memory_fail_at(0);
    if (asked >= of[1]) uses[of[0]](net);
    free_network(net);
    return asked < of[1] ? folder : 0;
}

START_TEST(a_network_works_on_after_memory_has_run_out)
{
    void *done = 0;
    setenv("DARKNET_THREADS", "1", 1);
    vd_parallel_forget_threads();
    network *net = network_of(PICTURES, 0);
    make_test_folder();
    weights = in_folder(folder, "weights");
    save_weights(net, weights);
    for (long n = 1; !done; ++n) {
        pthread_t thread;
        long numbers[] = {_i, n};
        ck_assert_int_eq(pthread_create(&thread, 0, fail_once, numbers), 0);
        pthread_join(thread, &done);
    }
    ck_assert_int_ge(calls, 2);
    free_network(net);
    free(weights);
    remove_test_folder();
}
END_TEST

/* ---- threads of the library ---- */

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

static float first_number(char *picture)
{
    image im = load_image_color(picture, 0, 0);
    float x = im.data[0];
    free_image(im);
    return x;
}

/* a picture that changes is read anew: the cache is for load_data() alone */
START_TEST(nothing_stays_of_a_failed_load_data_blocking)
{
    make_test_folder();
    char *there = in_folder(folder, "there.ppm"), *paths[] = {"/nowhere/a.png"}, *labels[] = {"a"};
    data d;
    load_args args = {.paths = paths,
                      .n = 1,
                      .m = 1,
                      .labels = labels,
                      .classes = 1,
                      .w = 1,
                      .h = 1,
                      .size = 1,
                      .min = 1,
                      .max = 1,
                      .d = &d,
                      .type = CLASSIFICATION_DATA};
    write_text(there, "P6 1 1 255\nAAA");
    if (!setjmp(back)) load_data_blocking(args);
    expect_call("/nowhere/a.png");
    float before = first_number(there);
    write_text(there, "P6 1 1 255\nzzz");
    ck_assert(first_number(there) != before);
    free(there);
    remove_test_folder();
}
END_TEST

SUITE_OF(on_die)
{
    EACH(setup, teardown);
    TEST(callback_may_leave_and_the_library_works_on);
    TEST(a_later_error_does_not_name_the_cfg_that_failed);
    TEST(each_of_many_failures_calls_back);
    TEST(a_load_of_weights_that_failed_leaves_nothing_to_the_next);
    TEST(other_networks_train_after_a_loss_that_is_not_finite);
    TEST(a_batch_that_failed_leaves_no_gradients_and_keeps_velocities);
    TEST(callback_that_returns_ends_the_process);
    TEST(callback_that_fails_each_time_ends_the_process);
    TEST(failures_that_have_been_left_do_not_count);
    LOOP(a_network_works_on_after_memory_has_run_out, COUNT_OF(uses));
    LOOP(failure_in_a_parallel_loop_is_the_callers, 2);
    TEST(failure_in_a_loader_thread_is_the_callers);
    TEST(nothing_stays_of_a_failed_load_data_blocking);
}
