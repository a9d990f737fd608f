/* onnx/evaluate.c: operators give what ONNX's text says, by numbers computed here by other loops, or by hand; graphs
 * that do not fit end with one line. */
#include "support/support.h"

#include "onnx/evaluate.h"
#include "onnx/quantize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static vd_onnx_graph *g;

static void begin(void)
{
    g = make_vd_onnx_graph();
    vd_onnx_add_value(&g->input, &g->inputs, "x", VD_ONNX_FLOAT, 4, (int64_t[]){-1, -1, -1, -1});
}

static void end(void)
{
    free_vd_onnx_graph(g);
}

static void constant(const char *name, int rank, const int64_t *dims, const float *x)
{
    vd_onnx_tensor *t = vd_onnx_add_tensor(g, name, VD_ONNX_FLOAT, rank, dims);
    memcpy(t->real, x, t->n * sizeof(*x));
}

static void integers(const char *name, int n, const int64_t *x)
{
    memcpy(vd_onnx_add_tensor(g, name, VD_ONNX_INT64, 1, (int64_t[]){n})->integer, x, n * sizeof(*x));
}

/* y of the graph for an input of this shape; compared with n numbers and a shape */
static void expect(int rank, const int64_t *dims, const float *x, int out_rank, const int64_t *out_dims, const float *y)
{
    vd_onnx_run *run = make_vd_onnx_run(g, "test", 1, (const char *const[]){"y"});
    vd_onnx_run_forward(run, rank, dims, x);
    const vd_onnx_tensor *t = vd_onnx_run_tensor(run, "y");
    ck_assert_int_eq(t->rank, out_rank);
    for (int i = 0; i < out_rank; ++i) ck_assert_int_eq(t->dims[i], out_dims[i]);
    for (size_t i = 0; i < t->n; ++i)
        ck_assert_msg(fabsf(t->real[i] - y[i]) <= 1e-5f + 1e-5f * fabsf(y[i]), "%zu: %.9g for %.9g", i, t->real[i],
                      y[i]);
    free_vd_onnx_run(run);
}

static void fill(float *x, int n)
{
    fill_random(x, n, 3);
}

/* ---- products ---- */

/* out[f][i][j] = b[f] + sum w[f][k][u][v] x[first + k][2 i + 2 u - 1][3 j + v - 2], two groups */
START_TEST(conv_is_the_sum_over_its_window)
{
    float x[2 * 4 * 7 * 8], w[6 * 2 * 3 * 2], b[6], y[2 * 6 * 3 * 4];
    fill(x, COUNT_OF(x)), fill(w, COUNT_OF(w)), fill(b, COUNT_OF(b));
    int at = 0;
    for (int n = 0; n < 2; ++n)
        for (int f = 0; f < 6; ++f)
            for (int i = 0; i < 3; ++i)
                for (int j = 0; j < 4; ++j) {
                    double sum = b[f];
                    for (int k = 0; k < 2; ++k)
                        for (int u = 0; u < 3; ++u)
                            for (int v = 0; v < 2; ++v) {
                                int row = 2 * i + 2 * u - 1, column = 3 * j + v - 2, c = f / 3 * 2 + k;
                                if (row >= 0 && row < 7 && column >= 0 && column < 8)
                                    sum += (double)w[((f * 2 + k) * 3 + u) * 2 + v] *
                                           x[((n * 4 + c) * 7 + row) * 8 + column];
                            }
                    y[at++] = (float)sum;
                }
    constant("w", 4, (int64_t[]){6, 2, 3, 2}, w);
    constant("b", 1, (int64_t[]){6}, b);
    vd_onnx_node *node = vd_onnx_add_node(g, "Conv", "y", "x", "w", "b", (char *)0);
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 3});
    vd_onnx_set_integers(node, "dilations", 2, (int64_t[]){2, 1});
    vd_onnx_set_integers(node, "pads", 4, (int64_t[]){1, 2, 2, 1});
    vd_onnx_set_integer(node, "group", 2);
    expect(4, (int64_t[]){2, 4, 7, 8}, x, 4, (int64_t[]){2, 6, 3, 4}, y);
}
END_TEST

