/* active_kernels.h in plain C: the specification. */
#include "kernels/active_kernels.h"

#include <string.h>

static void sums_c(vd_active_list s, size_t n, const float *x, const float *x2, int add, size_t ldy, float *y,
                   float *y2)
{
    for (int r = 0; r < s.rows; ++r, y += ldy, y2 += ldy) {
        for (size_t i = 0; i < n && !add; ++i) y[i] = y2[i] = 0;
        for (int e = s.start[r * s.step]; e < s.start[r * s.step + 1]; ++e) {
            for (size_t i = 0; i < n; ++i) {
                y[i] += s.theta[e] * x[s.offset[e] + i];
                float z = x[s.offset[e] + i];
                y2[i] += s.sigma2[e] * (x2 ? x2[s.offset[e] + i] : z * z);
            }
        }
    }
}

static void dots_c(vd_active_list s, size_t n, const float *x, size_t ldy, const float *dy, const float *dy2,
                   float *d_theta, float *d_sigma2)
{
    for (int r = 0; r < s.rows; ++r, dy += ldy, dy2 += ldy) {
        for (int e = s.start[r * s.step]; e < s.start[r * s.step + 1]; ++e) {
            float sum = 0, sum2 = 0;
            for (size_t i = 0; i < n; ++i) {
                float z = x[s.offset[e] + i];
                sum += dy[i] * z;
                sum2 += dy2[i] * (z * z);
            }
            d_theta[e] += sum;
            d_sigma2[e] += sum2;
        }
    }
}

/* the pixel of a channel that element (row, ow) of a copy holds; -1 outside of the image */
static long pixel_of(const vd_active_lines *s, vd_active_copy copy, int row, int ow)
{
    int y = row * s->down + copy.phase - s->pad, x = ow * s->stride + copy.kw * s->step - s->pad;
    return y < 0 || y >= s->h || x < 0 || x >= s->w ? -1 : (long)y * s->w + x;
}

static void take_c(const vd_active_lines *s, vd_active_band b, const float *image, float *x)
{
    for (int k = 0; k < s->copies; ++k) {
        for (int row = 0; row < b.rows + s->halo; ++row) {
            size_t at = ((size_t)k * (s->rows + s->halo) + row) * s->pitch;
            memset(x + at, 0, s->pitch * sizeof(float));
            for (int i = 0; i < b.images * s->out_w; ++i) {
                const float *channel = image + i / s->out_w * b.in + (size_t)s->copy[k].channel * s->h * s->w;
                long p = pixel_of(s, s->copy[k], b.first + row, i % s->out_w);
                if (p >= 0) x[at + i] = channel[p];
            }
        }
    }
}

/* element i of a row of a plane, in an array of images */
static size_t place_of(const vd_active_lines *s, vd_active_band b, int plane, int row, int i)
{
    return i / s->out_w * b.out + ((size_t)plane * s->out_h + b.first + row) * s->out_w + i % s->out_w;
}

static void put_c(const vd_active_lines *s, vd_active_band b, int planes, const float *y, const float *y2, float *out,
                  float *out2)
{
    for (int p = 0; p < planes; ++p) {
        for (int row = 0; row < b.rows; ++row) {
            for (int i = 0; i < b.images * s->out_w; ++i) {
                size_t at = ((size_t)p * s->rows + row) * s->pitch + i, to = place_of(s, b, p, row, i);
                out[to] = y[at];
                out2[to] = y2[at];
            }
        }
    }
}

static void take_gradient_c(const vd_active_lines *s, vd_active_band b, int planes, const int *start, int step,
                            const float *d_out, const float *gain, float *dy, float *dy2)
{
    (void)start, (void)step;
    size_t n = ((size_t)planes * (s->halo + s->rows) + s->halo) * s->pitch;
    memset(dy, 0, n * sizeof(float));
    memset(dy2, 0, n * sizeof(float));
    for (int p = 0; p < planes; ++p) {
        for (int row = 0; row < b.rows; ++row) {
            for (int i = 0; i < b.images * s->out_w; ++i) {
                size_t to = ((size_t)p * (s->halo + s->rows) + s->halo + row) * s->pitch + i;
                size_t at = place_of(s, b, p, row, i);
                dy[to] = d_out[at];
                dy2[to] = d_out[at] * gain[at];
            }
        }
    }
}

static void fold_c(const vd_active_lines *s, vd_active_band b, const float *dx, const float *dx2, const float *image,
                   float *d_image)
{
    for (int k = 0; k < s->copies; ++k) {
        for (int row = 0; row < b.rows + s->halo; ++row) {
            size_t at = ((size_t)k * (s->rows + s->halo) + row) * s->pitch;
            for (int i = 0; i < b.images * s->out_w; ++i) {
                long p = pixel_of(s, s->copy[k], b.first + row, i % s->out_w);
                if (p < 0) continue;
                size_t to = i / s->out_w * b.in + (size_t)s->copy[k].channel * s->h * s->w + p;
                d_image[to] += dx[at + i] + 2 * image[to] * dx2[at + i];
            }
        }
    }
}

const vd_active_kernels vd_active_kernels_c = {
    .sums = sums_c,
    .dots = dots_c,
    .take = take_c,
    .put = put_c,
    .take_gradient = take_gradient_c,
    .fold = fold_c,
};
