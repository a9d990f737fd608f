/* Backward products over the non-zeros behind a max pool, in vectors. The Makefile builds this file once for each
 * instruction set. */
#include "kernels/products/behind_pool.h"
#include "kernels/lanes.h"
#include "kernels/lengths.h"
#include "kernels/variant.h"

#include <string.h>

/* sums that stay in registers: some rows of some vectors. One more holds the number they are multiplied with */
#if defined(__AVX512F__) || defined(__aarch64__)
#define MOST_ROWS 5
#define MOST_VECTORS(rows) ((rows) == 1 ? 14 : (rows) == 2 ? 12 : (rows) == 3 ? 8 : (rows) == 4 ? 6 : 5)
#else
#define MOST_ROWS 2
#define MOST_VECTORS(rows) ((rows) == 1 ? 12 : 6)
#endif

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

static inline __attribute__((always_inline)) void block(int rows, int vectors, const vd_lists *l, const vd_list_rows *s,
                                                        const float *x, float *y)
{
    const int together = AT_A_TIME(rows * vectors);
    const float *value = l->value;
    const int *row = l->row;
    const size_t x_row = s->x_row, x_step = s->x_step;
    for (int i = 0; i < l->lists; ++i) {
        int e = l->start[i], end = l->start[i + 1];
        if (e == end) continue;
        vd_lanes sum[4][25] = {{{0}}};
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

#ifdef __AVX512FP16__
#define HALF_LANES 32

/* y += scale sum, of which only the lower half may belong to the row */
static inline void add_half_sum(float *y, __m512h sum, float scale, int whole)
{
    __m256h low = _mm512_castph512_ph256(sum), high = (__m256h)_mm512_extracti64x4_epi64((__m512i)sum, 1);
    vd_lanes_in_memory *to = (vd_lanes_in_memory *)y;
    to[0] += scale * (vd_lanes)_mm512_cvtxph_ps(low);
    if (whole) to[1] += scale * (vd_lanes)_mm512_cvtxph_ps(high);
}

/* numbers of x from `left` of its end on are not added to y */
static inline __attribute__((always_inline)) void half_block(int rows, int vectors, const vd_lists *l,
                                                             const vd_list_rows *s, int left, float scale,
                                                             const uint16_t *x, float *y)
{
    const uint32_t *value = l->value;
    const int *row = l->row;
    const size_t x_row = s->x_row, x_step = s->x_step;
    for (int i = 0; i < l->lists; ++i)
        for (int e = l->start[i], end = l->start[i + 1]; e < end;) {
            int last = end - e < VD_LONGEST_HALF_SUM ? end : e + VD_LONGEST_HALF_SUM;
            __m512h sum[25];
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

typedef void half_block_function(const vd_lists *l, const vd_list_rows *s, int left, float scale, const uint16_t *x,
                                 float *y);

#define HALF_BLOCK(rows, vectors)                                                                              \
    static void half_block_##rows##_##vectors(const vd_lists *l, const vd_list_rows *s, int left, float scale, \
                                              const uint16_t *x, float *y)                                     \
    {                                                                                                          \
        half_block(rows, (vectors) <= MOST_VECTORS(rows) ? (vectors) : 1, l, s, left, scale, x, y);            \
    }
#else
#define HALF_BLOCK(rows, vectors)
#endif

/* a function for each size of a block, by number of rows and of vectors */
typedef void block_function(const vd_lists *l, const vd_list_rows *s, const float *x, float *y);

#define BLOCK(rows, vectors)                                                                                 \
    static void block_##rows##_##vectors(const vd_lists *l, const vd_list_rows *s, const float *x, float *y) \
    {                                                                                                        \
        block(rows, (vectors) <= MOST_VECTORS(rows) ? (vectors) : 1, l, s, x, y);                            \
    }                                                                                                        \
    HALF_BLOCK(rows, vectors)
#define BLOCKS(rows) \
    BLOCK(rows, 1)   \
    BLOCK(rows, 2)   \
    BLOCK(rows, 3)   \
    BLOCK(rows, 4)   \
    BLOCK(rows, 5)   \
    BLOCK(rows, 6)   \
    BLOCK(rows, 7)   \
    BLOCK(rows, 8)   \
    BLOCK(rows, 9)   \
    BLOCK(rows, 10)  \
    BLOCK(rows, 11)  \
    BLOCK(rows, 12)  \
    BLOCK(rows, 13)  \
    BLOCK(rows, 14)
#define NAMES(block, rows)                                                                                       \
    {                                                                                                            \
        0, block##_##rows##_1, block##_##rows##_2, block##_##rows##_3, block##_##rows##_4, block##_##rows##_5,   \
            block##_##rows##_6, block##_##rows##_7, block##_##rows##_8, block##_##rows##_9, block##_##rows##_10, \
            block##_##rows##_11, block##_##rows##_12, block##_##rows##_13, block##_##rows##_14                   \
    }
#if MOST_ROWS == 5
#define ALL_NAMES(block) NAMES(block, 1), NAMES(block, 2), NAMES(block, 3), NAMES(block, 4), NAMES(block, 5)
#else
#define ALL_NAMES(block) NAMES(block, 1), NAMES(block, 2)
#endif
BLOCKS(1)
BLOCKS(2)
#if MOST_ROWS == 5
BLOCKS(3)
BLOCKS(4)
BLOCKS(5)
#endif

static block_function *const blocks[][15] = {ALL_NAMES(block)};

/* Rows and vectors are cut into equal blocks: body is what is done for a block of `rows` rows from row r, of n vectors
 * from vector v */
#define FOR_BLOCKS(s, vectors, lanes, body)                                                                            \
    for (int most_rows = vd_at_most(MOST_ROWS, (s).block_rows), bands = ((s).rows + most_rows - 1) / most_rows, i = 0; \
         i < bands; ++i) {                                                                                             \
        int r = vd_first_of_part((s).rows, i, bands), rows = vd_first_of_part((s).rows, i + 1, bands) - r;             \
        int most = vd_at_most(MOST_VECTORS(rows), (s).block_length / (lanes)), pieces = ((vectors) + most - 1) / most; \
        for (int k = 0; k < pieces; ++k) {                                                                             \
            int v = vd_first_of_part(vectors, k, pieces), n = vd_first_of_part(vectors, k + 1, pieces) - v;            \
            body;                                                                                                      \
        }                                                                                                              \
    }

static void add_lists_v(vd_lists l, vd_list_rows s, const float *x, float *y)
{
    FOR_BLOCKS(s, s.length / VD_WIDTH, VD_WIDTH,
               blocks[rows - 1][n](&l, &s, x + r * s.x_step + v * VD_WIDTH, y + r * s.y_step + v * VD_WIDTH))
}

#ifdef __AVX512FP16__
static half_block_function *const half_blocks[][15] = {ALL_NAMES(half_block)};

static void add_lists_half_v(vd_lists l, vd_list_rows s, float scale, const uint16_t *x, float *y)
{
    s.block_length = s.block_length < HALF_LANES ? HALF_LANES : s.block_length;
    FOR_BLOCKS(s, (s.length + HALF_LANES - 1) / HALF_LANES, HALF_LANES,
               half_blocks[rows - 1][n](&l, &s, s.length - v * HALF_LANES, scale, x + r * s.x_step + v * HALF_LANES,
                                        y + r * s.y_step + v * HALF_LANES))
}
#endif

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
