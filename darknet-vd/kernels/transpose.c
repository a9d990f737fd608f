#include "kernels/transpose.h"
#include "kernels/kernels.h"

void vd_transpose(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    vd_kernels_get()->transpose(rows, columns, in, ld_in, out, ld_out);
}

void vd_transpose_add(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    vd_kernels_get()->transpose_add(rows, columns, in, ld_in, out, ld_out);
}

void vd_transpose_16(int rows, int columns, const uint16_t *in, int ld_in, uint16_t *out, int ld_out)
{
    vd_kernels_get()->transpose_16(rows, columns, in, ld_in, out, ld_out);
}

void vd_transpose_type(vd_type type, int rows, int columns, const void *in, int ld_in, void *out, int ld_out)
{
    if (type == VD_FLOAT) vd_transpose(rows, columns, in, ld_in, out, ld_out);
    else vd_transpose_16(rows, columns, in, ld_in, out, ld_out);
}
