#include "onnx/evaluate.h"
#include "onnx/operators.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NUMBERS = 1 << 28 };

/* The tensors of a run have numbers: the input is 0, then those of the initializers,
 * then one for each node's output. */
struct vd_onnx_run {
    const vd_onnx_graph *g;
    const char *path;
    vd_onnx_tensor input;
    vd_onnx_tensor *made; /* [nodes] */
    char *needed;         /* [nodes] */
    int **from;           /* [nodes][inputs] numbers of tensors, -1: left out */
};

static const vd_onnx_operator *find_operator(const char *type)
{
    const vd_onnx_operator *const lists[] = {vd_onnx_products, vd_onnx_numbers, vd_onnx_shapes, vd_onnx_sizes};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; ++k)
        for (const vd_onnx_operator *o = lists[k]; o->type; ++o)
            if (!strcmp(o->type, type)) return o;
    return 0;
}

int vd_onnx_knows(const char *type)
{
    return find_operator(type) != 0;
}

/* ---- what operators use ---- */

void vd_onnx_fail(const vd_onnx_call *c, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *why = vd_vformat(fmt, args);
    va_end(args);
    vd_die("%s: node %s (%s): %s", c->path, c->node->name, c->node->type, why);
}

const vd_onnx_tensor *vd_onnx_any_input(const vd_onnx_call *c, int i)
{
    if (i >= c->inputs || !c->in[i]) vd_onnx_fail(c, "input %d is missing", i);
    return c->in[i];
}

const vd_onnx_tensor *vd_onnx_real_input(const vd_onnx_call *c, int i, int rank)
{
    const vd_onnx_tensor *t = vd_onnx_any_input(c, i);
    if (!t->real) vd_onnx_fail(c, "input %d: floats are expected", i);
    if (rank >= 0 && t->rank != rank) vd_onnx_fail(c, "input %d has %d dimensions: %d are expected", i, t->rank, rank);
    return t;
}

const vd_onnx_tensor *vd_onnx_integer_input(const vd_onnx_call *c, int i)
{
    const vd_onnx_tensor *t = vd_onnx_any_input(c, i);
    if (!t->integer) vd_onnx_fail(c, "input %d: integers are expected", i);
    return t;
}

/* room for the output, whose type, rank and dims are set */
static void make_output(vd_onnx_call *c)
{
    int i = vd_onnx_first_misfit(c->out, MOST_NUMBERS);
    if (i < c->out->rank)
        vd_onnx_fail(c, "an output with %lld numbers in dimension %d is not made", (long long)c->out->dims[i], i);
    vd_onnx_tensor_make(c->out);
}

void vd_onnx_make_real(vd_onnx_call *c, int rank, const int64_t *dims)
{
    if (rank > VD_ONNX_RANK) vd_onnx_fail(c, "more than %d dimensions are not read", VD_ONNX_RANK);
    c->out->type = VD_ONNX_FLOAT;
    c->out->rank = rank;
    if (rank) memcpy(c->out->dims, dims, rank * sizeof(*dims));
    make_output(c);
}

void vd_onnx_make_like(vd_onnx_call *c, const vd_onnx_tensor *x)
{
    c->out->type = vd_onnx_is_real(x->type) ? VD_ONNX_FLOAT : x->type;
    c->out->rank = x->rank;
    memcpy(c->out->dims, x->dims, sizeof(x->dims));
    make_output(c);
}

void vd_onnx_reshape(vd_onnx_call *c, const vd_onnx_tensor *x, int rank, const int64_t *dims)
{
    vd_onnx_tensor like = {.type = x->type, .rank = rank};
    memcpy(like.dims, dims, rank * sizeof(*dims));
    vd_onnx_make_like(c, &like);
    if (c->out->n != x->n) vd_onnx_fail(c, "%zu numbers do not fill a shape of %zu", x->n, c->out->n);
    for (size_t i = 0; i < x->n; ++i) vd_onnx_copy_number(c, x, i, i);
}

vd_onnx_list vd_onnx_integers_of(const vd_onnx_call *c, const char *attribute, int i)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(c->node, attribute);
    if (i < c->inputs && c->in[i]) {
        const vd_onnx_tensor *t = vd_onnx_integer_input(c, i);
        return (vd_onnx_list){t->integer, (int)t->n};
    }
    if (!a) return (vd_onnx_list){0, -1};
    if (a->kind != VD_ONNX_INTEGERS) vd_onnx_fail(c, "%s: integers are expected", attribute);
    return (vd_onnx_list){a->integers, a->n};
}

void vd_onnx_list_of(const vd_onnx_call *c, const char *name, int n, int64_t otherwise, int64_t *x)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(c->node, name);
    for (int i = 0; i < n; ++i) x[i] = otherwise;
    if (!a) return;
    if (a->kind != VD_ONNX_INTEGERS || a->n != n) vd_onnx_fail(c, "%s: %d integers are expected", name, n);
    memcpy(x, a->integers, n * sizeof(*x));
    for (int i = 0; i < n; ++i)
        if (x[i] < 0 || x[i] > MOST_NUMBERS) vd_onnx_fail(c, "%s=%lld is out of range", name, (long long)x[i]);
}

int vd_onnx_axis_of(const vd_onnx_call *c, int64_t axis, int rank)
{
    if (axis < -rank || axis >= rank) vd_onnx_fail(c, "axis=%lld: the input has %d", (long long)axis, rank);
    return (int)(axis < 0 ? axis + rank : axis);
}

