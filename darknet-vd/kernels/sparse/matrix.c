#include "kernels/sparse/matrix.h"

int vd_sparse_row(vd_window w, const float *weights, const float *scale, int row, vd_sparse_element *to)
{
    int pixels = w.out_h * w.out_w, filter = row / pixels, columns = w.c * w.size * w.size, n = 0;
    int top = row % pixels / w.out_w * vd_window_down(w) - w.pad, left = row % w.out_w * w.stride - w.pad;
    float factor = scale ? scale[filter] : 1;
    weights += (size_t)filter * columns;
    for (int i = 0; i < columns; ++i) {
        if (weights[i] == 0) continue;
        int h = top + i / w.size % w.size * (w.gap + 1), c = left + i % w.size * (w.gap + 1);
        if (h < 0 || h >= w.h || c < 0 || c >= w.w) continue;
        if (to) to[n] = (vd_sparse_element){(i / w.size / w.size * w.h + h) * w.w + c, factor * weights[i]};
        ++n;
    }
    return n;
}
