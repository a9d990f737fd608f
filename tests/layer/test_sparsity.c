/* layer/sparsity.c: counts of pruned weights and compression; the table and JSON of darknet vd report. */
#include "layer/vd_layer.h"
#include "layer/sparsity.h"
#include "support/support.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* layer 0: 3 filters of 3x3 on one channel, 27 weights; layer 2: 48 -> 2, 96 weights */
static const char cfg[] = "[net]\nbatch=1\nheight=8\nwidth=8\nchannels=1\n"
                          "[vd_convolutional]\nfilters=3\nsize=3\npad=1\nactivation=relu\nthreshold=2\n"
                          "[maxpool]\nsize=2\nstride=2\n"
                          "[vd_connected]\noutput=2\nactivation=linear\nthreshold=3.5\n"
                          "[connected]\noutput=4\nactivation=linear\n"
                          "[softmax]\n"
                          "[vd_cost]\nsamples=10\n";

/* log_alpha of every weight of layer l, through log_sigma2 at theta = 0.5 */
static void set_log_alpha(layer l, size_t first, size_t last, float log_alpha)
{
    vd_layer *vd = vd_layer_of(l);
    for (size_t i = first; i < last; ++i) {
        l.weights[i] = .5f;
        vd->log_sigma2[i] = log_alpha + logf(.25f);
    }
    vd_layer_changed(l);
}

static network *net_with(size_t pruned0, size_t pruned2)
{
    network *net = network_of(cfg, 0);
    set_log_alpha(net->layers[0], 0, pruned0, 2.01f);
    set_log_alpha(net->layers[0], pruned0, 27, 1.99f);
    set_log_alpha(net->layers[2], 0, pruned2, 3.51f);
    set_log_alpha(net->layers[2], pruned2, 96, 3.49f);
    return net;
}

START_TEST(the_report_counts_weights_at_each_layers_threshold)
{
    network *net = net_with(7, 90);
    vd_report r = vd_report_network(net);
    ck_assert_int_eq(r.n, 2);
    ck_assert_int_eq(r.layers[0].index, 0);
    ck_assert_str_eq(r.layers[0].type, "vd_convolutional");
    ck_assert_uint_eq(r.layers[0].weights, 27);
    ck_assert_uint_eq(r.layers[0].nonzero, 20);
    ck_assert(r.layers[0].threshold == 2);
    ck_assert_int_eq(r.layers[1].index, 2);
    ck_assert_str_eq(r.layers[1].type, "vd_connected");
    ck_assert_uint_eq(r.layers[1].weights, 96);
    ck_assert_uint_eq(r.layers[1].nonzero, 6);
    ck_assert(r.layers[1].threshold == 3.5f);
    ck_assert_uint_eq(r.weights, 123);
    ck_assert_uint_eq(r.nonzero, 26);
    free(r.layers);
    free_network(net);
}
END_TEST

START_TEST(a_zero_weight_counts_as_pruned)
{
    network *net = net_with(0, 0);
    net->layers[0].weights[4] = 0; /* log_alpha = S + 18.4 > threshold as well, so take that away */
    vd_layer_of(net->layers[0])->log_sigma2[4] = -30;
    vd_layer_changed(net->layers[0]);
    vd_report r = vd_report_network(net);
    ck_assert_uint_eq(r.layers[0].nonzero, 26);
    free(r.layers);
    free_network(net);
}
END_TEST

START_TEST(sparsity_and_compression_have_their_limits)
{
    ck_assert(vd_report_sparsity(500, 165) == 1 - 165. / 500);
    ck_assert(vd_report_sparsity(500, 0) == 1);
    ck_assert(vd_report_sparsity(500, 500) == 0);
    ck_assert(vd_report_sparsity(0, 0) == 0);
    ck_assert(vd_report_compression(500, 125) == 4);
    ck_assert(isinf(vd_report_compression(500, 0)));
}
END_TEST

static run_result report_of(network *net, const char *option)
{
    char *folder = make_folder(), *path = in_folder(folder, "test.cfg"), *weights = in_folder(folder, "test.weights");
    write_text(path, cfg);
    save_weights(net, weights);
    const char *const argv[] = {"darknet", "vd", "report", path, weights, option, 0};
    run_result r = run(argv);
    free(path);
    free(weights);
    remove_folder(folder);
    return r;
}

static void silence(void)
{
    silence_stderr();
}

START_TEST(json_is_exactly_what_the_contract_shows)
{
    silence();
    network *net = net_with(7, 90);
    run_result r = report_of(net, "-json");
    ck_assert_int_eq(r.status, 0);
    char *expected = vd_format("{\"layers\":["
                               "{\"index\":0,\"type\":\"vd_convolutional\",\"weights\":27,\"nonzero\":20,"
                               "\"sparsity\":%.9g,\"threshold\":2},"
                               "{\"index\":2,\"type\":\"vd_connected\",\"weights\":96,\"nonzero\":6,"
                               "\"sparsity\":%.9g,\"threshold\":3.5}],"
                               "\"weights\":123,\"nonzero\":26,\"sparsity\":%.9g,\"compression\":%.9g}\n",
                               7 / 27., 90 / 96., 97 / 123., 123 / 26.);
    ck_assert_str_eq(r.out, expected);
    free(expected);
    free_run(r);
    free_network(net);
}
END_TEST

