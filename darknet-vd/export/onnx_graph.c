#include "export/onnx_graph.h"
#include "layer/shortcut.h"
#include "base/fail.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 1 }; /* the axis after the batch */

/* ---- names and constants ---- */

static const char *keep(vd_onnx_building *b, char *name)
{
    b->names = vd_realloc(b->names, (b->n_names + 1) * sizeof(*b->names));
    return b->names[b->n_names++] = name;
}

const char *vd_onnx_name(vd_onnx_building *b, const char *what)
{
    return keep(b, *what ? vd_format("%s/%s", b->layer, what) : vd_format("%s", b->layer));
}

const char *vd_onnx_numbers_of(vd_onnx_building *b, const char *what, int rank, const int64_t *dims, const float *x)
{
    const char *name = vd_onnx_name(b, what);
    vd_onnx_tensor *t = vd_onnx_add_tensor(b->g, name, VD_ONNX_FLOAT, rank, dims);
    memcpy(t->real, x, t->n * sizeof(*x));
    return name;
}

const char *vd_onnx_number(vd_onnx_building *b, const char *what, float x)
{
    return vd_onnx_numbers_of(b, what, 1, (int64_t[]){1}, &x);
}

const char *vd_onnx_integers(vd_onnx_building *b, const char *what, int n, const int64_t *x)
{
    const char *name = vd_onnx_name(b, what);
    vd_onnx_tensor *t = vd_onnx_add_tensor(b->g, name, VD_ONNX_INT64, 1, (int64_t[]){n});
    memcpy(t->integer, x, n * sizeof(*x));
    return name;
}

/* weights, in a file of halves, or of those that are not 0 where that is shorter: a float and the place, 12 bytes */
static const char *weights_of(vd_onnx_building *b, int rank, const int64_t *dims, const float *x)
{
    const char *name = vd_onnx_numbers_of(b, b->half ? "halves" : "weights", rank, dims, x);
    vd_onnx_tensor *t = b->g->tensor + b->g->tensors - 1;
    size_t left = 0;
    for (size_t i = 0; i < t->n; ++i) left += x[i] != 0;
    t->sparse = b->sparse && 3 * left < t->n;
    if (!b->half) return name;
    t->type = VD_ONNX_FLOAT16;
    const char *whole = vd_onnx_name(b, "weights");
    vd_onnx_set_integer(vd_onnx_add_node(b->g, "Cast", whole, name, (char *)0), "to", VD_ONNX_FLOAT);
    return whole;
}

const char *vd_onnx_reshaped(vd_onnx_building *b, const char *what, const char *x, int rank, const int64_t *dims)
{
    const char *y = vd_onnx_name(b, what);
    char *shape = vd_format("%s%sshape", what, *what ? "_" : "");
    vd_onnx_add_node(b->g, "Reshape", y, x, vd_onnx_integers(b, shape, rank, dims), (char *)0);
    free(shape);
    return y;
}

const char *vd_onnx_transposed(vd_onnx_building *b, const char *what, const char *x, int rank, const int64_t *perm)
{
    const char *y = vd_onnx_name(b, what);
    vd_onnx_set_integers(vd_onnx_add_node(b->g, "Transpose", y, x, (char *)0), "perm", rank, perm);
    return y;
}

const char *vd_onnx_part(vd_onnx_building *b, const char *what, const char *x, int axis, int64_t first, int64_t end)
{
    const int64_t numbers[3] = {first, end, axis};
    static const char *const names[3] = {"first", "end", "axis"};
    const char *y = vd_onnx_name(b, what), *constant[3];
    for (int i = 0; i < 3; ++i) {
        char *name = vd_format("%s%s%s", what, *what ? "_" : "", names[i]);
        constant[i] = vd_onnx_integers(b, name, 1, numbers + i);
        free(name);
    }
    vd_onnx_add_node(b->g, "Slice", y, x, constant[0], constant[1], constant[2], (char *)0);
    return y;
}

/* ---- what a layer reads ---- */

