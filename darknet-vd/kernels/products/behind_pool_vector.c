/* Backward products over the non-zeros behind a max pool, in vectors. The Makefile builds this file once for each
 * instruction set. */
#include "kernels/products/behind_pool.h"
#include "kernels/lanes.h"
#include "kernels/lengths.h"
#include "kernels/variant.h"

#include <string.h>

/* ---- sums of lists ---- */

/* Sums stay in registers: a block is some rows of some vectors, and has a function for its size. SIZES(f) is f(rows,
 * vectors) for each size that leaves room for the number they are multiplied with and for the one added. */
#define UP_TO_5(f, rows) f(rows, 1) f(rows, 2) f(rows, 3) f(rows, 4) f(rows, 5)
#define UP_TO_6(f, rows) UP_TO_5(f, rows) f(rows, 6)
#define UP_TO_8(f, rows) UP_TO_6(f, rows) f(rows, 7) f(rows, 8)
#define UP_TO_12(f, rows) UP_TO_8(f, rows) f(rows, 9) f(rows, 10) f(rows, 11) f(rows, 12)
#define UP_TO_14(f, rows) UP_TO_12(f, rows) f(rows, 13) f(rows, 14)
#if defined(__AVX512F__) || defined(__aarch64__) /* 32 registers */
enum { MOST_ROWS = 5, MOST_VECTORS = 14 };
static const int most_vectors[MOST_ROWS + 1] = {0, 14, 12, 8, 6, 5}; /* of a block of so many rows */
#define SIZES(f) UP_TO_14(f, 1) UP_TO_12(f, 2) UP_TO_8(f, 3) UP_TO_6(f, 4) UP_TO_5(f, 5)
#else /* 16 */
enum { MOST_ROWS = 2, MOST_VECTORS = 12 };
static const int most_vectors[MOST_ROWS + 1] = {0, 12, 6};
#define SIZES(f) UP_TO_12(f, 1) UP_TO_6(f, 2)
#endif
enum { MOST_SUMS = 25 }; /* of a block */

/* what all blocks of a call share */
typedef struct {
    vd_lists l;
    vd_list_rows s;
    const void *x; /* float; fp16 for add_lists_half */
    float *y;
    float scale; /* for add_lists_half */
} product;

/* adds the sums of a block: its rows from `row` on, its vectors from `vector` on */
typedef void block_function(const product *p, int row, int vector);

/* Rows are cut into equal bands, and bands into equal blocks of vectors of `lanes` numbers. of[rows][vectors]: the
 * functions */
static void add_blocks(const product *p, int lanes, block_function *const of[MOST_ROWS + 1][MOST_VECTORS + 1])
{
    vd_list_rows s = p->s;
    int most_rows = vd_at_most(MOST_ROWS, s.block_rows), bands = (s.rows + most_rows - 1) / most_rows;
    int all = (s.length + lanes - 1) / lanes, most_lanes = vd_at_least(1, s.block_length / lanes);
    for (int i = 0; i < bands; ++i) {
        int row = vd_first_of_part(s.rows, i, bands), rows = vd_first_of_part(s.rows, i + 1, bands) - row;
        int most = vd_at_most(most_vectors[rows], most_lanes), blocks = (all + most - 1) / most;
        for (int k = 0; k < blocks; ++k) {
            int vector = vd_first_of_part(all, k, blocks), vectors = vd_first_of_part(all, k + 1, blocks) - vector;
            of[rows][vectors](p, row, vector);
        }
    }
}

/* An addition waits for the one before it in its lane: a block of few sums takes several numbers of a list at a time,
 * each with sums of its own */
#define AT_A_TIME(sums) ((sums) >= 8 ? 1 : (sums) >= 4 ? 2 : 4)

static inline __attribute__((always_inline)) void add_number(int rows, int vectors, vd_lanes *sum, float value,
                                                             const float *x, size_t x_step)
{
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r, x += x_step)
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v)
            sum[r * vectors + v] += value * *(const vd_lanes_in_memory *)(x + v * VD_WIDTH);
}

