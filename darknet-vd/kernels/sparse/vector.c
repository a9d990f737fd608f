/* The sparse kernels in vectors. The Makefile builds this file once for each instruction set, as it does vector.c. */
#include "kernels/sparse_kernels.h"
#include "kernels/lane_masks.h"
#include "kernels/lanes.h"
#include "kernels/lengths.h"
#include "kernels/sparse/layout.h"
#include "kernels/variant.h"

#include <string.h>

/* numbers in a register; registers for sums */
#if defined(__AVX512F__)
enum { WIDTH = VD_WIDTH, MOST = 28 };
#elif defined(__aarch64__)
enum { WIDTH = VD_WIDTH, MOST = 24 };
#else
enum { WIDTH = VD_WIDTH, MOST = 12 };
#endif
typedef float vector __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int mask __attribute__((vector_size(4 * WIDTH)));
enum { PARTS = VD_SPARSE_LANES / WIDTH, UNITS = MOST / PARTS }; /* a unit: VD_SPARSE_LANES numbers */

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE vector load(const float *x)
{
    return *(const vector *)x;
}

ALWAYS_INLINE void store(float *x, vector v)
{
    *(vector *)x = v;
}

ALWAYS_INLINE vector leaky(float slope, vector x)
{
    mask positive = x > 0;
    return (vector)(((mask)x & positive) | ((mask)(x * slope) & ~positive));
}

/* ---- what becomes of a row's sums ---- */

#ifdef __AVX512F__
/* A vector is stored without a mask where the next ones overwrite its surplus */
ALWAYS_INLINE void end_row(const int n, const layout *to, float slope, const vector *a, float *out)
{
    const __m512 slopes = _mm512_set1_ps(slope);
#pragma GCC unroll 32
    for (int k = 0; k < n; ++k) {
        __m512 x = (__m512)a[k];
        x = _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NGT_UQ), x, slopes);
        if (to->keep[k] != 0xffff) x = _mm512_maskz_compress_ps(to->keep[k], x);
        int at = to->at[k], left = to->kept - at;
        if (left >= WIDTH) _mm512_storeu_ps(out + at, x);
        else _mm512_mask_storeu_ps(out + at, lanes_between(0, left), x);
    }
}
#else
ALWAYS_INLINE void copy(float *to, const float *from, int n)
{
    int i = 0;
    for (; i + WIDTH <= n; i += WIDTH) store(to + i, load(from + i));
    for (; i < n; ++i) to[i] = from[i];
}

ALWAYS_INLINE void end_row(const int n, const layout *to, float slope, const vector *a, float *out)
{
    float line[MOST * WIDTH];
#pragma GCC unroll 32
    for (int k = 0; k < n; ++k) store(line + k * WIDTH, leaky(slope, a[k]));
    for (int i = 0; i < to->runs; ++i) copy(out + to->run[i].to, line + to->run[i].from, to->run[i].n);
}
#endif

/* ---- sums ---- */

/* n registers of sums for each row, the last unit of them `back` numbers early; n is a constant where it is inlined */
ALWAYS_INLINE void tile(const int n, vd_sparse_rows s, const float *x, size_t back, const float *bias, float *y,
                        size_t stride, const vd_sparse_end *end, const layout *to)
{
    for (int i = 0; i < s.rows; ++i) {
        int row = s.row[i];
        vector a[MOST];
        if (bias) {
            vector b = bias[row] - (vector){0};
#pragma GCC unroll 32
            for (int k = 0; k < n; ++k) a[k] = b;
        } else {
#pragma GCC unroll 32
            for (int k = 0; k < n; ++k) a[k] = load(y + row * stride + k * WIDTH);
        }
        const vd_sparse_entry *e = s.entry + s.start[i], *last = s.entry + s.start[i + 1];
        for (; e < last; ++e) {
            const float *from = x + e->offset;
            __asm__("" : "+r"(from)); /* keep one address, not one for each load */
            const float *early = from - back;
            vector v = e->value - (vector){0};
#pragma GCC unroll 32
            for (int k = 0; k < n; ++k) a[k] += v * load((k < n - PARTS ? from : early) + k * WIDTH);
        }
        if (end) {
            end_row(n, to, end->slope, a, end->out + row * end->stride + to->first);
        } else {
#pragma GCC unroll 32
            for (int k = 0; k < n; ++k) store(y + row * stride + k * WIDTH, a[k]);
        }
    }
}