START_TEST(pools_take_what_is_inside)
{
    static const float x[9] = {-1, -2, -3, -4, -5, -6, -7, -8, -9};
    static const float most[4] = {-1, -2, -4, -5}, mean[4] = {-1, -2.5f, -5.5f, -7},
                       padded[4] = {-.25f, -1.25f, -2.75f, -7};
    static const int64_t shape[4] = {1, 1, 3, 3}, out[4] = {1, 1, 2, 2};
    const struct {
        const char *type;
        int count;
        const float *y;
    } pools[] = {{"MaxPool", 0, most}, {"AveragePool", 0, mean}, {"AveragePool", 1, padded}};
    for (int i = 0; i < COUNT_OF(pools); ++i) {
        vd_onnx_node *node = vd_onnx_add_node(g, pools[i].type, "y", "x", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){2, 2});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){2, 2});
        vd_onnx_set_integers(node, "pads", 4, (int64_t[]){1, 1, 0, 0});
        vd_onnx_set_integer(node, "count_include_pad", pools[i].count);
        expect(4, shape, x, 4, out, pools[i].y);
        end(), begin();
    }
    vd_onnx_add_node(g, "GlobalAveragePool", "y", "x", (char *)0);
    expect(4, shape, x, 4, (int64_t[]){1, 1, 1, 1}, (float[]){-5});
    vd_onnx_rename(g, "y", "z");
    vd_onnx_add_node(g, "GlobalMaxPool", "y", "x", (char *)0);
    expect(4, shape, x, 4, (int64_t[]){1, 1, 1, 1}, (float[]){-1});
    vd_onnx_rename(g, "y", "w");
    integers("axes", 2, (int64_t[]){-2, 3});
    vd_onnx_add_node(g, "ReduceMean", "y", "x", "axes", (char *)0);
    expect(4, shape, x, 4, (int64_t[]){1, 1, 1, 1}, (float[]){-5});
}
END_TEST

/* of rows, of columns, and of the rows that are left without columns */
START_TEST(means_along_one_axis)
{
    static const int64_t shape[4] = {1, 2, 2, 3};
    static const float x[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13};
    vd_onnx_set_integers(vd_onnx_add_node(g, "ReduceMean", "y", "x", (char *)0), "axes", 1, (int64_t[]){2});
    expect(4, shape, x, 4, (int64_t[]){1, 2, 1, 3}, (float[]){2.5f, 3.5f, 4.5f, 9, 10, 11});
    end(), begin();
    vd_onnx_node *node = vd_onnx_add_node(g, "ReduceMean", "a", "x", (char *)0);
    vd_onnx_set_integers(node, "axes", 1, (int64_t[]){-1});
    vd_onnx_set_integer(node, "keepdims", 0);
    vd_onnx_set_integers(vd_onnx_add_node(g, "ReduceMean", "y", "a", (char *)0), "axes", 1, (int64_t[]){2});
    expect(4, shape, x, 3, (int64_t[]){1, 2, 1}, (float[]){3.5f, 10});
}
END_TEST

/* an odd number of zeros: SAME_UPPER has the odd one behind the map, SAME_LOWER in front of it */
START_TEST(windows_of_the_same_size_have_zeros_behind_or_in_front)
{
    static const float x[6] = {1, 2, 3, 4, 5, 6}, w[4] = {1, 10, 100, 1000};
    const struct {
        const char *pads;
        int h, w;
        float y[6];
    } ways[] = {{"SAME_UPPER", 2, 3, {5421, 6532, 603, 54, 65, 6}},
                {"SAME_LOWER", 2, 3, {1000, 2100, 3200, 4010, 5421, 6532}},
                {"VALID", 1, 2, {5421, 6532}}};
    for (int i = 0; i < COUNT_OF(ways); ++i) {
        constant("w", 4, (int64_t[]){1, 1, 2, 2}, w);
        vd_onnx_set_text(vd_onnx_add_node(g, "Conv", "y", "x", "w", (char *)0), "auto_pad", ways[i].pads);
        expect(4, (int64_t[]){1, 1, 2, 3}, x, 4, (int64_t[]){1, 1, ways[i].h, ways[i].w}, ways[i].y);
        end(), begin();
    }
}
END_TEST

/* Windows smaller than their stride need no zeros: they begin at the first pixel of each step, as in TensorFlow and
 * OpenCV 4.6. ONNX Runtime 1.30 ends with an error, or is a pixel late: findings/ort-same-below-stride.sh */
START_TEST(windows_smaller_than_their_stride_begin_at_the_first_pixel)
{
    static const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, one = 1;
    static const char *const ways[] = {"SAME_UPPER", "SAME_LOWER"};
    for (int i = 0; i < 2 * COUNT_OF(ways); ++i) {
        vd_onnx_node *node = i < COUNT_OF(ways) ? vd_onnx_add_node(g, "MaxPool", "y", "x", (char *)0)
                                                : vd_onnx_add_node(g, "Conv", "y", "x", "w", (char *)0);
        constant("w", 4, (int64_t[]){1, 1, 1, 1}, &one);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){1, 1});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){1, 4});
        vd_onnx_set_text(node, "auto_pad", ways[i % COUNT_OF(ways)]);
        expect(4, (int64_t[]){1, 1, 1, 8}, x, 4, (int64_t[]){1, 1, 1, 2}, (float[]){1, 5});
        end(), begin();
    }
}
END_TEST

