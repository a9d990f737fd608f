/* hooks/layer_plugin.c: variational sections in a cfg, their keys and errors, and how Darknet's commands treat them. */
#include "layer/vd_cost_layer.h"
#include "layer/vd_layer.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <dirent.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "activations.h"

#define NET "[net]\nbatch=2\nheight=6\nwidth=6\nchannels=2\n"
#define CONV "[vd_convolutional]\nfilters=4\nsize=3\n"
#define CONN "[vd_connected]\noutput=3\n"
#define ENDING "[vd_cost]\nsamples=10\n"

static char *cfg_path, *weights_path;

static void set_up(void)
{
    silence_stderr();
    make_test_folder();
    cfg_path = in_folder(folder, "bad-vd.cfg");
    weights_path = in_folder(folder, "some.weights");
}

static void tear_down(void)
{
    free(cfg_path);
    free(weights_path);
    remove_test_folder();
}

/* exactly one line, the last, names the file. Lines before it are rows of Darknet's layer table, "key: Using default
 * ..." and the like; the message may follow the number of a row that has begun */
static void expect_message(run_result r, const char *cfg, const char *expected)
{
    ck_assert_msg(r.status == 1, "status %d for\n%s%s", r.status, cfg, r.err);
    size_t n = strlen(r.err);
    ck_assert_msg(n && r.err[n - 1] == '\n', "no whole line for\n%s%s", cfg, r.err);
    r.err[n - 1] = 0;
    const char *last = strrchr(r.err, '\n') ? strrchr(r.err, '\n') + 1 : r.err, *found = strstr(r.err, cfg_path);
    ck_assert_msg(found >= last && strspn(last, " 0123456789") >= (size_t)(found - last),
                  "the last line is not about the file:\n%s%s", cfg, r.err);
    ck_assert_msg(!strcmp(found + strlen(cfg_path), expected), "expected \"%s\":\n%s%s", expected, cfg, r.err);
    for (char *line = strtok(r.err, "\n"); line && line < last; line = strtok(0, "\n"))
        ck_assert_msg(strstr(line, "Using default") || strstr(line, "->") || strstr(line, "built without oneDNN") ||
                          strstr(line, "layer     filters") || !strncmp(line + 6, "cost ", 5) ||
                          !strncmp(line + 6, "softmax ", 8),
                      "\"%s\" is said besides:\n%s", line, cfg);
}

static void expect_bad_cfg(const char *cfg, const char *expected)
{
    write_text(cfg_path, cfg);
    const char *const argv[] = {"darknet", "vd", "report", cfg_path, weights_path, 0};
    run_result r = run(argv);
    ck_assert_str_eq(r.out, "");
    expect_message(r, cfg, expected);
    free_run(r);
}

typedef struct {
    const char *cfg, *message; /* the part after the file's name */
} bad_cfg;

static void expect_bad_cfgs(const bad_cfg *cases, size_t n)
{
    for (size_t i = 0; i < n; ++i) expect_bad_cfg(cases[i].cfg, cases[i].message);
}

#define EXPECT_ALL(cases) expect_bad_cfgs(cases, sizeof(cases) / sizeof(*(cases)))

START_TEST(a_bad_value_of_a_variational_key_names_file_layer_section_key_and_value)
{
    static const bad_cfg cases[] = {
        {NET CONN "threshold=abc\n" ENDING, ": layer 0 [vd_connected]: threshold=abc is not a number"},
        {NET CONN "threshold=nan\n" ENDING, ": layer 0 [vd_connected]: threshold=nan is not a number"},
        {NET CONN "threshold=inf\n" ENDING, ": layer 0 [vd_connected]: threshold=inf is not a number"},
        {NET CONN "threshold=1e999\n" ENDING, ": layer 0 [vd_connected]: threshold=1e999 is not a number"},
        {NET CONV "threshold=abc\n" ENDING, ": layer 0 [vd_convolutional]: threshold=abc is not a number"},
        {NET CONV CONN "threshold=1e9\n" ENDING,
         ": layer 1 [vd_connected]: threshold=1e9 is not between -10000 and 10000"},
        {NET CONN "log_sigma2=-1e9\n" ENDING,
         ": layer 0 [vd_connected]: log_sigma2=-1e9 is not between -10000 and 10000"},
        {NET CONN "log_sigma2=x\n" ENDING, ": layer 0 [vd_connected]: log_sigma2=x is not a number"},
        {NET CONN "train_clip=2\n" ENDING, ": layer 0 [vd_connected]: train_clip=2 is not between 0 and 1"},
        {NET CONN "train_clip=-1\n" ENDING, ": layer 0 [vd_connected]: train_clip=-1 is not between 0 and 1"},
        {NET CONN "train_clip=0.5\n" ENDING, ": layer 0 [vd_connected]: train_clip=0.5 is not an integer"},
        {NET CONN "treshold=3\n" ENDING, ": layer 0 [vd_connected]: treshold is not a key of this section"},
        {NET CONN "filters=3\n" ENDING, ": layer 0 [vd_connected]: filters is not a key of this section"},
        {NET CONN "samples=3\n" ENDING, ": layer 0 [vd_connected]: samples is not a key of this section"},
        {NET CONV "output=3\n" ENDING, ": layer 0 [vd_convolutional]: output is not a key of this section"},
        {NET CONN "threshold=3\nthreshold=4\n" ENDING, ": layer 0 [vd_connected]: threshold is given twice"},
        {NET CONN "output=3\n" ENDING, ": layer 0 [vd_connected]: output is given twice"},
    };
    EXPECT_ALL(cases);
}
END_TEST

