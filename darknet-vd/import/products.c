/* Convolutions and matrices, and what becomes a part of one: biases, batch normalisation. */
#include "import/window.h"
#include "onnx/geometry.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *copy_of(const float *x, size_t n)
{
    float *copy = vd_calloc(n, sizeof(*x));
    memcpy(copy, x, n * sizeof(*x));
    return copy;
}

static void add_weights(vd_import_layer *l, int filters, size_t columns)
{
    l->filters = filters;
    l->columns = columns;
    l->weights = vd_calloc((size_t)filters * columns, sizeof(float));
    l->biases = vd_calloc(filters, sizeof(float));
    l->activation = "linear";
}

/* the numbers of an input, times a factor; 0 where the node has none */
static void set_biases(const vd_importing *im, vd_import_layer *l, int input, float factor)
{
    if (input >= im->node->inputs || !*im->node->input[input]) return;
    const vd_onnx_tensor *b = vd_import_constant_input(im, input, 1);
    if (b->n != (size_t)l->filters && b->n != 1) vd_import_refuse(im, "%zu biases for %d filters", b->n, l->filters);
    for (int f = 0; f < l->filters; ++f) l->biases[f] = factor * b->real[b->n == 1 ? 0 : f];
}

/* ---- products ---- */

/* stock Darknet reads the input of a 1x1 convolution, which this is for, with a stride in another order:
 * every stride-th pixel goes before */
static vd_place thinned(vd_importing *im, vd_place x, vd_window *v)
{
    if (v->stride[0] == 1 && v->stride[1] == 1) return x;
    char *stride = vd_window_stride_keys(v);
    vd_import_read(im, x);
    vd_import_add_layer(im, "maxpool", vd_format("size=1\n%spadding=0\n", stride));
    free(stride);
    x.layer = vd_import_last_layer(im);
    x.h = (int)vd_onnx_windows(x.h, 0, 0, 1, v->stride[0], 0);
    x.w = (int)vd_onnx_windows(x.w, 0, 0, 1, v->stride[1], 0);
    v->stride[0] = v->stride[1] = 1;
    return x;
}

/* a larger window has more weights than the model, a mean with zeros has them all */
static void check_room(const vd_importing *im, int64_t size, int64_t windows)
{
    enum { MOST = 1 << 27 };
    if (windows > MOST / (size * size))
        vd_import_refuse(im, "%lld windows of %lldx%lld, which carry its pads, are too many", (long long)windows,
                         (long long)size, (long long)size);
}

void vd_import_convolution(vd_importing *im)
{
    vd_place x = vd_import_padded_input(im, 0);
    const vd_onnx_tensor *w = vd_import_constant_input(im, 1, 1);
    int64_t groups = vd_onnx_integer_of(im->node, "group", 1);
    if (w->rank != 4 || groups < 1 || groups > w->dims[0] || w->dims[0] % groups || w->dims[1] * groups != x.c)
        vd_import_refuse(im, "weights that do not fit %d channels", x.c);
    vd_window v = vd_window_of(im, x, w->dims + 2);
    int64_t out[2], filters = w->dims[0], channels = w->dims[1];
    vd_window_outputs(&v, x, out);
    if (out[0] < 1 || out[1] < 1 || w->n == 0) vd_import_refuse(im, "a window larger than its map with the pads");
    vd_square s = vd_window_square(im, x, &v);
    if (s.size * s.size > v.size[0] * v.size[1]) check_room(im, s.size, filters * channels);
    if (s.size == 1) x = thinned(im, x, &v);
    vd_import_read(im, x);
    char *stride = vd_window_stride_keys(&v),
         *more = groups > 1 ? vd_format("groups=%lld\n", (long long)groups) : vd_format("%s", "");
    char *gap = s.gap > 1 ? vd_format("dilation=%lld\n", (long long)s.gap) : vd_format("%s", "");
    vd_import_layer *l =
        vd_import_add_layer(im, "convolutional",
                            vd_format("filters=%lld\nsize=%lld\n%spadding=%lld\n%s%s", (long long)filters,
                                      (long long)s.size, stride, (long long)s.pad, more, gap));
    add_weights(l, (int)filters, (size_t)(channels * s.size * s.size));
    for (int64_t k = 0; k < filters * channels; ++k)
        vd_square_fill(&s, v.size, w->real + k * v.size[0] * v.size[1], l->weights + k * s.size * s.size);
    set_biases(im, l, 2, 1);
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), l->filters, (int)out[0], (int)out[1], 0, {0}});
    free(stride), free(more), free(gap);
}

