#include "kernels/products/convolve.h"
#include "kernels/products/direct.h"
#include "kernels/products/gemm.h"
#include "kernels/products/lines.h"
#include "kernels/products/winograd_batch.h"
#include "kernels/scratch.h"

#include <string.h>

/* image b of an array of x or dy, n numbers an image */
static const void *image_of(vd_convolution_shape s, const void *array, size_t n, int b)
{
    return (const char *)array + vd_type_size(s.type) * n * b;
}

static const void *columns_of(vd_convolution_shape s, const void *image)
{
    if (vd_convolution_is_product(s)) return image;
    void *columns = vd_scratch(VD_SCRATCH_COLUMNS, (size_t)vd_convolution_rows(s) * vd_convolution_pixels(s));
    if (s.type != VD_FLOAT) vd_kernels_get()->im2col_bf16(s.window, image, columns);
    else vd_kernels_get()->im2col(s.window, image, columns);
    return columns;
}

static void multiply(vd_convolution_shape s, vd_gemm_shape g, const void *a, const void *b, float scale, float *c)
{
    if (s.type == VD_FP16) vd_gemm_half(g, a, b, scale, c);
    else if (s.type == VD_BF16) vd_gemm_bf16(g, a, b, c);
    else vd_gemm(g, a, b, c);
}

/* ---- products ---- */

static vd_direct direct_of(const vd_convolution_plan *p, vd_pass pass)
{
    return (vd_direct){p->shape, pass, p->way[pass], p->images};
}

static vd_winograd_shape winograd_of(vd_convolution_shape s, int images)
{
    return (vd_winograd_shape){s.window, s.n, images};
}

static void forward_by_columns(const vd_convolution_plan *p, const void *x, const void *weights, float scale, float *y)
{
    vd_convolution_shape s = p->shape;
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = pixels, .k = rows, .lda = rows, .ldb = pixels, .ldc = pixels};
    for (int b = 0; b < p->images; ++b)
        multiply(s, g, weights, columns_of(s, image_of(s, x, vd_convolution_input(s), b)), scale,
                 y + vd_convolution_output(s) * b);
}

void vd_convolve_forward(const vd_convolution_plan *p, const void *x, const void *weights, float scale, float *y)
{
    if (p->way[VD_FORWARD] == VD_BY_COLUMNS) forward_by_columns(p, x, weights, scale, y);
    else if (p->way[VD_FORWARD] == VD_BY_LINES) vd_lines_forward(p->shape, p->images, x, weights, scale, y);
    else if (p->way[VD_FORWARD] == VD_BY_OWN_WINOGRAD)
        vd_winograd_run_forward(winograd_of(p->shape, p->images), p->shape.not_negative, x, weights, y);
    else vd_direct_run(direct_of(p, VD_FORWARD), x, weights, y);
}

/* dx += , or = where the image is its own columns and add is 0 */
static void backward_data_by_columns(const vd_convolution_plan *p, const void *dy, const void *weights, float scale,
                                     int add, float *dx)
{
    vd_convolution_shape s = p->shape;
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s), in_place = vd_convolution_is_product(s);
    vd_gemm_shape g = {.m = rows, .n = pixels, .k = s.n, .lda = rows, .ldb = pixels, .ldc = pixels, .transpose_a = 1};
    float *columns = in_place ? 0 : vd_scratch(VD_SCRATCH_D_COLUMNS, (size_t)rows * pixels);
    g.add = in_place && add;
    for (int b = 0; b < p->images; ++b) {
        float *image = dx + vd_convolution_input(s) * b;
        multiply(s, g, weights, image_of(s, dy, vd_convolution_output(s), b), scale, in_place ? image : columns);
        if (!in_place) vd_kernels_get()->col2im_add(s.window, columns, image);
    }
}

