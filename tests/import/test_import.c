/* import/: darknet vd import. The importer compares the network with the model, as onnx/evaluate.c runs it, and ends
 * the process when they differ; here it is seen what sections it makes. */
#include "support/export_support.h"
#include "support/import_support.h"
#include "support/random_export.h"

#include "import/import.h"
#include "layer/vd_layer.h"
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* the sections of NAME without [net]'s keys, by import in this process */
static char *imported(double most)
{
    char *model = in_folder(folder, "model.onnx"), *out = in_folder(folder, "net");
    vd_import_result r = vd_import(model, out);
    ck_assert_msg(r.difference < most, "%g", r.difference);
    char *text = text_in_folder("net.cfg"), *sections = vd_format("%s", strstr(text, "max_batches"));
    free(model), free(out), free(text);
    return sections;
}

static void expect_sections(const char *expected)
{
    char *text = imported(1e-5), *line = vd_format("max_batches=10000\n%s", expected);
    ck_assert_str_eq(text, line);
    free(text), free(line);
}

/* ---- what becomes what ---- */

#define LINEAR_3 "\n[convolutional]\nfilters=3\nsize=1\nstride=1\npadding=0\nactivation=linear\n"

START_TEST(products_take_what_comes_behind_them)
{
    begin_graph(3, 9, 8);
    pads(conv("a", "x", 6, 3, 3), 1);
    random_constant("s", 1, (int64_t[]){6});
    random_constant("b", 1, (int64_t[]){6});
    random_constant("m", 1, (int64_t[]){6});
    random_constant("variance", 1, (int64_t[]){6});
    vd_onnx_add_node(g, "BatchNormalization", "n", "a", "s", "b", "m", "variance", (char *)0);
    one("Relu", "r", "n");
    vd_onnx_node *node = conv("c", "r", 4, 3, 3);
    vd_onnx_set_integer(node, "group", 2);
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    random_constant("bias", 3, (int64_t[]){4, 1, 1});
    two("Add", "d", "c", "bias");
    one("Sigmoid", "gate", "d");
    two("Mul", "e", "gate", "d");
    one("Flatten", "f", "e");
    random_constant("w", 2, (int64_t[]){48, 5});
    random_constant("wb", 1, (int64_t[]){5});
    two("MatMul", "h", "f", "w");
    two("Add", "i", "wb", "h");
    one("Softmax", "y", "i");
    write_graph("y");
    expect_sections("\n[convolutional]\nbatch_normalize=1\nfilters=6\nsize=3\nstride=1\npadding=1\nactivation=relu\n"
                    "\n[convolutional]\nfilters=4\nsize=3\nstride=2\npadding=0\ngroups=2\nactivation=swish\n"
                    "\n[connected]\noutput=5\nactivation=linear\n\n[softmax]\n");
    char *vd = text_in_folder("net-vd.cfg");
    ck_assert_int_eq(count_of(vd, "[vd_convolutional]\n"), 2);
    ck_assert_int_eq(count_of(vd, "[vd_connected]\n"), 1);
    ck_assert_ptr_nonnull(strstr(vd, "[vd_cost]\n# the number of images in the training set\nsamples=10000\n"));
    char *cfg = in_folder(folder, "net-vd.cfg"), *weights = in_folder(folder, "net.weights");
    network *net = load_network(cfg, weights, 0);
    ck_assert_ptr_nonnull(vd_layer_of(net->layers[0]));
    free_network(net);
    free(vd), free(cfg), free(weights);
}
END_TEST

/* a residual block with a strided 1x1 convolution beside it, as ResNets have */
START_TEST(branches_become_routes_and_shortcuts)
{
    begin_graph(4, 8, 8);
    vd_onnx_set_integers(conv("a", "x", 4, 4, 1), "strides", 2, (int64_t[]){2, 2});
    vd_onnx_node *node = conv("b", "x", 4, 4, 3);
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    pads(node, 1);
    one("Relu", "c", "b");
    two("Add", "d", "a", "c");
    one("Relu", "e", "d");
    vd_onnx_set_integer(vd_onnx_add_node(g, "Concat", "f", "e", "c", "d", (char *)0), "axis", 1);
    write_graph("f");
    expect_sections(
        "\n[maxpool]\nsize=1\nstride=1\npadding=0\n\n[maxpool]\nsize=1\nstride=2\npadding=0\n"
        "\n[convolutional]\nfilters=4\nsize=1\nstride=1\npadding=0\nactivation=linear\n\n[route]\nlayers=0\n"
        "\n[convolutional]\nfilters=4\nsize=3\nstride=2\npadding=1\nactivation=relu\n"
        "\n[shortcut]\nfrom=2\nactivation=linear\n\n[activation]\nactivation=relu\n\n[route]\nlayers=6,4,5\n");
}
END_TEST

/* rounded up, a 4x4 map would have a third window a side, which begins behind it */
START_TEST(windows_of_ceil_mode_begin_in_the_map)
{
    begin_graph(3, 4, 4);
    conv("a", "x", 2, 3, 1);
    vd_onnx_node *node = vd_onnx_add_node(g, "MaxPool", "y", "a", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){1, 1});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    vd_onnx_set_integer(node, "ceil_mode", 1);
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=2\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[maxpool]\nsize=1\nstride=2\npadding=0\n");
}
END_TEST

