/* The inner loops of products with sparse weights at test time. As everywhere in kernels/, plain C is the specification
 * (sparse/reference.c), and one source in vectors is built for every instruction set (sparse/vector.c). */
#ifndef VD_KERNELS_SPARSE_KERNELS_H
#define VD_KERNELS_SPARSE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    VD_SPARSE_LANES = 16,            /* numbers processed together: a multiple of every vector's length */
    VD_SPARSE_TILE = 448,            /* numbers that AVX-512's registers hold: 28 of 16 */
    VD_SPARSE_COLUMNS = 32,          /* of a block, see vd_sparse_panels */
    VD_SPARSE_MOST_COLUMNS = 1 << 16 /* that vd_sparse_slices can name */
};

/* one weight that is not 0; lane l of its sum takes value x[offset + l] */
typedef struct {
    int offset;
    float value;
} vd_sparse_entry;

/* some rows (filters, units) of a sparse matrix */
typedef struct {
    int rows;
    const int *row;   /* [rows] the number of each; sorted by length, so that branch prediction works best */
    const int *start; /* [rows + 1] the entries of row[i] are start[i] .. start[i + 1] - 1 */
    const vd_sparse_entry *entry;
} vd_sparse_rows;

/* What becomes of finished sums: y = leaky(sum), stored without gaps.
 *
 * A row's sums run along a plane, line by line. A line is `pitch` numbers long, but only its first `width` are outputs;
 * the others are computed because vectors do not stop there, and dropped. With a pitch of 9 and a width of 7:
 *
 *     number in the plane    0  1  2  3  4  5  6  7  8 |  9 10 11 12 13 14 15 16 17 | 18 19 ...
 *     kept                   y  y  y  y  y  y  y  .  . |  y  y  y  y  y  y  y  .  . |  y  y ...
 *     number in out          0  1  2  3  4  5  6       |  7  8  9 10 11 12 13       | 14 15 ...
 *
 * Lane l of a call is number f = first + l of the plane. It is kept where f % pitch < width and f < numbers, and is
 * then number f / pitch * width + f % pitch of its row of out. */
typedef struct {
    float slope;           /* of the activation: 1 is none, 0 is ReLU */
    size_t first, numbers; /* of lane 0; numbers of the plane, which ends with a line's last kept one */
    int pitch, width;
    float *out; /* [rows][stride] */
    size_t stride;
} vd_sparse_end;

/* A plane: numbers cut out of one channel of an image, which entries point into. Element (i, j) is
 * channel[i down + row][j stride + column], 0 where that lies outside the channel */
typedef struct {
    int channel, row, column;
} vd_sparse_plane;

typedef struct {
    int h, w, down, stride; /* of the image; pixels from line to line, from element to element */
    int lines, pitch;       /* of a plane: lines, and numbers from line to line */
    size_t size; /* numbers from plane to plane: lines * pitch, and where they are copies at least VD_SPARSE_LANES
                               zeros more */
    const vd_sparse_plane *plane;
} vd_sparse_planes;

/* A sparse matrix in panels of 16 rows, and each panel in blocks of 32 columns: the 32 numbers a block is multiplied
 * with fit into two registers, and an index of one byte picks from them. A slot is one weight for each of the 16 rows,
 * 0 where a row has no more. */
typedef struct {
    int column; /* the block's first */
    int slots;
} vd_sparse_block;

typedef struct {
    int rows;
    const int *start;             /* [panels + 1] the blocks of a panel */
    const size_t *slot;           /* [panels] its first slot */
    const vd_sparse_block *block; /* those of a panel sorted by their slots */
    const uint8_t *index;         /* [slots][16] column within the block */
    const float *value;           /* [slots][16] */
} vd_sparse_panels;

/* A sparse matrix in slices of 16 rows, sorted by their length. A slot is one weight for each of the 16 rows; slots
 * that a row does not fill hold 0 and one of its columns. Of the last slice's lanes some may have no row. */
typedef struct {
    int rows;
    const int *row;         /* [slices][16] the number of each */
    const size_t *start;    /* [slices + 1] the slots of slice s are start[s] .. start[s + 1] - 1 */
    const uint16_t *column; /* [slots][16] */
    const float *value;     /* [slots][16] */
} vd_sparse_slices;

typedef struct {
    /* sum of row r, lane l = start + sum over its entries of value x[offset + l]
     *
     *   lanes   at most VD_SPARSE_TILE. Where they are no multiple of VD_SPARSE_LANES, the last VD_SPARSE_LANES are
     *           loaded together: x is then read up to VD_SPARSE_LANES - 1 numbers before each offset, never behind
     *           offset + lanes, and there may be no gaps (end: pitch == width)
     *   bias    [rows] where the sums start; null: they start with what y holds
     *   y       [rows][stride] the sums so far, overwritten when end is null; unused when bias and end are given. Its
     *           order is the variant's own where lanes are no multiple; room for the next multiple
     *   end     null, or what to do with the sums */
    void (*sums)(vd_sparse_rows s, size_t lanes, const float *x, const float *bias, float *y, size_t stride,
                 const vd_sparse_end *end);

    /* x[p] = plane p of an image, zeros after its lines included, for p = first .. last - 1
     *
     *   image   [channels][h][w]
     *   x       [planes][size] */
    void (*pack)(vd_sparse_planes s, int first, int last, const float *image, float *x);

    /* y = leaky(bias + matrix x) for the rows of panels first .. last - 1
     *
     *   x         [columns, rounded up to whole blocks]  what is beyond the columns is loaded, but no index picks it
     *   bias, y   [rows] */
    void (*panels)(vd_sparse_panels s, int first, int last, const float *x, const float *bias, float slope, float *y);

    /* y[row[i]] = leaky(bias[i] + matrix x) for the rows i of slices first .. last - 1
     *
     *   x      [columns]
     *   bias   [slices][16] in the order of the slices
     *   y      [rows] */
    void (*slices)(vd_sparse_slices s, int first, int last, const float *x, const float *bias, float slope, float *y);

    /* the density below which slices are faster than panels: of weights that fit into the second-level cache, and of
     * others. Measured on an Emerald Rapids */
    double slices_below[2];
} vd_sparse_kernels;

extern const vd_sparse_kernels vd_sparse_kernels_c;

#endif
