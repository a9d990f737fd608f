/* weights/vdw.c and vdw_file.c: packed .vdw files give the outputs of the network they were made from; damaged ones are
 * refused. */
#include "weights/vdw.h"
#include "layer/vd_layer.h"
#include "layer/sparsity.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PINNED_2 "564457020076835b2f7bff00ed41c00009e0547c00125e67f819030e7a"
#define NET "[net]\nbatch=2\nheight=9\nwidth=9\nchannels=3\nseed=3\n"
#define LAYERS(vd)                                                                    \
    "[" vd "convolutional]\nfilters=6\nsize=3\nbatch_normalize=1\nactivation=leaky\n" \
    "[maxpool]\nsize=2\nstride=2\n"                                                   \
    "[" vd "convolutional]\nfilters=4\nsize=1\ngroups=2\nactivation=relu\n"           \
    "[convolutional]\nfilters=5\nsize=2\nactivation=leaky\n"                          \
    "[batchnorm]\n"                                                                   \
    "[" vd "connected]\noutput=7\nbatch_normalize=1\nactivation=relu\n"               \
    "[" vd "connected]\noutput=3\nactivation=linear\n[softmax]\n"

static const char vd_cfg[] = NET LAYERS("vd_") "[vd_cost]\nsamples=10\n";
static const char plain_cfg[] = NET LAYERS("");

/* a network with all its numbers random, most weights pruned */
static network *random_network(void)
{
    network *net = network_of(vd_cfg, 0);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        vd_layer *vd = vd_layer_of(l);
        int rows = l.type == BATCHNORM ? l.c : l.type == CONNECTED ? l.outputs : l.n;
        if (l.rolling_mean) {
            fill_random(l.rolling_mean, rows, 10 + i);
            fill_random(l.rolling_variance, rows, 20 + i);
            fill_random(l.scales, rows, 30 + i);
            for (int k = 0; k < rows; ++k) l.rolling_variance[k] = fabsf(l.rolling_variance[k]) + .1f;
        }
        if (l.biases && l.type != BATCHNORM) fill_random(l.biases, rows, 40 + i); /* a [batchnorm] saves none */
        for (size_t k = 0; vd && k < vd->n; ++k) vd->log_sigma2[k] = k % 3 ? 5 : -9;
        if (vd) vd_layer_changed(l);
    }
    *net->seen = 3000000000;
    return net;
}

static float *answers(network *net)
{
    float input[2 * 3 * 9 * 9];
    ck_assert_int_eq(net->batch * net->inputs, COUNT_OF(input));
    fill_random(input, COUNT_OF(input), 77);
    float *out = vd_calloc(net->outputs * 2, sizeof(float));
    memcpy(out, network_predict(net, input), sizeof(float) * net->outputs * 2);
    return out;
}

static double largest_difference(network *a, network *b)
{
    float *x = answers(a), *y = answers(b);
    double most = 0;
    for (int i = 0; i < 2 * a->outputs; ++i)
        if (!(fabs(x[i] - y[i]) <= most)) most = fabs(x[i] - y[i]); /* NaN, too, which fmax() would drop */
    free(x);
    free(y);
    return most;
}

/* the packed network as a file in the folder, freed by the caller */
static char *write_packed(const network *net, vd_pack_format format, const char *name)
{
    char *fault, *path = in_folder(folder, name);
    vd_packed p = vd_pack_network(net, format, &fault);
    ck_assert_msg(!fault, "%s", fault);
    write_bytes(path, p.file.bytes, p.file.n);
    vd_packed_free(&p);
    return path;
}

/* Measured: 6e-8, 3.5e-6 and 1.1e-3. Without the means of batch normalisation integers give 2e-2 */
START_TEST(a_packed_network_answers_as_the_masked_one)
{
    static const double most[] = {[VD_PACK_FP32] = 1e-6, [VD_PACK_FP16] = 2e-5, [VD_PACK_INT8] = 5e-3};
    network *net = random_network();
    for (int format = VD_PACK_FP32; format <= VD_PACK_INT8; ++format) {
        char *path = write_packed(net, format, "net.vdw");
        network *vd = network_of(vd_cfg, path), *plain = network_of(plain_cfg, path);
        double a = largest_difference(vd, net), b = largest_difference(plain, net);
        ck_assert_msg(a <= most[format] && b <= most[format], "format %d: %g, %g", format, a, b);
        ck_assert_uint_eq(*vd->seen, 3000000000u);
        free_network(vd);
        free_network(plain);
        free(path);
    }
    free_network(net);
}
END_TEST

