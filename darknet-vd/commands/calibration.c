#include "commands/calibration.h"
#include "commands/words.h"
#include "config/heads.h"
#include "config/keys.h"
#include "layer/nonfinite.h"
#include "layer/vd_layer.h"
#include "training/calibration.h"
#include "training/classifier_score.h"
#include "training/detector_score.h"
#include "base/fail.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet classifier valid DATA CFG WEIGHTS -calibration [-samples N] [-temperature T]\n"
    "         [-outliers LIST]\n"
    "  prints, for the data file's valid= list, error, NLL (nats), Brier score and expected calibration error (15\n"
    "  bins of equal width); then the temperature with the least NLL on this list, which should be held out of the\n"
    "  training and no test pictures, and what they are with it\n"
    "  -samples   the mean of the probabilities of N passes with the noise of the variational layers, by the cfg's\n"
    "             seed, not those of the masked weights\n"
    "  -temperature  that of another list, in place of the best on this one\n"
    "  -outliers  the AUROC of the entropy of the probabilities: how well it tells pictures of this list, which have\n"
    "             none of the classes, from those of valid=\n";

typedef struct {
    const char *data, *cfg, *weights, *outliers;
    int samples;        /* 0: the masked weights */
    double temperature; /* 0: the best one */
} arguments;

/* the probabilities of a list of pictures */
typedef struct {
    size_t n;
    float *log_p; /* [n][classes] */
} predictions;

typedef struct {
    network *net;
    const char *weights; /* the file */
    const float *logits; /* [batch][classes], of the latest pass: what [softmax] takes */
    float temperature;   /* of [softmax] */
    int classes, passes; /* passes in a batch */
} classifier;

int vd_calibration_has(int argc, char **argv)
{
    static const char *const own[] = {"-calibration", "-samples", "-temperature", "-outliers"};
    if (argc < 3 || !argv[2] || strcmp(argv[1], "classifier") || strcmp(argv[2], "valid")) return 0;
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); ++i)
        if (vd_words_have(argc, argv, own[i])) return 1;
    return 0;
}

/* argv[0] is "valid" */
static arguments parse(int argc, char **argv)
{
    arguments a = {0};
    const char **const files[] = {&a.data, &a.cfg, &a.weights};
    int n = 0;
    for (vd_words w = {"classifier valid", argc, argv, 1}; w.at < argc && argv[w.at]; ++w.at) {
        const char *word = argv[w.at];
        if (!strcmp(word, "-calibration")) continue;
        if (!strcmp(word, "-outliers")) a.outliers = vd_word_text(&w);
        else if (!strcmp(word, "-samples")) a.samples = (int)vd_word_integer(&w, 1, INT_MAX);
        else if (!strcmp(word, "-temperature")) a.temperature = vd_word_number(&w, .01, 100);
        else if (word[0] == '-')
            vd_die("darknet classifier valid: unknown option %s; -calibration has -samples, -temperature and -outliers",
                   word);
        else if (n == 3) vd_die("darknet classifier valid: unexpected argument %s", word);
        else *files[n++] = word;
    }
    if (n < 3) vd_die("darknet classifier valid: DATA, CFG and WEIGHTS are needed; see -h");
    return a;
}

/* ---- the network ---- */

/* the layer that makes probabilities, whose inputs are the logits */
static int softmax_of(const network *net, const char *cfg)
{
    int i = vd_last_layer(net);
    layer l = net->layers[i];
    if (i < 1 || l.type != SOFTMAX) vd_die("%s: -calibration: the last layer is no [softmax]", cfg);
    if (l.softmax_tree || l.groups > 1)
        vd_die("%s: layer %d [softmax]: -calibration: one group of classes is expected, without a tree", cfg, i);
    return i;
}

/* as many of the passes at once as the cfg's batch allows, and as leave none over */
static int passes_at_once(int samples, int batch)
{
    int passes = samples < batch ? samples : batch;
    while (samples % passes) --passes;
    return passes;
}

static classifier read_network(const arguments *a)
{
    vd_watch_outputs(0); /* predict_all() names the picture, too */
    network *net = load_network((char *)a->cfg, (char *)a->weights, 0);
    int softmax = softmax_of(net, a->cfg);
    classifier c = {.net = net,
                    .weights = a->weights,
                    .logits = net->layers[softmax - 1].output,
                    .classes = net->layers[softmax].outputs};
    c.temperature = net->layers[softmax].temperature;
    c.passes = a->samples ? passes_at_once(a->samples, net->batch) : 1;
    set_batch_network(net, c.passes);
    if (!a->samples) return c;
    if (!vd_variational_layers(net)) vd_die("%s: -samples: no variational layer, so no noise", a->cfg);
    if (net->packed_from) vd_die("%s: -samples: is packed, without its noise: give the .weights file", a->weights);
    vd_sample_predictions(net);
    return c;
}

/* ---- predictions ---- */

/* into log_p [classes] */
static void log_softmax(const classifier *c, const float *logits, double *log_p)
{
    double most = logits[max_index((float *)logits, c->classes)] / c->temperature, sum = 0;
    for (int k = 0; k < c->classes; ++k) sum += exp(logits[k] / c->temperature - most);
    for (int k = 0; k < c->classes; ++k) log_p[k] = logits[k] / c->temperature - most - log(sum);
}

