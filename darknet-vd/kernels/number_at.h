/* Number `at` of an array of each type, as a float: for the specifications in plain C. */
#ifndef VD_KERNELS_NUMBER_AT_H
#define VD_KERNELS_NUMBER_AT_H

#include "base/fp16.h"
#include "kernels/bf16.h"

static inline float vd_float_at(const void *x, long at)
{
    return ((const float *)x)[at];
}

static inline float vd_bf16_at(const void *x, long at)
{
    return vd_float_of_bf16(((const uint16_t *)x)[at]);
}

static inline float vd_fp16_at(const void *x, long at)
{
    return vd_float_of_fp16(((const uint16_t *)x)[at]);
}

#endif