#define TILES(T) T(1) T(2) T(3) T(4) T(5) T(6) T(7) T(8) T(9) T(10) T(11) T(12) T(13) T(14)
#define MORE_TILES(T) T(15) T(16) T(17) T(18) T(19) T(20) T(21) T(22) T(23) T(24) T(25) T(26) T(27) T(28)

#define DEFINE(units)                                                                                         \
    static void tile_##units(vd_sparse_rows s, const float *x, size_t back, const float *bias, float *y,      \
                             size_t stride, const vd_sparse_end *end, const layout *to)                       \
    {                                                                                                         \
        if (units <= UNITS) tile((units <= UNITS ? units : 1) * PARTS, s, x, back, bias, y, stride, end, to); \
    }
TILES(DEFINE)
MORE_TILES(DEFINE)

#define LIST(units) tile_##units,
static void (*const tiles[])(vd_sparse_rows s, const float *x, size_t back, const float *bias, float *y, size_t stride,
                             const vd_sparse_end *end, const layout *to) = {TILES(LIST) MORE_TILES(LIST)};

static void sums_v(vd_sparse_rows s, size_t lanes, const float *x, const float *bias, float *y, size_t stride,
                   const vd_sparse_end *end)
{
    size_t units = (lanes + VD_SPARSE_LANES - 1) / VD_SPARSE_LANES;
    size_t parts = (units + UNITS - 1) / UNITS, each = (units + parts - 1) / parts;
    layout to;
    for (size_t u = 0; u < units; u += each) {
        size_t n = units - u < each ? units - u : each, lane = u * VD_SPARSE_LANES;
        size_t back = u + n == units ? units * VD_SPARSE_LANES - lanes : 0;
        if (end) make_layout(&to, end, end->first + lane, (int)n, (int)back);
        tiles[n - 1](s, x + lane, back, bias, y ? y + lane : 0, stride, end, &to);
    }
}

/* ---- planes ---- */

#ifdef __AVX512F__
/* in complete vectors: their surplus is zeros, in the place of the next line or after the plane's last */
ALWAYS_INLINE void pack_line(float *line, const float *image, int pitch, int from, int to)
{
    for (int j = 0; j < pitch; j += 16)
        _mm512_storeu_ps(line + j, _mm512_maskz_loadu_ps(lanes_within(16, from - j, to - j), image + j));
}

/* the same at stride 2 */
ALWAYS_INLINE void pack_every_second(float *line, const float *image, int pitch, int from, int to)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    from = 2 * from;
    to = 2 * to - 1;
    for (int j = 0; j < pitch; j += 16) {
        int at = 2 * j;
        __m512 low = _mm512_maskz_loadu_ps(lanes_within(16, from - at, to - at), image + at);
        __m512 high = _mm512_maskz_loadu_ps(lanes_within(16, from - at - 16, to - at - 16), image + at + 16);
        _mm512_storeu_ps(line + j, _mm512_permutex2var_ps(low, even, high));
    }
}
#else
ALWAYS_INLINE void pack_line(float *line, const float *image, int pitch, int from, int to)
{
    for (int j = 0; j < from; ++j) line[j] = 0;
    copy(line + from, image + from, to - from);
    for (int j = to; j < pitch; ++j) line[j] = 0;
}
#endif

