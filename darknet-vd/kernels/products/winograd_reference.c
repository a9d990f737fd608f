/* The specification of the Winograd kernels, in plain C. */
#include "kernels/winograd_kernels.h"

#include <string.h>

enum { IN = 6, OUT = VD_WINOGRAD_TILE };

static const float input_matrix[IN][IN] = {/* B^T */
                                           {4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                                           {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const float output_matrix[OUT][IN] = {/* A^T */
                                             {1, 1, 1, 1, 1, 0},
                                             {0, 1, -1, 2, -2, 0},
                                             {0, 1, 1, 4, 4, 0},
                                             {0, 1, -1, 8, -8, 1}};

static float pixel(vd_winograd_tiles t, const float *plane, int row, int column)
{
    int inside = row >= 0 && row < t.h && column >= 0 && column < t.w;
    return inside ? plane[(size_t)row * t.w + column] : 0;
}

/* one number of the tile at (top, left) of the plane */
static float input_frequency(vd_winograd_tiles t, const float *plane, int top, int left, int i, int j)
{
    float sum = 0;
    for (int r = 0; r < IN; ++r)
        for (int c = 0; c < IN; ++c)
            sum += input_matrix[i][r] * input_matrix[j][c] * pixel(t, plane, top + r, left + c);
    return sum;
}

static void input_c(vd_winograd_tiles t, const float *plane, float *lines, size_t step, float *v)
{
    (void)lines;
    for (int f = 0; f < VD_WINOGRAD_FREQUENCIES; ++f) {
        memset(v + f * step, 0, t.lanes * sizeof(float));
        for (int k = 0; k < t.rows * t.columns; ++k) {
            int top = OUT * (t.first + k / t.columns) - t.pad, left = OUT * (k % t.columns) - t.pad;
            v[f * step + k] = input_frequency(t, plane, top, left, f / IN, f % IN);
        }
    }
}

static void multiply_c(int panels, int channels, int lanes, const float *u, const float *v, size_t step, float *m)
{
    for (int filter = 0; filter < panels * VD_WINOGRAD_PANEL; ++filter) {
        const float *weights =
            u + (size_t)filter / VD_WINOGRAD_PANEL * channels * VD_WINOGRAD_PANEL + filter % VD_WINOGRAD_PANEL;
        for (int k = 0; k < lanes; ++k) {
            float sum = 0;
            for (int c = 0; c < channels; ++c) sum += weights[(size_t)c * VD_WINOGRAD_PANEL] * v[(size_t)c * lanes + k];
            m[filter * step + k] = sum;
        }
    }
}

/* number (i, j) of the output of tile k */
static float output_pixel(const float *m, int lanes, int k, int i, int j)
{
    float sum = 0;
    for (int r = 0; r < IN; ++r)
        for (int c = 0; c < IN; ++c)
            sum += output_matrix[i][r] * output_matrix[j][c] * m[(size_t)(r * IN + c) * lanes + k];
    return sum;
}

static void output_c(vd_winograd_tiles t, vd_winograd_end end, const float *m, float *plane)
{
    for (int row = OUT * t.first; row < OUT * (t.first + t.rows) && row < t.out_h; ++row)
        for (int column = 0; column < t.out_w; ++column) {
            int k = (row / OUT - t.first) * t.columns + column / OUT;
            float x = end.scale * output_pixel(m, t.lanes, k, row % OUT, column % OUT) + end.bias;
            plane[(size_t)row * t.out_w + column] = x > 0 ? x : end.slope * x;
        }
}

/* Every step can be undone, so that no change of one number is lost. 64 sums side by side, for vectors */
static uint32_t fingerprint_c(size_t n, const float *x)
{
    enum { SUMS = 64 };
    uint32_t sums[SUMS] = {0}, all = (uint32_t)n;
    for (size_t i = 0; i < n; ++i) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof(bits));
        sums[i % SUMS] = (sums[i % SUMS] ^ bits) * 0x9E3779B1u + 1;
    }
    for (int i = 0; i < SUMS; ++i) all = (all ^ sums[i]) * 0x85EBCA6Bu;
    return all;
}

const vd_winograd_kernels vd_winograd_kernels_c = {
    .input = input_c, .multiply = multiply_c, .output = output_c, .fingerprint = fingerprint_c};
