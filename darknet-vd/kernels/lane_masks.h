/* Masks of AVX-512's registers of 16 floats, for the files that are built once for each instruction set. */
#ifndef VD_KERNELS_LANE_MASKS_H
#define VD_KERNELS_LANE_MASKS_H

#ifdef __AVX512F__
#include <immintrin.h>

/* lanes [from, to) of 16 */
static inline __mmask16 lanes_between(int from, int to)
{
    from = from < 0 ? 0 : from > 16 ? 16 : from;
    to = to < from ? from : to > 16 ? 16 : to;
    return (__mmask16)((1u << to) - (1u << from));
}
#endif

#endif
