/* The bits of a float. */
#ifndef VD_BASE_FLOAT_BITS_H
#define VD_BASE_FLOAT_BITS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t vd_bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static inline float vd_float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* not x == 0: the program may run with denormal numbers treated as 0 */
static inline int vd_is_zero(float x)
{
    return !(vd_bits_of_float(x) << 1);
}

#endif
