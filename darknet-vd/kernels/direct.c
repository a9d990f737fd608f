#include "direct.h"
#include "kernels.h"
#include "scratch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#ifdef VD_ONEDNN
#include "onednn.h"

/* the three arrays of a convolution; a pass makes one of the other two */
typedef enum { X, W, Y, ARRAYS } array;

enum { FIRST, SECOND, RESULT, OPERANDS };
typedef struct {
    array array;
    int arg;            /* DNNL_ARG_ */
    dnnl_query_t wants; /* asks for its layout */
} operand;

static const operand operands[][OPERANDS] = {
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

typedef struct {
    vd_convolution_shape shape;
    int pass, images;
} direct_key;

/* an operand's way between the plain layout and the blocked one */
typedef struct {
    int needed; /* 0: they are the same */
    vd_onednn_call call;
    size_t bytes; /* in the blocked layout */
} reorder;

typedef struct {
    int exists; /* 0: the rest is not there */
    vd_onednn_call call;
    reorder reorders[OPERANDS];
} direct;

static void dimensions(const direct_key *k, array a, dnnl_dims_t size)
{
    vd_window w = k->shape.window;
    const dnnl_dim_t sizes[ARRAYS][4] = {[X] = {k->images, w.c, w.h, w.w},
                                         [W] = {k->shape.n, w.c, w.size, w.size},
                                         [Y] = {k->images, k->shape.n, w.out_h, w.out_w}};
    memcpy(size, sizes[a], sizeof(sizes[a]));
}

static dnnl_memory_desc_t layout(const direct_key *k, array a, int is_result, dnnl_format_tag_t format)
{
    dnnl_memory_desc_t made;
    dnnl_dims_t size;
    dimensions(k, a, size);
    vd_onednn_check(
        dnnl_memory_desc_init_by_tag(&made, 4, size, k->shape.bf16 && !is_result ? dnnl_bf16 : dnnl_f32, format),
        "layout");
    return made;
}

/* null when oneDNN has none */
static dnnl_primitive_desc_t describe(const direct_key *k)
{
    dnnl_convolution_desc_t op;
    dnnl_status_t status;
    int pass = k->pass;
    vd_window w = k->shape.window;
    dnnl_dims_t stride = {w.stride, w.stride}, pad = {w.pad, w.pad};
    dnnl_memory_desc_t of[ARRAYS];
    for (int i = 0; i < OPERANDS; ++i)
        of[operands[pass][i].array] = layout(k, operands[pass][i].array, i == RESULT, dnnl_format_tag_any);
    if (pass == VD_FORWARD)
        status =
            dnnl_convolution_forward_desc_init(&op, getenv("PROP") ? dnnl_forward_training : dnnl_forward_inference,
                                               dnnl_convolution_direct, of + X, of + W, 0, of + Y, stride, pad, pad);
    else if (pass == VD_BACKWARD_DATA)
        status = dnnl_convolution_backward_data_desc_init(&op, dnnl_convolution_direct, of + X, of + W, of + Y, stride,
                                                          pad, pad);
    else
        status = dnnl_convolution_backward_weights_desc_init(&op, dnnl_convolution_direct, of + X, of + W, 0, of + Y,
                                                             stride, pad, pad);
    return status == dnnl_success ? vd_onednn_describe(&op, 0, 0) : 0;
}

/* Not the reference ones, which are slower than anything, nor those that make columns and multiply: vd_gemm() does too,
 * and faster. bf16 only where the processor multiplies it */
static int is_direct(dnnl_primitive_desc_t pd, int bf16)
{
    const char *name = "";
    if (bf16 && (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) != dnnl_cpu_isa_avx512_core_bf16)
        return 0;
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    return strncmp(name, "ref", 3) && strncmp(name, "gemm", 4);
}

static reorder make_reorder(dnnl_memory_desc_t plain, dnnl_memory_desc_t blocked, int is_result, int add)
{
    static const int args[] = {DNNL_ARG_FROM, DNNL_ARG_TO};
    reorder r = {.bytes = dnnl_memory_desc_get_size(&blocked)};
    r.needed = add || !dnnl_memory_desc_equal(&plain, &blocked);
    if (!r.needed) return r;
    const dnnl_memory_desc_t layouts[] = {is_result ? blocked : plain, is_result ? plain : blocked};
    r.call = vd_onednn_make_call(vd_onednn_describe_reorder(layouts, layouts + 1, add), 2, args, layouts);
    return r;
}

static void *make_direct(const int *key)
{
    direct_key k;
    memcpy(&k, key + 1, sizeof(k));
    const operand *of = operands[k.pass];
    direct *d = calloc(1, sizeof(*d));
    if (!d) vd_onednn_check(dnnl_out_of_memory, "convolution");
    dnnl_primitive_desc_t pd = describe(&k);
    d->exists = pd && is_direct(pd, k.shape.bf16);
    if (!d->exists) {
        if (pd) dnnl_primitive_desc_destroy(pd);
        return d;
    }
    int args[OPERANDS];
    dnnl_memory_desc_t blocked[OPERANDS];
    for (int i = 0; i < OPERANDS; ++i) {
        dnnl_format_tag_t tag = of[i].array == W ? dnnl_oihw : dnnl_nchw;
        args[i] = of[i].arg;
        blocked[i] = vd_onednn_memory(pd, of[i].wants);
        d->reorders[i] = make_reorder(layout(&k, of[i].array, i == RESULT, tag), blocked[i], i == RESULT,
                                      i == RESULT && k.pass != VD_FORWARD);
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
            if (d->reorders[i].needed) vd_onednn_release_call(&d->reorders[i].call);
    }
    free(d);
}

static direct *find(vd_convolution_shape s, vd_pass pass, int images)
{
    int key[VD_ONEDNN_KEY] = {'c'};
    direct_key k = {s, pass, images};
    memcpy(key + 1, &k, sizeof(k));
    return vd_onednn_cached(key, make_direct, release_direct);
}

/* weights are packed already */
static void run(vd_convolution_shape s, vd_pass pass, int images, const void *first, const void *second, float *result)
{
    direct *d = find(s, pass, images);
    assert(d->exists);
    const void *plain[] = {first, second, result}, *blocked[OPERANDS];
    for (int i = 0; i < OPERANDS; ++i) {
        array a = operands[pass][i].array;
        reorder *r = d->reorders + i;
        int packed = a == W && i != RESULT;
        blocked[i] = r->needed && !packed ? vd_scratch(slots[a], r->bytes / sizeof(float) + 1) : plain[i];
        if (blocked[i] != plain[i] && i != RESULT) vd_onednn_run(&r->call, (const void *const[]){plain[i], blocked[i]});
    }
    vd_onednn_run(&d->call, blocked);
    if (blocked[RESULT] != result)
        vd_onednn_run(&d->reorders[RESULT].call, (const void *const[]){blocked[RESULT], result});
}

int vd_direct_has(vd_convolution_shape s, vd_pass pass, int images)
{
    return vd_kernels_get() != &vd_kernels_c && find(s, pass, images)->exists;
}

size_t vd_direct_packed_bytes(vd_convolution_shape s, vd_pass pass, int images)
{
    return find(s, pass, images)->reorders[SECOND].bytes;
}

void vd_direct_pack(vd_convolution_shape s, vd_pass pass, int images, const void *weights, void *packed)
{
    reorder *r = find(s, pass, images)->reorders + SECOND;
    if (r->needed) vd_onednn_run(&r->call, (const void *const[]){weights, packed});
    else memcpy(packed, weights, r->bytes);
}

void vd_direct_forward(vd_convolution_shape s, int images, const void *x, const void *packed, float *y)
{
    run(s, VD_FORWARD, images, x, packed, y);
}

void vd_direct_backward_data(vd_convolution_shape s, int images, const void *dy, const void *packed, float *dx)
{
    run(s, VD_BACKWARD_DATA, images, dy, packed, dx);
}

void vd_direct_backward_weights(vd_convolution_shape s, int images, const void *x, const void *dy, float *dw)
{
    run(s, VD_BACKWARD_WEIGHTS, images, x, dy, dw);
}
#else
int vd_direct_has(vd_convolution_shape s, vd_pass pass, int images)
{
    (void)s, (void)pass, (void)images;
    return 0;
}

/* vd_direct_has() told the caller not to */
size_t vd_direct_packed_bytes(vd_convolution_shape s, vd_pass pass, int images)
{
    (void)s, (void)pass, (void)images;
    abort();
}

void vd_direct_pack(vd_convolution_shape s, vd_pass pass, int images, const void *weights, void *packed)
{
    (void)s, (void)pass, (void)images, (void)weights, (void)packed;
    abort();
}

void vd_direct_forward(vd_convolution_shape s, int images, const void *x, const void *packed, float *y)
{
    (void)s, (void)images, (void)x, (void)packed, (void)y;
    abort();
}

void vd_direct_backward_data(vd_convolution_shape s, int images, const void *dy, const void *packed, float *dx)
{
    (void)s, (void)images, (void)dy, (void)packed, (void)dx;
    abort();
}

void vd_direct_backward_weights(vd_convolution_shape s, int images, const void *x, const void *dy, float *dw)
{
    (void)s, (void)images, (void)x, (void)dy, (void)dw;
    abort();
}
#endif
