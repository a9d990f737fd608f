/* weights/trailer.c: weights files with log_sigma2 after the stock part are saved, loaded,
 * and read by stock Darknet. */
#include "layer/vd_layer.h"
#include "base/fail.h"
#include "base/text.h"
#include "support/weights_file.h"

#include <malloc.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int same_bits(const float *a, const float *b, size_t n)
{
    return !memcmp(a, b, n * sizeof(float));
}

static void expect_same_layer(layer a, layer b, int variational)
{
    int n = a.type == CONVOLUTIONAL ? a.n : a.outputs;
    ck_assert(same_bits(a.biases, b.biases, n));
    ck_assert(same_bits(a.weights, b.weights, vd_weights_of(a)));
    if (a.batch_normalize) {
        ck_assert(same_bits(a.scales, b.scales, n));
        ck_assert(same_bits(a.rolling_mean, b.rolling_mean, n));
        ck_assert(same_bits(a.rolling_variance, b.rolling_variance, n));
    }
    if (variational) ck_assert(same_bits(vd_layer_of(a)->log_sigma2, vd_layer_of(b)->log_sigma2, vd_layer_of(a)->n));
}

static int all_equal(const float *x, size_t n, float value)
{
    for (size_t i = 0; i < n; ++i)
        if (x[i] != value) return 0;
    return 1;
}

/* ---- loading and what the file holds ----------------------------------------------------------------------------- */

START_TEST(a_saved_network_loads_bit_by_bit_and_saves_the_same_bytes)
{
    network *saved = network_of(vd_cfg, 0), *loaded = network_of(vd_cfg, 0);
    randomise(saved, 1);
    randomise(loaded, 99);
    *loaded->seen = 0;
    load_weights(loaded, path);
    for (int i = 0; i < saved->n; ++i)
        if (saved->layers[i].weights) expect_same_layer(saved->layers[i], loaded->layers[i], i != 2);
    ck_assert_uint_eq(*loaded->seen, 4660);
    char *again = in_folder(folder, "again.weights");
    save_weights(loaded, again);
    expect_file(again, good, SIZE);
    free(again);
    free_network(saved);
    free_network(loaded);
}
END_TEST

START_TEST(loading_replaces_the_weights_a_prediction_uses)
{
    network *net = network_of(vd_cfg, 0), *fresh = network_of(vd_cfg, path);
    float input[50], before[3];
    set_batch_network(net, 1);
    set_batch_network(fresh, 1);
    fill_random(input, 50, 3);
    memcpy(before, network_predict(net, input), sizeof(before));
    load_weights(net, path);
    const float *after = network_predict(net, input);
    for (int i = 0; i < 3; ++i) ck_assert(isfinite(after[i]));
    ck_assert(!same_bits(after, before, 3));
    ck_assert(same_bits(after, network_predict(fresh, input), 3));
    free_network(net);
    free_network(fresh);
}
END_TEST

static uint32_t word(const char *data, size_t at)
{
    const unsigned char *b = (const unsigned char *)data + at;
    return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
}

static void expect_floats(size_t *at, const float *x, size_t n)
{
    for (size_t i = 0; i < n; ++i, *at += 4) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof(bits));
        ck_assert_msg(word(good, *at) == bits, "byte %zu", *at);
    }
}

START_TEST(the_file_is_laid_out_as_the_contract_says)
{
    network *net = network_of(vd_cfg, 0);
    randomise(net, 1);
    size_t at = 0;
    static const uint32_t header[] = {0, 2, 0, 4660, 0};
    for (int i = 0; i < 5; ++i, at += 4) ck_assert_uint_eq(word(good, at), header[i]);
    layer conv = net->layers[0], plain = net->layers[2], last = net->layers[3];
    expect_floats(&at, conv.biases, 3);
    expect_floats(&at, conv.scales, 3);
    expect_floats(&at, conv.rolling_mean, 3);
    expect_floats(&at, conv.rolling_variance, 3);
    expect_floats(&at, conv.weights, CONV_W);
    expect_floats(&at, plain.biases, 4);
    expect_floats(&at, plain.weights, 48);
    expect_floats(&at, last.biases, 3);
    expect_floats(&at, last.weights, LAST_W);
    size_t trailer = at;
    ck_assert_uint_eq(word(good, at), 0);
    ck_assert_uint_eq(word(good, at + 4), CONV_W);
    at += 8;
    expect_floats(&at, vd_layer_of(conv)->log_sigma2, CONV_W);
    ck_assert_uint_eq(word(good, at), 3);
    ck_assert_uint_eq(word(good, at + 4), LAST_W);
    at += 8;
    expect_floats(&at, vd_layer_of(last)->log_sigma2, LAST_W);
    ck_assert_int_eq(memcmp(good + at, "VDLS", 4), 0);
    ck_assert_uint_eq(word(good, at + 4), 2);
    ck_assert_uint_eq(word(good, at + 8), trailer);
    ck_assert_uint_eq(word(good, at + 12), 0);
    ck_assert_uint_eq(at + 16, SIZE);
    free_network(net);
}
END_TEST

