/* a build without oneDNN: none of its convolutions */
#ifndef VD_ONEDNN
#include "kernels/products/direct.h"

#include <stdlib.h>

int vd_direct_has(vd_direct k)
{
    (void)k;
    return 0;
}

/* not reached: vd_direct_has() returns 0 */
size_t vd_direct_packed_bytes(vd_direct k)
{
    (void)k;
    abort();
}

void vd_direct_pack(vd_direct k, const void *weights, void *packed)
{
    (void)k, (void)weights, (void)packed;
    abort();
}

void vd_direct_run(vd_direct k, const void *first, const void *second, float *result)
{
    (void)k, (void)first, (void)second, (void)result;
    abort();
}
#endif
