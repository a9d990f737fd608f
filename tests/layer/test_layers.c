/* The gradient of the whole loss, own cost and KL divergence, through small networks: what one SGD step changes against
 * finite differences of the very same forward pass (the noise is a function of its key, so it can be held still). */
#include "support/support.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET(batch, subdivisions)                                                                                 \
    "[net]\nbatch=" #batch "\nsubdivisions=" #subdivisions "\nseed=5\nlearning_rate=0.02\nmomentum=0\ndecay=0\n" \
    "policy=constant\nmax_batches=100\nchannels=4\nheight=7\nwidth=6\n"
#define COST "[softmax]\n[vd_cost]\nsamples=50\nkl_scale=0.6\n"

static const struct {
    const char *what, *cfg;
} nets[] = {
    {"dense", NET(6, 1) "[vd_connected]\noutput=9\nactivation=tanh\nlog_sigma2=-3\n[vd_connected]\noutput=4\n"
                        "activation=linear\nlog_sigma2=-4\n" COST},
    {"dense, subdivisions", NET(12, 4) "[vd_connected]\noutput=9\nactivation=logistic\nlog_sigma2=-3\n[vd_connected]\n"
                                       "output=4\nactivation=linear\nlog_sigma2=-4\n" COST},
    {"dense with batch norm", NET(8, 1) "[vd_conn]\noutput=9\nbatch_normalize=1\nactivation=tanh\nlog_sigma2=-3\n"
                                        "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-4\n" COST},
    {"convolution", NET(4, 1) "[vd_convolutional]\nfilters=6\nsize=3\npad=1\nactivation=tanh\nlog_sigma2=-5\n"
                              "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-5\n" COST},
    {"stride, groups, no padding", NET(4, 1) "[vd_conv]\nfilters=6\nsize=3\nstride=2\ngroups=2\nactivation=logistic\n"
                                             "log_sigma2=-5\n[vd_connected]\noutput=4\nactivation=linear\n" COST},
    {"large padding, subdivisions", NET(8, 4) "[vd_conv]\nfilters=4\nsize=5\nstride=3\npadding=4\ngroups=4\n"
                                              "activation=tanh\nlog_sigma2=-5\n[vd_conv]\nfilters=4\nsize=3\npad=1\n"
                                              "activation=linear\nlog_sigma2=-4\n[avgpool]\n" COST},
    {"convolutions and the pools they are trained with",
     NET(4, 1) "[vd_conv]\nfilters=6\nsize=3\npad=1\nactivation=leaky\nlog_sigma2=-5\n[maxpool]\nsize=2\nstride=2\n"
               "[vd_conv]\nfilters=7\nsize=2\nactivation=linear\nlog_sigma2=-4\n[maxpool]\nsize=2\nstride=2\n"
               "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-5\n" COST},
    {"a plain convolution with its pool",
     NET(4, 2) "[convolutional]\nfilters=6\nsize=3\npad=1\nactivation=linear\n[maxpool]\nsize=3\nstride=2\n"
               "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-5\n" COST},
    {"1x1 at stride 1 and 2",
     NET(4, 1) "[vd_conv]\nfilters=6\nsize=1\nactivation=tanh\nlog_sigma2=-4\n[vd_conv]\n"
               "filters=4\nsize=1\nstride=2\nactivation=linear\nlog_sigma2=-4\n[avgpool]\n" COST},
    {"convolution with batch norm, train_clip",
     NET(6, 1) "[vd_conv]\nfilters=5\nsize=3\npad=1\nbatch_normalize=1\nactivation=tanh\ntrain_clip=1\nlog_sigma2=-3\n"
               "threshold=1\n[vd_connected]\noutput=4\nactivation=linear\ntrain_clip=1\nlog_sigma2=-3\nthreshold="
               "1\n" COST},
    {"between plain layers, with a shortcut",
     NET(6, 2) "[convolutional]\nfilters=5\nsize=3\npad=1\nactivation=tanh\n[vd_conv]\nfilters=5\nsize=3\npad=1\n"
               "activation=linear\nlog_sigma2=-4\n[shortcut]\nfrom=-2\nactivation=linear\n[connected]\noutput=4\n"
               "activation=linear\n" COST},
    {"gaps, groups, two strides",
     NET(4,
         1) "[vd_conv]\nfilters=6\nsize=3\npad=1\ndilation=2\nactivation=tanh\nlog_sigma2=-5\n[vd_conv]\nfilters=4\n"
            "size=3\npad=1\ngroups=2\ndilation=3\nstride_x=2\nstride_y=1\nactivation=logistic\nlog_sigma2=-4\n"
            "[maxpool]\nsize=2\nstride_x=1\nstride_y=2\n[vd_conv]\nfilters=4\nsize=3\nstride_x=1\nstride_y=2\npad=1\n"
            "activation=linear\nlog_sigma2=-4\n[avgpool]\n" COST},
    {"plain with gaps, a 1x1 before a route",
     NET(4, 1) "[convolutional]\nfilters=6\nsize=3\npad=1\ndilation=2\nactivation=tanh\n[convolutional]\nfilters=4\n"
               "size=1\nactivation=tanh\n[route]\nlayers=-1,-2\n[convolutional]\nfilters=3\nsize=1\nstride_x=1\n"
               "stride_y=3\nactivation=linear\n[vd_connected]\noutput=4\nactivation=linear\n" COST},
    {"leaky behind a route",
     NET(4, 1) "[vd_conv]\nfilters=3\nsize=3\npad=1\nactivation=tanh\nlog_sigma2=-4\n[vd_conv]\nfilters=2\nsize=1\n"
               "activation=tanh\nlog_sigma2=-3\n[route]\nlayers=-1,-2\n[vd_connected]\noutput=4\nactivation="
               "linear\n" COST},
};
enum { NETS = COUNT_OF(nets), MAX_ARRAYS = 32 };

