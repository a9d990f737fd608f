/* log_alpha=v: a plain weights file, complete or in part, starts log_sigma2 relative to its weights. */
#include "layer/vd_layer.h"
#include "support/weights_file.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILTER = 2 * 2 * 2, OUT_W = 3 * 3 * 4 * 4 }; /* weights of a filter and of the last layer */

static const char stock_cfg[] = NET "[convolutional]\n" CONV "[connected]\n" LAST "[softmax]\n";
static const char warm_cfg[] =
    NET "[vd_convolutional]\nlog_alpha=-4\n" CONV "[vd_connected]\nlog_alpha=-2.5\n" LAST "[softmax]\n" COST;
static const char half_cfg[] =
    NET "[vd_convolutional]\n" CONV "[vd_connected]\nlog_alpha=-2.5\n" LAST "[softmax]\n" COST;
static const char first_cfg[] = NET "[vd_convolutional]\nlog_alpha=-4\nnumload=2\n" CONV
                                    "[vd_connected]\nlog_alpha=-2.5\ndontload=1\n" LAST "[softmax]\n" COST;

static char *plain_file, *said_file;

static void set_up(void)
{
    make_test_folder();
    plain_file = in_folder(folder, "plain.weights");
    said_file = in_folder(folder, "said");
    network *net = network_of(stock_cfg, 0);
    ck_assert_ptr_nonnull(freopen(said_file, "w", stderr));
    net->layers[0].weights[5] = 0; /* as exported nets have many */
    save_weights(net, plain_file);
    free_network(net);
}

static void tear_down(void)
{
    remove_test_folder();
    free(plain_file), free(said_file);
}

/* load the file; the line printed must hold the words */
static network *loaded(const char *cfg, char *file, const char *words)
{
    size_t n;
    network *net = network_of(cfg, 0);
    fflush(stderr);
    ck_assert_int_eq(ftruncate(fileno(stderr), 0), 0);
    rewind(stderr);
    load_weights(net, file);
    fflush(stderr);
    char *said = read_bytes(said_file, &n);
    ck_assert_msg(strstr(said, words) != 0, "'%s' is not in: %s", words, said);
    free(said);
    return net;
}

/* of n weights that were loaded */
static void expect_log_alpha(layer l, size_t n, double wanted)
{
    double mean = 0;
    for (size_t i = 0; i < n; ++i) mean += (double)l.weights[i] * l.weights[i] / (double)n;
    for (size_t i = 0; i < n; ++i) {
        double square = (double)l.weights[i] * l.weights[i] + 1e-8 + .01 * mean;
        double log_alpha = vd_layer_of(l)->log_sigma2[i] - log(square);
        ck_assert_msg(close_to(log_alpha, wanted, 1e-5, 1e-5), "weight %zu: %g, should be %g", i, log_alpha, wanted);
    }
}

static void expect_initial(layer l, size_t first, size_t n)
{
    for (size_t i = first; i < n; ++i) ck_assert_float_eq(vd_layer_of(l)->log_sigma2[i], -10);
}

START_TEST(every_weight_of_a_plain_file_gets_the_layers_log_alpha)
{
    network *net = loaded(warm_cfg, plain_file, "(a plain weights file: log_sigma2 starts at log_alpha) Done!");
    expect_log_alpha(net->layers[0], CONV_W, -4);
    expect_log_alpha(net->layers[1], OUT_W, -2.5);
    ck_assert_float_eq(net->layers[0].weights[5], 0);
    free_network(net);
}
END_TEST

START_TEST(a_layer_without_the_key_keeps_the_initial_value)
{
    network *net = loaded(half_cfg, plain_file,
                          "log_sigma2 starts at log_alpha in 1 layers, and keeps its initial value in 1) Done!");
    expect_initial(net->layers[0], 0, CONV_W);
    expect_log_alpha(net->layers[1], OUT_W, -2.5);
    free_network(net);
}
END_TEST

/* what `darknet partial` makes: the layers it holds start relative, the others as without a file */
START_TEST(of_a_stem_only_the_layers_in_it_start_relative)
{
    char *cfg = in_folder(folder, "plain.cfg"), *stem = in_folder(folder, "stem.weights");
    write_text(cfg, stock_cfg);
    free_run(darknet(0, "partial", cfg, plain_file, stem, "1", NULL));
    network *net =
        loaded(warm_cfg, stem, "log_sigma2 starts at log_alpha in 1 layers, and keeps its initial value in 1) Done!");
    expect_log_alpha(net->layers[0], CONV_W, -4);
    expect_initial(net->layers[1], 0, OUT_W);
    free_network(net);
    for (int plain = 0; plain < 2; ++plain)
        free_network(loaded(plain ? stock_cfg : warm_cfg, stem,
                            plain ? "...(weights of layers 0 to 0 of 2: the others keep their initial ones) Done!"
                                  : "...(weights of layers 0 to 0 of 3: the others keep their initial ones) (a plain"));
    free(cfg), free(stem);
}
END_TEST