/* w [in][out], or transposed [out][in] */
static void matrix(vd_importing *im, const vd_onnx_tensor *w, int transposed)
{
    vd_place x = vd_import_input_of(im, 0);
    if (w->rank != 2 || !w->n || w->dims[transposed] != vd_place_numbers(x))
        vd_import_refuse(im, "a matrix that does not fit %d numbers", vd_place_numbers(x));
    int64_t in = w->dims[transposed], out = w->dims[!transposed];
    if (!x.flat && x.h * x.w > 1) vd_import_refuse(im, "a row of numbers is expected: its input is a map");
    vd_import_read(im, x);
    vd_import_layer *l = vd_import_add_layer(im, "connected", vd_format("output=%lld\n", (long long)out));
    add_weights(l, (int)out, (size_t)in);
    for (int64_t f = 0; f < out; ++f)
        for (int64_t k = 0; k < in; ++k) l->weights[f * in + k] = w->real[transposed ? f * in + k : k * out + f];
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), (int)out, 1, 1, 1, {0}});
}

void vd_import_gemm(vd_importing *im)
{
    if (vd_onnx_integer_of(im->node, "transA", 0) && vd_place_numbers(vd_import_input_of(im, 0)) > 1)
        vd_import_refuse(im, "transA=1: 0 is expected, unless its input is one number");
    float alpha = vd_onnx_real_of(im->node, "alpha", 1);
    matrix(im, vd_import_constant_input(im, 1, 1), vd_onnx_integer_of(im->node, "transB", 0) != 0);
    vd_import_layer *l = im->net.layers + vd_import_last_layer(im);
    for (size_t i = 0; i < l->filters * l->columns; ++i) l->weights[i] *= alpha;
    set_biases(im, l, 2, vd_onnx_real_of(im->node, "beta", 1));
}

void vd_import_mat_mul(vd_importing *im)
{
    matrix(im, vd_import_constant_input(im, 1, 1), 0);
}

/* ---- behind a product ---- */

/* a row of numbers that the section makes as channels of one pixel */
static int is_row_of_channels(const vd_importing *im, vd_place x)
{
    int i = x.layer;
    while (i >= 0 && !strcmp(im->net.layers[i].section, "activation")) --i; /* of the section before it */
    return i >= 0 && (im->net.layers[i].filters == x.c || !strcmp(im->net.layers[i].section, "avgpool"));
}

vd_import_layer *vd_import_channel_windows(vd_importing *im, vd_place x, int size, const char *keys)
{
    if (x.flat && !is_row_of_channels(im, x))
        vd_import_refuse(im, "it is not behind a Conv, Gemm or MatMul of its own");
    check_room(im, size, x.c);
    vd_import_read(im, x);
    vd_import_layer *l =
        vd_import_add_layer(im, "convolutional", vd_format("filters=%d\nsize=%d\n%sgroups=%d\n", x.c, size, keys, x.c));
    add_weights(l, x.c, (size_t)size * size);
    l->fixed = 1;
    return l;
}

vd_import_layer *vd_import_each_channel(vd_importing *im, vd_place x)
{
    vd_import_layer *l = vd_import_channel_windows(im, x, 1, "stride=1\npadding=0\n");
    for (int c = 0; c < x.c; ++c) l->weights[c] = 1;
    return l;
}

/* a product with this output alone, whose sum can take more for each of these channels; else a new one. Behind a
 * Flatten of a map there are more numbers than filters */
static vd_import_layer *product_before(vd_importing *im, vd_place x)
{
    vd_import_layer *l = vd_import_open_layer(im, x, 1);
    return l && l->filters == x.c && !l->scales ? l : vd_import_each_channel(im, x);
}

