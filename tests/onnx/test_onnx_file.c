/* onnx/write.c, onnx/read.c: a model goes through a file unchanged; a damaged file ends with one line. */
#include "support/support.h"

#include "onnx/graph.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* every type of tensor and of attribute */
static vd_onnx_graph *small_graph(void)
{
    static const vd_onnx_type types[] = {VD_ONNX_FLOAT, VD_ONNX_UINT8,   VD_ONNX_INT8,  VD_ONNX_INT32,
                                         VD_ONNX_INT64, VD_ONNX_FLOAT16, VD_ONNX_DOUBLE};
    static const int64_t dims[3] = {2, 3, 1};
    vd_onnx_graph *g = make_vd_onnx_graph();
    for (int i = 0; i < COUNT_OF(types); ++i) {
        char *name = vd_format("tensor%d", i);
        vd_onnx_tensor *t = vd_onnx_add_tensor(g, name, types[i], 3 - i % 2, dims);
        for (size_t k = 0; k < t->n; ++k) {
            if (t->real) t->real[k] = (float)k - 1.5f;
            else t->integer[k] = (int64_t)k - (types[i] == VD_ONNX_UINT8 ? 0 : 2);
        }
        free(name);
    }
    vd_onnx_tensor *t = vd_onnx_add_tensor(g, "sparse", VD_ONNX_FLOAT, 2, (int64_t[]){7, 5});
    t->sparse = 1;
    t->real[4] = 3;
    t->real[34] = -1;
    vd_onnx_add_tensor(g, "scalar", VD_ONNX_FLOAT, 0, dims)->real[0] = 7;
    vd_onnx_node *node = vd_onnx_add_node(g, "Some", "y", "x", "", "sparse", (char *)0);
    vd_onnx_set_integer(node, "i", -5);
    vd_onnx_set_real(node, "f", .25f);
    vd_onnx_set_text(node, "s", "text");
    vd_onnx_set_integers(node, "is", 3, (int64_t[]){1, -1, 1000});
    vd_onnx_add_value(&g->input, &g->inputs, "x", VD_ONNX_FLOAT, 4, (int64_t[]){-1, 3, 8, 9});
    vd_onnx_add_value(&g->output, &g->outputs, "y", VD_ONNX_INT64, 1, (int64_t[]){-1});
    vd_onnx_add_note(g, "key", "text of\nlines");
    return g;
}

static char *written(const vd_onnx_graph *g, const char *name)
{
    char *path = in_folder(folder, name);
    FILE *fp = fopen(path, "wb");
    ck_assert_ptr_nonnull(fp);
    vd_onnx_write(g, fp);
    ck_assert_int_eq(fclose(fp), 0);
    return path;
}

START_TEST(a_model_is_read_as_it_was_written)
{
    vd_onnx_graph *g = small_graph();
    char *path = written(g, "a.onnx");
    vd_onnx_graph *r = vd_onnx_read(path);
    ck_assert(r->ir_version == 8 && r->opset == 13 && r->tensors == g->tensors && r->nodes == 1 && r->notes == 1);
    for (int i = 0; i < g->tensors; ++i) {
        const vd_onnx_tensor *b = vd_onnx_find_tensor(r, g->tensor[i].name), *a = g->tensor + i;
        ck_assert_ptr_nonnull(b);
        ck_assert(a->type == b->type && a->rank == b->rank && a->n == b->n && a->sparse == b->sparse);
        ck_assert(!memcmp(a->dims, b->dims, a->rank * sizeof(int64_t)));
        for (size_t k = 0; k < a->n; ++k)
            ck_assert(a->real ? a->real[k] == b->real[k] : a->integer[k] == b->integer[k]);
    }
    const vd_onnx_node *node = r->node;
    ck_assert(node->inputs == 3 && !strcmp(node->input[2], "sparse") && !*node->input[1] && !strcmp(node->name, "y"));
    ck_assert_int_eq(vd_onnx_integer_of(node, "i", 0), -5);
    ck_assert(vd_onnx_real_of(node, "f", 0) == .25f);
    ck_assert_str_eq(vd_onnx_text_of(node, "s", ""), "text");
    ck_assert(vd_onnx_find_attribute(node, "is")->n == 3 && vd_onnx_find_attribute(node, "is")->integers[1] == -1);
    ck_assert(r->input[0].rank == 4 && r->input[0].dims[0] == -1 && r->input[0].dims[3] == 9);
    ck_assert(r->output[0].type == VD_ONNX_INT64 && !strcmp(r->note[0][1], "text of\nlines"));
    free_vd_onnx_graph(g);
    free_vd_onnx_graph(r);
    free(path);
}
END_TEST

