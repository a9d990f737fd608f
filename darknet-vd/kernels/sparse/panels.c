/* Makes the form of the way "panels": the whole layer as one sparse matrix, in panels of 16 rows. */
#include "kernels/sparse/matrix.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* a panel while it is being made */
typedef struct {
    vd_sparse_form *f;
    const float *weights, *scale;
    int columns, blocks;         /* weights of a filter; blocks of columns of the matrix */
    vd_sparse_element *elements; /* [16][columns] of each row, sorted by column */
    int *first;                  /* [16][blocks + 1] of each row, the first element of each block */
    int *slots;                  /* [blocks] elements of the row that has most in this block */
} maker;

static void read_panel(maker *m, int panel)
{
    memset(m->slots, 0, m->blocks * sizeof(int));
    for (int r = 0; r < VD_SPARSE_LANES; ++r) {
        int row = panel * VD_SPARSE_LANES + r, *first = m->first + r * (m->blocks + 1);
        vd_sparse_element *e = m->elements + (size_t)r * m->columns;
        int n = row < m->f->panels.rows ? vd_sparse_row(m->f->window, m->weights, m->scale, row, e) : 0;
        for (int b = 0, i = 0; b < m->blocks; ++b) {
            first[b] = i;
            while (i < n && e[i].column / VD_SPARSE_COLUMNS == b) ++i;
            if (m->slots[b] < i - first[b]) m->slots[b] = i - first[b];
        }
        first[m->blocks] = n;
    }
}

static size_t slots_of(const maker *m)
{
    size_t slots = 0;
    for (int b = 0; b < m->blocks; ++b) slots += m->slots[b];
    return slots;
}

static void write_block(const maker *m, int b, size_t slot, uint8_t *index, float *value)
{
    for (int r = 0; r < VD_SPARSE_LANES; ++r) {
        const int *first = m->first + r * (m->blocks + 1) + b;
        const vd_sparse_element *e = m->elements + (size_t)r * m->columns;
        size_t at = slot * VD_SPARSE_LANES + r;
        for (int i = first[0]; i < first[1]; ++i, at += VD_SPARSE_LANES) {
            index[at] = (uint8_t)(e[i].column % VD_SPARSE_COLUMNS);
            value[at] = e[i].value;
        }
    }
}

static void count_all(maker *m, size_t *slots, size_t *blocks)
{
    for (int p = 0; p < m->f->n_panels; ++p) {
        read_panel(m, p);
        *slots += slots_of(m);
        for (int b = 0; b < m->blocks; ++b) *blocks += m->slots[b] > 0;
    }
}

/* the blocks of the panel that was read last, sorted by their slots; returns how many */
static int write_panel(const maker *m, size_t slot, vd_sparse_block *block, uint8_t *index, float *value)
{
    int n = 0;
    for (int length = 1; length <= VD_SPARSE_COLUMNS; ++length) {
        for (int b = 0; b < m->blocks; ++b) {
            if (m->slots[b] != length) continue;
            block[n++] = (vd_sparse_block){b * VD_SPARSE_COLUMNS, length};
            write_block(m, b, slot, index, value);
            slot += length;
        }
    }
    return n;
}

/* every panel is read twice: to count slots and blocks, and to write them */
static int make_panels(maker *m)
{
    vd_sparse_form *f = m->f;
    size_t slots = 0, blocks = 0;
    count_all(m, &slots, &blocks);
    int *start = vd_sparse_array(f, f->n_panels + 1, sizeof(int));
    size_t *slot = vd_sparse_array(f, f->n_panels, sizeof(size_t));
    vd_sparse_block *block = vd_sparse_array(f, blocks, sizeof(*block));
    uint8_t *index = vd_sparse_array(f, slots, VD_SPARSE_LANES);
    float *value = vd_sparse_array(f, slots, VD_SPARSE_LANES * sizeof(float));
    if (f->n_arrays < 0 || blocks > INT_MAX) return 0;
    slots = 0;
    for (int p = 0; p < f->n_panels; ++p) {
        read_panel(m, p);
        slot[p] = slots;
        start[p + 1] = start[p] + write_panel(m, slots, block + start[p], index, value);
        slots += slots_of(m);
    }
    f->panels.start = start;
    f->panels.slot = slot;
    f->panels.block = block;
    f->panels.index = index;
    f->panels.value = value;
    return 1;
}

int vd_sparse_make_panels(vd_sparse_form *f, const float *weights, const float *scale, const float *bias)
{
    vd_window w = f->window;
    maker m = {.f = f, .weights = weights, .scale = scale, .columns = w.c * w.size * w.size};
    size_t rows = vd_sparse_matrix_rows(f);
    m.blocks = (int)((vd_sparse_matrix_columns(f) + VD_SPARSE_COLUMNS - 1) / VD_SPARSE_COLUMNS);
    f->columns = m.blocks * VD_SPARSE_COLUMNS;
    f->panels.rows = (int)rows;
    f->n_panels = (int)((rows + VD_SPARSE_LANES - 1) / VD_SPARSE_LANES);
    f->bias = vd_sparse_array(f, rows, sizeof(float));
    m.elements = calloc((size_t)VD_SPARSE_LANES * m.columns, sizeof(*m.elements));
    m.first = calloc((size_t)VD_SPARSE_LANES * (m.blocks + 1), sizeof(int));
    m.slots = calloc(m.blocks, sizeof(int));
    int made = f->bias && m.elements && m.first && m.slots && make_panels(&m);
    for (size_t i = 0; made && i < rows; ++i) f->bias[i] = bias[i / ((size_t)w.out_h * w.out_w)];
    free(m.elements);
    free(m.first);
    free(m.slots);
    return made;
}
