/* Arrays of a packed file of version 2; like vd_code_bit(), each function writes or reads.
 *
 * A "mixed bit" is one of weights/mixing.h; numbers behind its contexts are the weights they start with. Models, kinds
 * and contexts start anew with each array.
 *
 *     value      not 0. Its sign: a mixed bit, 1 for minus, one context (98304). Then either a float of m bits: its
 *                exponent, a tree of 8 bits (weights/matrix.h); the highest m bits of its mantissa, raw; or an
 *                integer times a step: its magnitude
 *     magnitude  mixed bits "more than 1", "more than 2" .. "more than 12", up to the first 0: 12 kinds, two contexts
 *                each (16384, 32768). After twelve ones the magnitude less 13, as a number
 *     number n   L = bits of n + 1, less 1: L ones and a zero, with a model for each place, no zero after 21 ones.
 *                Then the L lower bits of n + 1, raw
 *
 *     rows       a mixed bit for each, 1: alive; its context (65536) is the bit before, 1 at first
 *     vector     of integers first 1 raw bit, 1: ascending. For each living row a mixed bit without contexts, 1: not
 *                0, and the value. Where ascending, so the first alone; the others have their rise plus 1 as a
 *                magnitude, of kinds and models of their own. These values have no contexts
 *     weights    for each channel a mixed bit, 1: used; its context (65536) is the channel's source: not known, dead,
 *                alive. For each living row, each used channel and each place of its map a mixed bit, 1: not 0, with
 *                the contexts row (32768, new with each row), column (32768), channel (16384), place in the map
 *                (16384), the four neighbours to the left, above, above left, above right that are not 0 (32768), and
 *                the source with the length of its number of weights (16384); after a 1 the value. Contexts of its
 *                sign: the signs to the left and above. Contexts of its magnitude, for each of the 12 kinds: the row,
 *                new with each; the larger magnitude to the left and above, of 0, 1, 2, more (floats: 0, 1) */
#ifndef VD_WEIGHTS_ARRAY_H
#define VD_WEIGHTS_ARRAY_H

#include "weights/mixing.h"
#include "weights/rounding.h"

/* how the values of an array are written */
typedef struct {
    int mantissa; /* bits of a float's mantissa, 0 .. 23, or VD_INTEGERS */
    uint8_t step; /* of integers: a value is one times vd_pack_step(step) */
} vd_form;

enum { VD_INTEGERS = 24, VD_EXACT = 23, VD_HALF = 10 };

/* the largest integer: times a step it is exact in a float */
enum { VD_MOST_INTEGER = (1 << 20) - 1 };

/* a row's weights as channels of maps: the taps of a convolution, the pixels that a connected layer reads */
typedef struct {
    int rows, channels, height, width;
} vd_row_shape;

/* what is known of a channel before it is read: its source, the row of the layer before that makes it */
enum { VD_SOURCE_UNKNOWN, VD_SOURCE_DEAD, VD_SOURCE_ALIVE /* + length of its number of weights in bits */ };
enum { VD_SOURCES = VD_SOURCE_ALIVE + 33 };

/* which of n rows are alive: have a value that is not 0. For reading, alive [n] is written */
void vd_code_alive(vd_coder *c, const vd_mixing *mixing, int n, uint8_t *alive);

/* one value for each living row
 *
 *   x   [n]  for reading, all 0 before
 *
 * Returns 1, or 0 when this function cannot have written the bits read, or where a value to be written is too large for
 * the form. */
int vd_code_vector(vd_coder *c, const vd_mixing *mixing, vd_form form, int n, const uint8_t *alive, float *x);

/* the weights of the living rows
 *
 *   source   [channels]
 *   w        [rows][channels][height][width]; for reading, all 0 before
 *
 * Returns as vd_code_vector(). */
int vd_code_weights(vd_coder *c, const vd_mixing *mixing, vd_form form, vd_row_shape s, const uint8_t *alive,
                    const uint8_t *source, float *w);

#endif
