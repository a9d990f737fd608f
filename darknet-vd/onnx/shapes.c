/* Operators that leave the numbers as they are, and put them elsewhere. */
#include "onnx/operators.h"
#include "onnx/geometry.h"

#include <math.h>
#include <string.h>

static void run_identity(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    vd_onnx_reshape(c, x, x->rank, x->dims);
}

/* 0: as the input; one -1: what is left */
static void run_reshape(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0), *shape = vd_onnx_integer_input(c, 1);
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
    vd_onnx_reshape(c, x, (int)shape->n, dims);
}

static void run_flatten(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    int64_t axis = vd_onnx_integer_of(c->node, "axis", 1), dims[2] = {1, 1};
    if (axis < 0) axis += x->rank;
    if (axis < 0 || axis > x->rank) vd_onnx_fail(c, "axis=%lld: the input has %d", (long long)axis, x->rank);
    for (int i = 0; i < x->rank; ++i) dims[i >= axis] *= x->dims[i];
    vd_onnx_reshape(c, x, 2, dims);
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
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
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
        vd_onnx_copy_number(c, x, i, from);
    }
}

/* what is cut out along axis k: `n` numbers from `first` on, `step` apart */
typedef struct {
    int64_t first, step, n;
} cut;

static void cut_out(vd_onnx_call *c, const vd_onnx_tensor *x, const cut *cuts)
{
    vd_onnx_tensor like = {.type = x->type, .rank = x->rank};
    int64_t at[VD_ONNX_RANK] = {0};
    size_t steps[VD_ONNX_RANK];
    for (int k = 0; k < x->rank; ++k) like.dims[k] = cuts[k].n;
    steps_of(x, steps);
    vd_onnx_make_like(c, &like);
    for (size_t i = 0; i < c->out->n; ++i, advance(c->out, at)) {
        size_t from = 0;
        for (int k = 0; k < x->rank; ++k) from += (size_t)(cuts[k].first + at[k] * cuts[k].step) * steps[k];
        vd_onnx_copy_number(c, x, i, from);
    }
}

static void take_all(const vd_onnx_tensor *x, cut *cuts)
{
    for (int k = 0; k < x->rank; ++k) cuts[k] = (cut){0, 1, x->dims[k]};
}

/* starts, ends, axes and steps are inputs, before opset 10 attributes; a step is positive */
static void run_slice(vd_onnx_call *c)
{
    static const char *const names[4] = {"starts", "ends", "axes", "steps"};
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    vd_onnx_list list[4];
    cut cuts[VD_ONNX_RANK];
    for (int i = 0; i < 4; ++i) list[i] = vd_onnx_integers_of(c, names[i], i + 1);
    int n = list[0].n;
    if (n < 0 || list[1].n != n || (list[2].n >= 0 && list[2].n != n) || (list[3].n >= 0 && list[3].n != n))
        vd_onnx_fail(c, "starts, ends and axes of other lengths");
    take_all(x, cuts);
    for (int i = 0; i < n; ++i) {
        int k = vd_onnx_axis_of(c, list[2].n < 0 ? i : list[2].x[i], x->rank);
        int64_t start = vd_onnx_within(list[0].x[i], x->dims[k]), end = vd_onnx_within(list[1].x[i], x->dims[k]);
        int64_t step = list[3].n < 0 ? 1 : list[3].x[i];
        if (step < 1) vd_onnx_fail(c, "a step of %lld is not known", (long long)step);
        cuts[k] = (cut){start, step, end > start ? (end - start - 1) / step + 1 : 0};
    }
    cut_out(c, x, cuts);
}

/* one of its outputs: the reader makes a node of each (graph.h). Their sizes are an input, before opset 13 an
 * attribute; without them all have the same, the last one what is left */