static const vd_onnx_map *source_of(const vd_onnx_building *b, const vd_model_layer *l, int s)
{
    return b->maps + l->sources[s];
}

static int64_t numbers_in(const vd_onnx_map *x)
{
    return (int64_t)x->c * x->h * x->w;
}

static vd_onnx_map flat_map(const char *tensor, int64_t n)
{
    return (vd_onnx_map){tensor, 1, (int)n, 1, 1};
}

/* a map as [N][numbers] */
static const char *flat(vd_onnx_building *b, const char *what, const vd_onnx_map *x)
{
    if (x->flat) return x->tensor;
    const char *y = vd_onnx_name(b, what);
    vd_onnx_set_integer(vd_onnx_add_node(b->g, "Flatten", y, x->tensor, (char *)0), "axis", CHANNELS);
    return y;
}

/* as [N][c][h][w] */
static const char *mapped(vd_onnx_building *b, const char *what, const vd_onnx_map *x)
{
    return x->flat ? vd_onnx_reshaped(b, what, x->tensor, 4, (int64_t[]){0, x->c, 1, 1}) : x->tensor;
}

/* the name of what comes before an activation: the layer's own where there is none */
static const char *before(vd_onnx_building *b, ACTIVATION a)
{
    return vd_onnx_name(b, a == LINEAR ? "" : "sum");
}

static const char *activated(vd_onnx_building *b, ACTIVATION a, const char *x)
{
    if (a == LINEAR) return x;
    const char *y = vd_onnx_name(b, "");
    vd_onnx_activate(b, a, x, y);
    return y;
}

/* ---- layers with weights ---- */

/* batch normalisation that was not folded: a variance whose root is what Darknet divides by */
static const char *normalized(vd_onnx_building *b, const vd_model_layer *l, const char *x, const char *y)
{
    const int64_t n[1] = {l->filters};
    float *variance = vd_calloc(l->filters, sizeof(float));
    for (int f = 0; f < l->filters; ++f) {
        double d = vd_model_deviation(l, f);
        variance[f] = (float)(d * d);
    }
    const char *scales = vd_onnx_numbers_of(b, "scales", 1, n, l->scales);
    const char *biases = vd_onnx_numbers_of(b, "biases", 1, n, l->biases);
    const char *mean = vd_onnx_numbers_of(b, "mean", 1, n, l->mean);
    const char *divisor = vd_onnx_numbers_of(b, "variance", 1, n, variance);
    vd_onnx_node *node = vd_onnx_add_node(b->g, "BatchNormalization", y, x, scales, biases, mean, divisor, (char *)0);
    vd_onnx_set_real(node, "epsilon", 0);
    free(variance);
    return y;
}

/* with batch normalisation behind it the product has no biases */
static vd_onnx_node *add_product(vd_onnx_building *b, const vd_model_layer *l, const char *type, const char *x,
                                 const char *weights)
{
    const char *y = l->scales ? vd_onnx_name(b, "product") : before(b, l->activation);
    if (l->scales) return vd_onnx_add_node(b->g, type, y, x, weights, (char *)0);
    const char *biases = vd_onnx_numbers_of(b, "biases", 1, (int64_t[]){l->filters}, l->biases);
    return vd_onnx_add_node(b->g, type, y, x, weights, biases, (char *)0);
}

static const char *finished(vd_onnx_building *b, const vd_model_layer *l)
{
    const char *y = vd_onnx_name(b, l->scales ? "product" : l->activation == LINEAR ? "" : "sum");
    if (l->scales) y = normalized(b, l, y, before(b, l->activation));
    return activated(b, l->activation, y);
}

/* [batchnorm] */
static vd_onnx_map normal(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    assert(l->filters == x->c);
    const char *from = mapped(b, "map", x);
    return (vd_onnx_map){normalized(b, l, from, vd_onnx_name(b, "")), 0, x->c, x->h, x->w};
}

/* the stride along the height */
static int down_of(const vd_model_layer *l)
{
    return l->down ? l->down : l->stride;
}