START_TEST(pools_and_sizes)
{
    begin_graph(4, 9, 9);
    vd_onnx_node *node = vd_onnx_add_node(g, "MaxPool", "a", "x", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){2, 2});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    vd_onnx_set_integer(node, "ceil_mode", 1);
    constant("by", 4, (float[]){1, 1, 2, 2});
    node = vd_onnx_add_node(g, "Resize", "b", "a", "", "by", (char *)0);
    vd_onnx_set_text(node, "coordinate_transformation_mode", "asymmetric");
    vd_onnx_set_text(node, "nearest_mode", "floor");
    integers("first", 1, (int64_t[]){2});
    integers("end", 1, (int64_t[]){4});
    integers("axis", 1, (int64_t[]){-3});
    vd_onnx_add_node(g, "Slice", "c", "b", "first", "end", "axis", (char *)0);
    node = vd_onnx_add_node(g, "AveragePool", "d", "c", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    pads(node, 1);
    one("GlobalAveragePool", "e", "d");
    integers("shape", 2, (int64_t[]){0, -1});
    two("Reshape", "f", "e", "shape");
    random_constant("w", 2, (int64_t[]){3, 2});
    vd_onnx_set_integer(vd_onnx_add_node(g, "Gemm", "h", "f", "w", (char *)0), "transB", 1);
    constant("low", 1, (float[]){0});
    constant("high", 1, (float[]){6});
    vd_onnx_add_node(g, "Clip", "y", "h", "low", "high", (char *)0);
    write_graph("y");
    expect_sections(
        "\n[maxpool]\nsize=2\nstride=2\npadding=1\n\n[upsample]\nstride=2\n"
        "\n[route]\nlayers=1\ngroups=2\ngroup_id=1\n\n[local_avgpool]\nsize=3\nstride=2\npadding=2\n\n[avgpool]\n"
        "\n[connected]\noutput=3\nactivation=relu6\n");
}
END_TEST

static void same_lower_pool(const char *type, const char *y, const char *x, int size, int stride)
{
    vd_onnx_node *node = vd_onnx_add_node(g, type, y, x, (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){size, size});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){stride, stride});
    vd_onnx_set_text(node, "auto_pad", "SAME_LOWER");
}

#define PART_OF_2 "\n[convolutional]\nfilters=3\nsize=2\nstride=1\npadding=0\ngroups=3\nactivation=linear\n"

/* Darknet's windows begin as far in front of the map as others end behind it, or one less: the last are cut off */
START_TEST(pools_may_have_more_pads_in_front)
{
    begin_graph(3, 7, 7);
    conv("a", "x", 3, 3, 1);
    same_lower_pool("MaxPool", "b", "a", 2, 1);
    same_lower_pool("AveragePool", "c", "b", 4, 1);
    vd_onnx_node *node = vd_onnx_add_node(g, "MaxPool", "d", "c", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
    vd_onnx_set_integers(node, "pads", 4, (int64_t[]){0, 0, 2, 2});
    node = vd_onnx_add_node(g, "MaxPool", "e", "d", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
    vd_onnx_set_integers(node, "pads", 4, (int64_t[]){0, 1, 2, 1});
    same_lower_pool("MaxPool", "y", "e", 2, 2);
    write_graph("y");
    expect_sections(LINEAR_3 "\n[maxpool]\nsize=2\nstride=1\npadding=2\n" PART_OF_2
                             "\n[local_avgpool]\nsize=4\nstride=1\npadding=4\n" PART_OF_2
                             "\n[maxpool]\nsize=3\nstride=1\npadding=3\n" PART_OF_2
                             "\n[maxpool]\nsize=3\nstride=1\npadding=3\n" PART_OF_2
                             "\n[maxpool]\nsize=2\nstride=2\npadding=2\n");
}
END_TEST

START_TEST(the_largest_of_a_map_that_is_no_square)
{
    static const int sides[][2] = {{3, 4}, {4, 1}, {2, 9}};
    static const char *const keys[] = {"size=4\nstride=4\npadding=1", "size=6\nstride=6\npadding=5",
                                       "size=15\nstride=15\npadding=13"};
    for (int i = 0; i < COUNT_OF(sides); ++i) {
        begin_graph(3, sides[i][0], sides[i][1]);
        conv("a", "x", 3, 3, 1);
        one("GlobalMaxPool", "y", "a");
        write_graph("y");
        char *sections = vd_format("%s\n[maxpool]\n%s\n", LINEAR_3, keys[i]);
        expect_sections(sections);
        free(sections);
    }
}
END_TEST

/* as large as the map, with zeros around it: nine windows, not one */
START_TEST(a_mean_as_large_as_its_map_may_have_zeros_around_it)
{
    for (int stride = 1; stride <= 3; stride += 2) {
        begin_graph(3, 3, 3);
        conv("a", "x", 4, 3, 1);
        vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "y", "a", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){stride, stride});
        vd_onnx_set_text(node, "auto_pad", "SAME_UPPER");
        write_graph("y");
        expect_sections(stride == 1 ? "\n[convolutional]\nfilters=4\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                                      "\n[local_avgpool]\nsize=3\nstride=1\npadding=2\n"
                                    : "\n[convolutional]\nfilters=4\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                                      "\n[avgpool]\n");
    }
}
END_TEST

/* Keras's ResNet-50 has a Pad of zeros between Relu and MaxPool, which cannot be the largest alone */
START_TEST(zeros_are_no_maximum_behind_a_relu)
{
    begin_graph(3, 6, 8);
    conv("a", "x", 3, 3, 1);
    one("Relu", "b", "a");
    integers("around", 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
    two("Pad", "c", "b", "around");
    vd_onnx_node *node = vd_onnx_add_node(g, "MaxPool", "y", "c", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=3\nsize=1\nstride=1\npadding=0\nactivation=relu\n"
                    "\n[maxpool]\nsize=3\nstride=2\npadding=2\n");
}
END_TEST

/* PyTorch's AvgPool2d((3, 4)) has pads of zero; of such a window no other section is a mean */
START_TEST(a_mean_of_all_pixels_need_not_be_a_square)
{
    begin_graph(3, 3, 4);
    conv("a", "x", 3, 3, 1);
    vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "y", "a", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 4});
    pads(node, 0);
    write_graph("y");
    expect_sections(LINEAR_3 "\n[avgpool]\n");
}
END_TEST

