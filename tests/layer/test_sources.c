/* Layers that read others than the one in front: [shortcut] with several layers and weights, [scale_channels], [sam];
 * [activation] and [batchnorm]. Outputs and gradients against the formulas in double and their central differences. */
#include "layer/layer_state.h"
#include "layer/shortcut.h"
#include "layer/vd_layer.h"
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

#define NET "[net]\nbatch=2\nwidth=5\nheight=4\nchannels=3\nlearning_rate=.1\nmax_batches=9\n"
#define CONV(n) "[convolutional]\nfilters=" #n "\nsize=1\nactivation=linear\n"
#define MAPS NET CONV(6) CONV(9) CONV(4) CONV(6)
#define GATES NET CONV(6) "[avgpool]\n" CONV(6)
#define SUM "[shortcut]\nfrom=-4,-3,-2\n"

static const struct {
    const char *cfg;
    int weighted; /* as vd_sum */
    vd_sum_normalization how;
} nets[] = {
    {MAPS "[shortcut]\nfrom=0\nactivation=swish\n", 0, VD_SUM_PLAIN},
    {MAPS SUM "activation=leaky\n", 0, VD_SUM_PLAIN},
    {MAPS SUM "activation=mish\nweights_type=per_feature\n", 1, VD_SUM_PLAIN},
    {MAPS SUM "activation=linear\nweights_type=per_layer\nweights_normalization=avg_relu\n", 1, VD_SUM_RELU},
    {MAPS SUM "activation=gelu\nweights_type=per_feature\nweights_normalization=softmax\n", 1, VD_SUM_SOFTMAX},
    {MAPS SUM "activation=linear\nweights_type=per_channel\nweights_normalization=relu\n", 2, VD_SUM_RELU},
    {MAPS SUM "activation=logistic\nweights_type=per_channel\nweights_normalization=softmax\n", 2, VD_SUM_SOFTMAX},
    {MAPS "[shortcut]\nfrom=-2\nactivation=linear\nweights_type=per_channel\n", 2, VD_SUM_PLAIN},
    {GATES "[scale_channels]\nfrom=-3\n", 0, 0},
    {GATES "[scale_channels]\nfrom=0\nactivation=mish\n", 0, 0},
    {NET CONV(6) CONV(1) "[scale_channels]\nfrom=-2\nscale_wh=1\nactivation=relu6\n", 0, 0},
    {MAPS "[sam]\nfrom=0\nactivation=swish\n", 0, 0},
    {NET CONV(6) "[activation]\nactivation=hard_mish\n", 0, 0},
};

/* ---- the formulas ---- */

static double activation_of(ACTIVATION a, double x)
{
    double s = 1 / (1 + exp(-x));
    switch (a) {
    case LINEAR:
        return x;
    case LEAKY:
        return x > 0 ? x : .1 * x;
    case RELU6:
        return x < 0 ? 0 : x > 6 ? 6 : x;
    case LOGISTIC:
        return s;
    case SWISH:
        return x * s;
    case MISH:
        return x * tanh(log1p(exp(x)));
    case GELU:
        return x * .5 * (1 + tanh(.797885 * x + .035677 * x * x * x));
    default: /* hard_mish */
        return x > 0 ? x : x > -2 ? x * x / 2 + x : 0;
    }
}

/* x: the outputs of all layers, one behind the other, then the weights of the last */
typedef struct {
    const network *net;
    layer l;
    int at[8]; /* of each layer's outputs in x */
    int n;     /* numbers of x */
    double *x;
    int weighted;
    vd_sum_normalization how;
} problem;

static double input_of(const problem *p, int from, int b, int c, int pixel)
{
    layer f = p->net->layers[from];
    if (c >= f.out_c) return 0;
    return p->x[p->at[from] + ((size_t)b * f.out_c + c) * f.out_w * f.out_h + pixel];
}

static double weight_of(const problem *p, int s, int c)
{
    const double *w = p->x + p->at[p->net->n - 1];
    return w[p->weighted == 2 ? s * p->l.out_c + c : s];
}

