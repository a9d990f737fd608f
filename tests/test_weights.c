#include "layer/vd_layer.h"
#include "support.h"
#include "util.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* three layers with weights, two of them variational, one without any between them */
#define NET "[net]\nbatch=2\nheight=5\nwidth=5\nchannels=2\n"
#define CONV "filters=3\nsize=2\nbatch_normalize=1\nactivation=leaky\n"
#define POOL "[maxpool]\nsize=2\nstride=2\n"
#define PLAIN "[connected]\noutput=4\nactivation=relu\n"
#define LAST "output=3\nactivation=linear\n"
#define COST "[vd_cost]\nsamples=10\n"

static const char vd_cfg[] = NET "[vd_convolutional]\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST;
static const char plain_cfg[] = NET "[convolutional]\n" CONV POOL PLAIN "[connected]\n" LAST "[softmax]\n";

enum {
    HEADER = 20,
    CONV_W = 3 * 2 * 2 * 2,
    CONV_PART = 4 * (4 * 3 + CONV_W), /* biases, scales, rolling mean and variance, weights */
    PLAIN_PART = 4 * (4 + 12 * 4),
    LAST_W = 4 * 3,
    LAST_PART = 4 * (3 + LAST_W),
    STOCK = HEADER + CONV_PART + PLAIN_PART + LAST_PART,
    ENTRY0 = STOCK,
    ENTRY3 = ENTRY0 + 8 + 4 * CONV_W,
    FOOTER = ENTRY3 + 8 + 4 * LAST_W,
    SIZE = FOOTER + 16
};

/* a folder, a file of the network above in it, and its bytes: for every test */
static char *folder, *path, *good;

static void be_silent(void)
{
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    setvbuf(stderr, 0, _IONBF, 0);
}

static void randomise(network *net, unsigned seed)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != CONVOLUTIONAL && l.type != CONNECTED) continue;
        int n = l.type == CONVOLUTIONAL ? l.n : l.outputs;
        float *of_units[] = {l.biases, l.scales, l.rolling_mean, l.rolling_variance};
        for (int k = 0; k < (l.batch_normalize ? 4 : 1); ++k) fill_random(of_units[k], n, seed + 10 * i + k);
        for (int k = 0; l.batch_normalize && k < n; ++k) l.rolling_variance[k] = fabsf(l.rolling_variance[k]) + .1f;
        fill_random(l.weights, vd_weights_of(l), seed + 10 * i + 4);
        vd_layer *vd = vd_layer_of(l);
        if (vd) fill_random(vd->log_sigma2, vd->n, seed + 10 * i + 5);
    }
    *net->seen = 4660;
}

static void set_up(void)
{
    size_t n;
    be_silent();
    folder = make_folder();
    path = in_folder(folder, "net.weights");
    network *net = network_of(vd_cfg, 0);
    randomise(net, 1);
    save_weights(net, path);
    free_network(net);
    good = read_bytes(path, &n);
    ck_assert_ptr_nonnull(good);
    ck_assert_uint_eq(n, SIZE);
}

static void tear_down(void)
{
    free(good);
    free(path);
    remove_folder(folder);
}

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

typedef struct {
    int status; /* 128 + signal when killed */
    char *err;
} outcome;

/* what the child of load() does with the network when the load has returned */
static void (*and_then)(network *net);

/* load `file` into a network of `cfg` in a child, from layer `start` up to `cutoff` (-1: to the end) */
static outcome load_part(const char *cfg, const char *file, int start, int cutoff)
{
    outcome o;
    int ends[2], status;
    static char text[1 << 16];
    size_t n = 0;
    network *net = network_of(cfg, 0);
    ck_assert_int_eq(pipe(ends), 0);
    fflush(0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        load_weights_upto(net, (char *)file, start, cutoff < 0 ? net->n : cutoff);
        if (and_then) and_then(net);
        fflush(0);
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], text + n, sizeof(text) - 1 - n)) > 0;) n += got;
    close(ends[0]);
    text[n] = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    free_network(net);
    o.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    o.err = vd_format("%s", text);
    return o;
}

static outcome load(const char *cfg, const char *file)
{
    return load_part(cfg, file, 0, -1);
}