/* of a row of pixels: the last window may end behind it, not begin there */
START_TEST(pools_are_rounded_up_and_have_gaps)
{
    static const float x[4] = {1, 5, 3, 4};
    const struct {
        const char *key;
        int size, stride, value, n, out;
        float y[2];
    } pools[] = {{"ceil_mode", 2, 2, 0, 3, 1, {5}},
                 {"ceil_mode", 2, 2, 1, 3, 2, {5, 3}},
                 {"ceil_mode", 1, 2, 1, 4, 2, {1, 3}},
                 {"dilations", 2, 1, 2, 4, 2, {3, 5}}};
    for (int i = 0; i < COUNT_OF(pools); ++i) {
        vd_onnx_node *node = vd_onnx_add_node(g, "MaxPool", "y", "x", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){1, pools[i].size});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){1, pools[i].stride});
        if (!strcmp(pools[i].key, "dilations"))
            vd_onnx_set_integers(node, "dilations", 2, (int64_t[]){1, pools[i].value});
        else vd_onnx_set_integer(node, "ceil_mode", pools[i].value);
        expect(4, (int64_t[]){1, 1, 1, pools[i].n}, x, 4, (int64_t[]){1, 1, 1, pools[i].out}, pools[i].y);
        end(), begin();
    }
}
END_TEST

/* its taps outside are not visited: there are 2^40 */
START_TEST(a_pool_far_larger_than_its_input_ends)
{
    enum { SIZE = 1 << 20 };
    static const float x[4] = {1, 2, 3, 6};
    const struct {
        const char *type;
        int count;
        float y;
    } pools[] = {{"MaxPool", 0, 6}, {"AveragePool", 0, 3}, {"AveragePool", 1, 0x1.8p-37f}};
    for (int i = 0; i < COUNT_OF(pools); ++i) {
        vd_onnx_node *node = vd_onnx_add_node(g, pools[i].type, "y", "x", (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){SIZE, SIZE});
        vd_onnx_set_integers(node, "pads", 4, (int64_t[]){SIZE / 2, SIZE / 2, SIZE / 2 - 2, SIZE / 2 - 2});
        vd_onnx_set_integer(node, "count_include_pad", pools[i].count);
        expect(4, (int64_t[]){1, 1, 2, 2}, x, 4, (int64_t[]){1, 1, 1, 1}, &pools[i].y);
        end(), begin();
    }
}
END_TEST

START_TEST(matrices_are_multiplied)
{
    static const float x[4] = {1, 2, 3, 4}, w[6] = {1, 0, -1, 2, 1, 1}, b[3] = {10, 20, 30};
    constant("w", 2, (int64_t[]){3, 2}, w);
    constant("v", 2, (int64_t[]){2, 3}, w);
    constant("b", 1, (int64_t[]){3}, b);
    vd_onnx_node *node = vd_onnx_add_node(g, "Gemm", "y", "x", "w", "b", (char *)0);
    vd_onnx_set_integer(node, "transB", 1);
    vd_onnx_set_real(node, "alpha", 2);
    vd_onnx_set_real(node, "beta", .5f);
    expect(2, (int64_t[]){2, 2}, x, 2, (int64_t[]){2, 3}, (float[]){7, 16, 21, 11, 20, 29});
    vd_onnx_rename(g, "y", "z");
    vd_onnx_add_node(g, "MatMul", "y", "x", "v", (char *)0);
    expect(2, (int64_t[]){2, 2}, x, 2, (int64_t[]){2, 3}, (float[]){5, 2, 1, 11, 4, 1});
}
END_TEST

START_TEST(batch_normalisation_is_a_line_for_each_channel)
{
    static const float x[4] = {1, 2, 3, 4};
    constant("s", 1, (int64_t[]){2}, (float[]){2, 3});
    constant("b", 1, (int64_t[]){2}, (float[]){1, -1});
    constant("m", 1, (int64_t[]){2}, (float[]){1, 4});
    constant("v", 1, (int64_t[]){2}, (float[]){.24f, 3.99f});
    vd_onnx_set_real(vd_onnx_add_node(g, "BatchNormalization", "y", "x", "s", "b", "m", "v", (char *)0), "epsilon",
                     .01f);
    expect(4, (int64_t[]){1, 2, 1, 2}, x, 4, (int64_t[]){1, 2, 1, 2}, (float[]){1, 5, -2.5f, -1});
}
END_TEST

/* ---- numbers ---- */

