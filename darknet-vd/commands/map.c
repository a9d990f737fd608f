#include "commands/map.h"
#include "commands/average_precision.h"
#include "data/placement.h"
#include "data/skip_broken.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"
#include "list.h"

static const char usage[] =
    "usage: darknet detector map DATA CFG WEIGHTS [-iou 0.5] [-thresh 0.005] [-points 0|11|101]\n"
    "  prints the average precision of each class and its mean over the classes, for the data file's valid= list\n"
    "  -iou      least overlap (intersection over union) of a hit\n"
    "  -thresh   detections with less confidence are ignored\n"
    "  -points   0: area under the precision-recall curve, as PASCAL VOC since 2010; 11: mean precision at 11\n"
    "            recalls, as PASCAL VOC 2007; 101: at 101, as COCO\n"
    "  TP, FP, FN, precision, recall and F1 are counted at confidence 0.25\n";

static const float count_thresh = .25f;

typedef struct {
    const char *data, *cfg, *weights;
    double iou, thresh;
    int points;
} arguments;

/* the detections of one class, over all pictures */
typedef struct {
    size_t n, room, truths;
    float *confidence;  /* [n] */
    unsigned char *hit; /* [n] */
} findings;

/* boxes of one class in one picture: the objects, or the detections */
typedef struct {
    size_t n;
    float (*box)[4], *confidence;
} boxes;

static void reserve(findings *f, size_t more)
{
    size_t room = 2 * f->room + more;
    if (f->confidence && f->n + more <= f->room) return;
    float *confidence = vd_calloc(room, sizeof(float));
    unsigned char *hit = vd_calloc(room, 1);
    if (f->confidence) memcpy(confidence, f->confidence, f->n * sizeof(float));
    if (f->hit) memcpy(hit, f->hit, f->n);
    free(f->confidence);
    free(f->hit);
    *f = (findings){f->n, room, f->truths, confidence, hit};
}

static boxes make_boxes(size_t room)
{
    return (boxes){0, vd_calloc(room, sizeof(float[4])), vd_calloc(room, sizeof(float))};
}

static void free_boxes(boxes b)
{
    free(b.box);
    free(b.confidence);
}

/* a box clipped to the picture, as `detector valid` does; all in pixels */
static void add_box(boxes *b, box from, int w, int h, float confidence)
{
    float left = fmaxf(from.x - from.w / 2, 0), right = fminf(from.x + from.w / 2, (float)w);
    float top = fmaxf(from.y - from.h / 2, 0), bottom = fminf(from.y + from.h / 2, (float)h);
    float *to = b->box[b->n];
    to[0] = (left + right) / 2, to[1] = (top + bottom) / 2;
    to[2] = fmaxf(right - left, 0), to[3] = fmaxf(bottom - top, 0);
    b->confidence[b->n++] = confidence;
}

static boxes truths_of(const box_label *labels, int n, int class, int w, int h)
{
    boxes b = make_boxes(n);
    for (int i = 0; i < n; ++i) {
        box all = {labels[i].x * w, labels[i].y * h, labels[i].w * w, labels[i].h * h};
        if (labels[i].id == class) add_box(&b, all, w, h, 1);
    }
    return b;
}

static boxes found_of(const detection *dets, int n, int class, int w, int h)
{
    boxes b = make_boxes(n);
    for (int i = 0; i < n; ++i)
        if (dets[i].prob[class] > 0) add_box(&b, dets[i].bbox, w, h, dets[i].prob[class]);
    return b;
}

static box_label *read_labels(char *picture, int classes, int *n)
{
    char path[4096];
    detection_label_path(picture, path);
    box_label *labels = read_boxes(path, n);
    for (int i = 0; i < *n; ++i)
        if (labels[i].id < 0 || labels[i].id >= classes)
            vd_die("%s: an object of class %d, but the network has %d classes", path, labels[i].id, classes);
    return labels;
}

/* the detections of one picture, in pixels; the caller frees them */
static detection *detect(network *net, image picture, double thresh, int *n)
{
    static const float nms = .45f, hier = .5f; /* of `detector valid` */
    image sized = vd_fit_image(net, picture);
    network_predict(net, sized.data);
    free_image(sized);
    detection *dets = get_network_boxes(net, picture.w, picture.h, (float)thresh, hier, 0, 0, n);
    int classes = net->layers[net->n - 1].classes;
    do_nms_sort(dets, *n, classes, nms);
    return dets;
}

static void measure_picture(network *net, char *path, const arguments *a, findings *f)
{
    int n, m, classes = net->layers[net->n - 1].classes;
    image picture = load_image_color(path, 0, 0);
    box_label *labels = read_labels(path, classes, &m);
    detection *dets = detect(net, picture, a->thresh, &n);
    for (int c = 0; c < classes; ++c) {
        boxes found = found_of(dets, n, c, picture.w, picture.h), truth = truths_of(labels, m, c, picture.w, picture.h);
        reserve(f + c, found.n);
        vd_match_boxes(found.n, found.confidence, (const float(*)[4])found.box, truth.n, (const float(*)[4])truth.box,
                       a->iou, f[c].hit + f[c].n);
        memcpy(f[c].confidence + f[c].n, found.confidence, found.n * sizeof(float));
        f[c].n += found.n;
        f[c].truths += truth.n;
        free_boxes(found);
        free_boxes(truth);
    }
    free_detections(dets, n);
    free_image(picture);
    free(labels);
}

