/* layer/update.c: every layer's step of Adam and of gradient descent against a reference in double precision. */
#include "kernels/kernels.h"
#include "layer/vd_cost_layer.h"
#include "layer/vd_layer.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the reference, in double precision
 * --------------------------------------------------------------------------- */

static const double k1 = 0.63576, k2 = 1.87320, k3 = 1.48695;

/* log_alpha, and 1 in *inside when the clip lets a gradient through */
static double log_alpha_of(double theta, double S, int *inside)
{
    double a = S - log(theta * theta + 1e-8);
    *inside = a > -8 && a < 8;
    return fmin(fmax(a, -8), 8);
}

/* turn a gradient with respect to sigma2 = exp(log_alpha) theta^2 into those of theta (added) and S (replaced), and add
 * `kl` times those of the KL divergence; all gradients in one sign */
static void chain(double theta, double S, double kl, double *d_theta, double *d_S)
{
    int inside;
    double a = log_alpha_of(theta, S, &inside), alpha = exp(a), d_sigma2 = *d_S;
    double da_dtheta = inside ? -2 * theta / (theta * theta + 1e-8) : 0;
    double s = 1 / (1 + exp(-(k2 + k3 * a)));
    double dkl_da = -(k1 * k3 * s * (1 - s) + .5 / (1 + alpha));
    *d_theta += d_sigma2 * (alpha * 2 * theta + alpha * theta * theta * da_dtheta) + kl * dkl_da * da_dtheta;
    *d_S = inside ? d_sigma2 * alpha * theta * theta + kl * dkl_da : 0;
}

/* one array that is stepped along the negative gradient `updates`, its reference and the reference's state */
typedef struct {
    const char *name;
    size_t n;
    float *x, *updates;
    double rate, decay;
    double *ref, *m, *v, *g; /* g: the mean gradient of the step to come */
} array;

static array *arrays;
static int narrays;

static void track(const char *name, size_t n, float *x, float *updates, double rate, double decay)
{
    ck_assert_msg(x && updates && n, "%s", name);
    arrays = realloc(arrays, (narrays + 1) * sizeof(array));
    array *a = arrays + narrays++;
    *a = (array){.name = name, .n = n, .x = x, .updates = updates, .rate = rate, .decay = decay};
    a->ref = vd_calloc(n, sizeof(double));
    a->m = vd_calloc(n, sizeof(double));
    a->v = vd_calloc(n, sizeof(double));
    a->g = vd_calloc(n, sizeof(double));
    for (size_t i = 0; i < n; ++i) a->ref[i] = x[i];
}

static void forget_arrays(void)
{
    for (int i = 0; i < narrays; ++i) {
        free(arrays[i].ref);
        free(arrays[i].m);
        free(arrays[i].v);
        free(arrays[i].g);
    }
    free(arrays);
    arrays = 0;
    narrays = 0;
}

/* Kingma, Ba 2014, algorithm 1, on the mean gradient with an L2 penalty */
static void step_adam(array *a, double b1, double b2, double eps, int t)
{
    for (size_t i = 0; i < a->n; ++i) {
        double g = a->g[i] + a->decay * a->ref[i];
        a->m[i] = b1 * a->m[i] + (1 - b1) * g;
        a->v[i] = b2 * a->v[i] + (1 - b2) * g * g;
        a->ref[i] -= a->rate * (a->m[i] / (1 - pow(b1, t))) / (sqrt(a->v[i] / (1 - pow(b2, t))) + eps);
    }
}

/* Darknet: updates -= decay batch x;  x += rate/batch updates;  updates *= momentum */
static void step_sgd(array *a, double momentum)
{
    for (size_t i = 0; i < a->n; ++i) {
        a->m[i] = momentum * a->m[i] - (a->g[i] + a->decay * a->ref[i]);
        a->ref[i] += a->rate * a->m[i];
    }
}

