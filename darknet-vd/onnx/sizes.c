/* Operators on shapes, which exporters write to be ready for inputs of any size, and those whose output has a shape by
 * numbers. */
#include "onnx/operators.h"
#include "onnx/geometry.h"

#include <assert.h>
#include <string.h>

/* ---- shapes as numbers ---- */

static int64_t *make_integers(vd_onnx_call *c, int rank, int64_t n)
{
    vd_onnx_tensor like = {.type = VD_ONNX_INT64, .rank = rank, .dims = {n}};
    vd_onnx_make_like(c, &like);
    return c->out->integer;
}

/* from `start` to before `end`, held within the dimensions that there are: all of them before opset 15 */
static void run_shape(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    int64_t start = vd_onnx_within(vd_onnx_integer_of(c->node, "start", 0), x->rank),
            end = vd_onnx_within(vd_onnx_integer_of(c->node, "end", x->rank), x->rank);
    if (end < start) end = start;
    memcpy(make_integers(c, 1, end - start), x->dims + start, (size_t)(end - start) * sizeof(*x->dims));
}

static void run_constant(vd_onnx_call *c)
{
    const vd_onnx_attribute *a = c->node->attributes == 1 ? c->node->attribute : 0;
    if (!a) vd_onnx_fail(c, "one value is expected");
    if (a->kind == VD_ONNX_TENSOR) vd_onnx_reshape(c, &a->tensor, a->tensor.rank, a->tensor.dims);
    else if (a->kind == VD_ONNX_INTEGER) *make_integers(c, 0, 1) = a->i;
    else if (a->kind == VD_ONNX_INTEGERS)
        memcpy(make_integers(c, 1, a->n), a->n ? a->integers : &a->i, a->n * sizeof(a->i));
    else if (a->kind == VD_ONNX_REAL) {
        vd_onnx_make_real(c, 0, 0);
        *c->out->real = a->f;
    } else if (a->kind == VD_ONNX_REALS) {
        vd_onnx_make_real(c, 1, (int64_t[]){a->n});
        memcpy(c->out->real, a->n ? a->reals : &a->f, a->n * sizeof(a->f));
    } else vd_onnx_fail(c, "a value of numbers is expected");
}

/* the slices of x along an axis that the indices name; in their place they have the indices' shape */
static void run_gather(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0), *at = vd_onnx_integer_input(c, 1);
    int axis = vd_onnx_axis_of(c, vd_onnx_integer_of(c->node, "axis", 0), x->rank);
    vd_onnx_tensor like = {.type = x->type, .rank = x->rank - 1 + at->rank};
    size_t inner = 1, n = (size_t)x->dims[axis];
    if (like.rank > VD_ONNX_RANK) vd_onnx_fail(c, "more than %d dimensions are not read", VD_ONNX_RANK);
    for (int k = 0; k < like.rank; ++k)
        like.dims[k] = k < axis ? x->dims[k] : k < axis + at->rank ? at->dims[k - axis] : x->dims[k + 1 - at->rank];
    for (int k = axis + 1; k < x->rank; ++k) inner *= (size_t)x->dims[k];
    vd_onnx_make_like(c, &like);
    for (size_t i = 0; i < c->out->n; ++i) {
        int64_t index = at->integer[i / inner % at->n];
        if (index < 0) index += (int64_t)n;
        if (index < 0 || index >= (int64_t)n) vd_onnx_fail(c, "index %lld of %zu", (long long)index, n);
        vd_onnx_copy_number(c, x, i, (i / inner / at->n * n + (size_t)index) * inner + i % inner);
    }
}

/* ---- dimensions of 1 ---- */

/* the axes that are named, as bits */
static unsigned axes_of(const vd_onnx_call *c, vd_onnx_list list, int rank)
{
    unsigned axes = 0;
    for (int i = 0; i < list.n; ++i) axes |= 1u << vd_onnx_axis_of(c, list.x[i], rank);
    return axes;
}

/* without the named dimensions of 1; where none are named, without all but the batch and one more */
static void run_squeeze(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    vd_onnx_list list = vd_onnx_integers_of(c, "axes", 1);
    unsigned axes = axes_of(c, list, x->rank);
    int64_t dims[VD_ONNX_RANK];
    int n = 0;
    for (int k = 0; k < x->rank; ++k) {
        int goes = list.n < 0 ? k > 1 && x->dims[k] == 1 : (int)(axes >> k & 1);
        if (goes && x->dims[k] != 1) vd_onnx_fail(c, "dimension %d is not 1", k);
        if (!goes) dims[n++] = x->dims[k];
    }
    vd_onnx_reshape(c, x, n, dims);
}

