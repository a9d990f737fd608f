/* The specification of shifted copies. */
#include "kernels/products/shift.h"

#include <string.h>

static inline void shift(size_t element, vd_shift s, const char *x, char *copies)
{
    int phases = vd_shift_phases(&s);
    for (int line = 0; line < s.c * s.size * phases * s.rows; ++line) {
        int row = line % s.rows, phase = line / s.rows % phases, kw = line / s.rows / phases % s.size;
        int c = line / s.rows / phases / s.size, h = (s.first + row) * s.stride + phase - s.pad;
        for (int b = 0; b < s.images; ++b)
            for (int ow = 0; ow < s.out_w; ++ow, copies += element) {
                int w = ow * s.stride + kw - s.pad;
                const char *from = x + element * (b * s.image + ((size_t)c * s.h + h) * s.w + w);
                if (h < 0 || h >= s.h || w < 0 || w >= s.w) memset(copies, 0, element);
                else memcpy(copies, from, element);
            }
    }
}

void vd_shift_c(vd_shift s, const float *x, float *copies)
{
    shift(sizeof(float), s, (const char *)x, (char *)copies);
}

void vd_shift_16_c(vd_shift s, const uint16_t *x, uint16_t *copies)
{
    shift(sizeof(uint16_t), s, (const char *)x, (char *)copies);
}
