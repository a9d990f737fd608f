/* What takes whole maps apart, together, or to another size. */
#include "import/window.h"
#include "onnx/geometry.h"
#include "base/fail.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int is_of_channels(vd_place x, int64_t axis)
{
    return axis == 1 || axis == (x.flat ? -1 : -3);
}

void vd_import_concat(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    char *layers = vd_format("%s", "layers=");
    int64_t axis = vd_onnx_integer_of(im->node, "axis", 1), channels = 0;
    if (!is_of_channels(x, axis)) vd_import_refuse(im, "axis=%lld: channels, 1, are expected", (long long)axis);
    for (int i = 0; i < im->node->inputs; ++i) {
        vd_place p = vd_import_input_of(im, i);
        vd_import_refuse_picture(im, p);
        if (p.flat != x.flat || p.h != x.h || p.w != x.w)
            vd_import_refuse(im, "maps of one size are expected: %dx%d and %dx%d", x.w, x.h, p.w, p.h);
        vd_append(&layers, "%s%d", i ? "," : "", p.layer);
        channels += p.c;
    }
    vd_import_check_size(im, channels, x.h, x.w);
    vd_import_add_layer(im, "route", vd_format("%s\n", layers));
    free(layers);
    x.c = (int)channels;
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}

/* A section with the windows of a pool among its own: along side k it has `more` than the node, whose first one is
 * first[k]. padding: its key */
typedef struct {
    int64_t padding, first[2], more;
} fit;

/* Darknet's padding is that of both borders together, half of it, rounded down, in front. Where that is more than the
 * node's there are windows that the node has not: each of them has a pixel of the map, as no pixels have no mean */
static int fits(const vd_window *v, vd_place x, const int64_t *out, int64_t padding, fit *f)
{
    int64_t more[2];
    *f = (fit){.padding = padding};
    for (int k = 0; k < 2; ++k) {
        int64_t before = padding / 2 - v->pad[k];
        if (before < 0 || before % v->stride[k]) return 0;
        f->first[k] = before / v->stride[k];
        int64_t n = k ? x.w : x.h, windows = vd_onnx_windows(n, padding, 0, v->size[k], v->stride[k], 0);
        more[k] = windows - out[k];
        if (more[k] && (padding / 2 >= v->size[k] || (windows - 1) * v->stride[k] - padding / 2 >= n)) return 0;
    }
    f->more = more[0];
    return more[0] == more[1] && more[0] >= f->first[0] && more[0] >= f->first[1];
}

static fit fit_of(const vd_importing *im, const vd_window *v, vd_place x, const int64_t *out)
{
    enum { MOST = 31 };
    fit f;
    if (v->size[0] != v->size[1])
        vd_import_refuse(im, "a window of %lldx%lld: a square is expected", (long long)v->size[0],
                         (long long)v->size[1]);
    for (int64_t p = 0; p <= 2 * v->size[0]; ++p)
        if (fits(v, x, out, p, &f) && f.more <= MOST) return f;
    vd_import_refuse(im, "pads of %lld,%lld,%lld,%lld: no [%s] has such windows", (long long)v->pad[0],
                     (long long)v->pad[1], (long long)v->pad[2], (long long)v->pad[3],
                     strcmp(im->node->type, "MaxPool") ? "local_avgpool" : "maxpool");
}

/* the windows of the node, of all of the section before: a convolution in groups with one weight of 1 */
static void cut_off(vd_importing *im, vd_place x, const fit *f)
{
    int size = (int)f->more + 1;
    vd_import_layer *l = vd_import_channel_windows(im, x, size, "stride=1\npadding=0\n");
    for (int c = 0; c < x.c; ++c) l->weights[c * l->columns + f->first[0] * size + f->first[1]] = 1;
}

static void mean_of_all(vd_importing *im, vd_place x, int flat)
{
    vd_import_read(im, x);
    vd_import_add_layer(im, "avgpool", vd_format("%s", ""));
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, 1, 1, flat, {0}});
}

/* the mean of a window with its zeros, which [local_avgpool] does not count, or of one that is no square */
static void mean_as_product(vd_importing *im, vd_place x, const vd_window *v)
{
    if (vd_onnx_integer_of(im->node, "ceil_mode", 0))
        vd_import_refuse(im, "ceil_mode=1 of a mean with its zeros: 0 is expected");
    vd_square s = vd_window_square(im, x, v);
    size_t taps = (size_t)(v->size[0] * v->size[1]), all = (size_t)(s.size * s.size);
    char *stride = vd_window_stride_keys(v), *keys = vd_format("%spadding=%lld\n", stride, (long long)s.pad);
    vd_import_layer *l = vd_import_channel_windows(im, x, (int)s.size, keys);
    float *mean = vd_calloc(taps, sizeof(*mean));
    for (size_t i = 0; i < taps; ++i) mean[i] = 1 / (float)taps;
    for (int c = 0; c < x.c; ++c) vd_square_fill(&s, v->size, mean, l->weights + c * all);
    free(mean);
    free(stride), free(keys);
}