static void run_unsqueeze(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    vd_onnx_list list = vd_onnx_integers_of(c, "axes", 1);
    int64_t dims[VD_ONNX_RANK];
    if (list.n < 0 || x->rank + list.n > VD_ONNX_RANK) vd_onnx_fail(c, "axes: one to %d are expected", VD_ONNX_RANK);
    int rank = x->rank + list.n, from = 0;
    unsigned axes = axes_of(c, list, rank);
    for (int k = 0; k < rank; ++k) {
        if (!(axes >> k & 1) && from == x->rank) vd_onnx_fail(c, "an axis twice");
        dims[k] = axes >> k & 1 ? 1 : x->dims[from++];
    }
    vd_onnx_reshape(c, x, rank, dims);
}

/* ---- larger ones ---- */

/* dimensions of 1, and missing ones in front, repeated; a size of 1 asks for nothing */
static void run_expand(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0), *shape = vd_onnx_integer_input(c, 1);
    int rank = (int)shape->n > x->rank ? (int)shape->n : x->rank;
    vd_onnx_tensor like = {.type = x->type, .rank = rank};
    if (shape->n > VD_ONNX_RANK) vd_onnx_fail(c, "more than %d dimensions are not read", VD_ONNX_RANK);
    for (int k = 0; k < rank; ++k) {
        int from = k - (rank - x->rank), to = k - (rank - (int)shape->n);
        int64_t d = from < 0 ? 1 : x->dims[from], wanted = to < 0 ? 1 : shape->integer[to];
        if (wanted < 1 || (d != 1 && wanted != 1 && wanted != d))
            vd_onnx_fail(c, "dimension %d: %lld for %lld numbers, expected as many or 1", k, (long long)wanted,
                         (long long)d);
        like.dims[k] = d == 1 ? wanted : d;
    }
    vd_onnx_make_like(c, &like);
    for (size_t i = 0; i < c->out->n; ++i) {
        size_t left = i, at = 0, step = 1;
        for (int k = rank - 1; k >= rank - x->rank; --k) {
            int64_t d = x->dims[k - (rank - x->rank)];
            at += d == 1 ? 0 : left % (size_t)d * step;
            step *= (size_t)d;
            left /= (size_t)like.dims[k]; /* at least 1: NOLINT(clang-analyzer-core.DivideZero) */
        }
        vd_onnx_copy_number(c, x, i, at);
    }
}

/* zeros, or another number, around x; before opset 11 by attributes, from opset 18 on of the axes named */
static void run_pad(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_real_input(c, 0, -1);
    vd_onnx_list pads = vd_onnx_integers_of(c, "pads", 1), axes = vd_onnx_integers_of(c, "axes", 3);
    const vd_onnx_tensor *value = c->inputs > 2 && c->in[2] ? vd_onnx_real_input(c, 2, -1) : 0;
    int64_t dims[VD_ONNX_RANK] = {0}, all[2 * VD_ONNX_RANK];
    assert(x->rank <= VD_ONNX_RANK); /* as the reader makes them */
    if (strcmp(vd_onnx_text_of(c->node, "mode", "constant"), "constant")) vd_onnx_fail(c, "mode=constant is expected");
    if (value && value->n != 1) vd_onnx_fail(c, "input 2: one number is expected");
    float fill = value ? *value->real : vd_onnx_real_of(c->node, "value", 0);
    if (!vd_onnx_pads_of_all(x->rank, pads.n, pads.x, axes.n, axes.x, all))
        vd_onnx_fail(c, "two pads for each dimension are expected");
    for (int k = 0; k < x->rank; ++k) {
        enum { MOST = 1 << 16 };
        int64_t before = all[k], behind = all[k + x->rank];
        if (before < 0 || behind < 0 || before > MOST || behind > MOST)
            vd_onnx_fail(c, "pads from 0 to %d are expected", MOST);
        dims[k] = x->dims[k] + before + behind;
    }
    vd_onnx_make_real(c, x->rank, dims);
    for (size_t i = 0; i < c->out->n; ++i) {
        size_t left = i, at = 0, step = 1;
        int is_inside = 1;
        for (int k = x->rank - 1; k >= 0; --k) {
            /* with numbers in the output no side is 0: NOLINTNEXTLINE(clang-analyzer-core.DivideZero) */
            int64_t place = (int64_t)(left % (size_t)dims[k]) - all[k];
            is_inside &= place >= 0 && place < x->dims[k];
            at += is_inside ? (size_t)place * step : 0;
            step *= (size_t)x->dims[k];
            left /= (size_t)dims[k];
        }
        c->out->real[i] = is_inside ? x->real[at] : fill;
    }
}

const vd_onnx_operator vd_onnx_sizes[] = {
    {"Constant", run_constant}, {"Expand", run_expand},   {"Gather", run_gather},       {"Pad", run_pad},
    {"Shape", run_shape},       {"Squeeze", run_squeeze}, {"Unsqueeze", run_unsqueeze}, {0, 0},
};
