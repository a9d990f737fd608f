/* Operators that leave the numbers as they are, and put them elsewhere. */
#include "onnx/operators.h"

#include <math.h>
#include <string.h>

/* out[i] = x[from] */
static void copy_number(vd_onnx_call *c, const vd_onnx_tensor *x, size_t i, size_t from)
{
    if (x->real) c->out->real[i] = x->real[from];
    else c->out->integer[i] = x->integer[from];
}

static const vd_onnx_tensor *any_input(const vd_onnx_call *c, int i)
{
    if (i >= c->inputs || !c->in[i]) vd_onnx_fail(c, "input %d is missing", i);
    return c->in[i];
}

/* the numbers of x in another shape, which has as many */
static void reshape(vd_onnx_call *c, const vd_onnx_tensor *x, int rank, const int64_t *dims)
{
    vd_onnx_tensor like = {.type = x->type, .rank = rank};
    memcpy(like.dims, dims, rank * sizeof(*dims));
    vd_onnx_make_like(c, &like);
    if (c->out->n != x->n) vd_onnx_fail(c, "%zu numbers do not fill a shape of %zu", x->n, c->out->n);
    for (size_t i = 0; i < x->n; ++i) copy_number(c, x, i, i);
}

static void run_identity(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = any_input(c, 0);
    reshape(c, x, x->rank, x->dims);
}

/* 0: as the input; one -1: what is left */
static void run_reshape(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = any_input(c, 0), *shape = vd_onnx_integer_input(c, 1);
    int64_t dims[VD_ONNX_RANK], known = 1;
    int open = -1;
    if (shape->n > VD_ONNX_RANK) vd_onnx_fail(c, "more than %d dimensions are not read", VD_ONNX_RANK);
    for (int i = 0; i < (int)shape->n; ++i) {
        dims[i] = shape->integer[i];
        if (i < x->rank && dims[i] == 0) dims[i] = x->dims[i];
        if (dims[i] == -1 && open < 0) open = i;
        else if (dims[i] < 1 || dims[i] > (int64_t)x->n || known > (int64_t)x->n / dims[i])
            vd_onnx_fail(c, "a shape that its numbers do not fill");
        else known *= dims[i];
    }
    if (open >= 0) dims[open] = (int64_t)x->n / known;
    reshape(c, x, (int)shape->n, dims);
}

static void run_flatten(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = any_input(c, 0);
    int64_t axis = vd_onnx_integer_of(c->node, "axis", 1), dims[2] = {1, 1};
    if (axis < 0) axis += x->rank;
    if (axis < 0 || axis > x->rank) vd_onnx_fail(c, "axis=%lld: the input has %d", (long long)axis, x->rank);
    for (int i = 0; i < x->rank; ++i) dims[i >= axis] *= x->dims[i];
    reshape(c, x, 2, dims);
}

/* steps[i]: by how many numbers x goes on along its dimension i */
static void steps_of(const vd_onnx_tensor *x, size_t *steps)
{
    size_t step = 1;
    for (int i = x->rank - 1; i >= 0; --i) {
        steps[i] = step;
        step *= (size_t)x->dims[i];
    }
}

/* the next place of the output */
static void advance(const vd_onnx_tensor *out, int64_t *at)
{
    for (int k = out->rank - 1; k >= 0; --k) {
        if (++at[k] < out->dims[k]) break;
        at[k] = 0;
    }
}

static void run_transpose(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = any_input(c, 0);
    const vd_onnx_attribute *a = vd_onnx_find_attribute(c->node, "perm");
    vd_onnx_tensor like = {.type = x->type, .rank = x->rank};
    int64_t at[VD_ONNX_RANK] = {0};
    size_t steps[VD_ONNX_RANK];
    int axis[VD_ONNX_RANK], seen = 0;
    if (a && (a->kind != VD_ONNX_INTEGERS || a->n != x->rank)) vd_onnx_fail(c, "perm has not a number for each axis");
    steps_of(x, steps);
    for (int i = 0; i < x->rank; ++i) {
        axis[i] = a ? vd_onnx_axis_of(c, a->integers[i], x->rank) : x->rank - 1 - i;
        like.dims[i] = x->dims[axis[i]];
        seen |= 1 << axis[i];
    }
    if (seen != (1 << x->rank) - 1) vd_onnx_fail(c, "perm has an axis twice");
    vd_onnx_make_like(c, &like);
    for (size_t i = 0; i < x->n; ++i, advance(c->out, at)) {
        size_t from = 0;
        for (int k = 0; k < x->rank; ++k) from += (size_t)at[k] * steps[axis[k]];
        copy_number(c, x, i, from);
    }
}