START_TEST(a_plain_network_saves_no_trailer)
{
    network *net = network_of(plain_cfg, 0);
    char *file = in_folder(folder, "plain.weights");
    randomise(net, 1);
    save_weights(net, file);
    expect_file(file, good, STOCK);
    free(file);
    free_network(net);
}
END_TEST

static void expect_initial_log_sigma2(network *net)
{
    int ok = vd_layer_of(net->layers[0])->log_sigma2[0] == -10;
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        if (vd) ok = ok && all_equal(vd->log_sigma2, vd->n, -10);
    }
    if (!ok) _exit(50);
    if (memcmp(net->layers[0].biases, good + HEADER, 12)) _exit(51);
}

START_TEST(plain_weights_keep_the_initial_log_sigma2_and_it_says_so)
{
    char *file = in_folder(folder, "plain.weights");
    write_bytes(file, good, STOCK);
    outcome o = load(vd_cfg, file, expect_initial_log_sigma2);
    ck_assert_msg(o.status == 0, "status %d: %s", o.status, o.err);
    ck_assert_ptr_nonnull(strstr(o.err, "(a plain weights file: log_sigma2 keeps its initial value)"));
    free(o.err);
    free(file);
}
END_TEST

START_TEST(the_plain_cfg_reads_a_variational_file)
{
    network *vd = network_of(vd_cfg, path), *plain = network_of(plain_cfg, path);
    for (int i = 0; i < plain->n; ++i)
        if (plain->layers[i].weights) expect_same_layer(plain->layers[i], vd->layers[i], 0);
    ck_assert_uint_eq(*plain->seen, 4660);
    free_network(vd);
    free_network(plain);
    outcome o = load(plain_cfg, path, 0);
    ck_assert_int_eq(o.status, 0);
    ck_assert_ptr_null(strstr(o.err, "log_sigma2"));
    free(o.err);
}
END_TEST

START_TEST(stock_darknet_reads_a_variational_file)
{
    const char *program = stock_darknet();
    if (!program) {
        skipped(1, "no stock darknet: STOCK");
        return;
    }
    char *cfg = in_folder(folder, "plain.cfg"), *out = in_folder(folder, "out.weights");
    write_text(cfg, plain_cfg);
    const char *const argv[] = {program, "partial", cfg, path, out, "99", 0};
    run_result r = run(argv);
    size_t n;
    char *bytes = read_bytes(out, &n);
    ck_assert_msg(r.status == 0 && bytes, "%s", r.err);
    ck_assert_uint_eq(n, STOCK);
    memset(bytes + 12, 0, 8); /* partial does not keep the images seen */
    memcpy(bytes + 12, good + 12, 8);
    ck_assert_int_eq(memcmp(bytes, good, STOCK), 0);
    free(bytes);
    free_run(r);
    free(cfg);
    free(out);
}
END_TEST

/* the first layer is plain here */
static const char half_cfg[] = NET "[convolutional]\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST;

START_TEST(an_entry_of_a_layer_that_is_plain_here_is_left_out_and_it_says_so)
{
    expect_accepted(half_cfg, good, SIZE, "(layer 0 is not variational here: its log_sigma2 is ignored)");
    network *net = network_of(half_cfg, path), *whole = network_of(vd_cfg, path);
    expect_same_layer(net->layers[0], whole->layers[0], 0);
    expect_same_layer(net->layers[3], whole->layers[3], 1);
    free_network(net);
    free_network(whole);
}
END_TEST