static vd_onnx_map convolutional(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    int64_t size = l->size, pad = l->pad * l->dilation, dims[4] = {l->filters, x->c / l->groups, size, size};
    assert(l->columns == (x->c / l->groups) * l->size * l->size);
    const char *from = mapped(b, "map", x), *weights = weights_of(b, 4, dims, l->weights);
    vd_onnx_node *node = add_product(b, l, "Conv", from, weights);
    vd_onnx_set_integers(node, "kernel_shape", 2, dims + 2);
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){down_of(l), l->stride});
    vd_onnx_set_integers(node, "pads", 4, (int64_t[]){pad, pad, pad, pad});
    if (l->dilation > 1) vd_onnx_set_integers(node, "dilations", 2, (int64_t[]){l->dilation, l->dilation});
    if (l->groups > 1) vd_onnx_set_integer(node, "group", l->groups);
    return (vd_onnx_map){finished(b, l), 0, l->filters, l->out_h, l->out_w};
}

static vd_onnx_map connected(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    int64_t dims[2] = {l->filters, l->columns};
    assert(l->columns == numbers_in(x));
    const char *from = flat(b, "flat", x), *weights = weights_of(b, 2, dims, l->weights);
    vd_onnx_set_integer(add_product(b, l, "Gemm", from, weights), "transB", 1);
    return flat_map(finished(b, l), l->filters);
}

/* ---- windows ---- */

/* the largest of channels q, q + c, q + 2 c ...: parts of c channels */
static vd_onnx_map channel_maxima(vd_onnx_building *b, const vd_model_layer *l, const vd_onnx_map *x)
{
    int c = l->channels, parts = x->c / c;
    const char *most = 0, *from = mapped(b, "map", x);
    assert(x->c % c == 0); /* vd_onnx_refuse() */
    for (int k = 0; k < parts; ++k) {
        char *part = vd_format("part%d", k), *max = vd_format("max%d", k);
        const char *next = vd_onnx_part(b, parts == 1 ? "" : part, from, CHANNELS, (int64_t)k * c, (k + 1) * c);
        const char *y = most ? vd_onnx_name(b, k == parts - 1 ? "" : max) : next;
        if (most) vd_onnx_add_node(b->g, "Max", y, most, next, (char *)0);
        most = y;
        free(part);
        free(max);
    }
    return (vd_onnx_map){most, 0, c, x->h, x->w};
}

/* half of the padding in front. Behind it there is the rest, or, where that is a whole window, what is reached */
static int64_t pad_behind(const vd_model_layer *l, int n, int out, int stride)
{
    int rest = l->pad - l->pad / 2, reached = (out - 1) * stride + l->size - l->pad / 2 - n;
    return rest < l->size ? rest : reached > 0 ? reached : 0;
}

static vd_onnx_map pool(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    if (l->variant == VD_CHANNEL_MAXIMA) return channel_maxima(b, l, x);
    int is_mean = l->variant == VD_LOCAL_MEANS;
    int64_t front = l->pad / 2, pads[4] = {front, front, pad_behind(l, l->h, l->out_h, down_of(l)),
                                           pad_behind(l, l->w, l->out_w, l->stride)};
    const char *y = vd_onnx_name(b, ""), *from = mapped(b, "map", x);
    vd_onnx_node *node = vd_onnx_add_node(b->g, is_mean ? "AveragePool" : "MaxPool", y, from, (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){l->size, l->size});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){down_of(l), l->stride});
    vd_onnx_set_integers(node, "pads", 4, pads);
    if (is_mean) vd_onnx_set_integer(node, "count_include_pad", 0);
    return (vd_onnx_map){y, 0, x->c, l->out_h, l->out_w};
}

static vd_onnx_map mean_of_maps(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    const char *from = mapped(b, "map", x), *y = vd_onnx_name(b, "");
    vd_onnx_add_node(b->g, "GlobalAveragePool", y, from, (char *)0);
    return (vd_onnx_map){y, 0, x->c, 1, 1};
}

