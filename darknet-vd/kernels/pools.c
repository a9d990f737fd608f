#include "kernels/pools.h"

/* the pixels of window (i, j) that are inside: rows top .. bottom - 1, columns left .. right - 1 */
typedef struct {
    int top, bottom, left, right;
} range;

static int between(int x, int most)
{
    return x < 0 ? 0 : x < most ? x : most;
}

static range window_of(vd_pool_shape s, int i, int j)
{
    int row = i * vd_pool_down(s) - s.offset, column = j * s.stride - s.offset;
    return (range){between(row, s.h), between(row + s.size, s.h), between(column, s.w), between(column + s.size, s.w)};
}

static int pixels_of(range r)
{
    return (r.bottom - r.top) * (r.right - r.left);
}

void vd_mean_pool(vd_pool_shape s, const float *in, float *out)
{
    for (int q = 0; q < s.out_h * s.out_w; ++q) {
        range r = window_of(s, q / s.out_w, q % s.out_w);
        float sum = 0;
        for (int h = r.top; h < r.bottom; ++h)
            for (int w = r.left; w < r.right; ++w) sum += in[h * s.w + w];
        out[q] = pixels_of(r) ? sum / (float)pixels_of(r) : 0;
    }
}

void vd_mean_pool_backward(vd_pool_shape s, const float *d_out, float *d_in)
{
    for (int q = 0; q < s.out_h * s.out_w; ++q) {
        range r = window_of(s, q / s.out_w, q % s.out_w);
        for (int h = r.top; h < r.bottom; ++h)
            for (int w = r.left; w < r.right; ++w) d_in[h * s.w + w] += d_out[q] / (float)pixels_of(r);
    }
}

void vd_channel_pool(int c, int first, int step, int pixels, const float *in, int base, float *out, int *index)
{
    for (int p = 0; p < pixels; ++p) {
        int best = first * pixels + p;
        for (int k = first + step; k < c; k += step)
            if (in[k * pixels + p] > in[best]) best = k * pixels + p;
        out[p] = in[best];
        if (index) index[p] = base + best;
    }
}

/* where number i of the output comes from */
static long square_of(int c, int h, int w, int s, long i)
{
    long out_w = w / s, out_h = h / s, column = i % out_w, row = i / out_w % out_h, k = i / out_w / out_h;
    long place = k / c;
    return (k % c * h + row * s + place / s) * w + column * s + place % s;
}

void vd_squares_to_channels(int c, int h, int w, int s, const float *in, float *out)
{
    for (long i = 0; i < (long)c * h * w; ++i) out[i] = in[square_of(c, h, w, s, i)];
}

void vd_squares_to_channels_backward(int c, int h, int w, int s, const float *d_out, float *d_in)
{
    for (long i = 0; i < (long)c * h * w; ++i) d_in[square_of(c, h, w, s, i)] += d_out[i];
}
