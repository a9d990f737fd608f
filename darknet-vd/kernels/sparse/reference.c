/* The specification of the sparse kernels, in plain C. */
#include "kernels/sparse_kernels.h"

static float leaky(float slope, float x)
{
    return x > 0 ? x : slope * x;
}

static void end_sum(const vd_sparse_end *e, size_t lane, int row, float sum)
{
    size_t f = e->first + lane, line = f / e->pitch, i = f % e->pitch;
    if (i < (size_t)e->width && f < e->numbers) e->out[row * e->stride + line * e->width + i] = leaky(e->slope, sum);
}

static void sums_c(vd_sparse_rows s, size_t lanes, const float *x, const float *bias, float *y, size_t stride,
                   const vd_sparse_end *end)
{
    for (int i = 0; i < s.rows; ++i) {
        int row = s.row[i];
        for (size_t lane = 0; lane < lanes; ++lane) {
            float sum = bias ? bias[row] : y[row * stride + lane];
            for (int e = s.start[i]; e < s.start[i + 1]; ++e) sum += s.entry[e].value * x[s.entry[e].offset + lane];
            if (end) end_sum(end, lane, row, sum);
            else y[row * stride + lane] = sum;
        }
    }
}

static void pack_c(vd_sparse_planes s, int first, int last, const float *image, float *x)
{
    for (int p = first; p < last; ++p) {
        vd_sparse_plane plane = s.plane[p];
        for (size_t k = 0; k < s.size; ++k) {
            long i = (long)(k / s.pitch) * s.down + plane.row, j = (long)(k % s.pitch) * s.stride + plane.column;
            int inside = k < (size_t)s.lines * s.pitch && i >= 0 && i < s.h && j >= 0 && j < s.w;
            x[p * s.size + k] = inside ? image[((long)plane.channel * s.h + i) * s.w + j] : 0;
        }
    }
}

static void panels_c(vd_sparse_panels s, int first, int last, const float *x, const float *bias, float slope, float *y)
{
    for (int p = first; p < last; ++p) {
        for (int r = 0; r < VD_SPARSE_LANES && p * VD_SPARSE_LANES + r < s.rows; ++r) {
            size_t at = s.slot[p] * VD_SPARSE_LANES + r;
            int row = p * VD_SPARSE_LANES + r;
            float sum = bias[row];
            for (int b = s.start[p]; b < s.start[p + 1]; ++b)
                for (int k = 0; k < s.block[b].slots; ++k, at += VD_SPARSE_LANES)
                    sum += s.value[at] * x[s.block[b].column + s.index[at]];
            y[row] = leaky(slope, sum);
        }
    }
}

static void slices_c(vd_sparse_slices s, int first, int last, const float *x, const float *bias, float slope, float *y)
{
    for (int i = first * VD_SPARSE_LANES; i < last * VD_SPARSE_LANES && i < s.rows; ++i) {
        float sum = bias[i];
        for (size_t slot = s.start[i / VD_SPARSE_LANES]; slot < s.start[i / VD_SPARSE_LANES + 1]; ++slot) {
            size_t at = slot * VD_SPARSE_LANES + i % VD_SPARSE_LANES;
            sum += s.value[at] * x[s.column[at]];
        }
        y[s.row[i]] = leaky(slope, sum);
    }
}

const vd_sparse_kernels vd_sparse_kernels_c = {
    .sums = sums_c, .pack = pack_c, .panels = panels_c, .slices = slices_c, .slices_below = {1, 1}};
