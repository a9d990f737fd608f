/* This build against stock Darknet from the unpatched sources: tests/program/probe/probe.c is linked with both. */
#include "support/support.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"
#include "layer/vd_layer.h"

/* The same compiler and flags give the same bytes; other flags round differently. Stock Darknet is built with its own
 * Makefile's flags. */
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__AVX__)
enum { SAME_FLAGS = 0 };
#else
enum { SAME_FLAGS = 1 };
#endif

/* run a probe on files of the folder; a null argument is left out. Returns what it wrote to stdout */
static char *probe(const char *program, const char *mode, const char *cfg, const char *second, const char *third,
                   const char *fourth)
{
    int is_training = !strcmp(mode, "train");
    char *c = in_folder(folder, cfg), *s = is_training ? vd_format("%s", second) : in_folder(folder, second);
    char *t = in_folder(folder, third), *f = fourth ? in_folder(folder, fourth) : 0;
    run_result r = run((const char *const[]){program, mode, c, s, t, f, 0});
    ck_assert_msg(r.status == 0, "%s %s %s: status %d: %s", program, mode, cfg, r.status, r.err);
    char *out = r.out;
    free(r.err);
    free(c), free(s), free(t), free(f);
    return out;
}

static void assert_same_file(const char *what, const char *a, const char *b)
{
    size_t n, m;
    char *pa = in_folder(folder, a), *pb = in_folder(folder, b), *x = read_bytes(pa, &n), *y = read_bytes(pb, &m);
    ck_assert_msg(x && y, "%s: %s or %s is missing", what, a, b);
    ck_assert_msg(n == m && !memcmp(x, y, n), "%s: %s and %s differ", what, a, b);
    free(pa), free(pb), free(x), free(y);
}

/* atol is relative to the largest number, when that is over 1: sums of large numbers have larger rounding errors. Where
 * stock Darknet's b is NaN, as its tanh of large numbers is, a is finite */
static void assert_close_file(const char *what, const char *a, const char *b, double rtol, double atol)
{
    int n, m;
    double largest = 1;
    char *pa = in_folder(folder, a), *pb = in_folder(folder, b);
    float *x = read_floats(pa, &n), *y = read_floats(pb, &m);
    ck_assert_msg(n >= m && m > 0, "%s: %d and %d numbers", what, n, m); /* [vd_cost] has outputs too */
    for (int i = 0; i < m; ++i) largest = fmax(largest, fabs(y[i]));
    ck_assert_msg(largest < 2e4, "%s: outputs of %g", what, largest);
    for (int i = 0; i < m; ++i)
        ck_assert_msg(close_to(x[i], y[i], rtol, atol * largest) || (isnan(y[i]) && isfinite(x[i])),
                      "%s: number %d of %s is %.9g, of %s %.9g", what, i, a, x[i], b, y[i]);
    free(pa), free(pb), free(x), free(y);
}

/* ---- plain networks ---- */

#define CONV(keys) "[convolutional]\nsize=3\npad=1\nfilters=4\n" keys "\n"
#define CONN(keys) "[connected]\noutput=12\n" keys "\n"