static double factor_of(const problem *p, int s, int c)
{
    double sum = 1e-4, largest = -1e9, x = p->weighted ? weight_of(p, s, c) : 1;
    for (int r = 0; p->weighted && r <= p->l.n; ++r) largest = fmax(largest, weight_of(p, r, c));
    for (int r = 0; p->weighted && r <= p->l.n; ++r)
        sum += p->how == VD_SUM_RELU ? fmax(weight_of(p, r, c), 0) : exp(weight_of(p, r, c) - largest);
    if (p->how == VD_SUM_RELU) return fmax(x, 0) / sum;
    return p->how == VD_SUM_SOFTMAX ? exp(x - largest) / sum : x;
}

static double output_of(const problem *p, int b, int c, int pixel)
{
    int front = p->net->n - 2;
    layer l = p->l;
    double y = 0;
    if (l.type == ACTIVE) y = input_of(p, front, b, c, pixel);
    for (int s = 0; l.type == SHORTCUT && s <= l.n; ++s)
        y += factor_of(p, s, c) * input_of(p, s ? l.input_layers[s - 1] : front, b, c, pixel);
    if (l.type == SAM) y = input_of(p, l.index, b, c, pixel) * input_of(p, front, b, c, pixel);
    if (l.type == SCALE_CHANNELS) {
        int wh = p->net->layers[front].out_c == 1;
        y = input_of(p, l.index, b, c, pixel) * input_of(p, front, b, wh ? 0 : c, wh ? pixel : 0);
    }
    return activation_of(l.activation, y);
}

static double target(int i)
{
    return sin(1.3 * i + .4);
}

/* sum of output[i] target(i) */
static double loss_of(const problem *p)
{
    double loss = 0;
    int i = 0;
    for (int b = 0; b < p->l.batch; ++b)
        for (int c = 0; c < p->l.out_c; ++c)
            for (int k = 0; k < p->l.out_w * p->l.out_h; ++k) loss += output_of(p, b, c, k) * target(i++);
    return loss;
}

static problem problem_of(network *net, int k)
{
    int last = net->n - 1;
    problem p = {.net = net, .l = net->layers[last], .weighted = nets[k].weighted, .how = nets[k].how};
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        p.at[i] = p.n;
        p.n += i < last ? l.batch * l.outputs : l.nweights;
    }
    p.x = vd_calloc(p.n + 1, sizeof(double));
    for (int i = 0; i < p.n; ++i) p.x[i] = 1.6 * sin(2.1 * i + .3);
    for (int i = 0; i < p.n; ++i) { /* as floats, in the layers */
        int of = last;
        while (i < p.at[of]) --of;
        float *at = of < last ? net->layers[of].output : p.l.weights;
        p.x[i] = at[i - p.at[of]] = (float)p.x[i];
    }
    return p;
}

/* -dL/dx as the layer has it */
static double gradient_of(const problem *p, int i)
{
    int of = p->net->n - 1;
    while (i < p->at[of]) --of;
    layer l = p->net->layers[of];
    return of < p->net->n - 1 ? l.delta[i - p->at[of]] : l.weight_updates[i - p->at[of]];
}

START_TEST(outputs_and_gradients_are_those_of_the_formula)
{
    network *net = network_of(nets[_i].cfg, 0);
    problem p = problem_of(net, _i);
    int last = net->n - 1;
    network n = *net;
    n.index = last;
    n.train = 1;
    n.input = net->layers[last - 1].output;
    n.delta = net->layers[last - 1].delta;
    for (int i = 0; i < n.n; ++i)
        memset(net->layers[i].delta, 0, sizeof(float) * net->layers[i].outputs * net->layers[i].batch);
    p.l.forward(p.l, n);
    int outputs = p.l.batch * p.l.outputs, pixels = p.l.out_w * p.l.out_h;
    for (int i = 0; i < outputs; ++i) {
        double y = output_of(&p, i / p.l.outputs, i / pixels % p.l.out_c, i % pixels);
        ck_assert_msg(close_to(p.l.output[i], y, 2e-6, 1e-6), "output %d: %g, not %g", i, p.l.output[i], y);
        p.l.delta[i] = (float)target(i);
    }
    p.l.backward(p.l, n);
    for (int i = 0; i < p.n; ++i) {
        double x = p.x[i], step = 1e-5, above, below;
        p.x[i] = x + step, above = loss_of(&p);
        p.x[i] = x - step, below = loss_of(&p);
        p.x[i] = x;
        double d = (above - below) / (2 * step);
        ck_assert_msg(close_to(gradient_of(&p, i), d, 2e-5, 2e-5), "gradient %d: %g, not %g", i, gradient_of(&p, i), d);
    }
    free(p.x);
    free_network(net);
}
END_TEST

