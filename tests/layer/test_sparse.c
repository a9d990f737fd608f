/* Variational layers at test time: sparse products against dense ones, through complete networks. */
#include "support/support.h"
#include "base/fail.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET(batch)                                                                                                 \
    "[net]\nbatch=" #batch "\nseed=5\nlearning_rate=0.02\nmomentum=0\ndecay=0\npolicy=constant\nmax_batches=100\n" \
    "channels=3\nheight=20\nwidth=16\n"
#define CONV(keys) "[vd_convolutional]\nfilters=20\nsize=3\npad=1\n" keys
#define DENSE(keys) "[vd_connected]\noutput=30\n" keys
#define COST "[softmax]\n[vd_cost]\nsamples=50\n"

static const char *nets[] = {
    NET(1) CONV("activation=leaky\n") CONV("stride=2\nactivation=relu\n") DENSE("activation=linear\n") COST,
    NET(4) CONV("batch_normalize=1\nactivation=leaky\n") "[maxpool]\nsize=2\nstride=2\n" CONV(
        "batch_normalize=1\nactivation=logistic\n") DENSE("batch_normalize=1\nactivation=tanh\n") COST,
    NET(20) CONV("activation=elu\n") CONV("stride=3\nactivation=linear\n") DENSE("activation=leaky\n")
        DENSE("activation=relu\n") COST,
    NET(3) CONV("groups=1\nactivation=relu\n")
        CONV("groups=2\nactivation=relu\n") "[shortcut]\nfrom=-2\n"
                                            "activation=linear\n[vd_conv]\nfilters=12\nsize=1\nbatch_normalize="
                                            "1\nactivation=leaky\n" COST,
    NET(1) CONV("dilation=2\nactivation=leaky\n") CONV("stride_x=2\nstride_y=1\nactivation=relu\n")
        CONV("stride=2\ndilation=3\nactivation=mish\n") DENSE("activation=linear\n") COST,
    NET(20) CONV("dilation=2\nstride_y=3\nactivation=elu\n") CONV("dilation=2\nbatch_normalize=1\nactivation=leaky\n")
        DENSE("activation=leaky\n") COST,
};
enum { NETS = COUNT_OF(nets) };

/* only a share of the weights is left, and statistics differ from their initial values */
static void make_sparse(network *net, double density)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        vd_layer *vd = vd_layer_of(l);
        if (!vd) continue;
        fill_random(vd->log_sigma2, vd->n, 10 + i);
        for (size_t k = 0; k < vd->n; ++k) vd->log_sigma2[k] = vd->log_sigma2[k] < 2 * density - 1 ? -20 : 10;
        fill_random(l.biases, l.out_c, 20 + i);
        for (int c = 0; c < l.out_c && l.batch_normalize; ++c) {
            l.rolling_mean[c] = .1f * l.biases[c];
            l.rolling_variance[c] = .5f + l.biases[c] * l.biases[c];
            l.scales[c] = 1 - .3f * l.biases[c];
        }
        vd_layer_changed(l);
    }
}

static float *predict(network *net, int batch)
{
    float *x = vd_calloc((size_t)batch * net->inputs, sizeof(float));
    set_batch_network(net, batch);
    fill_random(x, (size_t)batch * net->inputs, 1);
    float *out = network_predict(net, x);
    free(x);
    return out;
}

/* the outputs of sparse and of dense products are equal to 1e-5 of the largest; leaves the net at the sparse ones */
static void assert_ways_agree(network *net, int batch)
{
    size_t n = (size_t)batch * net->outputs;
    float *dense = vd_calloc(n, sizeof(float)), largest = 0;
    setenv("DARKNET_SPARSE", "0", 1);
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_changed(net->layers[i]);
    memcpy(dense, predict(net, batch), n * sizeof(float));
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) ck_assert_str_eq(vd_layer_test_time(net->layers[i]).way, "dense");
    setenv("DARKNET_SPARSE", "1", 1);
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_changed(net->layers[i]);
    const float *sparse = predict(net, batch);
    for (size_t i = 0; i < n; ++i) largest = fmaxf(largest, fabsf(dense[i]));
    ck_assert_msg(isfinite(largest) && largest > 0, "nothing to compare with: %g", largest);
    for (size_t i = 0; i < n; ++i)
        ck_assert_msg(close_to(sparse[i], dense[i], 1e-5, 1e-5 * largest), "output[%zu] is %.9g, dense %.9g", i,
                      sparse[i], dense[i]);
    free(dense);
}

