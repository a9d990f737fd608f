/* any bytes as an ONNX model: read, run and made a network */
#include "fuzz/fuzz.h"
#include "import/import.h"
#include "onnx/evaluate.h"
#include "onnx/graph.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void nothing(int i, void *context)
{
    (void)i, (void)context;
}

/* threads, which stay, are made before the first input, whose memory is freed behind it */
void fuzz_begin(void)
{
    setenv("DARKNET_THREADS", "1", 1);
    vd_parallel_for(2, nothing, 0);
}

/* the graph's output for an input of its shape, where that is small */
static void run(const vd_onnx_graph *g)
{
    enum { MOST = 1 << 12 };
    int64_t dims[VD_ONNX_RANK], n = 1;
    const char *wanted = g->outputs ? g->output->name : "";
    if (!g->inputs) return;
    for (int i = 0; i < g->input->rank; ++i) {
        dims[i] = g->input->dims[i] < 1 ? 1 : g->input->dims[i];
        if (dims[i] > MOST / n) return;
        n *= dims[i];
    }
    float *x = vd_calloc(n, sizeof(float));
    vd_onnx_run *run = make_vd_onnx_run(g, "model", 1, &wanted);
    vd_onnx_run_forward(run, g->input->rank, dims, x);
    free_vd_onnx_run(run);
    free(x);
}

/* the first byte says what is done with the model: an error of one would hide the other */
void fuzz_one(const uint8_t *data, size_t n)
{
    if (!n) return;
    vd_onnx_graph *g = vd_onnx_read(fuzz_file(data + 1, n - 1));
    if (*data % 2) run(g);
    else {
        vd_import_network net = make_vd_import_network(g, "model");
        free_vd_import_network(&net);
    }
    free_vd_onnx_graph(g);
}

/* ---- seeds ---- */

static vd_onnx_graph *g;

static void constant(const char *name, int rank, const int64_t *dims)
{
    vd_onnx_tensor *t = vd_onnx_add_tensor(g, name, VD_ONNX_FLOAT, rank, dims);
    for (size_t i = 0; i < t->n; ++i) t->real[i] = (float)(i % 3) - .5f;
}

static vd_onnx_node *add_node(const char *type, const char *y, const char *a, const char *b, const char *c)
{
    return vd_onnx_add_node(g, type, y, a, b, c, (char *)0);
}

static void convolutions(void)
{
    constant("w", 4, (int64_t[]){2, 1, 3, 3});
    constant("b", 1, (int64_t[]){2});
    vd_onnx_node *conv = add_node("Conv", "a", "x", "w", "b");
    vd_onnx_set_integers(conv, "pads", 4, (int64_t[]){1, 1, 1, 1});
    vd_onnx_set_integers(conv, "strides", 2, (int64_t[]){1, 1});
    vd_onnx_add_node(g, "BatchNormalization", "n", "a", "b", "b", "b", "b", (char *)0);
    add_node("Relu", "r", "n", 0, 0);
    vd_onnx_node *pool = add_node("MaxPool", "p", "r", 0, 0);
    vd_onnx_set_integers(pool, "kernel_shape", 2, (int64_t[]){2, 2});
    vd_onnx_set_integers(pool, "strides", 2, (int64_t[]){2, 2});
    add_node("Sigmoid", "s", "p", 0, 0);
    add_node("Mul", "m", "p", "s", 0);
    vd_onnx_set_integer(add_node("Flatten", "f", "m", 0, 0), "axis", 1);
    constant("v", 2, (int64_t[]){3, 8});
    vd_onnx_set_integer(add_node("Gemm", "h", "f", "v", 0), "transB", 1);
    vd_onnx_set_integer(add_node("Softmax", "y", "h", 0, 0), "axis", 1);
}

