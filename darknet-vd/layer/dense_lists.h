/* Numbers of an array that are not zero, as lists for both products of a connected layer: that of the mean and that of
 * the variance. Everything is float. */
#ifndef VD_LAYER_DENSE_LISTS_H
#define VD_LAYER_DENSE_LISTS_H

#include <stddef.h>

/* list i: numbers start[i] .. start[i + 1] - 1; its sum belongs to the row that begins at number at[i] of the result */
typedef struct {
    int *start, *at, *place;
    float *mean, *variance; /* a number, and what stands for it in the second product */
} vd_dense_lists;

/* n, rounded up to a multiple of VD_LIST_LANES: the length of a row that lists multiply */
size_t vd_dense_list_row(size_t n);

/* room for n lists of `all` numbers; returns how many numbers that takes. null measures alone */
size_t vd_cut_dense_lists(float *buffer, int n, size_t all, vd_dense_lists *l);

/* of the rows of x [n][length], ld apart, in `mean`; at[i] = i step. Returns how many numbers there are */
int vd_make_dense_lists(int n, int length, const float *x, size_t ld, int step, vd_dense_lists *l);

/* y += lists times rows of `length` numbers, of vd_dense_list_row(), ld apart; values: l->mean or l->variance */
void vd_add_dense_lists(const vd_dense_lists *l, int n, const float *values, int length, int ld, const float *rows,
                        float *y);

#endif