START_TEST(sparse_and_dense_predictions_agree)
{
    network *net = network_of(nets[_i], 0);
    int batch = net->batch;
    for (double density = .05; density < 1; density *= 4) {
        make_sparse(net, density);
        assert_ways_agree(net, batch);
        if (batch > 1) assert_ways_agree(net, 1);
    }
    free_network(net);
}
END_TEST

START_TEST(groups_stay_dense)
{
    network *net = network_of(nets[3], 0);
    make_sparse(net, .05);
    setenv("DARKNET_SPARSE", "1", 1);
    ck_assert_str_eq(vd_layer_test_time(net->layers[1]).way, "dense");
    ck_assert_str_ne(vd_layer_test_time(net->layers[0]).way, "dense");
    free_network(net);
}
END_TEST

START_TEST(density_decides_at_the_break_even)
{
    unsetenv("DARKNET_SPARSE");
    network *net = network_of(nets[0], 0);
    for (double density = .05; density < 1; density += .1) {
        make_sparse(net, density);
        for (int i = 0; i < net->n; ++i) {
            if (!vd_layer_of(net->layers[i])) continue;
            vd_test_time t = vd_layer_test_time(net->layers[i]);
            int below = t.nonzeros < vd_sparse_break_even(net->layers[i]) * t.weights;
            ck_assert_int_eq(strcmp(t.way, "dense") != 0, below);
        }
    }
    free_network(net);
}
END_TEST

START_TEST(weights_products_and_nonzeros_are_counted)
{
    network *net = network_of(nets[0], 0);
    make_sparse(net, .2);
    vd_layer *vd = vd_layer_of(net->layers[0]);
    vd_test_time t = vd_layer_test_time(net->layers[0]);
    size_t nonzeros = 0;
    for (size_t i = 0; i < vd->n; ++i) nonzeros += vd->log_sigma2[i] < 0;
    ck_assert_uint_eq(t.weights, 20 * 3 * 9);
    ck_assert_uint_eq(t.nonzeros, nonzeros);
    ck_assert(t.dense_products == 20. * 27 * 20 * 16 && t.products == 320. * nonzeros);
    free_network(net);
}
END_TEST

/* what is kept for predictions is of the numbers that the layers have now */
static void assert_predicts_as_made_anew(network *net)
{
    size_t n = (size_t)4 * net->outputs;
    float *kept = vd_calloc(n, sizeof(float));
    memcpy(kept, predict(net, 4), n * sizeof(float));
    for (int i = 0; i < net->n; ++i)
        if (vd_layer_of(net->layers[i])) vd_layer_changed(net->layers[i]);
    ck_assert_mem_eq(kept, predict(net, 4), n * sizeof(float));
    free(kept);
}

START_TEST(a_step_of_training_is_seen_by_the_next_prediction)
{
    network *net = network_of(nets[1], 0);
    make_sparse(net, .2);
    setenv("DARKNET_SPARSE", "1", 1);
    predict(net, 4);
    fill_random(net->input, (size_t)4 * net->inputs, 2);
    for (int i = 0; i < 4; ++i) net->truth[i * net->truths + i] = 1;
    train_network_datum(net); /* biases, scales and rolling statistics move, and weights */
    assert_predicts_as_made_anew(net);
    assert_ways_agree(net, 4);
    free_network(net);
}
END_TEST

/* weights and masks stay, rolling statistics move: a program on the library may so make them anew */
static const char *const kept_masks[] = {
    NET(4) CONV("batch_normalize=1\nactivation=leaky\n") COST "fine_tune=100\n",
    NET(4) CONV("batch_normalize=1\nactivation=leaky\n") COST "method=magnitude\ntarget_sparsity=.5\nprune_ramp=10\n",
    NET(4) CONV("batch_normalize=1\nactivation=leaky\ntrain_clip=1\n") COST,
};

