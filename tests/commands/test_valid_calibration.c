/* darknet classifier valid -calibration: what it prints of a network, and what sampled passes are. */
#include "layer/vd_layer.h"
#include "training/classifier_score.h"
#include "support/digits.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NET(keys)                                                                                                 \
    "[net]\nbatch=6\nheight=28\nwidth=28\nchannels=1\nflip=0\nmax_crop=28\nseed=3\nadam=1\nlearning_rate=.01\n"   \
    "max_batches=30\n[vd_convolutional]\nfilters=4\nsize=5\nstride=2\nactivation=leaky\nbatch_normalize=1\n" keys \
    "[dropout]\nprobability=.5\n[vd_connected]\noutput=10\nactivation=linear\n" keys "[softmax]\n"
#define COST "[vd_cost]\nsamples=60\nkl_ramp=20\n"
#define QUIET "log_sigma2=-40\nthreshold=30\n" /* log_alpha is -8: noise of 1.8 % of a weight; and no mask */

static char *weights;

static char *write_cfg(const char *name, const char *text)
{
    char *file = vd_format("%s.cfg", name), *path = in_folder(folder, file);
    write_text(path, text);
    free(file);
    return path;
}

static char *trained(const char *text)
{
    char *cfg = write_cfg("net", text);
    free_run(darknet(0, "classifier", "train", data_file, cfg, NULL));
    return cfg;
}

static void setup(void)
{
    make_digits(60, 40);
    weights = backup("net.weights");
}

static void teardown(void)
{
    remove_digits();
    free(weights);
}

/* the numbers of line i, from 0, under the heads: temperature, error, NLL, Brier, ECE */
static void numbers(const char *out, int i, double n[5])
{
    const char *at = out;
    for (i += 2; i--; ++at) ck_assert_msg((at = strchr(at, '\n')) != 0, "%s", out);
    ck_assert_msg(sscanf(at, "%lf %lf %lf %lf %lf", n, n + 1, n + 2, n + 3, n + 4) == 5, "%s", out);
}

static char *output(const char *cfg, const char *option, const char *value)
{
    run_result r = darknet(0, "classifier", "valid", data_file, cfg, weights, "-calibration", option, value, NULL);
    char *out = r.out;
    free(r.err);
    return out;
}

/* against the outputs of the network that this process loads */
START_TEST(a_network_is_scored_by_its_outputs)
{
    char *cfg = trained(NET("") COST), *out = output(cfg, 0, 0), *list = in_folder(folder, "digits/test.list"),
         *labels = in_folder(folder, "digits/labels.list");
    double n[5], nll = 0, brier = 0, wrong = 0;
    silence_stderr();
    network *net = load_network(cfg, weights, 0);
    set_batch_network(net, 1);
    char **names = get_labels(labels), **paths = (char **)list_to_array(get_paths(list));
    for (int i = 0; i < 40; ++i) {
        image picture = vd_score_picture(net, paths[i]);
        const float *p = network_predict(net, picture.data);
        int class = vd_score_class(paths[i], names, 10), best = 0;
        for (int k = 0; k < 10; ++k) {
            brier += pow((double)p[k] - (k == class), 2);
            if (p[k] > p[best]) best = k;
        }
        wrong += best != class;
        nll -= log(p[class]);
        free_image(picture);
    }
    ck_assert_ptr_nonnull(strstr(out, "40 pictures, masked weights\n"));
    numbers(out, 0, n);
    ck_assert(n[0] == 1 && close_to(n[1], 100 * wrong / 40, 0, .006));
    ck_assert_msg(close_to(n[2], nll / 40, 1e-4, 6e-6) && close_to(n[3], brier / 40, 1e-4, 6e-6), "%s", out);
    numbers(out, 1, n);
    ck_assert_double_le(n[2], nll / 40 + 1e-5); /* the best one */
    free(out);
    out = output(cfg, "-temperature", "3");
    numbers(out, 1, n);
    ck_assert(n[0] == 3 && n[2] > nll / 40);
    free(out), free(labels), free(list), free(cfg);
}
END_TEST