typedef struct {
    const char *name;
    float *x;
    int n, layer, is_theta, is_log_sigma2;
} parameter;

static int collect(network *net, parameter *p)
{
    int n = 0;
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        const vd_layer *vd = vd_layer_of(l);
        if (l.type != CONVOLUTIONAL && l.type != CONNECTED) continue;
        int weights = (int)vd_weights_of(l);
        parameter all[] = {{"theta", l.weights, weights, i, 1, 0},
                           {"log_sigma2", vd ? vd->log_sigma2 : 0, weights, i, 0, 1},
                           {"biases", l.biases, l.out_c, i, 0, 0},
                           {"scales", l.batch_normalize ? l.scales : 0, l.out_c, i, 0, 0}};
        for (int k = 0; k < 4; ++k)
            if (all[k].x) p[n++] = all[k];
    }
    return n;
}

static float inputs[16 * 4 * 7 * 6], truths[16 * 4];

static void load_batch(network *net, int s)
{
    memcpy(net->input, inputs + (size_t)s * net->batch * net->inputs, net->batch * net->inputs * sizeof(float));
    memcpy(net->truth, truths + (size_t)s * net->batch * net->truths, net->batch * net->truths * sizeof(float));
}

/* the loss of the first batch, mean over its images, with the noise the training step will see */
static double loss_of(network *net)
{
    double sum = 0;
    for (int s = 0; s < net->subdivisions; ++s) {
        *net->seen = (size_t)net->batch * (s + 1);
        for (int i = 0; i < net->n; ++i) {
            if (!vd_layer_of(net->layers[i])) continue;
            vd_layer_of(net->layers[i])->noise.drawn = 0;
            vd_layer_changed(net->layers[i]); /* parameters have been written */
        }
        load_batch(net, s);
        net->train = 1;
        forward_network(net);
        sum += *net->cost / net->batch;
    }
    return sum / net->subdivisions;
}

static double slope(network *net, float *x, const float *direction, int n, float h)
{
    float *old = vd_calloc(n, sizeof(float));
    memcpy(old, x, n * sizeof(float));
    for (int i = 0; i < n; ++i) x[i] = old[i] + h * direction[i];
    double up = loss_of(net);
    for (int i = 0; i < n; ++i) x[i] = old[i] - h * direction[i];
    double down = loss_of(net);
    memcpy(x, old, n * sizeof(float));
    free(old);
    return (up - down) / (2 * h);
}

/* Everything away from its initial value. log_alpha has a pole at theta = 0: weights stay away from it, and directions
 * are proportional to them. A few log_alpha are far beyond the clip. */
