/* [yolo] and [region] as operators: boxes and scores of all cells, cell by cell as Darknet counts them */
#include "export/onnx_graph.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { AXIS = 2 }; /* of the numbers of a box */

/* by the picture's size as 1: the middle of each box is s(t) gain + offset, its size e^t anchor. All [1][boxes][2]:
 * OpenCV 4.6 repeats no row */
typedef struct {
    float *gain, *offset, *anchor;
} constants;

static constants constants_of(const vd_model_head *h, int rows, int columns, const int *size)
{
    size_t n = (size_t)rows * columns * h->n;
    constants c = {vd_calloc(2 * n, sizeof(float)), vd_calloc(2 * n, sizeof(float)), vd_calloc(2 * n, sizeof(float))};
    float shift = .5f * (h->scale_x_y - 1), square = h->new_coords ? 4 : 1;
    for (size_t i = 0; i < n; ++i) {
        int cell = (int)(i / h->n), a = (int)(i % h->n);
        c.gain[2 * i] = h->scale_x_y / (float)columns;
        c.gain[2 * i + 1] = h->scale_x_y / (float)rows;
        c.offset[2 * i] = ((float)(cell % columns) - shift) / (float)columns;
        c.offset[2 * i + 1] = ((float)(cell / columns) - shift) / (float)rows;
        for (int k = 0; k < 2; ++k) c.anchor[2 * i + k] = square * h->anchors[2 * a + k] / (float)size[k];
    }
    return c;
}

/* [N][boxes][4] */
static const char *boxes_of(vd_onnx_building *b, const vd_model_layer *l, const char *rows, const vd_onnx_map *map)
{
    const vd_model_head *h = &l->head;
    int64_t dims[3] = {1, (int64_t)map->h * map->w * h->n, 2};
    int size_of_anchor[2] = {l->type == YOLO ? b->m->w : map->w, l->type == YOLO ? b->m->h : map->h};
    constants c = constants_of(h, map->h, map->w, size_of_anchor);
    const char *middle = vd_onnx_part(b, "xy", rows, AXIS, 0, 2), *size = vd_onnx_part(b, "wh", rows, AXIS, 2, 4);
    const char *boxes = vd_onnx_name(b, "boxes"), *step = vd_onnx_name(b, "steps");
    if (!h->new_coords) {
        const char *inside = vd_onnx_name(b, "inside"), *stretched = vd_onnx_name(b, "exp");
        vd_onnx_add_node(b->g, "Sigmoid", inside, middle, (char *)0);
        vd_onnx_add_node(b->g, "Exp", stretched, size, (char *)0);
        middle = inside, size = stretched;
    } else {
        const char *squared = vd_onnx_name(b, "squared");
        vd_onnx_add_node(b->g, "Mul", squared, size, size, (char *)0);
        size = squared;
    }
    vd_onnx_add_node(b->g, "Mul", step, middle, vd_onnx_numbers_of(b, "gain", 3, dims, c.gain), (char *)0);
    middle = vd_onnx_name(b, "middle");
    vd_onnx_add_node(b->g, "Add", middle, step, vd_onnx_numbers_of(b, "cells", 3, dims, c.offset), (char *)0);
    const char *sides = vd_onnx_name(b, "sides");
    vd_onnx_add_node(b->g, "Mul", sides, size, vd_onnx_numbers_of(b, "anchors", 3, dims, c.anchor), (char *)0);
    vd_onnx_set_integer(vd_onnx_add_node(b->g, "Concat", boxes, middle, sides, (char *)0), "axis", AXIS);
    free(c.gain);
    free(c.offset);
    free(c.anchor);
    return boxes;
}

static const char *activated(vd_onnx_building *b, const char *type, const char *what, const char *x)
{
    const char *y = vd_onnx_name(b, what);
    vd_onnx_node *node = vd_onnx_add_node(b->g, type, y, x, (char *)0);
    if (!strcmp(type, "Softmax")) vd_onnx_set_integer(node, "axis", AXIS);
    return y;
}