static void expect_references(const char *what, int t)
{
    for (int k = 0; k < narrays; ++k) {
        const array *a = arrays + k;
        for (size_t i = 0; i < a->n; ++i)
            /* where alpha is clipped, d theta is theta e^8: a step multiplies the error of the one before it */
            ck_assert_msg(close_to(a->x[i], a->ref[i], 4e-6, 2e-6), "%s, step %d: %s[%zu] = %.9g, reference %.9g", what,
                          t, a->name, i, a->x[i], a->ref[i]);
    }
}

/* ---- Adam on stock layers
 * ----------------------------------------------------------------------------------------- */

static void track_weights(const char *name, layer l, size_t weights, size_t biases, double rate, double decay)
{
    rate *= l.learning_rate_scale;
    track(name, weights, l.weights, l.weight_updates, rate, decay);
    track("biases", biases, l.biases, l.bias_updates, rate, 0);
    if (l.batch_normalize) track("scales", biases, l.scales, l.scale_updates, rate, 0);
}

static void track_connected(const char *name, const layer *l, double rate, double decay)
{
    track_weights(name, *l, (size_t)l->inputs * l->outputs, l->outputs, rate, decay);
}

static void track_convolutional(const char *name, const layer *l, double rate, double decay)
{
    track_weights(name, *l, (size_t)l->n * l->c / (l->groups ? l->groups : 1) * l->size * l->size, l->n, rate, decay);
}

static void track_stock_layer(layer l, double rate, double decay)
{
    switch (l.type) {
    case CONNECTED:
        track_connected("connected", &l, rate, decay);
        break;
    case CONVOLUTIONAL:
        track_convolutional("convolutional", &l, rate, decay);
        break;
    case DECONVOLUTIONAL:
        track_convolutional("deconvolutional", &l, rate, decay);
        break;
    case LOCAL:
        track_weights("local", l, (size_t)l.n * l.c * l.size * l.size * l.out_w * l.out_h, l.outputs, rate, decay);
        break;
    case RNN:
        track_connected("rnn input", l.input_layer, rate, decay);
        track_connected("rnn self", l.self_layer, rate, decay);
        track_connected("rnn output", l.output_layer, rate, decay);
        break;
    case CRNN:
        track_convolutional("crnn input", l.input_layer, rate, decay);
        track_convolutional("crnn self", l.self_layer, rate, decay);
        track_convolutional("crnn output", l.output_layer, rate, decay);
        break;
    case GRU: {
        const layer *parts[] = {l.wz, l.wr, l.wh, l.uz, l.ur, l.uh};
        for (int i = 0; i < 6; ++i) track_connected("gru", parts[i], rate, decay);
        break;
    }
    case LSTM: {
        const layer *parts[] = {l.wf, l.wi, l.wg, l.wo, l.uf, l.ui, l.ug, l.uo};
        for (int i = 0; i < 8; ++i) track_connected("lstm", parts[i], rate, decay);
        break;
    }
    default:
        ck_abort_msg("no such layer in these tests");
    }
}

#define ADAM "adam=1\nB1=.8\nB2=.95\neps=.01\nlearning_rate=.03\ndecay=.25\npolicy=constant\n"

static const struct {
    const char *net, *section;
} stock_layers[] = {
    {"inputs=7\n", "[connected]\noutput=5\nbatch_normalize=1\nlearning_rate=.5\n"},
    {"inputs=7\n", "[connected]\noutput=5\n"},
    {"height=5\nwidth=4\nchannels=4\n", "[convolutional]\nfilters=6\nsize=3\npad=1\ngroups=2\nbatch_normalize=1\n"},
    {"height=5\nwidth=4\nchannels=2\n", "[convolutional]\nfilters=3\nsize=2\n"},
    {"height=5\nwidth=4\nchannels=2\n", "[deconvolutional]\nfilters=3\nsize=2\nstride=2\nbatch_normalize=1\n"},
    {"height=5\nwidth=4\nchannels=2\n", "[local]\nfilters=3\nsize=2\nstride=1\n"},
    {"inputs=6\ntime_steps=2\n", "[rnn]\noutput=4\nbatch_normalize=1\n"},
    {"inputs=6\ntime_steps=2\n", "[rnn]\noutput=4\n"},
    {"inputs=6\ntime_steps=2\n", "[gru]\noutput=4\nbatch_normalize=1\n"},
    {"inputs=6\ntime_steps=2\n", "[lstm]\noutput=4\nbatch_normalize=1\n"},
    {"height=4\nwidth=4\nchannels=2\ntime_steps=2\n",
     "[crnn]\noutput_filters=3\nhidden_filters=2\nbatch_normalize=1\n"},
};

