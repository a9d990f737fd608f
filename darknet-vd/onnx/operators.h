/* One node at work: what evaluate.c hands to the function of its operator. */
#ifndef VD_ONNX_OPERATORS_H
#define VD_ONNX_OPERATORS_H

#include "onnx/graph.h"

enum { VD_ONNX_INPUTS = 128 };

typedef struct {
    const char *path; /* of the model, for messages */
    const vd_onnx_node *node;
    const vd_onnx_tensor *in[VD_ONNX_INPUTS]; /* null: left out */
    int inputs, opset;
    vd_onnx_tensor *out; /* zeroed; the operator sets type and shape, makes it and fills it */
} vd_onnx_call;

typedef struct {
    const char *type;
    void (*run)(vd_onnx_call *c);
} vd_onnx_operator;

/* operators whose last one has a null type */
extern const vd_onnx_operator vd_onnx_products[]; /* products.c: convolutions, pools, matrices */
extern const vd_onnx_operator vd_onnx_numbers[];  /* numbers.c: element by element */
extern const vd_onnx_operator vd_onnx_shapes[];   /* shapes.c: the same numbers in other places */
extern const vd_onnx_operator vd_onnx_sizes[];    /* sizes.c: shapes as numbers, and what is done with them */

/* end the program with a line that names the node */
void vd_onnx_fail(const vd_onnx_call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

/* an input that must be there; with floats or with integers, of this rank (-1: any) */
const vd_onnx_tensor *vd_onnx_any_input(const vd_onnx_call *c, int i);
const vd_onnx_tensor *vd_onnx_real_input(const vd_onnx_call *c, int i, int rank);
const vd_onnx_tensor *vd_onnx_integer_input(const vd_onnx_call *c, int i);

/* make the output: floats of this shape, or of that of another tensor */
void vd_onnx_make_real(vd_onnx_call *c, int rank, const int64_t *dims);
void vd_onnx_make_like(vd_onnx_call *c, const vd_onnx_tensor *x);

/* out[i] = x[from] */
static inline void vd_onnx_copy_number(const vd_onnx_call *c, const vd_onnx_tensor *x, size_t i, size_t from)
{
    if (x->real) c->out->real[i] = x->real[from];
    else c->out->integer[i] = x->integer[from];
}

/* the output is x in another shape, of as many numbers */
void vd_onnx_reshape(vd_onnx_call *c, const vd_onnx_tensor *x, int rank, const int64_t *dims);

/* integers of input i, or of an attribute, which older operators have instead; n is -1 where there is neither */
vd_onnx_list vd_onnx_integers_of(const vd_onnx_call *c, const char *attribute, int i);

/* a list of integers of an attribute; n numbers of `otherwise` where it is not there */
void vd_onnx_list_of(const vd_onnx_call *c, const char *name, int n, int64_t otherwise, int64_t *x);

/* an axis counted from the end when it is negative */
int vd_onnx_axis_of(const vd_onnx_call *c, int64_t axis, int rank);

#endif
