#include "layer/dense_lists.h"
#include "kernels/kernels.h"

size_t vd_dense_list_row(size_t n)
{
    enum { LANES = VD_LIST_LANES };
    return (n + LANES - 1) / LANES * LANES;
}

static void *cut(float **buffer, size_t n)
{
    float *part = *buffer;
    *buffer += vd_dense_list_row(n) + VD_LIST_LANES; /* so many may be overwritten behind the last */
    return part;
}

size_t vd_cut_dense_lists(float *buffer, int n, size_t all, vd_dense_lists *l)
{
    float *next = buffer;
    l->start = cut(&next, n + 1);
    l->at = cut(&next, n);
    l->place = cut(&next, all);
    l->mean = cut(&next, all);
    l->variance = cut(&next, all);
    return next - buffer;
}

int vd_make_dense_lists(int n, int length, const float *x, size_t ld, int step, vd_dense_lists *l)
{
    int found = 0;
    for (int i = 0; i < n; ++i) {
        l->start[i] = found;
        l->at[i] = i * step;
        found += vd_kernels_get()->behind_pool->not_zero(length, x + i * ld, l->place + found, l->mean + found);
    }
    l->start[n] = found;
    return found;
}

void vd_add_dense_lists(const vd_dense_lists *l, int n, const float *values, int length, int ld, const float *rows,
                        float *y)
{
    enum { BLOCK = 112 }; /* numbers of a row: so much of all rows is near */
    vd_lists of = {n, l->start, l->at, values, l->place};
    vd_list_rows s = {1, length, ld, 0, 0, 1, BLOCK};
    vd_kernels_get()->behind_pool->add_lists(of, s, rows, y);
}
