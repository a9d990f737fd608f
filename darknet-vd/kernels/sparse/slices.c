/* Makes the form of the way "slices": the whole layer as one sparse matrix, its rows sorted by their length and cut
 * into slices of 16, so that the rows of a slice are about as long as each other. */
#include "kernels/sparse/matrix.h"

#include <limits.h>
#include <stdlib.h>

/* order = the rows from the longest to the shortest; of equal ones the first comes first
 *
 *   length   [rows] at most `longest`
 *   first    [longest + 2] overwritten: where the rows of each length begin */
static void sort_rows(int rows, const int *length, int longest, int *first, int *order)
{
    for (int k = 0; k < longest + 2; ++k) first[k] = 0;
    for (int r = 0; r < rows; ++r) ++first[longest - length[r] + 1];
    for (int k = 1; k < longest + 2; ++k) first[k] += first[k - 1];
    for (int r = 0; r < rows; ++r) order[first[longest - length[r]]++] = r;
}

/* one row of a slice into its lane. The slots that it does not fill multiply its last column by 0 */
static void write_row(const vd_sparse_element *e, int n, int slots, uint16_t *column, float *value)
{
    for (int k = 0; k < slots; ++k) {
        if (k < n) column[(size_t)k * VD_SPARSE_LANES] = (uint16_t)e[k].column;
        else if (n > 0) column[(size_t)k * VD_SPARSE_LANES] = (uint16_t)e[n - 1].column;
        if (k < n) value[(size_t)k * VD_SPARSE_LANES] = e[k].value;
    }
}

typedef struct {
    const float *weights, *scale, *bias;
    int *length, *first;         /* [rows]; [longest + 2] */
    vd_sparse_element *elements; /* [c size size] of a row */
} maker;

/* where every slice begins: it has as many slots as its first row, the longest, has elements. Returns all slots */
static size_t place_slices(vd_sparse_form *f, const maker *m, const int *row, size_t *start)
{
    for (int s = 0; s < f->n_slices; ++s) start[s + 1] = start[s] + m->length[row[s * VD_SPARSE_LANES]];
    return start[f->n_slices];
}

static int make_slices(vd_sparse_form *f, const maker *m, int longest)
{
    int rows = f->slices.rows, pixels = f->window.out_h * f->window.out_w;
    int *row = vd_sparse_array(f, f->n_slices, VD_SPARSE_LANES * sizeof(int));
    size_t *start = vd_sparse_array(f, f->n_slices + 1, sizeof(size_t));
    if (f->n_arrays < 0) return 0;
    sort_rows(rows, m->length, longest, m->first, row);
    size_t slots = place_slices(f, m, row, start);
    uint16_t *column = vd_sparse_array(f, slots, VD_SPARSE_LANES * sizeof(*column));
    float *value = vd_sparse_array(f, slots, VD_SPARSE_LANES * sizeof(*value));
    if (f->n_arrays < 0) return 0;
    for (int i = 0; i < rows; ++i) {
        int slice = i / VD_SPARSE_LANES;
        size_t at = start[slice] * VD_SPARSE_LANES + i % VD_SPARSE_LANES;
        int n = vd_sparse_row(f->window, m->weights, m->scale, row[i], m->elements);
        write_row(m->elements, n, (int)(start[slice + 1] - start[slice]), column + at, value + at);
        f->bias[i] = m->bias[row[i] / pixels];
    }
    f->slices.row = row;
    f->slices.start = start;
    f->slices.column = column;
    f->slices.value = value;
    return 1;
}

int vd_sparse_make_slices(vd_sparse_form *f, const float *weights, const float *scale, const float *bias)
{
    vd_window w = f->window;
    size_t rows = vd_sparse_matrix_rows(f), longest = (size_t)w.c * w.size * w.size;
    if (rows > INT_MAX || vd_sparse_matrix_columns(f) > VD_SPARSE_MOST_COLUMNS) return 0;
    maker m = {.weights = weights, .scale = scale, .bias = bias};
    f->slices.rows = (int)rows;
    f->n_slices = (int)((rows + VD_SPARSE_LANES - 1) / VD_SPARSE_LANES);
    f->bias = vd_sparse_array(f, f->n_slices, VD_SPARSE_LANES * sizeof(float));
    m.length = calloc(rows, sizeof(int));
    m.first = calloc(longest + 2, sizeof(int));
    m.elements = calloc(longest, sizeof(*m.elements));
    int made = f->bias && m.length && m.first && m.elements;
    for (size_t r = 0; made && r < rows; ++r) m.length[r] = vd_sparse_row(w, weights, scale, (int)r, 0);
    made = made && make_slices(f, &m, (int)longest);
    free(m.length);
    free(m.first);
    free(m.elements);
    return made;
}
