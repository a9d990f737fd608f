/* Operators that sum over windows and rows. Every sum is one thread's, in a fixed order. */
#include "onnx/operators.h"
#include "onnx/geometry.h"
#include "base/fail.h"
#include "base/parallel.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- windows ---- */

typedef struct {
    int c, h, w, out_h, out_w;
    int64_t size[2], stride[2], pad[4], gap[2]; /* down, across; pad: top, left, bottom, right; gap: dilation */
} window;

static int64_t out_of(const vd_onnx_call *c, int64_t n, int64_t before, int64_t after, int64_t size, int64_t gap,
                      int64_t stride)
{
    int64_t reach = (size - 1) * gap + 1, side = n + before + after;
    int64_t out = vd_onnx_windows(n, before, after, reach, stride, vd_onnx_integer_of(c->node, "ceil_mode", 0) != 0);
    if (out < 1)
        vd_onnx_fail(c, "a window of %lld for a side of %lld with its pads", (long long)reach, (long long)side);
    return out;
}

static window window_of(const vd_onnx_call *c, const vd_onnx_tensor *x, int64_t size_h, int64_t size_w)
{
    window v = {.c = (int)x->dims[1], .h = (int)x->dims[2], .w = (int)x->dims[3], .size = {size_h, size_w}};
    const char *same = vd_onnx_text_of(c->node, "auto_pad", "NOTSET");
    vd_onnx_list_of(c, "strides", 2, 1, v.stride);
    vd_onnx_list_of(c, "dilations", 2, 1, v.gap);
    vd_onnx_list_of(c, "pads", 4, 0, v.pad);
    if (vd_onnx_pads_by_itself(same)) memset(v.pad, 0, sizeof(v.pad));
    for (int k = 0; k < 2; ++k)
        if (v.size[k] < 1 || v.stride[k] < 1 || v.gap[k] < 1)
            vd_onnx_fail(c, "size %lld, stride %lld, dilation %lld of a window: 1 or more is expected",
                         (long long)v.size[k], (long long)v.stride[k], (long long)v.gap[k]);
    if (!strncmp(same, "SAME", 4))
        vd_onnx_pad_same(x->dims + 2, v.size, v.stride, v.gap, !strcmp(same, "SAME_UPPER"), v.pad);
    v.out_h = (int)out_of(c, v.h, v.pad[0], v.pad[2], v.size[0], v.gap[0], v.stride[0]);
    v.out_w = (int)out_of(c, v.w, v.pad[1], v.pad[3], v.size[1], v.gap[1], v.stride[1]);
    return v;
}

static void make_maps(vd_onnx_call *c, int64_t n, int64_t channels, const window *v)
{
    vd_onnx_make_real(c, 4, (int64_t[]){n, channels, v->out_h, v->out_w});
}

/* ---- Conv ---- */

typedef struct {
    window v;
    const float *x, *w, *b; /* of one image; w [filters][c / groups][size][size] */
    float *y;
    double *sums; /* [filters][out_h][out_w]; made before the loop, whose body cannot fail */
    int filters, groups;
} convolution;

/* of `out` places, `stride` apart from `offset` on: the first and one behind the last that are inside n numbers */
static void inside(int64_t offset, int64_t stride, int n, int out, int *first, int *end)
{
    int64_t f = offset < 0 ? (-offset + stride - 1) / stride : 0, e = offset >= n ? 0 : (n - 1 - offset) / stride + 1;
    *first = (int)(f < out ? f : out);
    *end = (int)(e < out ? e : out);
}

/* sum += weight x, for a row of the output */
static void add_row(int n, double weight, const float *x, int64_t stride, double *sum)
{
    if (stride == 1)
        for (int i = 0; i < n; ++i) sum[i] += weight * x[i];
    else
        for (int i = 0; i < n; ++i) sum[i] += weight * x[i * stride];
}

