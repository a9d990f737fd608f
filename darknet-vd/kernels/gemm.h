#ifndef VD_GEMM_H
#define VD_GEMM_H

/* C = A B + beta C on row-major float matrices, in the calling thread
 *
 *   transpose_a, transpose_b   read A [k][m] and B [n][k] instead of A [m][k] and B [k][n]
 *   m, n, k                    C is [m][n]
 *   lda, ldb, ldc              distance between rows, in floats
 *   beta                       0 or 1; with 0 what C held is not read
 *
 * oneDNN's sgemm where the build has it, unless the plain C kernels were asked for; else vd_gemm_c. */
void vd_gemm(int transpose_a, int transpose_b, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
             float beta, float *c, int ldc);

/* the specification in plain C */
void vd_gemm_c(int transpose_a, int transpose_b, int m, int n, int k, const float *a, int lda, const float *b, int ldb,
               float beta, float *c, int ldc);

/* 1 when vd_gemm() is a library's, 0 when it is vd_gemm_c() */
int vd_gemm_is_fast(void);

#endif
