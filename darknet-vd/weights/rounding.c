#include "weights/rounding.h"
#include "base/float_bits.h"

#include <float.h>
#include <math.h>

static const float largest_half = 65504;

uint16_t vd_half_of_float(uint32_t bits)
{
    uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu, mantissa, rest, half;
    int exponent = (int)(magnitude >> 23) - 112; /* biases 127 and 15 */
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
    if (exponent >= 31) return (uint16_t)(sign | 0x7c00u);
    mantissa = magnitude & 0x7fffffu;
    int shift = 13;
    if (exponent <= 0) { /* a subnormal half */
        if (exponent < -10) return (uint16_t)sign;
        mantissa |= 0x800000u;
        shift = 14 - exponent;
        exponent = 0;
    }
    rest = mantissa & ((1u << shift) - 1);
    half = ((uint32_t)exponent << 10) + (mantissa >> shift);
    if (rest > 1u << (shift - 1) || (rest == 1u << (shift - 1) && half & 1)) ++half; /* may carry into the exponent */
    return (uint16_t)(sign | half);
}

uint32_t vd_float_of_half(uint16_t half)
{
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, mantissa = half & 0x3ffu;
    if (exponent == 31) return sign | 0x7f800000u | mantissa << 13;
    if (exponent) return sign | (exponent + 112) << 23 | mantissa << 13;
    if (!mantissa) return sign;
    for (exponent = 113; !(mantissa & 0x400u); --exponent) mantissa <<= 1;
    return sign | exponent << 23 | (mantissa & 0x3ffu) << 13;
}

float vd_pack_step(uint8_t k)
{
    return ldexpf((float)(4 + k % 4), k / 4 - 50);
}

float vd_pack_largest(vd_pack_format format)
{
    switch (format) {
    case VD_PACK_FP16:
        return largest_half;
    case VD_PACK_INT8:
        return VD_PACK_MOST_STEPS * vd_pack_step(255);
    default:
        return FLT_MAX;
    }
}

void vd_round_to_halves(size_t n, float *w)
{
    for (size_t i = 0; i < n; ++i) w[i] = vd_float_of_bits(vd_float_of_half(vd_half_of_float(vd_bits_of_float(w[i]))));
}
