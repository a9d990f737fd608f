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

/* Along one axis, a window's tap meets number i stride + tap of an input of n numbers at output i < out. Outputs *first
 * .. *last - 1 are those where that number exists; none where the two are equal */
static inline void vd_outputs_inside(int n, int out, int tap, int stride, int *first, int *last)
{
    int low = -tap, high = n - 1 - tap;
    if (stride > 1) { /* a division takes as long as copying three lines */
        low = (low + stride - 1) / stride;
        high = high < 0 ? -1 : high / stride;
    }
    *first = low > 0 ? low : 0;
    *last = high < 0 ? 0 : high + 1;
    if (*last > out) *last = out;
    if (*first > *last) *first = *last;
}

#endif