/* rows and vectors are constants where this is inlined */
static inline __attribute__((always_inline)) void add_block(int rows, int vectors, const product *p, int first_row,
                                                            int vector)
{
    const int together = AT_A_TIME(rows * vectors);
    const vd_lists *l = &p->l;
    const vd_list_rows *s = &p->s;
    const float *value = l->value;
    const int *row = l->row;
    const size_t x_row = s->x_row, x_step = s->x_step;
    const float *x = (const float *)p->x + first_row * x_step + vector * VD_WIDTH;
    float *y = p->y + first_row * s->y_step + vector * VD_WIDTH;
    for (int i = 0; i < l->lists; ++i) {
        int e = l->start[i], end = l->start[i + 1];
        if (e == end) continue;
        vd_lanes sum[4][MOST_SUMS] = {{{0}}};
        for (; e + together <= end; e += together)
#pragma GCC unroll 4
            for (int t = 0; t < together; ++t)
                add_number(rows, vectors, sum[t], value[e + t], x + row[e + t] * x_row, x_step);
        for (; together > 1 && e < end; ++e) add_number(rows, vectors, sum[0], value[e], x + row[e] * x_row, x_step);
        float *to = y + l->at[i];
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r, to += s->y_step)
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) {
                int q = r * vectors + v;
                vd_lanes all = sum[0][q];
                if (together == 2) all += sum[1][q];
                if (together == 4) all = all + sum[1][q] + (sum[2][q] + sum[3][q]);
                *(vd_lanes_in_memory *)(to + v * VD_WIDTH) += all;
            }
    }
}

#define BLOCK(rows, vectors)                                                    \
    static void block_##rows##_##vectors(const product *p, int row, int vector) \
    {                                                                           \
        add_block(rows, vectors, p, row, vector);                               \
    }
SIZES(BLOCK)

static void add_lists_v(vd_lists l, vd_list_rows s, const float *x, float *y)
{
#define BLOCK_NAME(rows, vectors) [rows][vectors] = block_##rows##_##vectors,
    static block_function *const of[MOST_ROWS + 1][MOST_VECTORS + 1] = {SIZES(BLOCK_NAME)};
    product p = {.l = l, .s = s, .x = x, .y = y};
    add_blocks(&p, VD_WIDTH, of);
}

#ifdef __AVX512FP16__
enum { HALF_LANES = 32 };

/* y += scale sum, of which only the lower half may belong to the row */
static inline void add_half_sum(float *y, __m512h sum, float scale, int whole)
{
    __m256h low = _mm512_castph512_ph256(sum), high = (__m256h)_mm512_extracti64x4_epi64((__m512i)sum, 1);
    vd_lanes_in_memory *to = (vd_lanes_in_memory *)y;
    to[0] += scale * (vd_lanes)_mm512_cvtxph_ps(low);
    if (whole) to[1] += scale * (vd_lanes)_mm512_cvtxph_ps(high);
}

/* likewise */
static inline __attribute__((always_inline)) void add_half_block(int rows, int vectors, const product *p, int first_row,
                                                                 int vector)
{
    const vd_lists *l = &p->l;
    const vd_list_rows *s = &p->s;
    const uint32_t *value = l->value;
    const int *row = l->row;
    const size_t x_row = s->x_row, x_step = s->x_step;
    const uint16_t *x = (const uint16_t *)p->x + first_row * x_step + vector * HALF_LANES;
    float *y = p->y + first_row * s->y_step + vector * HALF_LANES, scale = p->scale;
    const int left = s->length - vector * HALF_LANES; /* numbers of a row; those of x behind them are not added to y */
    for (int i = 0; i < l->lists; ++i)
        for (int e = l->start[i], end = l->start[i + 1]; e < end;) {
            int last = end - e < VD_LONGEST_HALF_SUM ? end : e + VD_LONGEST_HALF_SUM;
            __m512h sum[MOST_SUMS];
#pragma GCC unroll 25
            for (int q = 0; q < rows * vectors; ++q) sum[q] = _mm512_setzero_ph();
            for (; e < last; ++e) {
                __m512h d = (__m512h)_mm512_set1_epi32((int)value[e]);
                const uint16_t *from = x + row[e] * x_row;
#pragma GCC unroll 16
                for (int r = 0; r < rows; ++r, from += x_step)
#pragma GCC unroll 16
                    for (int v = 0; v < vectors; ++v)
                        sum[r * vectors + v] =
                            _mm512_fmadd_ph(d, _mm512_loadu_ph(from + v * HALF_LANES), sum[r * vectors + v]);
            }
            float *to = y + l->at[i];
#pragma GCC unroll 16
            for (int r = 0; r < rows; ++r, to += s->y_step)
#pragma GCC unroll 16
                for (int v = 0; v < vectors; ++v)
                    add_half_sum(to + v * HALF_LANES, sum[r * vectors + v], scale, (v + 1) * HALF_LANES <= left);
        }
}

#define HALF_BLOCK(rows, vectors)                                                    \
    static void half_block_##rows##_##vectors(const product *p, int row, int vector) \
    {                                                                                \
        add_half_block(rows, vectors, p, row, vector);                               \
    }
SIZES(HALF_BLOCK)