START_TEST(fp32_keeps_every_weight_and_the_report)
{
    network *net = random_network();
    char *path = write_packed(net, VD_PACK_FP32, "net.vdw");
    network *again = network_of(vd_cfg, path);
    free(answers(net));
    free(answers(again));
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *a = vd_layer_of(net->layers[i]), *b = vd_layer_of(again->layers[i]);
        for (size_t k = 0; a && k < a->n; ++k) /* weights that nothing reads are dropped */
            ck_assert(a->test_time.masked[k] == b->test_time.masked[k] || b->test_time.masked[k] == 0);
    }
    vd_report r = vd_report_network(net), s = vd_report_network(again);
    ck_assert_uint_eq(r.weights, s.weights);
    ck_assert_uint_le(s.nonzero, r.nonzero);
    ck_assert_uint_ge(s.nonzero * 10, r.nonzero * 8);
    free(r.layers), free(s.layers);
    free_network(net), free_network(again);
    free(path);
}
END_TEST

static const char pinned_cfg[] = "[net]\nbatch=1\ninputs=3\n[vd_connected]\noutput=2\nactivation=linear\n";
static const float pinned_weights[] = {.5f, 0, -2, 0, 0, 1}, pinned_biases[] = {1, 0};

static vd_bytes bytes_of(const char *hex)
{
    vd_bytes b = {0};
    for (; *hex; hex += 2) {
        unsigned byte;
        ck_assert_int_eq(sscanf(hex, "%2x", &byte), 1);
        vd_bytes_add(&b, &(uint8_t){(uint8_t)byte}, 1);
    }
    return b;
}

/* the formats are pinned: files written by these versions must load for ever */
static const struct {
    const char *name, *file;
    float weights[6], biases[2];
} pinned[] = {
    {"1, fp32",
     "5644570100010002010203169fbf8000000000007ac17a00000155a0000025a426f657f6bed6",
     {.5f, 0, -2, 0, 0, 1},
     {1, 0}},
    {"1, fp16",
     "5644570100010002020203119fbf8000000000007ac150013574ee8512f9c8518d",
     {.5f, 0, -0x1.554p-2f, 0, 0, 1},
     {1, 0}},
    /* steps of 1/8 and 7/256 */
    {"1, int8",
     "5644570100010002030203119fbf8000000000007b4758ec7f9e36026f7313fc7b",
     {9 / 8.f, 0, -127 / 8.f, 0, 0, 35 / 256.f},
     {1, 0}},
    {"2, fp32", PINNED_2, {.5f, 0, -2, 0, 0, 1}, {1, 0}},
    {"2, fp16", "564457020076839b2f7bfe00ed41c13be6ca4a733ef2789d2d", {.5f, 0, -2, 0, 0, 1}, {1, 0}},
    {"2, int8",
     "56445702007683d526ff02d5c7a2fee8efe2ace20cbe077fcc",
     {65 / 128.f, 0, -255 / 128.f, 0, 0, 255 / 256.f},
     {255 / 256.f, 0}},
};

START_TEST(a_file_of_each_version_and_format_is_read)
{
    for (size_t i = 0; i < COUNT_OF(pinned); ++i) {
        network *net = network_of(pinned_cfg, 0);
        vd_bytes b = bytes_of(pinned[i].file);
        char *fault = vd_unpack_network(net, b.bytes, b.n);
        ck_assert_msg(!fault, "version %s: %s", pinned[i].name, fault);
        for (int k = 0; k < 6; ++k)
            ck_assert_msg(net->layers[0].weights[k] == pinned[i].weights[k], "version %s: weight %d is %.9g",
                          pinned[i].name, k, net->layers[0].weights[k]);
        for (int k = 0; k < 2; ++k)
            ck_assert_msg(net->layers[0].biases[k] == pinned[i].biases[k], "version %s: bias %d is %.9g",
                          pinned[i].name, k, net->layers[0].biases[k]);
        vd_bytes_free(&b);
        free_network(net);
    }
}
END_TEST

