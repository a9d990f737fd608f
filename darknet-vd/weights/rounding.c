#include "weights/rounding.h"
#include "base/fp16.h"

#include <float.h>
#include <math.h>

static const float largest_half = 65504;

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
    for (size_t i = 0; i < n; ++i) w[i] = vd_float_of_fp16(vd_fp16_of(w[i]));
}