static const struct {
    const char *name;
    int steps;
    const char *cfg;
} plain[] = {
    {"image layers", 10,
     "[net]\nbatch=4\nsubdivisions=2\nwidth=16\nheight=12\nchannels=3\nmomentum=.9\ndecay=.0005\nlearning_rate=.02\n"
     "policy=steps\nsteps=2,4\nscales=.1,5\nmax_batches=20\n"
     "[convolutional]\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
     "[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\ngroups=2\nactivation=relu\n"
     "[convolutional]\nfilters=8\nsize=1\nbatch_normalize=1\nactivation=elu\n"
     "[convolutional]\nfilters=8\nsize=3\npadding=1\nactivation=linear\n"
     "[shortcut]\nfrom=-3\nactivation=leaky\n"
     "[maxpool]\nsize=2\nstride=2\n"
     "[dropout]\nprobability=.4\n"
     "[convolutional]\nfilters=5\nsize=5\npad=1\nactivation=logistic\n"
     "[route]\nlayers=-1,-3\n"
     "[upsample]\nstride=2\n"
     "[reorg]\nstride=2\n"
     "[convolutional]\nfilters=12\nsize=3\nstride=3\npadding=2\ngroups=4\nbatch_normalize=1\nactivation=leaky\n"
     "[avgpool]\n"
     "[connected]\noutput=12\nbatch_normalize=1\nactivation=tanh\n"
     "[connected]\noutput=5\nactivation=linear\n"
     "[softmax]\n"},
    {"every activation of [convolutional]", 6,
     "[net]\nbatch=3\nwidth=7\nheight=6\nchannels=3\nlearning_rate=.01\npolicy=poly\npower=2\nmax_batches=20\n" CONV(
         "activation=logistic") CONV("activation=loggy") CONV("activation=relu\nbatch_normalize=1")
         CONV("activation=elu") CONV("activation=selu") CONV("activation=relie") CONV("activation=ramp")
             CONV("activation=linear\nbatch_normalize=1") CONV("activation=tanh") CONV("activation=plse")
                 CONV("activation=leaky") CONV("activation=stair\nbatch_normalize=1") CONV("activation=hardtan")
                     CONV("activation=lhtan") "[connected]\noutput=3\nactivation=linear\n[cost]\ntype=sse\n"},
    {"every activation of [connected]", 6,
     "[net]\nbatch=6\nsubdivisions=3\ninputs=20\nlearning_rate=.05\nmomentum=.5\ndecay=.01\npolicy=step\nstep=2\n"
     "scale=.5\nmax_batches=20\n" CONN("activation=logistic") CONN("activation=loggy\nbatch_normalize=1") CONN(
         "activation=relu") CONN("activation=elu") CONN("activation=selu\nbatch_normalize=1") CONN("activation=relie")
         CONN("activation=ramp") CONN("activation=linear") CONN("activation=tanh") CONN("activation=plse")
             CONN("activation=leaky\nbatch_normalize=1") CONN("activation=stair") CONN("activation=hardtan")
                 CONN("activation=lhtan") CONN("activation=linear") "[cost]\ntype=smooth\n"},
    {"crop, local, activation", 8,
     "[net]\nbatch=2\nwidth=10\nheight=9\nchannels=3\nlearning_rate=.0001\npolicy=exp\ngamma=.9\nmax_batches=20\n"
     "[crop]\ncrop_width=8\ncrop_height=7\nflip=1\nangle=0\nsaturation=1\nexposure=1\n"
     "[convolutional]\nfilters=6\nsize=3\npad=1\nactivation=leaky\n"
     "[convolutional]\nfilters=6\nsize=3\npad=1\nactivation=leaky\n" /* stock [local] needs its work space */
     "[local]\nfilters=3\nsize=3\nstride=1\npad=1\nactivation=leaky\n"
     "[activation]\nactivation=tanh\n"
     "[connected]\noutput=4\nactivation=linear\n"
     "[cost]\ntype=sse\nscale=2\n"},
    {"yolo", 8,
     "[net]\nbatch=4\nsubdivisions=2\nwidth=32\nheight=32\nchannels=3\nmomentum=.9\ndecay=.0005\nlearning_rate=.001\n"
     "burn_in=3\nmax_batches=20\n"
     "[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\n"
     "[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\n"
     "[convolutional]\nfilters=21\nsize=1\nactivation=linear\n"
     "[yolo]\nmask=0,1,2\nanchors=4,4,8,8,14,12\nclasses=2\nnum=3\njitter=.1\nignore_thresh=.5\ntruth_thresh=1\n"
     "random=0\n"},
    {"region", 8,
     "[net]\nbatch=2\nwidth=32\nheight=32\nchannels=3\nmomentum=.9\ndecay=.0005\nlearning_rate=.001\npolicy=sigmoid\n"
     "gamma=.1\nstep=1\nmax_batches=20\n"
     "[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\n"
     "[maxpool]\nsize=2\nstride=2\n"
     "[convolutional]\nfilters=14\nsize=1\nactivation=linear\n"
     "[region]\nanchors=1,1,3,2\nclasses=2\ncoords=4\nnum=2\nsoftmax=1\njitter=.1\nrescore=1\nbias_match=1\n"
     "object_scale=5\nnoobject_scale=1\nclass_scale=1\ncoord_scale=1\nabsolute=1\nthresh=.5\nrandom=0\n"},
    {"detection", 8,
     "[net]\nbatch=2\nwidth=9\nheight=9\nchannels=1\nlearning_rate=.01\nmax_batches=20\n"
     "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=leaky\n"
     "[connected]\noutput=108\nactivation=linear\n"
     "[detection]\nclasses=2\ncoords=4\nrescore=1\nside=3\nnum=2\nsoftmax=0\nsqrt=1\njitter=.2\nobject_scale=1\n"
     "noobject_scale=.5\nclass_scale=1\ncoord_scale=5\n"},
    {"gru", 6,
     "[net]\nbatch=4\nsubdivisions=2\ninputs=10\ntime_steps=3\nmomentum=.9\ndecay=.001\nlearning_rate=.02\n"
     "max_batches=20\n"
     "[gru]\noutput=6\n"
     "[connected]\noutput=4\nactivation=linear\n"
     "[logistic]\n"},
    /* on the CPU stock [lstm] has no backward pass, and [rnn], [crnn] and [batchnorm] write past their ends in training
     */
    {"rnn, lstm, forward alone", 0,
     "[net]\nbatch=6\ninputs=10\ntime_steps=3\nmax_batches=20\n"
     "[rnn]\noutput=8\nactivation=logistic\nbatch_normalize=1\n"
     "[lstm]\noutput=6\n"
     "[connected]\noutput=4\nactivation=linear\n"
     "[softmax]\n"},
};