static void disturb(parameter *p, unsigned seed)
{
    float *noise = vd_calloc(p->n, sizeof(float));
    int s = p->is_log_sigma2, t = p->is_theta;
    fill_random(noise, p->n, seed);
    for (int i = 0; i < p->n; ++i) {
        p->x[i] += (s ? 1.5f : .2f) * noise[i];
        if (t) p->x[i] = copysignf(fmaxf(fabsf(p->x[i]), .05f), p->x[i]);
        if (s && i % 37 == 5) p->x[i] -= 20;
        if (s && i == 7) p->x[i] += 20;
    }
    free(noise);
}

/* The loss has a kink where log_alpha meets the clip, and a step (train_clip) where it meets the threshold:
 * stay away */
static void keep_clear_of_kinks(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        const vd_layer *vd = vd_layer_of(net->layers[i]);
        for (size_t k = 0; vd && k < vd->n; ++k) {
            float theta = net->layers[i].weights[k], kinks[] = {-8, vd->threshold, 8};
            for (int j = 0; j < 3; ++j) {
                float log_alpha = vd->log_sigma2[k] - logf(theta * theta + 1e-8f);
                if (fabsf(log_alpha - kinks[j]) < .1f) vd->log_sigma2[k] += .3f;
            }
        }
    }
}

static void choose_direction(float *direction, parameter p, int trial)
{
    memset(direction, 0, p.n * sizeof(float));
    if (trial < 4) fill_random(direction, p.n, 100 * trial + p.n); /* all of the array */
    else direction[(trial * 2654435761u) % p.n] = 1;               /* one parameter */
    for (int i = 0; i < p.n && p.is_theta; ++i) direction[i] *= fabsf(p.x[i]);
}

START_TEST(a_step_moves_along_the_gradient_of_the_loss)
{
    use_float_kernels(); /* the rounding of a smaller type is a step function without a slope */
    const float rate = .02f, h = 5e-3f;
    /* stock Darknet divides the variance of n outputs by n - 1, but its gradient by n:
     * every element differs a little */
    const int norm = strstr(nets[_i].cfg, "batch_normalize") != 0;
    const double share = norm ? 5e-2 : 4e-3;
    network *net = network_of(nets[_i].cfg, 0);
    parameter p[MAX_ARRAYS];
    float *gradient[MAX_ARRAYS];
    int n = collect(net, p);
    ck_assert_int_eq(net->truths, 4);
    fill_random(inputs, sizeof(inputs) / sizeof(float), 1);
    for (int i = 0; i < 16; ++i) truths[4 * i + i * 7 % 4] = 1;
    for (int a = 0; a < n; ++a) disturb(p + a, 10 + a);
    keep_clear_of_kinks(net);
    for (int a = 0; a < n; ++a) {
        gradient[a] = vd_calloc(p[a].n, sizeof(float));
        memcpy(gradient[a], p[a].x, p[a].n * sizeof(float));
    }
    *net->seen = 0;
    double trained = 0;
    for (int s = 0; s < net->subdivisions; ++s) {
        load_batch(net, s);
        trained += train_network_datum(net) / net->batch / net->subdivisions;
    }
    for (int a = 0; a < n; ++a) { /* undo the step; it becomes the gradient */
        for (int i = 0; i < p[a].n; ++i) {
            float old = gradient[a][i];
            gradient[a][i] = (old - p[a].x[i]) / rate;
            p[a].x[i] = old;
        }
    }
    ck_assert_msg(close_to(loss_of(net), trained, 1e-5, 1e-6), "the noise was not the same");

    for (int a = 0; a < n; ++a) {
        float *direction = vd_calloc(p[a].n, sizeof(float));
        double largest = 0;
        for (int i = 0; i < p[a].n; ++i) largest = fmax(largest, fabs(gradient[a][i]));
        for (int trial = 0; trial < 12; ++trial) {
            double want = 0, length = 0;
            choose_direction(direction, p[a], trial);
            for (int i = 0; i < p[a].n; ++i) length += direction[i] * direction[i];
            double off = share * largest * (norm ? fmax(1, sqrt(length)) : 1);
            for (int i = 0; i < p[a].n; ++i) want += (double)gradient[a][i] * direction[i];
            double got = slope(net, p[a].x, direction, p[a].n, h);
            ck_assert_msg(close_to(got, want, 2e-2, off + 1e-3), /* 1e-3: the losses are floats */
                          "%s: layer %d %s, direction %d: slope %g, step %g", nets[_i].what, p[a].layer, p[a].name,
                          trial, got, want);
        }
        free(direction);
        free(gradient[a]);
    }
    free_network(net);
}
END_TEST

