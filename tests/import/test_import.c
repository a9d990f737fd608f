/* import/: darknet vd import. The importer compares the network with the model, as onnx/evaluate.c runs it, and ends
 * the process when they differ; here it is seen what sections it makes. */
#include "support/export_support.h"
#include "support/import_support.h"
#include "support/random_export.h"

#include "import/import.h"
#include "layer/vd_layer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what becomes what ---- */

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

/* ShuffleNet's: two rows of three channels become three rows of two */
START_TEST(shuffled_channels_are_a_product)
{
    static const int64_t shapes[][5] = {{1, 2, 3, 5, 4}, {-1, 2, 3, 5, 4}, {0, 2, -1, 5, 4}};
    for (int i = 0; i < COUNT_OF(shapes); ++i) {
        begin_graph(3, 5, 4);
        conv("a", "x", 6, 3, 1);
        integers("rows", 5, shapes[i]);
        integers("map", 4, (int64_t[]){i ? -1 : 1, 6, 5, 4});
        two("Reshape", "b", "a", "rows");
        vd_onnx_set_integers(vd_onnx_add_node(g, "Transpose", "c", "b", (char *)0), "perm", 5,
                             (int64_t[]){0, 2, 1, 3, 4});
        two("Reshape", "y", "c", "map");
        write_graph("y");
        expect_sections("\n[convolutional]\nfilters=6\nsize=1\nstride=1\npadding=0\nactivation=linear\n"
                        "\n[convolutional]\nfilters=6\nsize=1\nstride=1\npadding=0\nactivation=linear\n");
        char *twin = text_in_folder("net-vd.cfg");
        ck_assert_int_eq(count_of(twin, "\n[vd_convolutional]\n"), 1);
        free(twin);
    }
}
END_TEST

START_TEST(factors_of_a_gemm_go_into_its_numbers)
{
    begin_graph(5, 0, 0);
    random_constant("w", 2, (int64_t[]){5, 4});
    random_constant("b", 1, (int64_t[]){4});
    vd_onnx_node *node = vd_onnx_add_node(g, "Gemm", "y", "x", "w", "b", (char *)0);
    vd_onnx_set_real(node, "alpha", .5f);
    vd_onnx_set_real(node, "beta", -3);
    write_graph("y");
    expect_sections("\n[connected]\noutput=4\nactivation=linear\n");
}
END_TEST

SUITE_OF(import)
{
    EACH(make_test_folder, remove_test_folder);
    EACH(silence_stderr, 0);
    TEST(products_take_what_comes_behind_them);
    TEST(branches_become_routes_and_shortcuts);
    TEST(each_way_to_the_pixel_below_is_an_upsample);
    TEST(an_older_softmax_takes_maps_of_one_pixel);
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
    TEST(shapes_are_numbers);
    TEST(factors_of_channels_come_back_from_rows);
    TEST(shapes_are_said_in_many_ways);
    TEST(parts_are_routes);
    TEST(one_part_of_the_input_is_a_route);
    TEST(what_nobody_reads_is_left_out);
    TEST(shuffled_channels_are_a_product);
    TEST(factors_of_a_gemm_go_into_its_numbers);
    LOOP(exports_come_back, 4);
}