static void shapes(void)
{
    memcpy(vd_onnx_add_tensor(g, "ones", VD_ONNX_INT64, 1, (int64_t[]){1})->integer, (int64_t[]){1}, 8);
    memcpy(vd_onnx_add_tensor(g, "by", VD_ONNX_FLOAT, 1, (int64_t[]){4})->real, (float[]){1, 1, 2, 2}, 16);
    vd_onnx_node *resize = add_node("Resize", "b", "x", "", "by");
    vd_onnx_set_text(resize, "coordinate_transformation_mode", "asymmetric");
    vd_onnx_set_text(resize, "nearest_mode", "floor");
    vd_onnx_set_integer(add_node("Concat", "c", "b", "b", 0), "axis", 1);
    vd_onnx_add_tensor(g, "none", VD_ONNX_INT64, 1, (int64_t[]){1});
    vd_onnx_add_node(g, "Slice", "d", "c", "none", "ones", "ones", (char *)0);
    add_node("Add", "y", "b", "d", 0);
    g->tensor[1].sparse = 1;
}

static void integer(const char *name, int64_t x)
{
    *vd_onnx_add_tensor(g, name, VD_ONNX_INT64, 1, (int64_t[]){1})->integer = x;
}

/* a row by its shape, a Pad, a part, formulas with constants */
static void sizes(void)
{
    integer("first", 0), integer("rest", -1), integer("two", 2);
    memcpy(vd_onnx_add_tensor(g, "around", VD_ONNX_INT64, 1, (int64_t[]){8})->integer,
           (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1}, 64);
    constant("w", 4, (int64_t[]){2, 1, 3, 3});
    constant("c", 1, (int64_t[]){1});
    add_node("Pad", "p", "x", "around", 0);
    add_node("Conv", "a", "p", "w", 0);
    add_node("Sub", "b", "a", "c", 0);
    add_node("Div", "d", "b", "c", 0);
    add_node("HardSwish", "h", "d", 0, 0);
    vd_onnx_node *split = add_node("Split", "s", "h", 0, 0);
    vd_onnx_set_integer(split, "axis", 1);
    *VD_ONNX_ONE_MORE(split->output, split->outputs) = vd_format("t");
    add_node("GlobalMaxPool", "m", "s", 0, 0);
    add_node("Shape", "n", "m", 0, 0);
    add_node("Gather", "batch", "n", "first", 0);
    vd_onnx_set_integer(add_node("Concat", "row", "batch", "rest", 0), "axis", 0);
    add_node("Reshape", "r", "m", "row", 0);
    add_node("Unsqueeze", "u", "r", "two", 0);
    add_node("Squeeze", "y", "u", "two", 0);
}

/* more numbers than filters */
static void flat(void)
{
    constant("w", 4, (int64_t[]){2, 1, 3, 3});
    constant("b", 1, (int64_t[]){8});
    add_node("Conv", "a", "x", "w", 0);
    vd_onnx_set_integer(add_node("Flatten", "f", "a", 0, 0), "axis", 1);
    vd_onnx_add_node(g, "BatchNormalization", "n", "f", "b", "b", "b", "b", (char *)0);
    add_node("Add", "y", "n", "b", 0);
}

void fuzz_seeds(void)
{
    static void (*const makers[])(void) = {convolutions, shapes, sizes, flat};
    for (int k = 0; k < 8; ++k) {
        char *path = vd_format("%s/seed", getenv("SEEDS")), *name = vd_format("%d", k);
        g = make_vd_onnx_graph();
        vd_onnx_add_value(&g->input, &g->inputs, "x", VD_ONNX_FLOAT, 4, (int64_t[]){-1, 1, 4, 4});
        vd_onnx_add_value(&g->output, &g->outputs, "y", VD_ONNX_FLOAT, 2, (int64_t[]){-1, -1});
        makers[k / 2]();
        FILE *fp = fopen(path, "wb");
        if (!fp) vd_die("%s: cannot write", path);
        fputc(k, fp);
        vd_onnx_write(g, fp);
        fclose(fp);
        fuzz_seed_file(name, path, 0);
        free_vd_onnx_graph(g);
        free(name), free(path);
    }
}
