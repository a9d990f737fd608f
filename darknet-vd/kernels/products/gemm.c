#include "kernels/products/gemm.h"
#include "kernels/products/tiled.h"
#include "kernels/kernels.h"
#include "kernels/number_at.h"
#include "kernels/scratch.h"
#include "base/parallel.h"
#ifdef VD_ONEDNN
#include "kernels/products/onednn.h"
#endif

#include <stdlib.h>
#include <string.h>

static inline void product(vd_gemm_shape s, float (*at)(const void *x, long at), const void *a, const void *b,
                           float scale, float *c)
{
    long a_row = s.transpose_a ? 1 : s.lda, a_column = s.transpose_a ? s.lda : 1;
    for (int i = 0; i < s.m; ++i) {
        float *row = c + (long)i * s.ldc;
        if (!s.add) memset(row, 0, s.n * sizeof(float));
        if (s.transpose_b) {
            for (int j = 0; j < s.n; ++j) {
                float sum = 0;
                for (int p = 0; p < s.k; ++p) sum += at(a, i * a_row + p * a_column) * at(b, (long)j * s.ldb + p);
                row[j] += scale * sum;
            }
        } else {
            for (int p = 0; p < s.k; ++p) {
                float x = scale * at(a, i * a_row + p * a_column);
                for (int j = 0; j < s.n; ++j) row[j] += x * at(b, (long)p * s.ldb + j);
            }
        }
    }
}

void vd_gemm_c(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    product(s, vd_float_at, a, b, 1, c);
}

void vd_gemm_bf16_c(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float *c)
{
    product(s, vd_bf16_at, a, b, 1, c);
}

static void half_c(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float scale, float *c)
{
    product(s, vd_fp16_at, a, b, scale, c);
}

void vd_gemm_half(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float scale, float *c)
{
    const vd_kernels *k = vd_kernels_get();
    if (k == &vd_kernels_c || !k->tile_half) half_c(s, a, b, scale, c);
    else vd_tiled_gemm(s, VD_FP16, a, b, scale, c);
}

#ifdef VD_ONEDNN
enum { HAS_ONEDNN = 1 };

/* 'T' and 'N' as in BLAS, row-major */
static void sgemm(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    int threads = vd_onednn_one_thread();
    dnnl_status_t status = dnnl_sgemm(s.transpose_a ? 'T' : 'N', s.transpose_b ? 'T' : 'N', s.m, s.n, s.k, 1, a, s.lda,
                                      b, s.ldb, (float)s.add, c, s.ldc);
    vd_onednn_threads_again(threads);
    vd_onednn_check(status, "sgemm");
}

typedef struct {
    enum { MATMUL, SGEMM, PLAIN_C } by;
    vd_onednn_call call; /* MATMUL's */
} onednn_product;

typedef struct {
    vd_gemm_shape shape;
    int type;
} product_key;

static dnnl_memory_desc_t matrix(int rows, int columns, int ld, int transposed, dnnl_data_type_t type)
{
    dnnl_memory_desc_t layout;
    dnnl_dims_t size = {rows, columns}, strides = {transposed ? 1 : ld, transposed ? ld : 1};
    vd_onednn_check(dnnl_memory_desc_init_by_strides(&layout, 2, size, type, strides), "matrix");
    return layout;
}

/* oneDNN's blocked matmul ("brg") beats its sgemm by 5 to 70 % where the processor supports it; elsewhere matmul is
 * just sgemm with extra overhead */
static int is_blocked(dnnl_primitive_desc_t pd)
{
    const char *name = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    return !strncmp(name, "brg", 3);
}