/* log(exp(a) + exp(b)) */
static double log_sum(double a, double b)
{
    double most = fmax(a, b);
    return most == -INFINITY ? most : most + log1p(exp(fmin(a, b) - most));
}

/* the mean over `samples` passes of picture number `index`, whose noise is that of so many images seen */
static void predict(const classifier *c, float *inputs, size_t index, int samples, float *log_p)
{
    double *sum = vd_calloc(2 * (size_t)c->classes, sizeof(*sum)), *of_one = sum + c->classes;
    for (int k = 0; k < c->classes; ++k) sum[k] = -INFINITY;
    for (int s = 0; s < samples; s += c->passes) {
        *c->net->seen = index * (size_t)samples + (size_t)(s + c->passes);
        network_predict(c->net, inputs);
        for (int b = 0; b < c->passes; ++b) {
            log_softmax(c, c->logits + (size_t)b * c->classes, of_one);
            for (int k = 0; k < c->classes; ++k) sum[k] = log_sum(sum[k], of_one[k]);
        }
    }
    for (int k = 0; k < c->classes; ++k) log_p[k] = (float)(sum[k] - log(samples));
    free(sum);
}

static predictions predict_all(const classifier *c, vd_labelled_pictures pictures, int samples)
{
    predictions p = {(size_t)pictures.n, vd_calloc((size_t)pictures.n * c->classes, sizeof(*p.log_p))};
    size_t inputs = c->net->inputs;
    float *batch = vd_calloc(inputs * c->passes, sizeof(*batch));
    for (size_t i = 0; i < p.n; ++i) {
        image picture = vd_score_picture(c->net, pictures.paths[i]);
        for (int b = 0; b < c->passes; ++b) memcpy(batch + inputs * b, picture.data, inputs * sizeof(*batch));
        free_image(picture);
        float *log_p = p.log_p + i * c->classes;
        predict(c, batch, i, samples ? samples : 1, log_p);
        if (vd_first_not_finite(c->classes, log_p) < (size_t)c->classes)
            vd_die("%s: the outputs for %s are not finite: the weights are damaged, or hardly trained", c->weights,
                   pictures.paths[i]);
    }
    free(batch);
    return p;
}

/* ---- the data ---- */

static int *classes_of(const char *data, list *options, vd_labelled_pictures pictures, int classes)
{
    vd_section s = {data, 0, -1, options};
    int given = vd_data_classes(s);
    if (given != classes) vd_die("%s: classes=%d, but [softmax] has %d outputs", data, given, classes);
    char *file = vd_data_labels(s);
    char **labels = get_labels_of(file, classes);
    int *class = vd_calloc(pictures.n, sizeof(*class));
    for (int i = 0; i < pictures.n; ++i) {
        class[i] = vd_score_class(pictures.paths[i], labels, classes);
        if (class[i] < 0) vd_die("%s: contains no label of %s, so its class is not known", pictures.paths[i], file);
    }
    free_lines(labels);
    return class;
}

static void print_scores(const classifier *c, const predictions *p, const int *class, double temperature)
{
    vd_calibration s = vd_calibration_of(p->n, c->classes, p->log_p, class, temperature);
    printf("%11.3f %8.2f %9.5f %9.5f %7.2f\n", temperature, 100 * s.error, s.nll, s.brier, 100 * s.ece);
}

static void print_outliers(const classifier *c, const predictions *in, const char *list, int samples)
{
    vd_labelled_pictures pictures = vd_unlabelled_read(list);
    predictions out = predict_all(c, pictures, samples);
    double *a = vd_calloc(in->n, sizeof(*a)), *b = vd_calloc(out.n, sizeof(*b));
    vd_entropies(in->n, c->classes, in->log_p, a);
    vd_entropies(out.n, c->classes, out.log_p, b);
    printf("AUROC of the entropy against the %zu pictures of %s: %.4f\n", out.n, list, vd_auroc(in->n, a, out.n, b));
    free(a), free(b), free(out.log_p);
    vd_labelled_free(pictures);
}

void vd_calibration_run(int argc, char **argv)
{
    if (vd_words_help(argc - 2, argv + 2, usage)) return;
    arguments a = parse(argc - 2, argv + 2);
    list *options = read_data_cfg((char *)a.data);
    char *valid = option_find_str(options, "valid", 0);
    if (!valid) vd_die("%s: valid= (the list of pictures) is missing", a.data);
    classifier c = read_network(&a);
    vd_labelled_pictures pictures = vd_unlabelled_read(valid);
    int *class = classes_of(a.data, options, pictures, c.classes);
    predictions p = predict_all(&c, pictures, a.samples);
    if (a.samples) printf("%zu pictures, mean of %d sampled passes\n", p.n, a.samples);
    else printf("%zu pictures, %s weights\n", p.n, vd_variational_layers(c.net) ? "masked" : "plain");
    printf("temperature  error %%       NLL     Brier   ECE %%\n");
    print_scores(&c, &p, class, 1);
    if (!a.temperature) a.temperature = vd_best_temperature(p.n, c.classes, p.log_p, class);
    print_scores(&c, &p, class, a.temperature);
    if (a.outliers) print_outliers(&c, &p, a.outliers, a.samples);
    free(p.log_p), free(class);
    vd_labelled_free(pictures);
    free_options(options);
    free_network(c.net);
}