START_TEST(a_key_without_a_value_is_named)
{
    static const bad_cfg cases[] = {
        {NET CONN "threshold\n" ENDING, ": layer 0 [vd_connected]: threshold has no value"},
        {NET CONN "train_clip\n" ENDING, ": layer 0 [vd_connected]: train_clip has no value"},
        {NET CONN "[vd_cost]\nsamples\n", ": layer 1 [vd_cost]: samples has no value"},
    };
    EXPECT_ALL(cases);
}
END_TEST

/* Darknet's reader of cfg files prints its own line about such a line */
START_TEST(a_key_with_an_empty_value_is_named)
{
    write_text(cfg_path, NET CONN "log_sigma2=\n" ENDING);
    const char *const argv[] = {"darknet", "vd", "report", cfg_path, weights_path, 0};
    run_result r = run(argv);
    char *expected = vd_format("%s: layer 0 [vd_connected]: log_sigma2 has no value\n", cfg_path);
    ck_assert_msg(r.status == 1 && strstr(r.err, expected), "status %d: %s", r.status, r.err);
    free(expected);
    free_run(r);
}
END_TEST

START_TEST(a_bad_value_of_a_stock_key_is_named_in_a_variational_section)
{
    static const bad_cfg cases[] = {
#define C "[vd_convolutional]\n"
#define AT0 ": layer 0 [vd_convolutional]: "
        {NET C "filters=0\n" ENDING, AT0 "filters=0 is not between 1 and 1048576"},
        {NET C "filters=-3\n" ENDING, AT0 "filters=-3 is not between 1 and 1048576"},
        {NET C "filters=abc\n" ENDING, AT0 "filters=abc is not an integer"},
        {NET C "filters=1.5\n" ENDING, AT0 "filters=1.5 is not an integer"},
        {NET C "filters=4\nsize=0\n" ENDING, AT0 "size=0 is not between 1 and 4096"},
        {NET C "filters=4\nstride=0\n" ENDING, AT0 "stride=0 is not between 1 and 4096"},
        {NET C "filters=4\npad=x\n" ENDING, AT0 "pad=x is not an integer"},
        {NET C "filters=4\npad=-1\n" ENDING, AT0 "pad=-1 is not between 0 and 4096"},
        {NET C "filters=4\npadding=x\n" ENDING, AT0 "padding=x is not an integer"},
        {NET C "filters=4\ngroups=0\n" ENDING, AT0 "groups=0 is not between 1 and 1048576"},
        {NET C "filters=3\ngroups=2\n" ENDING, AT0 "groups=2 does not divide 2 channels and 3 filters"},
        {NET C "filters=3\ngroups=3\n" ENDING, AT0 "groups=3 does not divide 2 channels and 3 filters"},
        {NET C "filters=4\ngroups=2\nflipped=1\n" ENDING,
         AT0 "flipped=1 does not work with groups: Darknet transposes the weights as one matrix"},
        {NET C "filters=4\nbinary=1\n" ENDING, AT0 "binary and xnor weights cannot be variational"},
        {NET C "filters=4\nxnor=1\n" ENDING, AT0 "binary and xnor weights cannot be variational"},
        {NET C "filters=4\nflipped=x\n" ENDING, AT0 "flipped=x is not an integer"},
        {NET C "filters=4\nnumload=5\n" ENDING, AT0 "numload=5 is not between 0 and 4"},
        {NET C "filters=4\nbatch_normalize=yes\n" ENDING, AT0 "batch_normalize=yes is not an integer"},
        {NET C "filters=4\nactivation=rleu\n" ENDING, AT0 "activation=rleu is not known"},
        {NET C "filters=4\nsize=9\n" ENDING, AT0 "size=9 is larger than a side of 6 plus a padding of 0"},
        {NET C "filters=4\nsize=9\npadding=1\n" ENDING, AT0 "size=9 is larger than a side of 6 plus a padding of 2"},
        {NET "[vd_connected]\noutput=0\n" ENDING, ": layer 0 [vd_connected]: output=0 is not between 1 and 16777216"},
        {NET "[vd_connected]\noutput=-5\n" ENDING, ": layer 0 [vd_connected]: output=-5 is not between 1 and 16777216"},
        {NET "[vd_connected]\noutput=ten\n" ENDING, ": layer 0 [vd_connected]: output=ten is not an integer"},
        {NET CONN "learning_rate=x\n" ENDING, ": layer 0 [vd_connected]: learning_rate=x is not a number"},
        {NET CONN "activation=rleu\n" ENDING, ": layer 0 [vd_connected]: activation=rleu is not known"},
        {NET CONN "dontload=maybe\n" ENDING, ": layer 0 [vd_connected]: dontload=maybe is not an integer"},
        {NET CONV "[maxpool]\nsize=2\nstride=2\n" CONN "batch_normalize=2\n" ENDING,
         ": layer 2 [vd_connected]: batch_normalize=2 is not between 0 and 1"},
    };
    EXPECT_ALL(cases);
}
END_TEST