static void add_lists_half_v(vd_lists l, vd_list_rows s, float scale, const uint16_t *x, float *y)
{
#define HALF_NAME(rows, vectors) [rows][vectors] = half_block_##rows##_##vectors,
    static block_function *const of[MOST_ROWS + 1][MOST_VECTORS + 1] = {SIZES(HALF_NAME)};
    product p = {l, s, x, y, scale};
    add_blocks(&p, HALF_LANES, of);
}
#endif

/* ---- what is not zero ---- */

#ifdef __AVX512F__
static int list_of_plane_v(vd_pooled_plane p, const float *y, float *d, const int *index, const float *gain,
                           const int *where, int *pixel, int *row, float *value, float *varied, float *sum)
{
    const __m512 zero = _mm512_setzero_ps(), slope = _mm512_set1_ps(p.slope);
    __m512 total = zero;
    int n = 0;
    for (int i = 0; i < p.windows; i += 16) {
        __mmask16 some = p.windows - i >= 16 ? 0xffff : (__mmask16)((1u << (p.windows - i)) - 1);
        __m512 g = _mm512_maskz_loadu_ps(some, d + i);
        __mmask16 off = _mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(some, y + i), zero, _CMP_NGT_UQ);
        g = _mm512_mask_mul_ps(g, off, g, slope);
        _mm512_mask_storeu_ps(d + i, some, g);
        total = _mm512_add_ps(total, g);
        __mmask16 kept = _mm512_mask_cmp_ps_mask(some, g, zero, _CMP_NEQ_UQ);
        __m512i at = _mm512_sub_epi32(_mm512_maskz_loadu_epi32(some, index + i), _mm512_set1_epi32(p.base));
        at = _mm512_maskz_compress_epi32(kept, at); /* pixel 0 behind the last: has a place, too */
        _mm512_storeu_ps(value + n, _mm512_maskz_compress_ps(kept, g));
        _mm512_storeu_si512(pixel + n, at);
        _mm512_storeu_si512(row + n, where ? _mm512_i32gather_epi32(at, where, 4) : at);
        if (gain) {
            __m512 z = _mm512_mul_ps(g, _mm512_maskz_loadu_ps(some, gain + i));
            _mm512_storeu_ps(varied + n, _mm512_maskz_compress_ps(kept, z));
        }
        n += __builtin_popcount(kept);
    }
    *sum += _mm512_reduce_add_ps(total);
    return n;
}

static int not_zero_v(int n, const float *x, int *at, float *value)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int found = 0;
    for (int i = 0; i < n; i += 16) {
        __mmask16 some = n - i >= 16 ? 0xffff : (__mmask16)((1u << (n - i)) - 1);
        __m512 v = _mm512_maskz_loadu_ps(some, x + i);
        __mmask16 kept = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
        if (at) {
            __m512i places = _mm512_add_epi32(lane, _mm512_set1_epi32(i));
            _mm512_storeu_si512(at + found, _mm512_maskz_compress_epi32(kept, places));
            _mm512_storeu_ps(value + found, _mm512_maskz_compress_ps(kept, v));
        }
        found += __builtin_popcount(kept);
    }
    return found;
}
#else
/* without branches: which gradients are zero cannot be foreseen */
static int list_of_plane_v(vd_pooled_plane p, const float *y, float *d, const int *index, const float *gain,
                           const int *where, int *pixel, int *row, float *value, float *varied, float *sum)
{
    int n = 0;
    float total[4] = {0};
    for (int i = 0; i < p.windows; ++i) {
        float g = d[i] * (y[i] > 0 ? 1 : p.slope);
        int at = index[i] - p.base;
        d[i] = g;
        total[i % 4] += g;
        pixel[n] = at;
        row[n] = where ? where[at] : at;
        value[n] = g;
        if (gain) varied[n] = g * gain[i];
        n += g != 0;
    }
    *sum += total[0] + total[1] + (total[2] + total[3]);
    return n;
}

static int not_zero_v(int n, const float *x, int *at, float *value)
{
    int found = 0;
    for (int i = 0; !at && i < n; ++i) found += x[i] != 0;
    for (int i = 0; at && i < n; ++i) {
        at[found] = i;
        value[found] = x[i];
        found += x[i] != 0;
    }
    return found;
}
#endif

/* ---- windows ---- */

#ifdef __AVX512F__
/* Lines of a window are loaded under a mask, each into the lanes where it belongs */
typedef struct {
    int from; /* of lane 0, in numbers of the image */
    __mmask16 lanes;
} piece;