START_TEST(adam_steps_every_stock_layer_as_the_reference)
{
    const char *section = stock_layers[_i / 2].section;
    int subdivisions = 1 + _i % 2;
    char *cfg =
        vd_format("[net]\nbatch=4\nsubdivisions=%d\n%s" ADAM "%s", subdivisions, stock_layers[_i / 2].net, section);
    network *net = network_of(cfg, 0);
    double batch = (double)net->batch * net->subdivisions;
    track_stock_layer(net->layers[0], net->learning_rate, net->decay);
    for (int t = 1; t <= 5; ++t) {
        *net->seen += (size_t)batch;
        for (int k = 0; k < narrays; ++k) {
            array *a = arrays + k;
            fill_random(a->updates, a->n, 100 * t + k);
            for (size_t i = 0; i < a->n; ++i) {
                a->updates[i] *= i % 3 ? 5 : .05f; /* large and small compared to eps */
                a->g[i] = -a->updates[i] / batch;
            }
        }
        update_network(net);
        for (int k = 0; k < narrays; ++k) step_adam(arrays + k, .8, .95, .01, t);
        expect_references(section, t);
        for (int k = 0; k < narrays; ++k)
            for (size_t i = 0; i < arrays[k].n; ++i) ck_assert(arrays[k].updates[i] == 0);
    }
    forget_arrays();
    free_network(net);
    free(cfg);
}
END_TEST

START_TEST(crnn_stands_still_as_in_stock_and_the_others_move)
{
    for (size_t k = 0; k < COUNT_OF(stock_layers); ++k) {
        char *cfg = vd_format("[net]\nbatch=4\n%s" ADAM "%s", stock_layers[k].net, stock_layers[k].section);
        network *net = network_of(cfg, 0);
        track_stock_layer(net->layers[0], 1, 0);
        int moves = net->layers[0].type != CRNN;
        for (int i = 0; i < narrays; ++i) fill_random(arrays[i].updates, arrays[i].n, i);
        update_network(net);
        for (int i = 0; i < narrays; ++i)
            ck_assert_msg((arrays[i].x[1] != (float)arrays[i].ref[1]) == moves, "%s", stock_layers[k].section);
        forget_arrays();
        free_network(net);
        free(cfg);
    }
}
END_TEST

/* without adam=1 stock code steps a stock layer */
START_TEST(without_adam_stock_layers_are_stepped_by_stock_code)
{
    network *net =
        network_of("[net]\nbatch=4\ninputs=7\nlearning_rate=.03\nmomentum=.7\ndecay=.25\n[connected]\noutput=5\n", 0);
    track_stock_layer(net->layers[0], net->learning_rate, net->decay);
    for (int t = 1; t <= 3; ++t) {
        for (int k = 0; k < narrays; ++k) {
            array *a = arrays + k;
            float step[35];
            fill_random(step, a->n, 100 * t + k);
            for (size_t i = 0; i < a->n; ++i) {
                a->updates[i] += step[i];
                a->g[i] = -step[i] / 4;
            }
        }
        update_network(net);
        for (int k = 0; k < narrays; ++k) step_sgd(arrays + k, .7);
        expect_references("connected", t);
    }
    forget_arrays();
    free_network(net);
}
END_TEST

