#include "im2col.h"

#include <string.h>

/* output positions [*first, *last) along one axis whose tap k lies inside an input of the given extent */
static void inside(int extent, int out, int k, int stride, int pad, int *first, int *last)
{
    int low = pad - k, high = extent - 1 + pad - k;
    *first = low > 0 ? (low + stride - 1) / stride : 0;
    *last = high < 0 ? 0 : high / stride + 1;
    if (*last > out) *last = out;
    if (*first > *last) *first = *last;
}

void vd_im2col(vd_window s, const float *image, float *columns)
{
    for (int row = 0; row < s.c * s.size * s.size; ++row) {
        int kw = row % s.size, kh = row / s.size % s.size, ch = row / s.size / s.size;
        int top, bottom, left, right;
        float *out = columns + (long)row * s.out_h * s.out_w;
        inside(s.h, s.out_h, kh, s.stride, s.pad, &top, &bottom);
        inside(s.w, s.out_w, kw, s.stride, s.pad, &left, &right);
        memset(out, 0, (long)top * s.out_w * sizeof(float));
        for (int oh = top; oh < bottom; ++oh) {
            const float *in = image + ((long)ch * s.h + oh * s.stride - s.pad + kh) * s.w - s.pad + kw;
            float *line = out + (long)oh * s.out_w;
            for (int ow = 0; ow < left; ++ow) line[ow] = 0;
            if (s.stride == 1) {
                memcpy(line + left, in + left, (right - left) * sizeof(float));
            } else {
                for (int ow = left; ow < right; ++ow) line[ow] = in[ow * s.stride];
            }
            for (int ow = right; ow < s.out_w; ++ow) line[ow] = 0;
        }
        memset(out + (long)bottom * s.out_w, 0, (long)(s.out_h - bottom) * s.out_w * sizeof(float));
    }
}

void vd_col2im_add(vd_window s, const float *columns, float *image)
{
    for (int row = 0; row < s.c * s.size * s.size; ++row) {
        int kw = row % s.size, kh = row / s.size % s.size, ch = row / s.size / s.size;
        int top, bottom, left, right;
        const float *in = columns + (long)row * s.out_h * s.out_w;
        inside(s.h, s.out_h, kh, s.stride, s.pad, &top, &bottom);
        inside(s.w, s.out_w, kw, s.stride, s.pad, &left, &right);
        for (int oh = top; oh < bottom; ++oh) {
            float *out = image + ((long)ch * s.h + oh * s.stride - s.pad + kh) * s.w - s.pad + kw;
            const float *line = in + (long)oh * s.out_w;
            for (int ow = left; ow < right; ++ow) out[ow * s.stride] += line[ow];
        }
    }
}