START_TEST(a_missing_entry_keeps_the_initial_value_and_it_says_so)
{
    char *file = in_folder(folder, "one.weights");
    network *one = network_of(half_cfg, path);
    save_weights(one, file);
    network *net = network_of(vd_cfg, file);
    ck_assert(all_equal(vd_layer_of(net->layers[0])->log_sigma2, CONV_W, -10));
    expect_same_layer(net->layers[3], one->layers[3], 1);
    outcome o = load(vd_cfg, file, 0);
    ck_assert_int_eq(o.status, 0);
    ck_assert_ptr_nonnull(strstr(o.err, "(no log_sigma2 for 1 layers: they keep their initial value)"));
    free(o.err);
    free_network(one);
    free_network(net);
    free(file);
}
END_TEST

START_TEST(dontsave_leaves_a_layer_out_of_both_parts)
{
    static const char cfg[] =
        NET "[vd_convolutional]\ndontsave=1\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST;
    char *file = in_folder(folder, "less.weights");
    size_t n;
    network *net = network_of(cfg, path);
    save_weights(net, file);
    char *bytes = read_bytes(file, &n);
    ck_assert_uint_eq(n, SIZE - CONV_PART - 8 - 4 * CONV_W);
    size_t trailer = STOCK - CONV_PART;
    ck_assert_int_eq(memcmp(bytes + HEADER, good + HEADER + CONV_PART, STOCK - HEADER - CONV_PART), 0);
    ck_assert_int_eq(memcmp(bytes + trailer, good + ENTRY3, 8 + 4 * LAST_W), 0);
    ck_assert_uint_eq(word(bytes, n - 12), 1);
    ck_assert_uint_eq(word(bytes, n - 8), trailer);
    free(bytes);
    free_network(net);

    /* and dontload reads such a file back */
    static const char back[] =
        NET "[vd_convolutional]\ndontload=1\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST;
    network *whole = network_of(vd_cfg, path);
    net = network_of(back, 0);
    float first = net->layers[0].weights[0];
    load_weights(net, file);
    ck_assert(net->layers[0].weights[0] == first);
    ck_assert(all_equal(vd_layer_of(net->layers[0])->log_sigma2, CONV_W, -10));
    expect_same_layer(net->layers[2], whole->layers[2], 0);
    expect_same_layer(net->layers[3], whole->layers[3], 1);
    free_network(net);
    free_network(whole);
    free(file);
}
END_TEST

/* the last layer is as it was before the load: its first weight is `first` and its log_sigma2 the initial one */
static void expect_all_but_the_last(network *net, network *whole, float first)
{
    expect_same_layer(net->layers[0], whole->layers[0], 1);
    expect_same_layer(net->layers[2], whole->layers[2], 0);
    ck_assert(net->layers[3].weights[0] == first);
    ck_assert(all_equal(vd_layer_of(net->layers[3])->log_sigma2, LAST_W, -10));
}

START_TEST(dontload_of_the_last_layer_takes_the_rest_of_the_file)
{
    static const char cfg[] =
        NET "[vd_convolutional]\n" CONV POOL PLAIN "[vd_connected]\ndontload=1\n" LAST "[softmax]\n" COST;
    network *net = network_of(cfg, 0), *whole = network_of(vd_cfg, path);
    float first = net->layers[3].weights[0];
    load_weights(net, path);
    expect_all_but_the_last(net, whole, first);
    free_network(net);
    free_network(whole);
}
END_TEST

START_TEST(numload_takes_the_first_filters_of_a_smaller_file)
{
#define SMALL NET "[vd_convolutional]\nfilters=3\nsize=2\nbatch_normalize=1\n"
    static const char big[] = NET "[vd_convolutional]\nnumload=3\nfilters=5\nsize=2\nbatch_normalize=1\n" COST;
    char *file = in_folder(folder, "small.weights");
    network *small = network_of(SMALL COST, 0);
    randomise(small, 7);
    save_weights(small, file);
    network *net = network_of(big, 0);
    float first_kept = net->layers[0].weights[CONV_W];
    load_weights(net, file);
    layer a = small->layers[0], b = net->layers[0];
    ck_assert(same_bits(a.weights, b.weights, CONV_W));
    ck_assert(same_bits(a.biases, b.biases, 3));
    ck_assert(same_bits(vd_layer_of(a)->log_sigma2, vd_layer_of(b)->log_sigma2, CONV_W));
    ck_assert(b.weights[CONV_W] == first_kept);
    ck_assert(all_equal(vd_layer_of(b)->log_sigma2 + CONV_W, 2 * 8, -10));
    free_network(small);
    free_network(net);
    free(file);
}
END_TEST