START_TEST(version_2_is_written_byte_by_byte_as_ever)
{
    network *net = network_of(pinned_cfg, 0);
    memcpy(net->layers[0].weights, pinned_weights, sizeof(pinned_weights));
    memcpy(net->layers[0].biases, pinned_biases, sizeof(pinned_biases));
    char *fault, text[256] = "";
    vd_packed p = vd_pack_network(net, VD_PACK_FP32, &fault);
    ck_assert_msg(!fault, "%s", fault);
    for (size_t i = 0; i < p.file.n; ++i) sprintf(text + 2 * i, "%02x", p.file.bytes[i]);
    ck_assert_str_eq(text, PINNED_2);
    vd_packed_free(&p);
    free_network(net);
}
END_TEST

/* a unit that nothing reads, one without weights whose bias goes on, and one that is needed */
START_TEST(dead_units_are_gone_and_their_constants_move_on)
{
    static const char cfg[] = "[net]\nbatch=1\ninputs=2\n[vd_connected]\noutput=3\nactivation=relu\n"
                              "[vd_connected]\noutput=2\nactivation=linear\n";
    static const float first[] = {1, -2, 0, 0, 3, 0}, biases[] = {.5f, .25f, 1}, second[] = {0, 2, 1, 0, -4, .5f};
    network *net = network_of(cfg, 0), *again = network_of(cfg, 0);
    memcpy(net->layers[0].weights, first, sizeof(first));
    memcpy(net->layers[0].biases, biases, sizeof(biases));
    memcpy(net->layers[1].weights, second, sizeof(second));
    char *fault;
    vd_packed p = vd_pack_network(net, VD_PACK_FP32, &fault);
    fault = vd_unpack_network(again, p.file.bytes, p.file.n);
    ck_assert_msg(!fault, "%s", fault);
    static const float left[] = {0, 0, 0, 0, 3, 0}, left_biases[] = {0, 0, 1}, moved[] = {.5f, -1},
                       left_second[] = {0, 0, 1, 0, 0, .5f};
    ck_assert_int_eq(memcmp(again->layers[0].weights, left, sizeof(left)), 0);
    ck_assert_int_eq(memcmp(again->layers[0].biases, left_biases, sizeof(left_biases)), 0);
    ck_assert_int_eq(memcmp(again->layers[1].weights, left_second, sizeof(left_second)), 0);
    ck_assert_int_eq(memcmp(again->layers[1].biases, moved, sizeof(moved)), 0);
    vd_packed_free(&p);
    free_network(net), free_network(again);
}
END_TEST

START_TEST(a_higher_rate_makes_a_smaller_file_that_answers_less_well)
{
    network *net = random_network();
    double before = -1;
    size_t bytes = 100000;
    for (double rate = .01; rate < 20; rate *= 10) {
        char *fault, *path = in_folder(folder, "net.vdw");
        vd_packed p = vd_pack_network_at_rate(net, rate, &fault);
        ck_assert_msg(!fault, "%s", fault);
        ck_assert_uint_eq(p.file.n, vd_packed_size_at_rate(net, rate));
        ck_assert_msg(p.file.n <= bytes, "rate %g: %zu bytes after %zu", rate, p.file.n, bytes);
        bytes = p.file.n;
        write_bytes(path, p.file.bytes, p.file.n);
        network *again = network_of(vd_cfg, path);
        double difference = largest_difference(net, again);
        if (rate < .02) before = difference;
        vd_packed_free(&p);
        free_network(again);
        free(path);
        if (rate < .02) ck_assert_msg(difference < .1, "%g", difference);
        if (rate > 9) ck_assert_msg(difference > before, "%g after %g", difference, before);
    }
    char *fault;
    double rate = vd_pack_rate_of_bytes(net, bytes + 20, &fault);
    ck_assert_msg(rate > 0 && vd_packed_size_at_rate(net, rate) <= bytes + 20, "%g", rate);
    ck_assert_msg(vd_packed_size_at_rate(net, rate / 1.05) > bytes + 20, "%g", rate);
    ck_assert(vd_pack_rate_of_bytes(net, 10, &fault) == 0 && !fault);
    free_network(net);
}
END_TEST