/* each pixel as a square of stride x stride, or the sum of each square; times scale */
static vd_onnx_map upsample(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    float stride = (float)l->stride, scales[4] = {1, 1, stride, stride};
    float factor = l->reverse ? l->scale * stride * stride : l->scale;
    const char *y = vd_onnx_name(b, factor == 1 ? "" : "resized"), *from = mapped(b, "map", x);
    if (l->reverse) {
        vd_onnx_node *node = vd_onnx_add_node(b->g, "AveragePool", y, from, (char *)0);
        vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){l->stride, l->stride});
        vd_onnx_set_integers(node, "strides", 2, (int64_t[]){l->stride, l->stride});
    } else {
        const char *by = vd_onnx_numbers_of(b, "sizes", 1, (int64_t[]){4}, scales);
        vd_onnx_node *node = vd_onnx_add_node(b->g, "Resize", y, from, "", by, (char *)0);
        vd_onnx_set_text(node, "mode", "nearest");
        vd_onnx_set_text(node, "nearest_mode", "floor");
        vd_onnx_set_text(node, "coordinate_transformation_mode", "asymmetric");
    }
    if (factor != 1) { /* not "scale": that of the layer's bytes, onnx/quantize.h, has this name */
        const char *scaled = vd_onnx_name(b, "");
        vd_onnx_add_node(b->g, "Mul", scaled, y, vd_onnx_number(b, "factor", factor), (char *)0);
        y = scaled;
    }
    return (vd_onnx_map){y, 0, x->c, l->out_h, l->out_w};
}

/* ---- layers that join others ---- */

static int same_maps(const vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *first = source_of(b, l, 0);
    for (int s = 0; s < l->n_sources; ++s) {
        const vd_onnx_map *x = source_of(b, l, s);
        if (x->flat || x->h != first->h || x->w != first->w) return 0;
    }
    return 1;
}

/* maps of one size are joined by channels, others number by number */
static vd_onnx_map route(vd_onnx_building *b, const vd_model_layer *l)
{
    int maps = same_maps(b, l), groups = l->groups > 1 ? l->groups : 1;
    int64_t all = 0;
    const char *y = vd_onnx_name(b, ""), **parts = vd_calloc(l->n_sources, sizeof(*parts));
    for (int s = 0; s < l->n_sources; ++s) {
        const vd_onnx_map *x = source_of(b, l, s);
        char *what = vd_format("flat%d", s), *part = l->n_sources == 1 ? vd_format("%s", "") : vd_format("part%d", s);
        int64_t n = (maps ? x->c : numbers_in(x)) / groups;
        parts[s] = maps ? x->tensor : flat(b, what, x);
        if (groups > 1) parts[s] = vd_onnx_part(b, part, parts[s], CHANNELS, l->group_id * n, (l->group_id + 1) * n);
        all += n;
        free(what);
        free(part);
    }
    if (l->n_sources > 1) {
        vd_onnx_node *node = vd_onnx_add_node(b->g, "Concat", y, (char *)0);
        for (int s = 0; s < l->n_sources; ++s) vd_onnx_add_input(node, parts[s]);
        vd_onnx_set_integer(node, "axis", CHANNELS);
    } else y = parts[0];
    free(parts);
    if (!maps) return flat_map(y, all);
    const vd_onnx_map *x = source_of(b, l, 0);
    return (vd_onnx_map){y, 0, (int)all, x->h, x->w};
}

/* the factors of source s in a [shortcut] with weights: one number, or one a channel */
static const char *factors_of(vd_onnx_building *b, const vd_model_layer *l, int s, const char *what)
{
    int each = l->columns > l->n_sources, step = each ? l->columns / l->n_sources : 1;
    float *p = vd_calloc(l->columns, sizeof(float));
    for (int c = 0; c < step; ++c)
        vd_sum_factors((vd_sum_normalization)l->normalization, l->n_sources, step, l->weights + c, p + c);
    const char *name = vd_onnx_numbers_of(b, what, 4, (int64_t[]){1, step, 1, 1}, p + (size_t)s * step);
    free(p);
    return name;
}

