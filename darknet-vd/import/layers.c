/* The nodes of a graph, one after the other, as sections of a cfg. */
#include "import/translation.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- the same numbers ---- */

static void identity(vd_importing *im)
{
    vd_import_set(im, vd_import_input_of(im, 0));
}

static void cast(vd_importing *im)
{
    long long to = (long long)vd_onnx_integer_of(im->node, "to", 0);
    if (to != VD_ONNX_FLOAT) vd_import_refuse(im, "to=%lld: %d, floats, is expected", to, VD_ONNX_FLOAT);
    identity(im);
}

static void dropout(vd_importing *im)
{
    int says = im->node->inputs > 2 && *im->node->input[2];
    const vd_onnx_tensor *training = says ? vd_import_constant_input(im, 2, 0) : 0;
    if (training && training->n && *training->integer) vd_import_refuse(im, VD_ONNX_NO_TRAINING);
    identity(im);
}

/* the shape that a Reshape asks for, of one picture: 0 is the input's number, -1 what is left. Its dimensions; 0: none
 * that the numbers fill */
static int shape_asked(const vd_importing *im, vd_place x, int64_t d[4])
{
    const vd_onnx_tensor *s = vd_import_constant_input(im, 1, 0);
    const int64_t of_input[4] = {1, x.c, x.h, x.w};
    int64_t left = vd_place_numbers(x);
    int open = -1, n = s->n <= 4 ? (int)s->n : 0;
    for (int i = 0; i < n; ++i) {
        d[i] = s->integer[i] || i >= (x.flat ? 2 : 4) ? s->integer[i] : of_input[i];
        if (d[i] == -1 && open < 0) open = i;
        else if (d[i] < 1 || left % d[i]) return 0;
        else left /= d[i];
    }
    if (open >= 0) d[open] = left;
    return open >= 0 || left == 1 ? n : 0;
}

/* to a row of numbers, or to the shape it has */
static void reshape(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    int64_t axis = vd_onnx_integer_of(im->node, "axis", 1);
    int to_flat = !strcmp(im->node->type, "Flatten") && (axis == 1 || axis == (x.flat ? -1 : -3));
    int squeezed = !strcmp(im->node->type, "Squeeze") && (x.flat || x.h * x.w == 1);
    if (!strcmp(im->node->type, "Reshape")) {
        if (vd_import_waits_for_shuffle(im, x)) return;
        int64_t d[4] = {0};
        int n = shape_asked(im, x, d);
        int same = n == 4 && !x.flat && d[1] == x.c && d[2] == x.h && d[3] == x.w;
        if (same) {
            identity(im);
            return;
        }
        to_flat = n == 2 && d[1] == vd_place_numbers(x);
        int to_map = n == 4 && d[1] == x.c && vd_place_numbers(x) == x.c && d[2] == 1 && d[3] == 1;
        if (to_map) {
            x.flat = 0;
            vd_import_set(im, x);
            return;
        }
    }
    if (!to_flat && !squeezed) vd_import_refuse(im, "a row of all numbers, or the shape it has, is expected");
    x.c = vd_place_numbers(x);
    x.h = x.w = x.flat = 1;
    vd_import_set(im, x);
}

/* a row of numbers becomes channels of one pixel */
static void unsqueeze(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    vd_onnx_list axes = vd_import_integers_of(im, "axes", 1);
    int behind = x.h * x.w == 1;
    for (int i = 0; i < axes.n; ++i) behind &= axes.x[i] > 1 || (axes.x[i] < 0 && axes.x[i] >= -axes.n);
    if (!behind) vd_import_refuse(im, "dimensions of 1 behind a row of numbers are expected");
    x.flat = 0;
    vd_import_set(im, x);
}

/* of numbers of a channel, as a factor that is repeated anyway */
static void expand(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    if (x.flat || x.h * x.w != 1) vd_import_refuse(im, "one number a channel is expected");
    vd_import_set(im, x);
}

static void logarithm(vd_importing *im)
{
    vd_import_refuse(im, "Darknet's last layer is [softmax]: export a model that ends in Softmax");
}

/* ---- all of them ---- */