/* of the windows that the node has, one at least is not within the map */
static int reaches_zeros(vd_place x, const vd_window *v, const int64_t *out)
{
    int reaches = 0;
    for (int k = 0; k < 2; ++k) reaches |= v->pad[k] > 0 || (out[k] - 1) * v->stride[k] + v->size[k] > (k ? x.w : x.h);
    return reaches;
}

/* whether zeros around the map are in the mean: those of a Pad are, its own where it says so */
static int counts_zeros(const vd_importing *im, vd_place x, const vd_window *v, const int64_t *out)
{
    int own = 0, before = 0;
    for (int k = 0; k < 4; ++k) {
        before |= x.pad[k] > 0;
        own |= v->pad[k] > x.pad[k];
    }
    int counted = own && vd_onnx_integer_of(im->node, "count_include_pad", 0);
    if (before && own && !counted) vd_import_refuse(im, "pads of its own behind a Pad");
    return (before || counted) && reaches_zeros(x, v, out);
}

/* as a product: a mean that [local_avgpool] has not */
static int is_product(const vd_importing *im, vd_place x, const vd_window *v, const int64_t *out)
{
    int plain = v->size[0] != v->size[1] && !reaches_zeros(x, v, out);
    return plain || counts_zeros(im, x, v, out);
}

/* a window of all pixels, which need not be a square. With auto_pad there are more, unless the next one begins behind
 * the map */
static int is_whole(const vd_importing *im, vd_place x, const int64_t *size)
{
    const char *same = vd_onnx_text_of(im->node, "auto_pad", "NOTSET");
    int64_t stride[2], pad[4];
    int bare = !vd_place_is_padded(x);
    vd_import_list_of(im, "strides", 2, 1, stride);
    vd_import_list_of(im, "pads", 4, 0, pad);
    for (int k = 0; k < 4; ++k) bare &= !pad[k] || vd_onnx_pads_by_itself(same);
    if (!strncmp(same, "SAME", 4)) bare &= stride[0] >= size[0] && stride[1] >= size[1];
    return bare && !x.flat && size[0] == x.h && size[1] == x.w;
}

/* zeros are no more than any pixel: they may be in the windows of a maximum */
static int is_never_below_zero(const vd_importing *im, vd_place x)
{
    const char *f = x.layer >= 0 ? im->net.layers[x.layer].activation : 0;
    return f && (!strcmp(f, "relu") || !strcmp(f, "relu6") || !strcmp(f, "logistic"));
}

/* windows along the height and the width. A Pad makes a larger map: with ceil_mode a window may begin in it */
static void pool_outputs(const vd_importing *im, const vd_window *v, vd_place x, int64_t *out)
{
    int up = vd_onnx_integer_of(im->node, "ceil_mode", 0) != 0;
    for (int k = 0; k < 2; ++k) {
        int front = x.pad[k], behind = x.pad[k + 2];
        out[k] = vd_onnx_windows((k ? x.w : x.h) + front + behind, v->pad[k] - front, v->pad[k + 2] - behind,
                                 v->size[k], v->stride[k], up);
    }
}

/* refuses what no section has: dilations, and windows without a pixel of the map */
static void check_pool(const vd_importing *im, const vd_window *v, vd_place x, const int64_t *out, int is_mean)
{
    if (v->gap[0] != 1 || v->gap[1] != 1) vd_import_refuse(im, "dilations of a pool: 1 is expected");
    if (out[0] < 1 || out[1] < 1) vd_import_refuse(im, "a window larger than its map with the pads");
    for (int k = 0; k < 4; ++k)
        if (v->pad[k] - (is_mean ? x.pad[k] : 0) >= v->size[k % 2])
            vd_import_refuse(im, "pads as large as the window: smaller are expected");
    for (int k = 0; k < 2 && !is_mean; ++k)
        if ((out[k] - 1) * v->stride[k] - v->pad[k] >= (k ? x.w : x.h))
            vd_import_refuse(im, "a window of zeros alone: pixels in every window are expected");
}