/* one step of training on fixed data */
static void set_data(network *net, int first)
{
    fill_random(net->input, (size_t)net->batch * net->inputs, 1000 + first);
    memset(net->truth, 0, sizeof(float) * net->batch * net->truths);
    for (int b = 0; b < net->batch; ++b) net->truth[b * net->truths + (first + b) % net->truths] = 1;
}

/* the gradients of the network's own backward pass, not set by hand: their sum over the subdivisions of a batch */
START_TEST(adam_steps_along_the_mean_gradient_of_all_subdivisions)
{
    for (int subdivisions = 1; subdivisions <= 2; ++subdivisions) {
        char *cfg = vd_format("[net]\nbatch=4\nsubdivisions=%d\nheight=5\nwidth=4\nchannels=2\n" ADAM
                              "[convolutional]\nfilters=3\nsize=2\nactivation=leaky\nbatch_normalize=1\n"
                              "[connected]\noutput=3\nactivation=linear\n[softmax]\n",
                              subdivisions);
        network *net = network_of(cfg, 0);
        track_stock_layer(net->layers[0], net->learning_rate, net->decay);
        track_stock_layer(net->layers[1], net->learning_rate, net->decay);
        for (int t = 1; t <= 4; ++t) {
            for (int s = 0; s < subdivisions; ++s) {
                set_data(net, 4 * t + s);
                *net->seen += net->batch;
                net->train = 1;
                forward_network(net);
                backward_network(net);
            }
            for (int k = 0; k < narrays; ++k)
                for (size_t i = 0; i < arrays[k].n; ++i) arrays[k].g[i] = -arrays[k].updates[i] / 4.;
            update_network(net);
            for (int k = 0; k < narrays; ++k) step_adam(arrays + k, .8, .95, .01, t);
            expect_references("convolutional and connected", t);
        }
        forget_arrays();
        free_network(net);
        free(cfg);
    }
}
END_TEST

START_TEST(two_subdivisions_are_one_batch_of_the_same_images)
{
    static const char body[] =
        "inputs=6\n" ADAM "seed=3\n"
        "[connected]\noutput=5\nactivation=leaky\n[connected]\noutput=3\nactivation=linear\n[softmax]\n";
    char *one = vd_format("[net]\nbatch=4\n%s", body), *two = vd_format("[net]\nbatch=4\nsubdivisions=2\n%s", body);
    network *a = network_of(one, 0), *b = network_of(two, 0);
    for (int t = 0; t < 4; ++t) {
        set_data(a, t);
        for (int s = 0; s < 2; ++s) {
            memcpy(b->input, a->input + s * 2 * 6, 2 * 6 * sizeof(float));
            memcpy(b->truth, a->truth + s * 2 * 3, 2 * 3 * sizeof(float));
            ck_assert_int_eq(*b->t, t);
            train_network_datum(b);
        }
        train_network_datum(a);
        for (int l = 0; l < 2; ++l)
            for (int i = 0; i < a->layers[l].inputs * a->layers[l].outputs; ++i)
                ck_assert(close_to(b->layers[l].weights[i], a->layers[l].weights[i], 1e-5, 1e-6));
    }
    free_network(a);
    free_network(b);
    free(one);
    free(two);
}
END_TEST

/* ---- variational layers
 * ------------------------------------------------------------------------------------------- */

static const char *const vd_sections[] = {
    "[vd_connected]\noutput=5\nbatch_normalize=1\nlearning_rate=.5\nactivation=linear\n",
    "[vd_connected]\noutput=5\nactivation=linear\n",
    "[vd_convolutional]\nfilters=6\nsize=3\npad=1\ngroups=2\nbatch_normalize=1\nactivation=linear\n",
    "[vd_convolutional]\nfilters=3\nsize=2\nactivation=linear\n",
};

enum { THETA, S };

