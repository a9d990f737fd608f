#include "import/window.h"
#include "onnx/geometry.h"
#include "base/text.h"

#include <string.h>

/* with auto_pad ONNX has no pads: a Conv that has both is of no meaning, a pool is run without them elsewhere */
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
    if (v.size[0] != v.size[1])
        vd_import_refuse(im, "a window of %lldx%lld: a square is expected", (long long)v.size[0], (long long)v.size[1]);
    if (!strncmp(same, "SAME", 4) && vd_place_is_padded(x)) vd_import_refuse(im, "auto_pad=%s behind a Pad", same);
    if (!strncmp(same, "SAME", 4))
        vd_onnx_pad_same((int64_t[]){x.h, x.w}, v.size, v.stride, v.gap, !strcmp(same, "SAME_UPPER"), v.pad);
    return v;
}

int64_t vd_window_pad(const vd_importing *im, const vd_window *v)
{
    int64_t pad = v->pad[0];
    if (v->pad[1] != pad || v->pad[2] != pad || v->pad[3] != pad)
        vd_import_refuse(im, "pads that are not the same on all sides");
    return pad;
}

char *vd_window_stride_keys(const vd_window *v)
{
    if (v->stride[0] == v->stride[1]) return vd_format("stride=%lld\n", (long long)v->stride[0]);
    return vd_format("stride_x=%lld\nstride_y=%lld\n", (long long)v->stride[1], (long long)v->stride[0]);
}