/* [N][boxes][classes]: objectness times class */
static const char *scores_of(vd_onnx_building *b, const vd_model_head *h, const char *rows)
{
    int first = h->coords + 1, end = first + h->classes;
    if (h->background) { /* the first of the softmax is that nothing is there */
        const char *all = activated(b, "Softmax", "classes", vd_onnx_part(b, "class_map", rows, AXIS, h->coords, end));
        return vd_onnx_part(b, "scores", all, AXIS, 1, 1 + h->classes);
    }
    const char *object = vd_onnx_part(b, "object_map", rows, AXIS, h->coords, first);
    const char *classes = vd_onnx_part(b, "class_map", rows, AXIS, first, end), *scores = vd_onnx_name(b, "scores");
    if (!h->new_coords) {
        object = activated(b, "Sigmoid", "objectness", object);
        classes = activated(b, h->softmax ? "Softmax" : "Sigmoid", "classes", classes);
    }
    vd_onnx_add_node(b->g, "Mul", scores, classes, object, (char *)0);
    return scores;
}

/* the head's map [N][n numbers][h][w] as [N][h w n][numbers] */
static const char *rows_of(vd_onnx_building *b, const vd_model_head *h, const vd_onnx_map *map)
{
    int64_t numbers = h->coords + 1 + h->classes, cells = (int64_t)map->h * map->w;
    const char *x = vd_onnx_reshaped(b, "by_box", map->tensor, 4, (int64_t[]){0, h->n, numbers, cells});
    x = vd_onnx_transposed(b, "by_cell", x, 4, (int64_t[]){0, 3, 1, 2});
    return vd_onnx_reshaped(b, "rows", x, 3, (int64_t[]){0, cells * h->n, numbers});
}

static void join(vd_onnx_building *b, const char *name, const char **parts)
{
    if (b->heads == 1) {
        vd_onnx_rename(b->g, parts[0], name);
        return;
    }
    vd_onnx_node *node = vd_onnx_add_node(b->g, "Concat", name, (char *)0);
    for (int k = 0; k < b->heads; ++k) vd_onnx_add_input(node, parts[k]);
    vd_onnx_set_integer(node, "axis", 1);
}

/* Darknet's: `detector test` has these thresholds */
static void add_nms(vd_onnx_building *b)
{
    const char *by_class = vd_onnx_transposed(b, "by_class", "scores", 3, (int64_t[]){0, 2, 1});
    const char *most = vd_onnx_integers(b, "most", 1, (int64_t[]){b->boxes});
    const char *overlap = vd_onnx_number(b, "overlap", .45f), *least = vd_onnx_number(b, "least", .5f);
    vd_onnx_node *node =
        vd_onnx_add_node(b->g, "NonMaxSuppression", "selected", "boxes", by_class, most, overlap, least, (char *)0);
    vd_onnx_set_integer(node, "center_point_box", 1);
    vd_onnx_add_value(&b->g->output, &b->g->outputs, "selected", VD_ONNX_INT64, 2, (int64_t[]){-1, 3});
}

void vd_onnx_add_heads(vd_onnx_building *b, int nms)
{
    const char **boxes = vd_calloc(b->heads, sizeof(*boxes)), **scores = vd_calloc(b->heads, sizeof(*scores));
    int classes = 0;
    for (int k = 0; k < b->heads; ++k) {
        const vd_model_layer *l = b->m->layers + b->head_layer[k];
        const vd_onnx_map *map = b->maps + l->sources[0];
        char *layer = vd_format("%s_%d", l->section, b->head_layer[k]);
        b->layer = layer;
        const char *rows = rows_of(b, &l->head, map);
        boxes[k] = boxes_of(b, l, rows, map);
        scores[k] = scores_of(b, &l->head, rows);
        b->boxes += map->h * map->w * l->head.n;
        classes = l->head.classes;
        free(layer);
    }
    join(b, "boxes", boxes);
    join(b, "scores", scores);
    vd_onnx_add_value(&b->g->output, &b->g->outputs, "boxes", VD_ONNX_FLOAT, 3, (int64_t[]){-1, b->boxes, 4});
    vd_onnx_add_value(&b->g->output, &b->g->outputs, "scores", VD_ONNX_FLOAT, 3, (int64_t[]){-1, b->boxes, classes});
    b->layer = "nms";
    if (nms) add_nms(b);
    free(boxes);
    free(scores);
}