START_TEST(flipped_turns_log_sigma2_with_the_weights)
{
    char *file = in_folder(folder, "straight.weights");
    network *straight = network_of(SMALL COST, 0);
    randomise(straight, 7);
    save_weights(straight, file);
    network *flipped =
        network_of(NET "[vd_convolutional]\nflipped=1\nfilters=3\nsize=2\nbatch_normalize=1\n" COST, file);
    layer a = straight->layers[0], b = flipped->layers[0];
    ck_assert(!same_bits(a.weights, b.weights, CONV_W));
    for (int i = 0; i < CONV_W; ++i) { /* every weight keeps its own log_sigma2 */
        int k = 0;
        while (k < CONV_W && a.weights[k] != b.weights[i]) ++k;
        ck_assert_int_lt(k, CONV_W);
        ck_assert(vd_layer_of(a)->log_sigma2[k] == vd_layer_of(b)->log_sigma2[i]);
    }
    free_network(straight);
    free_network(flipped);
    free(file);
}
END_TEST

START_TEST(a_cutoff_saves_the_first_layers_only_and_their_entries)
{
    network *net = network_of(vd_cfg, path);
    char *file = in_folder(folder, "part.weights");
    size_t n;
    save_weights_upto(net, file, 3);
    char *bytes = read_bytes(file, &n);
    size_t trailer = HEADER + CONV_PART + PLAIN_PART;
    ck_assert_uint_eq(n, trailer + 8 + 4 * CONV_W + 16);
    ck_assert_int_eq(memcmp(bytes, good, trailer), 0);
    ck_assert_int_eq(memcmp(bytes + trailer, good + ENTRY0, 8 + 4 * CONV_W), 0);
    ck_assert_uint_eq(word(bytes, n - 12), 1);
    ck_assert_uint_eq(word(bytes, n - 8), trailer);
    free(bytes);

    network *other = network_of(vd_cfg, 0);
    float first = other->layers[3].weights[0];
    load_weights(other, file);
    expect_all_but_the_last(other, net, first);

    save_weights_upto(net, file, 0);
    bytes = read_bytes(file, &n);
    ck_assert_uint_eq(n, HEADER);
    free(bytes);
    free_network(net);
    free_network(other);
    free(file);
}
END_TEST

START_TEST(loading_up_to_a_cutoff_leaves_the_later_layers_alone)
{
    network *net = network_of(vd_cfg, 0), *whole = network_of(vd_cfg, path);
    float first = net->layers[3].weights[0];
    load_weights_upto(net, path, 0, 3);
    expect_all_but_the_last(net, whole, first);
    free_network(net);
    free_network(whole);
}
END_TEST

START_TEST(a_file_of_the_old_header_loads)
{
    /* version 0.1: images seen in 4 bytes */
    static const int32_t header[] = {0, 1, 0, 123};
    char *old = vd_calloc(STOCK, 1);
    memcpy(old, header, 16);
    memcpy(old + 16, good + HEADER, STOCK - HEADER);
    char *file = in_folder(folder, "old.weights");
    write_bytes(file, old, STOCK - 4);
    network *net = network_of(vd_cfg, file), *whole = network_of(vd_cfg, path);
    expect_same_layer(net->layers[3], whole->layers[3], 0);
    ck_assert_uint_eq(*net->seen, 123);
    expect_accepted(vd_cfg, old, 16, "(a plain weights file: log_sigma2 keeps its initial value)");
    expect_refused(vd_cfg, old, 15, "15 bytes are too few");
    free_network(net);
    free_network(whole);
    free(file);
    free(old);
}
END_TEST

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static void save_at_most(network *net, rlim_t bytes)
{
    struct rlimit limit = {bytes, bytes};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
    save_weights(net, path);
}