START_TEST(a_bad_cost_section_is_named)
{
    static const bad_cfg cases[] = {
#define AT1 ": layer 1 [vd_cost]: "
        {NET CONN "[vd_cost]\n", AT1 "samples=N (the number of training images) is missing"},
        {NET CONN "[vd_cost]\nsamples=0\n", AT1 "samples=0 is not between 1 and 9223372036854775807"},
        {NET CONN "[vd_cost]\nsamples=-5\n", AT1 "samples=-5 is not between 1 and 9223372036854775807"},
        {NET CONN "[vd_cost]\nsamples=1.5\n", AT1 "samples=1.5 is not an integer"},
        {NET CONN "[vd_cost]\nsamples=abc\n", AT1 "samples=abc is not an integer"},
        {NET CONN ENDING "kl_scale=x\n", AT1 "kl_scale=x is not a number"},
        {NET CONN ENDING "kl_start=x\n", AT1 "kl_start=x is not a number"},
        {NET CONN ENDING "kl_ramp=nan\n", AT1 "kl_ramp=nan is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=x\n", AT1 "freeze_log_alpha=x is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=nan\n", AT1 "freeze_log_alpha=nan is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=inf\n", AT1 "freeze_log_alpha=inf is not a number"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=-8.1\n",
         AT1 "freeze_log_alpha=-8.1 is not between -8 and 8"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_log_alpha=9\n", AT1 "freeze_log_alpha=9 is not between -8 and 8"},
        {NET CONN ENDING "freeze_log_alpha=4\n",
         AT1 "freeze_log_alpha needs freeze_pruned=N, the batches after which a weight is frozen"},
        {NET CONN ENDING "freeze_start=4\n",
         AT1 "freeze_start needs freeze_pruned=N, the batches after which a weight is frozen"},
        {NET CONN ENDING "freeze_pruned=1\nfreeze_start=x\n", AT1 "freeze_start=x is not a number"},
        {NET CONN ENDING "report=x\n", AT1 "report=x is not an integer"},
        {NET CONN ENDING "report=-1\n", AT1 "report=-1 is not between 0 and 2147483647"},
        {NET CONN ENDING "threshold=3\n", AT1 "threshold is not a key of this section"},
        {NET CONN ENDING "samples=11\n", AT1 "samples is given twice"},
        {NET CONN ENDING "type=sse\n", AT1 "type is not a key of this section"},
        {NET CONN ENDING "scale=2\n", AT1 "scale is not a key of this section"},
        {NET CONN ENDING CONN, AT1 "must be the last section, but layer 2 follows"},
        {NET CONN ENDING "[softmax]\n", AT1 "must be the last section, but layer 2 follows"},
        {NET CONN ENDING ENDING, AT1 "must be the last section, but layer 2 follows"},
        {NET ENDING, ": layer 0 [vd_cost]: cannot be the first layer"},
    };
    EXPECT_ALL(cases);
    /* the largest value has many digits: not compared */
    static const char *const negative[] = {"kl_scale=-1", "kl_start=-1", "kl_ramp=-1", "freeze_start=-1"};
    for (int i = 0; i < COUNT_OF(negative); ++i) {
        char *cfg = vd_format(NET CONN ENDING "freeze_pruned=1\n%s\n", negative[i]),
             *part = vd_format(AT1 "%s is not between 0 and", negative[i]);
        write_text(cfg_path, cfg);
        const char *const argv[] = {"darknet", "vd", "report", cfg_path, weights_path, 0};
        run_result r = run(argv);
        ck_assert_msg(r.status == 1 && strstr(r.err, part), "%s: status %d: %s", negative[i], r.status, r.err);
        free_run(r);
        free(cfg);
        free(part);
    }
}
END_TEST

START_TEST(an_unknown_section_is_named)
{
    static const bad_cfg cases[] = {
        {NET "[vd_conected]\noutput=3\n" ENDING,
         ": layer 0 [vd_conected]: unknown section; did you mean [vd_connected]?"},
        {NET CONN "[vd_costs]\nsamples=3\n", ": layer 1 [vd_costs]: unknown section; did you mean [vd_cost]?"},
        {NET CONN "[vd_cots]\nsamples=3\n", ": layer 1 [vd_cots]: unknown section; did you mean [vd_cost]?"},
        {NET "[VD_CONNECTED]\noutput=3\n" ENDING,
         ": layer 0 [VD_CONNECTED]: unknown section; did you mean [vd_connected]?"},
    };
    EXPECT_ALL(cases);
}
END_TEST

START_TEST(a_bad_value_of_our_net_keys_is_named)
{
    static const bad_cfg cases[] = {
#define MAX_LONG "9223372036854775807"
        {NET "seed=abc\n" CONN ENDING, ": [net]: seed=abc is not an integer"},
        {NET "seed=-1\n" CONN ENDING, ": [net]: seed=-1 is not between 0 and " MAX_LONG},
        {NET "seed=1.5\n" CONN ENDING, ": [net]: seed=1.5 is not an integer"},
        {NET "seed=99999999999999999999\n" CONN ENDING, ": [net]: seed=99999999999999999999 is not an integer"},
        {NET "flip=2\n" CONN ENDING, ": [net]: flip=2 is not between 0 and 1"},
        {NET "flip=no\n" CONN ENDING, ": [net]: flip=no is not an integer"},
        {"[net]\nbatch=1\nheight=6\nwidth=6\nchannels=x\n" CONN ENDING, ": [net]: channels=x is not an integer"},
        {"[net]\nbatch=1\nheight=6\nwidth=6\nchannels=-1\n" CONN ENDING,
         ": [net]: channels=-1 is not between 0 and 1048576"},
    };
    EXPECT_ALL(cases);
}
END_TEST

/* the programs that train read the cfg before anything else */
START_TEST(training_with_a_bad_cfg_ends_before_it_writes_anything)
{
    static const bad_cfg cases[] = {
        {NET CONN "threshold=abc\n[softmax]\n" ENDING, ": layer 0 [vd_connected]: threshold=abc is not a number"},
        {NET CONN "[softmax]\n[vd_cost]\n",
         ": layer 2 [vd_cost]: samples=N (the number of training images) is missing"},
        {NET CONN ENDING "[softmax]\n", ": layer 1 [vd_cost]: must be the last section, but layer 2 follows"},
        {NET "[vd_conected]\noutput=3\n" ENDING,
         ": layer 0 [vd_conected]: unknown section; did you mean [vd_connected]?"},
        {NET "seed=abc\n" CONN ENDING, ": [net]: seed=abc is not an integer"},
    };
    char *data = in_folder(folder, "some.data"), *text = vd_format("classes=3\nbackup=%s\n", folder);
    write_text(data, text);
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        write_text(cfg_path, cases[i].cfg);
        const char *const argv[] = {"darknet", "classifier", "train", data, cfg_path, 0};
        run_result r = run(argv);
        expect_message(r, cases[i].cfg, cases[i].message);
        ck_assert_int_eq(files_in(folder, ""), 2);
        free_run(r);
    }
    free(text);
    free(data);
}
END_TEST

