/* Runs a plan, with the very functions that the generated file has (fetch.inc, int8.inc or float.inc, kernels.inc):
 * sums are in the same order, and of int8 all answers the same bits. */
#ifndef VD_EXPORT_C_INTERPRET_H
#define VD_EXPORT_C_INTERPRET_H

#include "export/c/plan.h"

/*   input     [inputs] planar, 0..1
 *   output    [outputs]
 *   largest   [n_maps] raised to the largest magnitude in each map; or null */
void vd_c_run_float(const vd_c_plan *p, const float *input, float *output, double *largest);

/* of a plan that is quantised
 *
 *   input   [inputs] planar, 0..255 */
void vd_c_run_int8(const vd_c_plan *p, const uint8_t *input, int32_t *output);
void vd_c_run_bytes(const vd_c_plan *p, const uint8_t *input, int32_t *output); /* with value_bits = 8 */

#endif
