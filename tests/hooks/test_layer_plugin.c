/* hooks/layer_plugin.c: networks of variational sections, with every key, beside all other layers. */
#include "support/support.h"
#include "support/vd_cfg.h"
#include "layer/vd_cost_layer.h"
#include "layer/vd_layer.h"
#include "base/fail.h"
#include "base/text.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"

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

static void train_without_and_with_gru(const char *unused)
{
    static const char *const sections[] = {"[connected]\noutput=3\n", "[connected]\noutput=3\n[gru]\noutput=3\n"};
    (void)unused;
    for (int i = 0; i < 2; ++i) {
        char *cfg = vd_format("[net]\nbatch=2\ninputs=3\n%s[softmax]\n", sections[i]);
        network *net = network_of(cfg, 0);
        train_once(net), train_once(net);
        free_network(net), free(cfg);
    }
    exit(0);
}

START_TEST(a_layer_without_a_backward_pass_is_named_though_another_network_was_trained_before)
{
    static const char said[] = "layer 1 [gru]: has no backward pass on the CPU";
    char *err;
    ck_assert_int_eq(in_child(train_without_and_with_gru, 0, &err), 0);
    const char *first = strstr(err, said);
    ck_assert_msg(first != 0 && !strstr(first + 1, said), "%s", err);
    free(err);
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

SUITE_OF(layer_plugin)
{
    TIMEOUT(240);
    EACH(make_cfg_folder, remove_cfg_folder);
    TEST(every_activation_of_darknet_works_in_a_variational_layer);
    TEST(a_layer_without_a_backward_pass_is_named_though_another_network_was_trained_before);
    TEST(the_short_section_names_are_the_long_ones);
    TEST(freezing_starts_at_the_end_of_the_ramp_unless_it_is_at_the_clip_or_told);
    TEST(every_stock_key_of_a_convolutional_layer_is_taken);
    TEST(a_resized_network_trains_predicts_and_frees_as_before);
    TEST(a_freed_network_keeps_no_memory_a_plain_one_would_not);
    TEST(variational_layers_stand_before_route_and_shortcut);
    TEST(the_cost_section_lends_the_detection_layers_numbers);
}