static void run_split(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    int64_t part = vd_onnx_integer_of(c->node, "part", 0), parts = vd_onnx_integer_of(c->node, "parts", 1);
    int axis = vd_onnx_axis_of(c, vd_onnx_integer_of(c->node, "axis", 0), x->rank);
    vd_onnx_list sizes = vd_onnx_integers_of(c, "split", 1);
    cut cuts[VD_ONNX_RANK];
    if (part < 0 || part >= parts || parts > VD_ONNX_PARTS || (sizes.n >= 0 && sizes.n != parts))
        vd_onnx_fail(c, "part %lld of %lld: %d sizes, %d parts at most", (long long)part, (long long)parts, sizes.n,
                     VD_ONNX_PARTS);
    take_all(x, cuts);
    int64_t n = x->dims[axis], each = (n + parts - 1) / parts, first = 0, end = 0;
    for (int64_t k = 0; k <= part; ++k) {
        int64_t size = sizes.n < 0 ? each : sizes.x[k];
        if (size < 0 || size > n) vd_onnx_fail(c, "a part of %lld of %lld", (long long)size, (long long)n);
        first = end;
        end = vd_onnx_within(first + size, n);
    }
    cuts[axis] = (cut){first, 1, end - first};
    cut_out(c, x, cuts);
}

static void run_concat(vd_onnx_call *c)
{
    const vd_onnx_tensor *x = vd_onnx_any_input(c, 0);
    int axis = vd_onnx_axis_of(c, vd_onnx_integer_of(c->node, "axis", 1), x->rank);
    vd_onnx_tensor like = {.type = x->type, .rank = x->rank};
    size_t outer = 1, inner = 1, at = 0;
    memcpy(like.dims, x->dims, sizeof(x->dims));
    like.dims[axis] = 0;
    for (int i = 0; i < c->inputs; ++i) {
        const vd_onnx_tensor *t = vd_onnx_any_input(c, i);
        if (t->rank != x->rank || (t->real == 0) != (x->real == 0))
            vd_onnx_fail(c, "input %d: %d dimensions of the type of input 0 are expected", i, x->rank);
        for (int k = 0; k < x->rank; ++k)
            if (k != axis && t->dims[k] != x->dims[k])
                vd_onnx_fail(c, "input %d: dimension %d has %lld numbers, and %lld in input 0", i, k,
                             (long long)t->dims[k], (long long)x->dims[k]);
        like.dims[axis] += t->dims[axis];
    }
    vd_onnx_make_like(c, &like);
    for (int k = 0; k < axis; ++k) outer *= (size_t)x->dims[k];
    for (int k = axis + 1; k < x->rank; ++k) inner *= (size_t)x->dims[k];
    for (size_t row = 0; row < outer; ++row)
        for (int i = 0; i < c->inputs; ++i) {
            size_t n = (size_t)c->in[i]->dims[axis] * inner;
            for (size_t k = 0; k < n; ++k) vd_onnx_copy_number(c, c->in[i], at++, row * n + k);
        }
}

/* an input, or an attribute before opset 9 */
static double scale_of(const vd_onnx_call *c, int k)
{
    const vd_onnx_attribute *a = vd_onnx_find_attribute(c->node, "scales");
    if (a && a->kind == VD_ONNX_REALS && a->n == 4) return a->reals[k];
    const vd_onnx_tensor *t = vd_onnx_real_input(c, c->inputs > 2 ? 2 : 1, 1);
    if (t->n != 4) vd_onnx_fail(c, "%zu scales: 4 are expected", t->n);
    return t->real[k];
}

/* how many times as many numbers along axis k: a scale, or the size wanted */
static int64_t times_of(const vd_onnx_call *c, const vd_onnx_tensor *x, int k)
{
    enum { MOST = 64 };
    const vd_onnx_tensor *size = c->inputs > 3 && c->in[3] ? vd_onnx_integer_input(c, 3) : 0;
    if (size && size->n != 4) vd_onnx_fail(c, "%zu sizes: 4 are expected", size->n);
    double s = !size ? scale_of(c, k) : x->dims[k] ? (double)size->integer[k] / (double)x->dims[k] : 0;
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

static void run_dropout(vd_onnx_call *c)
{
    const vd_onnx_tensor *training = c->inputs > 2 && c->in[2] ? vd_onnx_integer_input(c, 2) : 0;
    if (training && training->n && *training->integer) vd_onnx_fail(c, VD_ONNX_NO_TRAINING);
    run_identity(c);
}

const vd_onnx_operator vd_onnx_shapes[] = {
    {"Concat", run_concat},
    {"Dropout", run_dropout},
    {"Flatten", run_flatten},
    {"Identity", run_identity},
    {"Reshape", run_reshape},
    {"Resize", run_resize},
    {"Slice", run_slice},
    {"Split", run_split},
    {"Transpose", run_transpose},
    {"Upsample", run_resize},
    {0, 0},
};
