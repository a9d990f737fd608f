#include "kernels/transpose.h"

#include <stddef.h>

typedef struct {
    int rows, columns;
    const void *in;
    int ld_in;
    void *out;
    int ld_out;
} matrix;

static inline int at_most(int a, int b)
{
    return a < b ? a : b;
}

/* prefetch the cache lines of a part of a matrix: its first `rows` rows, columns from .. to - 1 */
static inline void fetch(const void *x, int ld, int element, int rows, int from, int to)
{
    enum { LINE = 64 };
    for (int i = 0; i < rows; ++i)
        for (int j = from; j < to; j += LINE / element)
            __builtin_prefetch((const char *)x + ((size_t)i * ld + j) * element);
}

/* Rows a power of two apart compete for a few places in the cache. So the matrix whose rows are further apart is walked
 * in strips one or two cache lines wide: each line is used up before it is evicted. The hardware does not predict this
 * walk, so the next strip is prefetched. */
static inline void by_tiles(matrix m, int size, int element, void (*tile)(const matrix *m, int i, int j))
{
    enum { PANEL = 32 };
    if (m.ld_in >= m.ld_out) {
        for (int panel = 0; panel < m.columns; panel += PANEL) {
            int next = at_most(panel + PANEL, m.columns);
            fetch(m.in, m.ld_in, element, m.rows, next, at_most(next + PANEL, m.columns));
            for (int i = 0; i < m.rows; i += size)
                for (int j = panel; j < next; j += size) tile(&m, i, j);
        }
    } else {
        for (int panel = 0; panel < m.rows; panel += PANEL) {
            int next = at_most(panel + PANEL, m.rows);
            fetch(m.out, m.ld_out, element, m.columns, next, at_most(next + PANEL, m.rows));
            for (int j = 0; j < m.columns; j += size)
                for (int i = panel; i < next; i += size) tile(&m, i, j);
        }
    }
}

/* n rows, each interleaved with the one n/2 further down, log2(n) times: the result is the columns */
#define INTERLEAVE(n, low, high, from, to)                \
    for (int r = 0; r < (n) / 2; ++r) {                   \
        to[2 * r] = low(from[r], from[r + (n) / 2]);      \
        to[2 * r + 1] = high(from[r], from[r + (n) / 2]); \
    }

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
#define LOW_FOUR(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH_FOUR(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)

static inline void tile_of_floats(const matrix *m, int i, int j, int add)
{
    const float *in = (const float *)m->in + (size_t)i * m->ld_in + j;
    float *out = (float *)m->out + (size_t)j * m->ld_out + i;
    if (i + 4 > m->rows || j + 4 > m->columns) {
        for (int r = 0; r < 4 && i + r < m->rows; ++r)
            for (int c = 0; c < 4 && j + c < m->columns; ++c) {
                float *to = out + (size_t)c * m->ld_out + r, x = in[(size_t)r * m->ld_in + c];
                *to = add ? *to + x : x;
            }
        return;
    }
    four a[4], b[4];
    for (int r = 0; r < 4; ++r) a[r] = *(const four *)(in + (size_t)r * m->ld_in);
    INTERLEAVE(4, LOW_FOUR, HIGH_FOUR, a, b)
    INTERLEAVE(4, LOW_FOUR, HIGH_FOUR, b, a)
    for (int c = 0; c < 4; ++c) {
        four *to = (four *)(out + (size_t)c * m->ld_out);
        if (add) *to += a[c];
        else *to = a[c];
    }
}

static inline void copy_tile(const matrix *m, int i, int j)
{
    tile_of_floats(m, i, j, 0);
}

static inline void add_tile(const matrix *m, int i, int j)
{
    tile_of_floats(m, i, j, 1);
}

typedef uint16_t eight __attribute__((vector_size(16), aligned(2), may_alias));
#define LOW_EIGHT(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_EIGHT(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

static inline void copy_tile_16(const matrix *m, int i, int j)
{
    const uint16_t *in = (const uint16_t *)m->in + (size_t)i * m->ld_in + j;
    uint16_t *out = (uint16_t *)m->out + (size_t)j * m->ld_out + i;
    if (i + 8 > m->rows || j + 8 > m->columns) {
        for (int r = 0; r < 8 && i + r < m->rows; ++r)
            for (int c = 0; c < 8 && j + c < m->columns; ++c)
                out[(size_t)c * m->ld_out + r] = in[(size_t)r * m->ld_in + c];
        return;
    }
    eight a[8], b[8];
    for (int r = 0; r < 8; ++r) a[r] = *(const eight *)(in + (size_t)r * m->ld_in);
    INTERLEAVE(8, LOW_EIGHT, HIGH_EIGHT, a, b)
    INTERLEAVE(8, LOW_EIGHT, HIGH_EIGHT, b, a)
    INTERLEAVE(8, LOW_EIGHT, HIGH_EIGHT, a, b)
    for (int c = 0; c < 8; ++c) *(eight *)(out + (size_t)c * m->ld_out) = b[c];
}

void vd_transpose(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    by_tiles((matrix){rows, columns, in, ld_in, out, ld_out}, 4, sizeof(float), copy_tile);
}

void vd_transpose_add(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    by_tiles((matrix){rows, columns, in, ld_in, out, ld_out}, 4, sizeof(float), add_tile);
}

void vd_transpose_16(int rows, int columns, const uint16_t *in, int ld_in, uint16_t *out, int ld_out)
{
    by_tiles((matrix){rows, columns, in, ld_in, out, ld_out}, 8, sizeof(uint16_t), copy_tile_16);
}