/* the last windows have less pixels, also where zeros would count: as in ResNet-D */
START_TEST(means_may_end_behind_the_map)
{
    for (int zeros = 0; zeros < 2; ++zeros) {
        begin_graph(3, 5, 5);
        conv("a", "x", 3, 3, 1);
        vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "y", "a", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){2, 2});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
        vd_onnx_set_integer(node, "ceil_mode", 1);
        vd_onnx_set_integer(node, "count_include_pad", zeros);
        write_graph("y");
        expect_sections(LINEAR_3 "\n[local_avgpool]\nsize=2\nstride=2\npadding=1\n");
    }
}
END_TEST

/* zeros that no window reaches: a convolution of 1x1 with a stride would not be that of stock Darknet, either */
START_TEST(zeros_that_no_window_reaches_are_in_no_mean)
{
    for (int size = 1; size <= 2; ++size) {
        begin_graph(3, 4, 4);
        conv("a", "x", 3, 3, 1);
        integers("around", 8, (int64_t[]){0, 0, 0, 0, 0, 0, 1, 1});
        two("Pad", "p", "a", "around");
        vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "y", "p", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){size, size});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){size == 1 ? 3 : 2, size == 1 ? 3 : 2});
        write_graph("y");
        expect_sections(size == 1 ? LINEAR_3 "\n[local_avgpool]\nsize=1\nstride=3\npadding=0\n"
                                  : LINEAR_3 "\n[local_avgpool]\nsize=2\nstride=2\npadding=0\n");
    }
}
END_TEST

START_TEST(each_way_to_the_pixel_below_is_an_upsample)
{
    static const char *const words[][2] = {{0, 0},
                                           {"half_pixel", "round_prefer_ceil"},
                                           {"pytorch_half_pixel", 0},
                                           {"asymmetric", "floor"},
                                           {"tf_half_pixel_for_nn", "floor"}};
    static const char expected[] = "\n[convolutional]\nfilters=4\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                                   "\n[upsample]\nstride=3\n";
    for (int i = 0; i < COUNT_OF(words); ++i) resize_by(3, words[i][0], words[i][1]), expect_sections(expected);
    resize_by(2, "asymmetric", "round_prefer_floor"); /* 1/2 is 0, 3/2 is 1 */
    expect_sections("\n[convolutional]\nfilters=4\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[upsample]\nstride=2\n");
    begin_graph(3, 5, 4);
    g->opset = 10; /* without these words, and without a region */
    conv("a", "x", 4, 3, 1);
    constant("by", 4, (float[]){1, 1, 3, 3});
    two("Resize", "y", "a", "by");
    write_graph("y");
    expect_sections(expected);
    begin_graph(3, 5, 4);
    g->opset = 18; /* all axes named, in their order */
    conv("a", "x", 4, 3, 1);
    constant("by", 4, (float[]){1, 1, 3, 3});
    vd_onnx_node *node = vd_onnx_add_node(g, "Resize", "y", "a", "", "by", (char *)0);
    vd_onnx_set_integers(node, "axes", 4, (int64_t[]){0, 1, -2, -1});
    write_graph("y");
    expect_sections(expected);
}
END_TEST

/* before opset 13 a Softmax is over all numbers of a picture, as SqueezeNet has it behind its means */
START_TEST(an_older_softmax_takes_maps_of_one_pixel)
{
    begin_graph(3, 5, 4);
    g->opset = 11;
    conv("a", "x", 4, 3, 1);
    one("GlobalAveragePool", "b", "a");
    one("Softmax", "y", "b");
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[avgpool]\n\n[softmax]\n");
}
END_TEST

START_TEST(windows_of_the_same_size_have_a_padding)
{
    begin_graph(3, 5, 4);
    vd_onnx_set_text(conv("a", "x", 4, 3, 3), "auto_pad", "SAME_LOWER");
    vd_onnx_set_text(conv("y", "a", 2, 4, 1), "auto_pad", "VALID");
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=3\nstride=1\npadding=1\nactivation=linear\n"
                    "\n[convolutional]\nfilters=2\nsize=1\nstride=1\npadding=0\nactivation=linear\n");
}
END_TEST

/* as the last Conv of SqueezeNet 1.0 has them; with a stride, too */
START_TEST(pads_of_1x1_windows_are_those_of_3x3)
{
    begin_graph(3, 5, 4);
    pads(conv("a", "x", 4, 3, 1), 1);
    vd_onnx_node *node = conv("y", "a", 2, 2, 1);
    vd_onnx_set_integer(node, "group", 2);
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    pads(node, 2);
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=3\nstride=1\npadding=2\nactivation=linear\n"
                    "\n[convolutional]\nfilters=2\nsize=3\nstride=2\npadding=3\ngroups=2\nactivation=linear\n");
}
END_TEST

static vd_onnx_node *strided_conv(const char *y, const char *x, int groups, int size)
{
    vd_onnx_node *node = conv(y, x, 4, 4 / groups, size);
    vd_onnx_set_integer(node, "group", groups);
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    return node;
}