/* theta and log_sigma2 are arrays THETA and S; weights and variances of every kind: usual, clipped at either end, 0 */
static network *tracked_vd_network(int which, int subdivisions, const char *optimiser)
{
    char *cfg = vd_format("[net]\nbatch=4\nsubdivisions=%d\nheight=5\nwidth=4\nchannels=4\n%s%s"
                          "[vd_cost]\nsamples=50\nkl_scale=.8\nkl_ramp=4\n",
                          subdivisions, optimiser, vd_sections[which]);
    network *net = network_of(cfg, 0);
    layer l = net->layers[0];
    vd_layer *vd = vd_layer_of(l);
    free(cfg);
    fill_random(l.weights, vd->n, 11);
    fill_random(vd->log_sigma2, vd->n, 12);
    for (size_t i = 0; i < vd->n; ++i) {
        vd->log_sigma2[i] = vd->log_sigma2[i] * 3 - 2;
        if (i % 7 == 1) vd->log_sigma2[i] = 20;
        if (i % 7 == 3) vd->log_sigma2[i] = -20;
        if (i % 7 == 5) l.weights[i] *= .01f;
    }
    /* the arrays of the variational gradients exist from the first training forward on */
    net->train = 1;
    forward_network(net);
    double rate = net->learning_rate * l.learning_rate_scale;
    track("theta", vd->n, l.weights, l.weight_updates, rate, net->decay);
    track("log_sigma2", vd->n, vd->log_sigma2, vd->gradients.d_log_sigma2, rate, 0);
    track("biases", l.out_c, l.biases, l.bias_updates, rate, 0);
    if (l.batch_normalize) track("scales", l.out_c, l.scales, l.scale_updates, rate, 0);
    return net;
}

/* add random steps to the updates, as a backward pass does after its forward pass, and put the mean gradient into the
 * references */
static void add_random_gradients(network *net, int t)
{
    const double batch = (double)net->batch * net->subdivisions, N = 50;
    double weight = .8 * fmin(t / 4., 1);
    forward_network(net);
    vd_layer_of(net->layers[0])->gradients.went_backward = 1;
    for (int k = 0; k < narrays; ++k) {
        array *a = arrays + k;
        float *step = vd_calloc(a->n, sizeof(float));
        fill_random(step, a->n, 100 * t + k);
        for (size_t i = 0; i < a->n; ++i) {
            a->updates[i] += step[i];
            a->g[i] = -step[i] / batch;
        }
        free(step);
    }
    for (size_t i = 0; i < arrays[THETA].n; ++i)
        chain(arrays[THETA].ref[i], arrays[S].ref[i], weight / N, arrays[THETA].g + i, arrays[S].g + i);
}

START_TEST(adam_steps_variational_layers_as_the_reference)
{
    network *net = tracked_vd_network(_i / 2, 1 + _i % 2, ADAM);
    for (int t = 1; t <= 6; ++t) {
        *net->seen += (size_t)net->batch * net->subdivisions;
        add_random_gradients(net, t);
        update_network(net);
        for (int k = 0; k < narrays; ++k) step_adam(arrays + k, .8, .95, .01, t);
        expect_references(vd_sections[_i / 2], t);
    }
    forget_arrays();
    free_network(net);
}
END_TEST

START_TEST(gradient_descent_steps_variational_layers_as_the_stock_formula)
{
    network *net = tracked_vd_network(_i / 2, 1 + _i % 2, "learning_rate=.03\nmomentum=.7\ndecay=.25\n");
    for (int t = 1; t <= 6; ++t) {
        *net->seen += (size_t)net->batch * net->subdivisions;
        add_random_gradients(net, t);
        update_network(net);
        for (int k = 0; k < narrays; ++k) step_sgd(arrays + k, .7);
        expect_references(vd_sections[_i / 2], t);
    }
    forget_arrays();
    free_network(net);
}
END_TEST

