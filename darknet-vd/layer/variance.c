#include "layer/variance.h"

#include <math.h>
#include <string.h>

vd_type vd_variance_type(void)
{
    return vd_kernels_type(vd_kernels_get());
}

void *vd_variance_at(const void *array, size_t i)
{
    return (char *)array + i * vd_type_size(vd_variance_type());
}

float vd_variance_scale(vd_variance_kind kind, float largest)
{
    enum { FURTHEST = 60 }; /* the product of two scales, and its inverse, are normal floats */
    static const int target[] = {[VD_SQUARES] = 4, [VD_SIGMA2] = 1, [VD_GRADIENTS] = 0};
    int exponent;
    if (vd_variance_type() != VD_FP16 || !(largest > 0) || isinf(largest)) return 1;
    frexpf(largest, &exponent); /* largest is from 2^(exponent - 1) to 2^exponent */
    int by = target[kind] - exponent;
    return ldexpf(1, by > FURTHEST ? FURTHEST : by < -FURTHEST ? -FURTHEST : by);
}

float vd_variance_scale_of_squares(size_t n, const float *x)
{
    if (vd_variance_type() != VD_FP16) return 1;
    float largest = vd_kernels_get()->largest(n, x);
    return vd_variance_scale(VD_SQUARES, largest * largest);
}

float vd_variance_scale_of_gradients(size_t n, const float *x, const float *z)
{
    enum { BLOCK = 512 };
    if (vd_variance_type() != VD_FP16) return 1;
    const vd_kernels *k = vd_kernels_get();
    float largest = 0;
    for (size_t o = 0; o < n; o += BLOCK) {
        float block[BLOCK];
        size_t m = n - o < BLOCK ? n - o : BLOCK;
        memcpy(block, x + o, m * sizeof(float));
        k->multiply_by(m, z + o, block);
        float most = k->largest(m, block);
        largest = most > largest ? most : largest;
    }
    return vd_variance_scale(VD_GRADIENTS, largest);
}

void vd_variance_convert(size_t n, const float *x, float scale, void *y)
{
    switch (vd_variance_type()) {
    case VD_FLOAT:
        memcpy(y, x, n * sizeof(float));
        break;
    case VD_BF16:
        vd_kernels_get()->to_bf16(n, x, y);
        break;
    case VD_FP16:
        vd_kernels_get()->to_fp16(n, x, scale, y);
    }
}

void vd_variance_square(size_t n, const float *x, float scale, void *y)
{
    switch (vd_variance_type()) {
    case VD_FLOAT:
        vd_kernels_get()->square(n, x, y);
        break;
    case VD_BF16:
        vd_kernels_get()->square_bf16(n, x, y);
        break;
    case VD_FP16:
        vd_kernels_get()->square_fp16(n, x, scale, y);
    }
}

void vd_variance_multiply(size_t n, const float *x, const float *z, float scale, void *y)
{
    switch (vd_variance_type()) {
    case VD_FLOAT:
        memcpy(y, x, n * sizeof(float));
        vd_kernels_get()->multiply_by(n, z, y);
        break;
    case VD_BF16:
        vd_kernels_get()->multiply_bf16(n, x, z, y);
        break;
    case VD_FP16:
        vd_kernels_get()->multiply_fp16(n, x, z, scale, y);
    }
}

void vd_variance_gemm(vd_gemm_shape s, const void *a, const void *b, float scale, float *c)
{
    switch (vd_variance_type()) {
    case VD_FLOAT:
        vd_gemm(s, a, b, c);
        break;
    case VD_BF16:
        vd_gemm_bf16(s, a, b, c);
        break;
    case VD_FP16:
        vd_gemm_half(s, a, b, 1 / scale, c);
    }
}