/* as Keras and TensorFlow have it: with one zero more behind, unless the last window does not reach it */
START_TEST(zeros_on_one_side_are_in_a_larger_window)
{
    begin_graph(4, 16, 15);
    vd_onnx_set_text(strided_conv("a", "x", 1, 3), "auto_pad", "SAME_UPPER");
    vd_onnx_set_text(strided_conv("b", "a", 4, 3), "auto_pad", "SAME_UPPER");
    vd_onnx_set_text(strided_conv("c", "b", 2, 3), "auto_pad", "SAME_LOWER");
    vd_onnx_set_integers(conv("d", "c", 4, 4, 2), "pads", 4, (int64_t[]){1, 1, 0, 0});
    vd_onnx_set_integers(strided_conv("e", "d", 1, 1), "pads", 4, (int64_t[]){0, 0, 1, 1});
    integers("around", 8, (int64_t[]){0, 0, 3, 3, 0, 0, 0, 0});
    two("Pad", "p", "e", "around");
    conv("y", "p", 4, 4, 3);
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=5\nstride=2\npadding=2\nactivation=linear\n"
                    "\n[convolutional]\nfilters=4\nsize=4\nstride=2\npadding=1\ngroups=4\nactivation=linear\n"
                    "\n[convolutional]\nfilters=4\nsize=3\nstride=2\npadding=1\ngroups=2\nactivation=linear\n"
                    "\n[convolutional]\nfilters=4\nsize=3\nstride=1\npadding=1\nactivation=linear\n"
                    "\n[convolutional]\nfilters=4\nsize=2\nstride=2\npadding=1\nactivation=linear\n"
                    "\n[convolutional]\nfilters=4\nsize=6\nstride=1\npadding=3\nactivation=linear\n");
    begin_graph(4, 6,
                6); /* a window of 1x1 with a padding of 1 has as many outputs, but Darknet writes behind arrays */
    vd_onnx_set_integers(strided_conv("y", "x", 1, 1), "pads", 4, (int64_t[]){1, 1, 0, 0});
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=2\nstride=2\npadding=1\nactivation=linear\n");
}
END_TEST

/* dilations that Darknet's key does not say: without pads, of an even window, one for each side */
START_TEST(other_dilations_are_in_a_larger_window)
{
    begin_graph(3, 12, 12);
    vd_onnx_set_integers(conv("a", "x", 4, 3, 3), "dilations", 2, (int64_t[]){2, 2});
    vd_onnx_node *node = conv("b", "a", 4, 4, 2);
    vd_onnx_set_integers(node, "dilations", 2, (int64_t[]){2, 2});
    pads(node, 1);
    node = conv("y", "b", 4, 4, 3);
    vd_onnx_set_integers(node, "dilations", 2, (int64_t[]){1, 2});
    vd_onnx_set_integers(node, "pads", 4, (int64_t[]){1, 2, 1, 2});
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=5\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[convolutional]\nfilters=4\nsize=3\nstride=1\npadding=1\nactivation=linear\n"
                    "\n[convolutional]\nfilters=4\nsize=5\nstride=1\npadding=2\nactivation=linear\n");
}
END_TEST

/* ONNX Runtime runs a pool so, and refuses a Conv that has both words */
START_TEST(a_pool_with_auto_pad_has_no_pads_of_its_own)
{
    begin_graph(3, 5, 5);
    conv("a", "x", 3, 3, 1);
    vd_onnx_node *node = vd_onnx_add_node(g, "MaxPool", "y", "a", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
    vd_onnx_set_text(node, "auto_pad", "VALID");
    pads(node, 1);
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=3\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[maxpool]\nsize=3\nstride=1\npadding=0\n");
}
END_TEST

/* each weight has noise by its own size: small ones are not pruned when they are loaded */
START_TEST(the_twin_answers_as_the_model_before_it_is_trained)
{
    float x[3 * 8 * 8], y[4];
    begin_graph(3, 8, 8);
    conv("a", "x", 4, 3, 3);
    for (size_t i = 0; i < g->tensor[0].n; ++i) g->tensor[0].real[i] *= 1e-3f;
    one("GlobalAveragePool", "y", "a");
    write_graph("y");
    free(imported(1e-5));
    fill_random(x, COUNT_OF(x), 7);
    for (int twin = 0; twin < 2; ++twin) {
        char *cfg = in_folder(folder, twin ? "net-vd.cfg" : "net.cfg"), *weights = in_folder(folder, "net.weights");
        network *net = load_network(cfg, weights, 0);
        set_batch_network(net, 1);
        const float *out = network_predict(net, x);
        for (int f = 0; f < 4 && twin; ++f)
            ck_assert_msg(fabsf(out[f] - y[f]) <= 1e-8f + 1e-3f * fabsf(y[f]), "%g for %g", out[f], y[f]);
        if (!twin) memcpy(y, out, sizeof(y));
        free_network(net), free(cfg), free(weights);
    }
}
END_TEST

/* opset 6 as Caffe2 and Keras write it; a beta without biases is of no meaning */
START_TEST(older_words_for_relu_and_sums)
{
    begin_graph(3, 4, 4);
    g->opset = 8;
    conv("a", "x", 3, 3, 1);
    vd_onnx_node *node = vd_onnx_add_node(g, "Clip", "b", "a", (char *)0);
    vd_onnx_set_real(node, "min", 0);
    vd_onnx_set_real(node, "max", FLT_MAX);
    two("Sum", "c", "a", "b");
    one("GlobalAveragePool", "d", "c");
    one("Flatten", "e", "d");
    random_constant("w", 2, (int64_t[]){3, 2});
    vd_onnx_set_real(vd_onnx_add_node(g, "Gemm", "y", "e", "w", (char *)0), "beta", 0);
    write_graph("y");
    expect_sections(LINEAR_3 "\n[activation]\nactivation=relu\n\n[shortcut]\nfrom=0\nactivation=linear\n"
                             "\n[avgpool]\n\n[connected]\noutput=2\nactivation=linear\n");
}
END_TEST

/* Max and Min in either order are one Clip, also behind what others read; a Max alone is a Relu */
START_TEST(bounds_are_activations)
{
    begin_graph(3, 4, 4);
    constant("zero", 1, (float[]){0});
    constant("six", 1, (float[]){6});
    constant("one", 1, (float[]){1});
    constant("minus", 1, (float[]){-1});
    conv("a", "x", 3, 3, 1);
    two("Max", "b", "a", "zero");
    two("Min", "c", "six", "b");
    conv("d", "c", 3, 3, 1);
    two("Min", "e", "d", "one");
    two("Max", "f", "e", "minus");
    conv("h", "f", 3, 3, 1);
    two("Max", "i", "zero", "h");
    two("Min", "j", "i", "six");
    two("Add", "k", "i", "j");
    one("Relu", "l", "k");
    two("Min", "y", "l", "six");
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=3\nsize=1\nstride=1\npadding=0\nactivation=relu6\n"
                    "\n[convolutional]\nfilters=3\nsize=1\nstride=1\npadding=0\nactivation=hardtan\n"
                    "\n[convolutional]\nfilters=3\nsize=1\nstride=1\npadding=0\nactivation=relu\n"
                    "\n[activation]\nactivation=relu6\n\n[shortcut]\nfrom=2\nactivation=relu\n"
                    "\n[activation]\nactivation=relu6\n");
}
END_TEST