enum { PLAIN = COUNT_OF(plain) };

/* with the plain C kernels a plain network runs through stock code alone */
START_TEST(in_plain_c_a_plain_network_trains_to_the_very_numbers_of_stock_darknet)
{
    const char *name = plain[_i].name;
    char *steps = vd_format("%d", plain[_i].steps), *more = vd_format("%d", plain[_i].steps / 2);
    if (!SAME_FLAGS) {
        skipped(1, "comparison with stock Darknet to the last bit: built with other flags than stock");
        return;
    }
    setenv("DARKNET_KERNELS", "c", 1);
    write_in_folder("plain.cfg", plain[_i].cfg);
    for (int again = 0; again < 2; ++again) { /* the second time from the weights of the first */
        char *theirs = probe(stock_probe(), "train", "plain.cfg", again ? more : steps, again ? "stock2" : "stock1",
                             again ? "stock1" : 0);
        char *ours = probe(our_probe(), "train", "plain.cfg", again ? more : steps, again ? "ours2" : "ours1",
                           again ? "ours1" : 0);
        ck_assert_msg(!strcmp(theirs, ours), "%s: stock says\n%s\nwe say\n%s", name, theirs, ours);
        ck_assert_msg(!!strstr(ours, "loss ") == (plain[_i].steps > 0) && !strstr(ours, "loss nan") &&
                          !strstr(ours, "loss -nan"),
                      "%s: %s", name, ours);
        assert_same_file(name, again ? "stock2" : "stock1", again ? "ours2" : "ours1");
        free(theirs), free(ours);
    }
    free(probe(stock_probe(), "layers", "plain.cfg", "stock2", "stock.f32", 0));
    free(probe(our_probe(), "layers", "plain.cfg", "ours2", "ours.f32", 0));
    assert_same_file(name, "stock.f32", "ours.f32");
    free(steps), free(more);
}
END_TEST

/* the losses that a probe wrote, a line each; returns how many */
static int losses_of(const char *out, double *losses, int max)
{
    int n = 0;
    for (const char *line = out; (line = strstr(line, "loss ")) && n < max; ++n) losses[n] = strtod(line += 5, 0);
    return n;
}

/* Rounding differences grow from step to step, so the steps are few */
START_TEST(the_fast_kernels_train_a_plain_network_as_stock_darknet_does)
{
    enum { STEPS = 2 };
    const char *name = plain[_i].name, *text = plain[_i].steps ? "2" : "0";
    int steps = plain[_i].steps ? STEPS : 0;
    double a[STEPS], b[STEPS];
    write_in_folder("plain.cfg", plain[_i].cfg);
    char *theirs = probe(stock_probe(), "train", "plain.cfg", text, "stock1", 0);
    char *ours = probe(our_probe(), "train", "plain.cfg", text, "ours1", 0);
    ck_assert_int_eq(losses_of(theirs, a, STEPS), steps);
    ck_assert_int_eq(losses_of(ours, b, STEPS), steps);
    for (int i = 0; i < steps; ++i)
        ck_assert_msg(close_to(b[i], a[i], 1e-4, 1e-5), "%s: step %d: loss %.9g, stock %.9g", name, i, b[i], a[i]);
    free(probe(stock_probe(), "layers", "plain.cfg", "stock1", "stock.f32", 0));
    free(probe(our_probe(), "layers", "plain.cfg", "ours1", "ours.f32", 0));
    assert_close_file(name, "ours.f32", "stock.f32", 1e-3, 1e-4);
    free(theirs), free(ours);
}
END_TEST

