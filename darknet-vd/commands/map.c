#include "commands/map.h"
#include "commands/words.h"
#include "training/detector_score.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet detector map DATA CFG WEIGHTS [-iou_thresh 0.5] [-thresh 0.25] [-points 0|11|101] [-least 0.005]\n"
    "  prints the average precision of each class and its mean over the classes, for the data file's valid= list;\n"
    "  difficult=, a list with a line for each picture of valid=, names labels of objects that need not be found\n"
    "  -iou_thresh  least overlap (intersection over union) of a hit; also -iou\n"
    "  -thresh      TP, FP, FN, precision, recall, F1 and the mean overlap are counted at more confidence than this\n"
    "  -points      0: area under the precision-recall curve, as PASCAL VOC since 2010; 11: mean precision at 11\n"
    "               recalls, as PASCAL VOC 2007; 101: at 101, as COCO\n"
    "  -least       detections with less confidence are ignored\n"
    "  -dont_show   changes nothing\n";

typedef struct {
    const char *data, *cfg, *weights;
    vd_score_rule rule;
} arguments;

static void print_row(const char *name, int width, size_t truths, double ap, vd_detection_counts c)
{
    char *average = truths ? vd_format("%.2f %%", 100 * ap) : vd_format("-");
    printf("%-*s %9zu %10s %8zu %8zu %8zu %9.2f %% %8.2f %% %8.4f\n", width, name, truths, average, c.hits,
           c.false_alarms, c.missed, 100 * vd_precision(c), 100 * vd_recall(c), vd_f1(c));
    free(average);
}

/* the mean is over the classes that have objects; the last line is that of AlexeyAB's Darknet,
 * which scripts look for */
static void print_table(vd_score_rule rule, vd_detector_score s, char **names)
{
    int width = 5;
    size_t truths = 0;
    vd_detection_counts all = {0};
    for (int c = 0; c < s.classes; ++c)
        if ((int)strlen(names[c]) > width) width = (int)strlen(names[c]);
    printf("%-*s %9s %10s %8s %8s %8s %11s %10s %8s\n", width, "class", "objects", "AP", "TP", "FP", "FN", "precision",
           "recall", "F1");
    for (int c = 0; c < s.classes; ++c) {
        vd_detection_counts n = s.of[c].counts;
        print_row(names[c], width, s.of[c].truths, s.of[c].average_precision, n);
        truths += s.of[c].truths;
        all.hits += n.hits, all.false_alarms += n.false_alarms, all.missed += n.missed;
    }
    print_row("all", width, truths, s.map, all);
    printf("\nmAP@%.2f %.2f %%, ", rule.iou, 100 * s.map);
    if (rule.points) printf("%d points", rule.points);
    else printf("area under the curve");
    printf(", %d pictures; TP, FP, FN, precision, recall and F1 at confidence %g, with a mean overlap of %.2f %%\n",
           s.pictures, rule.counted, 100 * s.overlap);
    printf(" mean average precision (mAP@%0.2f) = %f, or %2.2f %%\n", rule.iou, s.map, 100 * s.map);
}

static char **names_of(list *options, int classes)
{
    char *file = option_find_str(options, "names", 0), **names;
    if (file) return get_labels_of(file, classes);
    names = vd_calloc(classes + 1, sizeof(*names));
    for (int c = 0; c < classes; ++c) names[c] = vd_format("%d", c);
    return names;
}

static int all_pictures;

static void show_progress(int done)
{
    static double next;
    double now = what_time_is_it_now();
    if (now < next && done < all_pictures) return;
    next = now + 2;
    fprintf(stderr, "map: %d of %d pictures\n", done, all_pictures);
}

static int go_on(int done)
{
    if (done) show_progress(done);
    return 1;
}

static int is(const char *word, const char *option)
{
    return !strcmp(word, option);
}

static arguments parse(int argc, char **argv)
{
    arguments a = {.rule = vd_score_rule_default()};
    const char **files[] = {&a.data, &a.cfg, &a.weights};
    vd_score_rule *rule = &a.rule;
    int n = 0;
    for (vd_words w = {"detector map", argc, argv, 1}; w.at < argc && argv[w.at]; ++w.at) {
        const char *word = argv[w.at];
        if (is(word, "-dont_show")) continue;
        if (is(word, "-iou") || is(word, "-iou_thresh")) rule->iou = vd_word_number(&w, 1e-6, 1);
        else if (is(word, "-thresh")) rule->counted = vd_word_number(&w, 0, 1);
        else if (is(word, "-least")) rule->least = vd_word_number(&w, 0, 1);
        else if (is(word, "-points")) rule->points = (int)vd_word_integer(&w, 0, 101);
        else if (word[0] == '-') vd_die("darknet detector map: unknown option %s", word);
        else if (n == 3) vd_die("darknet detector map: unexpected argument %s", word);
        else *files[n++] = word;
    }
    if (n < 3) vd_die("darknet detector map: DATA, CFG and WEIGHTS are needed; see -h");
    if (rule->points && rule->points != 11 && rule->points != 101)
        vd_die("darknet detector map: -points must be 0, 11 or 101");
    return a;
}

int vd_map_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    arguments a = parse(argc, argv);
    list *options = read_data_cfg((char *)a.data);
    char *valid = option_find_str(options, "valid", 0);
    if (!valid) vd_die("%s: valid= (the list of pictures) is missing", a.data);
    network *net = load_network((char *)a.cfg, (char *)a.weights, 0);
    set_batch_network(net, 1);
    int classes = vd_detector_classes(net, a.cfg);
    char **names = names_of(options, classes);
    vd_labelled_pictures p = vd_labelled_read(valid, option_find_str(options, "difficult", 0), classes);
    if (!vd_labelled_objects(p)) vd_die("%s: no object in any of the %d pictures", a.data, p.n);
    all_pictures = p.n;
    vd_detector_score s = vd_score_detector(net, p, a.rule, go_on);
    show_progress(p.n);
    print_table(a.rule, s, names);
    if (fflush(stdout) || ferror(stdout)) vd_die("standard output: cannot be written");
    free(s.of);
    free_lines(names);
    vd_labelled_free(p);
    free_options(options);
    free_network(net);
    return 0;
}
