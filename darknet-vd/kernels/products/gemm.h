/* Matrix products: by oneDNN, by the tile (tiled.h) or in plain C. */
#ifndef VD_KERNELS_PRODUCTS_GEMM_H
#define VD_KERNELS_PRODUCTS_GEMM_H

#include <stdint.h>

/* C = A B, or C += A B, on row-major matrices
 *
 *   m, n, k                    C is [m][n], A [m][k], B [k][n]
 *   lda, ldb, ldc              distance between rows, in elements
 *   transpose_a, transpose_b   A is stored as [k][m], B as [n][k]
 *   add                        C += ; otherwise C is overwritten and not read */
typedef struct {
    int m, n, k;
    int lda, ldb, ldc;
    int transpose_a, transpose_b;
    int add;
} vd_gemm_shape;

/* in the calling thread: by oneDNN on x86, by vd_tiled_gemm() elsewhere and in a build without it, by vd_gemm_c() when
 * DARKNET_KERNELS=c is set. The same shape gives the same bits in every thread. Ends the program when there is no
 * memory */
void vd_gemm(vd_gemm_shape s, const float *a, const float *b, float *c);

/* the same with bf16 factors, products summed in float; fast only where vd_kernels.bf16 is 1 */
void vd_gemm_bf16(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float *c);

/* the same with fp16 factors, C = scale A B or C += scale A B: sums of at most 100 products are in fp16, those in
 * float. Fast only where vd_kernels.fp16 is 1 */
void vd_gemm_half(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float scale, float *c);

/* vd_gemm() on all threads. The work is cut by the shape alone: the same bits for any number of threads */
void vd_gemm_threaded(vd_gemm_shape s, const float *a, const float *b, float *c);

/* the specifications in plain C */
void vd_gemm_c(vd_gemm_shape s, const float *a, const float *b, float *c);
void vd_gemm_bf16_c(vd_gemm_shape s, const uint16_t *a, const uint16_t *b, float *c);

/* 1 when the build has oneDNN, which vd_gemm_bf16() needs to be fast */
int vd_gemm_is_fast(void);

/* 1 when vd_gemm() is by the tile: then what several products share can be packed once (tiled.h) */
int vd_gemm_is_tiled(void);

#endif
