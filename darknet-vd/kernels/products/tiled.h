/* Matrix products on the tile (tile.h), in cache blocks, in the calling thread. The order of sums depends on the shape
 * alone. type: of A and B, VD_FLOAT or VD_FP16; the table of kernels must have the tile for it. */
#ifndef VD_KERNELS_PRODUCTS_TILED_H
#define VD_KERNELS_PRODUCTS_TILED_H

#include "kernels/products/blocks.h"
#include "kernels/products/gemm.h"
#include "kernels/type.h"

/* C = scale A B, or C += scale A B */
void vd_tiled_gemm(vd_gemm_shape s, vd_type type, const void *a, const void *b, float scale, float *c);

/* The same in two steps, for an A that several products share: each block of its rows (blocks.h) is packed by itself.
 * All of them together are [m][k] floats, whatever the type.
 *
 *   pack      a is the block's own first row (with transpose_a column): a_row, a_step as in tile.h
 *   packed    the whole of A
 *   scales    [blocks] one factor for each block's rows of C, or null */
void vd_tiled_pack(vd_type type, int m, int k, int block, const void *a, int lda, int transpose_a, float *packed);
void vd_tiled_multiply(vd_gemm_shape s, vd_type type, const float *packed, const float *scales, const void *b,
                       float scale, float *c);

#endif
