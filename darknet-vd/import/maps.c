/* What takes whole maps apart, together, or to another size. */
#include "import/window.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void vd_import_concat(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    char *layers = vd_format("%s", "layers=");
    int64_t axis = vd_onnx_integer_of(im->node, "axis", 1);
    x.c = 0;
    if (axis != 1 && axis != (x.flat ? -1 : -3))
        vd_import_refuse(im, "axis=%lld: channels, 1, are expected", (long long)axis);
    for (int i = 0; i < im->node->inputs; ++i) {
        vd_place p = vd_import_input_of(im, i);
        vd_import_refuse_picture(im, p);
        if (p.flat != x.flat || p.h != x.h || p.w != x.w) vd_import_refuse(im, "maps of different sizes");
        char *longer = vd_format("%s%s%d", layers, i ? "," : "", p.layer);
        free(layers);
        layers = longer;
        x.c += p.c;
    }
    vd_import_add_layer(im, "route", vd_format("%s\n", layers));
    free(layers);
    x.layer = vd_import_last_layer(im);
    vd_import_set(im, x);
}

/* Darknet's padding is that of both borders together, half of it, rounded down, in front */
static int64_t padding_of(const vd_importing *im, const vd_window *v, vd_place x, const int64_t *out)
{
    for (int64_t p = 2 * v->pad[0]; p <= 2 * v->pad[0] + 1; ++p)
        if (v->pad[1] == v->pad[0] && vd_window_out(x.h, p, v->size[0], v->stride[0], 0) == out[0] &&
            vd_window_out(x.w, p, v->size[1], v->stride[1], 0) == out[1])
            return p;
    vd_import_refuse(im, "pads of %lld,%lld,%lld,%lld: as much on all sides, or one more behind, is expected",
                     (long long)v->pad[0], (long long)v->pad[1], (long long)v->pad[2], (long long)v->pad[3]);
}

void vd_import_pool(vd_importing *im)
{
    int is_mean = !strcmp(im->node->type, "AveragePool"), up = vd_onnx_integer_of(im->node, "ceil_mode", 0) != 0;
    vd_place x = vd_import_input_of(im, 0);
    int64_t size[2], out[2];
    vd_import_list_of(im, "kernel_shape", 2, 0, size);
    if (is_mean && !x.flat && size[0] == x.h && size[1] == x.w && !vd_onnx_find_attribute(im->node, "pads")) {
        vd_import_read(im, x);
        vd_import_add_layer(im, "avgpool", vd_format("%s", ""));
        vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, 1, 1, 0});
        return;
    }
    vd_window v = vd_window_of(im, x, size);
    int padded = v.pad[0] + v.pad[1] + v.pad[2] + v.pad[3] > 0;
    for (int k = 0; k < 2; ++k)
        out[k] = vd_window_out(k ? x.w : x.h, v.pad[k] + v.pad[k + 2], size[k], v.stride[k], up);
    if (v.gap[0] != 1 || v.gap[1] != 1) vd_import_refuse(im, "dilations of a pool");
    if (out[0] < 1 || out[1] < 1) vd_import_refuse(im, "a window that does not fit");
    if (is_mean && padded && vd_onnx_integer_of(im->node, "count_include_pad", 0))
        vd_import_refuse(im, "count_include_pad=1");
    if (is_mean && up) vd_import_refuse(im, "ceil_mode=1");
    char *stride = vd_window_stride_keys(&v);
    int64_t padding = padding_of(im, &v, x, out);
    vd_import_read(im, x);
    vd_import_add_layer(im, is_mean ? "local_avgpool" : "maxpool",
                        vd_format("size=%lld\n%spadding=%lld\n", (long long)size[0], stride, (long long)padding));
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, (int)out[0], (int)out[1], 0});
    free(stride);
}

/* of all pixels; ReduceMean says so by its axes */
void vd_import_mean(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    if (x.flat) vd_import_refuse(im, "a map is expected");
    if (!strcmp(im->node->type, "ReduceMean")) {
        int64_t axes[2];
        vd_import_list_of(im, "axes", 2, 0, axes);
        if (axes[0] + axes[1] != 5 || axes[0] * axes[1] != 6) vd_import_refuse(im, "axes: 2 and 3 are expected");
    }
    vd_import_read(im, x);
    vd_import_add_layer(im, "avgpool", vd_format("%s", ""));
    int flat = !strcmp(im->node->type, "ReduceMean") && !vd_onnx_integer_of(im->node, "keepdims", 1);
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, 1, 1, flat});
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
    const vd_onnx_tensor *t = vd_import_constant_input(im, node->inputs > 2 ? 2 : 1, 1);
    float s = t->n == 4 ? t->real[k] : 0;
    return s >= 1 && s <= 1024 && s == floorf(s) ? (int64_t)s : 0;
}

void vd_import_resize(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    const char *pixel = vd_onnx_text_of(im->node, "coordinate_transformation_mode", "half_pixel");
    int is_old = !strcmp(im->node->type, "Upsample");
    if (x.flat) vd_import_refuse(im, "a map is expected");
    if (strcmp(vd_onnx_text_of(im->node, "mode", "nearest"), "nearest"))
        vd_import_refuse(im, "mode: nearest is expected");
    if (!is_old && strcmp(pixel, "asymmetric")) vd_import_refuse(im, "%s: asymmetric is expected", pixel);
    if (!is_old && strcmp(vd_onnx_text_of(im->node, "nearest_mode", "round_prefer_floor"), "floor"))
        vd_import_refuse(im, "nearest_mode: floor is expected");
    int64_t down = times_of(im, x, 2), across = times_of(im, x, 3);
    if (down != across || down < 1 || down > 64)
        vd_import_refuse(im, "a whole number of times as many rows and columns is expected");
    vd_import_read(im, x);
    vd_import_add_layer(im, "upsample", vd_format("stride=%lld\n", (long long)down));
    vd_import_set(im, (vd_place){0, vd_import_last_layer(im), x.c, x.h * (int)down, x.w * (int)down, 0});
}

/* one of several equal parts of the channels */
void vd_import_slice(vd_importing *im)
{
    vd_place x = vd_import_input_of(im, 0);
    const vd_onnx_tensor *first = vd_import_constant_input(im, 1, 0), *end = vd_import_constant_input(im, 2, 0);
    const vd_onnx_tensor *axis = im->node->inputs > 3 ? vd_import_constant_input(im, 3, 0) : 0;
    const vd_onnx_tensor *step = im->node->inputs > 4 ? vd_import_constant_input(im, 4, 0) : 0;
    if (first->n != 1 || end->n != 1 || !axis || axis->n != 1 || axis->integer[0] != 1 ||
        (step && step->integer[0] != 1))
        vd_import_refuse(im, "a part of the channels, axis 1, is expected");
    int64_t from = first->integer[0], to = end->integer[0] > x.c ? x.c : end->integer[0], n = to - from;
    if (from < 0 || n < 1 || x.c % n || from % n) vd_import_refuse(im, "one of several equal parts is expected");
    vd_import_refuse_picture(im, x);
    vd_import_add_layer(
        im, "route",
        vd_format("layers=%d\ngroups=%lld\ngroup_id=%lld\n", x.layer, (long long)(x.c / n), (long long)(from / n)));
    x.layer = vd_import_last_layer(im);
    x.c = (int)n;
    vd_import_set(im, x);
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