START_TEST(a_forward_pass_of_training_is_seen_by_the_next_prediction)
{
    network *net = network_of(kept_masks[_i], 0);
    make_sparse(net, .2);
    setenv("DARKNET_SPARSE", "1", 1);
    for (int pass = 0; pass < 3; ++pass) {
        predict(net, 4);
        fill_random(net->input, (size_t)4 * net->inputs, 2);
        *net->seen += net->batch;
        net->train = 1;
        forward_network(net);
    }
    assert_predicts_as_made_anew(net);
    free_network(net);
}
END_TEST

START_TEST(a_resized_network_predicts_with_its_new_size)
{
    network *net = network_of(
        NET(2) CONV("activation=leaky\n") CONV("stride=2\nactivation=leaky\n") CONV("activation=linear\n"), 0);
    make_sparse(net, .1);
    assert_ways_agree(net, 2);
    resize_network(net, 24, 12);
    size_t n = (size_t)2 * net->outputs;
    float *resized = vd_calloc(n, sizeof(float));
    memcpy(resized, predict(net, 2), n * sizeof(float)); /* nothing but the size has changed */
    assert_ways_agree(net, 2);
    ck_assert_mem_eq(resized, predict(net, 2), n * sizeof(float));
    free(resized);
    free_network(net);
}
END_TEST

START_TEST(two_networks_do_not_meet)
{
    setenv("DARKNET_SPARSE", "1", 1);
    network *a = network_of(nets[0], 0), *b = network_of(nets[2], 0);
    make_sparse(a, .1);
    make_sparse(b, .3);
    float *alone = vd_calloc(a->outputs, sizeof(float));
    memcpy(alone, predict(a, 1), a->outputs * sizeof(float));
    predict(b, 20);
    ck_assert_mem_eq(alone, predict(a, 1), a->outputs * sizeof(float));
    free(alone);
    free_network(a);
    free_network(b);
}
END_TEST

START_TEST(a_backward_pass_at_test_time_finds_the_dense_product)
{
    network *net = network_of(nets[1], 0);
    make_sparse(net, .1);
    setenv("DARKNET_SPARSE", "1", 1);
    predict(net, 4);
    layer l = net->layers[0];
    memset(l.x, 0, (size_t)l.outputs * 4 * sizeof(float));
    network n = *net;
    float *delta = vd_calloc((size_t)4 * net->inputs, sizeof(float));
    n.delta = delta;
    n.train = 0;
    fill_random(n.input, (size_t)4 * net->inputs, 3);
    l.forward(l, n);
    float sum = 0;
    for (int i = 0; i < l.outputs * 4; ++i) sum += fabsf(l.x[i]);
    ck_assert(sum > 0);
    free(delta);
    free_network(net);
}
END_TEST

/* a [shortcut] of stock Darknet's function adds to the gradient of layer 0, so it must be cleared (layer/delta.h) */
START_TEST(only_a_forward_pass_that_goes_back_clears_gradients)
{
    network *net =
        network_of("[net]\nbatch=1\nwidth=4\nheight=4\nchannels=2\n[vd_conv]\nfilters=2\n[vd_conv]\nfilters=2\n"
                   "[shortcut]\nfrom=0\nalpha=2\n[vd_conn]\noutput=3\n[softmax]\n[vd_cost]\nsamples=9\n",
                   0);
    float *delta = net->layers[0].delta;
    delta[3] = 1;
    predict(net, 1);
    ck_assert(delta[3] == 1);
    net->train = 0;
    forward_network(net); /* with a truth: the cost layers make a gradient */
    ck_assert(delta[3] == 0);
    delta[3] = 1;
    net->train = 1;
    forward_network(net);
    ck_assert(delta[3] == 0);
    free_network(net);
}
END_TEST

SUITE_OF(sparse)
{
    LOOP(sparse_and_dense_predictions_agree, NETS);
    TEST(groups_stay_dense);
    TEST(density_decides_at_the_break_even);
    TEST(weights_products_and_nonzeros_are_counted);
    TEST(a_step_of_training_is_seen_by_the_next_prediction);
    LOOP(a_forward_pass_of_training_is_seen_by_the_next_prediction, COUNT_OF(kept_masks));
    TEST(a_resized_network_predicts_with_its_new_size);
    TEST(two_networks_do_not_meet);
    TEST(a_backward_pass_at_test_time_finds_the_dense_product);
    TEST(only_a_forward_pass_that_goes_back_clears_gradients);
}
