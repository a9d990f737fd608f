#include "onnx/quantize.h"
#include "onnx/evaluate.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    float low, high; /* 0 is between them */
    float scale;
    int zero;
} range;

typedef struct {
    int n;
    range *r; /* of tensors that products read */
} ranges;

static int is_product(const vd_onnx_node *node)
{
    return !strcmp(node->type, "Conv") || !strcmp(node->type, "Gemm");
}

static range *find(const ranges *list, const char *name)
{
    for (int i = 0; i < list->n; ++i)
        if (!strcmp(list->r[i].name, name)) return list->r + i;
    return 0;
}

/* what products read; names belong to the graph */
static ranges read_tensors(const vd_onnx_graph *g)
{
    ranges list = {0, vd_calloc(g->nodes, sizeof(range))};
    for (int i = 0; i < g->nodes; ++i)
        if (is_product(g->node + i) && !find(&list, g->node[i].input[0])) list.r[list.n++].name = g->node[i].input[0];
    return list;
}

static void widen(range *r, const vd_onnx_tensor *t)
{
    for (size_t i = 0; i < t->n; ++i) {
        r->low = fminf(r->low, t->real[i]);
        r->high = fmaxf(r->high, t->real[i]);
    }
}

/* 1 where all numbers are 0, or too small for a step between them */
static float scale_of(float step)
{
    return step > 0 ? step : 1;
}

static void measure(const vd_onnx_graph *g, const char *path, int n, const float *pictures, ranges *list)
{
    const char **wanted = vd_calloc(list->n, sizeof(*wanted));
    const vd_onnx_value *in = g->input;
    int64_t dims[VD_ONNX_RANK];
    size_t size = 1;
    memcpy(dims, in->dims, sizeof(dims));
    dims[0] = 1;
    for (int i = 0; i < in->rank; ++i) size *= (size_t)dims[i];
    for (int i = 0; i < list->n; ++i) wanted[i] = list->r[i].name;
    vd_onnx_run *run = make_vd_onnx_run(g, path, list->n, wanted);
    for (int p = 0; p < n; ++p) {
        vd_onnx_run_forward(run, in->rank, dims, pictures + p * size);
        for (int i = 0; i < list->n; ++i) widen(list->r + i, vd_onnx_run_tensor(run, wanted[i]));
    }
    for (int i = 0; i < list->n; ++i) {
        range *r = list->r + i;
        r->scale = scale_of((r->high - r->low) / 255);
        r->zero = (int)lrintf(-128 - r->low / r->scale);
    }
    free_vd_onnx_run(run);
    free(wanted);
}

/* ---- the new graph ---- */

static vd_onnx_tensor *scalar(vd_onnx_graph *g, const char *of, const char *what, vd_onnx_type type)
{
    char *name = vd_format("%s/%s", of, what);
    int64_t none[1] = {0};
    vd_onnx_tensor *t = vd_onnx_add_tensor(g, name, type, 0, none);
    free(name);
    return t;
}

/* the constant of this name, as integers: x becomes round(x / scale[k]), k the filter. Returns its name as floats, for
 * the caller to free */
static char *integers(vd_onnx_graph *g, const char *of, vd_onnx_type type, const float *scale)
{
    const vd_onnx_tensor *from = vd_onnx_find_tensor(g, of);
    int64_t limit = type == VD_ONNX_INT8 ? 127 : INT32_MAX, filters[1] = {from->dims[0]};
    size_t row = from->n / (size_t)from->dims[0];
    char *scales = vd_format("%s/scale", of), *zeros = vd_format("%s/zero", of), *name = vd_format("%s/float", of);
    vd_onnx_tensor *s = vd_onnx_add_tensor(g, scales, VD_ONNX_FLOAT, 1, filters);
    memcpy(s->real, scale, s->n * sizeof(float));
    vd_onnx_add_tensor(g, zeros, type, 1, filters);
    vd_onnx_tensor *t = (vd_onnx_tensor *)vd_onnx_find_tensor(g, of); /* lists have moved */
    t->type = type;
    t->integer = vd_calloc(t->n, sizeof(int64_t));
    for (size_t i = 0; i < t->n; ++i) {
        double q = rint((double)t->real[i] / scale[i / row]);
        t->integer[i] = (int64_t)fmax((double)-limit, fmin((double)limit, q));
    }
    free(t->real);
    t->real = 0;
    t->sparse = 0;
    vd_onnx_set_integer(vd_onnx_add_node(g, "DequantizeLinear", name, of, scales, zeros, (char *)0), "axis", 0);
    free(scales);
    free(zeros);
    return name;
}

/* the scale of each filter, so that its largest weight is 127, or less where its bias, an integer of 32 bits times this
 * scale and the input's, needs a larger one: beside a bias that large its weights are next to nothing
 *
 *   biases   null: none */
