/* layer/delta.c: gradients that nobody clears are overwritten whole,
 * and those that several layers add to are cleared. */
#include "support/support.h"
#include "base/fail.h"
#include "base/seed.h"
#include "layer/delta.h"
#include "layer/layer_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET "[net]\nbatch=4\nseed=5\nlearning_rate=.02\nmax_batches=100\nchannels=4\nheight=12\nwidth=12\n"
#define CONV "[convolutional]\nfilters=6\nsize=3\npad=1\nactivation=leaky\n"
#define NORM "[vd_conv]\nfilters=6\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\nlog_sigma2=-4\n"
#define VD "[vd_conv]\nfilters=6\nsize=3\npad=1\nactivation=relu\nlog_sigma2=-4\n"
#define TANH "[vd_conv]\nfilters=6\nsize=3\npad=1\nactivation=tanh\nlog_sigma2=-4\n"
#define NORMED "[batchnorm]\n"
#define ACTIVE "[activation]\nactivation=leaky\n"
#define POOL "[maxpool]\nsize=2\nstride=2\n"
#define LAPPING "[maxpool]\nsize=3\nstride=1\n"
#define DENSE "[vd_connected]\noutput=20\nactivation=tanh\nlog_sigma2=-4\n"
#define DROPOUT "[dropout]\nprobability=.3\n"
#define ADD(from) "[shortcut]\nfrom=" #from "\nactivation=leaky\n"
#define END "[connected]\noutput=4\nactivation=linear\n[softmax]\n[vd_cost]\nsamples=50\n"

/* clears: of each layer, 1 where a forward of training must clear its delta */
static const struct {
    const char *cfg, *clears;
} nets[] = {
    {NET CONV VD TANH DENSE END, "0000111"},
    {NET VD POOL TANH POOL DENSE END, "00000111"},
    {NET TANH LAPPING NORM POOL DENSE DENSE END, "000000111"},
    {NET "[vd_conv]\nfilters=6\nsize=1\nactivation=relu\nlog_sigma2=-4\n" CONV
         "[convolutional]\nfilters=6\nsize=1\nactivation=linear\n" DENSE END,
     "0000111"},
    /* the layer in front of a [shortcut] or [route], and those that they refer to */
    {NET CONV VD "[shortcut]\nfrom=-2\nactivation=mish\n" VD DENSE END, "11000111"},
    {NET CONV VD "[shortcut]\nfrom=-2\nactivation=linear\nalpha=2\n" VD DENSE END, "11000111"},
    {NET VD POOL VD "[route]\nlayers=-1,-2\n" TANH DENSE END, "000000111"},
    {NET VD VD "[route]\nlayers=-2\n" VD "[route]\nlayers=-1,1\n" DENSE END, "000000111"},
    {NET VD "[route]\nlayers=-1\n" VD "[route]\nlayers=0,-1\n" DENSE END, "00000111"},
    {NET VD DROPOUT TANH DENSE DROPOUT DENSE END, "000000111"},
    /* but a plain [shortcut] that is the first to add overwrites both */
    {NET CONV VD ADD(-2) VD DENSE END, "00000111"},
    {NET CONV VD ADD(-2) VD ADD(-2) ADD(0) VD DENSE END, "00000000111"},
    {NET CONV ADD(-1) VD POOL ADD(-3) TANH ADD(0) DENSE END, "00000000111"},
    {NET CONV VD ADD(-2) "[route]\nlayers=-1,-2\n" VD DENSE END, "000000111"},
    {NET VD DROPOUT TANH ADD(-3) DENSE END, "00000111"},
    {NET VD DROPOUT ADD(-2) DENSE END, "0000111"},
    {NET VD TANH DROPOUT ADD(-3) DENSE END, "00000111"},
    /* what a [route] leaves out, or gives twice, is cleared */
    {NET VD VD "[route]\nlayers=-1\ngroups=2\ngroup_id=1\n" VD DENSE END, "01000111"},
    {NET VD VD "[route]\nlayers=-1,-1\n" VD DENSE END, "01000111"},
    {NET VD VD DROPOUT "[route]\nlayers=-1,-2\n" VD DENSE END, "011000111"},
    {NET VD NORMED ACTIVE VD ADD(0) NORMED ACTIVE DENSE END, "00000000111"},
    {NET VD ACTIVE DROPOUT NORMED "[route]\nlayers=0\n"
                                  "[activation]\nactivation=mish\n" DENSE END,
     "0001000111"},
    /* a loss is there before */
    {NET "[connected]\noutput=4\nactivation=linear\n[softmax]\n" DENSE END, "110111"},
    {NET VD "[avgpool]\n" DENSE END, "100111"},
    {NET VD "[crnn]\noutput_filters=4\nhidden_filters=4\nbatch_normalize=0\n" DENSE END, "100111"},
};

