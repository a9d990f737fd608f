/* Networks that stock Darknet parses and then crashes on, in a training, at its end, or when weights are loaded: they
 * work. `make asan` finds what writes past an end. */
#include "support/drawings.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void setup(void)
{
    enter_test_folder();
    draw_digits(folder, 40, 10);
}

#define NET                                                                                                          \
    "[net]\nbatch=4\nheight=12\nwidth=12\nchannels=1\nmax_crop=12\nflip=0\nlearning_rate=.001\nmax_batches=3\nseed=" \
    "1\n"
#define CONV "[vd_convolutional]\nfilters=4\nsize=3\nstride=2\npad=1\nactivation=leaky\n"
#define END "[vd_connected]\noutput=10\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=40\n"

static const char *const nets[] = {
    /* recurrent layers, one step long */
    CONV "[rnn]\noutput=5\n",
    CONV "[rnn]\noutput=5\nbatch_normalize=1\n",
    CONV "[lstm]\noutput=5\n",
    CONV "[lstm]\noutput=5\nbatch_normalize=1\n",
    CONV "[gru]\noutput=5\n",
    CONV "[crnn]\noutput_filters=3\nhidden_filters=2\nactivation=leaky\n",
    "[crnn]\noutput_filters=3\nhidden_filters=2\nactivation=leaky\n",
    "[rnn]\noutput=5\n",
    "[lstm]\noutput=5\n",
    /* layers with weights of their own kind */
    CONV "[batchnorm]\n",
    "[batchnorm]\n",
    CONV "[deconvolutional]\nfilters=3\nsize=2\nstride=2\nactivation=leaky\n",
    "[deconvolutional]\nfilters=3\nsize=2\nstride=2\nactivation=leaky\nbatch_normalize=1\n",
    CONV "[local]\nfilters=2\nsize=3\npad=1\n",
    CONV "[convolutional]\nfilters=4\nsize=1\npadding=2\nactivation=linear\n",
    CONV "[convolutional]\nfilters=4\nsize=3\nbinary=1\nactivation=linear\n",
    CONV "[convolutional]\nfilters=4\nsize=1\npadding=20\nactivation=leaky\n",
    /* first layers without weights: there is nowhere to write the input's gradient */
    "[avgpool]\n",
    "[maxpool]\nsize=2\nstride=2\n",
    "[upsample]\nstride=2\n",
    "[upsample]\nstride=-2\n",
    "[normalization]\nsize=1\n",
    "[activation]\nactivation=leaky\n",
    "[reorg]\nflatten=1\n",
    "[crop]\ncrop_height=10\ncrop_width=10\n",
    "[l2norm]\n",
};

START_TEST(an_odd_network_trains_and_its_weights_load)
{
    char *text = vd_format(NET "%s" END, nets[_i]);
    write_text("c.cfg", text);
    free_run(darknet(0, "classifier", "train", "digits/digits.data", "c.cfg", NULL));
    run_result r = darknet(0, "classifier", "valid", "digits/digits.data", "c.cfg", "digits/backup/c.weights", NULL);
    ck_assert_msg(strstr(r.out, "9: top 1: ") && !strstr(r.out, "nan"), "%s\n%s", nets[_i], r.out);
    free_run(r);
    free(text);
}
END_TEST

/* a training compares them with the truth, which has fewer numbers; predictions are right */
START_TEST(a_layer_that_compares_more_than_there_is_ends_a_training_alone)
{
    static const char *const inner[] = {"[softmax]\n", "[logistic]\n", "[cost]\ntype=sse\n"};
    char *text = vd_format(NET "%s" END, inner[_i]), *first = vd_format(NET CONV "%s" END, inner[_i]);
    write_text("c.cfg", _i == 2 ? first : text);
    run_result r = darknet(1, "classifier", "train", "digits/digits.data", "c.cfg", NULL);
    char *said = vd_format("c.cfg: layer %d [%.7s", _i == 2, inner[_i] + 1);
    said[strcspn(said, "]")] = 0;
    ck_assert_msg(strstr(r.err, said) && strstr(r.err, " truth values per image, but there are 10\n"), "%s", r.err);
    free_run(r);
    free_run(darknet(0, "classifier", "valid", "digits/digits.data", "c.cfg", NULL));
    free(text), free(first), free(said);
}
END_TEST