START_TEST(functions_of_one_number)
{
    static const float x[4] = {-2, -.5f, 0, 3};
    static const int64_t shape[4] = {1, 1, 1, 4};
    const struct {
        const char *type;
        float y[4];
    } functions[] = {
        {"Relu", {0, 0, 0, 3}},
        {"LeakyRelu", {-.02f, -.005f, 0, 3}},
        {"Sigmoid", {.11920292f, .37754067f, .5f, .95257413f}},
        {"Tanh", {-.96402758f, -.46211716f, 0, .99505475f}},
        {"Elu", {-.86466472f, -.39346934f, 0, 3}},
        {"Selu", {-1.52016647f, -.69175819f, 0, 3.15210297f}},
        {"Softplus", {.12692801f, .47407698f, .69314718f, 3.04858735f}},
        {"Exp", {.13533528f, .60653066f, 1, 20.0855369f}},
        {"Floor", {-2, -1, 0, 3}},
        {"Neg", {2, .5f, 0, -3}},
        {"HardSigmoid", {.1f, .4f, .5f, 1}},
        {"HardSwish", {-.33333333f, -.20833333f, 0, 3}},
    };
    for (int i = 0; i < COUNT_OF(functions); ++i) {
        vd_onnx_add_node(g, functions[i].type, "y", "x", (char *)0);
        expect(4, shape, x, 4, shape, functions[i].y);
        end(), begin();
    }
    constant("high", 0, shape, (float[]){1});
    vd_onnx_add_node(g, "Clip", "y", "x", "", "high", (char *)0);
    expect(4, shape, x, 4, shape, (float[]){-2, -.5f, 0, 1});
}
END_TEST

/* [2][1][2] with [3][1] */
START_TEST(shapes_of_two_are_repeated_as_numpy_does)
{
    static const float x[4] = {1, 2, 3, 4}, c[3] = {10, 20, 30};
    static const int64_t shape[3] = {2, 1, 2}, out[3] = {2, 3, 2};
    const struct {
        const char *type;
        float y[12];
    } pairs[] = {
        {"Add", {11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34}},
        {"Sub", {-9, -8, -19, -18, -29, -28, -7, -6, -17, -16, -27, -26}},
        {"Mul", {10, 20, 20, 40, 30, 60, 30, 40, 60, 80, 90, 120}},
        {"PRelu", {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4}},
        {"Max", {10, 10, 20, 20, 30, 30, 10, 10, 20, 20, 30, 30}},
        {"Min", {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4}},
    };
    for (int i = 0; i < COUNT_OF(pairs); ++i) {
        constant("c", 2, (int64_t[]){3, 1}, c);
        vd_onnx_add_node(g, pairs[i].type, "y", "x", "c", (char *)0);
        expect(3, shape, x, 3, out, pairs[i].y);
        end(), begin();
    }
    constant("c", 1, (int64_t[]){2}, (float[]){.5f, -1});
    vd_onnx_add_node(g, "PRelu", "y", "x", "c", (char *)0);
    expect(2, (int64_t[]){1, 2}, (float[]){-3, -4}, 2, (int64_t[]){1, 2}, (float[]){-1.5f, 4});
    end(), begin();
    constant("c", 1, (int64_t[]){1}, (float[]){4});
    vd_onnx_add_node(g, "Div", "y", "c", "x", (char *)0);
    expect(3, shape, x, 3, shape, (float[]){4, 2, 4 / 3.f, 1});
}
END_TEST

START_TEST(integers_take_the_other_sign)
{
    static const float x[6] = {1, 2, 3, 4, 5, 6};
    integers("c", 2, (int64_t[]){-3, -2});
    vd_onnx_add_node(g, "Neg", "shape", "c", (char *)0);
    vd_onnx_add_node(g, "Reshape", "y", "x", "shape", (char *)0);
    expect(1, (int64_t[]){6}, x, 2, (int64_t[]){3, 2}, x);
}
END_TEST

START_TEST(softmax_is_along_its_axis)
{
    static const float x[6] = {0, 1, 2, 100, 101, 102}, a = .26894142f, b = .73105858f;
    static const int64_t shape[3] = {1, 2, 3};
    vd_onnx_set_integer(vd_onnx_add_node(g, "Softmax", "z", "x", (char *)0), "axis", 1);
    vd_onnx_set_integer(vd_onnx_add_node(g, "Softmax", "y", "x", (char *)0), "axis", -1);
    expect(3, shape, x, 3, shape, (float[]){.09003057f, .24472847f, .66524096f, .09003057f, .24472847f, .66524096f});
    vd_onnx_rename(g, "y", "w");
    vd_onnx_rename(g, "z", "y");
    expect(3, shape, (float[]){0, 1, 2, 1, 0, 3}, 3, shape, (float[]){a, b, a, b, a, b});
    g->opset = 12; /* over all from the axis on */
    expect(3, shape, (float[]){1, 1, 1, 1, 1, 1}, 3, shape,
           (float[]){1 / 6.f, 1 / 6.f, 1 / 6.f, 1 / 6.f, 1 / 6.f, 1 / 6.f});
}
END_TEST

