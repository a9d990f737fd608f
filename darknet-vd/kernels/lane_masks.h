/* Masks of AVX-512's registers: bit i is lane i. For the files that are built once for each instruction set. */
#ifndef VD_KERNELS_LANE_MASKS_H
#define VD_KERNELS_LANE_MASKS_H

#ifdef __AVX512F__
#include <immintrin.h>
#include <stdint.h>

/* lanes from .. to - 1, where 0 <= from <= to <= 32 */
static inline uint32_t lanes_between(int from, int to)
{
    return (uint32_t)((1ull << to) - (1ull << from));
}

/* those of the lanes from .. to - 1 that a register of n lanes has; none where to <= from */
static inline uint32_t lanes_within(int n, int from, int to)
{
    from = from < 0 ? 0 : from > n ? n : from;
    to = to < from ? from : to > n ? n : to;
    return lanes_between(from, to);
}
#endif

#endif
