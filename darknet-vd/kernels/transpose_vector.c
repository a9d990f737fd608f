/* transpose.h in square tiles as wide as a register, with prefetches; built once for each instruction set. */
#include "kernels/lanes.h"
#include "kernels/lengths.h"
#include "kernels/variant.h"

typedef struct {
    int rows, columns;
    const void *in;
    int ld_in;
    void *out;
    int ld_out;
} matrix;

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
VD_INLINE void by_tiles(matrix m, int size, int element, void (*tile)(const matrix *m, int i, int j))
{
    enum { PANEL = 32 };
    if (m.ld_in >= m.ld_out) {
        for (int panel = 0; panel < m.columns; panel += PANEL) {
            int next = vd_at_most(panel + PANEL, m.columns);
            fetch(m.in, m.ld_in, element, m.rows, next, vd_at_most(next + PANEL, m.columns));
            for (int i = 0; i < m.rows; i += size)
                for (int j = panel; j < next; j += size) tile(&m, i, j);
        }
    } else {
        for (int panel = 0; panel < m.rows; panel += PANEL) {
            int next = vd_at_most(panel + PANEL, m.rows);
            fetch(m.out, m.ld_out, element, m.columns, next, vd_at_most(next + PANEL, m.rows));
            for (int j = 0; j < m.columns; j += size)
                for (int i = panel; i < next; i += size) tile(&m, i, j);
        }
    }
}

/* n rows, each interleaved with the one n/2 further down: log2(n) times, and the result is the columns */
#define INTERLEAVE(n, low, high, from, to)                \
    for (int r = 0; r < (n) / 2; ++r) {                   \
        to[2 * r] = low(from[r], from[r + (n) / 2]);      \
        to[2 * r + 1] = high(from[r], from[r + (n) / 2]); \
    }
#define TURN_2(n, low, high, a, b)  \
    INTERLEAVE(n, low, high, a, b); \
    INTERLEAVE(n, low, high, b, a)
#define TURN_3(n, low, high, a, b) \
    TURN_2(n, low, high, a, b);    \
    INTERLEAVE(n, low, high, a, b)

#define LOW_4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH_4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define LOW_8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_8(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW_16(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_16(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/* ---- floats ---- */

/* n columns of n numbers, `x`, to the rows of the result */
#define PUT(type, n, x)                                \
    for (int c = 0; c < (n); ++c) {                    \
        type *to = (type *)(out + (size_t)c * ld_out); \
        if (add) *to += x[c];                          \
        else *to = x[c];                               \
    }

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

VD_INLINE void turn_4(const float *in, int ld_in, float *out, int ld_out, int add)
{
    four a[4], b[4];
    for (int r = 0; r < 4; ++r) a[r] = *(const four *)(in + (size_t)r * ld_in);
    TURN_2(4, LOW_4, HIGH_4, a, b)
    PUT(four, 4, a)
}

VD_INLINE void turn_numbers(int rows, int columns, const float *in, int ld_in, float *out, int ld_out, int add)
{
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c) {
            float *to = out + (size_t)c * ld_out + r, x = in[(size_t)r * ld_in + c];
            *to = add ? *to + x : x;
        }
}

#if VD_WIDTH > 4
VD_INLINE void turn_registers(const float *in, int ld_in, float *out, int ld_out, int add)
{
    vd_lanes_in_memory a[VD_WIDTH], b[VD_WIDTH];
    for (int r = 0; r < VD_WIDTH; ++r) a[r] = *(const vd_lanes_in_memory *)(in + (size_t)r * ld_in);
#if VD_WIDTH == 16
    TURN_3(16, LOW_16, HIGH_16, a, b);
    INTERLEAVE(16, LOW_16, HIGH_16, b, a)
    PUT(vd_lanes_in_memory, 16, a)
#else
    TURN_3(8, LOW_8, HIGH_8, a, b)
    PUT(vd_lanes_in_memory, 8, b)
#endif
}
#endif

/* tile i, j of VD_WIDTH x VD_WIDTH numbers; one that reaches over an edge in pieces of 4 x 4, and of less */
VD_INLINE void turn_tile(const matrix *m, int i, int j, int add)
{
    int rows = vd_at_most(VD_WIDTH, m->rows - i), columns = vd_at_most(VD_WIDTH, m->columns - j);
    const float *in = (const float *)m->in + (size_t)i * m->ld_in + j;
    float *out = (float *)m->out + (size_t)j * m->ld_out + i;
#if VD_WIDTH > 4
    if (rows == VD_WIDTH && columns == VD_WIDTH) {
        turn_registers(in, m->ld_in, out, m->ld_out, add);
        return;
    }
#endif
    for (int r = 0; r < rows; r += 4)
        for (int c = 0; c < columns; c += 4) {
            const float *from = in + (size_t)r * m->ld_in + c;
            float *to = out + (size_t)c * m->ld_out + r;
            if (r + 4 <= rows && c + 4 <= columns) turn_4(from, m->ld_in, to, m->ld_out, add);
            else turn_numbers(vd_at_most(4, rows - r), vd_at_most(4, columns - c), from, m->ld_in, to, m->ld_out, add);
        }
}

static void copy_tile(const matrix *m, int i, int j)
{
    turn_tile(m, i, j, 0);
}

static void add_tile(const matrix *m, int i, int j)
{
    turn_tile(m, i, j, 1);
}

void VARIANT(vd_transpose)(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    by_tiles((matrix){rows, columns, in, ld_in, out, ld_out}, VD_WIDTH, sizeof(float), copy_tile);
}

void VARIANT(vd_transpose_add)(int rows, int columns, const float *in, int ld_in, float *out, int ld_out)
{
    by_tiles((matrix){rows, columns, in, ld_in, out, ld_out}, VD_WIDTH, sizeof(float), add_tile);
}

/* ---- 16-bit numbers ---- */

typedef uint16_t eight __attribute__((vector_size(16), aligned(2), may_alias));

static void copy_tile_16(const matrix *m, int i, int j)
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
    TURN_3(8, LOW_8, HIGH_8, a, b)
    for (int c = 0; c < 8; ++c) *(eight *)(out + (size_t)c * m->ld_out) = b[c];
}

void VARIANT(vd_transpose_16)(int rows, int columns, const uint16_t *in, int ld_in, uint16_t *out, int ld_out)
{
    by_tiles((matrix){rows, columns, in, ld_in, out, ld_out}, 8, sizeof(uint16_t), copy_tile_16);
}
