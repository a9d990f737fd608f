/* Arrays of weights as bits of a coder; like vd_code_bit(), each function writes or reads.
 *
 * What is coded, with fresh models each time; "bit" is a bit with a model, "tree of b bits" 2^b - 1 models in a binary
 * tree, the highest bit first:
 *
 *     number N      length of N + 1 in bits, less 1: a tree of 5 bits; then the rest of N + 1 from the highest bit
 * down: two bits with models of their own for each length (and, the second, for each first), the others raw float32
 * sign: bit; exponent: tree of 8 bits; mantissa: 23 raw bits float16       sign: bit; exponent: tree of 5 bits;
 * mantissa: 10 raw bits steps         sign: bit; magnitude less 1: number
 *
 *     dense[n]      a bit for each value: 0 for +0, 1 for another, which follows as a float32
 *
 *     sparse[rows][columns]
 *                   number of values that are not 0: 32 raw bits
 *                   a bit for each row, 1 when it has such values, then likewise for each column; R and C are so many
 *                   steps: for each such row the number of its step, a tree of 8 bits
 *                   the values in [R][C], row by row: how many zeros lie before it, a number; then the value itself
 *                   as a float32, float16 or steps */
#ifndef VD_PACK_MATRIX_H
#define VD_PACK_MATRIX_H

#include "weights/coder.h"
#include "weights/rounding.h"

void vd_code_dense(vd_coder *c, size_t n, float *w);

/* the values of w that are not 0
 *
 *   format   VD_PACK_FP32, _FP16 or _INT8; what w holds is what vd_pack_round() has made
 *   steps    [rows], VD_PACK_INT8 only
 *   w        [rows][columns]; when reading it is all 0 before
 *
 * rows * columns < 2^31. Returns 1, and 0 when what is read cannot have been written. */
int vd_code_sparse(vd_coder *c, vd_pack_format format, int rows, int columns, uint8_t *steps, float *w);

/* how many values are not 0, denormal ones counted */
size_t vd_count_nonzero(size_t n, const float *w);

#endif
