#include "gemm.h"
#include "kernels.h"

#include <string.h>

void vd_gemm_c(int transpose_a, int transpose_b, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
               float beta, float *c, int ldc)
{
    for (int i = 0; i < m; ++i) {
        float *row = c + (long)i * ldc;
        if (beta == 0) memset(row, 0, n * sizeof(float));
        if (transpose_b) {
            for (int j = 0; j < n; ++j) {
                const float *column = b + (long)j * ldb;
                float sum = 0;
                for (int p = 0; p < k; ++p)
                    sum += (transpose_a ? a[(long)p * lda + i] : a[(long)i * lda + p]) * column[p];
                row[j] += sum;
            }
        } else {
            for (int p = 0; p < k; ++p) {
                float x = transpose_a ? a[(long)p * lda + i] : a[(long)i * lda + p];
                const float *line = b + (long)p * ldb;
                for (int j = 0; j < n; ++j) row[j] += x * line[j];
            }
        }
    }
}

#ifdef VD_ONEDNN
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

void vd_gemm(int transpose_a, int transpose_b, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
             float beta, float *c, int ldc)
{
    if (vd_kernels_get() == &vd_kernels_c) {
        vd_gemm_c(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    int threads = omp_get_max_threads();      /* the program's own setting, put back below */
    if (threads != 1) omp_set_num_threads(1); /* the callers share the work among their own threads, see parallel.h */
    dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
    if (threads != 1) omp_set_num_threads(threads);
}

int vd_gemm_is_fast(void)
{
    return 1;
}
#else
void vd_gemm(int transpose_a, int transpose_b, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
             float beta, float *c, int ldc)
{
    vd_gemm_c(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
}

int vd_gemm_is_fast(void)
{
    return 0;
}
#endif