START_TEST(sampled_passes_with_little_noise_are_near_those_of_all_weights)
{
    char *cfg = trained(NET(QUIET) COST), *masked = output(cfg, 0, 0), *sampled = output(cfg, "-samples", "9");
    double a[5], b[5];
    ck_assert_ptr_nonnull(strstr(sampled, "40 pictures, mean of 9 sampled passes\n"));
    numbers(sampled, 0, a);
    numbers(masked, 0, b);
    ck_assert_msg(close_to(a[2], b[2], .02, 0) && close_to(a[3], b[3], .02, 0), "%s%s", sampled, masked);
    free(masked), free(sampled), free(cfg);
}
END_TEST

/* whatever the threads, and whatever the batch that the passes are made in */
START_TEST(sampled_passes_are_those_of_the_seed)
{
    char *cfg = trained(NET("") COST), *first = output(cfg, "-samples", "12"), *text, *at;
    setenv("DARKNET_THREADS", "3", 1);
    char *again = output(cfg, "-samples", "12");
    unsetenv("DARKNET_THREADS");
    ck_assert_str_eq(first, again);
    free(again), free(cfg);
    text = vd_format("%s", NET("") COST);
    at = strstr(text, "batch=6");
    at[6] = '4';
    cfg = write_cfg("net", text);
    again = output(cfg, "-samples", "12");
    ck_assert_str_eq(first, again);
    free(again), free(cfg);
    at = strstr(text, "seed=3");
    at[5] = '5';
    cfg = write_cfg("net", text);
    again = output(cfg, "-samples", "12");
    ck_assert_str_ne(first, again);
    free(again), free(first), free(text), free(cfg);
}
END_TEST

/* mean a theta and variance a^2 exp(log_alpha) theta^2 of a unit, the layer's own bias left out */
START_TEST(a_sampled_prediction_has_the_mean_and_the_variance_of_the_posterior)
{
    enum { IN = 6, OUT = 4, DRAWS = 4000, BATCH = 8 };
    network *net = network_of("[net]\nbatch=8\nchannels=6\nheight=1\nwidth=1\nseed=7\n[vd_connected]\noutput=4\n"
                              "activation=linear\nlog_sigma2=-1\nthreshold=-7\n[softmax]\n[vd_cost]\nsamples=10\n",
                              0);
    layer l = net->layers[0];
    float input[IN * BATCH];
    double sum[OUT] = {0}, squares[OUT] = {0};
    fill_random(input, IN, 1);
    for (int b = 1; b < BATCH; ++b) memcpy(input + (size_t)b * IN, input, IN * sizeof(float));
    network_predict(net, input);
    for (int o = 0; o < OUT; ++o) ck_assert(l.output[o] == 0); /* masked: all weights are over the threshold */
    vd_sample_predictions(net);
    for (int d = 0; d < DRAWS; ++d) {
        if (d % BATCH == 0) *net->seen = d + BATCH, network_predict(net, input);
        for (int o = 0; o < OUT; ++o) {
            double x = l.output[d % BATCH * OUT + o];
            sum[o] += x, squares[o] += x * x;
        }
    }
    for (int o = 0; o < OUT; ++o) {
        double mean = 0, variance = 1e-8, drawn = sum[o] / DRAWS;
        for (int i = 0; i < IN; ++i) {
            double w = l.weights[o * IN + i], a = input[i], log_alpha = fmin(8, -1 - log(w * w + 1e-8));
            mean += a * w, variance += a * a * exp(log_alpha) * w * w;
        }
        ck_assert(close_to(drawn, mean, 0, 4 * sqrt(variance / DRAWS)));
        ck_assert(close_to(squares[o] / DRAWS - drawn * drawn, variance, 4 * sqrt(2. / DRAWS), 0));
    }
    free_network(net);
}
END_TEST

START_TEST(pictures_of_another_kind_have_an_auroc)
{
    char *cfg = trained(NET("") COST), *list = in_folder(folder, "digits/test.list"),
         *out = output(cfg, "-outliers", list);
    const char *line = strstr(out, "AUROC of the entropy against the 40 pictures of ");
    ck_assert_msg(line && strstr(line, "test.list: 0.5000\n"), "%s", out); /* the same pictures */
    free(out), free(list), free(cfg);
}
END_TEST