START_TEST(gradient_descent_without_momentum_keeps_no_velocity)
{
    network *net = tracked_vd_network(0, 1, "learning_rate=.03\nmomentum=0\ndecay=.25\n");
    for (int t = 1; t <= 3; ++t) {
        *net->seen += net->batch;
        add_random_gradients(net, t);
        update_network(net);
        for (int k = 0; k < narrays; ++k) step_sgd(arrays + k, 0);
        expect_references("momentum 0", t);
    }
    ck_assert_ptr_null(vd_layer_of(net->layers[0])->optimiser.velocity);
    ck_assert_ptr_null(vd_layer_of(net->layers[0])->optimiser.log_sigma2_m);
    forget_arrays();
    free_network(net);
}
END_TEST

/* with no gradient of the variance and no KL divergence a variational layer is stepped like the stock one */
START_TEST(a_variational_layer_without_variance_steps_like_the_stock_layer)
{
    static const char *const types[][2] = {
        {"vd_connected]\noutput=5\n", "connected]\noutput=5\n"},
        {"vd_convolutional]\nfilters=3\nsize=2\n", "convolutional]\nfilters=3\nsize=2\n"}};
    for (int k = 0; k < 2; ++k) {
        network *nets[2];
        for (int side = 0; side < 2; ++side) {
            char *cfg = vd_format("[net]\nbatch=4\nheight=5\nwidth=4\nchannels=2\nlearning_rate=.03\nmomentum=.7\n"
                                  "decay=.25\n[%sbatch_normalize=1\nlearning_rate=.5\n",
                                  types[k][side]);
            nets[side] = network_of(cfg, 0);
            nets[side]->train = 1;
            forward_network(nets[side]);
            free(cfg);
        }
        layer a = nets[0]->layers[0], b = nets[1]->layers[0];
        size_t n = vd_layer_of(a)->n;
        memcpy(a.weights, b.weights, n * sizeof(float));
        for (int t = 1; t <= 4; ++t) {
            float *step = vd_calloc(n, sizeof(float));
            fill_random(step, n, t);
            for (size_t i = 0; i < n; ++i) {
                a.weight_updates[i] += step[i];
                b.weight_updates[i] += step[i];
            }
            for (int i = 0; i < a.out_c; ++i) {
                a.bias_updates[i] += step[i];
                b.bias_updates[i] += step[i];
                a.scale_updates[i] -= step[i];
                b.scale_updates[i] -= step[i];
            }
            update_network(nets[0]);
            update_network(nets[1]);
            for (size_t i = 0; i < n; ++i) ck_assert(close_to(a.weights[i], b.weights[i], 1e-6, 1e-7));
            for (int i = 0; i < a.out_c; ++i) {
                ck_assert(close_to(a.biases[i], b.biases[i], 1e-6, 1e-7));
                ck_assert(close_to(a.scales[i], b.scales[i], 1e-6, 1e-7));
            }
            free(step);
        }
        for (size_t i = 0; i < n; ++i) ck_assert(vd_layer_of(a)->log_sigma2[i] == -10);
        free_network(nets[0]);
        free_network(nets[1]);
    }
}
END_TEST

/* ---- the weight of the KL divergence
 * ------------------------------------------------------------------------------ */

START_TEST(the_kl_weight_follows_its_schedule)
{
    static const struct {
        const char *keys;
        double scale, start, ramp;
    } cases[] = {
        {"", 1, 0, 0},
        {"kl_scale=.3\n", .3, 0, 0},
        {"kl_start=3\n", 1, 3, 0},
        {"kl_ramp=4\n", 1, 0, 4},
        {"kl_scale=2\nkl_start=2\nkl_ramp=5\n", 2, 2, 5},
        {"kl_start=2.5\nkl_ramp=.5\n", 1, 2.5, .5},
        {"kl_scale=0\nkl_ramp=3\n", 0, 0, 3},
    };
    for (size_t k = 0; k < COUNT_OF(cases); ++k) {
        char *cfg = vd_format("[net]\nbatch=4\nsubdivisions=2\ninputs=3\n[vd_connected]\noutput=2\n[softmax]\n"
                              "[vd_cost]\nsamples=50\n%s",
                              cases[k].keys);
        network *net = network_of(cfg, 0);
        for (size_t seen = 2; seen <= 4 * 12; seen += 2) {
            double t = ceil(seen / 4.);
            double w = cases[k].ramp > 0 ? fmin(fmax((t - cases[k].start) / cases[k].ramp, 0), 1) : t >= cases[k].start;
            *net->seen = seen;
            ck_assert_int_eq(vd_cost_batch(net), (long)t);
            ck_assert_msg(close_to(vd_cost_kl_weight(net), cases[k].scale * w, 1e-12, 1e-12), "%s at batch %g: %g",
                          cases[k].keys, t, vd_cost_kl_weight(net));
            ck_assert(close_to(vd_cost_kl_scale(net), cases[k].scale * w / 50, 1e-6, 1e-12));
        }
        free_network(net);
        free(cfg);
    }
}
END_TEST

