#include "layer/freeze.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>

int vd_is_frozen(vd_parameters all, size_t i, int batches)
{
    return all.pruned_for && all.theta[i] == 0 && all.pruned_for[i] >= batches;
}

size_t vd_frozen(vd_parameters all, int batches)
{
    size_t frozen = 0;
    for (size_t i = 0; i < all.n; ++i) frozen += vd_is_frozen(all, i, batches);
    return frozen;
}

static void freeze_weight(vd_parameters all, size_t i)
{
    const float clipped = -10.4f; /* log_alpha of theta = 0 is then 8.02 */
    float *moments[] = {all.theta_m, all.theta_v, all.log_sigma2_m, all.log_sigma2_v};
    all.theta[i] = 0;
    all.log_sigma2[i] = fmaxf(all.log_sigma2[i], clipped);
    all.pruned_for[i] = UINT16_MAX; /* also for a resumed training that freezes later */
    for (int m = 0; m < 4; ++m)
        if (moments[m]) moments[m][i] = 0;
}

size_t vd_freeze(vd_parameters all, int batches)
{
    size_t active = all.n;
    for (size_t i = 0; i < all.n; ++i) {
        if (all.pruned_for[i] < batches) continue;
        freeze_weight(all, i);
        --active;
    }
    return active;
}

/* the arrays that are copied in and out */
enum { COPIED = 6 };

static void copied_arrays(vd_parameters *p, float **arrays[COPIED])
{
    float **all[COPIED] = {&p->theta, &p->log_sigma2, &p->theta_m, &p->theta_v, &p->log_sigma2_m, &p->log_sigma2_v};
    for (int i = 0; i < COPIED; ++i) arrays[i] = all[i];
}

/* counting sort by column keeps the rows of a column in order */
static vd_sparse transpose_of(vd_sparse s, int columns)
{
    int n = s.start[s.rows], *start = vd_calloc(columns + 2, sizeof(int));
    int *row = vd_calloc(n, sizeof(int)), *element = vd_calloc(n, sizeof(int));
    for (int e = 0; e < n; ++e) ++start[s.column[e] + 2];
    for (int c = 2; c <= columns; ++c) start[c] += start[c - 1];
    for (int r = 0; r < s.rows; ++r) {
        for (int e = s.start[r]; e < s.start[r + 1]; ++e) {
            int at = start[s.column[e] + 1]++;
            row[at] = r;
            element[at] = e;
        }
    }
    return (vd_sparse){columns, start, row, element};
}

vd_active *make_vd_active(vd_parameters all, int rows, int columns, int groups, int masks, int batches)
{
    vd_active *a = vd_calloc(1, sizeof(*a));
    int *start = vd_calloc(rows + 1, sizeof(int)), *column, n = 0;
    for (size_t i = 0; i < all.n; ++i) n += !vd_is_frozen(all, i, batches);
    a->index = vd_calloc(n, sizeof(int));
    column = vd_calloc(n, sizeof(int));
    n = 0;
    for (int r = 0; r < rows; ++r) {
        start[r] = n;
        for (int c = 0; c < columns; ++c) {
            size_t i = (size_t)r * columns + c;
            if (vd_is_frozen(all, i, batches)) continue;
            a->index[n] = (int)i;
            column[n++] = r / (rows / groups) * columns + c;
        }
    }
    start[rows] = n;
    a->by_row = (vd_sparse){rows, start, column, 0};
    a->by_column = transpose_of(a->by_row, groups * columns);

    float **to[COPIED], **from[COPIED];
    a->p.n = n;
    a->p.pruned_for = vd_calloc(n, sizeof(uint16_t));
    for (int e = 0; e < n; ++e) a->p.pruned_for[e] = all.pruned_for[a->index[e]];
    copied_arrays(&a->p, to);
    copied_arrays(&all, from);
    for (int i = 0; i < COPIED; ++i) {
        if (!*from[i]) continue;
        *to[i] = vd_calloc(n, sizeof(float));
        for (int e = 0; e < n; ++e) (*to[i])[e] = (*from[i])[a->index[e]];
    }
    a->p.sigma2 = vd_calloc(n, sizeof(float));
    a->p.d_kl = vd_calloc(n, sizeof(float));
    a->p.d_theta = vd_calloc(n, sizeof(float));
    a->p.d_sigma2 = vd_calloc(n, sizeof(float));
    if (masks) a->masked = vd_calloc(n, sizeof(float));
    if (masks) a->d_mean = vd_calloc(n, sizeof(float));
    return a;
}