/* ---- good cfgs --------------------------------------------------------------------------------------------------- */

static void train_once(network *net)
{
    fill_random(net->input, (size_t)net->batch * net->inputs, 5);
    for (int b = 0; b < net->batch; ++b) net->truth[b * net->truths] = 1;
    float loss = train_network_datum(net);
    ck_assert(isfinite(loss));
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type == COST) continue; /* [vd_cost] has outputs and does not write them */
        for (int k = 0; l.output && k < l.outputs * l.batch; ++k) ck_assert_msg(isfinite(l.output[k]), "layer %d", i);
    }
}

START_TEST(every_activation_of_darknet_works_in_a_variational_layer)
{
    static const char *const names[] = {"logistic", "loggy", "relu", "elu",   "selu",  "relie",   "ramp",
                                        "linear",   "tanh",  "plse", "leaky", "stair", "hardtan", "lhtan"};
    ck_assert_uint_eq(COUNT_OF(names), SELU + 1);
    for (size_t i = 0; i < COUNT_OF(names); ++i) {
        char *cfg = vd_format(NET CONV "activation=%s\n" CONN "activation=%s\n[softmax]\n" ENDING, names[i], names[i]);
        network *net = network_of(cfg, 0);
        ck_assert_int_eq(net->layers[0].activation, get_activation((char *)names[i]));
        ck_assert_int_eq(net->layers[1].activation, get_activation((char *)names[i]));
        train_once(net);
        free_network(net);
        free(cfg);
    }
}
END_TEST