void vd_import_line(vd_importing *im, vd_place x, const float *gain, const float *shift)
{
    vd_import_layer *l = product_before(im, x);
    for (int f = 0; f < x.c; ++f) {
        float a = gain ? gain[f] : 1;
        for (size_t k = 0; k < l->columns && gain; ++k) l->weights[f * l->columns + k] *= a;
        l->biases[f] = a * l->biases[f] + (shift ? shift[f] : 0);
    }
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}

/* Darknet divides by sqrt(variance) + 1e-6, ONNX by sqrt(variance + epsilon); the product's biases go into the mean */
void vd_import_batch_norm(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    const vd_onnx_tensor *p[4];
    double epsilon = vd_onnx_real_of(im->node, "epsilon", 1e-5f);
    if (vd_onnx_integer_of(im->node, "training_mode", 0)) vd_import_refuse(im, VD_ONNX_NO_TRAINING);
    for (int i = 0; i < 4; ++i) {
        p[i] = vd_import_constant_input(im, i + 1, 1);
        if (p[i]->n != (size_t)x.c)
            vd_import_refuse(im, "input %d has %zu numbers for %d channels", i + 1, p[i]->n, x.c);
    }
    vd_import_layer *l = product_before(im, x);
    l->scales = copy_of(p[0]->real, x.c);
    l->mean = copy_of(p[2]->real, x.c);
    l->variance = copy_of(p[3]->real, x.c);
    for (int c = 0; c < x.c; ++c) {
        double root = sqrt(l->variance[c] + epsilon) - 1e-6;
        if (!(root > 0)) vd_import_refuse(im, "a variance of %g: one above 0 is expected", l->variance[c]);
        l->variance[c] = (float)(root * root);
        l->mean[c] -= l->biases[c];
        l->biases[c] = p[1]->real[c];
    }
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}

/* ---- two tensors ---- */

/* as NumPy repeats them: a row of numbers goes along the width of a map, be it of one pixel */
float *vd_import_by_channel(const vd_importing *im, vd_place x, const vd_onnx_tensor *t)
{
    int by_channel = t->n == (size_t)x.c && (x.flat || (t->rank >= 3 && t->dims[t->rank - 3] == x.c));
    if (t->n != 1 && !by_channel)
        vd_import_refuse(im,
                         "%zu numbers in %d dimensions: one, or one for each of %d channels, [%d, 1, 1], is expected",
                         t->n, t->rank, x.c, x.c);
    float *each = vd_calloc(x.c, sizeof(float));
    for (int c = 0; c < x.c; ++c) each[c] = t->real[t->n == 1 ? 0 : c];
    return each;
}

int vd_import_constant_side(const vd_importing *im)
{
    if (im->node->inputs != 2) vd_import_refuse(im, "%d inputs: 2 are expected", im->node->inputs);
    for (int k = 0; k < 2; ++k)
        if (vd_import_constant_of(im, im->node->input[k])) return k;
    return -1;
}

static void shortcut(vd_importing *im)
{
    vd_place a = vd_import_input_of(im, 0), b = vd_import_input_of(im, 1);
    if (a.c != b.c || a.h != b.h || a.w != b.w) vd_import_refuse(im, "tensors of different shapes");
    if (b.layer == vd_import_last_layer(im)) {
        vd_place swap = a;
        a = b, b = swap;
    }
    vd_import_refuse_picture(im, b);
    vd_import_read(im, a);
    vd_import_add_layer(im, "shortcut", vd_format("from=%d\n", b.layer))->activation = "linear";
    a.layer = vd_import_last_layer(im);
    vd_import_set(im, a);
}

/* numbers added to each channel are biases; a tensor is a [shortcut] */
void vd_import_add(vd_importing *im)
{
    int k = vd_import_constant_side(im);
    if (k < 0) {
        shortcut(im);
        return;
    }
    vd_place x = vd_import_input_of(im, !k);
    float *shift = vd_import_by_channel(im, x, vd_import_constant_input(im, k, 1));
    vd_import_line(im, x, 0, shift);
    free(shift);
}

