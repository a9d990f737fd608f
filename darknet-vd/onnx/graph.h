/* An ONNX model in memory: a graph of operators on named tensors, as onnx.proto has it, less what networks of Darknet
 * do not need (nested graphs, text tensors, training, functions, data in other files). */
#ifndef VD_ONNX_GRAPH_H
#define VD_ONNX_GRAPH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* TensorProto.DataType */
typedef enum {
    VD_ONNX_FLOAT = 1,
    VD_ONNX_UINT8 = 2,
    VD_ONNX_INT8 = 3,
    VD_ONNX_INT32 = 6,
    VD_ONNX_INT64 = 7,
    VD_ONNX_BOOL = 9,
    VD_ONNX_FLOAT16 = 10,
    VD_ONNX_DOUBLE = 11
} vd_onnx_type;

enum { VD_ONNX_RANK = 8, VD_ONNX_PARTS = 64 };       /* dimensions, and parts of a Split, at most */
enum { VD_ONNX_OPSET = 13, VD_ONNX_IR_VERSION = 8 }; /* of what is written */

/* a tensor with its numbers, whatever they take in a file: floats of the three types of floats, else integers */
typedef struct {
    char *name; /* null: none */
    vd_onnx_type type;
    int rank;
    int64_t dims[VD_ONNX_RANK];
    size_t n;         /* the product of dims, 1 without any */
    float *real;      /* [n], or null */
    int64_t *integer; /* [n], or null */
    int sparse;       /* kept in a file by its numbers that are not 0 */
} vd_onnx_tensor;

/* AttributeProto; of the members from i on the one that its type names */
typedef enum {
    VD_ONNX_REAL = 1,
    VD_ONNX_INTEGER = 2,
    VD_ONNX_TEXT = 3,
    VD_ONNX_TENSOR = 4,
    VD_ONNX_REALS = 6,
    VD_ONNX_INTEGERS = 7
} vd_onnx_kind;

typedef struct {
    char *name;
    vd_onnx_kind kind;
    int64_t i;
    float f;
    char *text;
    vd_onnx_tensor tensor;
    int n; /* integers or reals */
    int64_t *integers;
    float *reals;
} vd_onnx_attribute;

/* n integers that belong to a tensor or an attribute */
typedef struct {
    const int64_t *x;
    int n;
} vd_onnx_list;

/* The first output alone counts. The reader makes a Split of n outputs a node for each that is needed, with the
 * attributes `part`, from 0 on, and `parts`, n. */
typedef struct {
    char *name, *type;
    char *domain; /* null: ONNX's own operators */
    int inputs, outputs, attributes;
    char **input, **output; /* names of tensors; an optional one that is left out has the name "" */
    vd_onnx_attribute *attribute;
} vd_onnx_node;

/* an input or output of the graph; a dimension of -1 is not known, or has a name, `N` in what is written */
typedef struct {
    char *name;
    vd_onnx_type type;
    int rank;
    int64_t dims[VD_ONNX_RANK];
} vd_onnx_value;

typedef struct {
    int ir_version, opset;
    int nodes, tensors, inputs, outputs, notes;
    vd_onnx_node *node;            /* each after those whose outputs it reads */
    vd_onnx_tensor *tensor;        /* initializers */
    vd_onnx_value *input, *output; /* of initializers, which may be inputs, too, only the tensor counts */
    char *(*note)[2];              /* metadata: key and text */
} vd_onnx_graph;

/* an empty one; free also frees all that is in it */
vd_onnx_graph *make_vd_onnx_graph(void);
void free_vd_onnx_graph(vd_onnx_graph *g);

/* ---- building ----
 *
 * Text is copied. A pointer to a node is good until the next node is made. */

/* a node with one output, which is also its name, and inputs up to a null */
vd_onnx_node *vd_onnx_add_node(vd_onnx_graph *g, const char *type, const char *output, ...) __attribute__((sentinel));
void vd_onnx_add_input(vd_onnx_node *node, const char *name);
void vd_onnx_set_integer(vd_onnx_node *node, const char *name, int64_t x);
void vd_onnx_set_real(vd_onnx_node *node, const char *name, float x);
void vd_onnx_set_text(vd_onnx_node *node, const char *name, const char *text);
void vd_onnx_set_integers(vd_onnx_node *node, const char *name, int n, const int64_t *x);

/* an initializer with room for its numbers, zeros */
vd_onnx_tensor *vd_onnx_add_tensor(vd_onnx_graph *g, const char *name, vd_onnx_type type, int rank,
                                   const int64_t *dims);

/* to the list of inputs or outputs of a graph, which is its own: &g->input, &g->inputs. -1 in dims: any size */
void vd_onnx_add_value(vd_onnx_value **list, int *n, const char *name, vd_onnx_type type, int rank,
                       const int64_t *dims);
void vd_onnx_add_note(vd_onnx_graph *g, const char *key, const char *text);

/* give a tensor that a node makes another name, everywhere */
void vd_onnx_rename(vd_onnx_graph *g, const char *from, const char *to);

/* ---- looking ---- */

/* the graph's or node's own; null where there is none of the name */
const vd_onnx_tensor *vd_onnx_find_tensor(const vd_onnx_graph *g, const char *name);
const vd_onnx_attribute *vd_onnx_find_attribute(const vd_onnx_node *node, const char *name);

/* the node that makes a tensor; null: none */
const vd_onnx_node *vd_onnx_maker_of(const vd_onnx_graph *g, const char *tensor);

/* an attribute, or what it is when it is not there */
int64_t vd_onnx_integer_of(const vd_onnx_node *node, const char *name, int64_t otherwise);
float vd_onnx_real_of(const vd_onnx_node *node, const char *name, float otherwise);
const char *vd_onnx_text_of(const vd_onnx_node *node, const char *name, const char *otherwise);

/* why a node of a model that was exported for training is refused: batch normalisation takes means of its batch, and
 * dropout drops */
#define VD_ONNX_NO_TRAINING "training_mode=1: a model exported for inference is expected"

/* 1 for the three types of floats */
static inline int vd_onnx_is_real(vd_onnx_type type)
{
    return type == VD_ONNX_FLOAT || type == VD_ONNX_FLOAT16 || type == VD_ONNX_DOUBLE;
}

/* bytes of a number in a file */
int vd_onnx_size_of(vd_onnx_type type);

/* one more element, zeroed, at the end of a list of n, whose memory doubles: the list, which may have moved */
void *vd_onnx_grow(void *list, int n, size_t size);
#define VD_ONNX_ONE_MORE(list, n) ((list) = vd_onnx_grow(list, n, sizeof(*(list))), (list) + (n)++)

/* the first dimension of a tensor's shape that is below 0, or with which those so far, but for the empty ones, have a
 * product above `most`; the rank when there is none. So no product of some dimensions overflows, of an empty tensor
 * either */
int vd_onnx_first_misfit(const vd_onnx_tensor *t, size_t most);

/* room for the numbers of a tensor whose type, rank and dims are set; n is set. _clear() frees them and the name */
void vd_onnx_tensor_make(vd_onnx_tensor *t);
void vd_onnx_tensor_clear(vd_onnx_tensor *t);

/* ---- files ---- */

/* the bytes of a model file; the caller sees to it that all was written */
void vd_onnx_write(const vd_onnx_graph *g, FILE *fp);

/* read a model file; the program ends with a line that names it when it is damaged, or has what this header leaves out.
 * Nodes and inputs that no output depends on are left out, whatever their operator.
 * What it needs of memory is bounded by the length of the file, and by 2^26 numbers for a sparse tensor */
vd_onnx_graph *vd_onnx_read(const char *path);

#endif