static void add_tap(const convolution *j, double weight, const float *plane, int64_t ky, int64_t kx, double *sum)
{
    const window *v = &j->v;
    int64_t down = ky * v->gap[0] - v->pad[0], across = kx * v->gap[1] - v->pad[1];
    int top, bottom, left, right;
    inside(down, v->stride[0], v->h, v->out_h, &top, &bottom);
    inside(across, v->stride[1], v->w, v->out_w, &left, &right);
    for (int row = top; row < bottom && left < right; ++row) {
        const float *x = plane + (row * v->stride[0] + down) * v->w + left * v->stride[1] + across;
        add_row(right - left, weight, x, v->stride[1], sum + (size_t)row * v->out_w + left);
    }
}

static void convolve_filter(int f, void *context)
{
    const convolution *j = context;
    const window *v = &j->v;
    size_t pixels = (size_t)v->out_h * v->out_w, plane = (size_t)v->h * v->w;
    int c = v->c / j->groups, first = f / (j->filters / j->groups) * c;
    const float *w = j->w + (size_t)f * c * v->size[0] * v->size[1];
    double *sum = j->sums + f * pixels;
    memset(sum, 0, pixels * sizeof(*sum));
    for (int k = 0; k < c; ++k)
        for (int64_t ky = 0; ky < v->size[0]; ++ky)
            for (int64_t kx = 0; kx < v->size[1]; ++kx, ++w)
                if (*w != 0) add_tap(j, *w, j->x + (first + k) * plane, ky, kx, sum);
    for (size_t i = 0; i < pixels; ++i) j->y[f * pixels + i] = (float)(sum[i] + (j->b ? j->b[f] : 0));
}

static void run_conv(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, 4), *w = vd_onnx_real_input(c, 1, 4);
    const vd_onnx_tensor *b = c->inputs > 2 && c->in[2] ? vd_onnx_real_input(c, 2, 1) : 0;
    int64_t groups = vd_onnx_integer_of(c->node, "group", 1);
    int fits = groups > 0 && w->dims[0] % groups == 0 && x->dims[1] % groups == 0 && w->dims[1] == x->dims[1] / groups;
    if (!fits || (b && b->n != (size_t)w->dims[0]))
        vd_onnx_fail(c, "weights of %lld x %lld in %lld groups for %lld channels", (long long)w->dims[0],
                     (long long)w->dims[1], (long long)groups, (long long)x->dims[1]);
    convolution j = {.v = window_of(c, x, w->dims[2], w->dims[3]),
                     .w = w->real,
                     .b = b ? b->real : 0,
                     .filters = (int)w->dims[0],
                     .groups = (int)groups};
    make_maps(c, x->dims[0], w->dims[0], &j.v);
    j.sums = vd_malloc(w->dims[0] * j.v.out_h * j.v.out_w * sizeof(*j.sums));
    for (int64_t n = 0; n < x->dims[0]; ++n) {
        j.x = x->real + n * x->dims[1] * x->dims[2] * x->dims[3];
        j.y = c->out->real + n * j.filters * j.v.out_h * j.v.out_w;
        vd_parallel_for(j.filters, convolve_filter, &j);
    }
    free(j.sums);
}

/* ---- pools ---- */

enum { LARGEST, MEAN_INSIDE, MEAN_OF_ALL };

/* taps of a window from `first` on that are inside a side of n with its pads: with ceil_mode some are behind them */
static int taps_inside(const window *v, int side, int64_t first, int n)
{
    int from, end;
    inside(first + v->pad[side], v->gap[side], (int)(n + v->pad[side] + v->pad[side + 2]), (int)v->size[side], &from,
           &end);
    return end - from;
}

static float pool_one(const window *v, const float *x, int64_t top, int64_t left, int how)
{
    int first_row, end_row, first_column, end_column;
    inside(top, v->gap[0], v->h, (int)v->size[0], &first_row, &end_row);
    inside(left, v->gap[1], v->w, (int)v->size[1], &first_column, &end_column);
    float most = -FLT_MAX;
    double sum = 0, n = 0;
    for (int ky = first_row; ky < end_row; ++ky)
        for (int kx = first_column; kx < end_column; ++kx) {
            float y = x[(top + ky * v->gap[0]) * v->w + left + kx * v->gap[1]];
            if (y > most) most = y;
            sum += y;
            ++n;
        }
    if (how == LARGEST) return most;
    if (how == MEAN_OF_ALL) n = (double)taps_inside(v, 0, top, v->h) * taps_inside(v, 1, left, v->w);
    return n > 0 ? (float)(sum / n) : 0;
}