static void print_row(const char *name, int width, size_t truths, double ap, vd_detection_counts c)
{
    char *average = truths ? vd_format("%.2f %%", 100 * ap) : vd_format("-");
    printf("%-*s %9zu %10s %8zu %8zu %8zu %9.2f %% %8.2f %% %8.4f\n", width, name, truths, average, c.hits,
           c.false_alarms, c.missed, 100 * vd_precision(c), 100 * vd_recall(c), vd_f1(c));
    free(average);
}

/* the mean is over the classes that have objects */
static void print_table(const arguments *a, const findings *f, int classes, char **names, int pictures)
{
    int width = 5, counted = 0;
    size_t truths = 0;
    double sum = 0;
    vd_detection_counts all = {0};
    for (int c = 0; c < classes; ++c)
        if ((int)strlen(names[c]) > width) width = (int)strlen(names[c]);
    printf("%-*s %9s %10s %8s %8s %8s %11s %10s %8s\n", width, "class", "objects", "AP", "TP", "FP", "FN", "precision",
           "recall", "F1");
    for (int c = 0; c < classes; ++c) {
        vd_detection_counts n = vd_count_detections(f[c].n, f[c].confidence, f[c].hit, f[c].truths, count_thresh);
        double ap = f[c].truths ? vd_average_precision(f[c].n, f[c].confidence, f[c].hit, f[c].truths, a->points) : 0;
        print_row(names[c], width, f[c].truths, ap, n);
        counted += f[c].truths > 0;
        truths += f[c].truths;
        sum += ap;
        all.hits += n.hits, all.false_alarms += n.false_alarms, all.missed += n.missed;
    }
    if (!counted) vd_die("%s: no object in any of the %d pictures", a->data, pictures);
    print_row("all", width, truths, sum / counted, all);
    printf("\nmAP@%.2f %.2f %%, ", a->iou, 100 * sum / counted);
    if (a->points) printf("%d points", a->points);
    else printf("area under the curve");
    printf(", %d pictures; TP, FP, FN, precision, recall and F1 at confidence %g\n", pictures, count_thresh);
}

static int classes_of(const network *net, const char *cfg)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].type == YOLO || net->layers[i].type == REGION) return net->layers[i].classes;
    vd_die("%s: not a detector: no [yolo] or [region] layer", cfg);
}

static char **names_of(list *options, int classes)
{
    char *file = option_find_str(options, "names", 0), **names;
    if (file) return get_labels_of(file, classes);
    names = vd_calloc(classes + 1, sizeof(*names));
    for (int c = 0; c < classes; ++c) names[c] = vd_format("%d", c);
    return names;
}

static void show_progress(int done, int all)
{
    static double next;
    double now = what_time_is_it_now();
    if (now < next && done < all) return;
    next = now + 2;
    fprintf(stderr, "map: %d of %d pictures\n", done, all);
}

static double option_after(int argc, char **argv, int *i, double least, double most)
{
    double value;
    const char *option = argv[*i];
    if (++*i == argc || !argv[*i]) vd_die("darknet detector map: %s needs a number", option);
    if (!vd_parse_double(argv[*i], &value) || value < least || value > most)
        vd_die("darknet detector map: %s %s is not a number from %g to %g", option, argv[*i], least, most);
    return value;
}

/* 0 after printing help */
static int parse(int argc, char **argv, arguments *a)
{
    const char **files[] = {&a->data, &a->cfg, &a->weights};
    int n = 0;
    for (int i = 1; i < argc && argv[i]; ++i) {
        if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            return 0;
        }
        if (!strcmp(argv[i], "-iou")) a->iou = option_after(argc, argv, &i, 1e-6, 1);
        else if (!strcmp(argv[i], "-thresh")) a->thresh = option_after(argc, argv, &i, 0, 1);
        else if (!strcmp(argv[i], "-points")) a->points = (int)option_after(argc, argv, &i, 0, 101);
        else if (argv[i][0] == '-') vd_die("darknet detector map: unknown option %s", argv[i]);
        else if (n == 3) vd_die("darknet detector map: unexpected argument %s", argv[i]);
        else *files[n++] = argv[i];
    }
    if (n < 3) vd_die("darknet detector map: DATA, CFG and WEIGHTS are needed; see -h");
    if (a->points && a->points != 11 && a->points != 101) vd_die("darknet detector map: -points must be 0, 11 or 101");
    return 1;
}

int vd_map_command(int argc, char **argv)
{
    arguments a = {.iou = .5, .thresh = .005};
    if (!parse(argc, argv, &a)) return 0;
    list *options = read_data_cfg((char *)a.data);
    char *valid = option_find_str(options, "valid", 0);
    if (!valid) vd_die("%s: valid= (the list of pictures) is missing", a.data);
    network *net = load_network((char *)a.cfg, (char *)a.weights, 0);
    set_batch_network(net, 1);
    int classes = classes_of(net, a.cfg);
    char **names = names_of(options, classes);
    findings *f = vd_calloc(classes, sizeof(*f));
    list *pictures = get_paths(valid);
    vd_skip_broken_classes(classes);
    int done = 0;
    for (node *p = pictures->front; p; p = p->next) {
        if (!vd_is_sound(p->val)) continue;
        measure_picture(net, p->val, &a, f);
        show_progress(++done, pictures->size);
    }
    if (!done) vd_die("%s: all of its %d pictures are broken", valid, pictures->size);
    print_table(&a, f, classes, names, done);
    if (fflush(stdout) || ferror(stdout)) vd_die("standard output: cannot be written");
    for (int c = 0; c < classes; ++c) free(f[c].confidence), free(f[c].hit);
    free(f);
    free_lines(names);
    free_list_contents(pictures);
    free_list(pictures);
    free_options(options);
    free_network(net);
    return 0;
}