START_TEST(the_kl_gradient_enters_once_whatever_the_subdivisions)
{
    /* no noise to speak of, no gradient from the cost (truth = prediction is impossible;
     * so compare the two directly) */
    const char *cfgs[] = {NET(12, 1) "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-30\n" COST,
                          NET(12, 4) "[vd_connected]\noutput=4\nactivation=linear\nlog_sigma2=-30\n" COST};
    float *after[2];
    fill_random(inputs, sizeof(inputs) / sizeof(float), 1);
    for (int i = 0; i < 12; ++i) truths[4 * i + i % 4] = 1;
    for (int c = 0; c < 2; ++c) {
        network *net = network_of(cfgs[c], 0);
        layer l = net->layers[0];
        const vd_layer *vd = vd_layer_of(l);
        for (size_t i = 0; i < vd->n; ++i) vd->log_sigma2[i] = logf(l.weights[i] * l.weights[i] + 1e-8f) - 7.5f;
        for (int s = 0; s < net->subdivisions; ++s) {
            load_batch(net, s);
            train_network_datum(net);
        }
        after[c] = vd_calloc(vd->n, sizeof(float));
        for (size_t i = 0; i < vd->n; ++i)
            after[c][i] = vd->log_sigma2[i] - (logf(l.weights[i] * l.weights[i] + 1e-8f) - 7.5f);
        if (c == 1)
            for (size_t i = 0; i < vd->n; ++i) ck_assert(close_to(after[1][i], after[0][i], .05, 2e-4));
        free_network(net);
    }
    free(after[0]), free(after[1]);
}
END_TEST

START_TEST(noise_is_fresh_at_every_training_forward_and_absent_at_test)
{
    network *net = network_of(nets[0].cfg, 0);
    float first[64], second[64];
    fill_random(net->input, net->inputs * net->batch, 3);
    net->train = 1;
    forward_network(net);
    memcpy(first, net->output, net->batch * 4 * sizeof(float));
    forward_network(net);
    memcpy(second, net->output, net->batch * 4 * sizeof(float));
    ck_assert_mem_ne(first, second, net->batch * 4 * sizeof(float));
    float *input = vd_calloc(net->inputs * net->batch, sizeof(float));
    memcpy(input, net->input, net->inputs * net->batch * sizeof(float));
    memcpy(first, network_predict(net, input), net->batch * 4 * sizeof(float));
    memcpy(second, network_predict(net, input), net->batch * 4 * sizeof(float));
    ck_assert_mem_eq(first, second, net->batch * 4 * sizeof(float));
    free(input);
    free_network(net);
}
END_TEST

/* a bias that entered the variance would, if negative, give the root of a negative number */
START_TEST(biases_have_no_part_in_the_variance)
{
    network *net = network_of(nets[0].cfg, 0);
    float quiet[64];
    layer l = net->layers[0];
    for (int b = 0; b < 2; ++b) {
        for (int i = 0; i < l.outputs; ++i) l.biases[i] = b ? -1e3f : 0;
        vd_layer_of(l)->noise.drawn = 0;
        fill_random(net->input, net->inputs * net->batch, 3);
        net->train = 1;
        l.activation = LINEAR;
        net->layers[0] = l;
        forward_network(net);
        for (int i = 0; i < 64 && i < l.outputs * l.batch; ++i) {
            if (b) ck_assert(close_to(l.output[i] + 1e3, quiet[i], 0, 2e-4));
            else quiet[i] = l.output[i];
        }
    }
    free_network(net);
}
END_TEST

/* a mask made again at every forward pass would cost more than the product */
START_TEST(the_mask_is_made_once_and_again_only_after_a_change)
{
    network *net = network_of(nets[0].cfg, 0);
    vd_layer *vd = vd_layer_of(net->layers[0]);
    float *input = vd_calloc(net->inputs * net->batch, sizeof(float));
    fill_random(input, net->inputs * net->batch, 3);
    network_predict(net, input);
    ck_assert(vd->test_time.masked_is_current);
    vd->test_time.masked[0] = 123; /* would be overwritten by a new mask */
    network_predict(net, input);
    ck_assert(vd->test_time.masked[0] == 123);
    load_batch(net, 0);
    train_network_datum(net);
    ck_assert(!vd->test_time.masked_is_current);
    network_predict(net, input);
    ck_assert(vd->test_time.masked[0] != 123);
    free(input);
    free_network(net);
}
END_TEST

