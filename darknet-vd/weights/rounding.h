/* What a packed weight may be: any float, a half float, or a whole number of steps, the step its row's own. */
#ifndef VD_PACK_ROUNDING_H
#define VD_PACK_ROUNDING_H

#include <stddef.h>
#include <stdint.h>

/* the values are those of the file */
typedef enum { VD_PACK_DENSE = 0, VD_PACK_FP32 = 1, VD_PACK_FP16 = 2, VD_PACK_INT8 = 3 } vd_pack_format;

/* IEEE 754 binary32 to binary16 and back, as bits (so that nothing is flushed to zero); to nearest, ties to even */
uint16_t vd_half_of_float(uint32_t bits);
uint32_t vd_float_of_half(uint16_t half);

enum { VD_PACK_MOST_STEPS = 127 }; /* in int8, on both sides of 0 */

/* step number k, (4 + k mod 4)/4 2^(k div 4 - 48): four an octave, from 2^-48 to 57344. A step times -127 .. 127 is
 * a float without rounding. */
float vd_pack_step(uint8_t k);

/* the largest weight a format can hold */
float vd_pack_largest(vd_pack_format format);

/* round weights in place to what the format can hold; a weight may become 0
 *
 *   w            [rows][columns]   pruned weights are 0; none is larger than vd_pack_largest()
 *   log_sigma2   [rows][columns]   of the posterior; read with VD_PACK_INT8 only
 *   steps        [rows]            numbers of the rows' steps, written with VD_PACK_INT8 only
 *
 * A row's step is half its weights' posterior standard deviation: the largest step with
 *
 *     (2 step)^2 <= 1 / mean over the row's weights of 1/sigma^2      and never so small that a weight takes over 127
 *
 * Rounding then costs the variational bound step^2/12 / (2 sigma^2), about 1/100 nat a weight, where the posterior says
 * that the data does not tell such weights apart. */
void vd_pack_round(vd_pack_format format, int rows, int columns, const float *log_sigma2, float *w, uint8_t *steps);

#endif
