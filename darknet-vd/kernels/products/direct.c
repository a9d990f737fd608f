/* oneDNN's convolutions; direct_none.c is what a build without it has */
#ifdef VD_ONEDNN
#include "kernels/products/direct.h"
#include "kernels/kernels.h"
#include "kernels/products/onednn.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* the three arrays of a convolution; each pass computes one from the other two */
typedef enum { X, W, Y, ARRAYS } array;

enum { FIRST, SECOND, RESULT, OPERANDS };
typedef struct {
    array array;
    int arg;            /* DNNL_ARG_ */
    dnnl_query_t wants; /* the query for its layout */
} operand;

static const operand operands[VD_PASSES][OPERANDS] = {
    [VD_FORWARD] = {{X, DNNL_ARG_SRC, dnnl_query_src_md},
                    {W, DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                    {Y, DNNL_ARG_DST, dnnl_query_dst_md}},
    [VD_BACKWARD_DATA] = {{Y, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                          {W, DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                          {X, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md}},
    [VD_BACKWARD_WEIGHTS] = {{X, DNNL_ARG_SRC, dnnl_query_src_md},
                             {Y, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                             {W, DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md}},
};

static const vd_scratch_slot slots[ARRAYS] = {VD_SCRATCH_BLOCKED_X, VD_SCRATCH_BLOCKED_W, VD_SCRATCH_BLOCKED_Y};

/* How an operand is converted between the plain layout and the blocked one. oneDNN's general reorder ("jit:uni") takes
 * two to five times as long as vd_transpose(), its special one for float blocks ("jit:blk") a little less than that
 * function. */
typedef struct {
    enum { SAME_LAYOUT, TRANSPOSE, REORDER } by;
    size_t bytes;        /* in the blocked layout */
    vd_onednn_call call; /* REORDER's */
    int block;           /* TRANSPOSE's: [images][channels][pixels] to [images][channels / block][pixels][block] */
    int images, channels, pixels;
} conversion;

typedef struct {
    int exists;        /* 0: the other members are not valid */
    const operand *of; /* [OPERANDS] */
    vd_onednn_call call;
    conversion conversions[OPERANDS];
} direct;

static int is_winograd(vd_way way)
{
    return way == VD_BY_WINOGRAD || way == VD_BY_WINOGRAD_INFERENCE;
}

static int is_inference(vd_way way)
{
    return way == VD_BY_DIRECT_INFERENCE || way == VD_BY_WINOGRAD_INFERENCE;
}

/* oneDNN computes the data gradient as a forward convolution */
static int is_turned(const vd_direct *k)
{
    return k->pass == VD_BACKWARD_DATA && is_inference(k->way);
}

/* the product that oneDNN is asked for */
static vd_direct asked_of(const vd_direct *k)
{
    vd_direct asked = *k;
    if (!is_turned(k)) return asked;
    asked.shape = vd_turned(k->shape);
    asked.pass = VD_FORWARD;
    return asked;
}

/* 1 when the implementation's name begins with this */
static int is_named(dnnl_primitive_desc_t pd, const char *beginning)
{
    const char *name = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    return !strncmp(name, beginning, strlen(beginning));
}

/* ---- layouts ---- */

static dnnl_memory_desc_t layout(const vd_direct *k, array a, int is_result, dnnl_format_tag_t format)
{
    vd_window w = k->shape.window;
    const dnnl_dims_t sizes[ARRAYS] = {[X] = {k->images, w.c, w.h, w.w},
                                       [W] = {k->shape.n, w.c, w.size, w.size},
                                       [Y] = {k->images, k->shape.n, w.out_h, w.out_w}};
    dnnl_data_type_t type = k->shape.type == VD_BF16 && !is_result ? dnnl_bf16 : dnnl_f32;
    dnnl_memory_desc_t made;
    vd_onednn_check(dnnl_memory_desc_init_by_tag(&made, 4, sizes[a], type, format), "layout");
    return made;
}

/* channels side by side at every pixel; 0 when the layout is not as simple as that */
static int block_of(const vd_direct *k, array a, int is_result, const dnnl_memory_desc_t *blocked)
{
    static const dnnl_format_tag_t tags[] = {dnnl_nhwc, dnnl_nChw16c, dnnl_nChw8c};
    const int blocks[] = {(int)blocked->dims[1], 16, 8};
    for (int i = 0; a != W && i < 3; ++i) {
        dnnl_memory_desc_t known = layout(k, a, is_result, tags[i]);
        if (dnnl_memory_desc_equal(&known, blocked)) return blocks[i];
    }
    return 0;
}

static conversion make_conversion(const vd_direct *k, array a, int is_result, int add, dnnl_memory_desc_t blocked)
{
    enum { FEWEST = 8 }; /* channels from which a transpose is worthwhile */
    static const int args[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
    dnnl_memory_desc_t plain = layout(k, a, is_result, a == W ? dnnl_oihw : dnnl_nchw);
    conversion c = {.bytes = dnnl_memory_desc_get_size(&blocked), .block = block_of(k, a, is_result, &blocked)};
    c.images = (int)blocked.dims[0];
    c.channels = (int)blocked.dims[1];
    c.pixels = (int)(blocked.dims[2] * blocked.dims[3]);
    if (!add && dnnl_memory_desc_equal(&plain, &blocked)) return c;
    const dnnl_memory_desc_t layouts[] = {is_result ? blocked : plain, is_result ? plain : blocked};
    dnnl_primitive_desc_t pd = vd_onednn_describe_reorder(layouts, layouts + 1, add);
    c.by = c.block >= FEWEST && !is_named(pd, "jit:blk") ? TRANSPOSE : REORDER;
    if (c.by == REORDER) c.call = vd_onednn_make_call(pd, 2, args, layouts);
    else dnnl_primitive_desc_destroy(pd);
    return c;
}

/* a block with fewer channels is filled up with zeros */
static void transpose_to_blocked(const conversion *c, vd_type type, const void *plain, void *blocked)
{
    size_t bytes = vd_type_size(type), block = bytes * c->block * c->pixels;
    const char *from = plain;
    char *to = blocked;
    for (int b = 0; b < c->images; ++b)
        for (int first = 0; first < c->channels; first += c->block, to += block) {
            int rows = c->channels - first < c->block ? c->channels - first : c->block;
            if (rows < c->block) memset(to, 0, block);
            vd_transpose_type(type, rows, c->pixels, from, c->pixels, to, c->block);
            from += bytes * rows * c->pixels;
        }
}

static void transpose_from_blocked(const conversion *c, int add, const float *blocked, float *plain)
{
    for (int b = 0; b < c->images; ++b)
        for (int first = 0; first < c->channels; first += c->block, blocked += (size_t)c->block * c->pixels) {
            int columns = c->channels - first < c->block ? c->channels - first : c->block;
            if (add) vd_transpose_add(c->pixels, columns, blocked, c->block, plain, c->pixels);
            else vd_transpose(c->pixels, columns, blocked, c->block, plain, c->pixels);
            plain += (size_t)columns * c->pixels;
        }
}

/* ---- products ---- */

/* null when oneDNN has no implementation */
static dnnl_primitive_desc_t describe(const vd_direct *k)
{
    dnnl_convolution_desc_t op;
    dnnl_status_t status;
    vd_window w = k->shape.window;
    dnnl_dims_t stride = {vd_window_down(w), w.stride}, gap = {w.gap, w.gap}, pad = {w.pad, w.pad};
    dnnl_alg_kind_t by = is_winograd(k->way) ? dnnl_convolution_winograd : dnnl_convolution_direct;
    dnnl_memory_desc_t of[ARRAYS];
    for (int i = 0; i < OPERANDS; ++i) {
        array a = operands[k->pass][i].array;
        of[a] = layout(k, a, i == RESULT, dnnl_format_tag_any);
    }
    if (k->pass == VD_BACKWARD_DATA)
        status =
            dnnl_dilated_convolution_backward_data_desc_init(&op, by, of + X, of + W, of + Y, stride, gap, pad, pad);
    else if (k->pass == VD_BACKWARD_WEIGHTS)
        status = dnnl_dilated_convolution_backward_weights_desc_init(&op, by, of + X, of + W, 0, of + Y, stride, gap,
                                                                     pad, pad);
    else
        status = dnnl_dilated_convolution_forward_desc_init(
            &op, is_inference(k->way) ? dnnl_forward_inference : dnnl_forward_training, by, of + X, of + W, 0, of + Y,
            stride, gap, pad, pad);
    return status == dnnl_success ? vd_onednn_describe(&op, 0, 0) : 0;
}

/* not a reference implementation, which is slower than anything, nor one by columns and gemm, where vd_gemm() is
 * faster. bf16 only where the processor multiplies it */
static int is_direct(dnnl_primitive_desc_t pd, int bf16)
{
    const int isa = dnnl_cpu_isa_avx512_core_bf16;
    if (bf16 && ((int)dnnl_get_effective_cpu_isa() & isa) != isa) return 0;
    return !is_named(pd, "ref") && !is_named(pd, "gemm");
}

static void *make_direct(const int *key)
{
    vd_direct k;
    memcpy(&k, key + 1, sizeof(k));
    int add = k.pass != VD_FORWARD;
    k = asked_of(&k);
    direct *d = calloc(1, sizeof(*d));
    if (!d) vd_no_memory(sizeof(*d));
    d->of = operands[k.pass];
    dnnl_primitive_desc_t pd = describe(&k);
    d->exists = pd && is_direct(pd, k.shape.type == VD_BF16);
    if (!d->exists) {
        if (pd) dnnl_primitive_desc_destroy(pd);
        return d;
    }
    int args[OPERANDS];
    dnnl_memory_desc_t blocked[OPERANDS];
    for (int i = 0; i < OPERANDS; ++i) {
        args[i] = d->of[i].arg;
        blocked[i] = vd_onednn_memory(pd, d->of[i].wants);
        d->conversions[i] = make_conversion(&k, d->of[i].array, i == RESULT, i == RESULT && add, blocked[i]);
    }
    d->call = vd_onednn_make_call(pd, OPERANDS, args, blocked);
    return d;
}

static void release_direct(void *made)
{
    direct *d = made;
    if (d->exists) {
        vd_onednn_release_call(&d->call);
        for (int i = 0; i < OPERANDS; ++i)
            if (d->conversions[i].by == REORDER) vd_onednn_release_call(&d->conversions[i].call);
    }
    free(d);
}

static direct *find(vd_direct k)
{
    int key[VD_ONEDNN_KEY] = {'c'};
    _Static_assert(sizeof(k) <= sizeof(key) - sizeof(*key), "a key has room for the product");
    memcpy(key + 1, &k, sizeof(k));
    return vd_onednn_cached(key, make_direct, release_direct);
}

/* the array in the layout that the convolution wants; for a result, uninitialised memory */
static const void *blocked_of(conversion *c, const operand *of, int is_result, vd_type type, const void *plain)
{
    int is_packed = of->array == W && !is_result;
    if (c->by == SAME_LAYOUT || is_packed) return plain;
    void *blocked = vd_scratch(slots[of->array], c->bytes / sizeof(float) + 1);
    if (is_result) return blocked;
    if (c->by == TRANSPOSE) transpose_to_blocked(c, type, plain, blocked);
    else vd_onednn_run(&c->call, (const void *const[]){plain, blocked});
    return blocked;
}

int vd_direct_has(vd_direct k)
{
    if (vd_kernels_get() == &vd_kernels_c || k.shape.type == VD_FP16 || k.way == VD_BY_COLUMNS ||
        k.way == VD_BY_LINES || k.way == VD_BY_OWN_WINOGRAD)
        return 0;
    if (is_winograd(k.way) && !vd_window_is_plain(k.shape.window)) return 0;
    if (is_inference(k.way) && (k.pass == VD_BACKWARD_WEIGHTS || (is_turned(&k) && !vd_can_be_turned(k.shape))))
        return 0;
    return find(k)->exists;
}

size_t vd_direct_packed_bytes(vd_direct k)
{
    return find(k)->conversions[SECOND].bytes;
}

void vd_direct_pack(vd_direct k, const void *weights, void *packed)
{
    conversion *c = find(k)->conversions + SECOND;
    if (is_turned(&k)) weights = vd_turned_weights(k.shape, weights);
    if (c->by == REORDER) vd_onednn_run(&c->call, (const void *const[]){weights, packed});
    else memcpy(packed, weights, c->bytes);
}

void vd_direct_run(vd_direct k, const void *first, const void *second, float *result)
{
    direct *d = find(k);
    assert(d->exists);
    const void *plain[] = {first, second, result}, *blocked[OPERANDS];
    for (int i = 0; i < OPERANDS; ++i)
        blocked[i] = blocked_of(d->conversions + i, d->of + i, i == RESULT, k.shape.type, plain[i]);
    vd_onednn_run(&d->call, blocked);
    conversion *c = d->conversions + RESULT;
    if (c->by == TRANSPOSE) transpose_from_blocked(c, k.pass == VD_BACKWARD_DATA, blocked[RESULT], result);
    else if (c->by == REORDER) vd_onednn_run(&c->call, (const void *const[]){blocked[RESULT], result});
    if (k.shape.not_negative && k.pass == VD_FORWARD && is_winograd(k.way)) /* differences, so rounded below 0 */
        vd_kernels_get()->leaky((size_t)k.images * k.shape.n * k.shape.window.out_h * k.shape.window.out_w, 0, result);
}
#endif
