#include "support/import_support.h"

#include "import/import.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

vd_onnx_graph *g;

void begin_graph(int c, int h, int w)
{
    g = make_vd_onnx_graph();
    vd_onnx_add_value(&g->input, &g->inputs, "x", VD_ONNX_FLOAT, h ? 4 : 2, (int64_t[]){-1, c, h, w});
}

void random_constant(const char *name, int rank, const int64_t *dims)
{
    vd_onnx_tensor *t = vd_onnx_add_tensor(g, name, VD_ONNX_FLOAT, rank, dims);
    fill_random(t->real, t->n, (unsigned)g->tensors);
    if (strstr(name, "variance"))
        for (size_t i = 0; i < t->n; ++i) t->real[i] = t->real[i] * t->real[i] + .1f;
}

void constant(const char *name, int n, const float *x)
{
    vd_onnx_tensor *t = vd_onnx_add_tensor(g, name, VD_ONNX_FLOAT, n == 1 ? 0 : 1, (int64_t[]){n});
    memcpy(t->real, x, n * sizeof(*x));
}

void integers(const char *name, int n, const int64_t *x)
{
    memcpy(vd_onnx_add_tensor(g, name, VD_ONNX_INT64, 1, (int64_t[]){n})->integer, x, n * sizeof(*x));
}

vd_onnx_node *conv(const char *y, const char *x, int filters, int channels, int size)
{
    char *w = vd_format("%s.w", y);
    random_constant(w, 4, (int64_t[]){filters, channels, size, size});
    vd_onnx_node *node = vd_onnx_add_node(g, "Conv", y, x, w, (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){size, size});
    free(w);
    return node;
}

void pads(vd_onnx_node *node, int n)
{
    vd_onnx_set_integers(node, "pads", 4, (int64_t[]){n, n, n, n});
}

void one(const char *type, const char *y, const char *x)
{
    vd_onnx_add_node(g, type, y, x, (char *)0);
}

void two(const char *type, const char *y, const char *a, const char *b)
{
    vd_onnx_add_node(g, type, y, a, b, (char *)0);
}

void add_output(vd_onnx_node *node, const char *name)
{
    *VD_ONNX_ONE_MORE(node->output, node->outputs) = vd_format("%s", name);
}

void write_graph(const char *output)
{
    char *path = in_folder(folder, "model.onnx");
    vd_onnx_add_value(&g->output, &g->outputs, output, VD_ONNX_FLOAT, 2, (int64_t[]){-1, -1});
    FILE *fp = fopen(path, "wb");
    ck_assert_ptr_nonnull(fp);
    vd_onnx_write(g, fp);
    ck_assert_int_eq(fclose(fp), 0);
    free_vd_onnx_graph(g);
    free(path);
}

void resize_by(float times, const char *pixel, const char *nearest)
{
    begin_graph(3, 5, 4);
    conv("a", "x", 4, 3, 1);
    constant("by", 4, (float[]){1, 1, times, times});
    vd_onnx_node *node = vd_onnx_add_node(g, "Resize", "y", "a", "", "by", (char *)0);
    if (pixel) vd_onnx_set_text(node, "coordinate_transformation_mode", pixel);
    if (nearest) vd_onnx_set_text(node, "nearest_mode", nearest);
    write_graph("y");
}

char *imported(double most)
{
    char *model = in_folder(folder, "model.onnx"), *out = in_folder(folder, "net");
    vd_import_result r = vd_import(model, out);
    ck_assert_msg(r.difference < most, "%g", r.difference);
    char *text = text_in_folder("net.cfg"), *sections = vd_format("%s", strstr(text, "max_batches"));
    free(model), free(out), free(text);
    return sections;
}

void expect_sections(const char *expected)
{
    char *text = imported(1e-5), *line = vd_format("max_batches=10000\n%s", expected);
    ck_assert_str_eq(text, line);
    free(text), free(line);
}
