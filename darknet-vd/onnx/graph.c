#include "onnx/graph.h"
#include "base/fail.h"
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

vd_onnx_graph *make_vd_onnx_graph(void)
{
    vd_onnx_graph *g = vd_calloc(1, sizeof(*g));
    g->ir_version = VD_ONNX_IR_VERSION;
    g->opset = VD_ONNX_OPSET;
    return g;
}

int vd_onnx_size_of(vd_onnx_type type)
{
    switch (type) {
    case VD_ONNX_INT64:
    case VD_ONNX_DOUBLE:
        return 8;
    case VD_ONNX_FLOAT16:
        return 2;
    case VD_ONNX_UINT8:
    case VD_ONNX_INT8:
    case VD_ONNX_BOOL:
        return 1;
    default:
        return 4;
    }
}

void *vd_onnx_grow(void *list, int n, size_t size)
{
    if (!(n & (n - 1))) list = vd_realloc(list, (n ? 2 * (size_t)n : 1) * size);
    memset((char *)list + n * size, 0, size);
    return list;
}

int vd_onnx_first_misfit(const vd_onnx_tensor *t, size_t most)
{
    size_t n = 1;
    int i = 0;
    for (; i < t->rank; ++i) {
        int64_t d = t->dims[i];
        if (d < 0 || (size_t)d > most || (d && n > most / (size_t)d)) break;
        n *= d ? (size_t)d : 1;
    }
    return i;
}

void vd_onnx_tensor_make(vd_onnx_tensor *t)
{
    t->n = 1;
    for (int i = 0; i < t->rank; ++i) t->n *= (size_t)t->dims[i];
    t->real = vd_onnx_is_real(t->type) ? vd_calloc(t->n, sizeof(float)) : 0;
    t->integer = t->real ? 0 : vd_calloc(t->n, sizeof(int64_t));
}

void vd_onnx_tensor_clear(vd_onnx_tensor *t)
{
    free(t->name);
    free(t->real);
    free(t->integer);
    *t = (vd_onnx_tensor){0};
}

static void free_node(vd_onnx_node *node)
{
    for (int i = 0; i < node->inputs; ++i) free(node->input[i]);
    for (int i = 0; i < node->outputs; ++i) free(node->output[i]);
    for (int i = 0; i < node->attributes; ++i) {
        vd_onnx_attribute *a = node->attribute + i;
        free(a->name);
        free(a->text);
        free(a->integers);
        free(a->reals);
        vd_onnx_tensor_clear(&a->tensor);
    }
    free(node->name);
    free(node->type);
    free(node->domain);
    free(node->input);
    free(node->output);
    free(node->attribute);
}

void free_vd_onnx_graph(vd_onnx_graph *g)
{
    if (!g) return;
    for (int i = 0; i < g->nodes; ++i) free_node(g->node + i);
    for (int i = 0; i < g->tensors; ++i) vd_onnx_tensor_clear(g->tensor + i);
    for (int i = 0; i < g->inputs; ++i) free(g->input[i].name);
    for (int i = 0; i < g->outputs; ++i) free(g->output[i].name);
    for (int i = 0; i < g->notes; ++i) free(g->note[i][0]), free(g->note[i][1]);
    free(g->node);
    free(g->tensor);
    free(g->input);
    free(g->output);
    free(g->note);
    free(g);
}

/* ---- building ---- */

static char *copy_of(const char *text)
{
    return vd_format("%s", text);
}

void vd_onnx_add_input(vd_onnx_node *node, const char *name)
{
    *VD_ONNX_ONE_MORE(node->input, node->inputs) = copy_of(name);
}

vd_onnx_node *vd_onnx_add_node(vd_onnx_graph *g, const char *type, const char *output, ...)
{
    va_list inputs;
    vd_onnx_node *node = VD_ONNX_ONE_MORE(g->node, g->nodes);
    node->name = copy_of(output);
    node->type = copy_of(type);
    *VD_ONNX_ONE_MORE(node->output, node->outputs) = copy_of(output);
    va_start(inputs, output);
    for (const char *name; (name = va_arg(inputs, const char *));) vd_onnx_add_input(node, name);
    va_end(inputs);
    return node;
}

