/* Geometry of later Darknets' cfgs: strides of their own along width and height, dilation, means of windows, maxima
 * over channels, squares as channels; against numbers of AlexeyAB's program, differences, and networks of another size.
 */
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

#define FIRST "[net]\nwidth=8\nheight=6\nchannels=3\n[convolutional]\nfilters=8\nsize=1\nactivation=leaky\n"
#define LAST "[convolutional]\nfilters=2\nsize=1\nactivation=linear\n"

/* The same networks in AlexeyAB's Darknet (commit 59596d78): weights sin(.7 k + layer), biases .1 sin(k), inputs
 * sin(1.3 i), gradient of the output cos(.4 i). Numbers of the output, their sum times cos(.3 i), and of the sums of
 * gradients of layers 0 and 1 times sin(.9 i + 1). Its gradient of [local_avgpool] divides by the whole window at the
 * borders, too: NAN. */
static const struct {
    const char *section;
    int outputs;
    double output, d_first, d_second;
} numbers[] = {
    {"[convolutional]\nfilters=6\nsize=3\npad=1\ndilation=2\nactivation=leaky\n", 96, -9.211385, -0.940353, 5.862924},
    {"[convolutional]\nfilters=6\nsize=3\npad=1\ndilation=3\ngroups=2\nstride=2\nactivation=linear\n", 24, 14.65146,
     16.08453, -0.8070299},
    {"[convolutional]\nfilters=6\nsize=3\npad=1\nstride_x=2\nstride_y=1\nactivation=leaky\n", 48, 13.76928, -6.517796,
     -10.49089},
    {"[convolutional]\nfilters=6\nsize=5\npad=1\ndilation=2\nstride=3\nstride_x=1\nactivation=leaky\n", 32, 10.49868,
     -6.701082, -4.391154},
    {"[convolutional]\nfilters=6\nsize=1\nstride_x=1\nactivation=leaky\n[route]\nlayers=-1,-2\n", 96, -13.02442,
     -0.3911556, 1.045649},
    {"[maxpool]\nsize=3\nstride_x=2\nstride_y=1\n", 48, -6.438668, 2.046148, 0},
    {"[maxpool]\nsize=2\nstride=2\nstride_x=1\npadding=0\n", 42, -0.2241303, 8.208508, 0},
    {"[maxpool]\nmaxpool_depth=1\nout_channels=3\n", 96, 7.440079, 0.4812056, 0},
    {"[local_avgpool]\nsize=2\nstride=2\n", 24, -0.01995088, -1.40994, 0},
    {"[local_avg]\nsize=3\nstride_x=1\nstride_y=2\n", 48, -1.872097, NAN, 0},
    {"[reorg3d]\nstride=2\n", 24, 7.058572, -2.301106, 0},
    {"[reorg]\nstride=2\n", 24, 9.038394, -0.06059179, 0},
    {"[upsample]\nstride=2\nscale=.5\n", 384, -2.776777, 0.3961896, 0},
    {"[upsample]\nstride=-2\nscale=.5\n", 24, -0.3207109, -2.819881, 0},
};

/* with weights and biases as there */
static network *network_with(const char *section)
{
    char *cfg = vd_format("%s%s%s", FIRST, section, LAST);
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != CONVOLUTIONAL) continue;
        for (int k = 0; k < l.nweights; ++k) l.weights[k] = (float)sin(.7 * k + i);
        for (int k = 0; k < l.n; ++k) l.biases[k] = (float)(.1 * sin(k));
    }
    free(cfg);
    return net;
}

static double sum_of(const float *x, int n, double step, double first)
{
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += x[i] * sin(i * step + first);
    return sum;
}

static void expect_close(const char *what, double got, double want)
{
    if (!isnan(want)) ck_assert_msg(close_to(got, want, 1e-5, 1e-5), "%s: %.8g, not %.8g", what, got, want);
}

START_TEST(numbers_are_those_of_alexeyabs_darknet)
{
    network *net = network_with(numbers[_i].section);
    layer last = net->layers[net->n - 1], first = net->layers[0], second = net->layers[1];
    for (int i = 0; i < net->inputs; ++i) net->input[i] = (float)sin(i * 1.3);
    net->train = 1;
    forward_network(net);
    ck_assert_int_eq(last.outputs, numbers[_i].outputs);
    expect_close("output", sum_of(last.output, last.outputs, .3, acos(0)), numbers[_i].output);
    for (int i = 0; i < last.outputs; ++i) last.delta[i] = (float)cos(.4 * i);
    backward_network(net);
    expect_close("first", sum_of(first.weight_updates, first.nweights, .9, 1), numbers[_i].d_first);
    if (second.type == CONVOLUTIONAL)
        expect_close("second", sum_of(second.weight_updates, second.nweights, .9, 1), numbers[_i].d_second);
    /* a prediction, which takes other ways, gives the same */
    for (int i = 0; i < last.outputs; ++i) last.output[i] = 0;
    network_predict(net, net->input);
    expect_close("prediction", sum_of(last.output, last.outputs, .3, acos(0)), numbers[_i].output);
    free_network(net);
}
END_TEST

