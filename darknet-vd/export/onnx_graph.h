/* A model as an ONNX graph of opset 13, which every reader of ONNX takes: operators of that set only, constants as
 * initializers, the batch a dimension with a name.
 *
 * A layer's output is called after its section and number, convolutional_3, and what is made on the way to it
 * convolutional_3/sum, convolutional_3/weights and so on. */
#ifndef VD_EXPORT_ONNX_GRAPH_H
#define VD_EXPORT_ONNX_GRAPH_H

#include "export/model.h"
#include "layer/variants.h"
#include "onnx/graph.h"

/* the output of a layer: [N][c][h][w], or flat: [N][c] */
typedef struct {
    const char *tensor;
    int flat, c, h, w;
} vd_onnx_map;

typedef struct {
    vd_onnx_graph *g;
    const vd_model *m;
    int half, sparse;  /* how weights are kept in the file */
    vd_onnx_map *maps; /* [n + 1] by source */
    int heads;         /* of a detector: [yolo] and [region] */
    int *head_layer;   /* [heads] their layers */
    int boxes;         /* of all heads together */
    const char *layer; /* name of the layer that is written */
    int n_names;
    char **names; /* all that was named, to be freed */
} vd_onnx_building;

/* end the program, with a line, when a layer cannot be said in ONNX, or not in the same numbers */
void vd_onnx_refuse(const vd_model *m, const char *filename);

/* the graph with its input "input" and its outputs: "output" of a classifier; "head0", "head1" ..., "boxes" and
 * "scores" of a detector, with nms also "selected" (picture, class, box). The caller frees it */
vd_onnx_building make_vd_onnx_building(const vd_model *m, int half, int sparse, int nms);
void free_vd_onnx_building(vd_onnx_building *b);

/* ---- what the files that write it share ---- */

/* LAYER, or LAYER/WHAT */
const char *vd_onnx_name(vd_onnx_building *b, const char *what);

/* constants LAYER/WHAT; their names */
const char *vd_onnx_number(vd_onnx_building *b, const char *what, float x);
const char *vd_onnx_numbers_of(vd_onnx_building *b, const char *what, int rank, const int64_t *dims, const float *x);
const char *vd_onnx_integers(vd_onnx_building *b, const char *what, int n, const int64_t *x);

/* nodes with the output LAYER/WHAT: x in another shape (0: as the input, -1: what is left), a part of one axis */
const char *vd_onnx_reshaped(vd_onnx_building *b, const char *what, const char *x, int rank, const int64_t *dims);
const char *vd_onnx_transposed(vd_onnx_building *b, const char *what, const char *x, int rank, const int64_t *perm);
const char *vd_onnx_part(vd_onnx_building *b, const char *what, const char *x, int axis, int64_t first, int64_t end);

/* the node, or nodes, of an activation that is not linear, from tensor x to tensor y */
void vd_onnx_activate(vd_onnx_building *b, ACTIVATION a, const char *x, const char *y);

/* the boxes of all heads (onnx_heads.c); sets b->boxes */
void vd_onnx_add_heads(vd_onnx_building *b, int nms);

#endif
