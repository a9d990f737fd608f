/* darknet vd export, from its arguments to the files it writes. */
#include "support/export_support.h"

#include "commands/dataset/idx.h"
#include "commands/dataset/png.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char cfg[] = "# digits\n[net]\nbatch=2\nseed=1\nheight=8\nwidth=8\nchannels=1\n\n"
                          "[vd_convolutional]\nbatch_normalize=1\nfilters=6\nsize=3\nactivation=leaky\nthreshold=2\n\n"
                          "[maxpool]\nsize=2\nstride=2\n\n"
                          "[connected]\nbatch_normalize=1\noutput=5\nactivation=relu\n\n"
                          "[vd_conn]\noutput=4\nactivation=linear\nlog_sigma2=-9\n\n"
                          "[softmax]\n\n"
                          "[vd_cost]\nsamples=10\n";

static const char plain_cfg[] = "[net]\nbatch=2\nheight=8\nwidth=8\nchannels=1\n"
                                "[vd_convolutional]\nbatch_normalize=1\nfilters=6\nsize=3\nactivation=leaky\n"
                                "[connected]\noutput=5\nactivation=relu\n[softmax]\n";

/* net.cfg and net.weights in the folder; filters 1 and 4 of layer 0 are dead, unit 2 of layer 2 is not read */
static network *write_network(const char *text)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    network *net = random_network(text, 2);
    if (text == cfg) {
        prune_filter(net, 0, 1);
        prune_filter(net, 0, 4);
        prune_input(net, 3, 2, 1);
    }
    write_text(path, text);
    save_weights(net, weights);
    free(path), free(weights);
    return net;
}

static run_result export(const char *out, const char *option, const char *second)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights"),
         *to = in_folder(folder, out);
    run_result r = run((const char *const[]){"darknet", "vd", "export", path, weights, to, option, second, 0});
    free(path), free(weights), free(to);
    return r;
}

START_TEST(the_table_shows_every_layer_before_and_after)
{
    free_network(write_network(cfg));
    run_result r = export("out", "-compact", "-fuse");
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "0  convolutional          6 -> 4             54 -> 36"));
    ck_assert_ptr_nonnull(strstr(r.out, "2  connected              5 -> 4           270 -> 144"));
    ck_assert_ptr_nonnull(strstr(r.out, "3  connected                   4             20 -> 16"));
    ck_assert_msg(strstr(r.out, "   all                                     344 -> 196") != 0, "%s", r.out);
    ck_assert_ptr_nonnull(strstr(r.out, "largest difference on 8 random inputs: "));
    char *size = vd_format("out.weights: %d bytes", 20 + 4 * (196 + 4 + 4 + 4));
    ck_assert_msg(strstr(r.out, size) != 0, "%s: %s", size, r.out);
    free(size);
    free_run(r);
    char *text = text_in_folder("out.cfg");
    ck_assert_str_eq(text, "# digits\n[net]\nbatch=2\nheight=8\nwidth=8\nchannels=1\n\n"
                           "[convolutional]\nstride=1\nfilters=4\nsize=3\nactivation=leaky\n\n"
                           "[maxpool]\npadding=1\nsize=2\nstride=2\n\n"
                           "[connected]\noutput=4\nactivation=relu\n\n"
                           "[connected]\noutput=4\nactivation=linear\n\n"
                           "[softmax]\n");
    free(text);
}
END_TEST

