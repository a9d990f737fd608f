/* fp16, IEEE binary16, as a bare 16-bit word: for code that may not use the processor's own instructions. Inline, for
 * every variant of the kernels. */
#ifndef VD_BASE_FP16_H
#define VD_BASE_FP16_H

#include <stdint.h>

/* rounded to the nearest, ties to even; 65520 and more become infinity, NaN stays NaN. Right also where the program
 * takes floats under the smallest normal one for 0: all of them round to 0 */
static inline uint16_t vd_fp16_of(float x)
{
    union {
        float f;
        uint32_t i;
    } b = {.f = x}, small;
    uint32_t sign = b.i >> 16 & 0x8000;
    b.i &= 0x7fffffff;
    small.f = b.f + .5f; /* under 2^-14 the last bit of fp16 is 2^-24, and so is that of a float from 1/2 to 1 */
    uint32_t normal = (b.i - (112u << 23) + 0xfff + (b.i >> 13 & 1)) >> 13;
    uint32_t word = b.i < 113u << 23 ? small.i - 0x3f000000 : normal;
    word = b.i >= 0x477ff000 ? 0x7c00 : word;
    return (uint16_t)(sign | (b.i > 0x7f800000 ? 0x7e00 : word));
}

/* without floats under the smallest normal one, which programs may have switched off */
static inline float vd_float_of_fp16(uint16_t x)
{
    uint32_t word = x & 0x7fff;
    union {
        float f;
        uint32_t i;
    } b = {.i = (word << 13) + (112u << 23)}, small = {.f = (float)(int)word * 0x1p-24f};
    b.i = word < 0x400 ? small.i : b.i;
    b.i = word < 0x7c00 ? b.i : word << 13 | 0x7f800000;
    b.i |= (uint32_t)(x & 0x8000) << 16;
    return b.f;
}

#endif
