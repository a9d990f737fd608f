/* base/seed.c: with a seed= in the cfg, weights, noise, order of pictures and whole trainings repeat bit by bit;
 * without one they differ. */
#include "layer/vd_layer.h"
#include "base/seed.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 2 * 6 * 6, CLASSES = 3 };

#define NET "[net]\nbatch=4\nheight=6\nwidth=6\nchannels=2\nlearning_rate=.05\n"
#define BODY                                                                                      \
    "[vd_convolutional]\nfilters=4\nsize=3\nactivation=leaky\nbatch_normalize=1\nlog_sigma2=-2\n" \
    "[dropout]\nprobability=.5\n"                                                                 \
    "[vd_connected]\noutput=3\nactivation=linear\nlog_sigma2=-2\n"                                \
    "[softmax]\n"                                                                                 \
    "[vd_cost]\nsamples=2000\n"

/* weights and log_sigma2 of both layers after some training, as one array the caller frees */
static float *trained_from(const char *seed, int steps, size_t *n)
{
    char *cfg = vd_format(NET "%s" BODY, seed);
    network *net = network_of(cfg, 0);
    train_steps(net, 0, steps, 50);
    float *all = vd_calloc(10000, sizeof(float));
    *n = 0;
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        if (!vd) continue;
        memcpy(all + *n, net->layers[i].weights, vd->n * sizeof(float));
        memcpy(all + *n + vd->n, vd->log_sigma2, vd->n * sizeof(float));
        *n += 2 * vd->n;
    }
    free_network(net);
    free(cfg);
    return all;
}

/* how many numbers are equal after two trainings */
static size_t in_common(const char *seed_a, const char *seed_b, int steps, size_t *n)
{
    size_t same = 0, m;
    float *a = trained_from(seed_a, steps, n), *b = trained_from(seed_b, steps, &m);
    ck_assert_uint_eq(*n, m);
    for (size_t i = 0; i < m; ++i) same += !memcmp(a + i, b + i, sizeof(float));
    free(a);
    free(b);
    return same;
}

START_TEST(equal_seeds_give_equal_weights_bit_by_bit)
{
    size_t n, same = in_common("seed=7\n", "seed=7\n", 6, &n);
    ck_assert_uint_eq(same, n);
    same = in_common("seed=0\n", "seed=0\n", 2, &n);
    ck_assert_uint_eq(same, n);
    same = in_common("seed=9223372036854775807\n", "seed=9223372036854775807\n", 2, &n);
    ck_assert_uint_eq(same, n);
}
END_TEST

START_TEST(different_seeds_give_different_weights)
{
    /* where log_alpha is clipped, log_sigma2 does not change */
    size_t n, same = in_common("seed=7\n", "seed=8\n", 1, &n);
    ck_assert_msg(same < n / 10, "%zu of %zu equal", same, n);
    same = in_common("seed=7\n", "seed=4294967303\n", 1, &n); /* 7 + 2^32 */
    ck_assert_msg(same < n / 10, "%zu of %zu equal", same, n);
    same = in_common("seed=7\n", "seed=8\n", 0, &n);
    ck_assert_msg(same < n / 2 + 5, "%zu of %zu equal: only log_sigma2 is", same, n);
}
END_TEST

START_TEST(without_a_seed_two_networks_differ)
{
    size_t n, same = in_common("", "", 1, &n);
    ck_assert_msg(same < n / 10, "%zu of %zu equal", same, n);
    same = in_common("seed=7\n", "", 1, &n);
    ck_assert_msg(same < n / 10, "%zu of %zu equal", same, n);
}
END_TEST

/* without a seed the noise differs even when libc's rand() is seeded alike, and a seed of an earlier network is gone */
START_TEST(without_a_seed_the_noise_is_fresh_and_libc_is_free)
{
    free_network(network_of(NET "seed=7\n" BODY, 0));
    ck_assert_int_eq(rand_is_seeded(), 1);
    network *a = network_of(NET BODY, 0), *b = network_of(NET BODY, 0);
    ck_assert_int_eq(rand_is_seeded(), 0);
    ck_assert(vd_layer_of(a->layers[0])->seed != vd_layer_of(b->layers[0])->seed);
    ck_assert(vd_layer_of(a->layers[0])->seed == vd_layer_of(a->layers[2])->seed);
    free_network(a);
    free_network(b);
}
END_TEST

