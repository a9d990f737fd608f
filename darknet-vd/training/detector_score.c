#include "training/detector_score.h"
#include "data/label_path.h"
#include "data/picture_file.h"
#include "data/placement.h"
#include "data/skip_broken.h"
#include "data/text_files.h"
#include "layer/overlap.h"
#include "base/fail.h"

#include <stdlib.h>
#include <string.h>

/* the detections of one class, over all pictures */
typedef struct {
    size_t n, room, truths;
    float *confidence;  /* [n] */
    unsigned char *hit; /* [n] */
    double overlap;     /* of the hits above rule.counted */
} findings;

/* boxes of one class in one picture: the objects, or the detections */
typedef struct {
    size_t n;
    float (*box)[4], *confidence;
} boxes;

vd_score_rule vd_score_rule_default(void)
{
    return (vd_score_rule){.iou = .5, .least = .005, .counted = .25, .points = 0};
}

int vd_detector_classes(const network *net, const char *cfg)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].type == YOLO || net->layers[i].type == REGION) return net->layers[i].classes;
    vd_die("%s: not a detector: no [yolo] or [region] layer", cfg);
}

/* ---- pictures and labels ---- */

/* is_read: the picture will be, too, and one that is lost is named as in all commands */
static char *label_of(const char *picture, int is_read)
{
    char *fault, *path = vd_label_path(picture, &fault);
    if (path) return path;
    if (is_read) fclose(vd_picture_open(picture));
    vd_die("%s: %s", picture, fault);
}

static box_label *read_labels(char *path, int classes, int *n)
{
    box_label *labels = read_boxes(path, n);
    for (int i = 0; i < *n; ++i)
        if (classes && labels[i].id >= classes)
            vd_die("%s: an object of class %d, but the network has %d classes", path, labels[i].id, classes);
    return labels;
}

static void check_labels(char *path, int classes)
{
    int n;
    free(read_labels(path, classes, &n));
}

/* an array of n paths, which are then its own; null for no list */
static char **array_of(list *lines)
{
    if (!lines) return 0;
    char **paths = (char **)list_to_array(lines);
    free_list(lines);
    return paths;
}

vd_labelled_pictures vd_labelled_read(const char *list_file, const char *difficult_file, int classes)
{
    list *pictures = get_paths((char *)list_file), *hard = difficult_file ? vd_read_lines(difficult_file) : 0;
    int m = pictures->size;
    if (hard && hard->size != m)
        vd_die("%s: %d lines, but %s has %d: expected a line for each picture", difficult_file, hard->size, list_file,
               m);
    char **paths = array_of(pictures), **difficult = array_of(hard), **given = vd_calloc(m, sizeof(char *));
    memcpy(given, paths, m * sizeof(char *));
    vd_skip_broken_classes(classes);
    vd_labelled_pictures p = {.all = m, .n = vd_keep_sound(paths, m, 1), .paths = paths};
    p.labels = vd_calloc(m, sizeof(char *)), p.difficult = vd_calloc(m, sizeof(char *));
    for (int i = 0, line = 0; i < p.n; ++i, ++line) {
        while (given[line] != paths[i]) ++line; /* the sound ones keep their order */
        p.labels[i] = label_of(paths[i], 1);
        check_labels(p.labels[i], classes);
        if (!difficult) continue;
        p.difficult[i] = label_of(difficult[line], 0);
        check_labels(p.difficult[i], classes);
    }
    for (int i = 0; difficult && i < m; ++i) free(difficult[i]);
    free(difficult);
    free(given);
    return p;
}

vd_labelled_pictures vd_unlabelled_read(const char *list_file)
{
    list *pictures = get_paths((char *)list_file);
    int m = pictures->size;
    char **paths = array_of(pictures);
    vd_labelled_pictures p = {.all = m, .n = vd_keep_sound(paths, m, 0), .paths = paths};
    p.labels = vd_calloc(m, sizeof(char *)), p.difficult = vd_calloc(m, sizeof(char *));
    return p;
}

void vd_labelled_free(vd_labelled_pictures p)
{
    for (int i = 0; i < p.all; ++i) free(p.paths[i]), free(p.labels[i]), free(p.difficult[i]);
    free(p.paths), free(p.labels), free(p.difficult);
}

size_t vd_labelled_objects(vd_labelled_pictures p)
{
    size_t all = 0;
    for (int i = 0, n; i < p.n; ++i, all += (size_t)n) free(read_boxes(p.labels[i], &n));
    return all;
}

/* ---- one picture ---- */

