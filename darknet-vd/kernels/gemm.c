#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"

#include <string.h>

/* element (row, column) of a factor, given the strides of both */
static float float_at(const void *x, long at)
{
    return ((const float *)x)[at];
}

static float bf16_at(const void *x, long at)
{
    union {
        uint32_t i;
        float f;
    } bits = {.i = (uint32_t)((const uint16_t *)x)[at] << 16};
    return bits.f;
}

static inline void product(vd_gemm_shape s, float (*at)(const void *x, long at), const void *a, const void *b, float *c)
{
    long a_row = s.transpose_a ? 1 : s.lda, a_column = s.transpose_a ? s.lda : 1;
    for (int i = 0; i < s.m; ++i) {
        float *row = c + (long)i * s.ldc;
        if (!s.add) memset(row, 0, s.n * sizeof(float));
        if (s.transpose_b) {
            for (int j = 0; j < s.n; ++j) {
                float sum = 0;
                for (int p = 0; p < s.k; ++p) sum += at(a, i * a_row + p * a_column) * at(b, (long)j * s.ldb + p);
                row[j] += sum;
            }
        } else {
            for (int p = 0; p < s.k; ++p) {
                float x = at(a, i * a_row + p * a_column);
                for (int j = 0; j < s.n; ++j) row[j] += x * at(b, (long)p * s.ldb + j);
            }
        }
    }
}

void vd_gemm_c(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    product(s, float_at, a, b, c);
}

void vd_gemm_bf16_c(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float *c)
{
    product(s, bf16_at, a, b, c);
}

#ifdef VD_ONEDNN
#include "kernels/onednn.h"

void vd_gemm(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    if (vd_kernels_get() == &vd_kernels_c) vd_gemm_c(s, a, b, c);
    else vd_onednn_gemm(s, VD_FLOAT, a, b, c);
}

void vd_gemm_bf16(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float *c)
{
    if (vd_kernels_get() == &vd_kernels_c) vd_gemm_bf16_c(s, a, b, c);
    else vd_onednn_gemm(s, VD_BF16, a, b, c);
}

int vd_gemm_is_fast(void)
{
    return 1;
}
#else
void vd_gemm(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    vd_gemm_c(s, a, b, c);
}

void vd_gemm_bf16(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float *c)
{
    vd_gemm_bf16_c(s, a, b, c);
}

int vd_gemm_is_fast(void)
{
    return 0;
}
#endif

typedef struct {
    vd_gemm_shape s;
    const float *a, *b;
    float *c;
} job;

enum { PIECE = 64, SMALL = 1 << 15 };

static int length(int n, int i)
{
    return n - i * PIECE < PIECE ? n - i * PIECE : PIECE;
}

static void multiply_rows(int i, void *context)
{
    const job *j = context;
    vd_gemm_shape s = j->s;
    size_t first = (size_t)i * PIECE;
    s.m = length(j->s.m, i);
    vd_gemm(s, j->a + first * (s.transpose_a ? 1 : s.lda), j->b, j->c + first * s.ldc);
}

static void multiply_columns(int i, void *context)
{
    const job *j = context;
    vd_gemm_shape s = j->s;
    size_t first = (size_t)i * PIECE;
    s.n = length(j->s.n, i);
    vd_gemm(s, j->a, j->b + first * (s.transpose_b ? s.ldb : 1), j->c + first);
}

void vd_gemm_threaded(vd_gemm_shape s, const float *a, const float *b, float *c)
{
    job j = {s, a, b, c};
    if ((double)s.m * s.n * s.k <= SMALL) vd_gemm(s, a, b, c); /* sooner done than shared */
    else if (s.m > s.n) vd_parallel_for((s.m + PIECE - 1) / PIECE, multiply_rows, &j);
    else vd_parallel_for((s.n + PIECE - 1) / PIECE, multiply_columns, &j);
}