START_TEST(those_that_others_add_to_are_cleared)
{
    network *net = network_of(nets[_i].cfg, 0);
    const char *clears = nets[_i].clears;
    net->train = 1;
    for (int i = 0; i < (int)strlen(clears); ++i)
        ck_assert_msg(vd_delta_needs_zero(net, i) == clears[i] - '0', "layer %d", i);
    float *truth = net->truth;
    net->train = 0;
    net->truth = 0; /* as network_predict() */
    for (int i = 0; i < net->n; ++i) ck_assert(!vd_delta_needs_zero(net, i));
    net->truth = truth;
    free_network(net);
}
END_TEST

static void poison(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        for (int k = 0; l.delta && k < l.batch * l.outputs; ++k) l.delta[k] = NAN;
    }
}

START_TEST(what_was_there_before_does_not_count)
{
    network *a = network_of(nets[_i].cfg, 0), *b = network_of(nets[_i].cfg, 0);
    for (int t = 0; t < 3; ++t) {
        rand_seed((uint64_t)t);
        train_steps(a, t, 1, 9);
        poison(b);
        rand_seed((uint64_t)t);
        train_steps(b, t, 1, 9);
    }
    for (int i = 0; i < a->n; ++i) {
        layer l = a->layers[i];
        if (!vd_has_weights(l)) continue;
        ck_assert_mem_eq(l.weights, b->layers[i].weights, vd_weights_of(l) * sizeof(float));
        for (size_t k = 0; k < vd_weights_of(l); ++k) ck_assert(isfinite(l.weights[k]));
    }
    free_network(a), free_network(b);
}
END_TEST

/* ---- layers in front of which a [route] or [shortcut] adds ---- */

#define POINT "[convolutional]\nfilters=6\nsize=1\nactivation=linear\n"
#define XNOR "[convolutional]\nfilters=6\nsize=1\nactivation=linear\nbinary=1\n"
#define PLAIN_END "[avgpool]\n[connected]\noutput=4\nactivation=linear\n[softmax]\n"
#define UP "[upsample]\nstride=2\n"
#define DOWN "[upsample]\nstride=-2\n"
#define REORG "[convolutional]\nfilters=8\nsize=3\npad=1\nactivation=leaky\n[reorg]\nstride=2\n"
#define LRN "[normalization]\n"
#define TRUE_NET NET "add_gradients=1\n"

/* lost: the layer that writes over what others have added, or 0 */
static const struct {
    const char *cfg;
    int lost;
} points[] = {
    {NET CONV POINT ADD(-2) PLAIN_END, 1},
    {NET CONV POINT POINT "[route]\nlayers=0\n" PLAIN_END, 1},
    {NET POINT POINT ADD(-2) PLAIN_END, 1},
    {NET CONV POINT POINT ADD(-2) PLAIN_END, 2},
    {NET CONV CONV ADD(-2) PLAIN_END, 0},
    {NET CONV "[route]\nlayers=-1\n" POINT ADD(-3) PLAIN_END, 0},
    {TRUE_NET CONV POINT ADD(-2) PLAIN_END, 0},
    {NET CONV POINT ADD(-2) "[avgpool]\n" END, 0},
    {NET CONV POINT VD ADD(-3) PLAIN_END, 0},
    {NET "add_gradients=0\n" CONV POINT VD ADD(-3) PLAIN_END, 1},
    {TRUE_NET CONV POINT
     "[convolutional]\nfilters=6\nsize=1\nstride=2\nactivation=linear\n[route]\nlayers=1\n" PLAIN_END,
     0},
    {NET CONV POINT "[convolutional]\nfilters=6\nsize=1\nstride=2\nactivation=linear\n[route]\nlayers=1\n" PLAIN_END,
     2},
    {NET CONV POINT "[shortcut]\nfrom=-2\nweights_type=per_feature\n" PLAIN_END, 0}, /* of later Darknets */
    {NET CONV DOWN "[route]\nlayers=0\n" PLAIN_END, 1},
    {NET CONV UP "[route]\nlayers=0\n" PLAIN_END, 0},
    {NET CONV REORG "[route]\nlayers=1\n" PLAIN_END, 2},
    {NET CONV REORG PLAIN_END, 0},
    {NET CONV LRN ADD(-2) PLAIN_END, 1},
    {TRUE_NET CONV LRN ADD(-2) PLAIN_END, 0},
    {TRUE_NET CONV REORG "[route]\nlayers=1\n" PLAIN_END, 0},
};