/* [maxpool] or [local_avgpool], and behind it what cuts off the windows that the node has not */
static void add_pool(vd_importing *im, const vd_window *v, vd_place x, const int64_t *out, const char *section)
{
    fit f = fit_of(im, v, x, out);
    char *stride = vd_window_stride_keys(v);
    vd_import_read(im, x);
    vd_import_add_layer(im, section,
                        vd_format("size=%lld\n%spadding=%lld\n", (long long)v->size[0], stride, (long long)f.padding));
    vd_place all = {0, vd_import_last_layer(im), x.c, (int)(out[0] + f.more), (int)(out[1] + f.more), 0, {0}};
    if (f.more) cut_off(im, all, &f);
    free(stride);
}

void vd_import_pool(vd_importing *im)
{
    int is_mean = !strcmp(im->node->type, "AveragePool");
    vd_place x = vd_import_padded_input(im, 0);
    int64_t size[2], out[2];
    if (!is_mean && !is_never_below_zero(im, x)) x = vd_import_input_of(im, 0); /* refuses zeros around it */
    vd_import_list_of(im, "kernel_shape", 2, 0, size);
    if (is_mean && is_whole(im, x, size)) {
        mean_of_all(im, x, 0);
        return;
    }
    vd_window v = vd_window_of(im, x, size);
    pool_outputs(im, &v, x, out);
    check_pool(im, &v, x, out, is_mean);
    if (is_mean && is_product(im, x, &v, out)) mean_as_product(im, x, &v);
    else add_pool(im, &v, x, out, is_mean ? "local_avgpool" : "maxpool");
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, (int)out[0], (int)out[1], 0, {0}});
}

static vd_place map_of(const vd_importing *im, vd_place x)
{
    if (x.flat) vd_import_refuse(im, "a map is expected");
    return x;
}

/* the axes of a ReduceMean, a bit for each */
static unsigned axes_of(const vd_importing *im, const vd_onnx_node *node, int rank)
{
    vd_importing other = *im;
    other.node = node;
    vd_onnx_list axes = vd_import_integers_of(&other, "axes", 1);
    unsigned found = 0;
    for (int i = 0; i < axes.n; ++i)
        if (axes.x[i] >= -rank && axes.x[i] < rank) found |= 1u << (axes.x[i] < 0 ? axes.x[i] + rank : axes.x[i]);
    return found;
}

/* the second of two ReduceMean, of an axis each: the mean of what the first one reads */
static void mean_of_pair(vd_importing *im, const vd_onnx_node *first)
{
    enum { BOTH = 12, LAST_OF_THREE = 4 };
    int keeps = vd_onnx_integer_of(im->node, "keepdims", 1) != 0, kept = vd_onnx_integer_of(first, "keepdims", 1) != 0;
    unsigned axes = axes_of(im, im->node, kept ? 4 : 3);
    const vd_place *x = vd_import_find(im, first->input[0]);
    int is_of_both = kept ? (axes_of(im, first, 4) | axes) == BOTH : axes == LAST_OF_THREE;
    if (!x || kept != keeps || !is_of_both) vd_import_refuse(im, "axes: 2 and 3 are expected, of both together");
    mean_of_all(im, map_of(im, *x), !keeps);
}

/* of all pixels; ReduceMean says so by its axes, or two of them by one each: the first one waits for the second */
void vd_import_mean(vd_importing *im)
{
    enum { ROWS = 4, COLUMNS = 8, BOTH = 12 };
    const vd_onnx_node *node = im->node;
    if (!strcmp(node->type, "GlobalAveragePool")) {
        mean_of_all(im, map_of(im, vd_import_input_of(im, 0)), 0);
        return;
    }
    const vd_onnx_node *first = node->inputs ? vd_onnx_maker_of(im->g, node->input[0]) : 0;
    const vd_onnx_node *next = vd_import_reader_of(im, node->output[0]);
    if (first && !strcmp(first->type, "ReduceMean") && first->inputs && !vd_import_find(im, node->input[0])) {
        mean_of_pair(im, first);
        return;
    }
    vd_place x = map_of(im, vd_import_input_of(im, 0));
    unsigned axes = axes_of(im, node, 4);
    if ((axes == ROWS || axes == COLUMNS) && next && !strcmp(next->type, "ReduceMean")) return;
    if (axes != BOTH) vd_import_refuse(im, "axes: 2 and 3 are expected");
    mean_of_all(im, x, !vd_onnx_integer_of(node, "keepdims", 1));
}

