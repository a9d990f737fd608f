/* FNV-1a (Fowler, Noll, Vo): h = (h ^ x) * prime, for each x in turn, from a fixed start.
 *
 * The 64-bit sum is the checksum of checkpoint files: its values must not change. */
#ifndef VD_BASE_HASH_H
#define VD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define VD_FNV32_START 2166136261u
#define VD_FNV64_START UINT64_C(0xCBF29CE484222325)
#define VD_FNV64_PRIME UINT64_C(0x100000001B3)

/* one step: x is a byte, or a word of a key that never leaves memory */
static inline uint32_t vd_fnv32(uint32_t h, uint32_t x)
{
    return (h ^ x) * 16777619u;
}

/* n steps, over the bytes of data */
static inline uint64_t vd_fnv64(uint64_t h, const void *data, size_t n)
{
    const unsigned char *byte = data;
    /* the analyzer loses track of bytes of structures */
    for (size_t i = 0; i < n; ++i)
        h = (h ^ byte[i]) * VD_FNV64_PRIME; /* NOLINT(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    return h;
}

#endif
