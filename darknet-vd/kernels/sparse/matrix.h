/* The matrix that turns an image into a layer's output. It has a row for each number of the output and a column for
 * each number of the image: row (filter, oh, ow) has weight (channel, kh, kw) in column
 * (channel, oh down - pad + kh (gap + 1), ow stride - pad + kw (gap + 1)), where that is inside the image. */
#ifndef VD_KERNELS_SPARSE_MATRIX_H
#define VD_KERNELS_SPARSE_MATRIX_H

#include "kernels/sparse/form.h"

typedef struct {
    int column;
    float value;
} vd_sparse_element;

/* the elements of a row that are not 0, sorted by column; returns how many: at most c size size
 *
 *   weights   [n][c][size][size]
 *   scale     [n] factor of each filter's weights; null: 1
 *   to        null: they are counted only */
int vd_sparse_row(vd_window w, const float *weights, const float *scale, int row, vd_sparse_element *to);

static inline size_t vd_sparse_matrix_rows(const vd_sparse_form *f)
{
    return (size_t)f->n * f->window.out_h * f->window.out_w;
}

static inline size_t vd_sparse_matrix_columns(const vd_sparse_form *f)
{
    return (size_t)f->window.c * f->window.h * f->window.w;
}

#endif