/* GlobalMaxPool: a window of the whole map. Of one that is d longer along one side, it begins d - 1 in front of both
 * sides: there is one window along each */
void vd_import_largest(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    int longer = x.h > x.w ? x.h : x.w, d = abs(x.h - x.w), size = longer + (d ? d - 1 : 0);
    if (x.flat) vd_import_refuse(im, "a map is expected");
    if (size > VD_WINDOW_MOST)
        vd_import_refuse(im, "a map of %dx%d: its window, %dx%d, is too large", x.w, x.h, size, size);
    vd_import_read(im, x);
    vd_import_add_layer(im, "maxpool", vd_format("size=%d\nstride=%d\npadding=%d\n", size, size, d ? 2 * d - 1 : 0));
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, 1, 1, 0, {0}});
}

/* zeros around a map, for the Conv or the pool behind */
void vd_import_pad(vd_importing *im)
{
    vd_place x = vd_import_padded_input(im, 0);
    vd_onnx_list pads = vd_import_integers_of(im, "pads", 1), axes = vd_import_integers_of(im, "axes", 3);
    int rank = x.flat ? 2 : 4;
    int64_t all[8];
    float fill = vd_onnx_real_of(im->node, "value", 0);
    if (im->node->inputs > 2 && *im->node->input[2]) {
        const vd_onnx_tensor *t = vd_import_constant_input(im, 2, 1);
        if (t->n != 1) vd_import_refuse(im, "input 2: one number is expected");
        fill = t->real[0];
    }
    if (!vd_onnx_pads_of_all(rank, pads.n, pads.x, axes.n, axes.x, all))
        vd_import_refuse(im, "pads: two for each dimension are expected");
    for (int k = 0; k < 2 * rank; ++k) {
        int axis = k % rank, limit = axis < 2 ? 0 : 1 << 10;
        if (all[k] < 0 || all[k] > limit)
            vd_import_refuse(im, "a pad of %lld: around a map, %d at most, is expected", (long long)all[k], 1 << 10);
        if (all[k] && (fill != 0 || strcmp(vd_onnx_text_of(im->node, "mode", "constant"), "constant")))
            vd_import_refuse(im, "zeros are expected");
        if (axis > 1) x.pad[k / rank * 2 + axis - 2] += (int)all[k];
    }
    vd_import_set(im, x);
}

/* how many times as many pixels along axis k; 0: not a whole number of them */
static int64_t times_of(const vd_importing *im, vd_place x, int k)
{
    const vd_onnx_node *node = im->node;
    int by_size = node->inputs > 3 && *node->input[3], n = k == 2 ? x.h : x.w;
    if (by_size) {
        const vd_onnx_tensor *t = vd_import_constant_input(im, 3, 0);
        return t->n == 4 && t->integer[k] % n == 0 ? t->integer[k] / n : 0;
    }
    const vd_onnx_attribute *a = vd_onnx_find_attribute(node, "scales"); /* before opset 9 */
    const vd_onnx_tensor *t = a ? 0 : vd_import_constant_input(im, node->inputs > 2 ? 2 : 1, 1);
    float s = a && a->kind == VD_ONNX_REALS && a->n == 4 ? a->reals[k] : t && t->n == 4 ? t->real[k] : 0;
    return s >= 1 && s <= 1024 && s == floorf(s) ? (int64_t)s : 0;
}

/* pixel x of a map s times as large, s a whole number, is pixel floor(x/s) of the map: so is floor((x + 0.5)/s), and
 * (x + 0.5)/s - 0.5 rounded, which is never halfway between two pixels; and x/2 rounded, a half down */
static int is_pixel_below(const char *pixel, const char *nearest, int64_t times)
{
    int halves_down = times <= 2 && !strcmp(nearest, "round_prefer_floor");
    if (halves_down && !strcmp(pixel, "asymmetric")) return 1;
    if (!strcmp(nearest, "floor")) return !strcmp(pixel, "asymmetric") || !strcmp(pixel, "tf_half_pixel_for_nn");
    if (strncmp(nearest, "round_prefer_", 13)) return 0;
    return !strcmp(pixel, "half_pixel") || !strcmp(pixel, "pytorch_half_pixel");
}

/* an Upsample, and a Resize before opset 11, have no attributes for it: they take the pixel below */
static void check_nearest(const vd_importing *im, int64_t times)
{
    const char *pixel = vd_onnx_text_of(im->node, "coordinate_transformation_mode", "half_pixel");
    const char *nearest = vd_onnx_text_of(im->node, "nearest_mode", "round_prefer_floor");
    if (im->g->opset < 11 || !strcmp(im->node->type, "Upsample") || is_pixel_below(pixel, nearest, times)) return;
    vd_import_refuse(im, "%s with nearest_mode=%s: asymmetric with floor, or half_pixel rounded, is expected", pixel,
                     nearest);
}

