/* Products whose first factor is packed in blocks of its rows: equal blocks of at most VD_BLOCK_ROWS, the rows that the
 * tile keeps in registers (on narrower processors, in two or three times). What is read once a row and term lies side
 * by side for a block's rows, and blocks one after the other: a block stays in the cache. */
#ifndef VD_KERNELS_PRODUCTS_BLOCKS_H
#define VD_KERNELS_PRODUCTS_BLOCKS_H

#include "kernels/lengths.h"
#include "kernels/products/tile.h"
#include "kernels/type.h"

enum { VD_BLOCK_ROWS = 12 };

static inline int vd_blocks(int rows)
{
    return (rows + VD_BLOCK_ROWS - 1) / VD_BLOCK_ROWS;
}

/* the first row of a block; of block vd_blocks(), the number of rows */
static inline int vd_first_of_block(int rows, int block)
{
    return vd_first_of_part(rows, block, vd_blocks(rows));
}

/* [rows][k], ld apart, to terms `to` .. to + k - 1 of [block][all][rows of the block] */
void vd_pack_blocks(vd_type type, int rows, int k, const void *from, int ld, int to, int all, void *packed);

/* the tile t, whose a is packed in this way; t.a_row and t.a_step are not read */
void vd_multiply_blocks(vd_type type, vd_tile t);

/* the tile of the type */
void vd_tile_of(vd_type type, vd_tile t);

#endif