/* every step-th pixel, each way */
static const char *thinned(vd_onnx_building *b, const char *x, int64_t step)
{
    const char *y = vd_onnx_name(b, "thinned");
    vd_onnx_node *node = vd_onnx_add_node(b->g, "MaxPool", y, x, (char *)0);
    vd_onnx_set_integers(node, "kernel_shape", 2, (int64_t[]){1, 1});
    vd_onnx_set_integers(node, "strides", 2, (int64_t[]){step, step});
    return y;
}

/* source s of a [shortcut] times its factor; of a larger map every pixel that Darknet adds */
static const char *summand(vd_onnx_building *b, const vd_model_layer *l, int s)
{
    float factor = l->n_sources > 2 ? 1 : s ? l->beta : l->alpha;
    const vd_onnx_map *x = source_of(b, l, s);
    char *what = vd_format("factor%d", s), *scaled = vd_format("scaled%d", s), *map = vd_format("map%d", s);
    int as_map = l->columns || !source_of(b, l, 0)->flat;
    const char *by = 0, *y = as_map ? mapped(b, map, x) : flat(b, map, x);
    if (s == 1 && l->w > l->out_w) y = thinned(b, y, l->w / l->out_w);
    if (l->columns) by = factors_of(b, l, s, what);
    else if (factor != 1) by = vd_onnx_number(b, what, factor);
    if (by) {
        const char *product = vd_onnx_name(b, scaled);
        vd_onnx_add_node(b->g, "Mul", product, y, by, (char *)0);
        y = product;
    }
    free(what);
    free(scaled);
    free(map);
    return y;
}

/* y + x, where one may have fewer channels, on the first of them. alpha and beta count only there */
static const char *added(vd_onnx_building *b, const vd_model_layer *l, int s, const char *y, int c, const char *to)
{
    const vd_onnx_map *x = source_of(b, l, s);
    const char *more = summand(b, l, s);
    char *first = vd_format("first%d", s), *rest = vd_format("rest%d", s), *sum = vd_format("sum%d", s);
    if (x->c > c) more = vd_onnx_part(b, first, more, CHANNELS, 0, c);
    if (x->c < c) {
        const char *head = vd_onnx_part(b, first, y, CHANNELS, 0, x->c), *joined = vd_onnx_name(b, sum);
        const char *whole =
            s == 1 && l->alpha != 1 && l->n_sources == 2 && !l->columns ? source_of(b, l, 0)->tensor : y;
        const char *tail = vd_onnx_part(b, rest, whole, CHANNELS, x->c, c);
        vd_onnx_add_node(b->g, "Add", joined, head, more, (char *)0);
        vd_onnx_set_integer(vd_onnx_add_node(b->g, "Concat", to, joined, tail, (char *)0), "axis", CHANNELS);
    } else vd_onnx_add_node(b->g, "Add", to, y, more, (char *)0);
    free(first);
    free(rest);
    free(sum);
    return to;
}

static vd_onnx_map shortcut(vd_onnx_building *b, const vd_model_layer *l)
{
    vd_onnx_map out = *source_of(b, l, 0);
    const char *y = summand(b, l, 0);
    if (l->columns) out.flat = 0;
    for (int s = 1; s < l->n_sources; ++s) {
        char *what = vd_format("total%d", s);
        y = added(b, l, s, y, out.c, s == l->n_sources - 1 ? before(b, l->activation) : vd_onnx_name(b, what));
        free(what);
    }
    out.tensor = activated(b, l->activation, y);
    return out;
}

/* scales of a channel, a pixel or each number, times the second source */
static vd_onnx_map scaled(vd_onnx_building *b, const vd_model_layer *l)
{
    vd_onnx_map out = *source_of(b, l, 1);
    const vd_onnx_map *scales = source_of(b, l, 0);
    const char *by = out.flat ? flat(b, "flat", scales) : mapped(b, "map", scales), *y = before(b, l->activation);
    vd_onnx_add_node(b->g, "Mul", y, out.tensor, by, (char *)0);
    out.tensor = activated(b, l->activation, y);
    return out;
}

