#include "import/window.h"
#include "onnx/geometry.h"
#include "base/text.h"

#include <string.h>

/* The node's pads. ONNX allows none beside auto_pad: other programs leave out those of a pool, and so does this; a Conv
 * with both is refused */
static void own_pads(const vd_importing *im, int64_t *pad)
{
    const char *same = vd_onnx_text_of(im->node, "auto_pad", "NOTSET");
    vd_import_list_of(im, "pads", 4, 0, pad);
    if (!vd_onnx_pads_by_itself(same)) return;
    for (int k = 0; k < 4; ++k)
        if (pad[k] && !strcmp(im->node->type, "Conv"))
            vd_import_refuse(im, "auto_pad=%s and pads: one of them is expected", same);
    memset(pad, 0, 4 * sizeof(*pad));
}

/* a cfg has no larger ones: without this, the line would be about the cfg that is written */
static void check_keys(const vd_importing *im, const vd_window *v)
{
    if (v->size[0] > VD_WINDOW_MOST || v->size[1] > VD_WINDOW_MOST)
        vd_import_refuse(im, "a window of %lldx%lld: %dx%d at most is expected", (long long)v->size[0],
                         (long long)v->size[1], VD_WINDOW_MOST, VD_WINDOW_MOST);
    for (int k = 0; k < 2; ++k) {
        int64_t gap = v->size[k] > 1 ? v->gap[k] : 1, pad = v->pad[k] > v->pad[k + 2] ? v->pad[k] : v->pad[k + 2];
        if (v->stride[k] > VD_WINDOW_MOST || gap > VD_WINDOW_MOST || pad > VD_WINDOW_MOST)
            vd_import_refuse(im, "a stride, dilation or pad above %d: no section has it", VD_WINDOW_MOST);
    }
}

vd_window vd_window_of(const vd_importing *im, vd_place x, const int64_t *size)
{
    vd_window v;
    const char *same = vd_onnx_text_of(im->node, "auto_pad", "NOTSET");
    memcpy(v.size, size, sizeof(v.size));
    vd_import_list_of(im, "strides", 2, 1, v.stride);
    vd_import_list_of(im, "dilations", 2, 1, v.gap);
    own_pads(im, v.pad);
    for (int k = 0; k < 4; ++k) v.pad[k] += x.pad[k];
    if (x.flat) vd_import_refuse(im, "a map is expected: its input is a row of numbers");
    for (int k = 0; k < 2; ++k)
        if (v.size[k] < 1 || v.stride[k] < 1 || v.gap[k] < 1)
            vd_import_refuse(im, "a window without a size, stride or dilation");
    if (!strncmp(same, "SAME", 4) && vd_place_is_padded(x)) vd_import_refuse(im, "auto_pad=%s behind a Pad", same);
    if (!strncmp(same, "SAME", 4))
        vd_onnx_pad_same((int64_t[]){x.h, x.w}, v.size, v.stride, v.gap, !strcmp(same, "SAME_UPPER"), v.pad);
    check_keys(im, &v);
    return v;
}

static int64_t reach_of(const vd_window *v, int k)
{
    return (v->size[k] - 1) * v->gap[k] + 1;
}

void vd_window_outputs(const vd_window *v, vd_place x, int64_t *out)
{
    for (int k = 0; k < 2; ++k)
        out[k] = vd_onnx_windows(k ? x.w : x.h, v->pad[k], v->pad[k + 2], reach_of(v, k), v->stride[k], 0);
}

/* of the window's own size; 0: there is none. Darknet has a dilation where it keeps the size of the map. For windows of
 * 1x1 with a padding it writes outside of its arrays: they are the middle of 3x3 */
static int is_square(const vd_window *v, vd_square *s)
{
    int64_t pad = v->pad[0], gap = v->gap[0];
    if (v->size[1] != v->size[0]) return 0;
    if (v->pad[1] != pad || v->pad[2] != pad || v->pad[3] != pad) return 0;
    if (v->size[0] == 1 && pad) {
        *s = (vd_square){3, pad + 1, 1, {1, 1}, {1, 1}};
        return 1;
    }
    int is_key = v->size[0] % 2 && v->gap[1] == gap && 2 * pad == reach_of(v, 0) - 1;
    if (v->size[0] > 1 && (gap > 1 || v->gap[1] > 1) && !is_key) return 0;
    *s = (vd_square){v->size[0], v->size[0] > 1 ? pad / gap : pad, v->size[0] > 1 ? gap : 1, {0, 0}, {1, 1}};
    return 1;
}

/* Window o of the node begins at pixel o stride - pad of the map, and so does weight first = more - pad of a window
 * with `more` zeros on all sides. That needs a size of first + reach. It may be larger, while as many windows fit */
vd_square vd_window_square(const vd_importing *im, vd_place x, const vd_window *v)
{
    enum { MOST = 32 };
    vd_square s;
    int64_t out[2], same[2];
    if (is_square(v, &s)) return s;
    vd_window_outputs(v, x, out);
    for (int64_t pad = v->pad[0] > v->pad[1] ? v->pad[0] : v->pad[1]; pad <= MOST; ++pad) {
        int64_t down = reach_of(v, 0) - v->pad[0], across = reach_of(v, 1) - v->pad[1];
        for (int64_t size = pad + (down > across ? down : across); size <= MOST; ++size) {
            vd_window square = {{size, size}, {v->stride[0], v->stride[1]}, {pad, pad, pad, pad}, {1, 1}};
            vd_window_outputs(&square, x, same);
            if (same[0] == out[0] && same[1] == out[1] && (size > 1 || !pad))
                return (vd_square){size, pad, 1, {pad - v->pad[0], pad - v->pad[1]}, {v->gap[0], v->gap[1]}};
        }
    }
    vd_import_refuse(
        im,
        "no window of up to %dx%d with the same pads on all sides has the outputs of %lldx%lld with pads of "
        "%lld,%lld,%lld,%lld",
        MOST, MOST, (long long)reach_of(v, 0), (long long)reach_of(v, 1), (long long)v->pad[0], (long long)v->pad[1],
        (long long)v->pad[2], (long long)v->pad[3]);
}

void vd_square_fill(const vd_square *s, const int64_t *size, const float *from, float *to)
{
    for (int64_t row = 0; row < size[0]; ++row)
        for (int64_t column = 0; column < size[1]; ++column)
            to[(s->first[0] + row * s->step[0]) * s->size + s->first[1] + column * s->step[1]] = *from++;
}

char *vd_window_stride_keys(const vd_window *v)
{
    if (v->stride[0] == v->stride[1]) return vd_format("stride=%lld\n", (long long)v->stride[0]);
    return vd_format("stride_x=%lld\nstride_y=%lld\n", (long long)v->stride[1], (long long)v->stride[0]);
}
