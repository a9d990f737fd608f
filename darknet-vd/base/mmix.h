/* The linear congruential generator of Knuth's MMIX (The Art of Computer Programming 2, 3.3.4): numbers that two
 * programs are compared on. Noise and pictures of a training come from elsewhere. */
#ifndef VD_BASE_MMIX_H
#define VD_BASE_MMIX_H

#include <stdint.h>

/* the next number, uniform in [0, 1): the upper 24 bits of the state, whose lower ones repeat soon */
static inline float vd_mmix(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)(*state >> 40) * 0x1p-24f;
}

#endif
