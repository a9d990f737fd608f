#include "convolve.h"
#include "gemm.h"
#include "scratch.h"

#include <string.h>

int vd_convolution_rows(vd_convolution_shape s)
{
    return s.window.c * s.window.size * s.window.size;
}

int vd_convolution_pixels(vd_convolution_shape s)
{
    return s.window.out_h * s.window.out_w;
}

int vd_convolution_is_product(vd_convolution_shape s)
{
    return s.window.size == 1 && s.window.stride == 1 && s.window.pad == 0;
}

static size_t input_of(vd_convolution_shape s)
{
    return (size_t)s.window.c * s.window.h * s.window.w;
}

static size_t output_of(vd_convolution_shape s)
{
    return (size_t)s.n * vd_convolution_pixels(s);
}

/* image b of an array of x or dy, n numbers an image */
static const void *image_of(vd_convolution_shape s, const void *array, size_t n, int b)
{
    return (const char *)array + (s.bf16 ? sizeof(uint16_t) : sizeof(float)) * n * b;
}

static const void *columns_of(vd_convolution_shape s, const void *image)
{
    if (vd_convolution_is_product(s)) return image;
    void *columns = vd_scratch(VD_SCRATCH_COLUMNS, (size_t)vd_convolution_rows(s) * vd_convolution_pixels(s));
    if (s.bf16) vd_kernels_get()->im2col_bf16(s.window, image, columns);
    else vd_kernels_get()->im2col(s.window, image, columns);
    return columns;
}

static void multiply(vd_convolution_shape s, vd_gemm_shape g, const void *a, const void *b, float *c)
{
    if (s.bf16) vd_gemm_bf16(g, a, b, c);
    else vd_gemm(g, a, b, c);
}

void vd_convolve_forward(vd_convolution_shape s, int images, const void *x, const void *weights, float *y)
{
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = pixels, .k = rows, .lda = rows, .ldb = pixels, .ldc = pixels};
    for (int b = 0; b < images; ++b)
        multiply(s, g, weights, columns_of(s, image_of(s, x, input_of(s), b)), y + output_of(s) * b);
}

void vd_convolve_backward_data(vd_convolution_shape s, int images, const void *dy, const void *weights, int add,
                               float *dx)
{
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s), in_place = vd_convolution_is_product(s);
    vd_gemm_shape g = {.m = rows, .n = pixels, .k = s.n, .lda = rows, .ldb = pixels, .ldc = pixels, .transpose_a = 1};
    float *columns = in_place ? 0 : vd_scratch(VD_SCRATCH_D_COLUMNS, (size_t)rows * pixels);
    g.add = in_place && add;
    if (!in_place && !add) memset(dx, 0, input_of(s) * images * sizeof(float));
    for (int b = 0; b < images; ++b) {
        float *image = dx + input_of(s) * b;
        multiply(s, g, weights, image_of(s, dy, output_of(s), b), in_place ? image : columns);
        if (!in_place) vd_kernels_get()->col2im_add(s.window, columns, image);
    }
}

void vd_convolve_backward_weights(vd_convolution_shape s, int images, const void *x, const void *dy, float *dw)
{
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = rows, .k = pixels, .lda = pixels, .ldb = pixels, .ldc = rows, .transpose_b = 1};
    g.add = 1;
    for (int b = 0; b < images; ++b)
        multiply(s, g, image_of(s, dy, output_of(s), b), columns_of(s, image_of(s, x, input_of(s), b)), dw);
}