/* with and without the dimensions that are left, in either order, and of opset 18, whose axes are an input */
START_TEST(means_of_one_axis_each_are_one_of_all_pixels)
{
    static const int64_t axes[][2] = {{3, 2}, {2, 3}, {-1, -2}, {3, 2}, {2, 2}, {-2, -1}};
    for (int i = 0; i < COUNT_OF(axes); ++i) {
        begin_graph(3, 4, 5);
        if (i == 5) g->opset = 18;
        conv("a", "x", 3, 3, 1);
        const char *from = "a";
        for (int k = 0; k < 2; ++k) {
            const char *name = k ? "y" : "b", *list = k ? "second" : "first";
            vd_onnx_node *node = vd_onnx_add_node(g, "ReduceMean", name, from, (char *)0);
            if (i == 5) integers(list, 1, axes[i] + k), vd_onnx_add_input(node, list);
            else vd_onnx_set_integers(node, "axes", 1, axes[i] + k);
            vd_onnx_set_integer(node, "keepdims", i < 3);
            from = name;
        }
        write_graph("y");
        expect_sections(LINEAR_3 "\n[avgpool]\n");
    }
}
END_TEST

START_TEST(a_sign_goes_into_the_weights)
{
    begin_graph(3, 4, 4);
    conv("a", "x", 3, 3, 4);
    one("Neg", "b", "a");
    one("Flatten", "c", "b");
    random_constant("w", 2, (int64_t[]){3, 1});
    two("MatMul", "d", "c", "w");
    random_constant("v", 2, (int64_t[]){1, 2});
    vd_onnx_set_integer(vd_onnx_add_node(g, "Gemm", "y", "d", "v", (char *)0), "transA", 1); /* of one number */
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=3\nsize=4\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[connected]\noutput=1\nactivation=linear\n\n[connected]\noutput=2\nactivation=linear\n");
}
END_TEST

START_TEST(rows_of_numbers)
{
    begin_graph(7, 0, 0);
    random_constant("w", 2, (int64_t[]){7, 5});
    two("MatMul", "a", "x", "w");
    one("Softplus", "p", "a");
    one("Tanh", "t", "p");
    two("Mul", "y", "a", "t");
    write_graph("y");
    expect_sections("\n[connected]\noutput=5\nactivation=mish\n");
    char *cfg = text_in_folder("net.cfg");
    ck_assert_ptr_nonnull(strstr(cfg, "\ninputs=7\n"));
    free(cfg);
}
END_TEST

/* a mean of windows is a section of later Darknets, which add another epsilon unless the cfg says so: the variance is
 * small enough to show it */
START_TEST(batch_normalisation_keeps_its_epsilon_beside_later_sections)
{
    begin_graph(2, 6, 6);
    conv("a", "x", 2, 2, 1);
    random_constant("s", 1, (int64_t[]){2});
    memcpy(vd_onnx_add_tensor(g, "v", VD_ONNX_FLOAT, 1, (int64_t[]){2})->real, (float[]){1e-2f, 2e-2f}, 8);
    vd_onnx_add_node(g, "BatchNormalization", "n", "a", "s", "s", "s", "v", (char *)0);
    vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "y", "n", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){2, 2});
    write_graph("y");
    expect_sections("\n[convolutional]\nbatch_normalize=1\nfilters=2\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[local_avgpool]\nsize=2\nstride=1\npadding=0\n");
}
END_TEST

#define EACH_OF(n, activation) \
    "\n[convolutional]\nfilters=" n "\nsize=1\nstride=1\npadding=0\ngroups=" n "\nactivation=" activation "\n"

/* (c - x)/d before the first layer, and what has only one section to go into; the twin keeps the formula's weights */
START_TEST(lines_of_numbers_are_weights)
{
    begin_graph(3, 4, 4);
    constant("mean", 1, (float[]){.5f});
    memcpy(vd_onnx_add_tensor(g, "deviation", VD_ONNX_FLOAT, 4, (int64_t[]){1, 3, 1, 1})->real,
           (float[]){.1f, .2f, .3f}, 12);
    two("Sub", "centred", "mean", "x");
    two("Div", "scaled", "centred", "deviation");
    conv("a", "scaled", 4, 3, 3);
    constant("half", 1, (float[]){.5f});
    two("Mul", "b", "half", "a");
    two("Sub", "y", "b", "mean");
    write_graph("y");
    expect_sections(
        EACH_OF("3", "linear") "\n[convolutional]\nfilters=4\nsize=3\nstride=1\npadding=0\nactivation=linear\n");
    char *vd = text_in_folder("net-vd.cfg");
    ck_assert_int_eq(count_of(vd, "[vd_convolutional]\n"), 1);
    free(vd);
}
END_TEST

