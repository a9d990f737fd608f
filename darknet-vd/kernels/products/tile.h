/* The inner loop of every product of our own: rows of x, each times a number of a, summed.
 *
 *     c[i][j] = (add ? c[i][j] : 0) + scale * sum over p < k of a[i a_row + p a_step] x[row(p) + j]
 *
 * i < m, j < n, row(p) = offset ? offset[p] : p ldx. Rows of x may overlap and have any alignment: a convolution's rows
 * are its planes, shifted (lines.h), so that no matrix of columns is ever made; a matrix product's are those of B.
 *
 *   a        any strides: a row of A has a_step 1, its transpose a_row 1. What is read often should be packed
 *   x        read at row(p) .. row(p) + n - 1 and nowhere else
 *   c        [m][ldc], of which n numbers a row are written and nothing else
 *   k        0 gives scale * 0
 *
 * The order of the sums depends on k alone, never on m, n or the place in a register: the same numbers give the same
 * bits wherever the work is cut. */
#ifndef VD_KERNELS_PRODUCTS_TILE_H
#define VD_KERNELS_PRODUCTS_TILE_H

#include <stdint.h>

typedef struct {
    int m, n, k;
    const void *a; /* float, or fp16 */
    long a_row, a_step;
    const void *x;     /* of the same type */
    const int *offset; /* [k] or null */
    long ldx;
    float *c;
    long ldc;
    int add;
    float scale;
    int twice; /* a half tile's a has every number twice, in the halves of a uint32_t: no call has to make it so. Then
                  a_row is 1 */
} vd_tile;

/* in plain C: the specification */
void vd_tile_c(vd_tile t);      /* a and x are float */
void vd_tile_half_c(vd_tile t); /* a and x are fp16, in uint16_t; sums in float */

#endif
