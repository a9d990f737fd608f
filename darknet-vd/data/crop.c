#include "data/crop.h"

#include <stdint.h>

/* ceil(a b / c) */
static int scaled_up(int a, int b, int c)
{
    return (int)(((int64_t)a * b + c - 1) / c);
}

int vd_side_to_cover(image im, int w, int h)
{
    int shorter = im.w < im.h ? im.w : im.h, by_width = scaled_up(w, shorter, im.w),
        by_height = scaled_up(h, shorter, im.h);
    return by_width > by_height ? by_width : by_height;
}

void vd_largest_part(image im, int w, int h, int *cw, int *ch)
{
    int64_t wide = (int64_t)im.w * h, high = (int64_t)im.h * w; /* im.w : im.h against w : h */
    *cw = wide > high ? (int)(high / h) : im.w;
    *ch = wide > high ? im.h : (int)(wide / w);
    if (*cw < 1) *cw = 1;
    if (*ch < 1) *ch = 1;
}