START_TEST(training_changes_the_weights_a_comparison_could_miss)
{
    write_in_folder("plain.cfg", plain[0].cfg);
    free(probe(our_probe(), "train", "plain.cfg", "2", "two", 0));
    free(probe(our_probe(), "train", "plain.cfg", "8", "eight", 0));
    size_t n, m;
    char *a = in_folder(folder, "two"), *b = in_folder(folder, "eight"), *x = read_bytes(a, &n), *y = read_bytes(b, &m);
    size_t same = 0;
    ck_assert_uint_eq(n, m);
    for (size_t i = 0; i < n; i += 4) same += !memcmp(x + i, y + i, 4);
    ck_assert_uint_lt(same, n / 4 / 10);
    free(a), free(b), free(x), free(y);
}
END_TEST

/* ---- VD networks read by stock Darknet ---- */

static const struct {
    const char *name;
    int steps;
    const char *cfg;
} variational[] = {
    {"image layers", 8,
     "[net]\nbatch=4\nsubdivisions=2\nwidth=16\nheight=12\nchannels=3\nmomentum=.9\ndecay=.0005\nlearning_rate=.02\n"
     "seed=5\nmax_batches=20\n"
     "[vd_convolutional]\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\nlog_sigma2=-6\nthreshold=1e3\n"
     "[vd_conv]\nfilters=8\nsize=3\nstride=2\npad=1\ngroups=2\nactivation=relu\nthreshold=1e3\n"
     "[vd_convolutional]\nfilters=8\nsize=1\nbatch_normalize=1\nactivation=elu\nthreshold=1e3\n"
     "[convolutional]\nfilters=8\nsize=3\npadding=1\nactivation=linear\n"
     "[shortcut]\nfrom=-3\nactivation=leaky\n"
     "[maxpool]\nsize=2\nstride=2\n"
     "[vd_convolutional]\nfilters=5\nsize=5\npad=1\nactivation=logistic\ntrain_clip=1\nthreshold=1e3\n"
     "[route]\nlayers=-1,-2\n"
     "[upsample]\nstride=2\n"
     "[dropout]\nprobability=.3\n"
     "[vd_connected]\noutput=12\nbatch_normalize=1\nactivation=tanh\nlog_sigma2=-3\nthreshold=1e3\n"
     "[vd_conn]\noutput=5\nactivation=linear\nthreshold=1e3\n"
     "[softmax]\n"
     "[vd_cost]\nsamples=100\n"},
    {"connected, Adam", 8,
     "[net]\nbatch=8\ninputs=30\nadam=1\nlearning_rate=.001\nseed=6\nmax_batches=20\n"
     "[vd_connected]\noutput=17\nactivation=relu\nthreshold=1e3\nlog_sigma2=-8\n"
     "[connected]\noutput=12\nactivation=leaky\n"
     "[vd_connected]\noutput=7\nactivation=linear\nthreshold=1e3\n"
     "[cost]\ntype=sse\n"
     "[vd_cost]\nsamples=50\nkl_start=2\nkl_ramp=4\n"},
    {"yolo", 8,
     "[net]\nbatch=2\nwidth=32\nheight=32\nchannels=3\nmomentum=.9\nlearning_rate=.001\nseed=7\nmax_batches=20\n"
     "[vd_convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\nthreshold=1e3\n"
     "[vd_convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nbatch_normalize=1\nactivation=leaky\nthreshold=1e3\n"
     "[vd_convolutional]\nfilters=21\nsize=1\nactivation=linear\nthreshold=1e3\n"
     "[yolo]\nmask=0,1,2\nanchors=4,4,8,8,14,12\nclasses=2\nnum=3\njitter=.1\nignore_thresh=.5\ntruth_thresh=1\n"
     "random=0\n"
     "[vd_cost]\nsamples=100\n"},
    {"region", 8,
     "[net]\nbatch=2\nwidth=32\nheight=32\nchannels=3\nmomentum=.9\nlearning_rate=.001\nseed=8\nmax_batches=20\n"
     "[vd_convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=leaky\nthreshold=1e3\n"
     "[maxpool]\nsize=2\nstride=2\n"
     "[vd_convolutional]\nfilters=14\nsize=1\nactivation=linear\nthreshold=1e3\n"
     "[region]\nanchors=1,1,3,2\nclasses=2\ncoords=4\nnum=2\nsoftmax=1\njitter=.1\nrescore=1\nbias_match=1\n"
     "object_scale=5\nnoobject_scale=1\nclass_scale=1\ncoord_scale=1\nabsolute=1\nthresh=.5\nrandom=0\n"
     "[vd_cost]\nsamples=100\nkl_scale=.5\n"},
};

enum { VARIATIONAL = COUNT_OF(variational) };

