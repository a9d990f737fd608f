/* layer/plain_shortcut.c against stock Darknet's functions: outputs, gradients and trained weights are the same
 * numbers, for maps of one size and of different sizes, whether gradients are added to or overwritten. */
#include "layer/layer_state.h"
#include "layer/plain_shortcut.h"
#include "support/support.h"
#include "base/parallel.h"
#include "base/seed.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shortcut_layer.h"

#define NET(batch, w, h) \
    "[net]\nbatch=" #batch "\nseed=3\nlearning_rate=.1\nmax_batches=9\nchannels=2\nwidth=" #w "\nheight=" #h "\n"
#define CONV(n) "[convolutional]\nfilters=" #n "\nsize=3\npad=1\nactivation=linear\n"
#define HALF(n) "[convolutional]\nfilters=" #n "\nsize=3\npad=1\nstride=2\nactivation=leaky\n"

/* the maps that are added: layer 0 and the one in front */
static const char *const maps[] = {
    NET(1, 5, 7) CONV(3) CONV(3),
    NET(3, 17, 13) CONV(6) CONV(6),
    NET(2, 40, 41) CONV(11) CONV(11), /* three pieces, the last one no multiple of anything */
    NET(2, 5, 4) CONV(4),             /* a map and itself */
    NET(2, 12, 10) CONV(4) HALF(9),
    NET(2, 13, 9) CONV(4) HALF(9),
    NET(3, 12, 12) CONV(5) HALF(3) HALF(2),
    NET(2, 8, 4) HALF(5) "[upsample]\nstride=2\n" CONV(3),
    NET(2, 5, 4) CONV(9) CONV(4),
    NET(2, 5, 4) CONV(4) CONV(9),
};
static const char *const activations[] = {"linear", "leaky", "relu", "logistic", "tanh", "elu", "hardtan"};
enum { MAPS = COUNT_OF(maps), ACTIVATIONS = COUNT_OF(activations) };

/* of a map's cfg, which has a [net] too */
static int layers_of(const char *cfg)
{
    return count_of(cfg, "\n[");
}

static network *network_with(int map, const char *activation, const char *behind)
{
    char *cfg = vd_format("%s[shortcut]\nfrom=0\nactivation=%s\n%s", maps[map], activation, behind);
    network *net = network_of(cfg, 0);
    free(cfg);
    return net;
}

static void use_stock_functions(layer *l)
{
    ck_assert(l->type == SHORTCUT && vd_is_fast_shortcut(*l));
    l->forward = forward_shortcut_layer;
    l->backward = backward_shortcut_layer;
}

static int numbers_of(layer l)
{
    return l.batch * l.outputs;
}

static void expect_same(const char *what, const float *got, const float *want, int n)
{
    for (int i = 0; i < n; ++i) ck_assert_msg(got[i] == want[i], "%s[%d] is %.9g, not %.9g", what, i, got[i], want[i]);
}

/* a layer of the network, called as forward_network() and backward_network() do */
static void run_shortcut(network *net, int at, int is_overwritten)
{
    network n = *net;
    layer l = n.layers[at], front = n.layers[at - 1], first = n.layers[0];
    n.index = at;
    n.train = 1;
    n.input = front.output;
    n.delta = front.delta;
    fill_random(front.output, numbers_of(front), 1);
    if (at > 1) fill_random(first.output, numbers_of(first), 2);
    l.forward(l, n);
    fill_random(l.delta, numbers_of(l), 3);
    fill_random(front.delta, numbers_of(front), 4);
    if (at > 1) fill_random(first.delta, numbers_of(first), 5);
    for (int s = 0; is_overwritten && s < at; ++s)
        for (int i = 0; i < numbers_of(n.layers[s]); ++i)
            n.layers[s].delta[i] = vd_is_fast_shortcut(l) ? NAN : 0; /* nobody may read it */
    l.backward(l, n);
}

static void compare_with_stock(int map, const char *activation, int is_overwritten)
{
    int at = layers_of(maps[map]);
    char *behind = vd_format("[route]\nlayers=0,%d\n", at - 1); /* it has added to the gradients before */
    network *net[2];
    for (int v = 0; v < 2; ++v) {
        net[v] = network_with(map, activation, is_overwritten ? "" : behind);
        if (v) use_stock_functions(net[v]->layers + at);
        run_shortcut(net[v], at, is_overwritten);
    }
    layer *a = net[0]->layers, *b = net[1]->layers;
    expect_same("output", a[at].output, b[at].output, numbers_of(a[at]));
    expect_same("delta", a[at].delta, b[at].delta, numbers_of(a[at]));
    expect_same("d front", a[at - 1].delta, b[at - 1].delta, numbers_of(a[at - 1]));
    expect_same("d first", a[0].delta, b[0].delta, numbers_of(a[0]));
    free(behind);
    free_network(net[0]), free_network(net[1]);
}