START_TEST(filters_and_layers_that_are_not_loaded_keep_the_initial_value)
{
    network *net = network_of(stock_cfg, plain_file);
    char *two = in_folder(folder, "two.weights");
    layer l = net->layers[0];
    net->layers[0].n = 2, net->layers[0].nweights = 2 * FILTER;
    save_weights_upto(net, two, 1);
    net->layers[0] = l;
    free_network(net);
    net = loaded(first_cfg, two, "log_sigma2 starts at log_alpha in 1 layers, and keeps its initial value in 1) Done!");
    expect_log_alpha(net->layers[0], 2 * FILTER, -4);
    expect_initial(net->layers[0], 2 * FILTER, CONV_W);
    expect_initial(net->layers[1], 0, OUT_W);
    free_network(net);
    free(two);
}
END_TEST

START_TEST(a_variational_file_brings_its_own_log_sigma2)
{
    char *file = in_folder(folder, "vd.weights");
    network *net = network_of(half_cfg, plain_file);
    for (size_t i = 0; i < vd_layer_of(net->layers[1])->n; ++i) vd_layer_of(net->layers[1])->log_sigma2[i] = -7;
    save_weights(net, file);
    free_network(net);
    net = loaded(warm_cfg, file, "weights...Done!");
    expect_initial(net->layers[0], 0, CONV_W);
    for (size_t i = 0; i < vd_layer_of(net->layers[1])->n; ++i)
        ck_assert_float_eq(vd_layer_of(net->layers[1])->log_sigma2[i], -7);
    free_network(net);
    free(file);
}
END_TEST

START_TEST(without_a_file_the_key_does_nothing)
{
    network *net = network_of(warm_cfg, 0);
    expect_initial(net->layers[0], 0, CONV_W);
    free_network(net);
}
END_TEST

/* no weight is pruned at the start: at test time it is the plain network */
START_TEST(a_warm_start_predicts_what_the_plain_network_predicts)
{
    network *plain = network_of(stock_cfg, plain_file), *net = loaded(warm_cfg, plain_file, "Done!");
    float input[2 * 50];
    fill_random(input, 2 * 50, 1);
    const float *a = network_predict(plain, input), *b = network_predict(net, input);
    for (int i = 0; i < 2 * 3; ++i) ck_assert(close_to(a[i], b[i], 1e-5, 1e-6));
    free_network(plain);
    free_network(net);
}
END_TEST

START_TEST(a_start_that_cannot_be_is_an_error)
{
    static const char *const cases[][2] = {
        {"log_alpha=-8", "layer 0 [vd_connected]: log_alpha=-8 is not between -8 and threshold=3"},
        {"log_alpha=3", "layer 0 [vd_connected]: log_alpha=3 is not between -8 and threshold=3"},
        {"threshold=1\nlog_alpha=2", "layer 0 [vd_connected]: log_alpha=2 is not between -8 and threshold=1"},
        {"log_alpha=low", "layer 0 [vd_connected]: log_alpha=low is not a number"},
    };
    char *cfg = in_folder(folder, "bad.cfg");
    char *text = vd_format(NET "[vd_connected]\n%s\n" LAST COST, cases[_i][0]);
    write_text(cfg, text);
    run_result r = darknet(1, "vd", "report", cfg, plain_file, NULL);
    ck_assert_msg(strstr(r.err, cases[_i][1]) != 0, "%s", r.err);
    free_run(r);
    free(cfg), free(text);
}
END_TEST

SUITE_OF(warm_start)
{
    EACH(set_up, tear_down);
    TEST(every_weight_of_a_plain_file_gets_the_layers_log_alpha);
    TEST(a_layer_without_the_key_keeps_the_initial_value);
    TEST(of_a_stem_only_the_layers_in_it_start_relative);
    TEST(filters_and_layers_that_are_not_loaded_keep_the_initial_value);
    TEST(a_variational_file_brings_its_own_log_sigma2);
    TEST(without_a_file_the_key_does_nothing);
    TEST(a_warm_start_predicts_what_the_plain_network_predicts);
    LOOP(a_start_that_cannot_be_is_an_error, 4);
}
