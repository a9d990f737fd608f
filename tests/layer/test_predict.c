/* Predictions of one picture and a few, of plain and variational layers: 3x3 convolutions by transformed weights, which
 * are kept, and pooling without indexes, against the ways of training. */
#include "support/support.h"
#include "base/fail.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET(batch) "[net]\nbatch=" #batch "\nseed=5\nchannels=3\nheight=37\nwidth=44\n"
#define CONV(type, keys) "[" type "]\nfilters=20\nsize=3\nstride=1\npad=1\n" keys
#define BOTH(text) NET(1) text("convolutional"), NET(2) text("vd_convolutional"), NET(3) text("convolutional")
#define PLAIN(type)                                                                    \
    CONV(type, "activation=leaky\n")                                                   \
    "[maxpool]\nsize=2\nstride=2\n" CONV(type, "activation=relu\n")                    \
        CONV(type, "activation=logistic\n") "[maxpool]\nsize=2\nstride=1\n[softmax]\n" \
                                            "[vd_cost]\nsamples=9\n"
#define NORM(type)                                                                    \
    CONV(type, "batch_normalize=1\nactivation=leaky\n")                               \
    "[maxpool]\nsize=3\nstride=2\n" CONV(type, "batch_normalize=1\nactivation=elu\n") \
        CONV(type, "batch_normalize=1\nactivation=linear\n") "[softmax]\n[vd_cost]\nsamples=9\n"

static const char *nets[] = {BOTH(PLAIN), BOTH(NORM)};
enum { NETS = COUNT_OF(nets) };

static void fill_statistics(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type != CONVOLUTIONAL) continue;
        fill_random(l.biases, l.n, 20 + i);
        for (int c = 0; c < l.n && l.batch_normalize; ++c) {
            l.rolling_mean[c] = .1f * l.biases[c];
            l.rolling_variance[c] = .5f + l.biases[c] * l.biases[c];
            l.scales[c] = 1 - .3f * l.biases[c];
        }
    }
}

/* the outputs of layer i, after a prediction, or after a forward pass that something may go back from */
static float *outputs_of(network *net, int i, int back)
{
    layer l = net->layers[i];
    size_t n = (size_t)l.batch * l.outputs;
    float *out = vd_calloc(n, sizeof(float)), *delta = vd_calloc((size_t)net->batch * net->inputs, sizeof(float));
    fill_random(net->input, (size_t)net->batch * net->inputs, 1);
    network all = *net;
    all.train = 0;
    all.truth = 0;
    all.delta = back ? delta : 0;
    forward_network(&all);
    memcpy(out, l.output, n * sizeof(float));
    free(delta);
    return out;
}

START_TEST(predictions_agree_with_the_dense_way)
{
    setenv("DARKNET_SPARSE", "0", 1);
    network *net = network_of(nets[_i], 0);
    fill_statistics(net);
    for (int i = 0; i < net->n - 2; ++i) {
        layer l = net->layers[i];
        if (l.type == CONVOLUTIONAL) ck_assert(vd_winograd_layer_fits(l) || vd_kernels_get() == &vd_kernels_c);
        float *fast = outputs_of(net, i, 0), *dense = outputs_of(net, i, 1), largest = 0;
        size_t n = (size_t)l.batch * l.outputs;
        for (size_t k = 0; k < n; ++k) largest = fmaxf(largest, fabsf(dense[k]));
        ck_assert_msg(isfinite(largest) && largest > 0, "nothing to compare with: %g", largest);
        for (size_t k = 0; k < n; ++k)
            ck_assert_msg(close_to(fast[k], dense[k], 1e-5, 1e-5 * largest),
                          "layer %d: output[%zu] is %.9g, dense %.9g", i, k, fast[k], dense[k]);
        free(fast), free(dense);
    }
    free_network(net);
}
END_TEST

