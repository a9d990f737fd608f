/* The counter-based generator behind vd_kernels.noise: Philox4x32-7, Salmon, Moraes, Dror, Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011. Seven rounds are the fewest that pass all of BigCrush there; the paper's
 * default of ten is a margin that noise on weights does not need. Inline, for every variant of the kernels. */
#ifndef VD_KERNELS_PHILOX_H
#define VD_KERNELS_PHILOX_H

#include "kernels/kernels.h"

/* Noise is numbered in groups of 4 x 16: number 64 g + 16 r + lane comes from output r of Philox block 16 g + lane.
 * 16 is the width of the widest registers; the order must not depend on the variant. */
#define VD_NOISE_LANES 16

#define VD_PHILOX_ROUNDS 7
#define VD_PHILOX_M0 0xD2511F53u /* multipliers and key increments of the paper */
#define VD_PHILOX_M1 0xCD9E8D57u
#define VD_PHILOX_W0 0x9E3779B9u
#define VD_PHILOX_W1 0xBB67AE85u

/* the counter's second word; the first counts blocks, the last two hold the image */
static inline uint32_t vd_philox_counter1(vd_noise_key key)
{
    return key.layer ^ (key.draw << 16 | key.draw >> 16);
}

/* one block: four random words */
static inline void vd_philox(vd_noise_key key, uint32_t block, uint32_t r[4])
{
    uint32_t k0 = (uint32_t)key.seed, k1 = (uint32_t)(key.seed >> 32);
    uint32_t c0 = block, c1 = vd_philox_counter1(key);
    uint32_t c2 = (uint32_t)key.image, c3 = (uint32_t)(key.image >> 32);
    for (int round = 0; round < VD_PHILOX_ROUNDS; ++round) {
        uint64_t p0 = (uint64_t)VD_PHILOX_M0 * c0, p1 = (uint64_t)VD_PHILOX_M1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += VD_PHILOX_W0;
        k1 += VD_PHILOX_W1;
    }
    r[0] = c0;
    r[1] = c1;
    r[2] = c2;
    r[3] = c3;
}

/* 32 random bits -> (0, 1] in steps of 2^-24, so that log is finite */
static inline float vd_noise_uniform(uint32_t bits)
{
    return (float)((bits >> 8) + 1) * 0x1p-24f;
}

/* 32 random bits -> angle in [-pi, pi) */
static inline float vd_noise_angle(uint32_t bits)
{
    return (float)(int32_t)bits * (0x1p-31f * 3.14159265358979f);
}

#endif