/* the pieces of all vectors of a row, those of vector v from first[v] on */
static void cut_windows(vd_windows s, piece *pieces, int *first)
{
    int all = s.c * s.size * s.size, n = 0;
    for (int v = 0; v < s.length / VD_WIDTH; ++v) {
        first[v] = n;
        for (int k = v * VD_WIDTH; k < (v + 1) * VD_WIDTH && k < all;) {
            int left = s.size - k % s.size, room = (v + 1) * VD_WIDTH - k, some = left < room ? left : room;
            int line = (k / s.size / s.size * s.h + k / s.size % s.size) * s.w + k % s.size, lane = k % VD_WIDTH;
            pieces[n++] = (piece){line - lane, (__mmask16)(((1u << some) - 1) << lane)};
            k += some;
        }
    }
    first[s.length / VD_WIDTH] = n;
}

/* windows next to each other, from `corner` on: each piece is looked up once for all of them; n is a constant where
 * this is inlined */
static inline __attribute__((always_inline)) void windows_of_line(const int n, vd_windows s, const piece *pieces,
                                                                  const int *first, const float *corner, float *rows,
                                                                  float *squares)
{
    for (int v = 0; v < s.length / VD_WIDTH; ++v, rows += VD_WIDTH) {
        __m512 x[8];
#pragma GCC unroll 8
        for (int k = 0; k < n; ++k) x[k] = _mm512_setzero_ps();
        for (int p = first[v]; p < first[v + 1]; ++p) {
            const float *from = corner + pieces[p].from;
            __mmask16 lanes = pieces[p].lanes;
#pragma GCC unroll 8
            for (int k = 0; k < n; ++k) x[k] = _mm512_mask_loadu_ps(x[k], lanes, from + k * s.stride);
        }
#pragma GCC unroll 8
        for (int k = 0; k < n; ++k) _mm512_storeu_ps(rows + k * s.length, x[k]);
        if (!squares) continue;
#pragma GCC unroll 8
        for (int k = 0; k < n; ++k) _mm512_storeu_ps(squares + k * s.length, _mm512_mul_ps(x[k], x[k]));
        squares += VD_WIDTH;
    }
}

static void windows_v(vd_windows s, const float *image, float *rows, float *squares)
{
    enum { TOGETHER = 8 };
    piece pieces[VD_LONGEST_WINDOW];
    int first[VD_LONGEST_WINDOW / VD_WIDTH + 1];
    cut_windows(s, pieces, first);
    for (int i = 0; i < s.out_h; ++i)
        for (int j = 0, some; j < s.out_w; j += some) {
            const float *corner = image + ((size_t)i * s.w + j) * s.stride;
            some = s.out_w - j < TOGETHER ? 1 : TOGETHER;
            if (some == 1) windows_of_line(1, s, pieces, first, corner, rows, squares);
            else windows_of_line(TOGETHER, s, pieces, first, corner, rows, squares);
            rows += (size_t)some * s.length;
            if (squares) squares += (size_t)some * s.length;
        }
}
#else
/* Lines of a window are copied some numbers at a time: what is too much is overwritten by the next line, or by the next
 * row */
static void windows_v(vd_windows s, const float *image, float *rows, float *squares)
{
    enum { ROW_END = VD_LIST_LANES, UNIT = ROW_END < 8 ? ROW_END : 8 };
    typedef float unit __attribute__((vector_size(4 * UNIT), aligned(4), may_alias));
    for (int i = 0; i < s.out_h; ++i)
        for (int j = 0; j < s.out_w; ++j, rows += s.length) {
            const float *corner = image + ((size_t)i * s.w + j) * s.stride;
            float *to = rows, *to_squares = squares;
            memset(rows + s.length - ROW_END, 0, ROW_END * sizeof(float));
            if (squares) memset(squares + s.length - ROW_END, 0, ROW_END * sizeof(float));
            for (int c = 0; c < s.c; ++c, corner += (size_t)s.h * s.w) {
                const float *from = corner;
                for (int kh = 0; kh < s.size; ++kh, from += s.w, to += s.size) {
                    for (int k = 0; k < s.size; k += UNIT) {
                        unit x = *(const unit *)(from + k);
                        *(unit *)(to + k) = x;
                        if (squares) *(unit *)(to_squares + k) = x * x;
                    }
                    if (squares) to_squares += s.size;
                }
            }
            if (squares) squares += s.length;
        }
}
#endif

const vd_behind_pool_kernels VARIANT(vd_behind_pool) = {.add_lists = add_lists_v,
#ifdef __AVX512FP16__
                                                        .add_lists_half = add_lists_half_v,
#endif
                                                        .list_of_plane = list_of_plane_v,
                                                        .not_zero = not_zero_v,
                                                        .windows = windows_v};