START_TEST(a_layer_that_loses_a_gradient_is_found)
{
    network *net = network_of(points[_i].cfg, 0);
    for (int i = 0; i < net->n; ++i)
        ck_assert_msg(vd_loses_gradient(net, i) == (i && i == points[_i].lost), "layer %d", i);
    free_network(net);
}
END_TEST

/* a block of weights 0: the gradient of its input is that of the [shortcut] around it, or nothing */
START_TEST(what_a_shortcut_has_added_stays_unless_the_cfg_is_one_of_stock_darknet)
{
    static const struct {
        const char *cfg;
        int stays;
    } nets[] = {{NET CONV POINT "[shortcut]\nfrom=-2\nactivation=linear\n" PLAIN_END, 0},
                {TRUE_NET CONV XNOR "[shortcut]\nfrom=-2\nactivation=linear\n" PLAIN_END, 1},
                {TRUE_NET CONV POINT "[shortcut]\nfrom=-2\nactivation=linear\n" PLAIN_END, 1},
                {NET CONV POINT "[shortcut]\nfrom=-2\nactivation=linear\n[avgpool]\n" END, 1}};
    network *net = network_of(nets[_i].cfg, 0);
    layer *l = net->layers;
    size_t n = (size_t)l[0].batch * l[0].outputs;
    train_steps(net, 0, 1, 9);
    memset(l[1].weights, 0, l[1].nweights * sizeof(float));
    net->train = 1;
    forward_network(net);
    backward_network(net);
    double most = 0;
    for (size_t i = 0; i < n; ++i) {
        float slope = l[0].output[i] > 0 ? 1 : .1f; /* of leaky, which the pass of layer 0 has put into its delta */
        double expected = nets[_i].stays ? slope * l[2].delta[i] : 0;
        ck_assert_msg(fabs(l[0].delta[i] - expected) <= 1e-6 * fabs(expected), "%zu: %g, expected %g", i, l[0].delta[i],
                      expected);
        most = fmax(most, fabs(l[2].delta[i]));
    }
    ck_assert(most > 1e-4);
    free_network(net);
}
END_TEST

/* in front of it is no gradient to add to, and its weights train all the same */
START_TEST(a_first_convolution_trains_where_others_add_as_in_stock_darknet)
{
    static const struct {
        const char *stock, *adding;
    } nets[] = {{NET POINT "stride=2\n" PLAIN_END, TRUE_NET POINT "stride=2\n" PLAIN_END},
                {NET POINT "padding=1\n" PLAIN_END, TRUE_NET POINT "padding=1\n" PLAIN_END},
                {NET XNOR PLAIN_END, TRUE_NET XNOR PLAIN_END}};
    network *stock = network_of(nets[_i].stock, 0), *adding = network_of(nets[_i].adding, 0);
    layer l = adding->layers[0];
    float *before = vd_malloc(l.nweights * sizeof(float));
    memcpy(before, l.weights, l.nweights * sizeof(float));
    train_steps(stock, 0, 2, 9);
    train_steps(adding, 0, 2, 9);
    ck_assert_mem_eq(l.weights, stock->layers[0].weights, l.nweights * sizeof(float));
    ck_assert(memcmp(l.weights, before, l.nweights * sizeof(float)) != 0);
    free(before);
    free_network(stock), free_network(adding);
}
END_TEST

SUITE_OF(delta)
{
    LOOP(a_layer_that_loses_a_gradient_is_found, COUNT_OF(points));
    LOOP(what_a_shortcut_has_added_stays_unless_the_cfg_is_one_of_stock_darknet, 4);
    LOOP(a_first_convolution_trains_where_others_add_as_in_stock_darknet, 3);
    LOOP(those_that_others_add_to_are_cleared, COUNT_OF(nets));
    LOOP(what_was_there_before_does_not_count, COUNT_OF(nets));
}