START_TEST(the_short_section_names_are_the_long_ones)
{
    network *net = network_of(NET "[vd_conv]\nfilters=4\nsize=3\nthreshold=2\nlog_sigma2=-7\ntrain_clip=1\n"
                                  "[vd_conn]\noutput=3\n" ENDING,
                              0);
    const vd_layer *conv = vd_layer_of(net->layers[0]), *conn = vd_layer_of(net->layers[1]);
    ck_assert_int_eq(net->layers[0].type, CONVOLUTIONAL);
    ck_assert_int_eq(net->layers[1].type, CONNECTED);
    ck_assert_ptr_nonnull(conv);
    ck_assert_uint_eq(conv->n, 4 * 2 * 9);
    ck_assert(conv->threshold == 2 && conv->train_clip == 1 && conv->index == 0);
    for (size_t i = 0; i < conv->n; ++i) ck_assert(conv->log_sigma2[i] == -7);
    /* the defaults of the contract */
    ck_assert_ptr_nonnull(conn);
    ck_assert_uint_eq(conn->n, 3 * 64);
    ck_assert(conn->threshold == 3 && conn->train_clip == 0 && conn->index == 1);
    for (size_t i = 0; i < conn->n; ++i) ck_assert(conn->log_sigma2[i] == -10);
    const vd_cost *cost = vd_cost_of(net);
    ck_assert(cost->samples == 10 && cost->kl_scale == 1 && cost->kl_start == 0 && cost->kl_ramp == 0);
    ck_assert(cost->freeze_pruned == 0 && cost->freeze_log_alpha == 8 && cost->freeze_start == 0);
    free_network(net);
}
END_TEST

START_TEST(freezing_starts_at_the_end_of_the_ramp_unless_it_is_at_the_clip_or_told)
{
    static const struct {
        const char *keys;
        double start;
    } cases[] = {
        {"freeze_pruned=2\n", 0},
        {"freeze_pruned=2\nfreeze_log_alpha=8\n", 0},
        {"freeze_pruned=2\nfreeze_log_alpha=7.5\n", 150},
        {"freeze_pruned=2\nfreeze_log_alpha=4\nfreeze_start=20.5\n", 20.5},
        {"freeze_pruned=2\nfreeze_start=3\n", 3},
        {"freeze_pruned=0\nfreeze_log_alpha=7\n", 150}, /* none at all, and no error */
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        char *cfg = vd_format(NET CONN ENDING "kl_start=50\nkl_ramp=100\n%s", cases[i].keys);
        network *net = network_of(cfg, 0);
        ck_assert_msg(vd_cost_of(net)->freeze_start == cases[i].start, "%s", cases[i].keys);
        free_network(net);
        free(cfg);
    }
}
END_TEST

START_TEST(every_stock_key_of_a_convolutional_layer_is_taken)
{
    network *net =
        network_of(NET "[vd_convolutional]\nfilters=4\nsize=3\nstride=2\npadding=2\ngroups=2\nbatch_normalize=1\n"
                       "activation=leaky\nbinary=0\nxnor=0\nflipped=0\ndot=0\ndontload=0\nnumload=4\n"
                       "learning_rate=0.5\nsmooth=0\nstopbackward=1\n" ENDING,
                   0);
    layer l = net->layers[0];
    ck_assert_int_eq(l.stride, 2);
    ck_assert_int_eq(l.pad, 2);
    ck_assert_int_eq(l.groups, 2);
    ck_assert_int_eq(l.out_w, 4);
    ck_assert_int_eq(l.stopbackward, 1);
    ck_assert(l.learning_rate_scale == .5f);
    free_network(net);
}
END_TEST

/* the image sizes a net is resized to, and back */
START_TEST(a_resized_network_trains_predicts_and_frees_as_before)
{
    static const int sizes[] = {10, 4, 7, 6};
    network *net = network_of(NET "[vd_convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\nbatch_normalize=1\n"
                                  "[vd_convolutional]\nfilters=3\nsize=1\nactivation=linear\n[avgpool]\n",
                              0);
    network *same = network_of(NET "[vd_convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\nbatch_normalize=1\n"
                                   "[vd_convolutional]\nfilters=3\nsize=1\nactivation=linear\n[avgpool]\n",
                               0);
    train_once(net);
    for (int i = 0; i < 4; ++i) {
        resize_network(net, sizes[i], sizes[i]);
        ck_assert_int_eq(net->inputs, 2 * sizes[i] * sizes[i]);
        train_once(net);
    }
    save_weights(net, weights_path);
    load_weights(same, weights_path);
    float *input = vd_calloc(2 * net->inputs, sizeof(float));
    fill_random(input, 2 * net->inputs, 8);
    const float *a = network_predict(net, input), *b = network_predict(same, input);
    for (int i = 0; i < 2 * 3; ++i) ck_assert(a[i] == b[i]);
    free(input);
    free_network(net);
    free_network(same);
}
END_TEST

