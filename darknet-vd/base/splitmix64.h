/* splitmix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014): the state grows by a
 * constant, the number is a bijection of it. */
#ifndef VD_BASE_SPLITMIX64_H
#define VD_BASE_SPLITMIX64_H

#include <stdint.h>

#define VD_SPLITMIX64_STEP UINT64_C(0x9e3779b97f4a7c15) /* 2^64 / golden ratio, odd */

static inline uint64_t vd_splitmix64_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* the next number */
static inline uint64_t vd_splitmix64(uint64_t *state)
{
    return vd_splitmix64_mix(*state += VD_SPLITMIX64_STEP);
}

#endif