ALWAYS_INLINE void pack_strided_line(float *line, const float *image, int stride, int pitch, int from, int to)
{
#ifdef __AVX512F__
    if (stride == 2) {
        pack_every_second(line, image, pitch, from, to);
        return;
    }
#endif
    for (int j = 0; j < from; ++j) line[j] = 0;
    for (int j = from; j < to; ++j) line[j] = image[(long)j * stride];
    for (int j = to; j < pitch; ++j) line[j] = 0;
}

/* the plane's lines lie one after the other in the image */
ALWAYS_INLINE int is_whole(vd_sparse_planes s, vd_sparse_plane plane)
{
    return s.stride == 1 && s.down == 1 && s.pitch == s.w && plane.column == 0 && plane.row >= 0 &&
           plane.row + s.lines <= s.h;
}

static void pack_v(vd_sparse_planes s, int first, int last, const float *image, float *x)
{
    size_t numbers = (size_t)s.lines * s.pitch;
    for (int p = first; p < last; ++p) {
        vd_sparse_plane plane = s.plane[p];
        const float *channel = image + (size_t)plane.channel * s.h * s.w;
        float *line = x + p * s.size;
        int from, to;
        if (is_whole(s, plane)) {
            memcpy(line, channel + plane.row * s.w, numbers * sizeof(float));
            memset(line + numbers, 0, (s.size - numbers) * sizeof(float));
            continue;
        }
        vd_outputs_inside(s.w, s.pitch, plane.column, s.stride, &from, &to);
        for (int i = 0; i < s.lines; ++i, line += s.pitch) {
            int row = i * s.down + plane.row;
            const float *first_one = channel + (long)row * s.w + plane.column; /* number 0: may be outside the image */
            if (row < 0 || row >= s.h) memset(line, 0, s.pitch * sizeof(float));
            else if (s.stride == 1) pack_line(line, first_one, s.pitch, from, to);
            else pack_strided_line(line, first_one, s.stride, s.pitch, from, to);
        }
        memset(line, 0, (s.size - numbers) * sizeof(float));
    }
}

/* ---- panels ---- */

#ifdef __AVX512F__
ALWAYS_INLINE __m512 slot(__m512 sum, __m512 low, __m512 high, const uint8_t *index, const float *value)
{
    __m512i i = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)index));
    return _mm512_fmadd_ps(_mm512_loadu_ps(value), _mm512_permutex2var_ps(low, i, high), sum);
}

enum { CHAINS = 4 }; /* sums side by side, because each addition waits for the one before it */

/* a block of n slots; n is a constant where this is inlined */
ALWAYS_INLINE void multiply_block(const int n, const float *x, const uint8_t *index, const float *value, __m512 *sums)
{
    __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
#pragma GCC unroll 32
    for (int k = 0; k < n; ++k) sums[k % CHAINS] = slot(sums[k % CHAINS], low, high, index + 16 * k, value + 16 * k);
}

/* all blocks of n slots: blocks are sorted by their slots */
#define RUN(n)                                                                        \
    for (; b < end && s.block[b].slots == n; ++b, index += 16 * n, value += 16 * n) { \
        multiply_block(n, x + s.block[b].column, index, value, sums);                 \
        if (n == 1) SWAP();                                                           \
    }

/* blocks of one slot use the sums in turn */
#define SWAP() (turn = sums[0], sums[0] = sums[1], sums[1] = sums[2], sums[2] = sums[3], sums[3] = turn)

