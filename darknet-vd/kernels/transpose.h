/* Transposes of matrices, by the table of kernels in use. */
#ifndef VD_KERNELS_TRANSPOSE_H
#define VD_KERNELS_TRANSPOSE_H

#include "kernels/type.h"

#include <stdint.h>

/* out[j][i] = in[i][j]
 *
 *   in    [rows][columns], ld_in elements from row to row
 *   out   [columns][rows], ld_out elements from row to row
 *
 *   vd_transpose_add    out[j][i] += in[i][j]
 *   vd_transpose_16     the same for 16-bit elements of any kind
 *   vd_transpose_type   the same for elements of a type */
void vd_transpose(int rows, int columns, const float *in, int ld_in, float *out, int ld_out);
void vd_transpose_add(int rows, int columns, const float *in, int ld_in, float *out, int ld_out);
void vd_transpose_16(int rows, int columns, const uint16_t *in, int ld_in, uint16_t *out, int ld_out);
void vd_transpose_type(vd_type type, int rows, int columns, const void *in, int ld_in, void *out, int ld_out);

#endif
