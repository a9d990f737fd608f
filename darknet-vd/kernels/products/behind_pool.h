/* Convolutions whose output only a max pool reads. Most elements of such an output are the largest of no window, so
 * their gradient is zero: the backward products run over a list of the others.
 *
 * Both gradients are sums of rows, each times one number. With the input's channels next to each other, the size c
 * numbers that line kh of a window covers are adjacent, and those of the weights can be laid out likewise:
 *
 *     d_weights[filter][kh][size c]     += d * input[row + kh][column ...][size c]     for each non-zero of a filter
 *     d_input[row + kh][column ...][size c] += d * weights[kh][filter][size c]         for each non-zero of a pixel
 *
 * As everywhere in kernels/, plain C is the specification, and one source in vectors is built for every instruction
 * set (products/behind_pool_vector.c). */
#ifndef VD_KERNELS_PRODUCTS_BEHIND_POOL_H
#define VD_KERNELS_PRODUCTS_BEHIND_POOL_H

#include <stddef.h>
#include <stdint.h>

enum {
/* rows of lists are padded to a multiple of this, which is one of every vector's length */
#ifdef __aarch64__
    VD_LIST_LANES = 4,
#else
    VD_LIST_LANES = 16,
#endif
    VD_LONGEST_HALF_SUM = 96, /* terms of a sum in fp16 */
    VD_LONGEST_WINDOW = 512   /* numbers of a row that holds a whole window */
};

/* lists of numbers, each with the row of x it is multiplied with: those of list i are start[i] .. start[i + 1] - 1; its
 * sum belongs to the row that begins at y + at[i] */
typedef struct {
    int lists;
    const int *start;  /* [lists + 1] */
    const int *at;     /* [lists] */
    const void *value; /* float; for add_lists_half fp16, twice in a uint32_t, which processors spread out fastest */
    const int *row;
} vd_lists;

/* rows of a sum: `rows` of them, each `length` numbers, a multiple of VD_LIST_LANES; x_step and y_step numbers apart.
 * Row e of x begins at x + e x_row. All lists are done for at most block_rows rows and block_length numbers of each
 * before the next: what they read of x should stay in the cache */
typedef struct {
    int rows, length;
    size_t x_row, x_step, y_step;
    int block_rows, block_length;
} vd_list_rows;

/* a plane of a convolution's output and the max pool behind it; kernels/kernels.h has the pool's shape */
typedef struct {
    int windows; /* of the pool */
    int base;    /* taken off an index of the pool to get a pixel */
    float slope; /* of the activation, which the pool's output has been through */
} vd_pooled_plane;

/* all windows of an image, which has its padding */
typedef struct {
    int c, h, w, size, stride, out_h, out_w;
    int length; /* of a row: c size size, padded to a multiple of VD_LIST_LANES */
} vd_windows;

typedef struct {
    /* y[at[i] + r y_step + j] += the sum over list i of value[e] x[row[e] x_row + r x_step + j], r < rows, j < length
     */
    void (*add_lists)(vd_lists l, vd_list_rows s, const float *x, float *y);

    /* the same with numbers and rows in fp16, sums of up to VD_LONGEST_HALF_SUM of them too, times scale; null where
     * the instruction set has no fp16 arithmetic. x is read up to the next multiple of 32 numbers behind length */
    void (*add_lists_half)(vd_lists l, vd_list_rows s, float scale, const uint16_t *x, float *y);

    /* the list of one filter, from the pool's gradient: of each window whose gradient is not zero
     *
     *   y, d, index, gain  [windows] the pool's output, -dL/d y, index and the gain at its largest element
     *   where              [pixels] the row of inputs of a pixel; null: its number
     *   d                  on output -dL/d(largest element's product): times slope where y <= 0
     *   pixel, row, value, varied   the list: pixel number, where[pixel], d and d * gain. Not more than `windows`,
     *                      but up to VD_LIST_LANES numbers behind the last are overwritten. gain and varied may be null
     *
     * returns the length of the list; the sum of d is added to *sum */
    int (*list_of_plane)(vd_pooled_plane p, const float *y, float *d, const int *index, const float *gain,
                         const int *where, int *pixel, int *row, float *value, float *varied, float *sum);

    /* the numbers of x [n] that are not zero, and where they are; returns how many. Up to VD_LIST_LANES numbers behind
     * the last are overwritten. at and value null: counts alone */
    int (*not_zero)(int n, const float *x, int *at, float *value);

    /* the windows of an image, one a row, each in the order of weights; and their squares
     *
     *   image          [c][h][w], and VD_LIST_LANES readable numbers more
     *   rows, squares  [out_h out_w][length], overwritten, and VD_LIST_LANES numbers more; squares may be null.
     *                  Numbers of a row behind its window are any finite ones */
    void (*windows)(vd_windows s, const float *image, float *rows, float *squares);
} vd_behind_pool_kernels;

extern const vd_behind_pool_kernels vd_behind_pool_c;

/* add_lists_half in plain C, with sums in float: the specification */
void vd_add_lists_half_c(vd_lists l, vd_list_rows s, float scale, const uint16_t *x, float *y);

#endif