/* ---- gradients ---- */

#define SMALL "[net]\nbatch=3\nwidth=6\nheight=4\nchannels=2\nseed=2\n"
#define START SMALL "[convolutional]\nfilters=8\nsize=3\npad=1\nstride_x=1\nactivation=tanh\n"
#define END_COST "[connected]\noutput=3\nactivation=linear\n[cost]\n"

static const char *const nets[] = {
    START "[local_avgpool]\nsize=3\nstride=2\n" END_COST,
    START "[local_avgpool]\nsize=2\nstride_x=1\nstride_y=2\npadding=2\n[route]\nlayers=-1,-2\n" END_COST,
    START "[maxpool]\nmaxpool_depth=1\nout_channels=5\n[route]\nlayers=-1,-2\n" END_COST,
    START "[reorg3d]\nstride=2\n[route]\nlayers=-1,-2\n" END_COST,
    START "[reorg]\nstride=2\n[route]\nlayers=-1,-2\n" END_COST,
    START "[upsample]\nstride=-2\n[route]\nlayers=-1,-2\n" END_COST,
    START "[convolutional]\nfilters=4\nsize=1\nactivation=tanh\n[route]\nlayers=-1,-2\n" END_COST,
    START "[convolutional]\nfilters=4\nsize=1\nstride=2\nactivation=tanh\n" END_COST,
    START "[activation]\nactivation=mish\n[batchnorm]\n[route]\nlayers=-1,-3\n" END_COST,
    START "[batchnorm]\n[route]\nlayers=-1,-2\n" END_COST,
    START "[route]\nlayers=-1\n[route]\nlayers=-1,-2\n" END_COST,
    /* a variational layer while it is fine-tuned, in a cfg without such keys */
    SMALL "[convolutional]\nfilters=8\nsize=3\npad=1\nactivation=tanh\n[vd_conv]\nfilters=4\nsize=1\nactivation=tanh\n"
          "[route]\nlayers=-1,-2\n" END_COST "[vd_cost]\nsamples=9\nfine_tune=100\n",
};

START_TEST(gradients_are_differences_where_a_route_adds_to_them_too)
{
    network *net = network_of(nets[_i], 0);
    layer l = net->layers[0];
    fill_random(net->input, (size_t)net->inputs * 3, 1);
    fill_random(net->truth, (size_t)net->truths * 3, 2);
    expect_weight_gradients(net, l, l.nweights, 2e-3f);
    free_network(net);
}
END_TEST

/* ---- sizes ---- */

#define LAYERS                                                                                                  \
    "[vd_conv]\nfilters=6\nsize=3\npad=1\ndilation=2\nactivation=leaky\n"                                       \
    "[conv]\nfilters=8\nsize=3\npad=1\nstride_x=1\nstride_y=2\nactivation=mish\n"                               \
    "[max]\nsize=2\nstride_x=2\nstride_y=1\n[local_avg]\nsize=3\nstride=1\n[reorg3d]\nstride=2\n"               \
    "[max]\nmaxpool_depth=1\nout_channels=5\n[vd_conv]\nfilters=2\nsize=1\nstride_x=2\nstride_y=1\nactivation=" \
    "linear\n[vd_cost]\nsamples=9\n"

START_TEST(a_resized_network_is_one_of_that_size)
{
    network *net = network_of("[net]\nseed=3\nchannels=3\nwidth=8\nheight=8\n" LAYERS, 0);
    network *other = network_of("[net]\nseed=3\nchannels=3\nwidth=20\nheight=24\n" LAYERS, 0);
    resize_network(net, 20, 24);
    ck_assert_int_eq(net->outputs, other->outputs);
    float *x = vd_calloc(net->inputs, sizeof(float));
    fill_random(x, net->inputs, 1);
    const float *a = network_predict(net, x), *b = network_predict(other, x);
    for (int i = 0; i < net->outputs; ++i) ck_assert(a[i] == b[i]);
    for (int i = 0; i < net->n - 1; ++i) {
        layer l = net->layers[i], m = other->layers[i];
        ck_assert(l.out_w == m.out_w && l.out_h == m.out_h && l.out_c == m.out_c);
    }
    ck_assert_str_eq(vd_layer_type(net->layers[3]), "local_avgpool");
    ck_assert_str_eq(vd_layer_type(net->layers[4]), "reorg3d");
    free(x), free_network(net), free_network(other);
}
END_TEST

