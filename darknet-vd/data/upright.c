#include "data/upright.h"
#include "base/stock_libc.h"

#include <stdlib.h>
#include <string.h>

unsigned char *vd_upright(unsigned char *pixels, int *w, int *h, int c, int orientation)
{
    static const char from_right[] = {0, 0, 1, 1, 0, 0, 0, 1, 1}, from_below[] = {0, 0, 0, 1, 1, 0, 1, 1, 0};
    if (orientation == 1) return pixels;
    int stored_w = *w, stored_h = *h, turned = orientation > 4;
    unsigned char *upright = stock_picture_malloc((size_t)stored_w * stored_h * c), *out = upright;
    *w = turned ? stored_h : stored_w;
    *h = turned ? stored_w : stored_h;
    for (int i = 0; upright && i < *h; ++i)
        for (int j = 0; j < *w; ++j, out += c) {
            int x = turned ? i : j, y = turned ? j : i;
            if (from_right[orientation]) x = stored_w - 1 - x;
            if (from_below[orientation]) y = stored_h - 1 - y;
            memcpy(out, pixels + ((size_t)y * stored_w + x) * c, (size_t)c);
        }
    free(pixels);
    return upright;
}
