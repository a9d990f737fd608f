/* What a packed format can hold: any float, a half float, or an integer number of steps. A layer has one step, in
 * version 1 of the file each row one of its own. The integers are chosen in weights/grid.h. */
#ifndef VD_WEIGHTS_ROUNDING_H
#define VD_WEIGHTS_ROUNDING_H

#include <stddef.h>
#include <stdint.h>

/* these values are written to .vdw files */
typedef enum { VD_PACK_DENSE = 0, VD_PACK_FP32 = 1, VD_PACK_FP16 = 2, VD_PACK_INT8 = 3 } vd_pack_format;

enum { VD_PACK_MOST_STEPS = 127 }; /* int8 of version 1: a weight is -127 .. 127 steps */

/* step number k = (4 + k mod 4)/4 * 2^(k div 4 - 48): four per octave, from 2^-48 to 57344. A step times an integer of
 * up to 20 bits is exact in a float. */
float vd_pack_step(uint8_t k);

/* the largest weight that is packed in a format; of integers, 127 of the largest step, though a file may hold more */
float vd_pack_largest(vd_pack_format format);

/* round n numbers to the nearest half, ties to even; none is larger than vd_pack_largest(VD_PACK_FP16) */
void vd_round_to_halves(size_t n, float *w);

#endif