void vd_convolve_backward_data(const vd_convolution_plan *p, const void *dy, const void *weights, float scale, int add,
                               float *dx)
{
    int by_columns = p->way[VD_BACKWARD_DATA] == VD_BY_COLUMNS;
    if (p->way[VD_BACKWARD_DATA] == VD_BY_LINES) {
        vd_lines_backward_data(p->shape, p->images, dy, weights, scale, add, dx);
        return;
    }
    if (p->way[VD_BACKWARD_DATA] == VD_BY_OWN_WINOGRAD) {
        vd_winograd_run_backward_data(winograd_of(p->shape, p->images), dy, weights, add, dx);
        return;
    }
    if (!add && !(by_columns && vd_convolution_is_product(p->shape)))
        memset(dx, 0, vd_convolution_input(p->shape) * p->images * sizeof(float));
    if (by_columns) backward_data_by_columns(p, dy, weights, scale, add, dx);
    else vd_direct_run(direct_of(p, VD_BACKWARD_DATA), dy, weights, dx);
}

static void backward_weights_by_columns(const vd_convolution_plan *p, const void *x, const void *dy, float scale,
                                        float *dw)
{
    vd_convolution_shape s = p->shape;
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = rows, .k = pixels, .lda = pixels, .ldb = pixels, .ldc = rows, .transpose_b = 1};
    g.add = 1;
    for (int b = 0; b < p->images; ++b)
        multiply(s, g, image_of(s, dy, vd_convolution_output(s), b),
                 columns_of(s, image_of(s, x, vd_convolution_input(s), b)), scale, dw);
}

void vd_convolve_backward_weights(const vd_convolution_plan *p, const void *x, const void *dy, float scale, float *dw)
{
    vd_way way = p->way[VD_BACKWARD_WEIGHTS];
    if (way == VD_BY_COLUMNS) backward_weights_by_columns(p, x, dy, scale, dw);
    else if (way == VD_BY_LINES) vd_lines_backward_weights(p->shape, p->images, x, dy, scale, dw);
    else if (way == VD_BY_OWN_WINOGRAD) vd_winograd_run_backward_weights(winograd_of(p->shape, p->images), x, dy, dw);
    else vd_direct_run(direct_of(p, VD_BACKWARD_WEIGHTS), x, dy, dw);
}

/* ---- weights ---- */

size_t vd_convolution_weights_bytes(const vd_convolution_plan *p, vd_pass pass)
{
    if (p->way[pass] == VD_BY_COLUMNS) return 0;
    if (p->way[pass] == VD_BY_LINES) return vd_lines_packed_bytes(p->shape, pass);
    if (p->way[pass] == VD_BY_OWN_WINOGRAD)
        return sizeof(float) * vd_winograd_run_packed(winograd_of(p->shape, p->images), pass == VD_BACKWARD_DATA);
    return vd_direct_packed_bytes(direct_of(p, pass));
}

const void *vd_convolution_weights(const vd_convolution_plan *p, vd_pass pass, const void *weights, void *buffer)
{
    if (!vd_convolution_weights_bytes(p, pass)) return weights;
    if (p->way[pass] == VD_BY_LINES) vd_lines_pack(p->shape, pass, weights, buffer);
    else if (p->way[pass] == VD_BY_OWN_WINOGRAD)
        vd_winograd_run_pack(winograd_of(p->shape, p->images), pass == VD_BACKWARD_DATA, weights, buffer);
    else vd_direct_pack(direct_of(p, pass), weights, buffer);
    return buffer;
}

/* ---- ways ---- */

vd_convolution_plan vd_convolution_by_columns(vd_convolution_shape s)
{
    return (vd_convolution_plan){.shape = s, .images = 1};
}

int vd_convolution_has(vd_convolution_shape s, vd_pass pass, vd_way way, int images)
{
    if (way == VD_BY_COLUMNS) return 1;
    if (way == VD_BY_OWN_WINOGRAD) return s.type == VD_FLOAT && vd_winograd_run_has(winograd_of(s, images));
    return way == VD_BY_LINES ? vd_lines_has(s) : vd_direct_has((vd_direct){s, pass, way, images});
}

const char *vd_way_name(vd_way way)
{
    static const char *const names[VD_WAYS] = {
        [VD_BY_COLUMNS] = "columns",
        [VD_BY_DIRECT] = "direct",
        [VD_BY_DIRECT_INFERENCE] = "direct-inference",
        [VD_BY_WINOGRAD] = "winograd",
        [VD_BY_WINOGRAD_INFERENCE] = "winograd-inference",
        [VD_BY_LINES] = "lines",
        [VD_BY_OWN_WINOGRAD] = "own-winograd",
    };
    return names[way];
}
