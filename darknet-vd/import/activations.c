/* Activations, the gates of swish and mish among them, and products of two tensors. */
#include "import/translation.h"
#include "base/fail.h"
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void activate(vd_importing *im, vd_place x, const char *activation, int reads)
{
    vd_import_layer *l = vd_import_open_layer(im, x, reads);
    if (!l) {
        vd_import_read(im, x);
        l = vd_import_add_layer(im, "activation", vd_format("%s", ""));
    }
    l->activation = activation;
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}

/* the Mul whose gate this node is, or is on the way to: x s(x), x tanh(softplus(x)) */
static int is_gate(const vd_importing *im, const vd_onnx_node *node)
{
    if (!node->inputs) return 0;
    const vd_onnx_node *next = vd_import_reader_of(im, node->output[0]);
    const char *x = vd_import_root_of(im, node->input[0]);
    if (next && !strcmp(node->type, "Softplus") && !strcmp(next->type, "Tanh"))
        next = vd_import_reader_of(im, next->output[0]);
    else if (next && !strcmp(node->type, "Tanh")) {
        const vd_onnx_node *soft = vd_onnx_maker_of(im->g, node->input[0]);
        if (!soft || strcmp(soft->type, "Softplus") || !soft->inputs) return 0;
        x = vd_import_root_of(im, soft->input[0]);
    } else if (strcmp(node->type, "Sigmoid")) return 0;
    if (!next || strcmp(next->type, "Mul") || next->inputs != 2) return 0;
    return !strcmp(vd_import_root_of(im, next->input[0]), x) || !strcmp(vd_import_root_of(im, next->input[1]), x);
}

static const char *clip_between(const vd_importing *im, double low, double high)
{
    if (high >= FLT_MAX) high = INFINITY; /* the default of an attribute, which exporters write, too */
    if (low == 0 && high == 6) return "relu6";
    if (low == -1 && high == 1) return "hardtan";
    if (low == 0 && high == INFINITY) return "relu";
    vd_import_refuse(im, "from %g to %g: 0 to 6 and -1 to 1 are expected", low, high);
}

/* the bounds of a Clip: inputs, or attributes before opset 11 */
static const char *clip_of(const vd_importing *im)
{
    double bound[2] = {vd_onnx_real_of(im->node, "min", -INFINITY), vd_onnx_real_of(im->node, "max", INFINITY)};
    for (int i = 0; i < 2; ++i)
        if (i + 1 < im->node->inputs && *im->node->input[i + 1]) {
            const vd_onnx_tensor *t = vd_import_constant_input(im, i + 1, 1);
            if (t->n != 1) vd_import_refuse(im, "one number is expected for a bound");
            bound[i] = t->real[0];
        }
    return clip_between(im, bound[0], bound[1]);
}

static int is_near(double a, double b)
{
    return fabs(a - b) < 1e-3 * fabs(b);
}

/* Darknet's name of an activation */
static const char *activation_of(const vd_importing *im)
{
    const vd_onnx_node *node = im->node;
    if (!strcmp(node->type, "LeakyRelu")) {
        double alpha = vd_onnx_real_of(node, "alpha", .01f);
        if (is_near(alpha, .1)) return "leaky";
        if (is_near(alpha, .01)) return "relie";
        return 0;
    }
    if (!strcmp(node->type, "Elu")) {
        if (vd_onnx_real_of(node, "alpha", 1) == 1) return "elu";
        vd_import_refuse(im, "alpha=%g: 1 is expected", vd_onnx_real_of(node, "alpha", 1));
    }
    if (!strcmp(node->type, "Selu")) {
        double alpha = vd_onnx_real_of(node, "alpha", 1.67326f), gamma = vd_onnx_real_of(node, "gamma", 1.0507f);
        if (is_near(alpha, 1.6732) && is_near(gamma, 1.0507)) return "selu";
        vd_import_refuse(im, "alpha=%g gamma=%g: Darknet has 1.6732 and 1.0507", alpha, gamma);
    }
    if (!strcmp(node->type, "Clip")) return clip_of(im);
    if (!strcmp(node->type, "Relu")) return "relu";
    if (!strcmp(node->type, "Sigmoid")) return "logistic";
    if (!strcmp(node->type, "Mish")) return "mish";
    if (!strcmp(node->type, "Tanh")) return "tanh";
    return 0;
}