static const struct {
    const char *type;
    void (*translate)(vd_importing *im);
} nodes[] = {
    {"Add", vd_import_add},
    {"AveragePool", vd_import_pool},
    {"BatchNormalization", vd_import_batch_norm},
    {"Cast", cast},
    {"Clip", vd_import_activation},
    {"Concat", vd_import_concat},
    {"Conv", vd_import_convolution},
    {"Div", vd_import_divide},
    {"Dropout", dropout},
    {"Elu", vd_import_activation},
    {"Expand", expand},
    {"Flatten", reshape},
    {"Gemm", vd_import_gemm},
    {"GlobalAveragePool", vd_import_mean},
    {"GlobalMaxPool", vd_import_largest},
    {"HardSigmoid", vd_import_hard_sigmoid},
    {"HardSwish", vd_import_hard_swish},
    {"Identity", identity},
    {"LeakyRelu", vd_import_activation},
    {"LogSoftmax", logarithm},
    {"MatMul", vd_import_mat_mul},
    {"Max", vd_import_bound},
    {"MaxPool", vd_import_pool},
    {"Min", vd_import_bound},
    {"Mish", vd_import_activation},
    {"Mul", vd_import_multiply},
    {"Neg", vd_import_negate},
    {"PRelu", vd_import_slopes},
    {"Pad", vd_import_pad},
    {"ReduceMean", vd_import_mean},
    {"Relu", vd_import_activation},
    {"Reshape", reshape},
    {"Resize", vd_import_resize},
    {"Selu", vd_import_activation},
    {"Sigmoid", vd_import_activation},
    {"Slice", vd_import_slice},
    {"Softmax", vd_import_softmax},
    {"Softplus", vd_import_activation},
    {"Split", vd_import_split},
    {"Squeeze", reshape},
    {"Sub", vd_import_subtract},
    {"Sum", vd_import_add},
    {"Tanh", vd_import_activation},
    {"Transpose", vd_import_transpose},
    {"Unsqueeze", unsqueeze},
    {"Upsample", vd_import_resize},
};

/* [N][c][h][w], or [N][n] */
static void read_input(vd_importing *im)
{
    const vd_onnx_value *input = 0;
    for (int i = 0; i < im->g->inputs; ++i) {
        if (vd_onnx_find_tensor(im->g, im->g->input[i].name)) continue;
        if (input) vd_import_refuse(im, "two inputs, %s and %s: one is expected", input->name, im->g->input[i].name);
        input = im->g->input + i;
    }
    if (!input) vd_import_refuse(im, "the output %s does not depend on an input", im->g->output[0].name);
    if (input->type != VD_ONNX_FLOAT || (input->rank != 4 && input->rank != 2))
        vd_import_refuse(im, "one input of floats, [N, C, H, W] or [N, numbers], is expected");
    int64_t dims[3] = {1, 1, 1};
    for (int i = 1; i < input->rank; ++i) {
        if (input->dims[i] < 1 || input->dims[i] > 1 << 14)
            vd_import_refuse(im, "input %s: a fixed size from 1 to 16384 is expected in dimension %d", input->name, i);
        dims[i - 1] = input->dims[i];
    }
    if (dims[0] * dims[1] * dims[2] > 1 << 26) vd_import_refuse(im, "input %s: too large", input->name);
    vd_place x = {input->name, VD_IMPORT_PICTURE, (int)dims[0], (int)dims[1], (int)dims[2], input->rank == 2, {0}};
    im->net.inputs = vd_place_numbers(x);
    if (!x.flat) im->net.channels = x.c, im->net.h = x.h, im->net.w = x.w;
    if (vd_import_reads_of(im, x.tensor) > 1) vd_import_picture_as_layer(im, &x);
    vd_import_set(im, x);
}

static void translate(vd_importing *im)
{
    if (vd_import_fold(im)) return;
    for (size_t k = 0; k < sizeof nodes / sizeof *nodes; ++k)
        if (!strcmp(nodes[k].type, im->node->type)) {
            nodes[k].translate(im);
            return;
        }
    vd_import_refuse(im, "Darknet has no such layer");
}

vd_import_network make_vd_import_network(const vd_onnx_graph *g, const char *path)
{
    vd_importing im = {.g = g, .path = path};
    if (g->outputs != 1) vd_import_refuse(&im, "%d outputs: one is expected", g->outputs);
    read_input(&im);
    for (int i = 0; i < g->nodes; ++i) {
        im.node = g->node + i;
        translate(&im);
    }
    im.node = 0;
    const vd_place *out = vd_import_find(&im, g->output[0].name);
    if (!out || out->layer == VD_IMPORT_PICTURE)
        vd_import_refuse(&im, "the output %s is not that of a layer", g->output[0].name);
    if (vd_place_is_padded(*out))
        vd_import_refuse(&im, "the output %s is what a Pad makes: that of a layer is expected", g->output[0].name);
    vd_import_read(&im, *out);
    im.net.output = g->output[0].name;
    for (int i = 0; i < im.n_constants; ++i) vd_onnx_tensor_clear(im.constants + i);
    free(im.places);
    free(im.constants);
    return im.net;
}

void free_vd_import_network(vd_import_network *net)
{
    for (int i = 0; i < net->n; ++i) {
        vd_import_layer *l = net->layers + i;
        float *arrays[] = {l->weights, l->biases, l->scales, l->mean, l->variance};
        for (size_t k = 0; k < sizeof arrays / sizeof *arrays; ++k) free(arrays[k]);
        free(l->keys);
    }
    free(net->layers);
}
