#include "layer/yolo_head.h"
#include "base/fail.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"
#include "utils.h"

enum { X, Y, W, H, OBJECTNESS, CLASSES, TRUTH = 5 }; /* numbers of a box; of an object of the truth */

const vd_yolo_head *vd_yolo_head_of(layer l)
{
    return l.type == YOLO ? l.later : 0;
}

/* as AlexeyAB's Darknet has them */
static const float sure_of_class = .25f; /* a box near an object is no background when a class is more likely */
static const float least_p = 1e-15f;     /* added, for the logarithm of 0 */

/* number `entry` of box n of a cell, from which on the numbers of the box are l.w l.h apart */
static size_t entry_of(layer l, int image, int n, int cell, int entry)
{
    return (size_t)image * l.outputs + ((size_t)n * (CLASSES + l.classes) + entry) * l.w * l.h + cell;
}

/* v of new_coords to width or height, and back */
static float square_of(float v)
{
    return 4 * v * v;
}

static float root_of(float size)
{
    return sqrtf(size / 4);
}

box vd_yolo_box(layer l, const float *x, int n, int column, int row, int w, int h)
{
    const vd_yolo_head *head = vd_yolo_head_of(l);
    const float *anchor = l.biases + 2 * n;
    int step = l.w * l.h, squares = head && head->new_coords;
    float v_w = x[W * step], v_h = x[H * step];
    return (box){(column + x[X * step]) / l.w, (row + x[Y * step]) / l.h,
                 (squares ? square_of(v_w) : expf(v_w)) * anchor[0] / w,
                 (squares ? square_of(v_h) : expf(v_h)) * anchor[1] / h};
}

/* ---- one training image ---- */

typedef struct {
    layer l;
    const vd_yolo_head *head;
    network net;
    int image;
    int objects;                        /* of the truth that are trained, */
    double iou, sum_of_losses, correct; /* over these: IoU, 1 - the overlap of the loss, probability of the class */
} job;

/* object t of the truth; x is 0 behind the last one */
static box truth_of(const job *j, int t, int *class)
{
    const float *truth = j->net.truth + (size_t)j->image * j->l.truths + t * TRUTH;
    *class = (int)truth[4];
    if (truth[0] != 0 && (*class < 0 || (!j->l.map && *class >= j->l.classes)))
        vd_die("truth of class %d: [yolo] has classes 0 to %d", *class, j->l.classes - 1);
    return float_to_box((float *)truth, 1);
}

/* the class that a box is trained towards; l.map has -1 for those of the layer's classes that its file does not have */
static int class_of_map(const job *j, int class)
{
    if (!j->l.map) return class;
    if (j->l.map[class] < 0)
        vd_die("%s: layer %d: map= has no line for a class of the labels", j->net.cfg_file, j->net.index);
    return j->l.map[class];
}