/* bytes not freed by a round of make, train, resize, train, free; the first rounds fill pools that are kept */
static double bytes_kept_by(const char *cfg)
{
    enum { WARM = 10, ROUNDS = 20 };
    size_t before = 0;
    for (int i = 0; i < WARM + ROUNDS; ++i) {
        if (i == WARM) before = mallinfo2().uordblks;
        network *net = network_of(cfg, 0);
        train_once(net);
        resize_network(net, 12, 12);
        train_once(net);
        free_network(net);
    }
    return ((double)mallinfo2().uordblks - before) / ROUNDS;
}

START_TEST(a_freed_network_keeps_no_memory_a_plain_one_would_not)
{
#define IN(vd) NET "[" vd "convolutional]\nfilters=40\nsize=3\npad=1\nactivation=leaky\n"
    setenv("DARKNET_THREADS", "1", 1); /* other threads allocate their buffers at their first work, and keep them */
    double vd = bytes_kept_by(IN("vd_") "train_clip=1\n" ENDING), plain = bytes_kept_by(IN("") "[cost]\n");
    /* stock keeps its workspace; the plugin's smallest array has 2880 bytes; malloc's own pools vary a little */
    ck_assert_msg(vd < plain + 1200, "%g bytes a network, a plain one %g", vd, plain);
}
END_TEST

START_TEST(variational_layers_stand_before_route_and_shortcut)
{
    network *net = network_of(NET "[vd_convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\nbatch_normalize=1\n"
                                  "[vd_convolutional]\nfilters=4\nsize=1\nactivation=leaky\n"
                                  "[shortcut]\nfrom=-2\nactivation=linear\n"
                                  "[vd_convolutional]\nfilters=2\nsize=3\npad=1\n"
                                  "[route]\nlayers=-1,0\n"
                                  "[upsample]\nstride=2\n"
                                  "[vd_connected]\noutput=3\nactivation=linear\n[softmax]\n" ENDING,
                              0);
    ck_assert_int_eq(net->layers[4].out_c, 6);
    float first = net->layers[0].weights[0], S = vd_layer_of(net->layers[0])->log_sigma2[0];
    train_once(net);
    ck_assert(net->layers[0].weights[0] != first);
    ck_assert(vd_layer_of(net->layers[0])->log_sigma2[0] != S);
    ck_assert_int_eq(net->truths, 3);
    free_network(net);
}
END_TEST

/* programs read these members of the network's last layer */
START_TEST(the_cost_section_lends_the_detection_layers_numbers)
{
    static const struct {
        const char *cfg;
        LAYER_TYPE type;
    } cases[] = {
        {NET "[vd_convolutional]\nfilters=16\nsize=1\nactivation=linear\n"
             "[yolo]\nmask=0,1\nanchors=1,2,3,4\nclasses=3\nnum=2\njitter=.37\nmax=17\nrandom=1\n" ENDING,
         YOLO},
        {NET "[vd_convolutional]\nfilters=16\nsize=1\nactivation=linear\n"
             "[region]\nanchors=1,2,3,4\nclasses=3\ncoords=4\nnum=2\njitter=.37\nmax=17\nbackground=0\nsoftmax="
             "1\nrandom=1\n" ENDING,
         REGION},
        {NET "[vd_connected]\noutput=52\nactivation=linear\n"
             "[detection]\nclasses=3\ncoords=4\nside=2\nnum=2\nsqrt=1\njitter=.37\nmax=17\n" ENDING,
         DETECTION},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        network *net = network_of(cases[i].cfg, 0);
        layer a = net->layers[net->n - 2], b = net->layers[net->n - 1];
        ck_assert_int_eq(a.type, cases[i].type);
        ck_assert_int_eq(b.type, COST);
        ck_assert_int_eq(b.classes, 3);
        ck_assert_int_eq(b.coords, a.coords);
        ck_assert(b.jitter == .37f);
        ck_assert_int_eq(b.max_boxes, 17);
        ck_assert_int_eq(b.random, a.random);
        ck_assert_int_eq(b.truths, a.truths);
        ck_assert_int_eq(b.w, a.w);
        ck_assert_int_eq(b.h, a.h);
        ck_assert_int_eq(b.n, a.n);
        ck_assert_int_eq(b.side, a.side);
        ck_assert_int_eq(b.background, a.background);
        ck_assert_int_eq(b.total, a.total);
        ck_assert_int_eq(b.sqrt, a.sqrt);
        ck_assert_int_eq(b.softmax, a.softmax);
        ck_assert_int_eq(net->truths, a.truths);
        ck_assert_int_eq(net->outputs, a.outputs);
        ck_assert_ptr_eq(net->output, a.output);
        ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout)); /* these layers print */
        fill_random(net->input, (size_t)net->batch * net->inputs, 5);
        for (int k = 0; k < 2; ++k) {
            net->truth[k * net->truths] = net->truth[k * net->truths + 1] = .5f;
            net->truth[k * net->truths + 2] = net->truth[k * net->truths + 3] = .3f;
        }
        float first = net->layers[0].weights[0];
        ck_assert(isfinite(train_network_datum(net)));
        ck_assert(isfinite(net->layers[0].weights[0]) && net->layers[0].weights[0] != first);
        free_network(net);
    }
}
END_TEST

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static void save_some_weights(const char *cfg)
{
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i) {
        vd_layer *vd = vd_layer_of(net->layers[i]);
        if (vd) fill_random(vd->log_sigma2, vd->n, i);
    }
    save_weights(net, weights_path);
    free_network(net);
    write_text(cfg_path, cfg);
}

