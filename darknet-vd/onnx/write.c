/* A model as the bytes of a file. The field numbers are those of onnx.proto. */
#include "onnx/graph.h"
#include "onnx/wire.h"
#include "base/fail.h"
#include "base/float_bits.h"
#include "base/fp16.h"
#include "base/version.h"

#include <stdlib.h>
#include <string.h>

static uint64_t bits_of_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static uint64_t bits_of(const vd_onnx_tensor *t, size_t i)
{
    switch (t->type) {
    case VD_ONNX_FLOAT:
        return vd_bits_of_float(t->real[i]);
    case VD_ONNX_FLOAT16:
        return vd_fp16_of(t->real[i]);
    case VD_ONNX_DOUBLE:
        return bits_of_double(t->real[i]);
    default:
        return (uint64_t)t->integer[i];
    }
}

/* the bytes of number i, the lowest first */
static void put(const vd_onnx_tensor *t, size_t i, unsigned char *to)
{
    uint64_t bytes = bits_of(t, i);
    for (int k = 0; k < vd_onnx_size_of(t->type); ++k) to[k] = (unsigned char)(bytes >> 8 * k);
}

static void write_tensor(const vd_onnx_tensor *t, vd_wire *w)
{
    size_t size = vd_onnx_size_of(t->type), n = t->n * size;
    unsigned char *raw = vd_malloc(n ? n : 1);
    for (size_t i = 0; i < t->n; ++i) put(t, i, raw + i * size);
    for (int i = 0; i < t->rank; ++i) vd_wire_number(w, 1, t->dims[i]);
    vd_wire_number(w, 2, t->type);
    if (t->name) vd_wire_text(w, 8, t->name);
    vd_wire_bytes(w, 9, raw, n);
    free(raw);
}

/* SparseTensorProto: the numbers that are not 0, and their places in the tensor as one row */
static void write_sparse(const vd_onnx_tensor *t, vd_wire *w)
{
    int64_t n = 0;
    for (size_t i = 0; i < t->n; ++i) n += t->real[i] != 0;
    vd_onnx_tensor values = {.name = t->name, .type = t->type, .rank = 1, .dims = {n}};
    vd_onnx_tensor places = {.type = VD_ONNX_INT64, .rank = 1, .dims = {n}};
    vd_wire part = {0};
    vd_onnx_tensor_make(&values);
    vd_onnx_tensor_make(&places);
    for (size_t i = 0, k = 0; i < t->n; ++i) {
        if (t->real[i] == 0) continue;
        values.real[k] = t->real[i];
        places.integer[k++] = (int64_t)i;
    }
    write_tensor(&values, &part);
    vd_wire_message(w, 1, &part);
    write_tensor(&places, &part);
    vd_wire_message(w, 2, &part);
    for (int i = 0; i < t->rank; ++i) vd_wire_number(w, 3, t->dims[i]);
    values.name = 0; /* it is t's */
    vd_onnx_tensor_clear(&values);
    vd_onnx_tensor_clear(&places);
}

static void write_attribute(const vd_onnx_attribute *a, vd_wire *w)
{
    vd_wire tensor = {0};
    vd_wire_text(w, 1, a->name);
    switch (a->kind) {
    case VD_ONNX_REAL:
        vd_wire_float(w, 2, a->f);
        break;
    case VD_ONNX_INTEGER:
        vd_wire_number(w, 3, a->i);
        break;
    case VD_ONNX_TEXT:
        vd_wire_text(w, 4, a->text);
        break;
    case VD_ONNX_TENSOR:
        write_tensor(&a->tensor, &tensor);
        vd_wire_message(w, 5, &tensor);
        break;
    case VD_ONNX_REALS:
        for (int i = 0; i < a->n; ++i) vd_wire_float(w, 7, a->reals[i]);
        break;
    case VD_ONNX_INTEGERS:
        for (int i = 0; i < a->n; ++i) vd_wire_number(w, 8, a->integers[i]);
        break;
    }
    vd_wire_number(w, 20, a->kind);
}

static void write_node(const vd_onnx_node *node, vd_wire *w)
{
    for (int i = 0; i < node->inputs; ++i) vd_wire_text(w, 1, node->input[i]);
    for (int i = 0; i < node->outputs; ++i) vd_wire_text(w, 2, node->output[i]);
    vd_wire_text(w, 3, node->name);
    vd_wire_text(w, 4, node->type);
    for (int i = 0; i < node->attributes; ++i) {
        vd_wire part = {0};
        write_attribute(node->attribute + i, &part);
        vd_wire_message(w, 5, &part);
    }
    if (node->domain) vd_wire_text(w, 7, node->domain);
}

static void write_value(const vd_onnx_value *v, vd_wire *w)
{
    vd_wire shape = {0}, tensor = {0}, type = {0};
    for (int i = 0; i < v->rank; ++i) {
        vd_wire dim = {0};
        if (v->dims[i] < 0) vd_wire_text(&dim, 2, "N");
        else vd_wire_number(&dim, 1, v->dims[i]);
        vd_wire_message(&shape, 1, &dim);
    }
    vd_wire_number(&tensor, 1, v->type);
    vd_wire_message(&tensor, 2, &shape);
    vd_wire_message(&type, 1, &tensor);
    vd_wire_text(w, 1, v->name);
    vd_wire_message(w, 2, &type);
}

static void write_graph(const vd_onnx_graph *g, vd_wire *w)
{
    vd_wire part = {0};
    for (int i = 0; i < g->nodes; ++i) {
        write_node(g->node + i, &part);
        vd_wire_message(w, 1, &part);
    }
    vd_wire_text(w, 2, "darknet");
    for (int sparse = 0; sparse < 2; ++sparse)
        for (int i = 0; i < g->tensors; ++i) {
            if (g->tensor[i].sparse != sparse) continue;
            if (sparse) write_sparse(g->tensor + i, &part);
            else write_tensor(g->tensor + i, &part);
            vd_wire_message(w, sparse ? 15 : 5, &part);
        }
    for (int i = 0; i < g->inputs; ++i) {
        write_value(g->input + i, &part);
        vd_wire_message(w, 11, &part);
    }
    for (int i = 0; i < g->outputs; ++i) {
        write_value(g->output + i, &part);
        vd_wire_message(w, 12, &part);
    }
}

void vd_onnx_write(const vd_onnx_graph *g, FILE *fp)
{
    vd_wire w = {0}, part = {0};
    vd_wire_number(&w, 1, g->ir_version);
    vd_wire_text(&w, 2, "darknet-vd");
    vd_wire_text(&w, 3, vd_version());
    write_graph(g, &part);
    vd_wire_message(&w, 7, &part);
    vd_wire_number(&part, 2, g->opset);
    vd_wire_message(&w, 8, &part);
    for (int i = 0; i < g->notes; ++i) {
        for (int k = 0; k < 2; ++k) vd_wire_text(&part, k + 1, g->note[i][k]);
        vd_wire_message(&w, 14, &part);
    }
    fwrite(w.bytes, 1, w.n, fp);
    free(w.bytes);
}