/* the plain cfg of a variational one: without vd_, the plugin's keys and [vd_cost] */
static char *plain_of(const char *cfg)
{
    static const struct {
        const char *from, *to;
    } names[] = {{"[vd_convolutional]", "[convolutional]"},
                 {"[vd_conv]", "[convolutional]"},
                 {"[vd_connected]", "[connected]"},
                 {"[vd_conn]", "[connected]"}};
    static const char *keys[] = {"log_sigma2=", "threshold=", "train_clip=", "seed="};
    char *text = vd_calloc(2 * strlen(cfg) + 1, 1), *copy = vd_format("%s", cfg), *save = 0;
    for (char *line = strtok_r(copy, "\n", &save); line && strcmp(line, "[vd_cost]"); line = strtok_r(0, "\n", &save)) {
        int ours = 0;
        for (size_t i = 0; i < COUNT_OF(keys); ++i) ours |= !strncmp(line, keys[i], strlen(keys[i]));
        if (ours) continue;
        const char *written = line;
        for (size_t i = 0; i < COUNT_OF(names); ++i)
            if (!strcmp(line, names[i].from)) written = names[i].to;
        strcat(strcat(text, written), "\n");
    }
    free(copy);
    return text;
}

static void write_pair(int i)
{
    char *text = plain_of(variational[i].cfg);
    write_in_folder("vd.cfg", variational[i].cfg);
    write_in_folder("plain.cfg", text);
    ck_assert_ptr_null(strstr(text, "vd_"));
    free(text);
}

START_TEST(stock_darknet_reads_our_weights_and_predicts_what_we_predict)
{
    const char *name = variational[_i].name;
    char *steps = vd_format("%d", variational[_i].steps);
    write_pair(_i);
    free(probe(our_probe(), "train", "vd.cfg", steps, "weights", 0));
    free(probe(stock_probe(), "layers", "plain.cfg", "weights", "stock.f32", 0));
    free(probe(our_probe(), "layers", "plain.cfg", "weights", "plain.f32", 0));
    free(probe(our_probe(), "layers", "vd.cfg", "weights", "vd.f32", 0));
    assert_close_file(name, "plain.f32", "stock.f32", 1e-4, 1e-5);
    assert_close_file(name, "vd.f32", "stock.f32", 1e-4, 1e-5);
    free(steps);
}
END_TEST

START_TEST(a_vd_network_reads_stock_weights_and_predicts_what_stock_predicts)
{
    const char *name = variational[_i].name;
    write_pair(_i);
    free(probe(stock_probe(), "train", "plain.cfg", "4", "weights", 0));
    free(probe(stock_probe(), "layers", "plain.cfg", "weights", "stock.f32", 0));
    free(probe(our_probe(), "layers", "vd.cfg", "weights", "vd.f32", 0));
    assert_close_file(name, "vd.f32", "stock.f32", 1e-4, 1e-5);
}
END_TEST

START_TEST(stock_darknet_predicts_alike_with_the_outputs_alone)
{
    write_pair(1);
    free(probe(our_probe(), "train", "vd.cfg", "3", "weights", 0));
    free(probe(stock_probe(), "predict", "plain.cfg", "weights", "stock.f32", 0));
    free(probe(our_probe(), "predict", "vd.cfg", "weights", "vd.f32", 0));
    char *a = in_folder(folder, "stock.f32"), *b = in_folder(folder, "vd.f32");
    int n, m;
    float *x = read_floats(a, &n), *y = read_floats(b, &m);
    ck_assert_int_eq(n, 7 * 8); /* the outputs are the last layer's but for the costs */
    ck_assert_int_eq(m, n);
    assert_close_file("outputs", "vd.f32", "stock.f32", 1e-4, 1e-5);
    free(a), free(b), free(x), free(y);
}
END_TEST

/* ---- one layer, its noise gone, against the plain one ---- */

static const char *const activations[] = {"linear", "logistic", "loggy", "relu",  "elu",   "selu",    "relie",
                                          "ramp",   "tanh",     "plse",  "leaky", "stair", "hardtan", "lhtan"};
enum { ACTIVATIONS = COUNT_OF(activations) };

static const int batches[] = {1, 3, 20};

/* a network of one layer with random weights, biases and, with batch_normalize, statistics */
static network *one_layer(const char *cfg, unsigned seed)
{
    network *net = network_of(cfg, 0);
    layer l = net->layers[0];
    int n = l.type == CONNECTED ? l.outputs : l.n;
    size_t weights = vd_weights_of(l);
    fill_random(l.weights, weights, seed);
    fill_random(l.biases, n, seed + 1);
    if (!l.batch_normalize) return net;
    fill_random(l.scales, n, seed + 2);
    fill_random(l.rolling_mean, n, seed + 3);
    fill_random(l.rolling_variance, n, seed + 4);
    for (int i = 0; i < n; ++i) l.rolling_variance[i] = fabsf(l.rolling_variance[i]) + .1f;
    return net;
}

