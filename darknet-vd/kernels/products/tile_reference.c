/* The specification of the tile. */
#include "kernels/products/tile.h"
#include "kernels/number_at.h"

static float twice_at(const void *x, long at)
{
    return vd_float_of_fp16((uint16_t)((const uint32_t *)x)[at]);
}

static inline void tile(vd_tile t, float (*number)(const void *x, long at),
                        float (*coefficient)(const void *x, long at))
{
    for (int i = 0; i < t.m; ++i) {
        for (int j = 0; j < t.n; ++j) {
            float *c = t.c + i * t.ldc + j, sum = 0;
            for (int p = 0; p < t.k; ++p)
                sum += coefficient(t.a, i * t.a_row + p * t.a_step) *
                       number(t.x, (t.offset ? t.offset[p] : p * t.ldx) + j);
            *c = (t.add ? *c : 0) + t.scale * sum;
        }
    }
}

void vd_tile_c(vd_tile t)
{
    tile(t, vd_float_at, vd_float_at);
}

void vd_tile_half_c(vd_tile t)
{
    tile(t, vd_fp16_at, t.twice ? twice_at : vd_fp16_at);
}