/* write n bytes as a file, load it, expect exit 1 and one line that names the file and the culprit */
static void expect_refused(const char *cfg, const void *data, size_t n, const char *culprit)
{
    char *bad = in_folder(folder, "bad.weights"), *start = vd_format("\n%s: ", bad);
    write_bytes(bad, data, n);
    outcome o = load(cfg, bad);
    ck_assert_msg(o.status == 1, "%s: status %d: %s", culprit, o.status, o.err);
    const char *line = strstr(o.err, start);
    ck_assert_msg(line && strstr(line, culprit), "\"%s\" is not named: %s", culprit, o.err);
    ck_assert_msg(strchr(line + 1, '\n') == o.err + strlen(o.err) - 1, "more than one line: %s", o.err);
    free(o.err);
    free(start);
    free(bad);
}

static void expect_accepted(const char *cfg, const void *data, size_t n, const char *said)
{
    char *file = in_folder(folder, "other.weights");
    write_bytes(file, data, n);
    outcome o = load(cfg, file);
    ck_assert_msg(o.status == 0, "status %d: %s", o.status, o.err);
    ck_assert_msg(strstr(o.err, said) != 0, "\"%s\" is not said: %s", said, o.err);
    free(o.err);
    free(file);
}

/* the good file with four bytes at an offset replaced, expect_refused() */
static void expect_number_refused(size_t offset, uint32_t number, const char *culprit)
{
    char *bad = vd_calloc(SIZE, 1);
    memcpy(bad, good, SIZE);
    memcpy(bad + offset, &number, sizeof(number));
    expect_refused(vd_cfg, bad, SIZE, culprit);
    free(bad);
}

/* ---- good files -------------------------------------------------------------------------------------------------- */

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
    size_t n;
    save_weights(loaded, again);
    char *bytes = read_bytes(again, &n);
    ck_assert_uint_eq(n, SIZE);
    ck_assert_int_eq(memcmp(bytes, good, SIZE), 0);
    free(bytes);
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
    size_t n;
    randomise(net, 1);
    save_weights(net, file);
    char *bytes = read_bytes(file, &n);
    ck_assert_uint_eq(n, STOCK);
    ck_assert_int_eq(memcmp(bytes, good, STOCK), 0);
    free(bytes);
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
    and_then = expect_initial_log_sigma2;
    expect_accepted(vd_cfg, good, STOCK, "(a plain weights file: log_sigma2 keeps its initial value)");
    and_then = 0;
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
    outcome o = load(plain_cfg, path);
    ck_assert_int_eq(o.status, 0);
    ck_assert_ptr_null(strstr(o.err, "log_sigma2"));
    free(o.err);
}
END_TEST