static void read_model_file(const char *path)
{
    free_vd_onnx_graph(vd_onnx_read(path));
}

/* read in a child: it ends with 0, or with 1 and one line that names the file */
static int is_refused(const char *path)
{
    char *err;
    int status = in_child(read_model_file, path, &err);
    ck_assert_msg(status == 0 || (status == 1 && strstr(err, path) == err && count_of(err, "\n") == 1), "status %d: %s",
                  status, err);
    free(err);
    return status;
}

START_TEST(a_file_cut_short_is_refused)
{
    vd_onnx_graph *g = small_graph();
    char *path = written(g, "a.onnx"), *cut = in_folder(folder, "cut.onnx");
    size_t n;
    char *bytes = read_bytes(path, &n);
    int refused = 0, tried = 0;
    for (size_t k = 0; k < n; k += 3, ++tried) {
        write_bytes(cut, bytes, k);
        refused += is_refused(cut);
    }
    ck_assert_int_gt(refused,
                     tried - 15); /* what is cut at the end of a field is whole, but for the fields behind it */
    free_vd_onnx_graph(g);
    free(path), free(cut), free(bytes);
}
END_TEST

START_TEST(a_file_with_other_bytes_is_read_or_refused)
{
    vd_onnx_graph *g = small_graph();
    char *path = written(g, "a.onnx"), *other = in_folder(folder, "other.onnx");
    size_t n;
    char *bytes = read_bytes(path, &n);
    int refused = 0;
    for (size_t k = 0; k < n; ++k) {
        char was = bytes[k];
        bytes[k] = (char)(was ^ (k % 2 ? 0xff : 0x08));
        write_bytes(other, bytes, n);
        refused += is_refused(other);
        bytes[k] = was;
    }
    ck_assert_int_gt(refused, (int)n / 8);
    free_vd_onnx_graph(g);
    free(path), free(other), free(bytes);
}
END_TEST

static void expect_refused(const void *bytes, size_t n, const char *why)
{
    char *path = in_folder(folder, "bad.onnx"), *err;
    write_bytes(path, bytes, n);
    ck_assert_int_eq(in_child(read_model_file, path, &err), 1);
    ck_assert_msg(strstr(err, why) != 0, "\"%s\" is not in \"%s\"", why, err);
    free(path), free(err);
}

START_TEST(an_empty_tensor_with_large_sides_is_refused)
{
    char *err;
    vd_onnx_graph *g = small_graph();
    vd_onnx_add_tensor(g, "empty", VD_ONNX_FLOAT, 4, (int64_t[]){0, 1 << 26, 1 << 26, 1 << 26})->sparse = 1;
    char *path = written(g, "a.onnx");
    ck_assert_int_eq(in_child(read_model_file, path, &err), 1);
    ck_assert_msg(strstr(err, "a.onnx: tensor empty: ") && strstr(err, "shape"), "%s", err);
    free_vd_onnx_graph(g);
    free(path), free(err);
}
END_TEST

/* nodes that make y, as bytes */
#define OTHER_DOMAIN            \
    "\x0a\x0d\x12\x01y\x22\x03" \
    "Abc\x3a\x03"               \
    "x.y"
#define GRAPH_WITHIN "\x0a\x0b\x12\x01y\x22\x02If\x2a\x02\x32\x00"