/* ---- against AlexeyAB's program ---- */

/* AlexeyAB's Darknet, commit 59596d78: of each layer the sums of output[i] cos(.3 i), delta[i] cos(.5 i) after the
 * backward pass, and weight_updates[i] cos(.2 i) */
static const struct {
    const char *section;
    double output, delta, weights;
} theirs[] = {
    {"[convolutional]\nfilters=6\nsize=3\npad=1\nactivation=mish\n", -26.232593, .874934074, -5.85467848},
    {"[convolutional]\nfilters=8\nsize=1\nactivation=swish\n", 87.7085046, 3.38146398, -36.6513691},
    {"[convolutional]\nfilters=6\nsize=1\nactivation=leaky\n", -1.85496887, .362929178, -10.5866769},
    {"[shortcut]\nfrom=-2,-3\nactivation=swish\nweights_type=per_channel\nweights_normalization=softmax\n", -20.7116761,
     2.52381452, 0}, /* their gradient of normalised weights leaves the normalisation out */
    {"[avgpool]\n", -1.27386235, .613533905, 0},
    {"[convolutional]\nfilters=6\nsize=1\nactivation=logistic\n", -.436963157, -1.55955608, -9.64461971},
    {"[scale_channels]\nfrom=-3\nactivation=leaky\n", -4.27045084, .0621902123, 0},
    {"[convolutional]\nfilters=6\nsize=1\nactivation=logistic\n", -1.19776044, .415045186, -3.7601609},
    {"[sam]\nfrom=-2\nactivation=linear\n", -4.69989712, 1.95820124, 0},
    {"[convolutional]\nfilters=1\nsize=1\nactivation=logistic\n", -.0317566491, 2.53844589, -4.58969477},
    {"[scale_channels]\nfrom=3\nscale_wh=1\n", -4.95909455, .862853846, 0},
    {"[shortcut]\nfrom=8\nactivation=mish\n", -8.91192231, .862853846, 0},
};

static double sum_of(int n, const float *x, double step)
{
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += x[i] * cos(step * i);
    return sum;
}

START_TEST(outputs_and_gradients_are_those_of_alexeyabs)
{
    char *cfg = vd_format("[net]\nbatch=2\nwidth=5\nheight=4\nchannels=3\n");
    for (size_t i = 0; i < COUNT_OF(theirs); ++i) {
        char *more = vd_format("%s%s", cfg, theirs[i].section);
        free(cfg);
        cfg = more;
    }
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        for (int k = 0; k < l.nweights; ++k) l.weights[k] = (float)sin(.7 * k + i);
        for (int k = 0; l.biases && k < l.n; ++k) l.biases[k] = (float)(.1 * cos(k + i));
    }
    for (int i = 0; i < 2 * net->inputs; ++i) net->input[i] = (float)(.5 + .5 * sin(i * .37));
    net->train = 1;
    forward_network(net);
    layer last = net->layers[net->n - 1];
    for (int i = 0; i < 2 * last.outputs; ++i) last.delta[i] = (float)sin(.9 * i + 1);
    backward_network(net);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        double output = sum_of(2 * l.outputs, l.output, .3), delta = sum_of(2 * l.outputs, l.delta, .5);
        double weights = l.type == CONVOLUTIONAL ? sum_of(l.nweights, l.weight_updates, .2) : 0;
        ck_assert_msg(close_to(output, theirs[i].output, 1e-5, 1e-5), "layer %d: %.9g", i, output);
        ck_assert_msg(close_to(delta, theirs[i].delta, 1e-5, 2e-5), "layer %d: delta %.9g", i, delta);
        ck_assert_msg(close_to(weights, theirs[i].weights, 1e-5, 5e-5), "layer %d: weights %.9g", i, weights);
    }
    free_network(net), free(cfg);
}
END_TEST

