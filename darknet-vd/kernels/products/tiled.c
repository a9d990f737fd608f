#include "kernels/products/tiled.h"
#include "kernels/kernels.h"
#include "kernels/lengths.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <string.h>

/* B is copied to panels of rows that lie one after the other. A panel stays in a near cache while all of its columns of
 * C are made. */
enum {
    ROWS = 20 * VD_BLOCK_ROWS, /* of A at a time */
    DEPTH = 256,               /* numbers of k at a time, of type float */
    HALF_DEPTH = 800,          /* of fp16 */
    PANEL = 32,                /* columns: whole vectors of floats; of fp16 twice as many */
    PANEL_BYTES = 32768,
    FEW_ROWS = 2 * VD_BLOCK_ROWS, /* so few read B so seldom that it need not be copied */
    DOTS = 4                      /* rows of A; with B transposed, each number of B is used only that often */
};

/* out[p][i] = in[p ld + i], i < rows. Where VD_BLOCK_ROWS numbers may be read, as many are copied, and the next row
 * overwrites those too many */
#define COPY_ROWS(of)                                                 \
    for (int p = 0; p + 1 < k && wide; ++p, in += ld, out += rows)    \
        for (int i = 0; i < VD_BLOCK_ROWS; ++i) out[i] = of(in[i]);   \
    for (int p = wide ? k - 1 : 0; p < k; ++p, in += ld, out += rows) \
        for (int i = 0; i < rows; ++i) out[i] = of(in[i])

#define ONCE(x) (x)
#define TWICE(x) (0x10001u * (x))

static void copy_floats(int k, int rows, int wide, const float *restrict in, long ld, float *restrict out)
{
    COPY_ROWS(ONCE);
}

static void copy_halves(int k, int rows, int wide, const uint16_t *restrict in, long ld, uint32_t *restrict out)
{
    COPY_ROWS(TWICE);
}

void vd_tiled_pack(vd_type type, int m, int k, int block, const void *a, int lda, int transpose_a, float *packed)
{
    int first = vd_first_of_block(m, block), rows = vd_first_of_block(m, block + 1) - first;
    float *out = packed + (size_t)first * k;
    if (type == VD_FLOAT) {
        if (transpose_a) copy_floats(k, rows, first + VD_BLOCK_ROWS <= m, a, lda, out);
        else vd_transpose_type(type, rows, k, a, lda, out, rows);
    } else {
        if (transpose_a) {
            copy_halves(k, rows, first + VD_BLOCK_ROWS <= m, a, lda, (void *)out);
            return;
        }
        uint16_t *columns = (void *)vd_scratch(VD_SCRATCH_TILE_B, ((size_t)rows * k + 1) / 2);
        uint32_t *twice = (void *)out;
        vd_transpose_type(type, rows, k, a, lda, columns, rows);
        for (int i = 0; i < rows * k; ++i) twice[i] = TWICE(columns[i]);
    }
}

typedef struct {
    vd_gemm_shape s;
    vd_type type;
    size_t size; /* bytes of a number */
    const float *packed, *scales;
    const char *b;
    float scale, *c;
} product;

static const char *b_at(const product *g, int p, int j)
{
    long at = g->s.transpose_b ? (long)j * g->s.ldb + p : (long)p * g->s.ldb + j;
    return g->b + at * (long)g->size;
}

/* the columns of a panel of depth k */
static int panel_of(const product *g, int k)
{
    int least = g->type == VD_FLOAT ? PANEL : 2 * PANEL, most = PANEL_BYTES / (k * (int)g->size) / least * least;
    return most > least ? most : least;
}

/* numbers p .. p + k - 1 of every sum */
static void multiply_part(const product *g, int p, int k, void (*tile)(vd_tile t))
{
    vd_gemm_shape s = g->s;
    int panel = panel_of(g, k), blocks = vd_blocks(s.m);
    int in_place = !s.transpose_b && (s.m <= FEW_ROWS || (s.ldb == s.n && s.n <= panel));
    vd_tile t = {.k = k, .a_row = 1, .ldc = s.ldc, .add = s.add || p > 0, .twice = 1};
    char *copy = in_place ? 0 : (char *)vd_scratch(VD_SCRATCH_TILE_B, (size_t)panel * k);
    for (int j = 0; j < s.n; j += panel) {
        t.n = s.n - j < panel ? s.n - j : panel;
        t.x = in_place ? b_at(g, p, j) : copy;
        t.ldx = in_place ? s.ldb : panel;
        if (s.transpose_b) vd_transpose_type(g->type, t.n, k, b_at(g, p, j), s.ldb, copy, panel);
        for (int q = 0; !s.transpose_b && !in_place && q < k; ++q)
            memcpy(copy + g->size * q * panel, b_at(g, p + q, j), g->size * t.n);
        for (int b = 0; b < blocks; ++b) {
            int first = vd_first_of_block(s.m, b);
            t.m = (int)(t.a_step = vd_first_of_block(s.m, b + 1) - first);
            t.a = g->packed + (long)first * s.k + (long)p * t.m;
            t.c = g->c + (long)first * s.ldc + j;
            t.scale = g->scales ? g->scale * g->scales[b] : g->scale;
            tile(t);
        }
    }
}

void vd_tiled_multiply(vd_gemm_shape s, vd_type type, const float *packed, const float *scales, const void *b,
                       float scale, float *c)
{
    product g = {s, type, vd_type_size(type), packed, scales, b, scale, c};
    int depth = type == VD_FLOAT ? DEPTH : HALF_DEPTH, parts = (s.k + depth - 1) / depth;
    const vd_kernels *kernels = vd_kernels_get();
    for (int q = 0; q < parts; ++q) {
        int p = vd_first_of_part(s.k, q, parts), k = vd_first_of_part(s.k, q + 1, parts) - p;
        multiply_part(&g, p, k, type == VD_FLOAT ? kernels->tile : kernels->tile_half);
    }
}

static void multiply_dots(vd_gemm_shape s, const float *a, const float *b, float scale, float *c)
{
    const vd_kernels *k = vd_kernels_get();
    for (int j = 0; j < s.n; ++j) {
        for (int i = 0; i < s.m; ++i) {
            float *to = c + (long)i * s.ldc + j;
            *to = (s.add ? *to : 0) + scale * k->dot(s.k, 0, a + (long)i * s.lda, b + (long)j * s.ldb);
        }
    }
}

void vd_tiled_gemm(vd_gemm_shape s, vd_type type, const void *a, const void *b, float scale, float *c)
{
    if (type == VD_FLOAT && s.m <= DOTS && s.transpose_b && !s.transpose_a) {
        multiply_dots(s, a, b, scale, c);
        return;
    }
    int pieces = (s.m + ROWS - 1) / ROWS;
    for (int r = 0; r < pieces; ++r) {
        int i = vd_first_of_part(s.m, r, pieces), m = vd_first_of_part(s.m, r + 1, pieces) - i;
        float *packed = vd_scratch(VD_SCRATCH_TILE_A, (size_t)m * s.k);
        for (int block = 0; block < vd_blocks(m); ++block) {
            long row = i + vd_first_of_block(m, block), at = s.transpose_a ? row : row * s.lda;
            vd_tiled_pack(type, m, s.k, block, (const char *)a + at * (long)vd_type_size(type), s.lda, s.transpose_a,
                          packed);
        }
        vd_gemm_shape part = s;
        part.m = m;
        vd_tiled_multiply(part, type, packed, 0, b, scale, c + (long)i * s.ldc);
    }
}
