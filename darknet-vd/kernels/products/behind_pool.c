/* The specification, in plain C. */
#include "kernels/products/behind_pool.h"
#include "base/fp16.h"

static void add_lists_c(vd_lists l, vd_list_rows s, const float *x, float *y)
{
    for (int i = 0; i < l.lists; ++i)
        for (int e = l.start[i]; e < l.start[i + 1]; ++e)
            for (int r = 0; r < s.rows; ++r)
                for (int j = 0; j < s.length; ++j)
                    y[l.at[i] + r * s.y_step + j] +=
                        ((const float *)l.value)[e] * x[l.row[e] * s.x_row + r * s.x_step + j];
}

void vd_add_lists_half_c(vd_lists l, vd_list_rows s, float scale, const uint16_t *x, float *y)
{
    for (int i = 0; i < l.lists; ++i)
        for (int r = 0; r < s.rows; ++r)
            for (int j = 0; j < s.length; ++j) {
                float sum = 0;
                for (int e = l.start[i]; e < l.start[i + 1]; ++e)
                    sum += vd_float_of_fp16((uint16_t)((const uint32_t *)l.value)[e]) *
                           vd_float_of_fp16(x[l.row[e] * s.x_row + r * s.x_step + j]);
                y[l.at[i] + r * s.y_step + j] += scale * sum;
            }
}

static int list_of_plane_c(vd_pooled_plane p, const float *y, float *d, const int *index, const float *gain,
                           const int *where, int *pixel, int *row, float *value, float *varied, float *sum)
{
    int n = 0;
    for (int i = 0; i < p.windows; ++i) {
        d[i] *= y[i] > 0 ? 1 : p.slope;
        *sum += d[i];
        if (d[i] == 0) continue;
        pixel[n] = index[i] - p.base;
        row[n] = where ? where[pixel[n]] : pixel[n];
        value[n] = d[i];
        if (gain) varied[n] = d[i] * gain[i];
        ++n;
    }
    return n;
}

static int not_zero_c(int n, const float *x, int *at, float *value)
{
    int found = 0;
    for (int i = 0; i < n; ++i) {
        if (x[i] == 0) continue;
        if (at) at[found] = i, value[found] = x[i];
        ++found;
    }
    return found;
}

static void windows_c(vd_windows s, const float *image, float *rows, float *squares)
{
    int all = s.c * s.size * s.size;
    for (int i = 0; i < s.out_h * s.out_w * s.length; ++i) {
        int window = i / s.length, k = i % s.length, row = window / s.out_w * s.stride + k / s.size % s.size;
        int column = window % s.out_w * s.stride + k % s.size, channel = k / s.size / s.size;
        rows[i] = k < all ? image[(channel * s.h + row) * s.w + column] : 0;
        if (squares) squares[i] = rows[i] * rows[i];
    }
}

const vd_behind_pool_kernels vd_behind_pool_c = {
    .add_lists = add_lists_c, .list_of_plane = list_of_plane_c, .not_zero = not_zero_c, .windows = windows_c};