/* starts, ends, axes and steps are inputs; a step is positive */
static void run_slice(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = any_input(c, 0), *starts = vd_onnx_integer_input(c, 1);
    const vd_onnx_tensor *ends = vd_onnx_integer_input(c, 2);
    const vd_onnx_tensor *axes = c->inputs > 3 && c->in[3] ? vd_onnx_integer_input(c, 3) : 0;
    const vd_onnx_tensor *by = c->inputs > 4 && c->in[4] ? vd_onnx_integer_input(c, 4) : 0;
    vd_onnx_tensor like = {.type = x->type, .rank = x->rank};
    int64_t first[VD_ONNX_RANK] = {0}, stride[VD_ONNX_RANK], at[VD_ONNX_RANK] = {0};
    size_t steps[VD_ONNX_RANK];
    memcpy(like.dims, x->dims, sizeof(x->dims));
    for (int i = 0; i < x->rank; ++i) stride[i] = 1;
    if (ends->n != starts->n || (axes && axes->n != starts->n) || (by && by->n != starts->n))
        vd_onnx_fail(c, "starts, ends and axes of other lengths");
    for (size_t i = 0; i < starts->n; ++i) {
        int k = vd_onnx_axis_of(c, axes ? axes->integer[i] : (int64_t)i, x->rank);
        int64_t n = x->dims[k], start = starts->integer[i], end = ends->integer[i], step = by ? by->integer[i] : 1;
        if (step < 1) vd_onnx_fail(c, "a step of %lld is not known", (long long)step);
        start = start < -n ? 0 : start < 0 ? start + n : start > n ? n : start;
        end = end < -n ? 0 : end < 0 ? end + n : end > n ? n : end;
        first[k] = start;
        stride[k] = step;
        like.dims[k] = end > start ? (end - start - 1) / step + 1 : 0;
    }
    steps_of(x, steps);
    vd_onnx_make_like(c, &like);
    for (size_t i = 0; i < c->out->n; ++i, advance(c->out, at)) {
        size_t from = 0;
        for (int k = 0; k < x->rank; ++k) from += (size_t)(first[k] + at[k] * stride[k]) * steps[k];
        copy_number(c, x, i, from);
    }
}

static void run_concat(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = any_input(c, 0);
    int axis = vd_onnx_axis_of(c, vd_onnx_integer_of(c->node, "axis", 1), x->rank);
    vd_onnx_tensor like = {.type = x->type, .rank = x->rank};
    size_t outer = 1, inner = 1, at = 0;
    memcpy(like.dims, x->dims, sizeof(x->dims));
    like.dims[axis] = 0;
    for (int i = 0; i < c->inputs; ++i) {
        const vd_onnx_tensor *t = any_input(c, i);
        if (t->rank != x->rank || (t->real == 0) != (x->real == 0)) vd_onnx_fail(c, "inputs of other shapes");
        for (int k = 0; k < x->rank; ++k)
            if (k != axis && t->dims[k] != x->dims[k]) vd_onnx_fail(c, "inputs of other shapes");
        like.dims[axis] += t->dims[axis];
    }
    vd_onnx_make_like(c, &like);
    for (int k = 0; k < axis; ++k) outer *= (size_t)x->dims[k];
    for (int k = axis + 1; k < x->rank; ++k) inner *= (size_t)x->dims[k];
    for (size_t row = 0; row < outer; ++row)
        for (int i = 0; i < c->inputs; ++i) {
            size_t n = (size_t)c->in[i]->dims[axis] * inner;
            for (size_t k = 0; k < n; ++k) copy_number(c, c->in[i], at++, row * n + k);
        }
}

/* how many times as many numbers along axis k: a scale, or the size wanted */
static int64_t times_of(const vd_onnx_call *c, const vd_onnx_tensor *x, int k)
{
    enum { MOST = 64 };
    int by_size = c->inputs > 3 && c->in[3];
    const vd_onnx_tensor *t = by_size ? vd_onnx_integer_input(c, 3) : vd_onnx_real_input(c, c->inputs > 2 ? 2 : 1, 1);
    if (t->n != 4) vd_onnx_fail(c, "%zu scales: 4 are expected", t->n);
    double s = !by_size ? t->real[k] : x->dims[k] ? (double)t->integer[k] / (double)x->dims[k] : 0;
    if (!(s >= 1 && s <= MOST) || s != floor(s)) vd_onnx_fail(c, "a scale of %g is not known", s);
    return (int64_t)s;
}

/* the nearest pixel below: mode=nearest, asymmetric, floor, by whole numbers */
static void run_resize(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, 4);
    int64_t dims[4], by[4], at[4] = {0};
    size_t steps[4];
    if (strcmp(vd_onnx_text_of(c->node, "mode", "nearest"), "nearest")) vd_onnx_fail(c, "mode=nearest is expected");
    for (int k = 0; k < 4; ++k) dims[k] = x->dims[k] * (by[k] = times_of(c, x, k));
    steps_of(x, steps);
    vd_onnx_make_real(c, 4, dims);
    for (size_t i = 0; i < c->out->n; ++i, advance(c->out, at)) {
        size_t from = 0;
        for (int k = 0; k < 4; ++k) from += (size_t)(at[k] / by[k]) * steps[k];
        c->out->real[i] = x->real[from];
    }
}

/* without the dimensions of 1 behind the first two, or all but the batch where none are named */
static void run_squeeze(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = any_input(c, 0);
    int64_t dims[2] = {x->rank ? x->dims[0] : 1, x->rank > 1 ? x->dims[1] : 1};
    if (x->rank < 2 || dims[0] * dims[1] != (int64_t)x->n) vd_onnx_fail(c, "more than two dimensions would stay");
    reshape(c, x, 2, dims);
}

static void run_constant(vd_onnx_call *c)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(c->node, "value");
    if (!a || a->kind != VD_ONNX_TENSOR) vd_onnx_fail(c, "a value that is a tensor is expected");
    reshape(c, &a->tensor, a->tensor.rank, a->tensor.dims);
}

const vd_onnx_operator vd_onnx_shapes[] = {
    {"Concat", run_concat},     {"Constant", run_constant},   {"Dropout", run_identity}, {"Flatten", run_flatten},
    {"Identity", run_identity}, {"Reshape", run_reshape},     {"Resize", run_resize},    {"Slice", run_slice},
    {"Squeeze", run_squeeze},   {"Transpose", run_transpose}, {"Upsample", run_resize},  {0, 0},
};