static void free_lists(vd_sparse s)
{
    const void *arrays[] = {s.start, s.column, s.element};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); ++i) free((void *)arrays[i]);
}

/* element e of all arrays that outlive an update becomes element `to` */
static void move_element(vd_active *a, int to, int e)
{
    float **arrays[COPIED];
    copied_arrays(&a->p, arrays);
    for (int i = 0; i < COPIED; ++i)
        if (*arrays[i]) (*arrays[i])[to] = (*arrays[i])[e];
    a->p.pruned_for[to] = a->p.pruned_for[e];
    a->index[to] = a->index[e];
    ((int *)a->by_row.column)[to] = a->by_row.column[e];
}

void vd_active_freeze(vd_active *a, vd_parameters all, int batches)
{
    int *start = (int *)a->by_row.start, columns = a->by_column.rows, kept = 0, e = 0;
    for (int r = 0; r < a->by_row.rows; ++r) {
        start[r] = kept;
        for (int end = start[r + 1]; e < end; ++e) {
            if (a->p.pruned_for[e] >= batches) freeze_weight(all, a->index[e]);
            else move_element(a, kept++, e);
        }
    }
    start[a->by_row.rows] = kept;
    if ((size_t)kept == a->p.n) return;
    a->p.n = kept;
    free_lists(a->by_column);
    a->by_column = transpose_of(a->by_row, columns);
}

void free_vd_active(vd_active *a)
{
    if (!a) return;
    void *arrays[] = {a->index,          a->p.theta,        a->p.log_sigma2, a->p.theta_m, a->p.theta_v,
                      a->p.log_sigma2_m, a->p.log_sigma2_v, a->p.pruned_for, a->p.sigma2,  a->p.d_kl,
                      a->p.d_theta,      a->p.d_sigma2,     a->masked,       a->d_mean};
    free_lists(a->by_row);
    free_lists(a->by_column);
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); ++i) free(arrays[i]);
    free(a);
}

int vd_active_is_finite(const vd_active *a)
{
    const vd_kernels *k = vd_kernels_get();
    return k->all_finite(a->p.n, a->p.theta) && k->all_finite(a->p.n, a->p.log_sigma2);
}

void vd_active_read(vd_active *a, vd_parameters all)
{
    for (size_t e = 0; e < a->p.n; ++e) {
        a->p.theta[e] = all.theta[a->index[e]];
        a->p.log_sigma2[e] = all.log_sigma2[a->index[e]];
    }
}

void vd_active_write(const vd_active *a, vd_parameters all)
{
    for (size_t e = 0; e < a->p.n; ++e) {
        all.theta[a->index[e]] = a->p.theta[e];
        all.log_sigma2[a->index[e]] = a->p.log_sigma2[e];
    }
}

void vd_active_write_moments(const vd_active *a, vd_parameters all)
{
    vd_parameters mine = a->p;
    float **from[COPIED], **to[COPIED];
    copied_arrays(&mine, from);
    copied_arrays(&all, to);
    for (int i = 0; i < COPIED; ++i)
        for (size_t e = 0; *from[i] && e < mine.n; ++e) (*to[i])[a->index[e]] = (*from[i])[e];
    for (size_t e = 0; e < mine.n; ++e) all.pruned_for[a->index[e]] = mine.pruned_for[e];
}
