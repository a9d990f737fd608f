/* The inner loops of products with sparse weights at test time. As everywhere in kernels/, plain C is the
 * specification (sparse_reference.c) and one vector source is built for every instruction set (sparse_vector.c). */
#ifndef VD_SPARSE_KERNELS_H
#define VD_SPARSE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    VD_SPARSE_LANES = 16,  /* numbers that are worked on together: a multiple of every vector's length */
    VD_SPARSE_TILE = 448,  /* as many as the registers hold with AVX-512 */
    VD_SPARSE_COLUMNS = 32 /* of a block, see vd_sparse_panels */
};

/* one weight that is not 0; offset: from the first of the numbers it is multiplied with to lane 0 of the sum */
typedef struct {
    int offset;
    float value;
} vd_sparse_entry;

/* some rows (filters, units) of a sparse matrix */
typedef struct {
    int rows;
    const int *row;   /* [rows] the number of each; in the order of their lengths, which processors foresee best */
    const int *start; /* [rows + 1] the entries of row[i] are start[i] .. start[i + 1] - 1 */
    const vd_sparse_entry *entry;
} vd_sparse_rows;

/* What becomes of finished sums. Lane l is number f = first + l of a plane whose lines are `pitch` numbers long, and
 * `width` of them are meant: y = leaky(sum), kept where f % pitch < width and f < numbers. */
typedef struct {
    float slope; /* of the activation: 1 is none, 0 is ReLU */
    size_t first, numbers;
    int pitch, width;
    float *out; /* [rows][stride], the lines of a row side by side: f is number f / pitch width + f % pitch there */
    size_t stride;
} vd_sparse_end;

/* one array of numbers that entries point into, cut out of a channel of an image: element (i, j) is
 * channel[i stride + row][j stride + column], 0 outside of it */
typedef struct {
    int channel, row, column;
} vd_sparse_plane;

typedef struct {
    int h, w, stride; /* of the image; from element to element */
    int lines, pitch; /* of a plane */
    size_t size;      /* from plane to plane: lines pitch and at least VD_SPARSE_LANES more, which hold zeros */
    const vd_sparse_plane *plane;
} vd_sparse_planes;

/* A sparse matrix in panels of 16 rows, and those in blocks of 32 columns: the numbers a block is multiplied with lie
 * in two registers, and an index of one byte picks from them. A slot is one weight for each of the 16 rows, 0 where a
 * row has run out of them. */
typedef struct {
    int column; /* the first of the block */
    int slots;
} vd_sparse_block;

typedef struct {
    int rows;
    const int *start;             /* [panels + 1] the blocks of a panel */
    const size_t *slot;           /* [panels] its first slot */
    const vd_sparse_block *block; /* those of a panel in the order of their lengths */
    const uint8_t *index;         /* [slots][16] column within the block */
    const float *value;           /* [slots][16] */
} vd_sparse_panels;

typedef struct {
    /* sum of row r = begin + the entries' value x[offset + l], for every lane l
     *
     *   lanes   a multiple of VD_SPARSE_LANES, at most VD_SPARSE_TILE
     *   bias    [rows] where the sums begin; null: they begin with what y holds
     *   y       [rows][stride] sums so far, written unless end is there; unused with both bias and end
     *   end     null, or what to do with the sums */
    void (*sums)(vd_sparse_rows s, size_t lanes, const float *x, const float *bias, float *y, size_t stride,
                 const vd_sparse_end *end);

    /* planes first .. last - 1 of an image [channels][h][w], to x [planes][size] */
    void (*pack)(vd_sparse_planes s, int first, int last, const float *image, float *x);

    /* y = leaky(bias + matrix x) for the rows of panels first .. last - 1
     *
     *   x         [columns, rounded up to whole blocks]  no index picks what is beyond the columns
     *   bias, y   [rows] */
    void (*panels)(vd_sparse_panels s, int first, int last, const float *x, const float *bias, float slope, float *y);
} vd_sparse_kernels;

extern const vd_sparse_kernels vd_sparse_kernels_c;

#endif