vd_onnx_tensor vd_onnx_run_node(const vd_onnx_node *node, int opset, const char *path, const vd_onnx_tensor *const *in)
{
    vd_onnx_tensor out = {0};
    vd_onnx_call c = {.path = path, .node = node, .inputs = node->inputs, .opset = opset, .out = &out};
    const vd_onnx_operator *o = find_operator(node->type);
    if (!o) vd_onnx_fail(&c, "its operator is not known");
    if (node->inputs > VD_ONNX_INPUTS) vd_onnx_fail(&c, "%d inputs: %d at most are read", node->inputs, VD_ONNX_INPUTS);
    for (int i = 0; i < node->inputs; ++i) c.in[i] = in[i];
    o->run(&c);
    return out;
}

/* ---- the run ---- */

/* the number of the tensor that a node of this index may read; -1: none has the name */
static int number_of(const vd_onnx_run *run, int node, const char *name)
{
    const vd_onnx_graph *g = run->g;
    for (int i = node - 1; i >= 0; --i)
        if (!strcmp(g->node[i].output[0], name)) return 1 + g->tensors + i;
    for (int i = 0; i < g->tensors; ++i)
        if (!strcmp(g->tensor[i].name, name)) return 1 + i;
    return run->input.name && !strcmp(run->input.name, name) ? 0 : -1;
}

static const vd_onnx_tensor *tensor_of(const vd_onnx_run *run, int number)
{
    if (number < 0) return 0;
    if (number == 0) return &run->input;
    return number <= run->g->tensors ? run->g->tensor + number - 1 : run->made + number - 1 - run->g->tensors;
}

/* the input that is no initializer */
static void find_input(vd_onnx_run *run)
{
    for (int i = 0; i < run->g->inputs; ++i) {
        const char *name = run->g->input[i].name;
        if (vd_onnx_find_tensor(run->g, name)) continue;
        if (run->input.name) vd_die("%s: two inputs, %s and %s: one is expected", run->path, run->input.name, name);
        run->input.name = vd_format("%s", name);
    }
    if (!run->input.name) vd_die("%s: the graph has no input", run->path);
}

static void resolve(vd_onnx_run *run, int i)
{
    const vd_onnx_node *node = run->g->node + i;
    if (!find_operator(node->type)) vd_die("%s: node %s: operator %s is not known", run->path, node->name, node->type);
    if (node->inputs > VD_ONNX_INPUTS)
        vd_die("%s: node %s: %d inputs: %d at most are read", run->path, node->name, node->inputs, VD_ONNX_INPUTS);
    run->from[i] = vd_calloc(node->inputs, sizeof(int));
    for (int k = 0; k < node->inputs; ++k) {
        int from = *node->input[k] ? number_of(run, i, node->input[k]) : -1;
        if (*node->input[k] && from < 0)
            vd_die("%s: node %s (%s): no node before it makes its input %s", run->path, node->name, node->type,
                   node->input[k]);
        run->from[i][k] = from;
        if (from > run->g->tensors) run->needed[from - 1 - run->g->tensors] = 1;
    }
}

vd_onnx_run *make_vd_onnx_run(const vd_onnx_graph *g, const char *path, int n, const char *const *wanted)
{
    vd_onnx_run *run = vd_calloc(1, sizeof(*run));
    run->g = g;
    run->path = path;
    run->made = vd_calloc(g->nodes, sizeof(*run->made));
    run->needed = vd_calloc(g->nodes, 1);
    run->from = vd_calloc(g->nodes, sizeof(*run->from));
    find_input(run);
    for (int k = 0; k < n; ++k) {
        int number = number_of(run, g->nodes, wanted[k]);
        if (number < 0) vd_die("%s: no node makes %s", path, wanted[k]);
        if (number > g->tensors) run->needed[number - 1 - g->tensors] = 1;
    }
    for (int i = g->nodes - 1; i >= 0; --i)
        if (run->needed[i]) resolve(run, i);
    return run;
}

static void clear(vd_onnx_run *run)
{
    for (int i = 0; i < run->g->nodes; ++i) vd_onnx_tensor_clear(run->made + i);
    free(run->input.real);
    run->input.real = 0;
}

void free_vd_onnx_run(vd_onnx_run *run)
{
    clear(run);
    for (int i = 0; i < run->g->nodes; ++i) free(run->from[i]);
    free(run->input.name);
    free(run->made);
    free(run->needed);
    free(run->from);
    free(run);
}

void vd_onnx_run_forward(vd_onnx_run *run, int rank, const int64_t *dims, const float *x)
{
    clear(run);
    run->input.type = VD_ONNX_FLOAT;
    run->input.rank = rank;
    memcpy(run->input.dims, dims, rank * sizeof(*dims));
    vd_onnx_tensor_make(&run->input);
    memcpy(run->input.real, x, run->input.n * sizeof(*x));
    for (int i = 0; i < run->g->nodes; ++i) {
        if (!run->needed[i]) continue;
        const vd_onnx_node *node = run->g->node + i;
        vd_onnx_call c = {
            .path = run->path, .node = node, .inputs = node->inputs, .opset = run->g->opset, .out = run->made + i};
        for (int k = 0; k < node->inputs; ++k) c.in[k] = tensor_of(run, run->from[i][k]);
        find_operator(node->type)->run(&c);
    }
}

const vd_onnx_tensor *vd_onnx_run_tensor(const vd_onnx_run *run, const char *name)
{
    return tensor_of(run, number_of(run, run->g->nodes, name));
}
