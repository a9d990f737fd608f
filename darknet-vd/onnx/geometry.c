#include "onnx/geometry.h"

#include <string.h>

int vd_onnx_pads_by_itself(const char *auto_pad)
{
    return !strcmp(auto_pad, "VALID") || !strncmp(auto_pad, "SAME", 4);
}

void vd_onnx_pad_same(const int64_t *n, const int64_t *size, const int64_t *stride, const int64_t *gap, int upper,
                      int64_t *pad)
{
    for (int k = 0; k < 2; ++k) {
        int64_t out = (n[k] + stride[k] - 1) / stride[k], reach = (size[k] - 1) * gap[k] + 1;
        int64_t all = (out - 1) * stride[k] + reach - n[k];
        if (all < 0) all = 0;
        pad[k] = upper ? all / 2 : all - all / 2;
        pad[k + 2] = all - pad[k];
    }
}

int64_t vd_onnx_windows(int64_t n, int64_t before, int64_t behind, int64_t reach, int64_t stride, int up)
{
    int64_t room = n + before + behind - reach;
    if (room < 0) return 0;
    int64_t out = (room + (up ? stride - 1 : 0)) / stride + 1;
    return up && (out - 1) * stride >= n + before ? out - 1 : out;
}

int vd_onnx_pads_of_all(int rank, int n, const int64_t *pads, int n_axes, const int64_t *axes, int64_t *all)
{
    int each = n_axes < 0 ? rank : n_axes;
    if (n % 2 || n / 2 != each) return 0;
    memset(all, 0, 2 * (size_t)rank * sizeof(*all));
    for (int i = 0; i < each; ++i) {
        int64_t axis = n_axes < 0 ? i : axes[i];
        if (axis < -rank || axis >= rank) return 0;
        if (axis < 0) axis += rank;
        all[axis] = pads[i];
        all[axis + rank] = pads[i + each];
    }
    return 1;
}

int64_t vd_onnx_within(int64_t i, int64_t n)
{
    if (i < 0) i = i < -n ? 0 : i + n;
    return i > n ? n : i;
}