static void reserve(findings *f, size_t more)
{
    if (f->confidence && f->n + more <= f->room) return;
    f->room = 2 * f->room + more;
    f->confidence = vd_realloc(f->confidence, f->room * sizeof(float));
    f->hit = vd_realloc(f->hit, f->room);
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
    box in = vd_box_inside(from, (float)w, (float)h);
    float *to = b->box[b->n];
    to[0] = in.x, to[1] = in.y, to[2] = in.w, to[3] = in.h;
    b->confidence[b->n++] = confidence;
}

static boxes objects_of(const box_label *labels, int n, int class, int w, int h)
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

static const float (*of(boxes b))[4]
{
    return (const float(*)[4])b.box;
}

/* take out what lies on difficult objects alone */
static void leave_out(boxes *found, boxes truth, boxes difficult, double iou)
{
    size_t left = 0;
    for (size_t i = 0; i < found->n; ++i) {
        if (vd_is_left_out(found->box[i], truth.n, of(truth), difficult.n, of(difficult), iou)) continue;
        memmove(found->box[left], found->box[i], sizeof(*found->box));
        found->confidence[left++] = found->confidence[i];
    }
    found->n = left;
}

static void add(findings *f, boxes found, boxes truth, vd_score_rule rule)
{
    reserve(f, found.n);
    vd_match_boxes(found.n, found.confidence, of(found), truth.n, of(truth), rule.iou, f->hit + f->n);
    for (size_t i = 0; i < found.n; ++i) {
        f->confidence[f->n + i] = found.confidence[i];
        if (f->hit[f->n + i] && found.confidence[i] > rule.counted)
            f->overlap += vd_most_overlap(found.box[i], truth.n, of(truth));
    }
    f->n += found.n;
    f->truths += truth.n;
}

/* the detections of one picture, in pixels; the caller frees them */
static detection *detect(network *net, image picture, double thresh, int classes, int *n)
{
    static const float nms = .45f, hier = .5f; /* of `detector valid` */
    image sized = vd_fit_image(net, picture);
    network_predict(net, sized.data);
    free_image(sized);
    detection *dets = get_network_boxes(net, picture.w, picture.h, (float)thresh, hier, 0, 0, n);
    do_nms_sort(dets, *n, classes, nms);
    return dets;
}

static void measure_picture(network *net, vd_labelled_pictures p, int i, vd_score_rule rule, int classes, findings *f)
{
    int n, m, k = 0;
    image picture = load_image_color(p.paths[i], 0, 0);
    box_label *labels = read_labels(p.labels[i], classes, &m);
    box_label *difficult = p.difficult[i] ? read_labels(p.difficult[i], classes, &k) : 0;
    detection *dets = detect(net, picture, rule.least, classes, &n);
    int w = picture.w, h = picture.h;
    for (int c = 0; c < classes; ++c) {
        boxes found = found_of(dets, n, c, w, h), truth = objects_of(labels, m, c, w, h);
        boxes hard = objects_of(difficult, k, c, w, h);
        leave_out(&found, truth, hard, rule.iou);
        add(f + c, found, truth, rule);
        free_boxes(found), free_boxes(truth), free_boxes(hard);
    }
    free_detections(dets, n);
    free_image(picture);
    free(labels);
    free(difficult);
}

/* ---- all of them ---- */

static vd_detector_score sum_up(const findings *f, int classes, int pictures, vd_score_rule rule)
{
    vd_detector_score s = {vd_calloc(classes, sizeof(vd_class_score)), classes, pictures, 0, 0};
    int with_objects = 0;
    size_t counted = 0;
    for (int c = 0; c < classes; ++c) {
        vd_class_score *one = s.of + c;
        one->truths = f[c].truths;
        one->counts = vd_count_detections(f[c].n, f[c].confidence, f[c].hit, f[c].truths, (float)rule.counted);
        if (f[c].truths)
            one->average_precision = vd_average_precision(f[c].n, f[c].confidence, f[c].hit, f[c].truths, rule.points);
        with_objects += f[c].truths > 0;
        s.map += one->average_precision;
        s.overlap += f[c].overlap;
        counted += one->counts.hits + one->counts.false_alarms;
    }
    if (with_objects) s.map /= with_objects;
    if (counted) s.overlap /= (double)counted;
    return s;
}

vd_detector_score vd_score_detector(network *net, vd_labelled_pictures p, vd_score_rule rule, int (*go_on)(int done))
{
    int classes = vd_detector_classes(net, net->cfg_file), done = 0;
    findings *f = vd_calloc(classes, sizeof(*f));
    while (done < p.n && (!go_on || go_on(done))) measure_picture(net, p, done++, rule, classes, f);
    vd_detector_score s = {0};
    if (done == p.n) s = sum_up(f, classes, done, rule);
    for (int c = 0; c < classes; ++c) free(f[c].confidence), free(f[c].hit);
    free(f);
    return s;
}