static void panels_v(vd_sparse_panels s, int first, int last, const float *x, const float *bias, float slope, float *y)
{
    for (int p = first; p < last; ++p) {
        int row = p * VD_SPARSE_LANES, b = s.start[p], end = s.start[p + 1];
        __mmask16 rows = lanes_within(16, 0, s.rows - row);
        const uint8_t *index = s.index + s.slot[p] * VD_SPARSE_LANES;
        const float *value = s.value + s.slot[p] * VD_SPARSE_LANES;
        __m512 turn, sums[CHAINS] = {_mm512_maskz_loadu_ps(rows, bias + row)};
        for (int i = 1; i < CHAINS; ++i) sums[i] = _mm512_setzero_ps();
        RUN(1) RUN(2) RUN(3) RUN(4) RUN(5) RUN(6) RUN(7) RUN(8) for (; b < end; ++b)
        {
            const float *from = x + s.block[b].column;
            int k = 0, slots = s.block[b].slots;
            for (; k + 4 <= slots; k += 4, index += 64, value += 64) multiply_block(4, from, index, value, sums);
            for (; k < slots; ++k, index += 16, value += 16) multiply_block(1, from, index, value, sums);
        }
        __m512 sum = _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
        sum = _mm512_mask_mul_ps(sum, _mm512_cmp_ps_mask(sum, _mm512_setzero_ps(), _CMP_NGT_UQ), sum,
                                 _mm512_set1_ps(slope));
        _mm512_mask_storeu_ps(y + row, rows, sum);
    }
}
#else
#ifdef __AVX2__
/* x[index] for eight indexes: permutations use the lower three bits, the other two select between their results */
ALWAYS_INLINE __m256 pick(const __m256 *x, const uint8_t *index)
{
    __m256i i = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)index));
    __m256 bit3 = (__m256)_mm256_slli_epi32(i, 28), bit4 = (__m256)_mm256_slli_epi32(i, 27);
    __m256 low = _mm256_blendv_ps(_mm256_permutevar8x32_ps(x[0], i), _mm256_permutevar8x32_ps(x[1], i), bit3);
    __m256 high = _mm256_blendv_ps(_mm256_permutevar8x32_ps(x[2], i), _mm256_permutevar8x32_ps(x[3], i), bit3);
    return _mm256_blendv_ps(low, high, bit4);
}

/* sum += the slots of one block */
ALWAYS_INLINE void multiply_block(int slots, const float *from, const uint8_t *index, const float *value, float *sum)
{
    __m256 x[4], low = _mm256_loadu_ps(sum), high = _mm256_loadu_ps(sum + 8);
    for (int i = 0; i < 4; ++i) x[i] = _mm256_loadu_ps(from + 8 * i);
    for (int k = 0; k < slots; ++k, index += VD_SPARSE_LANES, value += VD_SPARSE_LANES) {
        low = _mm256_fmadd_ps(_mm256_loadu_ps(value), pick(x, index), low);
        high = _mm256_fmadd_ps(_mm256_loadu_ps(value + 8), pick(x, index + 8), high);
    }
    _mm256_storeu_ps(sum, low);
    _mm256_storeu_ps(sum + 8, high);
}
#else
ALWAYS_INLINE void multiply_block(int slots, const float *from, const uint8_t *index, const float *value, float *sum)
{
    for (int k = 0; k < slots; ++k, index += VD_SPARSE_LANES, value += VD_SPARSE_LANES)
        for (int r = 0; r < VD_SPARSE_LANES; ++r) sum[r] += value[r] * from[index[r]];
}
#endif

static void panels_v(vd_sparse_panels s, int first, int last, const float *x, const float *bias, float slope, float *y)
{
    for (int p = first; p < last; ++p) {
        int row = p * VD_SPARSE_LANES, rows = s.rows - row < VD_SPARSE_LANES ? s.rows - row : VD_SPARSE_LANES;
        const uint8_t *index = s.index + s.slot[p] * VD_SPARSE_LANES;
        const float *value = s.value + s.slot[p] * VD_SPARSE_LANES;
        float sum[VD_SPARSE_LANES] = {0};
        for (int b = s.start[p]; b < s.start[p + 1]; ++b) {
            multiply_block(s.block[b].slots, x + s.block[b].column, index, value, sum);
            index += s.block[b].slots * VD_SPARSE_LANES;
            value += s.block[b].slots * VD_SPARSE_LANES;
        }
        for (int r = 0; r < rows; ++r) {
            float a = sum[r] + bias[row + r];
            y[row + r] = a > 0 ? a : slope * a;
        }
    }
}
#endif

/* ---- slices ---- */

