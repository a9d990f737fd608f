#include "export/onnx_check.h"
#include "onnx/evaluate.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- layers without boxes ---- */

static void copy_outputs(const vd_onnx_building *b, const vd_onnx_run *run, int picture, int n, vd_outputs *o)
{
    for (int k = 0; k < o->n; ++k) {
        size_t count = o->count[k] / (size_t)n;
        if (b->m->layers[o->layer[k]].head.n) continue;
        const vd_onnx_tensor *t = vd_onnx_run_tensor(run, b->maps[vd_source_of_layer(o->layer[k])].tensor);
        if (!t || !t->real || t->n != count)
            vd_die("layer %d: the graph of the export does not have its %zu outputs", o->layer[k], count);
        memcpy(o->value[k] + picture * count, t->real, count * sizeof(float));
    }
}

/* room for the outputs of all layers that the masked network has; those of heads are copied, and compared by boxes */
static vd_outputs like(vd_outputs masked)
{
    vd_outputs o = {masked.n, vd_calloc(masked.n, sizeof(int)), vd_calloc(masked.n, sizeof(size_t)),
                    vd_calloc(masked.n, sizeof(float *))};
    for (int k = 0; k < o.n; ++k) {
        o.layer[k] = masked.layer[k];
        o.count[k] = masked.count[k];
        o.value[k] = vd_calloc(o.count[k], sizeof(float));
        memcpy(o.value[k], masked.value[k], o.count[k] * sizeof(float));
    }
    return o;
}

/* ---- boxes ---- */

/* box i of a head as Darknet has it: 4 numbers and a score for each class
 *
 *   x   the layer's output for one picture: numbers of a box are `cells` apart */
static void decode(const vd_model *m, const vd_model_layer *l, int rows, int columns, const float *x, int i, float *box,
                   float *scores)
{
    const vd_model_head *h = &l->head;
    int is_region = l->type == REGION;
    float across = (float)(is_region ? columns : m->w), down = (float)(is_region ? rows : m->h);
    int cells = rows * columns, cell = i / h->n, a = i % h->n;
    const float *at = x + (size_t)a * (h->coords + 1 + h->classes) * cells + cell;
    const float *class = at + (size_t)(h->coords + 1) * cells;
    float w = at[2 * cells], height = at[3 * cells];
    box[0] = ((float)(cell % columns) + at[0]) / (float)columns;
    box[1] = ((float)(cell / columns) + at[cells]) / (float)rows;
    box[2] = (h->new_coords ? 4 * w * w : expf(w)) * h->anchors[2 * a] / across;
    box[3] = (h->new_coords ? 4 * height * height : expf(height)) * h->anchors[2 * a + 1] / down;
    float object = is_region && h->background ? 1 : at[(size_t)h->coords * cells];
    for (int c = 0; c < h->classes; ++c) scores[c] = object * class[(size_t)c * cells];
}

/* |a - b|, as a share of the picture, or of b where it is larger. Sides are powers of e: those of more than ten
 * pictures are alike */
static float farthest(int n, const float *a, const float *b)
{
    const float limit = 10;
    float most = 0;
    for (int i = 0; i < n; ++i) {
        if (isnan(a[i]) || isnan(b[i])) return INFINITY;
        most = fmaxf(most, fabsf(fminf(limit, a[i]) - fminf(limit, b[i])) / fmaxf(1, fminf(limit, fabsf(b[i]))));
    }
    return most;
}

/* by how much the sides of boxes can have larger errors than the head's numbers, as shares; at least 1. Of e^t: by the
 * largest |t|, whose error is a share of it. Of 4 w^2 anchor: by 8 w anchor where the side is 1, the whole picture */