START_TEST(outputs_and_gradients_are_those_of_stock_darknet)
{
    for (int a = 0; a < ACTIVATIONS; ++a)
        for (int is_overwritten = 0; is_overwritten < 2; ++is_overwritten)
            compare_with_stock(_i, activations[a], is_overwritten);
}
END_TEST

/* ---- whole networks ---- */

#define NORM(n, activation) \
    "[convolutional]\nfilters=" #n "\nsize=3\npad=1\nbatch_normalize=1\nactivation=" activation "\n"
#define ADD(from, activation) "[shortcut]\nfrom=" #from "\nactivation=" activation "\n"
#define END "[avgpool]\n[connected]\noutput=4\nactivation=linear\n[softmax]\n[cost]\n"

static const char *const nets[] = {
    /* ResNet of CIFAR-10 */
    NET(6, 24, 20) NORM(6, "relu") NORM(6, "relu") NORM(6, "linear") ADD(-3, "relu") HALF(9) NORM(9, "linear")
        ADD(-3, "relu") NORM(9, "relu") NORM(9, "linear") ADD(-3, "relu") END,
    /* Darknet-53; maps that two [shortcut]s, a [route] and a [dropout] read */
    NET(4, 16, 12) CONV(8) CONV(4) CONV(8) ADD(-3, "linear") CONV(4) CONV(8) ADD(-3, "linear")
        ADD(0, "leaky") "[dropout]\nprobability=.3\n" CONV(9) ADD(-2, "leaky") "[route]\nlayers=-1,-4\n" CONV(4) END,
    NET(4, 16, 12) "subdivisions=2\n" CONV(8) CONV(8) ADD(-2, "tanh") ADD(-1, "relu") CONV(8) "stopbackward=1\n" CONV(8)
        ADD(-2, "leaky") ADD(-3, "linear") END,
};

static network *trained(const char *cfg, int is_stock, const char *threads)
{
    setenv("DARKNET_THREADS", threads, 1);
    vd_parallel_forget_threads();
    network *net = network_of(cfg, 0);
    for (int i = 0; is_stock && i < net->n; ++i)
        if (net->layers[i].type == SHORTCUT) use_stock_functions(net->layers + i);
    rand_seed(7);
    train_steps(net, 0, 4, 9);
    return net;
}

START_TEST(trainings_end_with_the_weights_of_stock_functions)
{
    network *want = trained(nets[_i], 1, "1");
    for (int threads = 1; threads <= 3; threads += 2) {
        network *got = trained(nets[_i], 0, threads == 1 ? "1" : "3");
        for (int i = 0; i < got->n; ++i) {
            layer l = got->layers[i];
            if (!vd_has_weights(l)) continue;
            expect_same("weights", l.weights, want->layers[i].weights, (int)vd_weights_of(l));
            ck_assert(isfinite(l.weights[0]));
        }
        free_network(got);
    }
    free_network(want);
}
END_TEST

START_TEST(gradients_are_central_differences)
{
    static const char *const of[] = {
        NET(3, 6, 4) CONV(3) "[convolutional]\nfilters=3\nsize=3\npad=1\nactivation=tanh\n" ADD(-2, "leaky") CONV(3)
            ADD(-2, "tanh") "[cost]\n",
        NET(3, 6, 4) CONV(2) HALF(5) ADD(-2, "logistic") "[cost]\n",
    };
    network *net = network_of(of[_i], 0);
    fill_random(net->input, (size_t)net->inputs * net->batch, 1);
    fill_random(net->truth, (size_t)net->truths * net->batch, 2);
    expect_weight_gradients(net, net->layers[0], (int)vd_weights_of(net->layers[0]), 2e-3f);
    free_network(net);
}
END_TEST

START_TEST(other_shortcuts_keep_their_functions)
{
    static const char *const keys[] = {"activation=linear\nalpha=.5\n", "activation=relu\nbeta=2\n",
                                       "activation=mish\n", "activation=relu\nweights_type=per_feature\n"};
    for (int i = 0; i < COUNT_OF(keys); ++i) {
        char *cfg = vd_format("%s[shortcut]\nfrom=-2\n%s", maps[0], keys[i]);
        network *net = network_of(cfg, 0);
        ck_assert(!vd_is_fast_shortcut(net->layers[2]));
        free_network(net);
        free(cfg);
    }
}
END_TEST

SUITE_OF(plain_shortcut)
{
    const char *kernels = getenv("DARKNET_KERNELS");
    if (kernels && !strcmp(kernels, "c")) {
        skipped(4, "plain shortcuts (DARKNET_KERNELS=c leaves them to stock code)");
    } else {
        LOOP(outputs_and_gradients_are_those_of_stock_darknet, MAPS);
        LOOP(trainings_end_with_the_weights_of_stock_functions, COUNT_OF(nets));
        LOOP(gradients_are_central_differences, 2);
        TEST(other_shortcuts_keep_their_functions);
    }
}