/* ---- the same numbers in other places ---- */

/* [reorg]: Darknet takes the numbers of the input for a map of c/s^2 channels, h s rows and w s columns, and makes the
 * pixels of each s x s square channels of their own; with reverse=1 back. [reorg3d] takes the input as it is */
static vd_onnx_map reorg(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    int64_t s = l->stride, square = s * s, c = x->c, h = x->h, w = x->w;
    int64_t down = l->reverse ? h * s : h / s, across = l->reverse ? w * s : w / s;
    int64_t channels = l->reverse ? c / square : c * square;
    const char *from = mapped(b, "map", x), *y;
    if (l->variant == VD_SQUARES_TO_CHANNELS) {
        y = vd_onnx_reshaped(b, "squares", from, 6, (int64_t[]){0, c, h / s, s, w / s, s});
        y = vd_onnx_transposed(b, "channels", y, 6, (int64_t[]){0, 3, 5, 1, 2, 4});
    } else if (l->reverse) {
        y = vd_onnx_reshaped(b, "channels", from, 6, (int64_t[]){0, s, s, c / square, h, w});
        y = vd_onnx_transposed(b, "squares", y, 6, (int64_t[]){0, 3, 4, 1, 5, 2});
    } else {
        y = vd_onnx_reshaped(b, "squares", from, 6, (int64_t[]){0, c / square, h, s, w, s});
        y = vd_onnx_transposed(b, "channels", y, 6, (int64_t[]){0, 3, 5, 1, 2, 4});
    }
    y = vd_onnx_reshaped(b, "", y, 4, (int64_t[]){0, channels, down, across});
    return (vd_onnx_map){y, 0, (int)channels, (int)down, (int)across};
}

/* ---- the last layers ---- */

static vd_onnx_map shares(vd_onnx_building *b, const vd_model_layer *l)
{
    const vd_onnx_map *x = source_of(b, l, 0);
    int64_t n = numbers_in(x), groups = l->groups > 1 ? l->groups : 1;
    const char *y = flat(b, "flat", x);
    if (l->temperature != 1) {
        const char *cool = vd_onnx_name(b, "scaled");
        vd_onnx_add_node(b->g, "Mul", cool, y, vd_onnx_number(b, "factor", 1 / l->temperature), (char *)0);
        y = cool;
    }
    if (groups > 1) y = vd_onnx_reshaped(b, "groups", y, 3, (int64_t[]){0, groups, n / groups});
    const char *p = vd_onnx_name(b, groups > 1 ? "shares" : "");
    vd_onnx_set_integer(vd_onnx_add_node(b->g, "Softmax", p, y, (char *)0), "axis", groups > 1 ? 2 : 1);
    if (groups > 1) p = vd_onnx_reshaped(b, "", p, 2, (int64_t[]){0, n});
    return flat_map(p, n);
}

static vd_onnx_map through_activation(vd_onnx_building *b, const vd_model_layer *l, ACTIVATION a)
{
    vd_onnx_map out = *source_of(b, l, 0);
    int from = vd_layer_of_source(l->sources[0]);
    /* the same again, which ONNX Runtime 1.30 does not load in 8 bits: findings/ort-relu-behind-relu.sh */
    if (a == RELU && from >= 0 && b->m->layers[from].activation == RELU) return out;
    out.tensor = activated(b, a, out.tensor);
    return out;
}

static vd_onnx_map layer_of(vd_onnx_building *b, const vd_model_layer *l)
{
    switch (l->type) {
    case CONVOLUTIONAL:
        return convolutional(b, l);
    case CONNECTED:
        return connected(b, l);
    case BATCHNORM:
        return normal(b, l);
    case MAXPOOL:
        return pool(b, l);
    case AVGPOOL:
        return mean_of_maps(b, l);
    case ROUTE:
        return route(b, l);
    case SHORTCUT:
        return shortcut(b, l);
    case SCALE_CHANNELS:
    case SAM:
        return scaled(b, l);
    case UPSAMPLE:
        return upsample(b, l);
    case REORG:
        return reorg(b, l);
    case SOFTMAX:
        return shares(b, l);
    case ACTIVE:
        return through_activation(b, l, l->activation);
    case LOGXENT:
        return through_activation(b, l, LOGISTIC);
    default: /* [dropout], [cost]; heads: onnx_heads.c */
        return *source_of(b, l, 0);
    }
}