START_TEST(a_file_cut_or_changed_anywhere_is_refused_and_changes_nothing)
{
    network *net = random_network(), *other = random_network();
    char *fault;
    vd_packed p = vd_pack_network(net, VD_PACK_INT8, &fault);
    ck_assert_ptr_null(fault);
    float before = other->layers[0].weights[0] = 42;
    for (size_t i = 0; i < p.file.n; ++i) {
        fault = vd_unpack_network(other, p.file.bytes, i);
        ck_assert_msg(fault != 0, "cut at %zu of %zu", i, p.file.n);
        free(fault);
        p.file.bytes[i] ^= (uint8_t)(1 << i % 8);
        fault = vd_unpack_network(other, p.file.bytes, p.file.n);
        ck_assert_msg(fault != 0, "changed at %zu of %zu", i, p.file.n);
        free(fault);
        p.file.bytes[i] ^= (uint8_t)(1 << i % 8);
    }
    ck_assert(other->layers[0].weights[0] == before);
    fault = vd_unpack_network(other, p.file.bytes, p.file.n);
    ck_assert_msg(!fault, "%s", fault);
    vd_packed_free(&p);
    free_network(net), free_network(other);
}
END_TEST

START_TEST(a_layer_that_is_not_loaded_stays_or_is_named)
{
    network *net = random_network(), *other = random_network();
    for (int format = VD_PACK_FP32; format <= VD_PACK_INT8; ++format) {
        char *fault;
        vd_packed p = vd_pack_network(net, format, &fault);
        ck_assert_msg(!fault, "%s", fault);
        other->layers[6].dontload = 1; /* the last but one with weights */
        other->layers[6].weights[3] = 42;
        fault = vd_unpack_network(other, p.file.bytes, p.file.n);
        if (format == VD_PACK_INT8)
            ck_assert_str_eq(fault, "layer 6 has dontload=1, but the file has the units around it "
                                    "in another order");
        else ck_assert_msg(!fault, "%s", fault);
        ck_assert(other->layers[6].weights[3] == 42);
        free(fault);
        vd_packed_free(&p);
    }
    free_network(net), free_network(other);
}
END_TEST

START_TEST(a_weight_that_is_not_finite_is_named)
{
    network *net = random_network();
    net->layers[5].weights[3] = NAN;
    char *fault;
    vd_pack_network(net, VD_PACK_FP32, &fault);
    ck_assert_ptr_nonnull(fault);
    ck_assert_msg(strstr(fault, "layer 5: weights[3] is not finite") != 0, "%s", fault);
    free(fault);
    free_network(net);
}
END_TEST

START_TEST(a_weight_too_large_for_integers_is_named_for_a_size_as_for_a_rate)
{
    network *net = random_network();
    net->layers[5].weights[3] = 1e8f;
    char *of_size, *of_rate;
    ck_assert(vd_pack_rate_of_bytes(net, 100000, &of_size) == 0);
    vd_pack_network_at_rate(net, 1, &of_rate);
    ck_assert_str_eq(of_rate, "layer 5: weights[3] = 1e+08 is too large for this format");
    ck_assert_str_eq(of_size, of_rate);
    free(of_size), free(of_rate);
    free_network(net);
}
END_TEST

START_TEST(a_bias_too_large_for_integers_is_not_called_damage)
{
    network *net = random_network();
    char *fault;
    net->layers[6].biases[1] = 1e12f; /* without batch normalisation: an integer */
    vd_pack_network(net, VD_PACK_INT8, &fault);
    ck_assert_str_eq(fault, "layer 6: a bias or scale is too large for this format");
    ck_assert_uint_eq(vd_packed_size_at_rate(net, 1), 0);
    free(fault);
    free_network(net);
}
END_TEST

/* ---- the command ---- */

static void write_network(void)
{
    network *net = random_network();
    char *cfg = in_folder(folder, "net.cfg"), *plain = in_folder(folder, "plain.cfg");
    char *weights = in_folder(folder, "net.weights");
    write_text(cfg, vd_cfg);
    write_text(plain, plain_cfg);
    save_weights(net, weights);
    free(cfg), free(plain), free(weights);
    free_network(net);
}

static run_result verb(const char *name, const char *cfg, const char *weights, const char *third, const char *option)
{
    char *a = in_folder(folder, cfg), *b = in_folder(folder, weights), *c = third ? in_folder(folder, third) : 0;
    const char *const with[] = {"darknet", "vd", name, a, b, c, option, 0};
    const char *const without[] = {"darknet", "vd", name, a, b, 0};
    run_result r = run(c ? with : without);
    free(a), free(b), free(c);
    return r;
}