static void *make_product(const int *key)
{
    product_key k;
    memcpy(&k, key + 1, sizeof(k));
    vd_gemm_shape s = k.shape;
    dnnl_data_type_t type = vd_onednn_data_type(k.type);
    dnnl_memory_desc_t layouts[] = {matrix(s.m, s.k, s.lda, s.transpose_a, type),
                                    matrix(s.k, s.n, s.ldb, s.transpose_b, type), matrix(s.m, s.n, s.ldc, 0, dnnl_f32)};
    static const int args[] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
    dnnl_matmul_desc_t op;
    onednn_product *p = calloc(1, sizeof(*p));
    if (!p) vd_no_memory(sizeof(*p));
    vd_onednn_check(dnnl_matmul_desc_init(&op, layouts, layouts + 1, 0, layouts + 2), "matmul");
    dnnl_primitive_desc_t pd = vd_onednn_describe(&op, 0, s.add);
    p->by = k.type == VD_FLOAT ? SGEMM : PLAIN_C;
    if (pd && (k.type == VD_BF16 || is_blocked(pd))) p->by = MATMUL;
    if (p->by == MATMUL) p->call = vd_onednn_make_call(pd, 3, args, layouts);
    else if (pd) dnnl_primitive_desc_destroy(pd);
    return p;
}

static void release_product(void *made)
{
    onednn_product *p = made;
    if (p->by == MATMUL) vd_onednn_release_call(&p->call);
    free(p);
}

static void onednn_gemm(vd_gemm_shape s, vd_type type, const void *a, const void *b, float *c)
{
    int key[VD_ONEDNN_KEY] = {'g'};
    product_key k = {s, type};
    _Static_assert(sizeof(k) <= sizeof(key) - sizeof(*key), "a key has room for the product");
    memcpy(key + 1, &k, sizeof(k));
    onednn_product *p = vd_onednn_cached(key, make_product, release_product);
    if (p->by == MATMUL) vd_onednn_run(&p->call, (const void *const[]){a, b, c});
    else if (p->by == SGEMM) sgemm(s, a, b, c);
    else vd_gemm_bf16_c(s, a, b, c);
}

#else
enum { HAS_ONEDNN = 0 };

/* not reached */
static void onednn_gemm(vd_gemm_shape s, vd_type type, const void *a, const void *b, float *c)
{
    (void)s, (void)type, (void)a, (void)b, (void)c;
    abort();
}
#endif

/* oneDNN 2 has code of its own for x86; elsewhere its products are plain loops */
#ifdef __x86_64__
enum { ONEDNN_IS_FAST = HAS_ONEDNN };
#else
enum { ONEDNN_IS_FAST = 0 };
#endif

void vd_gemm(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    if (vd_kernels_get() == &vd_kernels_c) vd_gemm_c(s, a, b, c);
    else if (ONEDNN_IS_FAST) onednn_gemm(s, VD_FLOAT, a, b, c);
    else vd_tiled_gemm(s, VD_FLOAT, a, b, 1, c);
}

void vd_gemm_bf16(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float *c)
{
    if (!HAS_ONEDNN || vd_kernels_get() == &vd_kernels_c) vd_gemm_bf16_c(s, a, b, c);
    else onednn_gemm(s, VD_BF16, a, b, c);
}

int vd_gemm_is_fast(void)
{
    return HAS_ONEDNN;
}

int vd_gemm_is_tiled(void)
{
    return !ONEDNN_IS_FAST && vd_kernels_get() != &vd_kernels_c;
}

typedef struct {
    vd_gemm_shape s;
    const float *a, *b;
    float *c;
} job;

enum {
    PIECE = 64,     /* rows or columns of C */
    SMALL = 1 << 15 /* multiply-adds: sooner done than shared */
};

static void multiply_rows(int i, void *context)
{
    const job *j = context;
    vd_gemm_shape s = j->s;
    size_t first = (size_t)i * PIECE;
    s.m = vd_piece_length(j->s.m, PIECE, i);
    vd_gemm(s, j->a + first * (s.transpose_a ? 1 : s.lda), j->b, j->c + first * s.ldc);
}

static void multiply_columns(int i, void *context)
{
    const job *j = context;
    vd_gemm_shape s = j->s;
    size_t first = (size_t)i * PIECE;
    s.n = vd_piece_length(j->s.n, PIECE, i);
    vd_gemm(s, j->a, j->b + first * (s.transpose_b ? s.ldb : 1), j->c + first);
}

void vd_gemm_threaded(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    job j = {s, a, b, c};
    if ((double)s.m * s.n * s.k <= SMALL) vd_gemm(s, a, b, c);
    else if (s.m > s.n) vd_parallel_for(vd_pieces(s.m, PIECE), multiply_rows, &j);
    else vd_parallel_for(vd_pieces(s.n, PIECE), multiply_columns, &j);
}