/* ties go to the even one; what is too large is held */
START_TEST(numbers_go_through_bytes)
{
    static const float x[6] = {.25f, .75f, -.25f, 100, -100, .6f};
    static const int64_t shape[4] = {1, 1, 1, 6};
    constant("s", 0, shape, (float[]){.5f});
    vd_onnx_add_tensor(g, "z", VD_ONNX_INT8, 0, shape)->integer[0] = 10;
    vd_onnx_add_node(g, "QuantizeLinear", "q", "x", "s", "z", (char *)0);
    vd_onnx_add_node(g, "DequantizeLinear", "y", "q", "s", "z", (char *)0);
    expect(4, shape, x, 4, shape, (float[]){0, 1, 0, 58.5f, -69, .5f});
}
END_TEST

/* ---- shapes ---- */

START_TEST(numbers_move_and_stay_what_they_are)
{
    float x[24], y[24];
    for (int i = 0; i < 24; ++i) x[i] = (float)i;
    int64_t at = 0;
    for (int a = 0; a < 4; ++a)
        for (int b = 0; b < 2; ++b)
            for (int c = 0; c < 3; ++c) y[at++] = (float)(b * 12 + c * 4 + a);
    integers("shape", 3, (int64_t[]){0, 3, -1});
    vd_onnx_add_node(g, "Reshape", "three", "x", "shape", (char *)0);
    vd_onnx_set_integers(vd_onnx_add_node(g, "Transpose", "y", "three", (char *)0), "perm", 3, (int64_t[]){2, 0, 1});
    expect(4, (int64_t[]){2, 2, 3, 2}, x, 3, (int64_t[]){4, 2, 3}, y);
    end(), begin();
    vd_onnx_set_integer(vd_onnx_add_node(g, "Flatten", "y", "x", (char *)0), "axis", 2);
    expect(4, (int64_t[]){2, 2, 3, 2}, x, 2, (int64_t[]){4, 6}, x);
}
END_TEST

START_TEST(parts_are_cut_and_joined)
{
    static const float x[6] = {0, 1, 2, 3, 4, 5};
    integers("first", 2, (int64_t[]){1, -3});
    integers("end", 2, (int64_t[]){100, -1});
    integers("axes", 2, (int64_t[]){0, 1});
    integers("steps", 2, (int64_t[]){1, 1});
    vd_onnx_add_node(g, "Slice", "part", "x", "first", "end", "axes", "steps", (char *)0);
    vd_onnx_set_integer(vd_onnx_add_node(g, "Concat", "y", "part", "part", (char *)0), "axis", -1);
    expect(2, (int64_t[]){2, 3}, x, 2, (int64_t[]){1, 4}, (float[]){3, 4, 3, 4});
}
END_TEST

START_TEST(resize_repeats_pixels)
{
    constant("by", 1, (int64_t[]){4}, (float[]){1, 1, 2, 3});
    vd_onnx_node *node = vd_onnx_add_node(g, "Resize", "y", "x", "", "by", (char *)0);
    vd_onnx_set_text(node, "mode", "nearest");
    expect(4, (int64_t[]){1, 1, 1, 2}, (float[]){7, 8}, 4, (int64_t[]){1, 1, 2, 6},
           (float[]){7, 7, 7, 8, 8, 8, 7, 7, 7, 8, 8, 8});
}
END_TEST

/* ---- sizes ---- */

/* [2][3] of the shape [1][3][2][2], gathered; the numbers 3 and 2 become floats */
START_TEST(shapes_become_numbers)
{
    static const float x[12];
    integers("at", 2, (int64_t[]){1, -1});
    integers("seven", 1, (int64_t[]){7});
    vd_onnx_add_node(g, "Shape", "shape", "x", (char *)0);
    vd_onnx_add_node(g, "Gather", "two", "shape", "at", (char *)0);
    vd_onnx_add_node(g, "Mul", "many", "two", "seven", (char *)0);
    vd_onnx_add_node(g, "Sub", "less", "many", "two", (char *)0);
    vd_onnx_add_node(g, "Div", "part", "seven", "two", (char *)0);
    vd_onnx_set_integer(vd_onnx_add_node(g, "Concat", "all", "less", "part", (char *)0), "axis", 0);
    vd_onnx_set_integer(vd_onnx_add_node(g, "Cast", "y", "all", (char *)0), "to", VD_ONNX_FLOAT);
    expect(4, (int64_t[]){1, 3, 2, 2}, x, 1, (int64_t[]){4}, (float[]){18, 12, 2, 3});
}
END_TEST