START_TEST(one_and_three_threads_train_to_the_same_bits)
{
    static float weights[2][4096];
    for (int t = 0; t < 2; ++t) {
        setenv("DARKNET_THREADS", t ? "3" : "1", 1);
        vd_parallel_forget_threads();
        network *net = network_of(nets[8].cfg, 0);
        fill_random(inputs, sizeof(inputs) / sizeof(float), 1);
        for (int i = 0; i < 16; ++i) truths[4 * i + i * 7 % 4] = 1;
        for (int step = 0; step < 8; ++step) {
            load_batch(net, step % 2);
            train_network_datum(net);
        }
        for (int i = 0, at = 0; i < net->n; ++i) {
            layer l = net->layers[i];
            int n = (int)vd_weights_of(l);
            if (n) memcpy(weights[t] + at, l.weights, n * sizeof(float));
            at += n;
        }
        free_network(net);
    }
    ck_assert_mem_eq(weights[0], weights[1], sizeof(weights[0]));
}
END_TEST

START_TEST(nothing_in_front_of_stopbackward_is_trained)
{
    network *net = network_of(NET(6, 1) "[vd_conv]\nfilters=3\nsize=3\nactivation=tanh\n[vd_connected]\noutput=5\n"
                                        "activation=tanh\nstopbackward=1\n[vd_connected]\noutput=4\n"
                                        "activation=linear\n" COST,
                              0);
    float before[3], s_before[3];
    for (int i = 0; i < 3; ++i) {
        before[i] = net->layers[i].weights[0];
        s_before[i] = vd_layer_of(net->layers[i])->log_sigma2[0];
    }
    fill_random(inputs, sizeof(inputs) / sizeof(float), 1);
    for (int i = 0; i < 16; ++i) truths[4 * i + i * 7 % 4] = 1;
    for (int step = 0; step < 5; ++step) {
        load_batch(net, 0);
        train_network_datum(net);
    }
    for (int i = 0; i < 3; ++i) {
        int moved = net->layers[i].weights[0] != before[i] || vd_layer_of(net->layers[i])->log_sigma2[0] != s_before[i];
        ck_assert_msg(moved == (i == 2), "layer %d %s", i, moved ? "moved" : "did not move");
    }
    free_network(net);
}
END_TEST

START_TEST(stopbackward_may_end_after_some_batches)
{
    network *net = network_of(NET(6, 1) "[vd_conv]\nfilters=3\nsize=3\nactivation=tanh\n[vd_connected]\noutput=4\n"
                                        "activation=linear\nstopbackward=3\n" COST,
                              0);
    const float before = net->layers[0].weights[0];
    fill_random(inputs, sizeof(inputs) / sizeof(float), 1);
    for (int i = 0; i < 16; ++i) truths[4 * i + i * 7 % 4] = 1;
    for (int batch = 1; batch <= 4; ++batch) {
        load_batch(net, 0);
        train_network_datum(net);
        ck_assert_msg((net->layers[0].weights[0] != before) == (batch > 3), "batch %d", batch);
    }
    free_network(net);
}
END_TEST

START_TEST(a_weight_that_is_not_a_number_does_not_hide)
{
    for (int which = 0; which < 2; ++which) {
        network *net = network_of(nets[0].cfg, 0);
        layer l = net->layers[0];
        *(which ? &vd_layer_of(l)->log_sigma2[3] : &l.weights[3]) = NAN;
        *net->seen = net->batch;
        net->train = 1;
        vd_layer_of(net->layers[0])->noise.drawn = 0;
        l.forward(l, *net);
        ck_assert(isnan(vd_layer_of(l)->variance.kl));
        free_network(net);
    }
}
END_TEST

SUITE_OF(layers)
{
    LOOP(a_step_moves_along_the_gradient_of_the_loss, NETS);
    TEST(the_kl_gradient_enters_once_whatever_the_subdivisions);
    TEST(noise_is_fresh_at_every_training_forward_and_absent_at_test);
    TEST(biases_have_no_part_in_the_variance);
    TEST(the_mask_is_made_once_and_again_only_after_a_change);
    TEST(nothing_in_front_of_stopbackward_is_trained);
    TEST(stopbackward_may_end_after_some_batches);
    TEST(a_weight_that_is_not_a_number_does_not_hide);
    TEST(one_and_three_threads_train_to_the_same_bits);
}