void vd_import_activation(vd_importing *im)
{
    if (is_gate(im, im->node)) return; /* its Mul is translated */
    const char *name = activation_of(im);
    if (!name && !strcmp(im->node->type, "LeakyRelu")) {
        vd_import_slopes(im);
        return;
    }
    if (!name) vd_import_refuse(im, "Darknet has no such activation");
    activate(im, vd_import_input_of(im, 0), name, 1);
}

/* a Max or a Min of a tensor and one number, which is a bound: the input that is the tensor; -1: it is none */
static int bounded_input(const vd_importing *im, const vd_onnx_node *node, double bound[2])
{
    int is_low = !strcmp(node->type, "Max");
    if ((!is_low && strcmp(node->type, "Min")) || node->inputs != 2) return -1;
    for (int k = 0; k < 2; ++k) {
        const vd_onnx_tensor *t = vd_import_constant_of(im, node->input[k]);
        if (!t || !t->real || t->n != 1) continue;
        bound[!is_low] = t->real[0];
        return !k;
    }
    return -1;
}

/* Max and Min, each behind the other or alone: a Clip. The first one waits for the second, where nothing else reads it;
 * where it does, and behind a Relu, a Clip between both bounds leaves its numbers as they are */
void vd_import_bound(vd_importing *im)
{
    double bound[2] = {-INFINITY, INFINITY};
    const vd_onnx_node *node = im->node, *next = vd_import_reader_of(im, node->output[0]);
    const char *other = !strcmp(node->type, "Max") ? "Min" : "Max";
    int k = bounded_input(im, node, bound), from = -1;
    if (k < 0) vd_import_refuse(im, "two inputs, one of them one number, are expected");
    if (next && !strcmp(next->type, other)) return;
    const vd_onnx_node *before = vd_onnx_maker_of(im->g, node->input[k]);
    const vd_place *x = vd_import_find(im, node->input[k]);
    if (before && !strcmp(before->type, other)) from = bounded_input(im, before, bound);
    else if (before && !strcmp(before->type, "Relu") && bound[0] < 0) bound[0] = 0;
    if (!x && from >= 0) x = vd_import_find(im, before->input[from]);
    if (!x || vd_place_is_padded(*x)) vd_import_refuse(im, "input %d: the output of a layer is expected", k);
    activate(im, *x, clip_between(im, bound[0], bound[1]), 1);
}

/* ---- of several sections ---- */

/* clip(alpha x + beta, 0, 1) as relu6(6 alpha x + 6 beta)/6 */
static vd_place hard_logistic(vd_importing *im, vd_place x, float alpha, float beta)
{
    vd_import_layer *l = vd_import_each_channel(im, x);
    for (int c = 0; c < x.c; ++c) l->weights[c] = 6 * alpha, l->biases[c] = 6 * beta;
    l->activation = "relu6";
    x.layer = vd_import_last_layer(im);
    l = vd_import_each_channel(im, x);
    for (int c = 0; c < x.c; ++c) l->weights[c] = 1 / 6.f;
    x.layer = vd_import_last_layer(im);
    return x;
}

void vd_import_hard_sigmoid(vd_importing *im)
{
    float alpha = vd_onnx_real_of(im->node, "alpha", .2f), beta = vd_onnx_real_of(im->node, "beta", .5f);
    vd_import_set(im, hard_logistic(im, vd_import_input_of(im, 0), alpha, beta));
}

/* x clip(x/6 + 1/2, 0, 1) */
void vd_import_hard_swish(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    vd_import_refuse_picture(im, x);
    hard_logistic(im, x, 1 / 6.f, .5f);
    vd_import_add_layer(im, "sam", vd_format("from=%d\n", x.layer))->activation = "linear";
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}