/* x at WIDTH columns */
ALWAYS_INLINE vector gather(const float *x, const uint16_t *column)
{
#if defined(__AVX512F__)
    /* masked, for the zeros: the instruction merges, and so would wait for whatever its register held before */
    return (vector)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xffff,
                                            _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)column)), x, 4);
#elif defined(__AVX2__)
    return (vector)_mm256_i32gather_ps(x, _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)column)), 4);
#else
    return (vector){x[column[0]], x[column[1]], x[column[2]], x[column[3]]};
#endif
}

/* slots between a prefetch and its use: where the weights come from the third-level cache, the processor's own
 * prefetching leaves a third of the time waiting */
enum { AHEAD = 64 };

/* sums of the slots `from` to `to` - 1 of a slice, added to `sum` [16]; two chains, as each addition waits for the one
 * before it */
ALWAYS_INLINE void slice_sums(vd_sparse_slices s, size_t from, size_t to, const float *x, vector *sum)
{
    const uint16_t *column = s.column + from * VD_SPARSE_LANES, *end = s.column + to * VD_SPARSE_LANES;
    const float *value = s.value + from * VD_SPARSE_LANES;
    vector odd[PARTS] = {0};
    for (; end - column >= 2 * VD_SPARSE_LANES; column += 2 * VD_SPARSE_LANES, value += 2 * VD_SPARSE_LANES) {
        __builtin_prefetch(value + AHEAD * VD_SPARSE_LANES);
        __builtin_prefetch(value + (AHEAD + 1) * VD_SPARSE_LANES);
        __builtin_prefetch(column + AHEAD * VD_SPARSE_LANES);
#pragma GCC unroll 4
        for (int p = 0; p < PARTS; ++p) sum[p] += load(value + p * WIDTH) * gather(x, column + p * WIDTH);
#pragma GCC unroll 4
        for (int p = 0; p < PARTS; ++p)
            odd[p] += load(value + VD_SPARSE_LANES + p * WIDTH) * gather(x, column + VD_SPARSE_LANES + p * WIDTH);
    }
#pragma GCC unroll 4
    for (int p = 0; p < PARTS && column < end; ++p) sum[p] += load(value + p * WIDTH) * gather(x, column + p * WIDTH);
#pragma GCC unroll 4
    for (int p = 0; p < PARTS; ++p) sum[p] += odd[p];
}

/* results [16] of the rows of a slice to their places in y; rows: of the slice */
ALWAYS_INLINE void scatter(const vector *result, const int *row, int rows, float *y)
{
#ifdef __AVX512F__
    _mm512_mask_i32scatter_ps(y, lanes_within(16, 0, rows), _mm512_loadu_si512(row), (__m512)result[0], 4);
#else
#pragma GCC unroll 16
    for (int r = 0; r < VD_SPARSE_LANES; ++r)
        if (r < rows) y[row[r]] = result[r / WIDTH][r % WIDTH];
#endif
}

static void slices_v(vd_sparse_slices s, int first, int last, const float *x, const float *bias, float slope, float *y)
{
    for (int i = first; i < last; ++i) {
        int row = i * VD_SPARSE_LANES, rows = s.rows - row < VD_SPARSE_LANES ? s.rows - row : VD_SPARSE_LANES;
        vector sum[PARTS];
#pragma GCC unroll 4
        for (int p = 0; p < PARTS; ++p) sum[p] = load(bias + row + p * WIDTH);
        slice_sums(s, s.start[i], s.start[i + 1], x, sum);
#pragma GCC unroll 4
        for (int p = 0; p < PARTS; ++p) sum[p] = leaky(slope, sum[p]);
        scatter(sum, s.row + row, rows, y);
    }
}

const vd_sparse_kernels VARIANT(vd_sparse_kernels) = {
    .sums = sums_v,
    .pack = pack_v,
    .panels = panels_v,
    .slices = slices_v,
#ifdef __AVX512F__
    .slices_below = {.015, .25},
#else
    .slices_below = {1, 1},
#endif
};