/* clip(x/6 + 1/2, 0, 1) of a map and of a row, and x times it */
START_TEST(hard_gates_are_two_sections)
{
    begin_graph(2, 5, 5);
    pads(conv("a", "x", 2, 2, 3), 1);
    vd_onnx_node *gate = vd_onnx_add_node(g, "HardSigmoid", "g", "a", (char *)0);
    vd_onnx_set_real(gate, "alpha", 1 / 6.f);
    two("Mul", "b", "a", "g");
    one("HardSwish", "c", "b");
    one("GlobalMaxPool", "d", "c");
    one("Flatten", "e", "d");
    random_constant("w", 2, (int64_t[]){2, 3});
    two("MatMul", "f", "e", "w");
    one("HardSwish", "y", "f");
    write_graph("y");
    expect_sections(
        "\n[convolutional]\nfilters=2\nsize=3\nstride=1\npadding=1\nactivation=linear\n" EACH_OF("2", "relu6")
            EACH_OF("2", "linear") "\n[sam]\nfrom=0\nactivation=linear\n" EACH_OF("2", "relu6")
                EACH_OF("2", "linear") "\n[sam]\nfrom=3\nactivation=linear\n\n[maxpool]\nsize=5\nstride=5\npadding=0\n"
                                       "\n[connected]\noutput=3\nactivation=linear\n" EACH_OF("3", "relu6")
                                           EACH_OF("3", "linear") "\n[sam]\nfrom=8\nactivation=linear\n");
}
END_TEST

/* of a PRelu with a slope for each of 3 channels, behind the section `from`; `above` is its second section */
#define SLOPES(from, above)                                                                                            \
    "\n[activation]\nactivation=relu\n" EACH_OF("3", "linear") "\n[route]\nlayers=" from                               \
                                                               "\n" EACH_OF("3", "linear") "\n[shortcut]\nfrom=" above \
                                                                                           "\nactivation=linear\n"

/* a slope that Darknet has no name for; one of each channel, of a map and of a row */
START_TEST(other_slopes_are_sums)
{
    static const float slopes[3] = {.5f, .25f, -1};
    begin_graph(2, 4, 4);
    conv("a", "x", 3, 2, 1);
    vd_onnx_set_real(vd_onnx_add_node(g, "LeakyRelu", "b", "a", (char *)0), "alpha", .25f);
    conv("c", "b", 3, 3, 1);
    memcpy(vd_onnx_add_tensor(g, "each", VD_ONNX_FLOAT, 3, (int64_t[]){3, 1, 1})->real, slopes, sizeof(slopes));
    two("PRelu", "d", "c", "each");
    one("GlobalAveragePool", "e", "d");
    one("Flatten", "f", "e");
    random_constant("w", 2, (int64_t[]){3, 3});
    two("MatMul", "h", "f", "w");
    constant("of_row", 3, slopes);
    two("PRelu", "y", "h", "of_row");
    write_graph("y");
    expect_sections(LINEAR_3
                    "\n[activation]\nactivation=relu\n\n[shortcut]\nfrom=0\nalpha=0.75\nbeta=0.25\n"
                    "activation=linear\n" LINEAR_3 SLOPES(
                        "3", "5") "\n[avgpool]\n\n[connected]\noutput=3\nactivation=linear\n" SLOPES("10", "12"));
}
END_TEST

/* one filter 10,000 times as large as the other, as batch normalisation that is folded makes them where a channel has
 * died: the smaller one starts pruned in the twin, whose noise goes by the mean square of the layer */
START_TEST(a_twin_that_differs_before_its_training_is_a_line)
{
    static const char line[] = "net-vd.cfg differs by ";
    for (int apart = 0; apart < 2; ++apart) {
        begin_graph(2, 4, 4);
        vd_onnx_tensor *w = vd_onnx_add_tensor(g, "w", VD_ONNX_FLOAT, 4, (int64_t[]){2, 1, 1, 1});
        w->real[0] = 2, w->real[1] = apart ? 2e4f : 3;
        vd_onnx_set_integer(vd_onnx_add_node(g, "Conv", "a", "x", "w", (char *)0), "group", 2);
        one("Sigmoid", "y", "a");
        write_graph("y");
        char *model = in_folder(folder, "model.onnx"), *out = in_folder(folder, "net");
        run_result r = darknet(0, "vd", "import", model, out, (char *)0);
        ck_assert_msg(!strstr(r.out, line) == !apart, "%s", r.out);
        free_run(r), free(model), free(out);
    }
}
END_TEST

/* zeros of a mean are counted where the node says so, or a Pad has made them: PyTorch's AvgPool2d */
START_TEST(means_with_zeros_are_convolutions)
{
    begin_graph(3, 5, 5);
    conv("a", "x", 3, 3, 1);
    vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "b", "a", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
    vd_onnx_set_integer(node, "count_include_pad", 1);
    pads(node, 1);
    integers("around", 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
    two("Pad", "p", "b", "around");
    node = vd_onnx_add_node(g, "AveragePool", "c", "p", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){3, 3});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
    node = vd_onnx_add_node(g, "AveragePool", "y", "c", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){2, 2});
    vd_onnx_set_integer(node, "count_include_pad", 1);
    vd_onnx_set_text(node, "auto_pad", "SAME_UPPER");
    write_graph("y");
    expect_sections(LINEAR_3
                    "\n[convolutional]\nfilters=3\nsize=3\nstride=1\npadding=1\ngroups=3\nactivation=linear\n"
                    "\n[convolutional]\nfilters=3\nsize=3\nstride=2\npadding=1\ngroups=3\nactivation=linear\n"
                    "\n[convolutional]\nfilters=3\nsize=3\nstride=1\npadding=1\ngroups=3\nactivation=linear\n");
}
END_TEST