START_TEST(commands_that_would_break_variational_weights_refuse_and_write_nothing)
{
    static const char *const commands[] = {"average",   "rescale",     "rgbgr",  "reset",
                                           "normalize", "denormalize", "oneoff", "oneoff2"};
    char *out = in_folder(folder, "out.weights");
    save_some_weights(NET CONV CONN ENDING);
    for (size_t i = 0; i < COUNT_OF(commands); ++i) {
        int average = !strcmp(commands[i], "average");
        const char *const argv[] = {"darknet",
                                    commands[i],
                                    cfg_path,
                                    average ? out : weights_path,
                                    average ? weights_path : out,
                                    average ? 0 : "1",
                                    0};
        char *expected =
            vd_format(": layer 0 [vd_convolutional]: 'darknet %s' does not support variational layers", commands[i]);
        run_result r = run(argv);
        expect_message(r, commands[i], expected);
        ck_assert_int_eq(files_in(folder, ""), 2);
        free_run(r);
        free(expected);
    }
    free(out);
}
END_TEST

START_TEST(the_same_commands_still_treat_plain_networks)
{
    char *out = in_folder(folder, "out.weights");
    save_some_weights("[net]\nbatch=1\nheight=6\nwidth=6\nchannels=3\n"
                      "[convolutional]\nfilters=4\nsize=3\nbatch_normalize=1\n[connected]\noutput=3\n");
    static const char *const commands[] = {"rescale", "rgbgr", "denormalize", "average"};
    for (size_t i = 0; i < 4; ++i) {
        int average = !strcmp(commands[i], "average");
        const char *const argv[] = {
            "darknet", commands[i], cfg_path, average ? out : weights_path, average ? weights_path : out, 0};
        run_result r = run(argv);
        ck_assert_msg(r.status == 0, "%s: %s", commands[i], r.err);
        ck_assert_int_eq(files_in(folder, ""), 3);
        ck_assert_int_eq(unlink(out), 0);
        free_run(r);
    }
    free(out);
}
END_TEST

START_TEST(partial_writes_a_file_this_and_stock_darknet_read)
{
    char *out = in_folder(folder, "out.weights"), *again = in_folder(folder, "again.weights");
    char *plain = in_folder(folder, "plain.cfg");
    save_some_weights(NET CONV CONN ENDING);
    const char *const argv[] = {"darknet", "partial", cfg_path, weights_path, out, "1", 0};
    run_result r = run(argv);
    ck_assert_msg(r.status == 0, "%s", r.err);
    free_run(r);
    network *part = network_of(NET CONV CONN ENDING, out), *whole = network_of(NET CONV CONN ENDING, weights_path);
    layer a = part->layers[0], b = whole->layers[0];
    ck_assert_int_eq(memcmp(a.weights, b.weights, a.nweights * sizeof(float)), 0);
    ck_assert_int_eq(memcmp(vd_layer_of(a)->log_sigma2, vd_layer_of(b)->log_sigma2, a.nweights * sizeof(float)), 0);
    for (size_t i = 0; i < vd_layer_of(part->layers[1])->n; ++i)
        ck_assert(vd_layer_of(part->layers[1])->log_sigma2[i] == -10);

    const char *program = stock_darknet();
    write_text(plain, NET "[convolutional]\nfilters=4\nsize=3\n");
    if (program) {
        const char *const stock_argv[] = {program, "partial", plain, out, again, "99", 0};
        r = run(stock_argv);
        ck_assert_msg(r.status == 0, "%s", r.err);
        free_run(r);
        size_t n, m;
        char *mine = read_bytes(out, &n), *theirs = read_bytes(again, &m);
        ck_assert_ptr_nonnull(theirs);
        ck_assert_uint_eq(m, 20 + 4 * (4 + 72));
        ck_assert_int_eq(memcmp(mine, theirs, m), 0);
        free(mine);
        free(theirs);
    } else {
        skipped(1, "stock Darknet reads a partial file: no darknet in STOCK");
    }
    free_network(part);
    free_network(whole);
    free(out);
    free(again);
    free(plain);
}
END_TEST