START_TEST(what_is_no_model_is_named)
{
    char *err, *path = in_folder(folder, "absent.onnx");
    ck_assert_int_eq(in_child(read_model_file, path, &err), 1);
    ck_assert_msg(strstr(err, "absent.onnx") != 0, "%s", err);
    free(path), free(err);
    expect_refused("", 0, "no ONNX file");
    expect_refused("[net]\nbatch=1\n", 14, "no ONNX file");
    /* graph: one initializer of 2^40 floats, without any */
    expect_refused("\x3a\x0b\x2a\x09\x08\x80\x80\x80\x80\x80\x20\x10\x01", 13, "shape");
    /* of 0 times 2^62 of them */
    expect_refused("\x3a\x10\x2a\x0e\x08\x00\x08\x80\x80\x80\x80\x80\x80\x80\x80\x40\x10\x01", 18, "shape");
    /* of strings; in another file */
    expect_refused("\x3a\x04\x2a\x02\x10\x08", 6, "tensors of type 8 are not read");
    expect_refused("\x3a\x04\x2a\x02\x70\x01", 6, "export to one file (PyTorch: external_data=False)");
    /* a node of another domain; a graph within a node; both make the output */
    expect_refused("\x3a\x14" OTHER_DOMAIN "\x62\x03\x0a\x01y", 22, "node y (Abc): operators of x.y");
    expect_refused("\x3a\x12" GRAPH_WITHIN "\x62\x03\x0a\x01y", 20, "graphs within nodes");
}
END_TEST

START_TEST(a_node_that_no_output_depends_on_is_left_out)
{
    char *path = in_folder(folder, "dead.onnx");
    /* an Abs of x makes z, the output */
    write_bytes(path,
                "\x3a\x2e" OTHER_DOMAIN GRAPH_WITHIN "\x0a\x0b\x0a\x01x\x12\x01z\x22\x03"
                "Abs\x62\x03\x0a\x01z\x42\x02\x10\x0d",
                52);
    vd_onnx_graph *g = vd_onnx_read(path);
    ck_assert_int_eq(g->nodes, 1);
    ck_assert_str_eq(g->node->type, "Abs");
    free_vd_onnx_graph(g);
    free(path);
}
END_TEST

/* more names than the set of those that are needed begins with */
START_TEST(all_nodes_of_a_long_chain_are_read)
{
    enum { NODES = 300 };
    vd_onnx_graph *g = make_vd_onnx_graph();
    vd_onnx_add_value(&g->input, &g->inputs, "t0", VD_ONNX_FLOAT, 1, (int64_t[]){1});
    for (int i = 0; i < NODES; ++i) {
        char *x = vd_format("t%d", i), *y = vd_format("t%d", i + 1);
        vd_onnx_add_node(g, "Abs", y, x, (char *)0);
        free(x), free(y);
    }
    char *path = written(g, "chain.onnx"), *last = vd_format("t%d", NODES);
    vd_onnx_graph *r = vd_onnx_read(path);
    ck_assert(r->nodes == 0 && r->inputs == 0); /* there is no output yet */
    free_vd_onnx_graph(r);
    free(path);
    vd_onnx_add_value(&g->output, &g->outputs, last, VD_ONNX_FLOAT, 1, (int64_t[]){1});
    path = written(g, "chain.onnx");
    r = vd_onnx_read(path);
    ck_assert(r->nodes == NODES && r->inputs == 1);
    for (int i = 0; i < NODES; ++i) ck_assert_str_eq(r->node[i].output[0], g->node[i].output[0]);
    free_vd_onnx_graph(r), free_vd_onnx_graph(g);
    free(path), free(last);
}
END_TEST

SUITE_OF(onnx_file)
{
    EACH(make_test_folder, remove_test_folder);
    TIMEOUT(240);
    TEST(a_model_is_read_as_it_was_written);
    TEST(a_file_cut_short_is_refused);
    TEST(a_file_with_other_bytes_is_read_or_refused);
    TEST(an_empty_tensor_with_large_sides_is_refused);
    TEST(what_is_no_model_is_named);
    TEST(a_node_that_no_output_depends_on_is_left_out);
    TEST(all_nodes_of_a_long_chain_are_read);
}