static void pool(vd_onnx_call *c, int how)
{
    int64_t size[2];
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, 4);
    if (!vd_onnx_find_attribute(c->node, "kernel_shape")) vd_onnx_fail(c, "kernel_shape is missing");
    vd_onnx_list_of(c, "kernel_shape", 2, 1, size);
    window v = window_of(c, x, size[0], size[1]);
    make_maps(c, x->dims[0], x->dims[1], &v);
    float *y = c->out->real;
    for (int64_t plane = 0; plane < x->dims[0] * x->dims[1]; ++plane)
        for (int row = 0; row < v.out_h; ++row)
            for (int column = 0; column < v.out_w; ++column)
                *y++ = pool_one(&v, x->real + plane * v.h * v.w, row * v.stride[0] - v.pad[0],
                                column * v.stride[1] - v.pad[1], how);
}

static void run_max_pool(vd_onnx_call *c)
{
    pool(c, LARGEST);
}

static void run_average_pool(vd_onnx_call *c)
{
    pool(c, vd_onnx_integer_of(c->node, "count_include_pad", 0) ? MEAN_OF_ALL : MEAN_INSIDE);
}

static void run_global_average_pool(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, 4);
    int64_t pixels = x->dims[2] * x->dims[3];
    vd_onnx_make_real(c, 4, (int64_t[]){x->dims[0], x->dims[1], 1, 1});
    for (size_t plane = 0; plane < c->out->n; ++plane) {
        double sum = 0;
        for (int64_t i = 0; i < pixels; ++i) sum += x->real[plane * pixels + i];
        c->out->real[plane] = pixels ? (float)(sum / (double)pixels) : 0;
    }
}

/* over axis 2 or 3 of a map, or the last of three; all others are outer, or behind it and inner */
static void mean_along(vd_onnx_call *c, int axis)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    int keeps = vd_onnx_integer_of(c->node, "keepdims", 1) != 0, rank = 0;
    int64_t dims[VD_ONNX_RANK], n = x->dims[axis], inner = axis == 2 && x->rank == 4 ? x->dims[3] : 1;
    for (int i = 0; i < x->rank; ++i)
        if (i != axis || keeps) dims[rank++] = i == axis ? 1 : x->dims[i];
    vd_onnx_make_real(c, rank, dims);
    for (size_t i = 0; i < c->out->n; ++i) {
        const float *from = x->real + (int64_t)i / inner * inner * n + (int64_t)i % inner;
        double sum = 0;
        for (int64_t k = 0; k < n; ++k) sum += from[k * inner];
        c->out->real[i] = n ? (float)(sum / (double)n) : 0;
    }
}

/* over the pixels of a map, axes 2 and 3, or one of them, or what that has left; from opset 18 on they are an input */
static void run_reduce_mean(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, -1);
    vd_onnx_list axes = vd_onnx_integers_of(c, "axes", 1);
    unsigned found = 0;
    for (int i = 0; i < axes.n; ++i) found |= 1u << vd_onnx_axis_of(c, axes.x[i], x->rank);
    if ((x->rank == 3 || x->rank == 4) && (found == 4 || found == 8)) {
        mean_along(c, found == 4 ? 2 : 3);
        return;
    }
    if (found != 12) vd_onnx_fail(c, "axes other than 2 and 3 are not known");
    run_global_average_pool(c);
    if (!vd_onnx_integer_of(c->node, "keepdims", 1)) c->out->rank = 2;
}

/* ---- matrices ---- */

typedef struct {
    const float *a, *b; /* a [n][k]; b [k][m], with transposed [m][k] */
    float *y;           /* [n][m] */
    int64_t n, k, m;
    int transposed;
} product;

static void multiply_column(int column, void *context)
{
    const product *p = context;
    int64_t start = p->transposed ? column * p->k : column, step = p->transposed ? 1 : p->m;
    for (int64_t row = 0; row < p->n; ++row) {
        double sum = 0;
        for (int64_t i = 0; i < p->k; ++i) sum += (double)p->a[row * p->k + i] * p->b[start + i * step];
        p->y[row * p->m + column] = (float)sum;
    }
}