/* ---- inputs and outputs ---- */

static void add_input(vd_onnx_building *b)
{
    const vd_model *m = b->m;
    vd_onnx_map *x = b->maps + VD_PICTURE;
    *x = (vd_onnx_map){"input", 0, m->channels, m->h, m->w};
    if (!m->w) *x = (vd_onnx_map){"input", 0, m->pixels, 1, 1};
    vd_onnx_add_value(&b->g->input, &b->g->inputs, "input", VD_ONNX_FLOAT, 4, (int64_t[]){-1, x->c, x->h, x->w});
}

/* give a map the name of an output. The input and what is an output already get it by a node that copies them */
static void add_output(vd_onnx_building *b, int source, const char *name)
{
    vd_onnx_map *x = b->maps + source;
    const char *was = x->tensor, *to = keep(b, vd_format("%s", name));
    int taken = !vd_onnx_maker_of(b->g, was);
    for (int i = 0; i < b->g->outputs; ++i) taken |= !strcmp(b->g->output[i].name, was);
    if (taken) vd_onnx_add_node(b->g, "Identity", to, was, (char *)0);
    else vd_onnx_rename(b->g, was, to);
    for (int s = 0; s <= b->m->n; ++s)
        if (b->maps[s].tensor && !strcmp(b->maps[s].tensor, was)) b->maps[s].tensor = to;
    vd_onnx_add_value(&b->g->output, &b->g->outputs, name, VD_ONNX_FLOAT, x->flat ? 2 : 4,
                      (int64_t[]){-1, x->c, x->h, x->w});
}

/* a classifier's answer has two dimensions */
static void add_answer(vd_onnx_building *b)
{
    vd_onnx_map *x = b->maps + vd_source_of_layer(b->m->output);
    b->layer = "answer";
    if (!x->flat && x->h == 1 && x->w == 1) *x = flat_map(flat(b, "", x), x->c);
    add_output(b, vd_source_of_layer(b->m->output), "output");
}

static void add_outputs(vd_onnx_building *b, int nms)
{
    b->head_layer = vd_calloc(b->m->n, sizeof(int));
    for (int i = 0; i < b->m->n; ++i)
        if (b->m->layers[i].head.n) b->head_layer[b->heads++] = i;
    for (int k = 0; k < b->heads; ++k) {
        char *name = vd_format("head%d", k);
        add_output(b, b->m->layers[b->head_layer[k]].sources[0], name);
        free(name);
    }
    if (b->heads) vd_onnx_add_heads(b, nms);
    if (!b->m->layers[b->m->output].head.n) add_answer(b);
}

vd_onnx_building make_vd_onnx_building(const vd_model *m, int half, int sparse, int nms)
{
    vd_onnx_building b = {.g = make_vd_onnx_graph(),
                          .m = m,
                          .half = half,
                          .sparse = sparse,
                          .maps = vd_calloc(m->n + 1, sizeof(*b.maps))};
    add_input(&b);
    for (int i = 0; i < m->n; ++i) {
        char *layer = vd_format("%s_%d", m->layers[i].section, i);
        b.layer = layer;
        b.maps[vd_source_of_layer(i)] = layer_of(&b, m->layers + i);
        free(layer);
    }
    add_outputs(&b, nms);
    return b;
}

void free_vd_onnx_building(vd_onnx_building *b)
{
    for (int i = 0; i < b->n_names; ++i) free(b->names[i]);
    free(b->names);
    free(b->maps);
    free(b->head_layer);
    free_vd_onnx_graph(b->g);
}