/* the slopes below 0 of a LeakyRelu or a PRelu: [x.c] */
static float *slopes_of(const vd_importing *im, vd_place x)
{
    if (!strcmp(im->node->type, "PRelu")) {
        const vd_onnx_tensor *each = vd_import_constant_input(im, 1, 1);
        if (im->g->opset < 7 && each->rank == 1 && each->n > 1)
            vd_import_refuse(
                im, "a slope for each channel as opset %d has it: a model exported with opset 7 or later is expected",
                im->g->opset);
        return vd_import_by_channel(im, x, each);
    }
    float *slope = vd_calloc(x.c, sizeof(float));
    for (int c = 0; c < x.c; ++c) slope[c] = vd_onnx_real_of(im->node, "alpha", .01f);
    return slope;
}

/* (1 - s) relu(x) + s x, as a [shortcut] that knows both factors; of each channel its own by convolutions */
void vd_import_slopes(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0), above = x;
    float *slope = slopes_of(im, x);
    int same = 1;
    for (int c = 1; c < x.c; ++c) same &= slope[c] == slope[0];
    vd_import_refuse_picture(im, x);
    vd_import_read(im, x);
    vd_import_add_layer(im, "activation", vd_format("%s", ""))->activation = "relu";
    above.layer = vd_import_last_layer(im);
    if (same) {
        char *keys = vd_format("from=%d\nalpha=%.9g\nbeta=%.9g\n", x.layer, 1 - slope[0], slope[0]);
        vd_import_add_layer(im, "shortcut", keys)->activation = "linear";
    } else {
        vd_import_layer *l = vd_import_each_channel(im, above);
        for (int c = 0; c < x.c; ++c) l->weights[c] = 1 - slope[c];
        above.layer = vd_import_last_layer(im);
        l = vd_import_each_channel(im, x);
        memcpy(l->weights, slope, x.c * sizeof(float));
        vd_import_add_layer(im, "shortcut", vd_format("from=%d\n", above.layer))->activation = "linear";
    }
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
    free(slope);
}

/* ---- two tensors ---- */

/* which input, 0 or 1, is the activation's own argument and the other its gate; -1: neither */
static int gated_input(const vd_importing *im, const char **name)
{
    for (int k = 0; k < 2; ++k) {
        const vd_onnx_node *gate = vd_onnx_maker_of(im->g, im->node->input[!k]);
        const char *x = vd_import_root_of(im, im->node->input[k]);
        if (!gate || !is_gate(im, gate)) continue;
        if (!strcmp(gate->type, "Sigmoid") && !strcmp(vd_import_root_of(im, gate->input[0]), x))
            return *name = "swish", k;
        const vd_onnx_node *soft = vd_onnx_maker_of(im->g, gate->input[0]);
        if (!strcmp(gate->type, "Tanh") && soft && !strcmp(vd_import_root_of(im, soft->input[0]), x))
            return *name = "mish", k;
    }
    return -1;
}

/* a product of two tensors: [sam], or [scale_channels] where one has a number for each channel */
static void scaled(vd_importing *im)
{
    vd_place a = vd_import_input_of(im, 0), b = vd_import_input_of(im, 1);
    int by_channel = vd_place_numbers(a) != vd_place_numbers(b);
    if (vd_place_numbers(a) < vd_place_numbers(b)) {
        vd_place swap = a;
        a = b, b = swap;
    }
    if (a.flat != b.flat || a.c != b.c || (by_channel ? b.h * b.w != 1 : a.h != b.h || a.w != b.w))
        vd_import_refuse(im, "a product of %dx%dx%d and %dx%dx%d", a.c, a.h, a.w, b.c, b.h, b.w);
    vd_import_refuse_picture(im, a);
    vd_import_read(im, b);
    vd_import_add_layer(im, by_channel ? "scale_channels" : "sam", vd_format("from=%d\n", a.layer))->activation =
        "linear";
    a.layer = vd_import_last_layer(im);
    vd_import_set(im, a);
}

void vd_import_multiply(vd_importing *im)
{
    const char *name = 0;
    int k = vd_import_constant_side(im);
    if (k >= 0) {
        vd_place x = vd_import_input_of(im, !k);
        float *gain = vd_import_by_channel(im, x, vd_import_constant_input(im, k, 1));
        vd_import_line(im, x, gain, 0);
        free(gain);
        return;
    }
    k = gated_input(im, &name);
    if (k >= 0) activate(im, vd_import_input_of(im, k), name, 2);
    else scaled(im);
}
