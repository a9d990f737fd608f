/* import/: the windows of convolutions and pools, their pads, and the zeros of a Pad; what sections they become. */
#include "support/import_support.h"

#include "base/text.h"

#include <stdlib.h>

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

/* rows x columns, with pads in front and as many behind */
static void long_conv(const char *y, const char *x, int rows, int columns, int down, int across)
{
    char *w = vd_format("%s.w", y);
    random_constant(w, 4, (int64_t[]){3, 3, rows, columns});
    vd_onnx_node *node = vd_onnx_add_node(g, "Conv", y, x, w, (char *)0);
    vd_onnx_set_integers(node, "pads", 4, (int64_t[]){down, across, down, across});
    free(w);
}

#define THREE(size, padding) \
    "\n[convolutional]\nfilters=3\nsize=" #size "\nstride=1\npadding=" #padding "\nactivation=linear\n"

/* 1x7 and 7x1, 3x1: as in the blocks of Inception-v3 */
START_TEST(long_windows_are_rows_and_columns_of_a_square)
{
    begin_graph(3, 9, 8);
    long_conv("a", "x", 1, 7, 0, 3);
    long_conv("b", "a", 7, 1, 3, 0);
    long_conv("c", "b", 3, 1, 1, 0);
    long_conv("d", "c", 2, 4, 0, 1); /* both lose one */
    long_conv("e", "d", 1, 3, 2, 3); /* both sides grow by four */
    vd_onnx_set_integers(vd_onnx_add_node(g, "AveragePool", "y", "e", (char *)0), "kernel_shape", 2, (int64_t[]){2, 2});
    write_graph("y");
    expect_sections(THREE(7, 3) THREE(7, 3) THREE(3, 1) THREE(4, 1)
                        THREE(3, 3) "\n[local_avgpool]\nsize=2\nstride=1\npadding=0\n");
}
END_TEST

/* of every two rows: no [local_avgpool] has such a window */
START_TEST(a_mean_of_long_windows_is_a_convolution)
{
    begin_graph(3, 8, 5);
    conv("a", "x", 3, 3, 1);
    vd_onnx_node *node = vd_onnx_add_node(g, "AveragePool", "y", "a", (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){2, 1});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 1});
    write_graph("y");
    expect_sections(
        LINEAR_3
        "\n[convolutional]\nfilters=3\nsize=3\nstride_x=1\nstride_y=2\npadding=1\ngroups=3\nactivation=linear\n");
}
END_TEST

SUITE_OF(import_windows)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(windows_of_ceil_mode_begin_in_the_map);
    TEST(pools_and_sizes);
    TEST(a_mean_as_large_as_its_map_may_have_zeros_around_it);
    TEST(pools_may_have_more_pads_in_front);
    TEST(the_largest_of_a_map_that_is_no_square);
    TEST(zeros_are_no_maximum_behind_a_relu);
    TEST(a_mean_of_all_pixels_need_not_be_a_square);
    TEST(means_may_end_behind_the_map);
    TEST(zeros_that_no_window_reaches_are_in_no_mean);
    TEST(windows_of_the_same_size_have_a_padding);
    TEST(pads_of_1x1_windows_are_those_of_3x3);
    TEST(zeros_on_one_side_are_in_a_larger_window);
    TEST(other_dilations_are_in_a_larger_window);
    TEST(a_pool_with_auto_pad_has_no_pads_of_its_own);
    TEST(means_with_zeros_are_convolutions);
    TEST(pads_may_name_their_axes);
    TEST(long_windows_are_rows_and_columns_of_a_square);
    TEST(a_mean_of_long_windows_is_a_convolution);
}
