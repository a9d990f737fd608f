/* The types that the factors of a product may have. Sums and results are float in every case. */
#ifndef VD_KERNELS_TYPE_H
#define VD_KERNELS_TYPE_H

#include <stddef.h>

typedef enum {
    VD_FLOAT,
    VD_BF16, /* the upper half of a float: its range, 8 bits of precision */
    VD_FP16  /* IEEE binary16: 11 bits of precision, up to 65504. Arrays hold numbers times a power of two that the
                caller chooses; short sums are in fp16, those in float */
} vd_type;

/* bytes of one number */
static inline size_t vd_type_size(vd_type type)
{
    return type == VD_FLOAT ? 4 : 2;
}

#endif