START_TEST(a_network_with_nothing_left_has_compression_null)
{
    silence();
    network *net = net_with(27, 96);
    run_result r = report_of(net, "-json");
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_nonnull(strstr(r.out, "\"nonzero\":0,\"sparsity\":1,\"compression\":null}\n"));
    ck_assert_ptr_null(strstr(r.out, "inf"));
    free_run(r);
    r = report_of(net, 0);
    ck_assert_int_eq(r.status, 0);
    ck_assert_ptr_nonnull(strstr(r.out, "all pruned"));
    free_run(r);
    free_network(net);
}
END_TEST

/* the words of one line of the table that starts with the given word; null when there is none */
static int table_row(const char *table, const char *first, char words[8][32])
{
    for (const char *line = table; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : 0) {
        char row[256];
        int n = 0;
        snprintf(row, sizeof(row), "%.*s", (int)strcspn(line, "\n"), line);
        for (char *w = strtok(row, " "); w && n < 8; w = strtok(0, " ")) snprintf(words[n++], 32, "%s", w);
        if (n && !strcmp(words[0], first)) return n;
    }
    return 0;
}

START_TEST(the_table_has_a_row_for_every_layer_and_one_for_all)
{
    static const struct {
        const char *words[8];
    } rows[] = {
        {{"0", "vd_convolutional", "27", "20", "25.926", "%", "1.4", "x"}},
        {{"2", "vd_connected", "96", "6", "93.750", "%", "16.0", "x"}},
        {{"all", "123", "26", "78.862", "%", "4.7", "x", 0}},
    };
    silence();
    network *net = net_with(7, 90);
    run_result r = report_of(net, 0);
    ck_assert_int_eq(r.status, 0);
    for (int i = 0; i < 3; ++i) {
        char words[8][32];
        int n = table_row(r.out, rows[i].words[0], words);
        ck_assert_msg(n >= 7, "no row %s in:\n%s", rows[i].words[0], r.out);
        for (int w = 0; w < n && rows[i].words[w]; ++w) ck_assert_str_eq(words[w], rows[i].words[w]);
    }
    ck_assert_ptr_null(strstr(r.out, "maxpool"));
    free_run(r);
    free_network(net);
}
END_TEST

START_TEST(a_network_without_variational_layers_has_no_report)
{
    silence();
    char *folder = make_folder(), *path = in_folder(folder, "plain.cfg"), *weights = in_folder(folder, "plain.weights");
    const char *plain = "[net]\nbatch=1\ninputs=3\n[connected]\noutput=2\n[softmax]\n";
    write_text(path, plain);
    network *net = network_of(plain, 0);
    save_weights(net, weights);
    free_network(net);
    const char *const argv[] = {"darknet", "vd", "report", path, weights, "-json", 0};
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_str_eq(r.out, "");
    char *expected = vd_format("%s: no variational layer to report on\n", path);
    ck_assert_ptr_nonnull(strstr(r.err, expected));
    free(expected);
    free_run(r);
    free(path);
    free(weights);
    remove_folder(folder);
}
END_TEST

static double json_number(const char **at, const char *key)
{
    char *quoted = vd_format("\"%s\":", key);
    const char *found = strstr(*at, quoted);
    ck_assert_msg(found != 0, "no %s in %s", quoted, *at);
    *at = found + strlen(quoted);
    free(quoted);
    return strtod(*at, 0);
}

START_TEST(sparsities_of_the_golden_network_are_right)
{
    const char *golden = getenv("GOLDEN");
    if (!golden || !*golden) {
        skipped(1, "golden sparsities: GOLDEN is not set");
        return;
    }
    char *net_cfg = in_folder(golden, "forward_dense/net.cfg"),
         *weights = in_folder(golden, "forward_dense/net.weights");
    char *expected_path = in_folder(golden, "forward_dense/expect_sparsity.f32");
    int n;
    float *expected = read_floats(expected_path, &n);
    ck_assert_int_eq(n, 2);
    const char *const argv[] = {"darknet", "vd", "report", net_cfg, weights, "-json", 0};
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 0);
    const char *at = r.out;
    double total = 0, left = 0, sparsity;
    for (int i = 0; i < n; ++i) {
        total += json_number(&at, "weights");
        left += json_number(&at, "nonzero");
        sparsity = json_number(&at, "sparsity");
        ck_assert_msg(close_to(sparsity, expected[i], 1e-6, 1e-7), "layer %d: %g, expected %g", i, sparsity,
                      expected[i]);
    }
    ck_assert(json_number(&at, "weights") == total);
    ck_assert(json_number(&at, "nonzero") == left);
    ck_assert(close_to(json_number(&at, "sparsity"), 1 - left / total, 1e-8, 0));
    ck_assert(close_to(json_number(&at, "compression"), total / left, 1e-8, 0));
    free_run(r);
    free(expected);
    free(expected_path);
    free(net_cfg);
    free(weights);
}
END_TEST

SUITE_OF(sparsity)
{
    TEST(the_report_counts_weights_at_each_layers_threshold);
    TEST(a_zero_weight_counts_as_pruned);
    TEST(sparsity_and_compression_have_their_limits);
    TEST(json_is_exactly_what_the_contract_shows);
    TEST(a_network_with_nothing_left_has_compression_null);
    TEST(the_table_has_a_row_for_every_layer_and_one_for_all);
    TEST(a_network_without_variational_layers_has_no_report);
    TEST(sparsities_of_the_golden_network_are_right);
}