/* ends beyond the dimensions are held within them, as ONNX Runtime does: of [5][3][2][4] */
START_TEST(a_part_of_a_shape_ends_where_the_shape_does)
{
    static const struct {
        int64_t start, end;
        int n;
        float y[4];
    } parts[] = {{-9, 9, 4, {5, 3, 2, 4}}, {-9, 2, 2, {5, 3}}, {-2, 99, 2, {2, 4}}, {1, -9, 0, {0}}, {3, 1, 0, {0}}};
    static const float x[120];
    for (int i = 0; i < COUNT_OF(parts); ++i) {
        vd_onnx_node *node = vd_onnx_add_node(g, "Shape", "shape", "x", (char *)0);
        vd_onnx_set_integer(node, "start", parts[i].start);
        vd_onnx_set_integer(node, "end", parts[i].end);
        vd_onnx_set_integer(vd_onnx_add_node(g, "Cast", "y", "shape", (char *)0), "to", VD_ONNX_FLOAT);
        expect(4, (int64_t[]){5, 3, 2, 4}, x, 1, (int64_t[]){parts[i].n}, parts[i].y);
        end();
        begin();
    }
}
END_TEST

START_TEST(slices_are_gathered_along_an_axis)
{
    static const float x[6] = {0, 1, 2, 3, 4, 5};
    integers("at", 3, (int64_t[]){2, 0, -2});
    vd_onnx_set_integer(vd_onnx_add_node(g, "Gather", "y", "x", "at", (char *)0), "axis", 1);
    expect(2, (int64_t[]){2, 3}, x, 2, (int64_t[]){2, 3}, (float[]){2, 0, 1, 5, 3, 4});
}
END_TEST