START_TEST(stock_darknet_reads_a_variational_file)
{
    const char *stock = getenv("STOCK");
    char *program = vd_format("%s/darknet", stock ? stock : "build/stock");
    if (access(program, X_OK)) {
        skipped(1, "no stock darknet: STOCK");
        free(program);
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
    memset(bytes + 12, 0, 8); /* partial forgets the images seen */
    memcpy(bytes + 12, good + 12, 8);
    ck_assert_int_eq(memcmp(bytes, good, STOCK), 0);
    free(bytes);
    free_run(r);
    free(cfg);
    free(out);
    free(program);
}
END_TEST

/* a cfg whose variational layers are plain ones here and there */
START_TEST(an_entry_of_a_layer_that_is_plain_here_is_left_out_and_it_says_so)
{
    static const char cfg[] = NET "[convolutional]\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST;
    expect_accepted(cfg, good, SIZE, "(layer 0 is not variational here: its log_sigma2 is left out)");
    network *net = network_of(cfg, path), *whole = network_of(vd_cfg, path);
    expect_same_layer(net->layers[0], whole->layers[0], 0);
    expect_same_layer(net->layers[3], whole->layers[3], 1);
    free_network(net);
    free_network(whole);
}
END_TEST

START_TEST(a_missing_entry_keeps_the_initial_value_and_it_says_so)
{
    static const char cfg[] = NET "[convolutional]\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[softmax]\n" COST;
    char *file = in_folder(folder, "one.weights");
    network *one = network_of(cfg, path);
    save_weights(one, file);
    network *net = network_of(vd_cfg, file);
    ck_assert(all_equal(vd_layer_of(net->layers[0])->log_sigma2, CONV_W, -10));
    expect_same_layer(net->layers[3], one->layers[3], 1);
    outcome o = load(vd_cfg, file);
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

START_TEST(dontload_of_the_last_layer_takes_the_rest_of_the_file)
{
    static const char cfg[] =
        NET "[vd_convolutional]\n" CONV POOL PLAIN "[vd_connected]\ndontload=1\n" LAST "[softmax]\n" COST;
    network *net = network_of(cfg, 0), *whole = network_of(vd_cfg, path);
    float first = net->layers[3].weights[0];
    load_weights(net, path);
    expect_same_layer(net->layers[0], whole->layers[0], 1);
    expect_same_layer(net->layers[2], whole->layers[2], 0);
    ck_assert(net->layers[3].weights[0] == first);
    ck_assert(all_equal(vd_layer_of(net->layers[3])->log_sigma2, LAST_W, -10));
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
    expect_same_layer(other->layers[0], net->layers[0], 1);
    expect_same_layer(other->layers[2], net->layers[2], 0);
    ck_assert(other->layers[3].weights[0] == first);
    ck_assert(all_equal(vd_layer_of(other->layers[3])->log_sigma2, LAST_W, -10));

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
    expect_same_layer(net->layers[0], whole->layers[0], 1);
    expect_same_layer(net->layers[2], whole->layers[2], 0);
    ck_assert(net->layers[3].weights[0] == first);
    ck_assert(all_equal(vd_layer_of(net->layers[3])->log_sigma2, LAST_W, -10));
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

/* ---- bad files --------------------------------------------------------------------------------------------------- */

START_TEST(files_that_are_no_weights_are_refused)
{
    static const char text[] = "[net]\nbatch=1\n# this is a cfg, given in the place of the weights\n";
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1c\0\0\0\x1c\x08\0\0\0\0";
    static const int32_t huge_version[] = {0, 2000000, 0, 0, 0, 0};
    const char *const cfgs[] = {vd_cfg, plain_cfg};
    for (int i = 0; i < 2; ++i) {
        expect_refused(cfgs[i], "", 0, "0 bytes are too few");
        expect_refused(cfgs[i], good, 3, "3 bytes are too few");
        expect_refused(cfgs[i], good, 10, "10 bytes are too few");
        expect_refused(cfgs[i], good, 19, "19 bytes are too few");
        expect_refused(cfgs[i], text, sizeof(text) - 1, "not a Darknet weights file");
        expect_refused(cfgs[i], png, sizeof(png) - 1, "not a Darknet weights file");
        expect_refused(cfgs[i], huge_version, sizeof(huge_version), "not a Darknet weights file (version 0.2000000.0)");
    }
}
END_TEST

START_TEST(a_directory_or_a_missing_file_is_refused)
{
    outcome o = load(vd_cfg, folder);
    ck_assert_int_eq(o.status, 1);
    char *expected = vd_format("%s: is a directory\n", folder), *missing = in_folder(folder, "missing.weights");
    ck_assert_msg(strstr(o.err, expected) != 0, "%s", o.err);
    free(o.err);
    o = load(vd_cfg, missing);
    ck_assert_int_eq(o.status, 1);
    ck_assert_msg(strstr(o.err, missing) && strstr(o.err, "No such file"), "%s", o.err);
    free(o.err);
    free(expected);
    free(missing);
}
END_TEST

/* where a file may end: behind the header or a layer with weights, which is what `partial` writes for a network
 * without variational layers */
START_TEST(a_file_cut_anywhere_but_behind_a_layer_is_refused)
{
    static const int boundaries[] = {HEADER, HEADER + CONV_PART, HEADER + CONV_PART + PLAIN_PART, STOCK};
    for (int n = 0; n < SIZE; ++n) {
        int boundary = 0;
        for (int i = 0; i < 4; ++i) boundary |= n == boundaries[i];
        if (boundary) {
            expect_accepted(vd_cfg, good, n, "(a plain weights file: log_sigma2 keeps its initial value)");
        } else {
            const char *culprit = n < HEADER                            ? "too few"
                                  : n < HEADER + CONV_PART              ? "ends inside layer 0 (convolutional)"
                                  : n < HEADER + CONV_PART + PLAIN_PART ? "ends inside layer 2 (connected)"
                                  : n < STOCK                           ? "ends inside layer 3 (connected)"
                                                                        : "bytes are left after the last layer";
            expect_refused(vd_cfg, good, n, culprit);
        }
    }
}
END_TEST

START_TEST(bytes_too_many_are_refused)
{
    char *longer = vd_calloc(SIZE + 4, 1);
    memcpy(longer, good, SIZE);
    expect_refused(vd_cfg, longer, SIZE + 1, "bytes are left after the last layer");
    expect_refused(vd_cfg, longer, SIZE + 4, "bytes are left after the last layer");
    expect_refused(vd_cfg, longer, STOCK + 1, "1 bytes are left after the last layer");
    /* between the stock part and the trailer */
    memcpy(longer + STOCK + 4, good + STOCK, SIZE - STOCK);
    memset(longer + STOCK, 0, 4);
    longer[SIZE + 4 - 8] += 4;
    expect_refused(vd_cfg, longer, SIZE + 4, "4 bytes are left after the last layer");
    free(longer);
}
END_TEST

START_TEST(a_trailer_that_does_not_fit_together_is_refused)
{
    expect_number_refused(FOOTER + 4, 3, "VDLS");
    expect_number_refused(FOOTER + 4, 1, "VDLS trailer: 1 entries leave");
    expect_number_refused(FOOTER + 4, 0, "VDLS trailer: 0 entries leave");
    expect_number_refused(FOOTER + 4, 0xffffffff, "VDLS");
    expect_number_refused(FOOTER + 8, SIZE, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 8, SIZE + 1000000, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 8, 0, "VDLS trailer at byte 0");
    expect_number_refused(FOOTER + 8, 15, "VDLS trailer at byte 15");
    expect_number_refused(FOOTER + 8, 0xffffffff, "VDLS trailer at byte 4294967295");
    expect_number_refused(FOOTER + 12, 0x80000000, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 12, 0xffffffff, "VDLS trailer at byte");
    expect_number_refused(FOOTER + 8, STOCK - 4, "VDLS");
    expect_number_refused(FOOTER + 8, STOCK + 4, "VDLS");
    expect_number_refused(FOOTER + 8, FOOTER, "VDLS trailer ends before entry 1 of 2");
}
END_TEST

START_TEST(a_wrong_count_in_an_entry_is_refused)
{
    static const uint32_t counts[] = {0, 1, CONV_W - 1, CONV_W + 1, 1000000, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); ++i) {
        expect_number_refused(ENTRY0 + 4, counts[i], "VDLS");
        expect_number_refused(ENTRY3 + 4, counts[i], "VDLS");
    }
    /* counts that fit together but not the layers: swapped entries */
    char *bad = vd_calloc(SIZE, 1);
    memcpy(bad, good, SIZE);
    bad[ENTRY0] = 3;
    bad[ENTRY3] = 0;
    expect_refused(vd_cfg, bad, SIZE, "VDLS entry for layer 3 has 24 values, the layer has 12 weights");
    free(bad);
}
END_TEST

START_TEST(a_wrong_index_in_an_entry_is_refused)
{
    expect_number_refused(ENTRY3, 6, "VDLS entry for layer 6, the network has layers 0 to 5");
    expect_number_refused(ENTRY3, 0x7fffffff, "VDLS entry for layer 2147483647");
    expect_number_refused(ENTRY3, 0xffffffff, "VDLS entry for layer -1");
    expect_number_refused(ENTRY0, 0x80000000, "VDLS entry for layer -2147483648");
}
END_TEST

START_TEST(a_layer_with_two_entries_is_refused)
{
    /* three entries: 0, 3 and 3 again */
    enum { MORE = 8 + 4 * LAST_W };
    char *bad = vd_calloc(SIZE + MORE, 1);
    memcpy(bad, good, FOOTER);
    memcpy(bad + FOOTER, good + ENTRY3, MORE);
    memcpy(bad + FOOTER + MORE, good + FOOTER, 16);
    bad[FOOTER + MORE + 4] = 3;
    expect_refused(vd_cfg, bad, SIZE + MORE, "two entries for layer 3");
    free(bad);
}
END_TEST

START_TEST(values_that_are_not_finite_are_refused)
{
    expect_number_refused(ENTRY0 + 8, 0x7fc00000, "layer 0: log_sigma2[0] is not finite");
    expect_number_refused(ENTRY0 + 8 + 4 * (CONV_W - 1), 0x7f800000, "layer 0: log_sigma2[23] is not finite");
    expect_number_refused(ENTRY3 + 8 + 4 * 5, 0xff800000, "layer 3: log_sigma2[5] is not finite");
}
END_TEST

START_TEST(weights_of_another_network_are_refused)
{
    static const char bigger[] = NET "[vd_convolutional]\n" CONV POOL "[connected]\noutput=40\nactivation=relu\n"
                                     "[vd_connected]\n" LAST "[softmax]\n" COST;
    static const char smaller[] = NET "[vd_convolutional]\n" CONV POOL "[connected]\noutput=1\nactivation=relu\n"
                                      "[vd_connected]\n" LAST "[softmax]\n" COST;
    static const char longer[] =
        NET "[vd_convolutional]\n" CONV POOL PLAIN "[vd_connected]\n" LAST "[vd_connected]\n" LAST "[softmax]\n" COST;
    expect_refused(bigger, good, SIZE, "ends inside layer 2 (connected): truncated, or weights of another network");
    expect_refused(smaller, good, SIZE, "bytes are left after the last layer: weights of another network");
    expect_refused(smaller, good, STOCK, "bytes are left after the last layer: weights of another network");
    /* a network that goes on where the file ends is what a partial file is for */
    expect_accepted(longer, good, SIZE, "(no log_sigma2 for 1 layers: they keep their initial value)");
    /* the plain network in a build that knows better than stock */
    static const char plain_bigger[] = NET "[convolutional]\n" CONV POOL "[connected]\noutput=40\n[softmax]\n";
    expect_refused(plain_bigger, good, STOCK, "ends inside layer 2");
}
END_TEST

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static void save_over_the_good_file(network *net)
{
    struct rlimit limit = {STOCK / 2, STOCK / 2};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
    save_weights(net, path);
}

static void save_all_but_the_trailer(network *net)
{
    struct rlimit limit = {SIZE - 1, SIZE - 1};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(98);
    save_weights(net, path);
}

START_TEST(a_full_disk_leaves_the_earlier_file_and_no_other)
{
    void (*const bodies[])(network *) = {save_over_the_good_file, save_all_but_the_trailer};
    for (int i = 0; i < 2; ++i) {
        char *expected = vd_format("%s: not written: File too large\n", path);
        and_then = bodies[i];
        outcome o = load(vd_cfg, path);
        and_then = 0;
        ck_assert_int_eq(o.status, 1);
        ck_assert_msg(strstr(o.err, expected) != 0, "%s", o.err);
        size_t n;
        char *bytes = read_bytes(path, &n);
        ck_assert_uint_eq(n, SIZE);
        ck_assert_int_eq(memcmp(bytes, good, SIZE), 0);
        int files = 0;
        DIR *d = opendir(folder);
        for (struct dirent *e; (e = readdir(d));) files += e->d_name[0] != '.';
        closedir(d);
        ck_assert_int_eq(files, 1);
        free(bytes);
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

Suite *weights_suite(void)
{
    Suite *s = suite_create("weights");
    TCase *t = tcase_create("weights");
    tcase_set_timeout(t, 240);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_saved_network_loads_bit_by_bit_and_saves_the_same_bytes);
    tcase_add_test(t, loading_replaces_the_weights_a_prediction_uses);
    tcase_add_test(t, the_file_is_laid_out_as_the_contract_says);
    tcase_add_test(t, a_plain_network_saves_no_trailer);
    tcase_add_test(t, plain_weights_keep_the_initial_log_sigma2_and_it_says_so);
    tcase_add_test(t, the_plain_cfg_reads_a_variational_file);
    tcase_add_test(t, stock_darknet_reads_a_variational_file);
    tcase_add_test(t, an_entry_of_a_layer_that_is_plain_here_is_left_out_and_it_says_so);
    tcase_add_test(t, a_missing_entry_keeps_the_initial_value_and_it_says_so);
    tcase_add_test(t, dontsave_leaves_a_layer_out_of_both_parts);
    tcase_add_test(t, dontload_of_the_last_layer_takes_the_rest_of_the_file);
    tcase_add_test(t, numload_takes_the_first_filters_of_a_smaller_file);
    tcase_add_test(t, flipped_turns_log_sigma2_with_the_weights);
    tcase_add_test(t, a_cutoff_saves_the_first_layers_only_and_their_entries);
    tcase_add_test(t, loading_up_to_a_cutoff_leaves_the_later_layers_alone);
    tcase_add_test(t, a_file_of_the_old_header_loads);
    tcase_add_test(t, files_that_are_no_weights_are_refused);
    tcase_add_test(t, a_directory_or_a_missing_file_is_refused);
    tcase_add_test(t, a_file_cut_anywhere_but_behind_a_layer_is_refused);
    tcase_add_test(t, bytes_too_many_are_refused);
    tcase_add_test(t, a_trailer_that_does_not_fit_together_is_refused);
    tcase_add_test(t, a_wrong_count_in_an_entry_is_refused);
    tcase_add_test(t, a_wrong_index_in_an_entry_is_refused);
    tcase_add_test(t, a_layer_with_two_entries_is_refused);
    tcase_add_test(t, values_that_are_not_finite_are_refused);
    tcase_add_test(t, weights_of_another_network_are_refused);
    tcase_add_test(t, a_full_disk_leaves_the_earlier_file_and_no_other);
    tcase_add_test(t, a_place_that_cannot_be_written_is_named);
    suite_add_tcase(s, t);
    return s;
}