#define CONNECTED "[net]\nheight=28\nwidth=28\nchannels=1\n[connected]\noutput=10\nactivation=linear\n"

static const struct {
    const char *cfg, *option, *value, *said;
} bad[] = {
    {NET("") COST, "-samples", "0", "-samples 0 is not an integer from 1"},
    {NET("") COST, "-samples", 0, "-samples needs an integer"},
    {NET("") COST, "-temperature", "0", "-temperature 0 is not a number from 0.01"},
    {NET("") COST, "-topk", 0, "unknown option -topk"},
    {NET("") COST, "-outliers", "nowhere.list", "nowhere.list"},
    {CONNECTED "[softmax]\n", "-samples", "3", "net.cfg: -samples: no variational layer"},
    {CONNECTED, 0, 0, "net.cfg: -calibration: the last layer is no [softmax]"},
    {CONNECTED "[softmax]\ngroups=2\n", 0, 0, "net.cfg: layer 1 [softmax]: -calibration: one group of classes"},
};

START_TEST(what_does_not_fit_is_named)
{
    char *cfg = write_cfg("net", bad[_i].cfg);
    silence_stderr();
    network *net = parse_network_cfg(cfg);
    save_weights(net, weights);
    run_result r =
        darknet(1, "classifier", "valid", data_file, cfg, weights, "-calibration", bad[_i].option, bad[_i].value, NULL);
    const char *said = strstr(r.err, bad[_i].said);
    ck_assert_msg(said && strchr(said, '\n') == r.err + strlen(r.err) - 1, "'%s': %s", bad[_i].said, r.err);
    free_run(r);
    free_network(net);
    free(cfg);
}
END_TEST

/* each weight is finite, their sums are not */
START_TEST(outputs_that_are_not_finite_are_no_score)
{
    char *cfg = write_cfg("net", CONNECTED "[softmax]\n");
    silence_stderr();
    network *net = parse_network_cfg(cfg);
    layer l = net->layers[0];
    for (int i = 0; i < l.inputs * l.outputs; ++i) l.weights[i] = 3e38f;
    save_weights(net, weights);
    run_result r = darknet(1, "classifier", "valid", data_file, cfg, weights, "-calibration", NULL);
    ck_assert_msg(strstr(r.err, "net.weights: the outputs for ") && strstr(r.err, "_digit0.png are not finite: "), "%s",
                  r.err);
    ck_assert_str_eq(r.out, "");
    free_run(r);
    free_network(net);
    free(cfg);
}
END_TEST

START_TEST(packed_weights_have_no_noise)
{
    char *cfg = trained(NET("") COST), *packed = in_folder(folder, "net.vdw");
    free_run(darknet(0, "vd", "pack", cfg, weights, packed, NULL));
    run_result r = darknet(1, "classifier", "valid", data_file, cfg, packed, "-samples", "3", NULL);
    ck_assert_msg(strstr(r.err, "net.cfg: -samples: ") || strstr(r.err, "net.vdw: -samples: is packed"), "%s", r.err);
    free_run(r);
    r = darknet(0, "classifier", "valid", data_file, cfg, packed, "-calibration", NULL);
    char *masked = output(cfg, 0, 0);
    ck_assert_str_eq(r.out, masked);
    free_run(r);
    free(masked), free(packed), free(cfg);
}
END_TEST

SUITE_OF(valid_calibration)
{
    EACH(setup, teardown);
    TEST(a_network_is_scored_by_its_outputs);
    TEST(sampled_passes_with_little_noise_are_near_those_of_all_weights);
    TEST(sampled_passes_are_those_of_the_seed);
    TEST(a_sampled_prediction_has_the_mean_and_the_variance_of_the_posterior);
    TEST(pictures_of_another_kind_have_an_auroc);
    LOOP(what_does_not_fit_is_named, COUNT_OF(bad));
    TEST(outputs_that_are_not_finite_are_no_score);
    TEST(packed_weights_have_no_noise);
}