START_TEST(a_seed_starts_the_sequence_and_keeps_srand_from_changing_it)
{
    int first[5];
    rand_seed(42);
    for (int i = 0; i < 5; ++i) first[i] = darknet_rand();
    darknet_srand(99);
    for (int i = 0; i < 5; ++i) ck_assert_int_eq(darknet_rand(), first[i]);
    rand_seed(43);
    int same = 0;
    for (int i = 0; i < 5; ++i) same += darknet_rand() == first[i];
    ck_assert_int_lt(same, 5);
    rand_seed(42ull << 32); /* both halves of a long seed count */
    ck_assert_int_ne(darknet_rand(), first[0]);
    rand_unseed();
    darknet_srand(99);
    int mine = darknet_rand();
    srand(99);
    ck_assert_int_eq(rand(), mine);
    srand(99);
    ck_assert_int_eq(darknet_rand(), mine);
}
END_TEST

START_TEST(a_seed_drops_the_second_half_of_a_normal_pair)
{
    rand_seed(42);
    float first = rand_normal();
    rand_seed(42);
    ck_assert(rand_normal() == first);
    rand_normal();
    rand_seed(42);
    ck_assert(rand_normal() == first);
}
END_TEST

typedef struct {
    size_t state;
    int numbers[4];
} drawing;

static void *draw(void *context)
{
    drawing *d = context;
    rand_stream_begin(d->state);
    for (int i = 0; i < 4; ++i) d->numbers[i] = darknet_rand();
    rand_stream_end();
    return 0;
}

START_TEST(a_stream_belongs_to_its_thread_and_depends_on_its_state_alone)
{
    drawing a = {.state = 5}, b = {.state = 5}, c = {.state = 6};
    pthread_t threads[3];
    drawing *all[] = {&a, &b, &c};
    rand_seed(1);
    int alone[2] = {darknet_rand(), darknet_rand()};
    rand_seed(1);
    ck_assert_int_eq(darknet_rand(), alone[0]);
    for (int i = 0; i < 3; ++i) pthread_create(threads + i, 0, draw, all[i]);
    for (int i = 0; i < 3; ++i) pthread_join(threads[i], 0);
    ck_assert_int_eq(darknet_rand(), alone[1]);
    ck_assert_int_eq(memcmp(a.numbers, b.numbers, sizeof(a.numbers)), 0);
    ck_assert_int_ne(memcmp(a.numbers, c.numbers, sizeof(a.numbers)), 0);
    ck_assert_int_ne(a.numbers[0], alone[0]);
}
END_TEST

START_TEST(a_stream_of_0_is_the_shared_sequence)
{
    rand_seed(1);
    int first = darknet_rand();
    rand_seed(1);
    rand_stream_begin(0);
    ck_assert_int_eq(darknet_rand(), first);
    rand_stream_end();
}
END_TEST

START_TEST(streams_of_a_seed_are_never_0_and_depend_on_seed_and_picture)
{
    size_t streams[64];
    rand_unseed();
    ck_assert_uint_eq(rand_stream_of(3), 0);
    ck_assert_uint_eq(rand_stream_next(0), 0);
    rand_seed(1);
    for (int i = 0; i < 64; ++i) {
        streams[i] = i % 8 ? rand_stream_next(streams[i - 1]) : rand_stream_of(i);
        ck_assert_uint_ne(streams[i], 0);
        for (int j = 0; j < i; ++j) ck_assert_uint_ne(streams[j], streams[i]);
    }
    ck_assert_uint_eq(rand_stream_of(8), streams[8]);
    rand_seed(2);
    ck_assert_uint_ne(rand_stream_of(8), streams[8]);
}
END_TEST

START_TEST(a_sequence_is_taken_up_where_it_was_left)
{
    rand_seed(3);
    darknet_rand();
    uint64_t state = rand_state();
    int next = darknet_rand();
    rand_seed(3);
    rand_restore(state);
    ck_assert_int_eq(darknet_rand(), next);
    rand_unseed();
    ck_assert_uint_eq(rand_state(), 0);
}
END_TEST

/* ---- the order of pictures ---- */

static void take(int shuffle, size_t first, int n, int m, int *taken)
{
    rand_order_begin(shuffle, first);
    for (int i = 0; i < n; ++i) taken[i] = rand_index(m);
    rand_stream_end();
}

START_TEST(a_shuffled_epoch_has_every_picture_once)
{
    enum { MOST = 1000 };
    static const int sizes[] = {1, 2, 3, 5, 16, 17, 100, 255, 256, 257, MOST};
    int taken[2 * MOST];
    rand_seed(4);
    for (size_t s = 0; s < COUNT_OF(sizes); ++s) {
        int m = sizes[s], count[2][MOST] = {{0}};
        take(1, 0, 2 * m, m, taken);
        for (int i = 0; i < 2 * m; ++i) {
            ck_assert(taken[i] >= 0 && taken[i] < m);
            ++count[i / m][taken[i]];
        }
        for (int i = 0; i < 2 * m; ++i) ck_assert_int_eq(count[i / m][i % m], 1);
    }
    /* the last run: each epoch has its own order, and neither is the list's */
    int fixed[2] = {0}, same = 0;
    for (int i = 0; i < 2 * MOST; ++i) fixed[i / MOST] += taken[i] == i % MOST;
    for (int i = 0; i < MOST; ++i) same += taken[i] == taken[MOST + i];
    ck_assert_int_lt(fixed[0] + fixed[1] + same, 20); /* 3 on average */
}
END_TEST

