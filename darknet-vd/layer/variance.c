#include "layer/variance.h"

#include <string.h>

vd_type vd_variance_type(void)
{
    return vd_kernels_type(vd_kernels_get());
}

int vd_variance_is_bf16(void)
{
    return vd_variance_type() == VD_BF16;
}

size_t vd_variance_size(void)
{
    return vd_variance_is_bf16() ? sizeof(uint16_t) : sizeof(float);
}

void *vd_variance_at(const void *array, size_t i)
{
    return (char *)array + i * vd_variance_size();
}

void vd_variance_square(size_t n, const float *x, void *y)
{
    if (vd_variance_is_bf16()) vd_kernels_get()->square_bf16(n, x, y);
    else vd_kernels_get()->square(n, x, y);
}

void vd_variance_multiply(size_t n, const float *x, const float *z, void *y)
{
    if (vd_variance_is_bf16()) {
        vd_kernels_get()->multiply_bf16(n, x, z, y);
    } else {
        memcpy(y, x, n * sizeof(float));
        vd_kernels_get()->multiply_by(n, z, y);
    }
}

void vd_variance_gemm(vd_gemm_shape s, const void *a, const void *b, float *c)
{
    if (vd_variance_is_bf16()) vd_gemm_bf16(s, a, b, c);
    else vd_gemm(s, a, b, c);
}
