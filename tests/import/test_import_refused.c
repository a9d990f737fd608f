/* import/: what darknet vd import refuses: a line names the node, and no file appears. */
#include "support/import_support.h"

#include "onnx/graph.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

static void expect_refused(const char *line)
{
    char *model = in_folder(folder, "model.onnx"), *out = in_folder(folder, "net");
    run_result r = run((const char *const[]){"darknet", "vd", "import", model, out, 0});
    ck_assert_int_eq(r.status, 1);
    ck_assert_msg(strstr(r.err, line) != 0, "no \"%s\": %s", line, r.err);
    ck_assert_int_eq(files_in(folder, "net"), 0);
    free_run(r);
    free(model), free(out);
}

#define SHUFFLE_EXPECTED "channels in another order, perm=0,2,1,3,4 between two Reshape, are expected\n"

START_TEST(what_darknet_cannot_say_names_the_node)
{
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 3);
    one("Erf", "y", "a");
    write_graph("y");
    expect_refused("model.onnx: node y (Erf): Darknet has no such layer\n");
    begin_graph(3, 8, 8);
    vd_onnx_set_integers(conv("y", "x", 4, 3, 3), "pads", 4, (int64_t[]){0, 0, 0, 1});
    write_graph("y");
    expect_refused(
        "node y (Conv): no window of up to 32x32 with the same pads on all sides has the outputs of 3x3 with "
        "pads of 0,0,0,1\n");
    begin_graph(3, 8, 8);
    vd_onnx_set_integers(conv("y", "x", 4, 3, 3), "pads", 4, (int64_t[]){0, 0, 30, 30});
    write_graph("y");
    expect_refused("has the outputs of 3x3 with pads of 0,0,30,30\n");
    begin_graph(3, 8, 8);
    integers("halves", 2, (int64_t[]){-1, 96});
    two("Reshape", "y", "x", "halves");
    write_graph("y");
    expect_refused("node y (Reshape): a row of all numbers, or the shape it has, is expected\n");
    static const int64_t rows[][3] = {{4}, {1, 4}, {1, 4, 1}};
    for (int i = 0; i < COUNT_OF(rows); ++i) {
        begin_graph(3, 8, 8);
        conv("a", "x", 4, 3, 8);
        random_constant("row", i + 1, rows[i]);
        two("Add", "y", "a", "row");
        write_graph("y");
        char *line =
            vd_format("node y (Add): 4 numbers in %d dimensions: one, or one for each of 4 channels, [4, 1, 1], "
                      "is expected\n",
                      i + 1);
        expect_refused(line);
        free(line);
    }
    begin_graph(3, 8, 8);
    vd_onnx_set_integer(vd_onnx_add_node(g, "Cast", "y", "x", (char *)0), "to", VD_ONNX_FLOAT16);
    write_graph("y");
    expect_refused("node y (Cast): to=10: 1, floats, is expected\n");
    begin_graph(3, 8, 8);
    random_constant("variance", 3, (int64_t[]){3, 1, 1});
    one("Sqrt", "deviation", "variance");
    two("Div", "y", "x", "deviation");
    write_graph("y");
    expect_refused("node deviation (Sqrt): it makes a constant in a way that is not known: a model with folded "
                   "constants is expected\n");
    begin_graph(3, 8, 8);
    vd_onnx_node *wide = vd_onnx_add_node(g, "MaxPool", "y", "x", (char *)0);
    vd_onnx_set_integers(wide, "kernel_shape", 2, (int64_t[]){2, 2});
    pads(wide, 2);
    write_graph("y");
    expect_refused("node y (MaxPool): pads as large as the window: smaller are expected\n");
    begin_graph(3, 8, 8);
    vd_onnx_node *twice = conv("y", "x", 4, 3, 3);
    vd_onnx_set_text(twice, "auto_pad", "VALID");
    pads(twice, 1);
    write_graph("y");
    expect_refused("node y (Conv): auto_pad=VALID and pads: one of them is expected\n");
    begin_graph(3, 8, 8);
    g->opset = 6;
    conv("a", "x", 4, 3, 3);
    random_constant("slopes", 1, (int64_t[]){4});
    two("PRelu", "y", "a", "slopes");
    write_graph("y");
    expect_refused("node y (PRelu): a slope for each channel as opset 6 has it: a model exported with opset 7 or later "
                   "is expected\n");
    for (int i = 0; i < 3; ++i) {
        static const char *const keys[] = {"strides", "dilations", "pads"};
        const int64_t large[] = {4097, 4097, 4097, 4097};
        begin_graph(3, 8, 8);
        vd_onnx_set_integers(conv("y", "x", 4, 3, 3), keys[i], i < 2 ? 2 : 4, large);
        write_graph("y");
        expect_refused("model.onnx: node y (Conv): a stride, dilation or pad above 4096: no section has it\n");
    }
    begin_graph(3, 8, 8);
    conv("y", "x", 4, 2, 3);
    write_graph("y");
    expect_refused("node y (Conv): weights that do not fit 3 channels\n");
    begin_graph(3, -1, 8);
    conv("y", "x", 4, 3, 3);
    write_graph("y");
    expect_refused("input x: a fixed size from 1 to 16384 is expected in dimension 2\n");
    begin_graph(3, 8, 8);
    one("Relu", "y", "x");
    conv("z", "x", 4, 3, 3);
    vd_onnx_add_value(&g->output, &g->outputs, "z", VD_ONNX_FLOAT, 2, (int64_t[]){-1, -1});
    write_graph("y");
    expect_refused("model.onnx: 2 outputs: one is expected\n");
    begin_graph(3, 8, 8);
    one("Transpose", "y", "x");
    write_graph("y");
    expect_refused("node y (Transpose): " SHUFFLE_EXPECTED);
    begin_graph(4, 8, 8);
    conv("a", "x", 4, 4, 3);
    integers("halves", 5, (int64_t[]){0, 2, -1, 6, 6});
    two("Reshape", "b", "a", "halves");
    vd_onnx_set_integers(vd_onnx_add_node(g, "Transpose", "y", "b", (char *)0), "perm", 5, (int64_t[]){0, 1, 2, 4, 3});
    write_graph("y");
    expect_refused("node y (Transpose): " SHUFFLE_EXPECTED);
    begin_graph(3, 8, 8);
    vd_onnx_set_integers(vd_onnx_add_node(g, "MaxPool", "y", "x", (char *)0), "kernel_shape", 2, (int64_t[]){2, 1});
    write_graph("y");
    expect_refused("node y (MaxPool): a window of 2x1: a square is expected\n");
    begin_graph(3, 8, 8);
    random_constant("w", 4, (int64_t[]){2, 3, 1, 3});
    two("Conv", "y", "x", "w");
    write_graph("y");
    expect_refused("has the outputs of 1x3 with pads of 0,0,0,0\n");
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 3);
    conv("b", "x", 4, 3, 3);
    two("Max", "y", "a", "b");
    write_graph("y");
    expect_refused("node y (Max): two inputs, one of them one number, are expected\n");
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 3);
    constant("six", 1, (float[]){6});
    two("Min", "y", "a", "six");
    write_graph("y");
    expect_refused("node y (Min): from -inf to 6: 0 to 6 and -1 to 1 are expected\n");
    for (int twice = 0; twice < 2; ++twice) {
        begin_graph(3, 8, 8);
        conv("a", "x", 4, 3, 3);
        vd_onnx_set_integers(vd_onnx_add_node(g, "ReduceMean", "b", "a", (char *)0), "axes", 1, (int64_t[]){3});
        if (twice)
            vd_onnx_set_integers(vd_onnx_add_node(g, "ReduceMean", "y", "b", (char *)0), "axes", 1, (int64_t[]){3});
        else one("Relu", "y", "b");
        write_graph("y");
        expect_refused(twice ? "node y (ReduceMean): axes: 2 and 3 are expected, of both together\n"
                             : "node b (ReduceMean): axes: 2 and 3 are expected\n");
    }
    begin_graph(3, 0, 0);
    random_constant("w", 2, (int64_t[]){1, 2});
    vd_onnx_set_integer(vd_onnx_add_node(g, "Gemm", "y", "x", "w", (char *)0), "transA", 1);
    write_graph("y");
    expect_refused("node y (Gemm): transA=1: 0 is expected, unless its input is one number\n");
    begin_graph(3, 0, 0);
    one("LogSoftmax", "y", "x");
    write_graph("y");
    expect_refused("node y (LogSoftmax): Darknet's last layer is [softmax]: export a model that ends in Softmax\n");
    begin_graph(3, 8, 8);
    integers("around", 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
    two("Pad", "p", "x", "around");
    one("Relu", "y", "p");
    write_graph("y");
    expect_refused(
        "node y (Relu): only a Conv, an AveragePool, or a MaxPool behind a Relu can read what a Pad makes\n");
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 3);
    integers("around", 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
    two("Pad", "p", "a", "around");
    vd_onnx_set_integers(vd_onnx_add_node(g, "MaxPool", "y", "p", (char *)0), "kernel_shape", 2, (int64_t[]){3, 3});
    write_graph("y");
    expect_refused(
        "node y (MaxPool): only a Conv, an AveragePool, or a MaxPool behind a Relu can read what a Pad makes\n");
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 1);
    one("Relu", "r", "a");
    integers("around", 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
    two("Pad", "p", "r", "around");
    vd_onnx_node *corner = vd_onnx_add_node(g, "MaxPool", "y", "p", (char *)0);
    vd_onnx_set_integers(corner, "kernel_shape", 2, (int64_t[]){2, 2});
    vd_onnx_set_integers(corner, "strides", 2, (int64_t[]){3, 3});
    vd_onnx_set_integer(corner, "ceil_mode", 1);
    write_graph("y");
    expect_refused("node y (MaxPool): a window of zeros alone: pixels in every window are expected\n");
    for (int drops = 0; drops <= 1; ++drops) {
        begin_graph(3, 8, 8);
        conv("a", "x", 4, 3, 3);
        random_constant("c", 1, (int64_t[]){4});
        constant("half", 1, (float[]){.5f});
        integers("yes", 1, (int64_t[]){1});
        if (drops) vd_onnx_add_node(g, "Dropout", "y", "a", "half", "yes", (char *)0);
        else
            vd_onnx_set_integer(vd_onnx_add_node(g, "BatchNormalization", "y", "a", "c", "c", "c", "c", (char *)0),
                                "training_mode", 1);
        write_graph("y");
        expect_refused("): training_mode=1: a model exported for inference is expected\n");
    }
    resize_by(3, "align_corners", "floor");
    expect_refused(
        "node y (Resize): align_corners with nearest_mode=floor: asymmetric with floor, or half_pixel rounded, "
        "is expected\n");
    resize_by(3, "asymmetric", "ceil");
    expect_refused("node y (Resize): asymmetric with nearest_mode=ceil: ");
    resize_by(3, "asymmetric", "round_prefer_floor");
    expect_refused("node y (Resize): asymmetric with nearest_mode=round_prefer_floor: ");
    begin_graph(6, 8, 8);
    pads(conv("a", "x", 6, 6, 3), 1);
    vd_onnx_node *split = vd_onnx_add_node(g, "Split", "b", "a", (char *)0);
    vd_onnx_set_integer(split, "axis", 1);
    vd_onnx_set_integers(split, "split", 2, (int64_t[]){2, 4});
    add_output(split, "y");
    write_graph("y");
    expect_refused("node b (Split): one of several equal parts is expected\n");
    begin_graph(3, 8, 8);
    g->opset = 18;
    conv("a", "x", 4, 3, 3);
    vd_onnx_node *thirds = vd_onnx_add_node(g, "Split", "y", "a", (char *)0);
    vd_onnx_set_integer(thirds, "axis", 1);
    vd_onnx_set_integer(thirds, "num_outputs", 3);
    add_output(thirds, "b");
    add_output(thirds, "c");
    write_graph("y");
    expect_refused("node y (Split): one of several equal parts is expected\n");
    begin_graph(3, 8, 8);
    g->opset = 18;
    conv("a", "x", 4, 3, 3);
    constant("by", 2, (float[]){2, 2});
    vd_onnx_node *larger = vd_onnx_add_node(g, "Resize", "y", "a", "", "by", (char *)0);
    vd_onnx_set_integers(larger, "axes", 2, (int64_t[]){2, 3});
    write_graph("y");
    expect_refused("node y (Resize): axes: scales or sizes of all dimensions are expected\n");
    begin_graph(3, 8, 8);
    g->opset = 18;
    conv("a", "x", 4, 3, 3);
    constant("by", 4, (float[]){1, 1, 2, 1});
    larger = vd_onnx_add_node(g, "Resize", "y", "a", "", "by", (char *)0);
    vd_onnx_set_integers(larger, "axes", 4, (int64_t[]){0, 1, 3, 2});
    write_graph("y");
    expect_refused("node y (Resize): axes: scales or sizes of all dimensions are expected\n");
}
END_TEST

