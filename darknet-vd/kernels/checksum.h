/* What the variants of vd_kernels.checksum share. Each lane keeps the sum of its words, which one changed word changes,
 * and the sum of these sums, which depends on their order. */
#ifndef VD_KERNELS_CHECKSUM_H
#define VD_KERNELS_CHECKSUM_H

#include "base/hash.h"

#include <stdint.h>
#include <string.h>

#define VD_CHECKSUM_LANES 64

static inline uint32_t vd_word_of(const float *x)
{
    uint32_t word;
    memcpy(&word, x, sizeof(word));
    return word;
}

/* FNV-1a over the sums of all lanes, a step a lane */
static inline uint64_t vd_checksum_join(const uint32_t *sums, const uint32_t *sums_of_sums)
{
    uint64_t hash = VD_FNV64_START;
    for (int lane = 0; lane < VD_CHECKSUM_LANES; ++lane)
        hash = (hash ^ ((uint64_t)sums_of_sums[lane] << 32 | sums[lane])) * VD_FNV64_PRIME;
    return hash;
}

#endif
