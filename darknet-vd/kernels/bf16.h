/* bf16: the upper half of a float, as a bare 16-bit word. Inline, for every variant of the kernels. */
#ifndef VD_KERNELS_BF16_H
#define VD_KERNELS_BF16_H

#include <stdint.h>

/* rounded to the nearest, ties to even; a NaN stays a NaN (rounding it could carry into infinity) */
static inline uint16_t vd_bf16_of(float x)
{
    union {
        float f;
        uint32_t i;
    } b = {.f = x};
    uint32_t rounded = b.i + 0x7fff + (b.i >> 16 & 1);
    return (uint16_t)((x == x ? rounded : b.i | 0x400000) >> 16);
}

static inline float vd_float_of_bf16(uint16_t x)
{
    union {
        uint32_t i;
        float f;
    } b = {.i = (uint32_t)x << 16};
    return b.f;
}

#endif
