/* Runs a graph, in plain C: what an export is checked with, and what an import is compared with. It knows the operators
 * that an export writes and an import reads, by the text of ONNX's operators of opset 13. Floats are of 32 bits, sums
 * of products of 64. */
#ifndef VD_ONNX_EVALUATE_H
#define VD_ONNX_EVALUATE_H

#include "onnx/graph.h"

typedef struct vd_onnx_run vd_onnx_run;

/* only nodes that these tensors depend on are run
 *
 *   path     of the model, for messages
 *   wanted   [n] names of tensors
 *
 * The program ends with a line when an operator among them is not known. g must outlive it */
vd_onnx_run *make_vd_onnx_run(const vd_onnx_graph *g, const char *path, int n, const char *const *wanted);
void free_vd_onnx_run(vd_onnx_run *run);

/* run the graph on its one input, floats of this shape; the program ends with a line that names the node where shapes
 * do not fit. Tensors that were made before are gone */
void vd_onnx_run_forward(vd_onnx_run *run, int rank, const int64_t *dims, const float *x);

/* a tensor of the last pass, an initializer or the input; null when none has this name */
const vd_onnx_tensor *vd_onnx_run_tensor(const vd_onnx_run *run, const char *name);

/* one node alone; the program ends with a line that names it where it does not fit. The caller clears the result
 *
 *   in   [node->inputs], null: left out */
vd_onnx_tensor vd_onnx_run_node(const vd_onnx_node *node, int opset, const char *path, const vd_onnx_tensor *const *in);

/* 1 for an operator that it knows */
int vd_onnx_knows(const char *type);

#endif