START_TEST(a_layer_in_front_that_reads_one_further_back_adds_to_its_gradient)
{
    /* stock Darknet's 1x1 convolution would overwrite what the [shortcut] has added to layer 0 */
    network *net = network_of(NET CONV(6) CONV(6) "[shortcut]\nfrom=-2\nactivation=swish\nweights_type=per_feature\n"
                                                  "[connected]\noutput=2\nactivation=linear\n[softmax]\n",
                              0);
    layer *l = net->layers;
    ck_assert_int_eq(net->later, 1);
    train_steps(net, 0, 1, 9);
    for (int i = 0; i < l[0].batch * l[0].outputs; ++i) ck_assert(isfinite(l[0].delta[i]));
    memset(l[1].weights, 0, l[1].nweights * sizeof(float)); /* nothing comes back through the convolution */
    net->train = 1;
    forward_network(net);
    backward_network(net);
    float most = 0;
    for (int i = 0; i < l[0].batch * l[0].outputs; ++i) most = fmaxf(most, fabsf(l[0].delta[i]));
    ck_assert(most > 1e-4);
    free_network(net);
}
END_TEST

/* ---- training, files, sizes ---- */

#define TRAINED                                                                                \
    NET CONV(6) CONV(6) CONV(6) SUM3 "[avgpool]\n" CONV(6) "[scale_channels]\nfrom=-3\n" CONV( \
        6) "[sam]\nfrom=-2\n[batchnorm]\n[activation]\nactivation=mish\n"
#define SUM3 "[shortcut]\nfrom=-2,-3\nactivation=mish\nweights_type=per_channel\nweights_normalization=softmax\n"
#define END "[connected]\noutput=2\nactivation=linear\n[softmax]\n"

static int is_trained(layer l)
{
    return l.type == SHORTCUT || l.type == BATCHNORM;
}

START_TEST(weights_train_and_come_back_from_a_file)
{
    const char *adam = _i ? "adam=1\n" : "";
    char *cfg = vd_format("[net]\n%s%s", adam, strstr(TRAINED END, "batch="));
    network *net = network_of(cfg, 0), *again = network_of(cfg, 0);
    char *path = in_folder(folder, "w.weights");
    train_steps(net, 0, 4, 9);
    float *w = net->layers[3].weights, least = 9, most = -9;
    ck_assert_int_eq(net->layers[3].nweights, 3 * 6);
    for (int i = 0; i < 18; ++i) least = fminf(least, w[i]), most = fmaxf(most, w[i]);
    ck_assert(most > least && least < 1);
    save_weights(net, path);
    load_weights(again, path);
    for (int i = 0; i < net->n; ++i) {
        vd_array a[VD_LAYER_ARRAYS], b[VD_LAYER_ARRAYS];
        if (!is_trained(net->layers[i])) continue;
        int n = vd_layer_arrays(net->layers + i, a);
        vd_layer_arrays(again->layers + i, b);
        for (int k = 0; k < n; ++k)
            if (a[k].saved && *a[k].at) ck_assert_mem_eq(*a[k].at, *b[k].at, a[k].n * a[k].bytes);
    }
    free(path), free(cfg), free_network(net), free_network(again);
}
END_TEST

static void load_into_trained(const char *path)
{
    network *net = network_of(TRAINED END, 0);
    load_weights(net, (char *)path);
    free_network(net);
}

START_TEST(a_file_that_ends_in_the_weights_of_a_shortcut_is_named)
{
    network *net = network_of(TRAINED END, 0);
    char *path = in_folder(folder, "w.weights"), *err;
    save_weights_upto(net, path, 4);
    size_t n;
    char *bytes = read_bytes(path, &n);
    write_bytes(path, bytes, n - 8);
    ck_assert_int_eq(in_child(load_into_trained, path, &err), 1);
    ck_assert_msg(strstr(err, "w.weights: ends inside layer 3 (shortcut): truncated") != 0, "%s", err);
    free(bytes), free(err), free(path), free_network(net);
}
END_TEST