static product product_of(vd_onnx_call *c, int transposed)
{
    const vd_onnx_tensor *a = vd_onnx_real_input(c, 0, 2), *b = vd_onnx_real_input(c, 1, 2);
    if (b->dims[transposed] != a->dims[1])
        vd_onnx_fail(c, "%lld numbers times %lld rows", (long long)a->dims[1], (long long)b->dims[transposed]);
    vd_onnx_make_real(c, 2, (int64_t[]){a->dims[0], b->dims[!transposed]});
    return (product){a->real, b->real, c->out->real, a->dims[0], a->dims[1], b->dims[!transposed], transposed};
}

static void run_gemm(vd_onnx_call *c)
{
    float alpha = vd_onnx_real_of(c->node, "alpha", 1), beta = vd_onnx_real_of(c->node, "beta", 1);
    if (vd_onnx_integer_of(c->node, "transA", 0) && vd_onnx_real_input(c, 0, 2)->n != 1)
        vd_onnx_fail(c, "transA=1 is not known, but of one number");
    product p = product_of(c, vd_onnx_integer_of(c->node, "transB", 0) != 0);
    vd_parallel_for((int)p.m, multiply_column, &p);
    const vd_onnx_tensor *b = c->inputs > 2 && c->in[2] ? vd_onnx_real_input(c, 2, -1) : 0;
    if (b && b->n != 1 && b->n != (size_t)p.m) vd_onnx_fail(c, "%zu biases for %lld sums", b->n, (long long)p.m);
    for (size_t i = 0; i < c->out->n; ++i)
        p.y[i] = alpha * p.y[i] + (b ? beta * b->real[b->n == 1 ? 0 : i % (size_t)p.m] : 0);
}

static void run_mat_mul(vd_onnx_call *c)
{
    product p = product_of(c, 0);
    vd_parallel_for((int)p.m, multiply_column, &p);
}

/* the largest of each plane */
static void run_global_max_pool(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, 4);
    int64_t pixels = x->dims[2] * x->dims[3];
    vd_onnx_make_real(c, 4, (int64_t[]){x->dims[0], x->dims[1], 1, 1});
    for (size_t plane = 0; plane < c->out->n; ++plane) {
        float most = -FLT_MAX;
        for (int64_t i = 0; i < pixels; ++i) most = fmaxf(most, x->real[plane * pixels + i]);
        c->out->real[plane] = most;
    }
}

/* scale (x - mean)/sqrt(variance + epsilon) + bias, channel by channel */
static void run_batch_norm(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, -1), *p[4];
    double epsilon = vd_onnx_real_of(c->node, "epsilon", 1e-5f);
    if (vd_onnx_integer_of(c->node, "training_mode", 0)) vd_onnx_fail(c, VD_ONNX_NO_TRAINING);
    if (x->rank < 2) vd_onnx_fail(c, "input 0 has no channels");
    for (int i = 0; i < 4; ++i)
        if ((p[i] = vd_onnx_real_input(c, i + 1, 1))->n != (size_t)x->dims[1])
            vd_onnx_fail(c, "input %d has %zu numbers for %lld channels", i + 1, p[i]->n, (long long)x->dims[1]);
    vd_onnx_make_like(c, x);
    size_t plane = 1;
    for (int i = 2; i < x->rank; ++i) plane *= (size_t)x->dims[i];
    for (size_t i = 0; i < x->n; ++i) {
        size_t k = i / plane % (size_t)x->dims[1];
        double gain = p[0]->real[k] / sqrt(p[3]->real[k] + epsilon);
        c->out->real[i] = (float)(gain * (x->real[i] - (double)p[2]->real[k]) + p[1]->real[k]);
    }
}

const vd_onnx_operator vd_onnx_products[] = {
    {"AveragePool", run_average_pool},
    {"BatchNormalization", run_batch_norm},
    {"Conv", run_conv},
    {"Gemm", run_gemm},
    {"GlobalAveragePool", run_global_average_pool},
    {"GlobalMaxPool", run_global_max_pool},
    {"MatMul", run_mat_mul},
    {"MaxPool", run_max_pool},
    {"ReduceMean", run_reduce_mean},
    {0, 0},
};
