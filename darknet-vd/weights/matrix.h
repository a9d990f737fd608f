/* Arrays of a packed file of version 1, coded bit by bit; like vd_code_bit(), each function writes or reads. The
 * program only reads them, its tests write them. Version 2, weights/array.h, has the tree and the count from here.
 *
 * What is coded, with new models for each array. A "bit" is a bit with a model; a "tree of b bits" is 2^b - 1 models in
 * a binary tree, the highest bit first:
 *
 *     number N      the length of N + 1 in bits, less 1: a tree of 5 bits; then the rest of N + 1 from the highest bit
 *                   down. Of these the first is a bit with a model for each length, the second a bit with a model for
 *                   each length and first bit, the others are raw
 *     float32       sign: a bit;  exponent: a tree of 8 bits;  mantissa: 23 raw bits
 *     float16       sign: a bit;  exponent: a tree of 5 bits;  mantissa: 10 raw bits
 *     steps         sign: a bit;  magnitude less 1: a number
 *
 *     dense[n]      for each value a bit: 0 for +0, 1 for any other value, which follows as a float32
 *
 *     sparse[rows][columns]
 *                   the number of values that are not 0: 32 raw bits
 *                   for each row a bit, 1 when it has such values; then the same for each column. R rows and C columns
 *                   have them
 *                   format int8 only: for each of the R rows the number of its step, a tree of 8 bits
 *                   the values, row by row in the matrix [R][C] of these rows and columns: the number of zeros before
 *                   it, as a number; then the value as a float32, a float16 or steps */
#ifndef VD_WEIGHTS_MATRIX_H
#define VD_WEIGHTS_MATRIX_H

#include "weights/coder.h"
#include "weights/rounding.h"

/* a number of b bits, the highest first, each with the model of its node
 *
 *   m   [2^b] models; m[0] is not used */
uint32_t vd_code_tree(vd_coder *c, vd_bit_model *m, int bits, uint32_t value);

/* all values of w [n] */
void vd_code_dense(vd_coder *c, size_t n, float *w);

/* the values of w that are not 0
 *
 *   format   VD_PACK_FP32, _FP16 or _INT8; for writing, w is rounded to it
 *   steps    [rows] with VD_PACK_INT8, otherwise unused
 *   w        [rows][columns]; for reading, all 0 before
 *
 * rows * columns must be less than 2^31. Returns 1, or 0 when this function cannot have written the bits read. */
int vd_code_sparse(vd_coder *c, vd_pack_format format, int rows, int columns, uint8_t *steps, float *w);

/* how many values are not 0; denormal numbers count */
size_t vd_count_nonzero(size_t n, const float *w);

#endif
