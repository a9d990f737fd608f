#include "commands/sweep.h"
#include "commands/words.h"
#include "commands/drawing.h"
#include "config/heads.h"
#include "config/keys.h"
#include "layer/nonfinite.h"
#include "layer/sparsity.h"
#include "layer/vd_layer.h"
#include "training/classifier_score.h"
#include "training/detector_score.h"
#include "weights/vdw.h"
#include "base/fail.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

enum { MOST_ROWS = 1000 };

static const char usage[] =
    "usage: darknet vd sweep DATA CFG WEIGHTS [-from -2] [-to 6] [-step 0.5] [-within 0.1] [-plot OUT.svg] [-json]\n"
    "  measures a trained network at thresholds of log alpha, on the pictures of valid= of the data file, which\n"
    "  should be held out of the training and no test pictures: darknet vd split. A line a threshold: threshold,\n"
    "  error % (of a detector: mAP %), sparsity %, compression, bytes that vd pack writes, standard error of the\n"
    "  error. Then \"chosen: T\": of those at most -within points worse than the best, the one that prunes most\n"
    "  -plot   draws error against compression, as .svg or .png\n"
    "  -json   one object; error, its standard error, map and sparsity from 0 to 1\n";

typedef struct {
    const char *data, *cfg, *weights, *picture;
    double from, to, step, within;
    int json;
} arguments;

typedef struct {
    double threshold, score; /* error, or mAP */
    vd_report left;
    size_t bytes;
} row;

typedef struct {
    network *net;
    int detects, classes;
    char **labels; /* of a classifier */
    vd_labelled_pictures pictures;
    row rows[MOST_ROWS];
    int n;
} sweep;

static arguments parse(int argc, char **argv)
{
    arguments a = {.from = -2, .to = 6, .step = .5, .within = .1};
    const char **const files[] = {&a.data, &a.cfg, &a.weights};
    int n = 0;
    for (vd_words w = {"vd sweep", argc, argv, 1}; w.at < argc; ++w.at) {
        const char *word = argv[w.at];
        if (!strcmp(word, "-from")) a.from = vd_word_number(&w, -20, 20);
        else if (!strcmp(word, "-to")) a.to = vd_word_number(&w, -20, 20);
        else if (!strcmp(word, "-step")) a.step = vd_word_number(&w, 1e-3, 40);
        else if (!strcmp(word, "-within")) a.within = vd_word_number(&w, 0, 100);
        else if (!strcmp(word, "-json")) a.json = 1;
        else if (!strcmp(word, "-plot")) a.picture = vd_word_text(&w);
        else if (word[0] == '-') vd_die("darknet vd sweep: unknown option %s", word);
        else if (n == 3) vd_die("darknet vd sweep: unexpected argument %s", word);
        else *files[n++] = word;
    }
    if (n < 3) vd_die("darknet vd sweep: DATA, CFG and WEIGHTS are needed; see -h");
    if (a.to < a.from) vd_die("darknet vd sweep: -to %g is less than -from %g", a.to, a.from);
    if ((a.to - a.from) / a.step > MOST_ROWS - 1)
        vd_die("darknet vd sweep: -step %g: more than %d thresholds", a.step, MOST_ROWS);
    if (a.picture && !vd_drawing_is_named(a.picture))
        vd_die("darknet vd sweep: -plot %s does not end with .svg or .png", a.picture);
    if (a.picture) vd_drawing_check(a.picture);
    return a;
}

static void read_network(sweep *s, const arguments *a)
{
    s->net = load_network((char *)a->cfg, (char *)a->weights, 0);
    set_batch_network(s->net, 1);
    s->detects = vd_has_head(s->net);
    if (!vd_variational_layers(s->net)) vd_die("%s: no variational layer, so no threshold", a->cfg);
    if (s->net->packed_from) vd_die("%s: is packed: its threshold is fixed; sweep the .weights file", a->weights);
}

static void read_data(sweep *s, const arguments *a)
{
    list *options = read_data_cfg((char *)a->data);
    vd_section data = {a->data, 0, -1, options};
    char *valid = option_find_str(options, "valid", 0);
    if (!valid) vd_die("%s: valid= (the list of pictures) is missing", a->data);
    if (s->detects) {
        s->classes = vd_detector_classes(s->net, a->cfg);
        s->pictures = vd_labelled_read(valid, option_find_str(options, "difficult", 0), s->classes);
        if (!vd_labelled_objects(s->pictures)) vd_die("%s: no object in any of the pictures of %s", a->data, valid);
    } else {
        s->classes = vd_data_classes(data);
        if (s->classes > s->net->outputs)
            vd_die("%s: classes=%d, but the network has %d outputs", a->data, s->classes, s->net->outputs);
        s->labels = get_labels_of(vd_data_labels(data), s->classes);
        s->pictures = vd_unlabelled_read(valid);
    }
    free_options(options);
}

static void set_threshold(network *net, double threshold)
{
    for (int i = 0; i < net->n; ++i) {
        vd_layer *vd = vd_layer_of(net->layers[i]);
        if (!vd) continue;
        vd->threshold = (float)threshold;
        vd_layer_changed(net->layers[i]);
    }
}

