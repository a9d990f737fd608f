/* Arrays of a packed file of version 2; like vd_code_bit(), each function writes or reads. weights/vdw.h says what an
 * array's bits are. */
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
 * Returns 1, or 0 when this function cannot have written the bits read. */
int vd_code_vector(vd_coder *c, const vd_mixing *mixing, vd_form form, int n, const uint8_t *alive, float *x);

/* the weights of the living rows
 *
 *   source   [channels]
 *   w        [rows][channels][height][width]; for reading, all 0 before
 *
 * Returns 1, or 0 when this function cannot have written the bits read. */
int vd_code_weights(vd_coder *c, const vd_mixing *mixing, vd_form form, vd_row_shape s, const uint8_t *alive,
                    const uint8_t *source, float *w);

#endif