static double enlargement(const vd_model *m, const vd_model_head *h, int cells, const float *x)
{
    double most = 1;
    for (int i = 0; i < 2 * h->n && h->new_coords; ++i)
        most = fmax(most, 4 * sqrt(h->anchors[i] / (double)(i % 2 ? m->h : m->w)));
    for (int a = 0; a < h->n && !h->new_coords; ++a) {
        const float *sides = x + ((size_t)a * (h->coords + 1 + h->classes) + 2) * cells;
        for (int i = 0; i < 2 * cells; ++i) /* with fmax(), gcc 12 for arm64 ends with an error of its own */
            if (fabsf(sides[i]) > most) most = fabsf(sides[i]);
    }
    return most;
}

static double head_difference(const vd_onnx_building *b, int layer, const float *output, const float *boxes,
                              const float *scores)
{
    const vd_model_layer *l = b->m->layers + layer;
    const vd_onnx_map *map = b->maps + l->sources[0];
    int n = map->h * map->w * l->head.n, classes = l->head.classes;
    float box[4], *score = vd_calloc(classes, sizeof(float));
    double most = 0;
    for (int i = 0; i < n; ++i) {
        decode(b->m, l, map->h, map->w, output, i, box, score);
        most = fmax(most, farthest(4, boxes + 4 * (size_t)i, box));
        most = fmax(most, farthest(classes, scores + (size_t)i * classes, score));
    }
    free(score);
    return most / enlargement(b->m, &l->head, map->h * map->w, output);
}

/* all heads of one picture; *d becomes the largest difference so far */
static void compare_boxes(const vd_exporting *e, const vd_onnx_building *b, const vd_onnx_run *run, int picture,
                          vd_difference *d)
{
    const vd_onnx_tensor *boxes = vd_onnx_run_tensor(run, "boxes"), *scores = vd_onnx_run_tensor(run, "scores");
    size_t first = 0;
    if (!boxes || !scores || boxes->n != 4 * (size_t)b->boxes)
        vd_die("the graph of the export does not have the %d boxes of the network", b->boxes);
    for (int k = 0; k < e->masked.n; ++k) {
        int layer = e->masked.layer[k];
        const vd_model_head *h = &b->m->layers[layer].head;
        if (!h->n) continue;
        const vd_onnx_map *map = b->maps + b->m->layers[layer].sources[0];
        size_t count = e->masked.count[k] / (size_t)e->n;
        double most = head_difference(b, layer, e->masked.value[k] + picture * count, boxes->real + 4 * first,
                                      scores->real + first * h->classes);
        if (most > d->relative) *d = (vd_difference){most, layer};
        first += (size_t)map->h * map->w * h->n;
    }
}

/* ---- both ---- */

static vd_onnx_run *run_of(const vd_onnx_building *b, const vd_onnx_graph *g, const vd_outputs *o, const char *path)
{
    const char **wanted = vd_calloc(o->n + 2, sizeof(*wanted));
    int n = 0;
    for (int k = 0; k < o->n; ++k)
        if (!b->m->layers[o->layer[k]].head.n) wanted[n++] = b->maps[vd_source_of_layer(o->layer[k])].tensor;
    if (b->heads) wanted[n++] = "boxes", wanted[n++] = "scores";
    vd_onnx_run *run = make_vd_onnx_run(g, path, n, wanted);
    free(wanted);
    return run;
}

vd_difference vd_onnx_difference(const vd_exporting *e, const vd_onnx_building *b, const vd_onnx_graph *g,
                                 const char *path)
{
    vd_outputs o = like(e->masked);
    vd_onnx_run *run = run_of(b, g, &o, path);
    const vd_onnx_map *x = b->maps + VD_PICTURE;
    size_t inputs = (size_t)x->c * x->h * x->w;
    vd_difference boxes = {0, 0};
    for (int i = 0; i < e->n; ++i) {
        vd_onnx_run_forward(run, 4, (int64_t[]){1, x->c, x->h, x->w}, e->pictures + i * inputs);
        copy_outputs(b, run, i, e->n, &o);
        if (b->heads) compare_boxes(e, b, run, i, &boxes);
    }
    vd_difference d = vd_outputs_compare(b->m, o, e->masked);
    free_vd_onnx_run(run);
    free_vd_outputs(o);
    return boxes.relative > d.relative ? boxes : d;
}