START_TEST(the_order_is_a_function_of_the_seed_and_the_number_of_the_picture)
{
    int all[50], part[20], other[50];
    rand_seed(4);
    take(1, 0, 50, 30, all);
    take(1, 25, 20, 30, part);
    ck_assert_int_eq(memcmp(part, all + 25, sizeof(part)), 0);
    rand_seed(5);
    take(1, 0, 50, 30, other);
    ck_assert_int_ne(memcmp(other, all, sizeof(all)), 0);
    rand_seed(4);
    take(0, 0, 50, 30, other);
    ck_assert_int_ne(memcmp(other, all, sizeof(all)), 0);
}
END_TEST

/* as a second network is read, and loads weights, during a training; with a seed (_i = 1) and without */
START_TEST(what_is_drawn_between_keep_and_put_back_leaves_no_trace)
{
    int before[50], after[50];
    if (_i) rand_seed(6);
    else rand_unseed();
    rand_continue(40);
    darknet_rand();
    uint64_t state = rand_state();
    take(1, 0, 50, 30, before);
    rand_kept kept = rand_keep();
    rand_seed(8); /* and without one the order of pictures is another, too */
    rand_continue(7);
    darknet_rand();
    rand_put_back(kept);
    ck_assert_int_eq(rand_is_seeded(), _i);
    ck_assert_uint_eq(rand_state(), state);
    take(1, 0, 50, 30, after);
    ck_assert_mem_eq(after, before, sizeof(before));
    darknet_srand(1); /* starts from image 40 again */
    darknet_rand();
    ck_assert_uint_eq(rand_state(), state);
}
END_TEST

/* ---- an interruption
 * ---------------------------------------------------------------------------------------------- */

#define NO_DROPOUT                                                             \
    "[vd_convolutional]\nfilters=4\nsize=3\nactivation=leaky\nlog_sigma2=-2\n" \
    "[vd_connected]\noutput=3\nactivation=linear\nlog_sigma2=-2\n[softmax]\n[vd_cost]\nsamples=2000\n"

/* momentum=0: the velocity is no part of a .weights file */
static const char resumed_cfg[] = NET "momentum=0\ndecay=0\nseed=%d\n" NO_DROPOUT;

START_TEST(a_resumed_run_draws_the_noise_of_the_uninterrupted_one)
{
    silence_stderr();
    char *folder = make_folder(), *backup = in_folder(folder, "net.backup");
    char *cfg = vd_format(resumed_cfg, 7), *other = vd_format(resumed_cfg, 8);
    network *whole = network_of(cfg, 0);
    train_steps(whole, 0, 3, 50);
    save_weights(whole, backup);
    network *resumed = network_of(cfg, backup), *another = network_of(other, backup);
    ck_assert_uint_eq(*resumed->seen, 12);
    train_steps(whole, 3, 1, 50);
    train_steps(resumed, 3, 1, 50);
    train_steps(another, 3, 1, 50);
    for (int i = 0; i < 2; ++i) {
        size_t n = (size_t)whole->batch * whole->layers[i].outputs * sizeof(float);
        ck_assert_int_eq(memcmp(whole->layers[i].output, resumed->layers[i].output, n), 0);
        ck_assert_int_ne(memcmp(whole->layers[i].output, another->layers[i].output, n), 0);
    }
    train_steps(whole, 4, 2, 50);
    train_steps(resumed, 4, 2, 50);
    for (int i = 0; i < 2; ++i) {
        layer a = whole->layers[i], b = resumed->layers[i];
        size_t n = vd_layer_of(a)->n * sizeof(float);
        ck_assert_int_eq(memcmp(a.weights, b.weights, n), 0);
        ck_assert_int_eq(memcmp(vd_layer_of(a)->log_sigma2, vd_layer_of(b)->log_sigma2, n), 0);
    }
    free_network(whole);
    free_network(resumed);
    free_network(another);
    free(cfg);
    free(other);
    free(backup);
    remove_folder(folder);
}
END_TEST