static void save_half_the_weights(network *net)
{
    save_at_most(net, STOCK / 2);
}

static void save_all_but_a_byte(network *net)
{
    save_at_most(net, SIZE - 1);
}

START_TEST(a_full_disk_leaves_the_earlier_file_and_no_other)
{
    void (*const bodies[])(network *) = {save_half_the_weights, save_all_but_a_byte};
    for (int i = 0; i < 2; ++i) {
        char *expected = vd_format("%s: not written: File too large\n", path);
        outcome o = load(vd_cfg, path, bodies[i]);
        ck_assert_int_eq(o.status, 1);
        ck_assert_msg(strstr(o.err, expected) != 0, "%s", o.err);
        expect_file(path, good, SIZE);
        ck_assert_int_eq(files_in(folder, ""), 1);
        free(o.err);
        free(expected);
    }
}
END_TEST

START_TEST(a_place_that_cannot_be_written_is_named)
{
    char *cfg = in_folder(folder, "vd.cfg"), *nowhere = in_folder(folder, "nowhere/out.weights");
    write_text(cfg, vd_cfg);
    const char *const argv[] = {"darknet", "partial", cfg, path, nowhere, "99", 0};
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    char *expected = vd_format("%s: cannot write: No such file or directory\n", nowhere);
    ck_assert_msg(strstr(r.err, expected) != 0, "%s", r.err);
    free(expected);
    free_run(r);
    free(cfg);
    free(nowhere);
}
END_TEST

static void *load_in_thread(void *name)
{
    network *net = network_of(vd_cfg, 0);
    load_weights(net, name);
    free_network(net);
    return 0;
}

START_TEST(a_thread_that_has_loaded_weights_leaves_no_memory_behind)
{
    enum { ROUNDS = 20, WARM = 4, DOTS = 1000 };
    char *dots = vd_calloc(2 * DOTS + 1, 1);
    for (int i = 0; i < DOTS; ++i) memcpy(dots + 2 * i, "./", 2);
    char *name = vd_format("/%s%s", dots, path);
    size_t before = 0;
    mallopt(M_ARENA_MAX, 1); /* the one that mallinfo2() looks at */
    for (int i = 0; i < ROUNDS; ++i) {
        pthread_t thread;
        if (i == WARM) before = mallinfo2().uordblks;
        ck_assert_int_eq(pthread_create(&thread, 0, load_in_thread, name), 0);
        ck_assert_int_eq(pthread_join(thread, 0), 0);
    }
    double left = ((double)mallinfo2().uordblks - (double)before) / (ROUNDS - WARM);
    ck_assert_msg(left < DOTS, "%g bytes a thread", left);
    free(name), free(dots);
}
END_TEST

SUITE_OF(trailer)
{
    TIMEOUT(240);
    EACH(make_good_file, remove_good_file);
    TEST(a_saved_network_loads_bit_by_bit_and_saves_the_same_bytes);
    TEST(loading_replaces_the_weights_a_prediction_uses);
    TEST(the_file_is_laid_out_as_the_contract_says);
    TEST(a_plain_network_saves_no_trailer);
    TEST(plain_weights_keep_the_initial_log_sigma2_and_it_says_so);
    TEST(the_plain_cfg_reads_a_variational_file);
    TEST(stock_darknet_reads_a_variational_file);
    TEST(an_entry_of_a_layer_that_is_plain_here_is_left_out_and_it_says_so);
    TEST(a_missing_entry_keeps_the_initial_value_and_it_says_so);
    TEST(dontsave_leaves_a_layer_out_of_both_parts);
    TEST(dontload_of_the_last_layer_takes_the_rest_of_the_file);
    TEST(numload_takes_the_first_filters_of_a_smaller_file);
    TEST(flipped_turns_log_sigma2_with_the_weights);
    TEST(a_cutoff_saves_the_first_layers_only_and_their_entries);
    TEST(loading_up_to_a_cutoff_leaves_the_later_layers_alone);
    TEST(a_file_of_the_old_header_loads);
    TEST(a_full_disk_leaves_the_earlier_file_and_no_other);
    TEST(a_place_that_cannot_be_written_is_named);
    TEST(a_thread_that_has_loaded_weights_leaves_no_memory_behind);
}