START_TEST(dimensions_of_one_come_and_go)
{
    static const float x[4] = {1, 2, 3, 4};
    integers("behind", 2, (int64_t[]){-1, 2});
    integers("last", 1, (int64_t[]){3});
    vd_onnx_add_node(g, "Unsqueeze", "four", "x", "behind", (char *)0);
    vd_onnx_add_node(g, "Squeeze", "y", "four", "last", (char *)0);
    expect(2, (int64_t[]){2, 2}, x, 3, (int64_t[]){2, 2, 1}, x);
    end(), begin();
    integers("to", 3, (int64_t[]){2, 1, 3});
    vd_onnx_add_node(g, "Expand", "y", "x", "to", (char *)0);
    expect(2, (int64_t[]){2, 1}, x, 3, (int64_t[]){2, 2, 3}, (float[]){1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
}
END_TEST

START_TEST(pads_are_put_around)
{
    integers("around", 4, (int64_t[]){0, 1, 1, 0});
    constant("seven", 0, 0, (float[]){7});
    vd_onnx_add_node(g, "Pad", "y", "x", "around", "seven", (char *)0);
    expect(2, (int64_t[]){1, 2}, (float[]){1, 2}, 2, (int64_t[]){2, 3}, (float[]){7, 1, 2, 7, 7, 7});
}
END_TEST

/* from opset 18 on: all in front of their axes first, then all behind them */
START_TEST(pads_of_some_axes_are_in_the_order_of_these)
{
    integers("around", 4, (int64_t[]){1, 0, 2, 1});
    integers("axes", 2, (int64_t[]){-1, 0});
    vd_onnx_add_node(g, "Pad", "y", "x", "around", "", "axes", (char *)0);
    expect(2, (int64_t[]){1, 2}, (float[]){1, 2}, 2, (int64_t[]){2, 5}, (float[]){0, 1, 2, 0, 0, 0, 0, 0, 0, 0});
}
END_TEST

/* a part of a Split of five: of equal parts, the last one smaller, and of given ones */
START_TEST(one_part_of_several)
{
    static const float x[5] = {1, 2, 3, 4, 5};
    for (int given = 0; given < 2; ++given) {
        integers("sizes", 3, (int64_t[]){1, 3, 1});
        vd_onnx_node *node = vd_onnx_add_node(g, "Split", "y", "x", given ? "sizes" : (char *)0, (char *)0);
        vd_onnx_set_integer(node, "axis", -1);
        vd_onnx_set_integer(node, "part", given ? 1 : 2);
        vd_onnx_set_integer(node, "parts", 3);
        expect(2, (int64_t[]){1, 5}, x, 2, (int64_t[]){1, given ? 3 : 1}, given ? x + 1 : x + 4);
        end(), begin();
    }
}
END_TEST

/* ---- 8-bit graphs ---- */

/* weights are 1, 2, 3 .. 127ths, the input's range is known: all numbers of the product are exact */
START_TEST(a_graph_of_bytes_has_scales_of_filters_and_biases_of_both)
{
    static const float w[4] = {127, -3, 254, 2}, b[2] = {2, -6}, pictures[4] = {0, 255, 51, 102};
    constant("w", 2, (int64_t[]){2, 2}, w);
    constant("b", 1, (int64_t[]){2}, b);
    g->input[0] = (vd_onnx_value){g->input[0].name, VD_ONNX_FLOAT, 2, {-1, 2}};
    vd_onnx_set_integer(vd_onnx_add_node(g, "Gemm", "y", "x", "w", "b", (char *)0), "transB", 1);
    vd_onnx_quantize(g, "test", 2, pictures);
    const vd_onnx_tensor *q = vd_onnx_find_tensor(g, "w"), *bias = vd_onnx_find_tensor(g, "b");
    ck_assert(q->type == VD_ONNX_INT8 && q->integer[0] == 127 && q->integer[1] == -3 && q->integer[2] == 127 &&
              q->integer[3] == 1);
    ck_assert(bias->type == VD_ONNX_INT32 && bias->integer[0] == 2 && bias->integer[1] == -3);
    ck_assert(vd_onnx_find_tensor(g, "x/scale")->real[0] == 1 && vd_onnx_find_tensor(g, "x/zero")->integer[0] == -128);
    expect(2, (int64_t[]){1, 2}, (float[]){10.2f, 300}, 2, (int64_t[]){1, 2}, (float[]){507, 3044});
}
END_TEST

/* a filter's scale is not so small that its bias, an integer of 32 bits, has no place */
START_TEST(biases_stay_beside_weights_next_to_nothing)
{
    static const float w[6] = {1e-9f, -2e-9f, 0, 0, 1, 0}, b[3] = {2, -6, 3}, pictures[2] = {0, 255};
    constant("w", 2, (int64_t[]){3, 2}, w);
    constant("b", 1, (int64_t[]){3}, b);
    g->input[0] = (vd_onnx_value){g->input[0].name, VD_ONNX_FLOAT, 2, {-1, 2}};
    vd_onnx_set_integer(vd_onnx_add_node(g, "Gemm", "y", "x", "w", "b", (char *)0), "transB", 1);
    vd_onnx_quantize(g, "test", 1, pictures);
    ck_assert_int_eq(vd_onnx_find_tensor(g, "w")->integer[4], 127);
    expect(2, (int64_t[]){1, 2}, (float[]){127, 50}, 2, (int64_t[]){1, 3}, (float[]){2, -6, 130});
}
END_TEST

/* ---- what does not fit ---- */

static void (*build)(void);

static void run_it(const char *unused)
{
    static const float x[16];
    (void)unused;
    build();
    vd_onnx_run *run = make_vd_onnx_run(g, "test.onnx", 1, (const char *const[]){"y"});
    vd_onnx_run_forward(run, 4, (int64_t[]){1, 1, 4, 4}, x);
}

static void no_such_operator(void)
{
    vd_onnx_add_node(g, "Loop", "y", "x", (char *)0);
}
static void no_such_input(void)
{
    vd_onnx_add_node(g, "Relu", "y", "z", (char *)0);
}
static void no_such_output(void)
{
    vd_onnx_add_node(g, "Relu", "z", "x", (char *)0);
}
static void other_channels(void)
{
    constant("w", 4, (int64_t[]){1, 2, 1, 1}, (float[]){1, 1});
    vd_onnx_add_node(g, "Conv", "y", "x", "w", (char *)0);
}
static void large_window(void)
{
    vd_onnx_set_integers(vd_onnx_add_node(g, "MaxPool", "y", "x", (char *)0), "kernel_shape", 2, (int64_t[]){5, 1});
}
static void other_sizes(void)
{
    constant("c", 1, (int64_t[]){3}, (float[]){1, 1, 1});
    vd_onnx_add_node(g, "Add", "y", "x", "c", (char *)0);
}
static void other_shape(void)
{
    integers("shape", 1, (int64_t[]){5});
    vd_onnx_add_node(g, "Reshape", "y", "x", "shape", (char *)0);
}

static void divided_by_none(void)
{
    integers("none", 1, (int64_t[]){0});
    vd_onnx_add_node(g, "Shape", "shape", "x", (char *)0);
    vd_onnx_add_node(g, "Div", "z", "shape", "none", (char *)0);
    vd_onnx_set_integer(vd_onnx_add_node(g, "Cast", "y", "z", (char *)0), "to", VD_ONNX_FLOAT);
}
static void far_away(void)
{
    integers("at", 1, (int64_t[]){4});
    vd_onnx_add_node(g, "Gather", "y", "x", "at", (char *)0);
}
static void large_part(void)
{
    integers("sizes", 1, (int64_t[]){INT64_MAX});
    vd_onnx_add_node(g, "Split", "y", "x", "sizes", (char *)0);
}
static void statistics_of_a_batch(void)
{
    constant("c", 1, (int64_t[]){1}, (float[]){1});
    vd_onnx_node *node = vd_onnx_add_node(g, "BatchNormalization", "y", "x", "c", "c", "c", "c", (char *)0);
    vd_onnx_set_integer(node, "training_mode", 1);
}
static void drops(void)
{
    constant("half", 0, 0, (float[]){.5f});
    *vd_onnx_add_tensor(g, "yes", VD_ONNX_BOOL, 0, 0)->integer = 1;
    vd_onnx_add_node(g, "Dropout", "y", "x", "half", "yes", (char *)0);
}
/* of no numbers, but products of its sides are none that an integer holds */
static void large_sides(void)
{
    constant("c", 3, (int64_t[]){0, 1, 1}, (float[]){0});
    integers("shape", 3, (int64_t[]){1, 1 << 28, 1 << 28});
    vd_onnx_add_node(g, "Expand", "y", "c", "shape", (char *)0);
}

START_TEST(what_does_not_fit_is_a_line_that_names_the_node)
{
    static const struct {
        void (*build)(void);
        const char *line;
    } cases[] = {
        {no_such_operator, "test.onnx: node y: operator Loop is not known\n"},
        {no_such_input, "test.onnx: node y (Relu): no node before it makes its input z\n"},
        {no_such_output, "test.onnx: no node makes y\n"},
        {other_channels, "test.onnx: node y (Conv): weights of 1 x 2 in 1 groups for 1 channels\n"},
        {large_window, "test.onnx: node y (MaxPool): a window of 5 for a side of 4 with its pads\n"},
        {other_sizes, "test.onnx: node y (Add): dimension 3: 3 and 4 numbers, expected as many or 1\n"},
        {divided_by_none, "test.onnx: node z (Div): integers out of range\n"},
        {far_away, "test.onnx: node y (Gather): index 4 of 1\n"},
        {large_part, "test.onnx: node y (Split): a part of 9223372036854775807 of 1\n"},
        {large_sides, "test.onnx: node y (Expand): an output with 268435456 numbers in dimension 2 is not made\n"},
        {statistics_of_a_batch,
         "test.onnx: node y (BatchNormalization): training_mode=1: a model exported for inference is expected\n"},
        {drops, "test.onnx: node y (Dropout): training_mode=1: a model exported for inference is expected\n"},
        {other_shape, "test.onnx: node y (Reshape): 16 numbers do not fill a shape of 5\n"},
    };
    for (int i = 0; i < COUNT_OF(cases); ++i) {
        char *err;
        build = cases[i].build;
        ck_assert_int_eq(in_child(run_it, "", &err), 1);
        ck_assert_str_eq(err, cases[i].line);
        free(err);
    }
}
END_TEST

SUITE_OF(onnx_evaluate)
{
    EACH(begin, end);
    TEST(conv_is_the_sum_over_its_window);
    TEST(pools_take_what_is_inside);
    TEST(means_along_one_axis);
    TEST(windows_of_the_same_size_have_zeros_behind_or_in_front);
    TEST(windows_smaller_than_their_stride_begin_at_the_first_pixel);
    TEST(pools_are_rounded_up_and_have_gaps);
    TEST(a_pool_far_larger_than_its_input_ends);
    TEST(matrices_are_multiplied);
    TEST(batch_normalisation_is_a_line_for_each_channel);
    TEST(functions_of_one_number);
    TEST(shapes_of_two_are_repeated_as_numpy_does);
    TEST(integers_take_the_other_sign);
    TEST(softmax_is_along_its_axis);
    TEST(numbers_go_through_bytes);
    TEST(numbers_move_and_stay_what_they_are);
    TEST(parts_are_cut_and_joined);
    TEST(resize_repeats_pixels);
    TEST(shapes_become_numbers);
    TEST(a_part_of_a_shape_ends_where_the_shape_does);
    TEST(slices_are_gathered_along_an_axis);
    TEST(dimensions_of_one_come_and_go);
    TEST(pads_are_put_around);
    TEST(pads_of_some_axes_are_in_the_order_of_these);
    TEST(one_part_of_several);
    TEST(a_graph_of_bytes_has_scales_of_filters_and_biases_of_both);
    TEST(biases_stay_beside_weights_next_to_nothing);
    TEST(what_does_not_fit_is_a_line_that_names_the_node);
}