/* train_network() divides by images: what train_network_datum() returns is a sum over its images */
START_TEST(the_loss_is_the_networks_own_cost_plus_the_weighted_kl_divergence)
{
    network *net = network_of("[net]\nbatch=4\nsubdivisions=2\nheight=5\nwidth=4\nchannels=2\nlearning_rate=.01\n"
                              "[vd_convolutional]\nfilters=3\nsize=2\nactivation=leaky\nlog_sigma2=-3\n"
                              "[vd_connected]\noutput=3\nactivation=linear\nlog_sigma2=-1\n[softmax]\n"
                              "[vd_cost]\nsamples=50\nkl_scale=.7\nkl_start=1\nkl_ramp=3\n",
                              0);
    for (int i = 0; i < 12; ++i) {
        double kl = 0, t = 1 + i / 2, w = .7 * fmin(fmax((t - 1) / 3, 0), 1);
        for (int k = 0; k < 2; ++k) {
            float sigma2[64], d_kl[64];
            const vd_layer *vd = vd_layer_of(net->layers[k]);
            ck_assert_uint_le(vd->n, 64 * 4);
            for (size_t p = 0; p < vd->n; p += 64)
                kl += vd_kernels_c.variance_kl(vd->n - p < 64 ? vd->n - p : 64, net->layers[k].weights + p,
                                               vd->log_sigma2 + p, sigma2, d_kl);
        }
        set_data(net, i);
        double loss = train_network_datum(net) / 2;
        double own = net->layers[2].cost[0] / 2;
        ck_assert(own > 0 && kl > 0);
        ck_assert_msg(close_to(loss, own + w / 50 * kl, 1e-5, 1e-6), "forward %d: %g, expected %g + %g", i, loss, own,
                      w / 50 * kl);
    }
    free_network(net);
}
END_TEST

START_TEST(a_prediction_costs_nothing)
{
    network *net = network_of("[net]\nbatch=1\ninputs=3\n[vd_connected]\noutput=2\n[vd_cost]\nsamples=50\n", 0);
    float input[3] = {1, 2, 3};
    network_predict(net, input);
    ck_assert(*net->cost == 0);
    free_network(net);
}
END_TEST

SUITE_OF(update)
{
    LOOP(adam_steps_every_stock_layer_as_the_reference, 2 * COUNT_OF(stock_layers));
    TEST(crnn_stands_still_as_in_stock_and_the_others_move);
    TEST(without_adam_stock_layers_are_stepped_by_stock_code);
    TEST(adam_steps_along_the_mean_gradient_of_all_subdivisions);
    TEST(two_subdivisions_are_one_batch_of_the_same_images);
    LOOP(adam_steps_variational_layers_as_the_reference, 8);
    LOOP(gradient_descent_steps_variational_layers_as_the_stock_formula, 8);
    TEST(gradient_descent_without_momentum_keeps_no_velocity);
    TEST(a_variational_layer_without_variance_steps_like_the_stock_layer);
    TEST(the_kl_weight_follows_its_schedule);
    TEST(the_loss_is_the_networks_own_cost_plus_the_weighted_kl_divergence);
    TEST(a_prediction_costs_nothing);
}