START_TEST(products_are_counted_for_both_strides)
{
    network *net = network_of("[net]\nchannels=2\nwidth=8\nheight=6\n[vd_conv]\nfilters=3\nsize=3\npad=1\ndilation=2\n"
                              "stride_x=4\nstride_y=2\n[vd_cost]\nsamples=9\n",
                              0);
    vd_test_time t = vd_layer_test_time(net->layers[0]);
    ck_assert(t.dense_products == 3 * 2 * 9 * 2 * 3); /* 2x3 outputs */
    free_network(net);
}
END_TEST

static const struct {
    const char *sections, *message;
} refused[] = {
    {"[conv]\nsize=3\ndilation=2\n", "layer 0 [conv]: dilation=2 with size=3 and a padding of 0: expected an odd size "
                                     "and pad=1"},
    {"[vd_conv]\nsize=4\npad=1\ndilation=3\n",
     "layer 0 [vd_conv]: dilation=3 with size=4 and a padding of 2: expected"},
    {"[conv]\nsize=4095\npad=1\ndilation=40\n", "layer 0 [conv]: dilation=40 with size=4095 spans more than 65536"},
    {"[conv]\nsize=3\npad=1\ndilation=2\nxnor=1\n", "layer 0 [conv]: dilation=2 is not built for binary and xnor"},
    {"[conv]\nstride_y=2\nbinary=1\n", "layer 0 [conv]: stride_x and stride_y are not built for binary and xnor"},
    {"[conv]\nstride_y=0\n", "layer 0 [conv]: stride_y=0"},
    {"[max]\nmaxpool_depth=1\nout_channels=4\n", "layer 0 [max]: out_channels=4 is more than the 3 channels"},
    {"[max]\nsize=9\npadding=0\nstride_x=2\n", "layer 0 [max]: size=9 is larger than a side of 8"},
    {"[local_avg]\nsize=9\npadding=0\n", "layer 0 [local_avg]: size=9 is larger than a side of 8"},
    {"[reorg3d]\nstride=3\n", "layer 0 [reorg3d]: stride=3 does not divide 8x8"},
};

static void load(const char *path)
{
    free_network(parse_network_cfg((char *)path));
}

START_TEST(what_cannot_be_is_named)
{
    char *cfg = vd_format("[net]\nwidth=8\nheight=8\nchannels=3\n%s", refused[_i].sections), *err;
    char *path = in_folder(folder, "c.cfg");
    write_text(path, cfg);
    ck_assert_int_eq(in_child(load, path, &err), 1);
    ck_assert_msg(strstr(err, refused[_i].message) != 0, "'%s' is not in: %s", refused[_i].message, err);
    free(err), free(path), free(cfg);
}
END_TEST

/* ---- files ---- */

START_TEST(an_export_and_packed_weights_answer_as_the_network_does)
{
    char *path = in_folder(folder, "n.cfg"), *weights = in_folder(folder, "n.weights"), *out = in_folder(folder, "out");
    char *packed = in_folder(folder, "n.vdw");
    const char *cfg = "[net]\nseed=3\nchannels=3\nwidth=8\nheight=8\n" LAYERS;
    write_text(path, cfg);
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i) { /* some channels have no weights */
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && i < 6 && k < vd->n / 3; ++k) vd->log_sigma2[k] = 20;
    }
    save_weights(net, weights);
    free_run(darknet(0, "vd", "export", path, weights, out, (char *)0));
    free_run(darknet(0, "vd", "export", path, weights, out, "-compact", (char *)0));
    char *text = text_in_folder("out.cfg");
    static const char *const kept[] = {"dilation=2",  "stride_y=2",      "stride_x=2",    "[local_avgpool]\n",
                                       "[reorg3d]\n", "maxpool_depth=1", "out_channels=5"};
    for (size_t i = 0; i < COUNT_OF(kept); ++i) ck_assert_msg(strstr(text, kept[i]) != 0, "%s: %s", kept[i], text);
    free_run(darknet(0, "vd", "pack", path, weights, packed, (char *)0));
    network *again = network_of(cfg, packed);
    float x[3 * 8 * 8];
    fill_random(x, 3 * 8 * 8, 5);
    vd_layer_changed(net->layers[0]);
    const float *a = network_predict(net, x), *b = network_predict(again, x);
    for (int i = 0; i < net->outputs; ++i) ck_assert(close_to(a[i], b[i], 1e-5, 1e-5));
    free_network(net), free_network(again);
    free(text), free(path), free(weights), free(out), free(packed);
}
END_TEST

SUITE_OF(geometry)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(numbers_are_those_of_alexeyabs_darknet, COUNT_OF(numbers));
    LOOP(gradients_are_differences_where_a_route_adds_to_them_too, COUNT_OF(nets));
    TEST(a_resized_network_is_one_of_that_size);
    TEST(products_are_counted_for_both_strides);
    LOOP(what_cannot_be_is_named, COUNT_OF(refused));
    TEST(an_export_and_packed_weights_answer_as_the_network_does);
}