/* x.view(x.size(0), -1), half = x.size(1) / 2, as PyTorch writes them for batches of any size, and a Pad of zeros */
START_TEST(shapes_are_numbers)
{
    begin_graph(2, 4, 4);
    integers("zero", 1, (int64_t[]){0});
    integers("one", 1, (int64_t[]){1});
    integers("two", 1, (int64_t[]){2});
    integers("rest", 1, (int64_t[]){-1});
    integers("around", 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1});
    two("Pad", "p", "x", "around");
    conv("a", "p", 4, 2, 3);
    one("Shape", "shape", "a");
    two("Gather", "channels", "shape", "one");
    two("Div", "half", "channels", "two");
    vd_onnx_add_node(g, "Slice", "b", "a", "half", "channels", "one", (char *)0);
    one("Shape", "shape2", "b");
    two("Gather", "batch", "shape2", "zero");
    vd_onnx_set_integer(vd_onnx_add_node(g, "Concat", "row", "batch", "rest", (char *)0), "axis", 0);
    two("Reshape", "f", "b", "row");
    random_constant("w", 2, (int64_t[]){3, 32});
    vd_onnx_set_integers(vd_onnx_add_node(g, "Transpose", "wt", "w", (char *)0), "perm", 2, (int64_t[]){1, 0});
    two("MatMul", "y", "f", "wt");
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=3\nstride=1\npadding=1\nactivation=linear\n"
                    "\n[route]\nlayers=0\ngroups=2\ngroup_id=1\n\n[connected]\noutput=3\nactivation=linear\n");
}
END_TEST

/* squeeze and excitation by rows of numbers: to a row, back, and repeated over the map */
START_TEST(factors_of_channels_come_back_from_rows)
{
    begin_graph(3, 4, 4);
    conv("a", "x", 4, 3, 1);
    one("GlobalAveragePool", "m", "a");
    one("Flatten", "r", "m");
    random_constant("w", 2, (int64_t[]){4, 4});
    two("MatMul", "h", "r", "w");
    one("Sigmoid", "s", "h");
    integers("axes", 2, (int64_t[]){2, 3});
    two("Unsqueeze", "u", "s", "axes");
    one("Shape", "shape", "a");
    two("Expand", "e", "u", "shape");
    two("Mul", "y", "a", "e");
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=1\nstride=1\npadding=0\nactivation=linear\n\n[avgpool]\n"
                    "\n[connected]\noutput=4\nactivation=logistic\n\n[scale_channels]\nfrom=0\nactivation=linear\n");
}
END_TEST

/* the same by the words of other exporters: 0 and -1 in a shape, axes from the end */
START_TEST(shapes_are_said_in_many_ways)
{
    begin_graph(3, 6, 4);
    conv("a", "x", 3, 3, 1);
    integers("as_it_is", 4, (int64_t[]){0, 0, -1, 4});
    vd_onnx_set_integer(vd_onnx_add_node(g, "Cast", "floats", "a", (char *)0), "to", VD_ONNX_FLOAT);
    two("Reshape", "b", "floats", "as_it_is");
    one("GlobalAveragePool", "c", "b");
    vd_onnx_set_integer(vd_onnx_add_node(g, "Flatten", "d", "c", (char *)0), "axis", -3);
    vd_onnx_set_integer(vd_onnx_add_node(g, "Flatten", "e", "d", (char *)0), "axis", -1);
    integers("row", 2, (int64_t[]){0, 0});
    two("Reshape", "f", "e", "row");
    random_constant("w", 2, (int64_t[]){3, 3});
    two("MatMul", "h", "f", "w");
    integers("ends", 2, (int64_t[]){-1, -2});
    two("Unsqueeze", "i", "h", "ends");
    two("Mul", "j", "b", "i");
    two("MatMul", "k", "f", "w");
    integers("map", 4, (int64_t[]){0, -1, 1, 1});
    two("Reshape", "l", "k", "map");
    two("Mul", "y", "j", "l");
    write_graph("y");
    expect_sections(LINEAR_3 "\n[avgpool]\n\n[connected]\noutput=3\nactivation=linear\n"
                             "\n[scale_channels]\nfrom=0\nactivation=linear\n\n[route]\nlayers=1\n"
                             "\n[connected]\noutput=3\nactivation=linear\n"
                             "\n[scale_channels]\nfrom=3\nactivation=linear\n");
}
END_TEST

/* as opset 18 has it: in any order, from the end */
START_TEST(pads_may_name_their_axes)
{
    begin_graph(3, 5, 4);
    g->opset = 18;
    integers("around", 6, (int64_t[]){1, 0, 1, 1, 0, 1});
    integers("axes", 3, (int64_t[]){-1, 0, 2});
    vd_onnx_add_node(g, "Pad", "p", "x", "around", "", "axes", (char *)0);
    conv("y", "p", 4, 3, 3);
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=4\nsize=3\nstride=1\npadding=1\nactivation=linear\n");
}
END_TEST

/* the outputs of a Split that are read, also the last one */
START_TEST(parts_are_routes)
{
    begin_graph(2, 4, 4);
    conv("a", "x", 6, 2, 1);
    integers("sizes", 3, (int64_t[]){2, 2, 2});
    vd_onnx_node *node = vd_onnx_add_node(g, "Split", "p", "a", "sizes", (char *)0);
    vd_onnx_set_integer(node, "axis", -3);
    add_output(node, "q");
    add_output(node, "r");
    two("Add", "y", "p", "r");
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=6\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                    "\n[route]\nlayers=0\ngroups=3\ngroup_id=0\n\n[route]\nlayers=0\ngroups=3\ngroup_id=2\n"
                    "\n[shortcut]\nfrom=1\nactivation=linear\n");
}
END_TEST