START_TEST(pack_prints_what_each_layer_takes_and_the_file_loads)
{
    write_network();
    struct stat packed, weights;
    run_result r = verb("pack", "net.cfg", "net.weights", "out.vdw", "-int8");
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.out, "vd_convolutional"));
    ck_assert_ptr_nonnull(strstr(r.out, "batchnorm"));
    char *a = in_folder(folder, "out.vdw"), *b = in_folder(folder, "net.weights");
    ck_assert_int_eq(stat(a, &packed), 0);
    ck_assert_int_eq(stat(b, &weights), 0);
    ck_assert_int_lt(2 * packed.st_size, weights.st_size);
    char *size = vd_format("int8: %ld bytes", (long)packed.st_size);
    ck_assert_msg(strstr(r.out, size) != 0, "%s", r.out);
    free_run(r);
    r = verb("report", "net.cfg", "out.vdw", 0, 0);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    r = verb("pack", "net.cfg", "net.weights", "out.vdw", "-json");
    ck_assert_msg(r.status == 0 && strstr(r.out, "{\"format\":\"fp32\",\"layers\":[{\"index\":0,") == r.out, "%s",
                  r.out);
    free_run(r);
    free(size), free(a), free(b);
}
END_TEST

static void refused(run_result r, const char *message)
{
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, message) != 0, "'%s' is not in: %s", message, r.err);
    free_run(r);
}

START_TEST(what_cannot_be_packed_or_loaded_is_named)
{
    write_network();
    refused(verb("pack", "plain.cfg", "net.weights", "out.vdw", 0), "no variational layer");
    refused(verb("pack", "net.cfg", "net.weights", "nowhere/out.vdw", 0), "nowhere/out.vdw");
    refused(verb("pack", "net.cfg", "net.weights", "out.vdw", "-int9"), "unknown option -int9");
    refused(verb("pack", "net.cfg", "net.weights", "net.weights", 0),
            "would overwrite the file to pack: choose another name");
    refused(verb("pack", "net.cfg", "net.weights", "net.cfg", 0),
            "would overwrite the file to pack: choose another name");
    free_run(verb("pack", "net.cfg", "net.weights", "out.vdw", 0));
    refused(verb("pack", "net.cfg", "out.vdw", "again.vdw", 0), "is already packed");
    char *path = in_folder(folder, "again.vdw"), *other = in_folder(folder, "net.cfg");
    ck_assert_int_ne(access(path, F_OK), 0);
    char *text = vd_format("%s", vd_cfg), *filters = strstr(text, "filters=6");
    filters[8] = '8';
    write_text(other, text);
    refused(verb("report", "net.cfg", "out.vdw", 0, 0),
            "packed from another network: number or shapes of its layers differ");
    free(text), free(path), free(other);
}
END_TEST

START_TEST(a_packed_network_is_neither_trained_nor_saved)
{
    write_network();
    free_run(verb("pack", "net.cfg", "net.weights", "out.vdw", 0));
    char *cfg = in_folder(folder, "net.cfg"), *packed = in_folder(folder, "out.vdw"),
         *file = in_folder(folder, "x.data");
    char *text = vd_format("classes=3\nbackup=%s\n", folder), *out = in_folder(folder, "part.weights");
    write_text(file, text);
    const char *const train[] = {"darknet", "classifier", "train", file, cfg, packed, 0};
    refused(run(train), "out.vdw: packed for inference: train from the .weights file it was made from");
    const char *const partial[] = {"darknet", "partial", cfg, packed, out, "3", 0};
    refused(run(partial), "out.vdw");
    ck_assert_int_ne(access(out, F_OK), 0);
    free(out), free(text), free(file), free(packed), free(cfg);
}
END_TEST

SUITE_OF(vdw)
{
    TIMEOUT(240);
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(a_packed_network_answers_as_the_masked_one);
    TEST(fp32_keeps_every_weight_and_the_report);
    TEST(a_file_of_each_version_and_format_is_read);
    TEST(version_2_is_written_byte_by_byte_as_ever);
    TEST(dead_units_are_gone_and_their_constants_move_on);
    TEST(a_higher_rate_makes_a_smaller_file_that_answers_less_well);
    TEST(a_file_cut_or_changed_anywhere_is_refused_and_changes_nothing);
    TEST(a_layer_that_is_not_loaded_stays_or_is_named);
    TEST(a_weight_that_is_not_finite_is_named);
    TEST(a_weight_too_large_for_integers_is_named_for_a_size_as_for_a_rate);
    TEST(a_bias_too_large_for_integers_is_not_called_damage);
    TEST(pack_prints_what_each_layer_takes_and_the_file_loads);
    TEST(what_cannot_be_packed_or_loaded_is_named);
    TEST(a_packed_network_is_neither_trained_nor_saved);
}