START_TEST(of_gru_it_is_said_that_it_does_not_learn)
{
    write_text("c.cfg", NET CONV "[gru]\noutput=5\n" END);
    run_result r = darknet(0, "classifier", "train", "digits/digits.data", "c.cfg", NULL);
    ck_assert_msg(strstr(r.err, "layer 1 [gru]: has no backward pass on the CPU") != 0, "%s", r.err);
    free_run(r);
}
END_TEST

START_TEST(a_network_of_one_pixel_predicts)
{
    write_text("c.cfg", "[net]\nbatch=4\nheight=1\nwidth=1\nchannels=1\nmax_crop=1\nflip=0\nmax_batches=3\n"
                        "[convolutional]\nfilters=3\nsize=1\nactivation=leaky\n" END);
    free_run(darknet(0, "classifier", "train", "digits/digits.data", "c.cfg", NULL));
    run_result r = darknet(0, "classifier", "valid", "digits/digits.data", "c.cfg", "digits/backup/c.weights", NULL);
    ck_assert_msg(strstr(r.out, "9: top 1: ") && !strstr(r.out, "nan"), "%s", r.out);
    free_run(r);
}
END_TEST

/* each weight is finite, their sums are not */
START_TEST(outputs_that_are_not_finite_are_named)
{
    static const char *const commands[][4] = {
        {"classifier", "valid", "digits/digits.data", 0},
        {"classifier", "predict", "digits/digits.data", "digits/test/00009_digit9.png"},
        {"vd", "sweep", "digits/digits.data", 0}};
    const char *const *c = commands[_i / 2], *said = ": the weights are damaged, or hardly trained\n";
    int strict = _i % 2;
    write_text("c.cfg", NET CONV "[avgpool]\n" END);
    silence_stderr();
    network *net = parse_network_cfg("c.cfg");
    for (int i = 0; i < net->layers[0].nweights; ++i) net->layers[0].weights[i] = 3e38f;
    save_weights(net, "c.weights");
    run_result r = darknet(strict, c[0], c[1], c[2], "c.cfg", "c.weights", strict ? "-strict" : "-nogpu", c[3], NULL);
    const char *line = strstr(r.err, said);
    ck_assert_msg(line && strstr(r.err, "c.cfg: layer 0 vd_convolutional: output["), "%s", r.err);
    ck_assert_ptr_null(strstr(line + 1, said));
    free_run(r);
    free_network(net);
}
END_TEST

/* after a batch the rolling variances are a hundredth of what they will be: each layer multiplies by 10 in a test */
START_TEST(a_training_outlives_outputs_of_its_validation_that_are_not_finite)
{
    enum { LAYERS = 45 };
    static const char conv[] = "[convolutional]\nfilters=2\nbatch_normalize=1\nactivation=linear\n";
    static char cfg[2 * LAYERS * sizeof(conv)] = "[net]\nbatch=40\nheight=12\nwidth=12\nchannels=1\nmax_crop=12\n"
                                                 "flip=0\nlearning_rate=.001\nmax_batches=3\nseed=1\n";
    for (int i = 0; i < LAYERS; ++i) strcat(cfg, conv);
    write_text("c.cfg", strcat(cfg, "[avgpool]\n" END));
    char *data = read_bytes("digits/digits.data", &(size_t){0}), *validating = vd_format("%s\nvalidate=1\n", data);
    write_text("v.data", validating);
    run_result r = darknet(0, "classifier", "train", "v.data", "c.cfg", "-strict", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, "batch 3: error "));
    free_run(r);
    r = darknet(1, "classifier", "valid", "v.data", "c.cfg", "digits/backup/c_1.weights", "-strict", NULL);
    ck_assert_ptr_nonnull(strstr(r.err, ": the weights are damaged, or hardly trained\n"));
    free_run(r);
    free(validating), free(data);
}
END_TEST

/* ---- gradients of the recurrent layers ---- */

#define STEPS(size) "[net]\nbatch=2\ntime_steps=3\nlearning_rate=0\nmomentum=0\ndecay=0\n" size
#define ENDING "[connected]\noutput=2\nactivation=linear\n[cost]\ntype=sse\n"

static const char *const recurrent[] = {
    STEPS("inputs=4\n") "[rnn]\noutput=3\nactivation=tanh\n" ENDING,
    STEPS("inputs=4\n") "[rnn]\noutput=3\nactivation=tanh\nshortcut=1\n" ENDING,
    STEPS("inputs=4\n") "[lstm]\noutput=3\n" ENDING,
    STEPS("height=3\nwidth=3\nchannels=1\n") "[crnn]\noutput_filters=2\nhidden_filters=2\nactivation=tanh\n" ENDING,
    STEPS("height=3\nwidth=3\nchannels=1\n") "[crnn]\noutput_filters=2\nhidden_filters=2\nactivation=tanh\nshortcut="
                                             "1\n" ENDING,
};