static float clip(float x, float limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

static float weight_of(const vd_yolo_head *h, int class)
{
    return h->class_weights ? h->class_weights[class] : 1;
}

/* d[0], d[step] .. += the gradient of the coordinates of box n; returns the overlaps that are reported */
static void train_box(job *j, int n, int column, int row, box truth, float factor, size_t at, int count)
{
    layer l = j->l;
    const vd_yolo_head *h = j->head;
    int step = l.w * l.h, w = j->net.w, height = j->net.h;
    const float *x = l.output + at, *anchor = l.biases + 2 * n;
    float *d = l.delta + at;
    box p = vd_yolo_box(l, x, n, column, row, w, height);
    if (count) j->iou += vd_overlap_of(VD_IOU, p, truth);
    if (count) j->sum_of_losses += 1 - vd_overlap_of(h->overlap == VD_GIOU ? VD_GIOU : VD_IOU, p, truth);
    if (h->squares) {
        float scale = (2 - truth.w * truth.h) * factor, to_w = truth.w * w / anchor[0],
              to_h = truth.h * height / anchor[1];
        d[X * step] += scale * (truth.x * l.w - column - x[X * step]);
        d[Y * step] += scale * (truth.y * l.h - row - x[Y * step]);
        d[W * step] += scale * ((h->new_coords ? root_of(to_w) : logf(to_w)) - x[W * step]);
        d[H * step] += scale * ((h->new_coords ? root_of(to_h) : logf(to_h)) - x[H * step]);
        return;
    }
    float g[4];
    if (p.w == 0) p.w = 1;
    if (p.h == 0) p.h = 1;
    vd_overlap_gradient(h->overlap, p, truth, g);
    if (!h->new_coords) g[W] *= expf(x[W * step]), g[H] *= expf(x[H * step]);
    for (int i = X; i <= H; ++i) {
        float v = g[i] * factor;
        d[i * step] += isfinite(v) ? clip(v, h->max_delta) : 0;
    }
}

/* the gradient of the classes, d[0], d[step] ..; only that of `class` when the box is trained for another object,
 * too */
static void train_class(const vd_yolo_head *h, layer l, int class, const float *x, float *d)
{
    int step = l.w * l.h;
    float high = 1 - .5f * h->label_smooth_eps, low = .5f * h->label_smooth_eps;
    if (d[class * step] != 0) {
        d[class * step] = (high - x[class * step]) * weight_of(h, class);
        return;
    }
    /* -p dL/dp of the focal loss L = -(1 - p)^2 log(p) / 2 (Lin et al. 2017) */
    float p = x[class * step] + least_p, focal = -.5f * (1 - p) * (2 * p * logf(p) + p - 1);
    for (int c = 0; c < l.classes; ++c) {
        if (h->focal_loss) d[c * step] = focal * ((c == class) - x[c * step]);
        else d[c * step] = (c == class ? high : low) - x[c * step];
    }
    if (!h->focal_loss && h->class_weights) d[class * step] *= h->class_weights[class] * h->cls_normalizer;
}

static int any_class_over(layer l, const float *x, float threshold)
{
    for (int c = 0; c < l.classes; ++c)
        if (x[c * l.w * l.h] > threshold) return 1;
    return 0;
}

/* the objects that box p has most in common with: any, and any if the box is sure of a class */
static void best_objects(const job *j, box p, int sure, float *best, int *best_t, float *best_of_sure)
{
    *best = *best_of_sure = 0;
    *best_t = 0;
    for (int t = 0; t < j->l.max_boxes; ++t) {
        int class;
        box truth = truth_of(j, t, &class);
        if (truth.x == 0) break;
        float iou = box_iou(p, truth);
        if (sure && iou > *best_of_sure) *best_of_sure = iou;
        if (iou > *best) *best = iou, *best_t = t;
    }
}

/* a box that no object is assigned to: its objectness should be 0, unless it is close to an object */
static void train_background(job *j, int n, int column, int row)
{
    layer l = j->l;
    const vd_yolo_head *h = j->head;
    int cell = row * l.w + column, t, class;
    size_t at = entry_of(l, j->image, n, cell, X), obj = entry_of(l, j->image, n, cell, OBJECTNESS),
           classes = entry_of(l, j->image, n, cell, CLASSES);
    float best, best_of_sure, *d = l.delta;
    box p = vd_yolo_box(l, l.output + at, l.mask[n], column, row, j->net.w, j->net.h);
    best_objects(j, p, any_class_over(l, l.output + classes, sure_of_class), &best, &t, &best_of_sure);
    d[obj] = h->obj_normalizer * (0 - l.output[obj]);
    if (best_of_sure > l.ignore_thresh) {
        float towards = h->obj_normalizer * (best_of_sure - l.output[obj]);
        if (!h->objectness_smooth) d[obj] = 0;
        else if (towards > d[obj]) d[obj] = towards;
    }
    if (!(best > l.truth_thresh)) return;
    float goal = h->objectness_smooth ? best * best : 1;
    box truth = truth_of(j, t, &class);
    class = class_of_map(j, class);
    d[obj] = h->obj_normalizer * (goal - l.output[obj]);
    train_class(h, l, class, l.output + classes, d + classes);
    size_t own = classes + class * ((size_t)l.w * l.h);
    if (h->objectness_smooth) d[own] = weight_of(h, class) * (goal - l.output[own]);
    train_box(j, l.mask[n], column, row, truth, h->iou_normalizer * weight_of(h, class), at, 0);
}

/* anchor n, box number `place` of its cell, is trained towards an object */
static void train_object(job *j, int n, int place, int column, int row, box truth, int class)
{
    layer l = j->l;
    const vd_yolo_head *h = j->head;
    int cell = row * l.w + column;
    size_t obj = entry_of(l, j->image, place, cell, OBJECTNESS), classes = entry_of(l, j->image, place, cell, CLASSES);
    float weight = weight_of(h, class), d = weight * h->obj_normalizer * (1 - l.output[obj]);
    train_box(j, n, column, row, truth, h->iou_normalizer * weight, entry_of(l, j->image, place, cell, X), 1);
    if (!h->objectness_smooth || l.delta[obj] == 0) l.delta[obj] = d;
    train_class(h, l, class, l.output + classes, l.delta + classes);
    j->correct += l.output[classes + class * ((size_t)l.w * l.h)];
    ++j->objects;
}

/* how well the shape of an object fits anchor n */
static float fit_of(const job *j, vd_overlap kind, int n, box truth)
{
    box anchor = {0, 0, j->l.biases[2 * n] / j->net.w, j->l.biases[2 * n + 1] / j->net.h};
    truth.x = truth.y = 0;
    return vd_overlap_of(kind, anchor, truth);
}

static void train_objects(job *j)
{
    layer l = j->l;
    for (int t = 0; t < l.max_boxes; ++t) {
        int class, best = 0;
        box truth = truth_of(j, t, &class);
        if (truth.x == 0) break;
        class = class_of_map(j, class);
        int column = (int)(truth.x * l.w), row = (int)(truth.y * l.h);
        float best_fit = 0;
        if (column >= l.w) column = l.w - 1; /* an object at the very edge */
        if (row >= l.h) row = l.h - 1;
        for (int n = 0; n < l.total; ++n) {
            float fit = fit_of(j, VD_IOU, n, truth);
            if (fit > best_fit) best_fit = fit, best = n;
        }
        int place = int_index(l.mask, best, l.n);
        if (place >= 0) train_object(j, best, place, column, row, truth, class);
        for (int n = 0; n < l.total && j->head->iou_thresh < 1; ++n) {
            place = int_index(l.mask, n, l.n);
            if (place < 0 || n == best || !(fit_of(j, j->head->iou_thresh_kind, n, truth) > j->head->iou_thresh))
                continue;
            train_object(j, n, place, column, row, truth, class);
        }
    }
}

/* several objects may have trained one box: the mean of their coordinates' gradients */
static void average_boxes(const job *j)
{
    layer l = j->l;
    int step = l.w * l.h;
    for (int n = 0; n < l.n; ++n)
        for (int cell = 0; cell < step; ++cell) {
            float *d = l.delta + entry_of(l, j->image, n, cell, X);
            int objects = 0;
            if (d[OBJECTNESS * step] == 0) continue;
            for (int c = 0; c < l.classes; ++c) objects += d[(CLASSES + c) * step] > 0;
            for (int i = X; i <= H && objects > 0; ++i) d[i * step] /= (float)objects;
        }
}

static void train_image(job *j)
{
    for (int row = 0; row < j->l.h; ++row)
        for (int column = 0; column < j->l.w; ++column)
            for (int n = 0; n < j->l.n; ++n) train_background(j, n, column, row);
    train_objects(j);
    if (j->head->iou_thresh < 1) average_boxes(j);
}

/* ---- the layer ---- */

static void apply_logistic(layer l, const vd_yolo_head *h)
{
    int plane = l.w * l.h;
    for (int b = 0; b < l.batch; ++b)
        for (int n = 0; n < l.n; ++n) {
            float *x = l.output + entry_of(l, b, n, 0, X);
            if (!h->new_coords) {
                activate_array(x, 2 * plane, LOGISTIC);
                activate_array(x + OBJECTNESS * plane, (1 + l.classes) * plane, LOGISTIC);
            }
            for (int i = 0; i < 2 * plane; ++i) x[i] = h->scale_x_y * x[i] - .5f * (h->scale_x_y - 1);
        }
}

/* the sum of the squares of all gradients but, without_boxes, those of coordinates */
static double squares_of(layer l, int without_boxes)
{
    double sum = 0;
    for (int b = 0; b < l.batch; ++b)
        for (int n = 0; n < l.n; ++n) {
            const float *d = l.delta + entry_of(l, b, n, 0, without_boxes ? OBJECTNESS : X);
            int numbers = (l.classes + CLASSES - (without_boxes ? OBJECTNESS : X)) * l.w * l.h;
            for (int i = 0; i < numbers; ++i) sum += (double)d[i] * d[i];
        }
    return sum;
}

static void forward_yolo_head(layer l, network net)
{
    const vd_yolo_head *h = vd_yolo_head_of(l);
    assert(h);
    memcpy(l.output, net.input, (size_t)l.outputs * l.batch * sizeof(float));
    apply_logistic(l, h);
    memset(l.delta, 0, (size_t)l.outputs * l.batch * sizeof(float));
    if (!net.train) return;
    job sum = {.l = l, .head = h, .net = net};
    for (sum.image = 0; sum.image < l.batch; ++sum.image) train_image(&sum);
    int n = sum.objects ? sum.objects : 1;
    l.cost[0] = (float)(h->squares ? squares_of(l, 0)
                                   : h->iou_normalizer * sum.sum_of_losses / n + h->obj_normalizer * squares_of(l, 1));
    printf("Region %d Avg IOU: %f, Class: %f,  count: %d\n", net.index, sum.iou / n, sum.correct / n, sum.objects);
}

static void backward_yolo_head(layer l, network net)
{
    axpy_cpu(l.batch * l.inputs, vd_yolo_head_of(l)->delta_normalizer, l.delta, 1, net.delta, 1);
}

static void free_yolo_head(layer l)
{
    vd_yolo_head *h = l.later;
    free(h->class_weights);
    free(h);
}

void attach_vd_yolo_head(layer *l, vd_yolo_head head)
{
    vd_yolo_head *h = vd_calloc(1, sizeof(*h));
    *h = head;
    l->later = h;
    l->plugin_free = free_yolo_head;
    l->forward = forward_yolo_head;
    l->backward = backward_yolo_head;
}