START_TEST(the_verbs_explain_themselves)
{
    static const struct {
        const char *argv[5];
        int status;
        const char *out, *err; /* a part of each, "" for nothing at all */
    } cases[] = {
        {{"darknet", "vd", 0}, 1, "", "usage: darknet vd VERB"},
        {{"darknet", "vd", "-h", 0}, 0, "darknet vd report CFG WEIGHTS [-json]", ""},
        {{"darknet", "vd", "--help", 0}, 0, "usage: darknet vd VERB", ""},
        {{"darknet", "vd", "nonsense", 0}, 1, "", "darknet vd: unknown verb nonsense; darknet vd -h lists them"},
        {{"darknet", "vd", "report", "-h", 0}, 0, "usage: darknet vd report CFG WEIGHTS [-json]", ""},
        {{"darknet", "vd", "report", 0}, 1, "", "CFG and WEIGHTS are needed"},
        {{"darknet", "vd", "report", "one.cfg", 0}, 1, "", "CFG and WEIGHTS are needed"},
        {{"darknet", "vd", "report", "-jsn", 0}, 1, "", "unknown option -jsn"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        run_result r = run(cases[i].argv);
        ck_assert_msg(r.status == cases[i].status, "case %zu: status %d", i, r.status);
        ck_assert_msg(*cases[i].out ? strstr(r.out, cases[i].out) != 0 : !*r.out, "case %zu: %s", i, r.out);
        ck_assert_msg(*cases[i].err ? strstr(r.err, cases[i].err) != 0 : !*r.err, "case %zu: %s", i, r.err);
        free_run(r);
    }
    const char *const four[] = {"darknet", "vd", "report", "a", "b", "c", 0};
    run_result r = run(four);
    ck_assert_int_eq(r.status, 1);
    ck_assert_str_eq(r.err, "darknet vd report: unexpected argument c\n");
    free_run(r);
}
END_TEST

START_TEST(missing_files_and_directories_are_named)
{
    save_some_weights(NET CONV CONN ENDING);
    char *missing = in_folder(folder, "missing");
    const struct {
        const char *cfg, *weights, *culprit, *why;
    } cases[] = {
        {missing, weights_path, missing, "No such file"},
        {cfg_path, missing, missing, "No such file"},
        {cfg_path, folder, folder, "is a directory"},
        {cfg_path, cfg_path, cfg_path, "not a Darknet weights file"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); ++i) {
        const char *const argv[] = {"darknet", "vd", "report", cases[i].cfg, cases[i].weights, "-json", 0};
        run_result r = run(argv);
        const char *end = strlen(r.err) > 1 ? r.err + strlen(r.err) - 2 : r.err, *last = end;
        while (last > r.err && last[-1] != '\n') --last;
        ck_assert_msg(r.status == 1 && !*r.out, "case %zu: status %d: %s", i, r.status, r.err);
        ck_assert_msg(strstr(last, cases[i].culprit) && strstr(last, cases[i].why), "case %zu: %s", i, r.err);
        free_run(r);
    }
    free(missing);
}
END_TEST

START_TEST(a_report_that_cannot_be_written_fails)
{
    save_some_weights(NET CONV CONN ENDING);
    char *darknet = getenv("DARKNET"), *command;
    command = vd_format("%s vd report %s %s -json >/dev/full", darknet ? darknet : "./darknet", cfg_path, weights_path);
    const char *const argv[] = {"sh", "-c", command, 0};
    run_result r = run(argv);
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, "standard output: cannot be written\n") != 0, "%s", r.err);
    free_run(r);
    free(command);
}
END_TEST

SUITE_OF(layer_plugin)
{
    TIMEOUT(240);
    EACH(set_up, tear_down);
    TEST(a_bad_value_of_a_variational_key_names_file_layer_section_key_and_value);
    TEST(a_key_without_a_value_is_named);
    TEST(a_key_with_an_empty_value_is_named);
    TEST(a_bad_value_of_a_stock_key_is_named_in_a_variational_section);
    TEST(a_bad_cost_section_is_named);
    TEST(an_unknown_section_is_named);
    TEST(a_bad_value_of_our_net_keys_is_named);
    TEST(training_with_a_bad_cfg_ends_before_it_writes_anything);
    TEST(every_activation_of_darknet_works_in_a_variational_layer);
    TEST(the_short_section_names_are_the_long_ones);
    TEST(freezing_starts_at_the_end_of_the_ramp_unless_it_is_at_the_clip_or_told);
    TEST(every_stock_key_of_a_convolutional_layer_is_taken);
    TEST(a_resized_network_trains_predicts_and_frees_as_before);
    TEST(a_freed_network_keeps_no_memory_a_plain_one_would_not);
    TEST(variational_layers_stand_before_route_and_shortcut);
    TEST(the_cost_section_lends_the_detection_layers_numbers);
    TEST(commands_that_would_break_variational_weights_refuse_and_write_nothing);
    TEST(the_same_commands_still_treat_plain_networks);
    TEST(partial_writes_a_file_this_and_stock_darknet_read);
    TEST(the_verbs_explain_themselves);
    TEST(missing_files_and_directories_are_named);
    TEST(a_report_that_cannot_be_written_fails);
}