static double score_of(const sweep *s)
{
    if (!s->detects)
        return vd_score_classifier(s->net, s->pictures.paths, s->pictures.n, s->labels, s->classes, 1, 0).error;
    vd_detector_score d = vd_score_detector(s->net, s->pictures, vd_score_rule_default(), 0);
    free(d.of);
    return d.map;
}

static row measure(const sweep *s, const arguments *a, double threshold)
{
    char *fault;
    set_threshold(s->net, threshold);
    row r = {.threshold = threshold, .score = score_of(s), .left = vd_report_network(s->net)};
    vd_packed p = vd_pack_network(s->net, VD_PACK_FP32, &fault);
    if (fault) vd_die("%s: %s", a->weights, fault);
    r.bytes = p.file.n;
    vd_packed_free(&p);
    free(r.left.layers); /* sums are all that a line shows */
    r.left.layers = 0;
    return r;
}

/* how much worse than the best */
static double behind(const sweep *s, int i, double best)
{
    return s->detects ? best - s->rows[i].score : s->rows[i].score - best;
}

/* of those at most `within` points worse than the best: the one that prunes most, the better of two */
static int choose(const sweep *s, double within)
{
    double best = s->rows[0].score;
    int chosen = -1;
    for (int i = 1; i < s->n; ++i) best = s->detects ? fmax(best, s->rows[i].score) : fmin(best, s->rows[i].score);
    for (int i = 0; i < s->n; ++i) {
        if (behind(s, i, best) > within / 100 + 1e-12) continue;
        const row *now = chosen < 0 ? 0 : s->rows + chosen;
        size_t left = s->rows[i].left.nonzero;
        if (!now || left < now->left.nonzero ||
            (left == now->left.nonzero && behind(s, i, best) <= behind(s, chosen, best)))
            chosen = i;
    }
    return chosen;
}

/* of a share of n pictures; a mean average precision has none so simple */
static double standard_error(double share, int n)
{
    return sqrt(share * (1 - share) / n);
}

static void print_line(const sweep *s, const row *r)
{
    printf("%9g %9.2f %10.3f ", r->threshold, 100 * r->score,
           100 * vd_report_sparsity(r->left.weights, r->left.nonzero));
    if (r->left.nonzero) printf("%11.1f", vd_report_compression(r->left.weights, r->left.nonzero));
    else printf("%11s", "inf");
    printf(" %10zu", r->bytes);
    if (!s->detects) printf(" %10.2f", 100 * standard_error(r->score, s->pictures.n));
    printf("\n");
    fflush(stdout);
}

static void print_json(const sweep *s, int chosen)
{
    printf("{\"rows\":[");
    for (int i = 0; i < s->n; ++i) {
        const row *r = s->rows + i;
        printf("%s{\"threshold\":%.9g,\"%s\":%.9g,\"sparsity\":%.9g,\"compression\":", i ? "," : "", r->threshold,
               s->detects ? "map" : "error", r->score, vd_report_sparsity(r->left.weights, r->left.nonzero));
        vd_json_number(stdout, vd_report_compression(r->left.weights, r->left.nonzero));
        printf(",\"bytes\":%zu", r->bytes);
        if (!s->detects) printf(",\"standard_error\":%.9g", standard_error(r->score, s->pictures.n));
        printf("}");
    }
    printf("],\"chosen\":%.9g}\n", s->rows[chosen].threshold);
}

static void draw(const sweep *s, const char *path)
{
    double x[MOST_ROWS], y[MOST_ROWS];
    int n = 0;
    for (int i = 0; i < s->n; ++i) {
        if (!s->rows[i].left.nonzero) continue;
        x[n] = vd_report_compression(s->rows[i].left.weights, s->rows[i].left.nonzero);
        y[n++] = 100 * s->rows[i].score;
    }
    vd_curve curve = {(size_t)n, x, y, 0};
    vd_panel panel = {.title = s->detects ? "mAP" : "error",
                      .x = "compression, weights / weights left",
                      .y = "%",
                      .curves = &curve,
                      .n = 1};
    const char *label = "thresholds of log alpha";
    vd_drawing_write(path, &panel, 1, &label, 1);
}

static void run(sweep *s, const arguments *a)
{
    if (!a->json) {
        printf("%9s %9s %10s %11s %10s", "threshold", s->detects ? "mAP %" : "error %", "sparsity %", "compression",
               "bytes");
        printf(s->detects ? "\n" : " std. error\n");
    }
    for (s->n = 0; s->n < MOST_ROWS; ++s->n) {
        double threshold = a->from + s->n * a->step;
        if (threshold > a->to + 1e-9 * a->step) break;
        s->rows[s->n] = measure(s, a, threshold);
        if (!a->json) print_line(s, s->rows + s->n);
    }
    int chosen = choose(s, a->within);
    if (a->json) print_json(s, chosen);
    else printf("chosen: %g\n", s->rows[chosen].threshold);
    if (chosen == 0 && s->n > 1)
        fprintf(stderr, "the lowest threshold of all was chosen: with -from below %g more may be pruned\n", a->from);
    if (a->picture) draw(s, a->picture);
}

int vd_sweep_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    arguments a = parse(argc, argv);
    sweep *s = vd_calloc(1, sizeof(*s));
    read_network(s, &a);
    read_data(s, &a);
    vd_watch_outputs(1);
    run(s, &a);
    vd_labelled_free(s->pictures);
    if (s->labels) free_lines(s->labels);
    free_network(s->net);
    free(s);
    return 0;
}