static float *weight_scales(const vd_onnx_tensor *w, const vd_onnx_tensor *biases, float input_scale)
{
    const float largest_bias = 0x1p30f;
    size_t filters = (size_t)w->dims[0], row = w->n / filters;
    float *scale = vd_calloc(filters, sizeof(float));
    for (size_t i = 0; i < w->n; ++i) scale[i / row] = fmaxf(scale[i / row], fabsf(w->real[i]) / 127);
    for (size_t f = 0; f < filters; ++f) {
        float least = biases ? fabsf(biases->real[f]) / largest_bias / input_scale : 0;
        scale[f] = scale_of(fmaxf(scale[f], least));
    }
    return scale;
}

static void set_input(vd_onnx_node *node, int i, char *name)
{
    free(node->input[i]);
    node->input[i] = name;
}

/* tensor x through 8 bits with the numbers of r; nodes and constants are named after `label`, and made once for all
 * that read it. Returns the name of the result, for the caller to free */
static char *through_bytes(vd_onnx_graph *g, const char *x, const char *label, const range *r)
{
    char *name = vd_format("%s/bytes", label), *back = vd_format("%s/from_bytes", label);
    char *scale = vd_format("%s/scale", label), *zero = vd_format("%s/zero", label);
    if (!vd_onnx_find_tensor(g, scale)) {
        scalar(g, label, "scale", VD_ONNX_FLOAT)->real[0] = r->scale;
        scalar(g, label, "zero", VD_ONNX_INT8)->integer[0] = r->zero;
        vd_onnx_add_node(g, "QuantizeLinear", name, x, scale, zero, (char *)0);
        vd_onnx_add_node(g, "DequantizeLinear", back, name, scale, zero, (char *)0);
    }
    free(name);
    free(scale);
    free(zero);
    return back;
}

static int is_flattened(const vd_onnx_node *node)
{
    return !strcmp(node->type, "Reshape") || !strcmp(node->type, "Flatten");
}

/* the nodes of the graph of floats */
typedef struct {
    int n;
    vd_onnx_node *node;
} nodes;

/* of a tensor that products read, as it is or flattened; null for others */
static const range *range_of(const ranges *list, nodes old, const char *name)
{
    const range *r = find(list, name);
    for (int i = 0; i < old.n && !r; ++i)
        if (is_flattened(old.node + i) && !strcmp(old.node[i].input[0], name)) r = find(list, old.node[i].output[0]);
    return r;
}

static void quantize_product(vd_onnx_graph *g, vd_onnx_node *node, const vd_onnx_tensor *w, const range *r)
{
    const vd_onnx_tensor *biases = node->inputs > 2 ? vd_onnx_find_tensor(g, node->input[2]) : 0;
    float *scale = weight_scales(w, biases, r->scale);
    int64_t filters = w->dims[0];
    char *weights = integers(g, node->input[1], VD_ONNX_INT8, scale), *x = through_bytes(g, r->name, r->name, r);
    for (int64_t f = 0; f < filters; ++f) scale[f] *= r->scale;
    if (node->inputs > 2) set_input(node, 2, integers(g, node->input[2], VD_ONNX_INT32, scale));
    set_input(node, 1, weights);
    set_input(node, 0, x);
    free(scale);
}

/* The largest of some numbers is the same before and after they are rounded. Between two pairs of the same scale a pool
 * is one of bytes, which OpenCV 5 asks for: it refuses a pool of floats in front of QuantizeLinear */
static void quantize_pool(vd_onnx_graph *g, vd_onnx_node *node, const range *r)
{
    char *label = vd_format("%s/before", node->output[0]);
    set_input(node, 0, through_bytes(g, node->input[0], label, r));
    free(label);
}

/* a node of the old graph, and those it needs before it */
static void move_node(vd_onnx_graph *g, vd_onnx_node node, const ranges *list, nodes old)
{
    const vd_onnx_tensor *w = is_product(&node) ? vd_onnx_find_tensor(g, node.input[1]) : 0;
    const range *r = is_product(&node) ? find(list, node.input[0]) : range_of(list, old, node.output[0]);
    if (w && w->real) quantize_product(g, &node, w, r);
    if (r && !strcmp(node.type, "MaxPool")) quantize_pool(g, &node, r);
    if (r && is_flattened(&node)) set_input(&node, 0, through_bytes(g, node.input[0], node.input[0], r));
    vd_onnx_node *to = vd_onnx_add_node(g, node.type, node.name, (char *)0);
    vd_onnx_node empty = *to;
    *to = node;
    free(empty.name), free(empty.type), free(empty.output[0]), free(empty.output), free(empty.input);
}

void vd_onnx_quantize(vd_onnx_graph *g, const char *path, int n, const float *pictures)
{
    ranges list = read_tensors(g);
    measure(g, path, n, pictures, &list);
    for (int i = 0; i < list.n; ++i) list.r[i].name = vd_format("%s", list.r[i].name);
    nodes old = {g->nodes, g->node};
    g->node = 0;
    g->nodes = 0;
    for (int i = 0; i < old.n; ++i) move_node(g, old.node[i], &list, old);
    for (int i = 0; i < list.n; ++i) free((char *)list.r[i].name);
    free(list.r);
    free(old.node);
}