/* of a sequence with nothing before it */
static double cost_of(network *net)
{
    layer l = net->layers[0];
    if (l.type == LSTM) {
        memset(l.c_cpu, 0, l.outputs * l.batch * sizeof(float));
        memset(l.h_cpu, 0, l.outputs * l.batch * sizeof(float));
    }
    net->train = 1;
    forward_network(net);
    return *net->cost;
}

START_TEST(gradients_of_a_recurrent_layer_match_finite_differences)
{
    static const float h = 1e-2f;
    network *net = network_of(recurrent[_i], 0);
    layer l = net->layers[0];
    layer *parts[] = {l.input_layer, l.self_layer, l.output_layer, l.uf, l.ui, l.ug, l.uo, l.wf, l.wi, l.wg, l.wo};
    int tried = 0;
    fill_random(net->input, (size_t)net->inputs * net->batch, 5);
    fill_random(net->truth, (size_t)net->truths * net->batch, 6);
    cost_of(net);
    backward_network(net);
    for (int p = 0; p < 11; ++p) {
        int n = !parts[p] ? 0 : parts[p]->nweights ? parts[p]->nweights : parts[p]->inputs * parts[p]->outputs;
        for (int k = 0; k < n; ++k, ++tried) {
            float *w = parts[p]->weights + k, weight = *w;
            *w = weight + h;
            double above = cost_of(net);
            *w = weight - h;
            double slope = (above - cost_of(net)) / (2 * h);
            *w = weight;
            /* the cost is a sum of squares, and Darknet's gradient is half its derivative */
            ck_assert_msg(close_to(parts[p]->weight_updates[k], -slope / 2, 1e-2, 3e-4),
                          "part %d, weight %d: %g and %g", p, k, parts[p]->weight_updates[k], -slope / 2);
        }
    }
    ck_assert_int_ge(tried, 30);
    free_network(net);
}
END_TEST

/* ---- detectors ---- */

#define DETECTOR                                                                                            \
    "[net]\nbatch=1\nwidth=32\nheight=32\nchannels=3\nmax_batches=30\nseed=1\n[convolutional]\nfilters=7\n" \
    "size=8\nstride=8\nactivation=linear\n"
static const char *const heads[] = {
    "[yolo]\nanchors=8,8\nmask=0\nclasses=2\nnum=1\njitter=.2\nignore_thresh=.6\ntruth_thresh=1\n",
    "[region]\nanchors=1,1\nclasses=2\ncoords=4\nnum=1\njitter=.2\nsoftmax=1\nthresh=.6\n",
    "[yolo]\nanchors=8,8\nmask=0\nclasses=2\nnum=1\njitter=.2\nignore_thresh=.6\ntruth_thresh=1\niou_loss=ciou\n",
};

START_TEST(a_box_in_the_corner_is_trained_on)
{
    draw_pictures(folder);
    char *text = vd_format(DETECTOR "%s", heads[_i]);
    write_text("d.cfg", text);
    for (int i = 0; i < DRAWN; ++i) {
        char *label = vd_format("p%d.txt", i);
        write_text(label, "1 0 0 .4 .3\n0 1 1 .5 .4\n");
        free(label);
    }
    run_result r = darknet(0, "detector", "train", "set.data", "d.cfg", NULL);
    ck_assert_ptr_null(strstr(r.out, "nan"));
    free_run(r);
    free(text);
}
END_TEST

START_TEST(boxes_of_a_narrow_picture_are_finite)
{
    draw_pictures(folder);
    char *text = vd_format(DETECTOR "%s", heads[_i]);
    write_text("d.cfg", text);
    free_run(darknet(0, "detector", "train", "set.data", "d.cfg", NULL));
    char *pixels = vd_calloc(3000, 1);
    memcpy(pixels, "P5 1 2900 255\n", 14);
    write_bytes("narrow.pgm", pixels, 14 + 2900);
    memcpy(pixels, "P5 2900 1 255\n", 14);
    write_bytes("flat.pgm", pixels, 14 + 2900);
    write_text("list", "narrow.pgm\nflat.pgm\np0.png\np1.png\n");
    free_run(darknet(0, "detector", "valid", "set.data", "d.cfg", "d_final.weights", NULL));
    static const char *const classes[] = {"full", "frame"};
    for (int i = 0; i < 2; ++i) {
        size_t n;
        char *name = vd_format("results/comp4_det_test_%s.txt", classes[i]), *boxes = read_bytes(name, &n);
        ck_assert_ptr_nonnull(boxes);
        ck_assert_msg(!strstr(boxes, "nan") && !strstr(boxes, "inf"), "%s", boxes);
        free(name), free(boxes);
    }
    free_run(
        darknet(0, "detector", "test", "set.data", "d.cfg", "d_final.weights", "narrow.pgm", "-thresh", ".01", NULL));
    free(text), free(pixels);
}
END_TEST