/* a pool's node has no weights: a short file may ask for as many as it likes */
START_TEST(windows_of_pools_have_a_limit)
{
    static const char *const types[] = {"MaxPool", "AveragePool", "AveragePool"};
    for (int i = 0; i < COUNT_OF(types); ++i) {
        begin_graph(3, 8, 8);
        vd_onnx_node *node = vd_onnx_add_node(g, types[i], "y", "x", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){4097, 4097});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){4097, 4097});
        if (i == 2) vd_onnx_set_integer(node, "count_include_pad", 1);
        pads(node, 2048);
        write_graph("y");
        expect_refused("Pool): a window of 4097x4097: 4096x4096 at most is expected\n");
    }
    begin_graph(3, 8, 8);
    conv("a", "x", 600, 3, 3);
    vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "y", "a", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){501, 501});
    vd_onnx_set_integer(node, "count_include_pad", 1);
    pads(node, 250);
    write_graph("y");
    expect_refused("node y (AveragePool): 600 windows of 501x501, which carry its pads, are too many\n");
}
END_TEST

static void join(const char *out, const char *in, int times)
{
    vd_onnx_node *node = vd_onnx_add_node(g, "Concat", out, (char *)0);
    for (int i = 0; i < times; ++i) vd_onnx_add_input(node, in);
    vd_onnx_set_integer(node, "axis", 1);
}

