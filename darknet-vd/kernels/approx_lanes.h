/* approx.h's 2^x and log2 for lanes.h, number for number the same. */
#ifndef VD_KERNELS_APPROX_LANES_H
#define VD_KERNELS_APPROX_LANES_H

#include "kernels/lanes.h"

VD_INLINE vd_lanes vd_lanes_exp2(vd_lanes x)
{
    const float magic = 0x1.8p23f;
    vd_lanes n = x + magic, r = x - (n - magic);
    vd_lanes p = 1.326472690e-3f * r + 9.671512661e-3f;
    p = p * r + 5.550733744e-2f;
    p = p * r + 2.402224208e-1f;
    p = p * r + 6.931469776e-1f;
    return (p * r + 1) * (vd_lanes)(((vd_lanes_mask)n << 23) + 0x3f800000);
}

VD_INLINE vd_lanes vd_lanes_log2(vd_lanes x, vd_lanes *whole)
{
    vd_lanes_mask b = (vd_lanes_mask)x - 0x3f3504f3;
    *whole = __builtin_convertvector(b >> 23, vd_lanes);
    vd_lanes r = (vd_lanes)((b & 0x7fffff) + 0x3f3504f3) - 1;
    vd_lanes p = -1.454578861e-1f * r + 2.334352675e-1f;
    p = p * r - 2.487671647e-1f;
    p = p * r + 2.871956185e-1f;
    p = p * r - 3.602586743e-1f;
    p = p * r + 4.809182788e-1f;
    p = p * r - 7.213521867e-1f;
    return (p * r + 1.442695041f) * r;
}

#endif