static const float *input_of(network *net)
{
    fill_random(net->input, (size_t)net->inputs * net->batch, 99);
    return net->input;
}

/* the true convolution, product without bias; squared: of the squares of weights and inputs */
static double convolved(layer l, const float *input, int b, int k, int y, int x, int squared)
{
    int c = l.c / l.groups, group = k / (l.n / l.groups);
    double sum = 0;
    for (int i = 0; i < c; ++i)
        for (int u = 0; u < l.size; ++u)
            for (int v = 0; v < l.size; ++v) {
                int row = y * l.stride - l.pad + u, column = x * l.stride - l.pad + v;
                if (row < 0 || column < 0 || row >= l.h || column >= l.w) continue;
                double a = input[((b * l.c + group * c + i) * l.h + row) * l.w + column];
                double w = l.weights[((k * c + i) * l.size + u) * l.size + v];
                sum += squared ? a * a * w * w : a * w;
            }
    return sum;
}

static double finished(layer l, double x, int k)
{
    if (l.batch_normalize)
        x = (x - l.rolling_mean[k]) / (sqrt(l.rolling_variance[k]) + .000001) * l.scales[k]; /* stock's epsilon */
    return activate((float)(x + l.biases[k]), l.activation);
}

typedef struct {
    int size, stride, padding, groups, batch, normalized, activation;
} shape;

static char *convolution_cfg(shape s, const char *section, const char *keys)
{
    int channels = s.groups == 1 ? 3 : s.groups == 2 ? 6 : 4, filters = s.groups == 4 ? 8 : s.groups == 2 ? 6 : 5;
    return vd_format(
        "[net]\nbatch=%d\nwidth=9\nheight=7\nchannels=%d\nseed=1\n"
        "[%s]\nfilters=%d\nsize=%d\nstride=%d\npadding=%d\ngroups=%d\nbatch_normalize=%d\nactivation=%s\n%s",
        s.batch, channels, section, filters, s.size, s.stride, s.padding, s.groups, s.normalized,
        activations[s.activation], keys);
}

static char *described(shape s)
{
    return vd_format("size %d, stride %d, padding %d, groups %d, batch %d, bn %d, %s", s.size, s.stride, s.padding,
                     s.groups, s.batch, s.normalized, activations[s.activation]);
}

/* stock Darknet uses the image as the columns whenever size is 1 */
static int stock_is_wrong(shape s)
{
    return s.size == 1 && (s.stride > 1 || s.padding > 0);
}

static void compare_convolution(shape s)
{
    char *what = described(s);
    char *ours_cfg = convolution_cfg(s, "vd_convolutional", "log_sigma2=-10000\n");
    network *ours = one_layer(ours_cfg, 7);
    const float *input = input_of(ours), *output = network_predict(ours, ours->input);
    layer l = ours->layers[0];
    if (!stock_is_wrong(s)) {
        char *cfg = convolution_cfg(s, "convolutional", "");
        network *theirs = one_layer(cfg, 7);
        input_of(theirs);
        const float *expected = network_predict(theirs, theirs->input);
        ck_assert_int_eq(theirs->layers[0].outputs, l.outputs);
        for (int i = 0; i < l.batch * l.outputs; ++i)
            ck_assert_msg(close_to(output[i], expected[i], 1e-4, 1e-5), "%s: output %d is %.9g, stock's %.9g", what, i,
                          output[i], expected[i]);
        free_network(theirs);
        free(cfg);
    }
    for (int b = 0, i = 0; b < l.batch; ++b)
        for (int k = 0; k < l.n; ++k)
            for (int y = 0; y < l.out_h; ++y)
                for (int x = 0; x < l.out_w; ++x, ++i) {
                    double expected = finished(l, convolved(l, input, b, k, y, x, 0), k);
                    ck_assert_msg(close_to(output[i], expected, 1e-4, 1e-5), "%s: output %d is %.9g, truly %.9g", what,
                                  i, output[i], expected);
                }
    free_network(ours);
    free(ours_cfg);
    free(what);
}