START_TEST(an_output_of_more_numbers_than_an_int_holds_is_refused)
{
    begin_graph(1 << 14, 0, 0);
    one("Relu", "a", "x");
    join("b", "a", 1 << 12);
    join("y", "b", 1 << 5);
    write_graph("y");
    expect_refused("node y (Concat): an output of 2147483648x1x1 is too large\n");
}
END_TEST

/* a number for each pixel of a map, behind a product that has one for each filter */
START_TEST(numbers_of_a_flat_map_are_not_channels)
{
    for (int is_sum = 0; is_sum < 2; ++is_sum) {
        begin_graph(1, 4, 4);
        conv("a", "x", 2, 1, 3);
        one("Flatten", "f", "a");
        random_constant("b", 1, (int64_t[]){8});
        random_constant("variance", 1, (int64_t[]){8});
        if (is_sum) two("Add", "y", "f", "b");
        else vd_onnx_add_node(g, "BatchNormalization", "y", "f", "b", "b", "b", "variance", (char *)0);
        write_graph("y");
        expect_refused("): it is not behind a Conv, Gemm or MatMul of its own\n");
    }
}
END_TEST

START_TEST(numbers_that_are_not_finite_are_named)
{
    for (int bias = 0; bias < 2; ++bias) {
        begin_graph(3, 8, 8);
        random_constant("w", 4, (int64_t[]){4, 3, 3, 3});
        constant("b", 4, (const float[]){0, 1, bias ? NAN : 2, 3});
        if (!bias) g->tensor[0].real[7] = INFINITY;
        vd_onnx_node *node = vd_onnx_add_node(g, "Conv", "y", "x", "w", "b", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
        write_graph("y");
        expect_refused(bias ? "model.onnx: bias 2 of layer 0 [convolutional] is not finite\n"
                            : "model.onnx: weight 7 of layer 0 [convolutional] is not finite\n");
    }
}
END_TEST

START_TEST(outputs_that_are_not_finite_are_no_difference_of_nan)
{
    begin_graph(2, 4, 4);
    vd_onnx_tensor *w = vd_onnx_add_tensor(g, "w", VD_ONNX_FLOAT, 4, (int64_t[]){1, 2, 2, 2});
    for (size_t i = 0; i < w->n; ++i) w->real[i] = 3e38f;
    two("Conv", "y", "x", "w");
    write_graph("y");
    expect_refused("net.cfg: not written: outputs differ by inf of the largest output, more than 0.0001\n");
}
END_TEST

START_TEST(files_and_arguments_that_are_wrong_are_named)
{
    write_in_folder("model.onnx", "[net]\n");
    expect_refused("model.onnx: damaged: no ONNX file, or cut off\n");
    free_run(darknet(1, "vd", "import", "one", (char *)0));
    begin_graph(3, 5, 4);
    conv("y", "x", 4, 3, 1);
    write_graph("y");
    size_t n;
    char *model = in_folder(folder, "model.onnx"), *cfg = in_folder(folder, "net.cfg"), *bytes = read_bytes(model, &n);
    char *out = in_folder(folder, "net");
    write_bytes(cfg, bytes, n);
    run_result own = darknet(1, "vd", "import", cfg, out, (char *)0);
    ck_assert_msg(strstr(own.err, "net.cfg: would overwrite the model: choose another name\n") != 0, "%s", own.err);
    expect_file(cfg, bytes, n);
    ck_assert_int_eq(files_in(folder, "net"), 1);
    free_run(own), free(model), free(cfg), free(bytes), free(out);
    run_result r = darknet(1, "vd", "import", "-x", "a", "b", (char *)0);
    ck_assert_ptr_nonnull(strstr(r.err, "unknown option -x"));
    free_run(r);
    r = darknet(0, "vd", "import", "-h", (char *)0);
    ck_assert_ptr_nonnull(strstr(r.out, "usage: darknet vd import MODEL.onnx OUT"));
    free_run(r);
}
END_TEST

/* nodes that it does not depend on are left out of what is read: the line is about those that it does */
START_TEST(an_output_that_is_of_no_layer_is_named)
{
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 3);
    random_constant("w", 4, (int64_t[]){1, 3, 8, 8});
    one("Relu", "y", "w");
    write_graph("y");
    expect_refused("model.onnx: the output y does not depend on an input\n");
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 3);
    integers("around", 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
    two("Pad", "y", "a", "around");
    write_graph("y");
    expect_refused("model.onnx: the output y is what a Pad makes: that of a layer is expected\n");
    begin_graph(3, 8, 8);
    one("Relu", "y", "a");
    conv("a", "x", 4, 3, 3);
    write_graph("y");
    expect_refused("model.onnx: node a stands behind a node that reads its output: it is expected in front\n");
}
END_TEST

SUITE_OF(import_refused)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(what_darknet_cannot_say_names_the_node);
    TEST(windows_of_pools_have_a_limit);
    TEST(an_output_of_more_numbers_than_an_int_holds_is_refused);
    TEST(numbers_of_a_flat_map_are_not_channels);
    TEST(numbers_that_are_not_finite_are_named);
    TEST(outputs_that_are_not_finite_are_no_difference_of_nan);
    TEST(an_output_that_is_of_no_layer_is_named);
    TEST(files_and_arguments_that_are_wrong_are_named);
}
