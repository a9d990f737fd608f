#include "kernels/products/blocks.h"
#include "kernels/kernels.h"
#include "kernels/transpose.h"

void vd_tile_of(vd_type type, vd_tile t)
{
    if (type == VD_FP16) vd_kernels_get()->tile_half(t);
    else vd_kernels_get()->tile(t);
}

void vd_pack_blocks(vd_type type, int rows, int k, const void *from, int ld, int to, int all, void *packed)
{
    size_t bytes = vd_type_size(type);
    for (int b = 0; b < vd_blocks(rows); ++b) {
        int first = vd_first_of_block(rows, b), n = vd_first_of_block(rows, b + 1) - first;
        size_t at = (size_t)first * all + (size_t)to * n;
        vd_transpose_type(type, n, k, (const char *)from + bytes * first * ld, ld, (char *)packed + bytes * at, n);
    }
}

/* All blocks use one piece of x (of PART of its rows, COLUMNS of its columns) before the next. In fp16 the tile copies
 * a block before it uses it: x is not cut. */
void vd_multiply_blocks(vd_type type, vd_tile t)
{
    enum { PART = 256, COLUMNS = 128, VECTORS = 32 };
    vd_tile whole = t;
    size_t bytes = vd_type_size(type);
    int parts = type == VD_FP16 ? 1 : (t.k + PART - 1) / PART;
    int pieces = type == VD_FP16 ? 1 : (t.n + COLUMNS - 1) / COLUMNS;
    int columns = vd_round_up((t.n + pieces - 1) / pieces, VECTORS);
    t.a_row = 1;
    for (int part = 0; part < parts; ++part) {
        int from = vd_first_of_part(whole.k, part, parts);
        t.k = vd_first_of_part(whole.k, part + 1, parts) - from;
        t.add = whole.add || part > 0;
        if (whole.offset) t.offset = whole.offset + from;
        for (int j = 0; j < whole.n; j += columns) {
            t.n = whole.n - j < columns ? whole.n - j : columns;
            t.x = (const char *)whole.x + bytes * (j + (whole.offset ? 0 : from * whole.ldx));
            for (int b = 0; b < vd_blocks(whole.m); ++b) {
                int first = vd_first_of_block(whole.m, b);
                t.m = vd_first_of_block(whole.m, b + 1) - first;
                t.a = (const char *)whole.a + bytes * ((size_t)first * whole.k + (size_t)from * t.m);
                t.a_step = t.m;
                t.c = whole.c + first * t.ldc + j;
                vd_tile_of(type, t);
            }
        }
    }
}