/* maps behind an [avgpool] change their size with the picture where a layer behind it reads one in front of it */
START_TEST(they_follow_the_size_of_the_picture)
{
    network *net = network_of(TRAINED "[dropout]\n[avgpool]\n[softmax]\n", 0), *large;
    char *cfg = vd_format("%s", TRAINED "[dropout]\n[avgpool]\n[softmax]\n");
    memcpy(strstr(cfg, "width=5"), "width=9", 7);
    large = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i) {
        vd_array a[VD_LAYER_ARRAYS], b[VD_LAYER_ARRAYS];
        int n = vd_layer_arrays(net->layers + i, a);
        vd_layer_arrays(large->layers + i, b);
        for (int k = 0; k < n; ++k)
            if (a[k].saved && *a[k].at) memcpy(*b[k].at, *a[k].at, a[k].n * a[k].bytes);
    }
    resize_network(net, 9, 4);
    float *input = vd_calloc((size_t)net->inputs * 2, sizeof(float));
    fill_random(input, (size_t)net->inputs * 2, 4);
    ck_assert_int_eq(net->inputs, large->inputs);
    float *a = network_predict(net, input), *b = network_predict(large, input);
    for (int i = 0; i < net->n; ++i) ck_assert_int_eq(net->layers[i].outputs, large->layers[i].outputs);
    ck_assert_mem_eq(a, b, net->outputs * sizeof(float));
    train_steps(net, 0, 1, 9);
    free(input), free(cfg), free_network(net), free_network(large);
}
END_TEST

/* ---- export and pack ---- */

#define EXPORTED                                                                                           \
    NET "[vd_conv]\nfilters=6\nsize=3\npad=1\nbatch_normalize=1\nactivation=swish\n[avgpool]\n"            \
        "[vd_conv]\nfilters=6\nsize=1\nactivation=logistic\n[scale_channels]\nfrom=-3\n"                   \
        "[vd_conv]\nfilters=8\nsize=1\nactivation=mish\n[vd_conv]\nfilters=6\nsize=1\nactivation=linear\n" \
        "[shortcut]\nfrom=-3,-6\nactivation=relu\n[vd_conv]\nfilters=6\nsize=1\nactivation=logistic\n"     \
        "[sam]\nfrom=-2\n[conv]\nfilters=1\nsize=1\nactivation=logistic\n[scale_channels]\nfrom=-2\nscale_wh=1\n"
#define WEIGHED "[conv]\nfilters=6\nsize=1\n[shortcut]\nfrom=-2\nweights_type=per_channel\nactivation=linear\n"

static const char *const exported[] = {EXPORTED END "[vd_cost]\nsamples=9\n",
                                       EXPORTED WEIGHED END "[vd_cost]\nsamples=9\n"};

/* filters 1 and 4 of all variational layers; what they are multiplied with is then 0 as well */
static void prune(network *net)
{
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (!vd_layer_of(l)) continue;
        size_t per = vd_weights_of(l) / l.n;
        for (int f = 1; f < 6; f += 3) {
            for (size_t k = 0; k < per; ++k) l.weights[f * per + k] = 0;
            l.biases[f] = 0;
            if (l.rolling_mean) l.rolling_mean[f] = 0;
        }
        vd_layer_changed(l);
    }
}