/* a [route] reads layers alone: in front of it stands one that changes nothing */
START_TEST(one_part_of_the_input_is_a_route)
{
    begin_graph(4, 5, 6);
    vd_onnx_node *node = vd_onnx_add_node(g, "Split", "p", "x", (char *)0);
    vd_onnx_set_integer(node, "axis", 1);
    add_output(node, "q");
    conv("y", "q", 3, 2, 3);
    write_graph("y");
    expect_sections("\n[maxpool]\nsize=1\nstride=1\npadding=0\n\n[route]\nlayers=0\ngroups=2\ngroup_id=1\n"
                    "\n[convolutional]\nfilters=3\nsize=3\nstride=1\npadding=0\nactivation=linear\n");
}
END_TEST

/* of operators that Darknet has no layer for, and parts that it cannot take: a Relu beside them goes into the Conv */
START_TEST(what_nobody_reads_is_left_out)
{
    begin_graph(3, 6, 6);
    conv("a", "x", 6, 3, 1);
    vd_onnx_add_value(&g->input, &g->inputs, "other", VD_ONNX_INT64, 0, 0);
    one("Erf", "dead", "a");
    two("Add", "deader", "dead", "other");
    one("Relu", "b", "a");
    integers("sizes", 3, (int64_t[]){2, 1, 3});
    vd_onnx_node *node = vd_onnx_add_node(g, "Split", "p", "b", "sizes", (char *)0);
    vd_onnx_set_integer(node, "axis", 1);
    add_output(node, "q");
    add_output(node, "r");
    one("GlobalAveragePool", "y", "p");
    write_graph("y");
    expect_sections("\n[convolutional]\nfilters=6\nsize=1\nstride=1\npadding=0\nactivation=relu\n"
                    "\n[route]\nlayers=0\ngroups=3\ngroup_id=0\n\n[avgpool]\n");
}
END_TEST

/* ---- there and back ---- */

enum { IN_A_GROUP = 30 };

/* what an export writes is imported, where Darknet's words for it are not spelt out (reorg, three-piece activations) */
START_TEST(exports_come_back)
{
    char *model = in_folder(folder, "out.onnx"), *again = in_folder(folder, "net");
    int back = 0;
    for (int k = 0; k < IN_A_GROUP; ++k) {
        char *cfg, *path = in_folder(folder, "from.cfg"), *weights = in_folder(folder, "from.weights");
        char *out = in_folder(folder, "out");
        network *net = draw_network(3000 + IN_A_GROUP * _i + k, DRAW_GROUPS, &cfg);
        int spelt = strstr(cfg, "[reorg]") || strstr(cfg, "plse") || strstr(cfg, "scale=") || strstr(cfg, "[shortcut]");
        write_text(path, cfg);
        save_weights(net, weights);
        vd_export_options o = {.cfg = path, .weights = weights, .out = out, .format = "onnx", .fuse = k % 2};
        if (!spelt) {
            free_vd_export_result(vd_export(o));
            vd_import_result r = vd_import(model, again);
            ck_assert_msg(r.difference < 2e-5, "%s%g", cfg, r.difference);
            ++back;
        }
        free_network(net);
        free(cfg), free(path), free(weights), free(out);
    }
    ck_assert_int_gt(back, 1);
    free(model), free(again);
}
END_TEST

SUITE_OF(import)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(products_take_what_comes_behind_them);
    TEST(branches_become_routes_and_shortcuts);
    TEST(windows_of_ceil_mode_begin_in_the_map);
    TEST(pools_and_sizes);
    TEST(a_mean_as_large_as_its_map_may_have_zeros_around_it);
    TEST(pools_may_have_more_pads_in_front);
    TEST(the_largest_of_a_map_that_is_no_square);
    TEST(zeros_are_no_maximum_behind_a_relu);
    TEST(a_mean_of_all_pixels_need_not_be_a_square);
    TEST(means_may_end_behind_the_map);
    TEST(zeros_that_no_window_reaches_are_in_no_mean);
    TEST(each_way_to_the_pixel_below_is_an_upsample);
    TEST(an_older_softmax_takes_maps_of_one_pixel);
    TEST(windows_of_the_same_size_have_a_padding);
    TEST(pads_of_1x1_windows_are_those_of_3x3);
    TEST(zeros_on_one_side_are_in_a_larger_window);
    TEST(other_dilations_are_in_a_larger_window);
    TEST(a_pool_with_auto_pad_has_no_pads_of_its_own);
    TEST(the_twin_answers_as_the_model_before_it_is_trained);
    TEST(older_words_for_relu_and_sums);
    TEST(bounds_are_activations);
    TEST(means_of_one_axis_each_are_one_of_all_pixels);
    TEST(a_sign_goes_into_the_weights);
    TEST(rows_of_numbers);
    TEST(batch_normalisation_keeps_its_epsilon_beside_later_sections);
    TEST(lines_of_numbers_are_weights);
    TEST(hard_gates_are_two_sections);
    TEST(other_slopes_are_sums);
    TEST(a_twin_that_differs_before_its_training_is_a_line);
    TEST(means_with_zeros_are_convolutions);
    TEST(shapes_are_numbers);
    TEST(factors_of_channels_come_back_from_rows);
    TEST(shapes_are_said_in_many_ways);
    TEST(pads_may_name_their_axes);
    TEST(parts_are_routes);
    TEST(one_part_of_the_input_is_a_route);
    TEST(what_nobody_reads_is_left_out);
    LOOP(exports_come_back, 4);
}