START_TEST(noise_is_fresh_at_every_forward_layer_and_image)
{
    network *net = network_of(NET "seed=7\n[vd_connected]\noutput=50\nactivation=linear\nlog_sigma2=0\n"
                                  "[vd_connected]\noutput=50\nactivation=linear\nlog_sigma2=0\n",
                              0);
    enum { N = 4 * 50 };
    float outputs[4][N];
    layer a = net->layers[0];
    for (int i = 0; i < INPUTS * 4; ++i) net->input[i] = 1; /* all images equal */
    net->train = 1;
    for (int i = 0; i < 2; ++i) { /* the same image twice, then the next batch */
        *net->seen = 4;
        forward_network(net);
        memcpy(outputs[i], a.output, sizeof(outputs[i]));
    }
    *net->seen = 8;
    forward_network(net);
    memcpy(outputs[2], a.output, sizeof(outputs[2]));
    memcpy(outputs[3], net->layers[1].output, sizeof(outputs[3]));
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < i; ++j)
            for (int k = 0; k < N; ++k) ck_assert(outputs[i][k] != outputs[j][k]);
    for (int b = 1; b < 4; ++b)
        for (int k = 0; k < 50; ++k) ck_assert(outputs[0][b * 50 + k] != outputs[0][k]);
    free_network(net);
}
END_TEST

/* ---- through the program
 * ------------------------------------------------------------------------------------------ */

/* the final weights of `darknet classifier train` with some threads; freed by the caller */
static char *classifier_weights(const char *data, const char *folder, const char *net_keys, const char *threads,
                                size_t *n)
{
    static int runs;
    char *name = vd_format("run%d", runs++), *file = vd_format("%s.cfg", name), *cfg = in_folder(folder, file);
    char *text = vd_format("[net]\nbatch=16\nsubdivisions=2\nheight=28\nwidth=28\nchannels=1\nlearning_rate=.01\n"
                           "max_batches=4\nangle=5\nflip=0\nmax_crop=32\n%s"
                           "[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nactivation=leaky\n"
                           "[dropout]\nprobability=.3\n"
                           "[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=200\n",
                           net_keys);
    write_text(cfg, text);
    setenv("DARKNET_THREADS", threads, 1);
    const char *const argv[] = {"darknet", "classifier", "train", data, cfg, 0};
    run_result r = run(argv);
    unsetenv("DARKNET_THREADS");
    ck_assert_msg(r.status == 0, "%s", r.err);
    char *weights = vd_format("%s/digits/backup/%s.weights", folder, name), *bytes = read_bytes(weights, n);
    ck_assert_msg(bytes != 0, "%s is missing", weights);
    free_run(r);
    free(weights);
    free(text);
    free(cfg);
    free(file);
    free(name);
    return bytes;
}

START_TEST(classifier_train_repeats_with_a_seed_for_any_number_of_threads)
{
    char *folder = make_folder(), *data = in_folder(folder, "digits/digits.data");
    draw_digits(folder, 200, 50);
    static const struct {
        const char *keys, *threads;
        int same;
    } runs[] = {{"seed=5\n", "2", 1}, {"seed=5\n", "2", 1}, {"seed=5\n", "1", 1}, {"seed=6\n", "2", 0}, {"", "2", 0}};
    char *bytes[6];
    size_t n[6];
    for (int i = 0; i < 5; ++i) {
        bytes[i] = classifier_weights(data, folder, runs[i].keys, runs[i].threads, n + i);
        ck_assert_uint_eq(n[i], n[0]);
        ck_assert_msg((memcmp(bytes[i], bytes[0], n[0]) == 0) == runs[i].same, "run %d", i);
    }
    bytes[5] = classifier_weights(data, folder, "", "2", n + 5);
    ck_assert_int_ne(memcmp(bytes[5], bytes[4], n[4]), 0);
    for (int i = 0; i < 6; ++i) free(bytes[i]);
    free(data);
    remove_folder(folder);
}
END_TEST

SUITE_OF(seed)
{
    TIMEOUT(240);
    TEST(equal_seeds_give_equal_weights_bit_by_bit);
    TEST(different_seeds_give_different_weights);
    TEST(without_a_seed_two_networks_differ);
    TEST(without_a_seed_the_noise_is_fresh_and_libc_is_free);
    TEST(a_seed_starts_the_sequence_and_keeps_srand_from_changing_it);
    TEST(a_seed_drops_the_second_half_of_a_normal_pair);
    TEST(a_stream_belongs_to_its_thread_and_depends_on_its_state_alone);
    TEST(a_stream_of_0_is_the_shared_sequence);
    TEST(streams_of_a_seed_are_never_0_and_depend_on_seed_and_picture);
    TEST(a_sequence_is_taken_up_where_it_was_left);
    TEST(a_shuffled_epoch_has_every_picture_once);
    TEST(the_order_is_a_function_of_the_seed_and_the_number_of_the_picture);
    LOOP(what_is_drawn_between_keep_and_put_back_leaves_no_trace, 2);
    TEST(a_resumed_run_draws_the_noise_of_the_uninterrupted_one);
    TEST(noise_is_fresh_at_every_forward_layer_and_image);
    TEST(classifier_train_repeats_with_a_seed_for_any_number_of_threads);
}