static vd_onnx_attribute *add_attribute(vd_onnx_node *node, const char *name, vd_onnx_kind kind)
{
    vd_onnx_attribute *a = VD_ONNX_ONE_MORE(node->attribute, node->attributes);
    a->name = copy_of(name);
    a->kind = kind;
    return a;
}

void vd_onnx_set_integer(vd_onnx_node *node, const char *name, int64_t x)
{
    add_attribute(node, name, VD_ONNX_INTEGER)->i = x;
}

void vd_onnx_set_real(vd_onnx_node *node, const char *name, float x)
{
    add_attribute(node, name, VD_ONNX_REAL)->f = x;
}

void vd_onnx_set_text(vd_onnx_node *node, const char *name, const char *text)
{
    add_attribute(node, name, VD_ONNX_TEXT)->text = copy_of(text);
}

void vd_onnx_set_integers(vd_onnx_node *node, const char *name, int n, const int64_t *x)
{
    vd_onnx_attribute *a = add_attribute(node, name, VD_ONNX_INTEGERS);
    a->n = n;
    a->integers = vd_calloc(n, sizeof(*x));
    memcpy(a->integers, x, n * sizeof(*x));
}

vd_onnx_tensor *vd_onnx_add_tensor(vd_onnx_graph *g, const char *name, vd_onnx_type type, int rank, const int64_t *dims)
{
    vd_onnx_tensor *t = VD_ONNX_ONE_MORE(g->tensor, g->tensors);
    assert(rank <= VD_ONNX_RANK);
    t->name = copy_of(name);
    t->type = type;
    t->rank = rank;
    if (rank) memcpy(t->dims, dims, rank * sizeof(*dims));
    vd_onnx_tensor_make(t);
    return t;
}

void vd_onnx_add_value(vd_onnx_value **list, int *n, const char *name, vd_onnx_type type, int rank, const int64_t *dims)
{
    vd_onnx_value *v = VD_ONNX_ONE_MORE(*list, *n);
    v->name = copy_of(name);
    v->type = type;
    v->rank = rank;
    if (rank) memcpy(v->dims, dims, rank * sizeof(*dims));
}

void vd_onnx_add_note(vd_onnx_graph *g, const char *key, const char *text)
{
    char *(*note)[2] = VD_ONNX_ONE_MORE(g->note, g->notes);
    (*note)[0] = copy_of(key);
    (*note)[1] = copy_of(text);
}

static void rename_in(int n, char **names, const char *from, const char *to)
{
    for (int i = 0; i < n; ++i) {
        if (strcmp(names[i], from)) continue;
        free(names[i]);
        names[i] = copy_of(to);
    }
}

void vd_onnx_rename(vd_onnx_graph *g, const char *from, const char *to)
{
    for (int i = 0; i < g->nodes; ++i) {
        rename_in(g->node[i].inputs, g->node[i].input, from, to);
        rename_in(g->node[i].outputs, g->node[i].output, from, to);
    }
}

/* ---- looking ---- */

const vd_onnx_tensor *vd_onnx_find_tensor(const vd_onnx_graph *g, const char *name)
{
    for (int i = 0; i < g->tensors; ++i)
        if (!strcmp(g->tensor[i].name, name)) return g->tensor + i;
    return 0;
}

const vd_onnx_attribute *vd_onnx_find_attribute(const vd_onnx_node *node, const char *name)
{
    for (int i = 0; i < node->attributes; ++i)
        if (!strcmp(node->attribute[i].name, name)) return node->attribute + i;
    return 0;
}

const vd_onnx_node *vd_onnx_maker_of(const vd_onnx_graph *g, const char *tensor)
{
    for (int i = 0; i < g->nodes; ++i)
        if (!strcmp(g->node[i].output[0], tensor)) return g->node + i;
    return 0;
}

int64_t vd_onnx_integer_of(const vd_onnx_node *node, const char *name, int64_t otherwise)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(node, name);
    return a && a->kind == VD_ONNX_INTEGER ? a->i : otherwise;
}

float vd_onnx_real_of(const vd_onnx_node *node, const char *name, float otherwise)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(node, name);
    return a && a->kind == VD_ONNX_REAL ? a->f : otherwise;
}

const char *vd_onnx_text_of(const vd_onnx_node *node, const char *name, const char *otherwise)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(node, name);
    return a && a->kind == VD_ONNX_TEXT ? a->text : otherwise;
}
