/* Arithmetic of lengths. */
#ifndef VD_KERNELS_LENGTHS_H
#define VD_KERNELS_LENGTHS_H

static inline int vd_at_most(int a, int b)
{
    return a < b ? a : b;
}

static inline int vd_at_least(int a, int b)
{
    return a > b ? a : b;
}

/* the least multiple of `to` that is not less than n */
static inline int vd_round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

/* n cut into parts that differ by one at most: where a part begins; of part `parts`, n */
static inline int vd_first_of_part(int n, int part, int parts)
{
    return (int)((long)n * part / parts);
}

#endif