/* every shape with every batch, with and without batch_normalize; the activations alternate */
START_TEST(vd_convolutional_without_noise_is_the_stock_layer_and_the_true_convolution)
{
    static const int sizes[] = {1, 3, 5}, groups[] = {1, 2, 4};
    int count = 0;
    for (int padding = 0; padding < 3; ++padding)
        for (int stride = 1; stride < 4; ++stride)
            for (int g = 0; g < 3; ++g)
                for (int b = 0; b < 3; ++b)
                    for (int normalized = 0; normalized < 2; ++normalized)
                        compare_convolution((shape){sizes[_i], stride, padding, groups[g], batches[b], normalized,
                                                    count++ % ACTIVATIONS});
}
END_TEST

START_TEST(vd_convolutional_without_noise_is_the_stock_layer_for_every_activation)
{
    for (int normalized = 0; normalized < 2; ++normalized) compare_convolution((shape){3, 1, 1, 1, 3, normalized, _i});
}
END_TEST

static const struct {
    int inputs, outputs;
} dense[] = {{1, 1}, {7, 5}, {64, 33}, {35, 130}};

START_TEST(vd_connected_without_noise_is_the_stock_layer)
{
    for (size_t s = 0; s < COUNT_OF(dense); ++s)
        for (int b = 0; b < 3; ++b)
            for (int normalized = 0; normalized < 2; ++normalized) {
                char *keys = vd_format("output=%d\nbatch_normalize=%d\nactivation=%s\n", dense[s].outputs, normalized,
                                       activations[_i]);
                char *net = vd_format("[net]\nbatch=%d\ninputs=%d\nseed=1\n", batches[b], dense[s].inputs);
                char *ours_cfg = vd_format("%s[vd_connected]\nlog_sigma2=-10000\n%s", net, keys);
                char *cfg = vd_format("%s[connected]\n%s", net, keys);
                network *ours = one_layer(ours_cfg, 7), *theirs = one_layer(cfg, 7);
                input_of(ours), input_of(theirs);
                const float *output = network_predict(ours, ours->input);
                const float *expected = network_predict(theirs, theirs->input);
                for (int i = 0; i < batches[b] * dense[s].outputs; ++i)
                    ck_assert_msg(close_to(output[i], expected[i], 1e-4, 1e-5), "%s%s: output %d is %.9g, stock's %.9g",
                                  net, keys, i, output[i], expected[i]);
                free_network(ours), free_network(theirs);
                free(keys), free(net), free(ours_cfg), free(cfg);
            }
}
END_TEST

/* deviations from the plain layer in units of the noise: bounded, and one on average */
typedef struct {
    double squares;
    int n;
} deviations;

static void add_deviation(deviations *d, double output, double product, double var)
{
    /* log_alpha is clipped at -8; 1e-8 is the graph's own */
    double unit = (output - product) / sqrt(var * exp(-8) + 1e-8);
    ck_assert_msg(fabs(unit) < 6, "%g standard deviations of noise", unit); /* float sums are 1e-3 of a unit */
    d->squares += unit * unit;
    ++d->n;
}

/* the mean of n squares of normal numbers has variance 2/n */
static void assert_normal(deviations d)
{
    ck_assert_int_gt(d.n, 1000);
    ck_assert_msg(fabs(d.squares / d.n - 1) < 5 * sqrt(2. / d.n), "mean square %g of %d", d.squares / d.n, d.n);
}

static void train_forward(network *net)
{
    *net->seen += net->batch;
    net->train = 1;
    forward_network(net);
}

START_TEST(training_without_log_sigma2_leaves_noise_of_the_clip_alone)
{
    static const int sizes[] = {1, 3, 5}, groups[] = {1, 2, 4};
    deviations d = {0};
    for (int s = 0; s < 3; ++s)
        for (int stride = 1; stride < 4; ++stride)
            for (int g = 0; g < 3; ++g) {
                char *cfg = convolution_cfg((shape){sizes[s], stride, s, groups[g], 3, 0, 0}, "vd_convolutional",
                                            "log_sigma2=-10000\n");
                network *net = one_layer(cfg, 7);
                const float *input = input_of(net);
                layer l = net->layers[0];
                vd_layer_of(l)->seed = d.n; /* noise that repeats would be counted twice */
                train_forward(net);
                for (int b = 0, i = 0; b < l.batch; ++b)
                    for (int k = 0; k < l.n; ++k)
                        for (int y = 0; y < l.out_h; ++y)
                            for (int x = 0; x < l.out_w; ++x, ++i)
                                add_deviation(&d, l.output[i], convolved(l, input, b, k, y, x, 0) + l.biases[k],
                                              convolved(l, input, b, k, y, x, 1));
                free_network(net);
                free(cfg);
            }
    assert_normal(d);
}
END_TEST

