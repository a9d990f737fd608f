/* Rounds weights to what a packed format can hold: any float, a half float, or an integer number of steps, where each
 * row has a step of its own. */
#ifndef VD_WEIGHTS_ROUNDING_H
#define VD_WEIGHTS_ROUNDING_H

#include <stddef.h>
#include <stdint.h>

/* these values are written to .vdw files */
typedef enum { VD_PACK_DENSE = 0, VD_PACK_FP32 = 1, VD_PACK_FP16 = 2, VD_PACK_INT8 = 3 } vd_pack_format;

/* IEEE 754 binary32 to binary16 and back; rounded to nearest, ties to even. As bits, so that denormal numbers are not
 * flushed to zero */
uint16_t vd_half_of_float(uint32_t bits);
uint32_t vd_float_of_half(uint16_t half);

enum { VD_PACK_MOST_STEPS = 127 }; /* in int8: a weight is -127 .. 127 steps */

/* step number k = (4 + k mod 4)/4 * 2^(k div 4 - 48): four per octave, from 2^-48 to 57344. A step times -127 .. 127 is
 * exact in a float. */
float vd_pack_step(uint8_t k);

/* the largest weight a format can hold */
float vd_pack_largest(vd_pack_format format);

/* round weights in place to what the format can hold; a weight may become 0
 *
 *   w            [rows][columns]   pruned weights are 0; none is larger than vd_pack_largest()
 *   log_sigma2   [rows][columns]   of the posterior; read with VD_PACK_INT8 only
 *   steps        [rows]            number of each row's step, written with VD_PACK_INT8 only
 *
 * A row's step is half the posterior standard deviation of its weights: the largest step with
 *
 *     (2 step)^2 <= 1 / mean over the row's weights of 1/sigma^2
 *
 * or the smallest larger one with which no weight takes more than 127 steps. Rounding then costs the variational bound
 * step^2/12 / (2 sigma^2), about 1/100 nat per weight: by the posterior, the data do not distinguish such weights. */
void vd_pack_round(vd_pack_format format, int rows, int columns, const float *log_sigma2, float *w, uint8_t *steps);

#endif