START_TEST(boxes_are_those_of_stock_darknet)
{
    network *net = network_of(NET(2) "[convolutional]\nfilters=21\nsize=3\nstride=1\npad=1\nactivation=linear\n"
                                     "[yolo]\nmask=0,1,2\nanchors=10,14, 23,27, 37,58\nclasses=2\nnum=3\n",
                              0);
    for (int i = 0; i < 21; ++i) net->layers[0].biases[i] = 40 * (i % 5 - 2); /* 1, 0 and what is between */
    layer l = net->layers[1];
    float *fast = outputs_of(net, 1, 0), *stock = outputs_of(net, 1, 1);
    for (int k = 0; k < l.batch * l.outputs; ++k)
        ck_assert_msg(close_to(fast[k], stock[k], 1e-5, 1e-5), "output[%d] is %.9g, not %.9g", k, fast[k], stock[k]);
    free(fast), free(stock);
    free_network(net);
}
END_TEST

/* a program may write the weights of plain layers at any time */
START_TEST(written_weights_of_plain_layers_are_seen)
{
    network *net = network_of(nets[0], 0), *fresh = network_of(nets[0], 0);
    free(outputs_of(net, 0, 0));
    layer l = net->layers[0];
    l.weights[77] += .01f;
    memcpy(fresh->layers[0].weights, l.weights, l.nweights * sizeof(float));
    float *out = outputs_of(net, 0, 0), *want = outputs_of(fresh, 0, 0);
    ck_assert_mem_eq(out, want, l.outputs * sizeof(float));
    free(out), free(want);
    free_network(net);
    free_network(fresh);
}
END_TEST

/* two networks, one of them freed: what was kept belongs to the other one */
START_TEST(networks_keep_weights_of_their_own)
{
    network *a = network_of(nets[0], 0), *b = network_of(nets[3], 0);
    float *before = outputs_of(b, 0, 0);
    free(outputs_of(a, 0, 0));
    free_network(a);
    float *after = outputs_of(b, 0, 0);
    ck_assert_mem_eq(before, after, b->layers[0].outputs * sizeof(float));
    free(before), free(after);
    free_network(b);
}
END_TEST

START_TEST(a_step_of_training_is_seen)
{
    setenv("DARKNET_SPARSE", "0", 1);
    for (int i = 1; i <= 2; ++i) {
        network *net = network_of(nets[i], 0);
        float *before = outputs_of(net, 0, 0);
        for (int k = 0; k < net->batch * net->truths; ++k) net->truth[k] = k % 2;
        train_network_datum(net);
        float *after = outputs_of(net, 0, 0), *dense = outputs_of(net, 0, 1), moved = 0;
        for (int k = 0; k < net->batch * net->layers[0].outputs; ++k) {
            ck_assert(close_to(after[k], dense[k], 1e-5, 1e-5));
            moved = fmaxf(moved, fabsf(after[k] - before[k]));
        }
        ck_assert(moved > 0);
        free(before), free(after), free(dense);
        free_network(net);
    }
}
END_TEST

START_TEST(the_size_of_pictures_may_change)
{
    network *net = network_of(NET(1) CONV("convolutional", "activation=leaky\n"), 0);
    free(outputs_of(net, 0, 0));
    resize_network(net, 60, 29);
    float *fast = outputs_of(net, 0, 0), *dense = outputs_of(net, 0, 1);
    for (int k = 0; k < net->layers[0].outputs; ++k) ck_assert(close_to(fast[k], dense[k], 1e-5, 1e-5));
    free(fast), free(dense);
    free_network(net);
}
END_TEST

SUITE_OF(predict)
{
    LOOP(predictions_agree_with_the_dense_way, NETS);
    TEST(boxes_are_those_of_stock_darknet);
    TEST(written_weights_of_plain_layers_are_seen);
    TEST(networks_keep_weights_of_their_own);
    TEST(a_step_of_training_is_seen);
    TEST(the_size_of_pictures_may_change);
}