START_TEST(the_file_holds_the_masked_weights_in_stock_order_and_no_trailer)
{
    network *net = write_network(plain_cfg);
    char *saved = in_folder(folder, "net.weights");
    prune_filter(net, 0, 1);
    prune_filter(net, 0, 4);
    save_weights(net, saved);
    run_result r = export("out", "-no-fuse", 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    size_t n;
    char *path = in_folder(folder, "out.weights"), *bytes = read_bytes(path, &n);
    const int32_t *version = (const int32_t *)bytes;
    uint64_t seen;
    memcpy(&seen, bytes + 12, sizeof(seen));
    ck_assert(version[0] == 0 && version[1] == 2 && version[2] == 0 && seen == 12345);
    ck_assert_uint_eq(n, 20 + 4 * (6 * 4 + 54 + 5 + 5 * 216));
    const float *x = (const float *)(bytes + 20);
    layer l = net->layers[0];
    float *conv[] = {l.biases, l.scales, l.rolling_mean, l.rolling_variance};
    for (int k = 0; k < 4; ++k, x += 6) ck_assert(!memcmp(x, conv[k], 6 * sizeof(float)));
    for (int k = 0; k < 54; ++k) ck_assert(x[k] == (k / 9 == 1 || k / 9 == 4 ? 0 : l.weights[k]));
    ck_assert(l.weights[9] != 0);
    x += 54;
    l = net->layers[1];
    ck_assert(!memcmp(x, l.biases, 5 * sizeof(float)));
    ck_assert(!memcmp(x += 5, l.weights, 5 * 216 * sizeof(float)));
    free_network(net);
    free(path), free(bytes), free(saved);
}
END_TEST

START_TEST(a_plain_network_is_exported_to_the_byte)
{
    static const char plain[] =
        "[net]\nbatch=1\nheight=6\nwidth=6\nchannels=3\n[convolutional]\nfilters=4\nsize=3\nstride=1\npad=1\n"
        "batch_normalize=1\nactivation=leaky\n[batchnorm]\n[local]\nfilters=2\nsize=1\nstride=1\nactivation=relu\n"
        "[connected]\noutput=3\nactivation=linear\n[cost]\n";
    size_t n, m;
    free_network(write_network(plain));
    run_result r = export("out", "-no-fuse", 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    char *a = in_folder(folder, "net.weights"), *b = in_folder(folder, "out.weights"), *x = read_bytes(a, &n);
    char *y = read_bytes(b, &m), *text = text_in_folder("out.cfg");
    ck_assert(n == m && !memcmp(x, y, n));
    ck_assert_str_eq(text, plain);
    free(a), free(b), free(x), free(y), free(text);
}
END_TEST

START_TEST(batch_norm_is_folded_unless_no_fuse_is_given)
{
    static const char *const options[] = {0, "-fuse", "-no-fuse"};
    free_network(write_network(plain_cfg));
    for (int k = 0; k < 3; ++k) {
        run_result r = export("out", options[k], 0);
        ck_assert_msg(r.status == 0, "%s", r.err);
        char *text = text_in_folder("out.cfg");
        ck_assert_int_eq(strstr(text, "batch_normalize=1") != 0, k == 2);
        free_run(r);
        free(text);
    }
}
END_TEST

START_TEST(fuse_folds_stock_darknets_batch_norm)
{
    network *net = write_network(cfg);
    run_result r = export("out", "-fuse", 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    char *path = in_folder(folder, "out.cfg"), *weights = in_folder(folder, "out.weights");
    network *fused = load_network(path, weights, 0);
    for (int i = 0; i < 3; i += 2) {
        layer l = net->layers[i], f = fused->layers[i];
        ck_assert(!f.batch_normalize);
        for (int k = 0; k < filters_of(l); ++k) {
            double gain = l.scales[k] / (sqrt(l.rolling_variance[k]) + 1e-6);
            int is_dead = i == 0 && (k == 1 || k == 4);
            ck_assert(close_to(f.biases[k], l.biases[k] - gain * l.rolling_mean[k], 1e-5, 1e-6));
            for (int j = k * columns_of(l); j < (k + 1) * columns_of(l); ++j)
                ck_assert(is_dead ? f.weights[j] == 0 : close_to(f.weights[j], gain * l.weights[j], 1e-5, 0));
        }
    }
    free_network(net), free_network(fused);
    free(path), free(weights);
}
END_TEST

/* [net] bn_eps= is not written: with keys of later Darknets the files are read with their epsilon, and [batchnorm] with
 * its biases */
START_TEST(batch_norm_that_is_left_has_the_epsilon_of_the_files)
{
    static const char text[] =
        "[net]\nheight=6\nwidth=6\nchannels=3\nbn_eps=stock\n"
        "[convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n[batchnorm]\n"
        "[sam]\nfrom=0\n[connected]\noutput=3\nactivation=linear\n";
    static const char *const options[] = {"-fuse", "-no-fuse"};
    network *net = write_network(text);
    char *weights = in_folder(folder, "net.weights");
    for (int i = 0; i < 2; ++i)
        for (int f = 0; f < 4; ++f) net->layers[i].rolling_variance[f] = 1e-5f * (float)f;
    save_weights(net, weights);
    free_network(net);
    for (int k = 0; k < 2; ++k) {
        run_result r = export("out", options[k], 0);
        ck_assert_msg(r.status == 0, "%s: %s", options[k], r.err);
        char *out = text_in_folder("out.cfg");
        ck_assert_ptr_null(strstr(out, "bn_eps"));
        free(out);
        free_run(r);
    }
    free(weights);
}
END_TEST

START_TEST(pictures_given_are_the_ones_it_is_checked_with)
{
    static const unsigned char black[8 * 8];
    unsigned char pixels[8 * 8];
    for (int i = 0; i < 8 * 8; ++i) pixels[i] = (unsigned char)(7 * i);
    char *dark = in_folder(folder, "dark.png"), *noise = in_folder(folder, "noise.png"),
         *weights = in_folder(folder, "net.weights");
    vd_png_write(dark, 8, 8, 1, black), vd_png_write(noise, 8, 8, 1, pixels);
    network *net = write_network(plain_cfg); /* without means and biases all numbers of a black picture are 0 */
    memset(net->layers[0].rolling_mean, 0, 6 * sizeof(float)), memset(net->layers[0].biases, 0, 6 * sizeof(float));
    memset(net->layers[1].biases, 0, 5 * sizeof(float));
    save_weights(net, weights);
    for (int k = 0; k < 2; ++k) {
        run_result r = export("out", dark, k ? noise : dark);
        ck_assert_msg(r.status == 0, "%s", r.err);
        ck_assert_ptr_nonnull(strstr(r.out, "largest difference on 2 pictures: "));
        ck_assert_msg((strstr(r.out, " pictures: 0 of the largest output") == 0) == k, "%s", r.out);
        free_run(r);
    }
    free_network(net);
    free(dark), free(noise), free(weights);
}
END_TEST

/* ---- stock Darknet on MNIST ---- */

static const char lenet[] = "[net]\nbatch=100\nseed=1\nheight=28\nwidth=28\nchannels=1\n"
                            "[vd_convolutional]\nfilters=20\nsize=5\nbatch_normalize=1\nactivation=leaky\n"
                            "[maxpool]\nsize=2\nstride=2\n"
                            "[vd_convolutional]\nfilters=50\nsize=5\nactivation=linear\n"
                            "[maxpool]\nsize=2\nstride=2\n"
                            "[vd_connected]\noutput=500\nactivation=relu\n"
                            "[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=60000\n";

/* every third filter and unit but the outputs */
static void write_lenet(void)
{
    char *weights = in_folder(folder, "net.weights");
    network *net = write_network(lenet);
    for (int i = 0; i < 5; i += 2)
        for (int f = 0; f < filters_of(net->layers[i]); f += 3) prune_filter(net, i, f);
    save_weights(net, weights);
    free_network(net);
    free(weights);
}

/* the test pictures, unpacked */
static char *write_pictures(const char *mnist)
{
    static const unsigned char header[16] = {0, 0, 8, 3};
    char *from = vd_format("%s/t10k-images-idx3-ubyte", mnist), *packed = vd_format("%s.gz", from);
    char *path = in_folder(folder, "pictures");
    vd_idx images = vd_idx_read(access(from, R_OK) ? packed : from, 3);
    FILE *fp = fopen(path, "wb");
    ck_assert_ptr_nonnull(fp);
    ck_assert_uint_eq(images.size[0], 10000);
    fwrite(header, 1, sizeof(header), fp);
    fwrite(images.bytes, 28 * 28, images.size[0], fp);
    ck_assert_int_eq(fclose(fp), 0);
    free(images.bytes), free(from), free(packed);
    return path;
}

static float *answers(const char *program, const char *name, const char *pictures, int *n)
{
    char *path = vd_format("%s/%s.cfg", folder, name), *weights = vd_format("%s/%s.weights", folder, name);
    char *out = in_folder(folder, "answers.f32");
    run_result r = run((const char *const[]){program, "pictures", path, weights, out, pictures, 0});
    ck_assert_msg(r.status == 0, "%s: %s", program, r.err);
    float *x = read_floats(out, n);
    free_run(r);
    free(path), free(weights), free(out);
    return x;
}

static int best_of_ten(const float *x)
{
    int best = 0;
    for (int k = 1; k < 10; ++k)
        if (x[k] > x[best]) best = k;
    return best;
}

START_TEST(stock_darknet_predicts_all_test_pictures_of_mnist_alike)
{
    static const char *const options[][2] = {
        {"-no-fuse", 0}, {"-fuse", 0}, {"-no-fuse", "-compact"}, {"-fuse", "-compact"}};
    const char *mnist = getenv("MNIST");
    if (!mnist || !*mnist) {
        skipped(1, "exports on MNIST in stock Darknet (MNIST is not a folder)");
        return;
    }
    int n, m;
    write_lenet();
    char *pictures = write_pictures(mnist);
    float *masked = answers(our_probe(), "net", pictures, &n);
    ck_assert_int_eq(n, 100000);
    for (int way = 0; way < 4; ++way) {
        run_result r = export("out", options[way][0], options[way][1]);
        ck_assert_msg(r.status == 0, "%s", r.err);
        ck_assert(way < 2 || strstr(r.out, "500 -> 333"));
        float *x = answers(stock_probe(), "out", pictures, &m);
        ck_assert_int_eq(m, n);
        for (int i = 0; i < n; i += 10) ck_assert_int_eq(best_of_ten(x + i), best_of_ten(masked + i));
        for (int i = 0; i < n; ++i) ck_assert(close_to(x[i], masked[i], 0, 1e-5));
        free_run(r);
        free(x);
    }
    free(masked), free(pictures);
}
END_TEST

/* ---- failures ---- */

static void expect_failure(run_result r, const char *why)
{
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, why) != 0, "\"%s\" is not in \"%s\"", why, r.err);
    ck_assert_str_eq(r.out, "");
    free_run(r);
    ck_assert_int_eq(files_in(folder, "out"), 0);
}

static void expect_refused(const char *text, const char *why)
{
    free_network(write_network(text));
    expect_failure(export("out", 0, 0), why);
}

#define SMALL "[net]\nbatch=1\nheight=6\nwidth=6\nchannels=3\n"

START_TEST(what_stock_darknet_would_compute_otherwise_is_refused_in_one_line)
{
    expect_refused(SMALL "[vd_convolutional]\nfilters=4\nsize=1\nstride=2\nactivation=leaky\n",
                   "net.cfg: layer 0 [vd_convolutional]: not exported: size=1 with stride=2 and padding=0");
    expect_refused(SMALL "[vd_convolutional]\nfilters=4\nsize=1\npadding=1\nactivation=leaky\n", "padding=1");
    expect_refused(SMALL "[connected]\noutput=2\nactivation=leaky\ndontsave=1\n",
                   "layer 0 [connected]: not exported: dont");
    expect_refused(SMALL "[convolutional]\nfilters=2\nsize=3\nxnor=1\nactivation=leaky\n", "binary and xnor");
    expect_refused(SMALL "[rnn]\noutput=4\nactivation=leaky\n", "layer 0 [rnn]: not exported");
}
END_TEST

/* OpenCV reads its weights in another order, and answers with other numbers */
START_TEST(batch_norm_of_a_connected_layer_is_not_exported_as_it_is)
{
    free_network(write_network(cfg));
    expect_failure(export("out", "-no-fuse", 0), "net.cfg: layer 2 [connected]: not exported with -no-fuse");
    expect_failure(export("out", "-no-fuse", "-fuse"), "darknet vd export: -fuse or -no-fuse, not both");
}
END_TEST

START_TEST(weights_that_are_not_finite_are_refused)
{
    network *net = write_network(cfg);
    char *weights = in_folder(folder, "net.weights");
    const float before = 12345.5f, nan = NAN;
    size_t n, at = 0;
    net->layers[2].weights[7] = before;
    save_weights(net, weights);
    char *bytes = read_bytes(weights, &n);
    while (at + sizeof(before) <= n && memcmp(bytes + at, &before, sizeof(before))) ++at;
    ck_assert_uint_le(at + sizeof(nan), n);
    memcpy(bytes + at, &nan, sizeof(nan));
    write_bytes(weights, bytes, n);
    expect_failure(export("out", 0, 0), "layer 2: weights[7] is not finite");
    free(bytes);
    free_network(net);
    free(weights);
}
END_TEST

/* (x - 1e6) + 1e6: rounding decides the result, and a folded batch norm rounds differently */
START_TEST(an_export_that_answers_otherwise_is_not_written)
{
    static const char cancelling[] =
        "[net]\nbatch=1\ninputs=4\n[connected]\noutput=1\nbatch_normalize=1\nactivation=linear\n"
        "[connected]\noutput=1\nactivation=linear\n";
    char *weights = in_folder(folder, "net.weights");
    network *net = write_network(cancelling);
    net->layers[0].rolling_mean[0] = 1e6f;
    net->layers[0].rolling_variance[0] = 1;
    net->layers[0].scales[0] = net->layers[1].weights[0] = 1;
    net->layers[1].biases[0] = 1e6f;
    save_weights(net, weights);
    expect_failure(export("out", "-fuse", 0), "out.cfg: not written: outputs of layer 1 differ by");
    free_network(net);
    free(weights);
}
END_TEST

START_TEST(files_that_cannot_be_written_leave_nothing)
{
    free_network(write_network(cfg));
    expect_failure(export("absent/out", 0, 0), "absent/out.weights: cannot write: No such file");
    char *path = in_folder(folder, "taken.cfg");
    ck_assert_int_eq(mkdir(path, 0777), 0);
    expect_failure(export("taken", 0, 0), "taken.cfg: exists but is not a regular file");
    ck_assert_int_eq(files_in(folder, "taken"), 1);
    free(path);
}
END_TEST

START_TEST(the_network_itself_is_not_overwritten)
{
    free_network(write_network(cfg));
    expect_failure(export("net", 0, 0), "net.weights: would overwrite the file to export");
    expect_failure(export("", 0, 0), "': a name without its ending is expected, as in folder/net");
    char *text = text_in_folder("net.cfg");
    ck_assert_str_eq(text, cfg);
    free(text);
    ck_assert_int_eq(files_in(folder, "net"), 2);
}
END_TEST

START_TEST(a_failure_leaves_what_was_there)
{
    char *path = in_folder(folder, "old.cfg"), *weights = in_folder(folder, "old.weights"), *text;
    write_text(path, "old");
    write_text(weights, "old");
    free_network(write_network(SMALL "[rnn]\noutput=4\nactivation=leaky\n"));
    expect_failure(export("old", 0, 0), "not exported");
    text = text_in_folder("old.cfg");
    ck_assert_str_eq(text, "old");
    ck_assert_int_eq(files_in(folder, "old"), 2);
    free(text), free(path), free(weights);
}
END_TEST

START_TEST(a_missing_picture_or_a_wrong_argument_is_named)
{
    free_network(write_network(cfg));
    expect_failure(export("out", "none.png", 0), "none.png");
    expect_failure(export("out", "-squeeze", 0), "darknet vd export: unknown option -squeeze");
    expect_failure(export("out", "-format", "caffe"), "-format caffe: one of darknet");
    expect_failure(export("out", "-format", 0), "-format needs a value");
    expect_failure(export("out", "-int8", 0), "-int8 is of -format c and onnx");
    expect_failure(run((const char *const[]){"darknet", "vd", "export", "a", "b", 0}),
                   "CFG, WEIGHTS and OUT are needed");
    expect_failure(run((const char *const[]){"darknet", "vd", "export", "a", "b", "c", "-format", "onnx", "-fp16",
                                             "-format", "c", 0}),
                   "-fp16, -sparse and -nms are of -format onnx");
}
END_TEST

START_TEST(help_is_printed_to_stdout)
{
    run_result r = run((const char *const[]){"darknet", "vd", "export", "-h", 0});
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_nonnull(strstr(r.out, "usage: darknet vd export CFG WEIGHTS OUT [-format NAME]"));
    free_run(r);
}
END_TEST

SUITE_OF(export)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(the_table_shows_every_layer_before_and_after);
    TEST(the_file_holds_the_masked_weights_in_stock_order_and_no_trailer);
    TEST(a_plain_network_is_exported_to_the_byte);
    TEST(batch_norm_is_folded_unless_no_fuse_is_given);
    TEST(fuse_folds_stock_darknets_batch_norm);
    TEST(batch_norm_that_is_left_has_the_epsilon_of_the_files);
    TEST(pictures_given_are_the_ones_it_is_checked_with);
    TEST(stock_darknet_predicts_all_test_pictures_of_mnist_alike);
    TEST(what_stock_darknet_would_compute_otherwise_is_refused_in_one_line);
    TEST(batch_norm_of_a_connected_layer_is_not_exported_as_it_is);
    TEST(weights_that_are_not_finite_are_refused);
    TEST(an_export_that_answers_otherwise_is_not_written);
    TEST(files_that_cannot_be_written_leave_nothing);
    TEST(the_network_itself_is_not_overwritten);
    TEST(a_failure_leaves_what_was_there);
    TEST(a_missing_picture_or_a_wrong_argument_is_named);
    TEST(help_is_printed_to_stdout);
}