START_TEST(an_export_keeps_or_removes_channels_in_all_layers_that_share_them)
{
    char *path = in_folder(folder, "n.cfg"), *weights = in_folder(folder, "n.weights"), *out = in_folder(folder, "out");
    char *packed = in_folder(folder, "n.vdw");
    write_text(path, exported[_i]);
    network *net = network_of(exported[_i], 0), *compact, *plain;
    train_steps(net, 0, 1, 9);
    prune(net);
    save_weights(net, weights);
    free_run(darknet(0, "vd", "export", path, weights, out, (char *)0)); /* compares outputs */
    free_run(darknet(0, "vd", "export", path, weights, out, "-compact", (char *)0));
    char *text = text_in_folder("out.cfg"), *file = in_folder(folder, "out.weights");
    compact = network_of(text, file);
    int filters = _i ? 6 : 4; /* a weighted [shortcut] needs all */
    ck_assert_int_eq(compact->layers[0].n, filters);
    ck_assert_int_eq(compact->layers[2].n, filters);
    ck_assert_int_eq(compact->layers[8].out_c, filters);
    ck_assert_int_eq(compact->layers[4].n, 6); /* of 8, two of them pruned: nothing shares them */
    free_run(darknet(0, "vd", "pack", path, weights, packed, (char *)0));
    plain = network_of(exported[_i], packed);
    for (int k = 0; _i && k < plain->layers[12].nweights; ++k)
        ck_assert(plain->layers[12].weights[k] == net->layers[12].weights[k]);
    free(text), free(file), free(path), free(weights), free(out), free(packed);
    free_network(net), free_network(compact), free_network(plain);
}
END_TEST

/* ---- cfgs ---- */

static const struct {
    const char *cfg, *message;
} bad[] = {
    {MAPS "[shortcut]\nfrom=-2,-9\n", "layer 4 [shortcut]: from=-2,-9: -9 is not between -4 and 3"},
    {NET CONV(6) "[maxpool]\nsize=2\nstride=2\n[shortcut]\nfrom=0,-1\n",
     "layer 2 [shortcut]: from=0,-1: layer 0 is 5x4, but the previous layer is 3x2"},
    {MAPS SUM "weights_type=per_pixel\n", "weights_type=per_pixel is not known: expected none, per_feature"},
    {MAPS SUM "weights_type=per_channel\nweights_normalization=l2\n", "weights_normalization=l2 is not known"},
    {MAPS SUM "alpha=2\n", "layer 4 [shortcut]: alpha and beta are for one layer without weights_type"},
    {GATES "[scale_channels]\nactivation=linear\n",
     "layer 3 [scale_channels]: from= (the layer to multiply) is missing"},
    {GATES "[scale_channels]\nfrom=0,1\n", "from=0,1 names 2 layers: expected one"},
    {MAPS "[scale_channels]\nfrom=0\n",
     "the previous layer is 5x4x6, but layer 0 of from= is 5x4x6: expected factors of 1x1x6"},
    {MAPS "[sam]\nfrom=1\n", "the previous layer is 5x4x6, but layer 1 of from= is 5x4x9: expected factors of 5x4x9"},
    {GATES "[sam]\nfrom=0\nscale_wh=1\n", "scale_wh"},
    {NET "[sam]\nfrom=0\n", "layer 0 [sam]: cannot be the first layer"},
};

static void load_strictly(const char *path)
{
    vd_be_strict();
    free_network(parse_network_cfg((char *)path));
}

START_TEST(shapes_that_do_not_fit_are_named)
{
    char *path = in_folder(folder, "c.cfg"), *err;
    write_text(path, bad[_i].cfg);
    ck_assert_int_eq(in_child(load_strictly, path, &err), 1);
    ck_assert_msg(strstr(err, bad[_i].message) != 0, "'%s' is not in: %s", bad[_i].message, err);
    free(err), free(path);
}
END_TEST

SUITE_OF(sources)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(outputs_and_gradients_are_those_of_the_formula, COUNT_OF(nets));
    TEST(outputs_and_gradients_are_those_of_alexeyabs);
    TEST(a_layer_in_front_that_reads_one_further_back_adds_to_its_gradient);
    LOOP(weights_train_and_come_back_from_a_file, 2);
    TEST(a_file_that_ends_in_the_weights_of_a_shortcut_is_named);
    TEST(they_follow_the_size_of_the_picture);
    LOOP(an_export_keeps_or_removes_channels_in_all_layers_that_share_them, COUNT_OF(exported));
    LOOP(shapes_that_do_not_fit_are_named, COUNT_OF(bad));
}
