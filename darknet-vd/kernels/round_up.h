/* Lengths in whole vectors, panels, blocks. */
#ifndef VD_KERNELS_ROUND_UP_H
#define VD_KERNELS_ROUND_UP_H

/* the least multiple of `to` that is not less than n */
static inline int vd_round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

#endif
