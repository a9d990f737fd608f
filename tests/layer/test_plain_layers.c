/* layer/plain_layers.c: the plugin's functions for plain layers against the stock ones on the same weights and inputs:
 * outputs, errors and gradients, for every shape that stock Darknet treats as a convolution. */
#include "layer/layer_state.h"
#include "support/support.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"
#include "connected_layer.h"
#include "convolutional_layer.h"
#include "maxpool_layer.h"

#define NET(batch) \
    "[net]\nbatch=" #batch "\nseed=3\nlearning_rate=.1\nmomentum=0\ndecay=0\nchannels=4\nheight=9\nwidth=8\n"

static const char *nets[] = {
    NET(5) "[convolutional]\nfilters=6\nsize=3\npad=1\nactivation=leaky\n",
    NET(1) "[convolutional]\nfilters=70\nsize=3\npad=1\nactivation=relu\n",
    NET(1) "[convolutional]\nfilters=6\nsize=1\nactivation=logistic\n",
    NET(20) "[convolutional]\nfilters=6\nsize=5\nstride=2\npadding=2\ngroups=2\nactivation=tanh\n",
    NET(3) "[convolutional]\nfilters=8\nsize=1\ngroups=4\nactivation=elu\n",
    NET(4) "[convolutional]\nfilters=5\nsize=3\nstride=3\nbatch_normalize=1\nactivation=leaky\n",
    NET(4) "[convolutional]\nfilters=5\nsize=1\nbatch_normalize=1\nactivation=linear\n",
    NET(4) "[convolutional]\nfilters=5\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n",
    NET(4) "[convolutional]\nfilters=5\nsize=3\npad=1\nbatch_normalize=1\nactivation=tanh\n",
    NET(4) "[convolutional]\nfilters=5\nsize=3\nstride=3\nbatch_normalize=1\nactivation=logistic\n",
    NET(4) "[connected]\noutput=150\nactivation=relu\n",
    NET(40) "[connected]\noutput=7\nactivation=hardtan\n",
    NET(33) "[connected]\noutput=70\nbatch_normalize=1\nactivation=leaky\n",
    NET(3) "[maxpool]\nsize=2\nstride=2\n",
    NET(3) "[maxpool]\nsize=3\nstride=2\n",
    NET(3) "[maxpool]\nsize=2\nstride=1\n",
};
enum { NETS = COUNT_OF(nets) };

static void stock_functions(layer *l)
{
    if (l->type == CONVOLUTIONAL) l->forward = forward_convolutional_layer, l->backward = backward_convolutional_layer;
    if (l->type == CONNECTED) l->forward = forward_connected_layer, l->backward = backward_connected_layer;
    if (l->type == MAXPOOL) l->forward = forward_maxpool_layer, l->backward = backward_maxpool_layer;
}

static void assert_equal(const char *what, const float *got, const float *want, int n)
{
    double largest = 0;
    for (int i = 0; i < n; ++i) largest = fmax(largest, fabs(want[i]));
    ck_assert_msg(isfinite(largest) && largest > 0, "nothing to compare with: %g", largest);
    for (int i = 0; i < n; ++i)
        ck_assert_msg(close_to(got[i], want[i], 2e-5, 1e-5 * largest), "%s[%d] is %.9g, stock %.9g", what, i, got[i],
                      want[i]);
}

START_TEST(results_are_those_of_the_stock_functions)
{
    layer l[2];
    float *d_input[2];
    network *net[2];
    for (int v = 0; v < 2; ++v) {
        net[v] = network_of(nets[_i], 0);
        l[v] = net[v]->layers[0];
        if (v) ck_assert(l[0].forward != forward_convolutional_layer && l[0].forward != forward_connected_layer);
        if (v) stock_functions(l + v);
        int inputs = net[v]->inputs * net[v]->batch, outputs = l[v].outputs * l[v].batch;
        d_input[v] = vd_calloc(inputs, sizeof(float));
        for (int train = 1; train >= 0; --train) {
            fill_random(net[v]->input, inputs, 1);
            network n = *net[v];
            n.train = train;
            n.delta = d_input[v];
            l[v].forward(l[v], n);
            if (!train) continue;
            fill_random(l[v].delta, outputs, 2);
            l[v].backward(l[v], n);
        }
    }
    ck_assert_msg(l[0].forward != l[1].forward, "nothing was compared");
    assert_equal("output", l[0].output, l[1].output, l[0].outputs * l[0].batch);
    assert_equal("delta", l[0].delta, l[1].delta, l[0].outputs * l[0].batch);
    assert_equal("d input", d_input[0], d_input[1], net[0]->inputs * net[0]->batch);
    if (l[0].weights) {
        int n = (int)vd_weights_of(l[0]);
        assert_equal("weight updates", l[0].weight_updates, l[1].weight_updates, n);
        assert_equal("bias updates", l[0].bias_updates, l[1].bias_updates, l[0].out_c);
    }
    if (l[0].batch_normalize) {
        assert_equal("scale updates", l[0].scale_updates, l[1].scale_updates, l[0].out_c);
        assert_equal("rolling mean", l[0].rolling_mean, l[1].rolling_mean, l[0].out_c);
        assert_equal("rolling variance", l[0].rolling_variance, l[1].rolling_variance, l[0].out_c);
    }
    if (l[0].type == MAXPOOL) ck_assert_mem_eq(l[0].indexes, l[1].indexes, l[0].outputs * l[0].batch * sizeof(int));
    for (int v = 0; v < 2; ++v) free(d_input[v]), free_network(net[v]);
}
END_TEST

START_TEST(odd_stock_convolutions_are_left_alone)
{
    network *net = network_of(NET(2) "[convolutional]\nfilters=6\nsize=1\nstride=2\nactivation=leaky\n", 0);
    ck_assert_ptr_eq(net->layers[0].forward, forward_convolutional_layer);
    free_network(net);
}
END_TEST

/* stock Darknet's tanh, elu and selu are NaN there */
START_TEST(large_numbers_have_an_activation)
{
    static const struct {
        ACTIVATION a;
        float x, y;
    } cases[] = {{TANH, 400, 1},
                 {TANH, -400, -1},
                 {TANH, 1e38f, 1},
                 {TANH, -1e38f, -1},
                 {ELU, 800, 800},
                 {ELU, -800, -1},
                 {ELU, 1e38f, 1e38f},
                 {ELU, -1e38f, -1},
                 {SELU, 800, (float)(1.0507 * 800)},
                 {SELU, -800, (float)(-1.0507 * 1.6732)}};
    for (size_t i = 0; i < COUNT_OF(cases); ++i) ck_assert_float_eq(activate(cases[i].x, cases[i].a), cases[i].y);
}
END_TEST

SUITE_OF(plain_layers)
{
    TEST(large_numbers_have_an_activation);
    const char *kernels = getenv("DARKNET_KERNELS"); /* each test picks its table itself: vd_kernels_get() would here */
    if (kernels && !strcmp(kernels, "c")) {
        skipped(2, "plain layers (DARKNET_KERNELS=c leaves them to stock code)");
    } else {
        LOOP(results_are_those_of_the_stock_functions, NETS);
        TEST(odd_stock_convolutions_are_left_alone);
    }
}