/* x - c, c - x */
void vd_import_subtract(vd_importing *im)
{
    int k = vd_import_constant_side(im);
    if (k < 0) vd_import_refuse(im, "a difference of two layers: one of them must be a constant");
    vd_place x = vd_import_input_of(im, !k);
    float *shift = vd_import_by_channel(im, x, vd_import_constant_input(im, k, 1));
    float *gain = vd_calloc(x.c, sizeof(float));
    for (int c = 0; c < x.c; ++c) {
        gain[c] = k ? 1 : -1;
        shift[c] *= k ? -1 : 1;
    }
    vd_import_line(im, x, gain, shift);
    free(shift), free(gain);
}

void vd_import_divide(vd_importing *im)
{
    if (vd_import_constant_side(im) != 1) vd_import_refuse(im, "a constant divisor is expected");
    vd_place x = vd_import_input_of(im, 0);
    float *gain = vd_import_by_channel(im, x, vd_import_constant_input(im, 1, 1));
    for (int c = 0; c < x.c; ++c) gain[c] = 1 / gain[c];
    vd_import_line(im, x, gain, 0);
    free(gain);
}

void vd_import_negate(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    float *gain = vd_calloc(x.c, sizeof(float));
    for (int c = 0; c < x.c; ++c) gain[c] = -1;
    vd_import_line(im, x, gain, 0);
    free(gain);
}

/* ---- a product that puts channels into another order ---- */

/* as how many rows of channels a Reshape reads the map x, [N][rows][c / rows][h][w]; 0: as no such thing */
static int64_t rows_of_channels(const vd_importing *im, const vd_onnx_node *reshape, vd_place x)
{
    vd_importing other = *im;
    other.node = reshape;
    const vd_onnx_tensor *shape = vd_import_constant_input(&other, 1, 0);
    if (x.flat || shape->n != 5) return 0;
    int64_t d[5] = {1, shape->integer[1], shape->integer[2], x.h, x.w};
    for (int k = 0; k < 5; ++k) {
        int64_t n = shape->integer[k];
        if (k != 1 && k != 2 && n != d[k] && n != -1 && !(n == 0 && k == 0)) return 0;
    }
    for (int k = 1; k < 3; ++k)
        if (d[k] == -1 && d[3 - k] > 0) d[k] = x.c / d[3 - k];
    int fits = d[1] > 0 && d[2] > 0 && d[1] <= x.c && d[2] <= x.c;
    return fits && d[1] * d[2] == x.c ? d[1] : 0;
}

int vd_import_waits_for_shuffle(const vd_importing *im, vd_place x)
{
    const vd_onnx_node *next = vd_import_reader_of(im, im->node->output[0]);
    return next && !strcmp(next->type, "Transpose") && rows_of_channels(im, im->node, x);
}

/* [N][rows][columns][h][w] to [N][columns][rows][h][w], as ShuffleNet has it between two Reshape: a 1x1 convolution of
 * zeros and ones */
void vd_import_transpose(vd_importing *im)
{
    static const int64_t swapped[] = {0, 2, 1, 3, 4};
    const vd_onnx_node *reshape = vd_onnx_maker_of(im->g, im->node->input[0]);
    const vd_onnx_attribute *order = vd_onnx_find_attribute(im->node, "perm");
    const vd_place *from = reshape && !strcmp(reshape->type, "Reshape") ? vd_import_find(im, reshape->input[0]) : 0;
    int64_t rows = from ? rows_of_channels(im, reshape, *from) : 0;
    if (!rows || !order || order->kind != VD_ONNX_INTEGERS || order->n != 5 ||
        memcmp(order->integers, swapped, sizeof(swapped)) != 0)
        vd_import_refuse(im, "channels in another order, perm=0,2,1,3,4 between two Reshape, are expected");
    vd_place x = *from;
    int64_t columns = x.c / rows;
    enum { MOST = 4096 };
    if (x.c > MOST) vd_import_refuse(im, "%d channels in another order: %d at most are expected", x.c, MOST);
    vd_import_read(im, x);
    vd_import_layer *l =
        vd_import_add_layer(im, "convolutional", vd_format("filters=%d\nsize=1\nstride=1\npadding=0\n", x.c));
    add_weights(l, x.c, x.c);
    l->fixed = 1;
    for (int64_t f = 0; f < x.c; ++f) l->weights[f * x.c + f % rows * columns + f / rows] = 1;
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}