/* one scale or size for each dimension, in their order, as where no axes are named */
static int is_of_all_axes(const vd_importing *im)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(im->node, "axes");
    if (!a) return 1;
    if (a->kind != VD_ONNX_INTEGERS || a->n != 4) return 0;
    for (int k = 0; k < 4; ++k)
        if (a->integers[k] != k && a->integers[k] != k - 4) return 0;
    return 1;
}

void vd_import_resize(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    if (x.flat) vd_import_refuse(im, "a map is expected");
    if (strcmp(vd_onnx_text_of(im->node, "mode", "nearest"), "nearest"))
        vd_import_refuse(im, "mode: nearest is expected");
    if (!is_of_all_axes(im)) vd_import_refuse(im, "axes: scales or sizes of all dimensions are expected");
    int64_t down = times_of(im, x, 2), across = times_of(im, x, 3);
    if (down != across || down < 1 || down > 64)
        vd_import_refuse(im, "a whole number of times as many rows and columns is expected");
    check_nearest(im, down);
    vd_import_check_size(im, x.c, x.h * down, x.w * down);
    vd_import_read(im, x);
    vd_import_add_layer(im, "upsample", vd_format("stride=%lld\n", (long long)down));
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, x.h * (int)down, x.w * (int)down, 0, {0}});
}

/* n channels from one on: one of several equal parts */
static void part(vd_importing *im, vd_place x, int64_t from, int64_t n)
{
    if (from < 0 || n < 1 || from + n > x.c || x.c % n || from % n)
        vd_import_refuse(im, "one of several equal parts is expected");
    vd_import_picture_as_layer(im, &x);
    vd_import_refuse_picture(im, x);
    vd_import_add_layer(
        im, "route",
        vd_format("layers=%d\ngroups=%lld\ngroup_id=%lld\n", x.layer, (long long)(x.c / n), (long long)(from / n)));
    x.layer = vd_import_last_layer(im);
    x.c = (int)n;
    vd_import_set(im, x);
}

void vd_import_slice(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    vd_onnx_list first = vd_import_integers_of(im, "starts", 1), end = vd_import_integers_of(im, "ends", 2);
    vd_onnx_list axis = vd_import_integers_of(im, "axes", 3), step = vd_import_integers_of(im, "steps", 4);
    if (first.n != 1 || end.n != 1 || axis.n != 1 || !is_of_channels(x, axis.x[0]) || (step.n == 1 && step.x[0] != 1))
        vd_import_refuse(im, "a part of the channels, axis 1, is expected");
    int64_t from = vd_onnx_within(first.x[0], x.c);
    part(im, x, from, vd_onnx_within(end.x[0], x.c) - from);
}

/* one of its parts: see onnx/graph.h */
void vd_import_split(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    int64_t k = vd_onnx_integer_of(im->node, "part", 0), parts = vd_onnx_integer_of(im->node, "parts", 1);
    vd_onnx_list sizes = vd_import_integers_of(im, "split", 1);
    if (!is_of_channels(x, vd_onnx_integer_of(im->node, "axis", 0)))
        vd_import_refuse(im, "parts of the channels, axis 1, are expected");
    if (k < 0 || k >= parts || parts > x.c || (sizes.n >= 0 && sizes.n != parts))
        vd_import_refuse(im, "parts that do not fit %d channels", x.c);
    if (sizes.n < 0 && x.c % parts) vd_import_refuse(im, "one of several equal parts is expected");
    int64_t from = sizes.n < 0 ? k * (x.c / parts) : 0;
    for (int64_t i = 0; i < k && sizes.n >= 0; ++i) from += vd_onnx_within(sizes.x[i], x.c);
    part(im, x, from, sizes.n < 0 ? x.c / parts : sizes.x[k]);
}

void vd_import_softmax(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    int64_t axis = vd_onnx_integer_of(im->node, "axis", im->g->opset < 13 ? 1 : -1);
    int row = x.flat || x.h * x.w == 1;
    if (!row || (axis != 1 && !(axis == -1 && x.flat)))
        vd_import_refuse(im, "over a map, or along another axis than 1");
    vd_import_read(im, x);
    vd_import_add_layer(im, "softmax", vd_format("%s", ""));
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}