START_TEST(training_without_log_sigma2_leaves_noise_of_the_clip_alone_when_connected)
{
    deviations d = {0};
    for (int s = 0; s < COUNT_OF(dense); ++s)
        for (int b = 0; b < 3; ++b) {
            int in = dense[s].inputs, out = dense[s].outputs;
            char *cfg = vd_format("[net]\nbatch=%d\ninputs=%d\nseed=1\n[vd_connected]\noutput=%d\nactivation=linear\n"
                                  "log_sigma2=-10000\n",
                                  batches[b], in, out);
            network *net = one_layer(cfg, 7);
            const float *input = input_of(net);
            layer l = net->layers[0];
            vd_layer_of(l)->seed = d.n;
            train_forward(net);
            for (int p = 0; p < l.batch; ++p)
                for (int o = 0; o < out; ++o) {
                    double mean = l.biases[o], var = 0;
                    for (int i = 0; i < in; ++i) {
                        double a = input[p * in + i], w = l.weights[o * in + i];
                        mean += a * w;
                        var += a * a * w * w;
                    }
                    add_deviation(&d, l.output[p * out + o], mean, var);
                }
            free_network(net);
            free(cfg);
        }
    assert_normal(d);
}
END_TEST

/* ---- the patches ---- */

START_TEST(the_patches_apply_without_fuzz_to_the_bare_sources_and_to_debians)
{
    static const char *script =
        "set -e; exec 2>&1; orig=$(ls $PWD/build/source/*.orig.tar.xz); debian=$(ls "
        "$PWD/build/source/*.debian.tar.xz)\n"
        "patches=$PWD/patches; cd \"$1\"; tar -xf $orig --strip-components=1\n"
        "if [ \"$2\" = debian ]; then tar -xf $debian; for p in $(cat debian/patches/series); do\n"
        "    patch -p1 --fuzz=0 -s < debian/patches/$p; done; fi\n"
        "for p in $(sed -n '/^[a-z].*patch$/p' $patches/series); do echo $p; patch -p1 --fuzz=0 < $patches/$p; done\n"
        "test -z \"$(find . -name '*.rej')\"; grep -q layer_plugin_net src/parser.c\n";
    static const char *const trees[] = {"bare", "debian"};
    if (system("ls build/source/*.orig.tar.xz build/source/*.debian.tar.xz >/dev/null 2>&1")) {
        skipped(1, "patches on the bare sources: no source package under build/source (DARKNET_SRC was given?)");
        return;
    }
    run_result r = run((const char *const[]){"sh", "-c", script, "sh", folder, trees[_i], 0});
    ck_assert_msg(r.status == 0, "%s: %s%s", trees[_i], r.out, r.err);
    ck_assert_msg(!strstr(r.out, "fuzz"), "%s: %s", trees[_i], r.out);
    free_run(r);
}
END_TEST

START_TEST(a_local_layer_has_room_for_its_columns)
{
    network *net = network_of("[net]\nbatch=2\nwidth=16\nheight=16\nchannels=3\n[local]\nfilters=2\nsize=3\n"
                              "[connected]\noutput=3\n[softmax]\n",
                              0);
    ck_assert_uint_eq(net->layers[0].workspace_size, 14 * 14 * 3 * 3 * 3 * sizeof(float));
    train_steps(net, 0, 1, 1);
    free_network(net);
}
END_TEST

SUITE_OF(against_stock)
{
    EACH(make_test_folder, remove_test_folder);
    LOOP(in_plain_c_a_plain_network_trains_to_the_very_numbers_of_stock_darknet, PLAIN);
    LOOP(the_fast_kernels_train_a_plain_network_as_stock_darknet_does, PLAIN);
    TEST(training_changes_the_weights_a_comparison_could_miss);
    LOOP(stock_darknet_reads_our_weights_and_predicts_what_we_predict, VARIATIONAL);
    LOOP(a_vd_network_reads_stock_weights_and_predicts_what_stock_predicts, VARIATIONAL);
    TEST(stock_darknet_predicts_alike_with_the_outputs_alone);
    LOOP(vd_convolutional_without_noise_is_the_stock_layer_and_the_true_convolution, 3);
    LOOP(vd_convolutional_without_noise_is_the_stock_layer_for_every_activation, ACTIVATIONS);
    LOOP(vd_connected_without_noise_is_the_stock_layer, ACTIVATIONS);
    TEST(training_without_log_sigma2_leaves_noise_of_the_clip_alone);
    TEST(training_without_log_sigma2_leaves_noise_of_the_clip_alone_when_connected);
    LOOP(the_patches_apply_without_fuzz_to_the_bare_sources_and_to_debians, 2);
    TEST(a_local_layer_has_room_for_its_columns);
}