/* two classes at the root, three below the first: a softmax over each of both groups, of every anchor and cell */
START_TEST(a_region_with_a_tree_has_a_softmax_for_each_group)
{
    enum { CELLS = 4, ANCHORS = 2, NUMBERS = 4 + 1 + 5 };
    static const int group[][2] = {{5, 2}, {7, 3}}; /* first number, size */
    write_text("tree", "a -1\nb -1\nc 0\nd 0\ne 0\n");
    static const char cfg[] = "[net]\nbatch=2\nwidth=2\nheight=2\nchannels=3\nseed=4\n"
                              "[convolutional]\nfilters=20\nsize=1\nactivation=linear\n"
                              "[region]\nanchors=1,1,2,2\nnum=2\nclasses=5\ncoords=4\ntree=tree\n";
    network *net = network_of(cfg, 0);
    float x[2 * 3 * CELLS];
    fill_random(x, COUNT_OF(x), 7);
    network_predict(net, x);
    for (int a = 0; a < net->batch * ANCHORS; ++a) {
        for (int k = 0; k < 2 * CELLS; ++k) {
            const int *g = group[k / CELLS];
            const float *in = net->layers[0].output + (a * NUMBERS + g[0]) * CELLS + k % CELLS;
            const float *out = net->layers[1].output + (a * NUMBERS + g[0]) * CELLS + k % CELLS;
            double sum = 0;
            for (int c = 0; c < g[1]; ++c) sum += exp(in[c * CELLS]);
            for (int c = 0; c < g[1]; ++c) ck_assert_double_eq_tol(out[c * CELLS], exp(in[c * CELLS]) / sum, 1e-6);
        }
    }
    free_network(net);
}
END_TEST

static const struct {
    const char *map, *said;
} maps[] = {
    {"0\n1\n", 0},
    {"1\n", "map= has no line for a class of the labels"},
    {"0\n2\n", "map: line 2: class 2, but the classes are 0 to 1"},
    {"0\none\n", "map: line 2: one is not a class number"},
    {"0\n-1\n", "map: line 2: -1 is not a class number"},
};

START_TEST(a_map_that_does_not_fit_is_named)
{
    int which = _i % COUNT_OF(heads), row = _i / COUNT_OF(heads);
    draw_pictures(folder);
    char *text = vd_format(DETECTOR "%smap=map\n", heads[which]);
    write_text("d.cfg", text);
    write_text("map", maps[row].map);
    run_result r = darknet(maps[row].said != 0, "detector", "train", "set.data", "d.cfg", NULL);
    if (maps[row].said) ck_assert_msg(strstr(r.err, maps[row].said) != 0, "%s", r.err);
    free_run(r);
    free(text);
}
END_TEST

SUITE_OF(odd_nets)
{
    EACH(setup, leave_test_folder);
    LOOP(an_odd_network_trains_and_its_weights_load, COUNT_OF(nets));
    LOOP(a_layer_that_compares_more_than_there_is_ends_a_training_alone, 3);
    TEST(of_gru_it_is_said_that_it_does_not_learn);
    TEST(a_network_of_one_pixel_predicts);
    LOOP(outputs_that_are_not_finite_are_named, 6);
    TEST(a_training_outlives_outputs_of_its_validation_that_are_not_finite);
    LOOP(gradients_of_a_recurrent_layer_match_finite_differences, COUNT_OF(recurrent));
    LOOP(a_box_in_the_corner_is_trained_on, COUNT_OF(heads));
    LOOP(boxes_of_a_narrow_picture_are_finite, COUNT_OF(heads));
    TEST(a_region_with_a_tree_has_a_softmax_for_each_group);
    LOOP(a_map_that_does_not_fit_is_named, COUNT_OF(heads) * COUNT_OF(maps));
}
