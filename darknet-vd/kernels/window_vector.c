/* Windows that slide over planes, in vectors: max pooling, im2col and col2im. The Makefile builds this file once for
 * each instruction set, as it does vector.c. */
#include "kernels/lane_masks.h"
#include "kernels/lengths.h"
#include "kernels/variant.h"

#include <float.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* the common shape: 2x2 windows side by side, each inside the input */
static int is_2x2(vd_pool_shape s)
{
    return s.size == 2 && s.stride == 2 && !s.down && s.offset == 0 && 2 * s.out_h <= s.h && 2 * s.out_w <= s.w;
}

#ifdef __AVX512F__
/* even and odd elements of a row under the masks */
static inline void load_pairs(const float *row, __mmask16 left, __mmask16 right, __m512 *a, __m512 *b)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    __m512 low = _mm512_maskz_loadu_ps(left, row), high = _mm512_maskz_loadu_ps(right, row + 16);
    *a = _mm512_permutex2var_ps(low, even, high);
    *b = _mm512_permutex2var_ps(low, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high);
}

/* what max_pool_gain() does beside max_pool() */
typedef struct {
    const float *gain;
    float bias, slope;
    float *gain_out;
} with_gain;

/* 16 windows at a time, and the rest of a row under a mask: rows are often shorter than that */
static inline __attribute__((always_inline)) void pool_2x2(vd_pool_shape s, const float *in, int base, float *out,
                                                           int *index, int has_bias, int has_gain, const with_gain *g)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i one = _mm512_set1_epi32(1), below = _mm512_set1_epi32(s.w);
    for (int j = 0; j < s.out_w; j += 16) {
        int n = s.out_w - j;
        __mmask16 windows = lanes_within(16, 0, n), left = lanes_within(16, 0, 2 * n),
                  right = lanes_within(16, 0, 2 * n - 16);
        for (int i = 0; i < s.out_h; ++i) {
            int at = 2 * (i * s.w + j), q = i * s.out_w + j;
            __m512 a, b, c, d;
            load_pairs(in + at, left, right, &a, &b);
            load_pairs(in + at + s.w, left, right, &c, &d);
            __mmask16 b_wins = _mm512_cmp_ps_mask(b, a, _CMP_GT_OQ), d_wins = _mm512_cmp_ps_mask(d, c, _CMP_GT_OQ);
            __m512 ab = _mm512_max_ps(b, a), cd = _mm512_max_ps(d, c); /* equal, or a NaN: the second operand */
            __m512i ab_at = _mm512_add_epi32(even, _mm512_set1_epi32(base + at)),
                    cd_at = _mm512_add_epi32(ab_at, below);
            __mmask16 cd_wins = _mm512_cmp_ps_mask(cd, ab, _CMP_GT_OQ);
            ab_at = _mm512_mask_add_epi32(ab_at, b_wins, ab_at, one);
            cd_at = _mm512_mask_add_epi32(cd_at, d_wins, cd_at, one);
            __m512 y = _mm512_max_ps(cd, ab);
            if (has_bias) {
                y = _mm512_add_ps(y, _mm512_set1_ps(g->bias));
                __mmask16 off = _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_NGT_UQ);
                y = _mm512_mask_mul_ps(y, off, y, _mm512_set1_ps(g->slope));
            }
            _mm512_mask_storeu_ps(out + q, windows, y);
            _mm512_mask_storeu_epi32(index + q, windows, _mm512_mask_mov_epi32(ab_at, cd_wins, cd_at));
            if (!has_gain) continue;
            load_pairs(g->gain + at, left, right, &a, &b);
            load_pairs(g->gain + at + s.w, left, right, &c, &d);
            a = _mm512_mask_mov_ps(_mm512_mask_mov_ps(a, b_wins, b), cd_wins, _mm512_mask_mov_ps(c, d_wins, d));
            _mm512_mask_storeu_ps(g->gain_out + q, windows, a);
        }
    }
}

static void max_pool_2x2(vd_pool_shape s, const float *in, int base, float *out, int *index)
{
    pool_2x2(s, in, base, out, index, 0, 0, 0);
}

/* d_in of 16 pixels += d of the windows in which they are the largest element */
static inline void add_where_largest(__mmask16 inside, int at, __m512i index, __m512 d, float *d_in)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __mmask16 largest = _mm512_mask_cmpeq_epi32_mask(inside, index, _mm512_add_epi32(lane, _mm512_set1_epi32(at)));
    __m512 x = _mm512_maskz_loadu_ps(inside, d_in);
    _mm512_mask_storeu_ps(d_in, inside, _mm512_mask_add_ps(x, largest, x, d));
}

static void max_pool_2x2_backward(vd_pool_shape s, int base, const int *index, const float *d_out, float *d_in)
{
    const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    for (int j = 0; j < s.out_w; j += 8) {
        int n = s.out_w - j;
        __mmask16 windows = lanes_within(8, 0, n), pixels = lanes_within(16, 0, 2 * n);
        for (int i = 0; i < s.out_h; ++i) {
            int at = 2 * (i * s.w + j), q = i * s.out_w + j;
            __m512i where = _mm512_permutexvar_epi32(twice, _mm512_maskz_loadu_epi32(windows, index + q));
            __m512 d = _mm512_permutexvar_ps(twice, _mm512_maskz_loadu_ps(windows, d_out + q));
            add_where_largest(pixels, base + at, where, d, d_in + at);
            add_where_largest(pixels, base + at + s.w, where, d, d_in + at + s.w);
        }
    }
}
#else
static void max_pool_2x2(vd_pool_shape s, const float *in, int base, float *restrict out, int *restrict index)
{
    for (int i = 0; i < s.out_h; ++i) {
        const float *top = in + 2 * i * s.w, *low = top + s.w;
        for (int j = 0; j < s.out_w; ++j) {
            int at = base + 2 * (i * s.w + j), q = i * s.out_w + j;
            float a = top[2 * j], b = top[2 * j + 1], c = low[2 * j], d = low[2 * j + 1];
            float ab = b > a ? b : a, cd = d > c ? d : c;
            int ab_at = at + (b > a), cd_at = at + s.w + (d > c);
            out[q] = cd > ab ? cd : ab;
            index[q] = cd > ab ? cd_at : ab_at;
        }
    }
}
#endif

void VARIANT(vd_max_pool)(vd_pool_shape s, const float *in, int base, float *out, int *index)
{
    if (is_2x2(s)) {
        max_pool_2x2(s, in, base, out, index);
        return;
    }
    for (int i = 0; i < s.out_h; ++i) {
        float *restrict best = out + (size_t)i * s.out_w;
        int *restrict where = index + (size_t)i * s.out_w;
        for (int j = 0; j < s.out_w; ++j) {
            best[j] = -FLT_MAX;
            where[j] = -1;
        }
        for (int tap = 0; tap < s.size * s.size; ++tap) { /* a row of windows at a time, tap by tap */
            int h = i * vd_pool_down(s) - s.offset + tap / s.size, w = tap % s.size - s.offset, first, last;
            if (h < 0 || h >= s.h) continue;
            vd_outputs_inside(s.w, s.out_w, w, s.stride, &first, &last);
            const float *restrict row = in + (ptrdiff_t)h * s.w + w;
            int at = base + h * s.w + w;
            for (int j = first; j < last; ++j) {
                float x = row[s.stride * j];
                int wins = x > best[j] || where[j] < 0;
                best[j] = x > best[j] ? x : best[j];
                where[j] = wins ? at + s.stride * j : where[j];
            }
        }
    }
}

void VARIANT(vd_max_pool_gain)(vd_pool_shape s, const float *in, const float *gain, int base, float bias, float slope,
                               float *restrict out, int *restrict index, float *restrict gain_out)
{
#ifdef __AVX512F__
    if (is_2x2(s)) {
        with_gain g = {gain, bias, slope, gain_out};
        if (gain) pool_2x2(s, in, base, out, index, 1, 1, &g);
        else pool_2x2(s, in, base, out, index, 1, 0, &g);
        return;
    }
#endif
    VARIANT(vd_max_pool)(s, in, base, out, index);
    for (int i = 0; i < s.out_h * s.out_w; ++i) out[i] = out[i] + bias > 0 ? out[i] + bias : slope * (out[i] + bias);
    for (int i = 0; gain && i < s.out_h * s.out_w; ++i) gain_out[i] = gain[index[i] - base];
}

/* ---- the same without indexes ---- */

#define LARGER(a, b) ((a) > (b) ? (a) : (b))

/* line = the larger of two lines of n numbers; line has room for 16 numbers more */
static inline void larger_line(int n, const float *restrict top, const float *restrict low, float *restrict line)
{
#ifdef __AVX512F__
    int i = 0;
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(line + i, _mm512_max_ps(_mm512_loadu_ps(top + i), _mm512_loadu_ps(low + i)));
    __mmask16 rest = (__mmask16)((1u << (n - i)) - 1);
    __m512 a = _mm512_maskz_loadu_ps(rest, top + i), b = _mm512_maskz_loadu_ps(rest, low + i);
    if (rest) _mm512_storeu_ps(line + i, _mm512_max_ps(a, b)); /* the surplus is overwritten by the next line */
#else
    for (int i = 0; i < n; ++i) line[i] = LARGER(top[i], low[i]);
#endif
}

/* the same where top and low may be read in whole vectors */
#ifdef __AVX512F__
static inline void larger_line_whole(int n, const float *top, const float *low, float *line)
{
    for (int i = 0; i < n; i += 16)
        _mm512_storeu_ps(line + i, _mm512_max_ps(_mm512_loadu_ps(top + i), _mm512_loadu_ps(low + i)));
}
#else
#define larger_line_whole larger_line
#endif

/* out[i] = the larger of line[2 i] and line[2 i + 1]; line has room for 32 numbers more */
static inline void larger_of_pairs(int n, const float *restrict line, float *restrict out)
{
#ifdef __AVX512F__
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    for (int i = 0; i < n; i += 16) {
        __m512 a = _mm512_loadu_ps(line + 2 * i), b = _mm512_loadu_ps(line + 2 * i + 16);
        __m512 c = _mm512_max_ps(_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b));
        if (i + 16 <= n) _mm512_storeu_ps(out + i, c);
        else _mm512_mask_storeu_ps(out + i, lanes_within(16, 0, n - i), c);
    }
#else
    /* line has 2 n numbers: NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    for (int i = 0; i < n; ++i) out[i] = LARGER(line[2 * i], line[2 * i + 1]);
#endif
}

/* Pairs of lines first, written one after the other, so that the pairs of numbers in them fill vectors however short a
 * line is; both for as many lines at a time as stay in the first-level cache */
enum { LINES = 4096 };

/* larger_line() of `lines` pairs of lines, one after the other; whole: as many whole vectors of the input may be read
 * as a line takes */
static inline float *larger_lines(vd_pool_shape s, int whole, int lines, const float *top, float *line)
{
    const int n = 2 * s.out_w;
    for (int i = 0; i < lines; ++i, top += 2 * s.w, line += n)
        if (whole) larger_line_whole(n, top, top + s.w, line);
        else larger_line(n, top, top + s.w, line);
    return line;
}

static void max_pool_values_2x2(vd_pool_shape s, int planes, const float *in, float *out)
{
    float lines[LINES + 32];
    const int n = 2 * s.out_w, most = LINES / n; /* pairs of lines at a time */
    const float *end = in + (size_t)planes * s.h * s.w;
    int left = planes * s.out_h, row = 0; /* pairs, the first of them of its plane */
    while (left > 0) {
        float *line = lines;
        for (int room = left < most ? left : most; room > 0;) {
            int some = s.out_h - row < room ? s.out_h - row : room;
            const float *behind = in + (size_t)(2 * (row + some) - 1) * s.w + (n + 15) / 16 * 16;
            line = larger_lines(s, behind <= end, some, in + (size_t)2 * row * s.w, line);
            room -= some, left -= some, row += some;
            if (row == s.out_h) row = 0, in += (size_t)s.h * s.w;
        }
        larger_of_pairs((int)(line - lines) / 2, lines, out);
        out += (line - lines) / 2;
    }
}

static void max_pool_values_plane(vd_pool_shape s, const float *in, float *out)
{
    for (int i = 0; i < s.out_h; ++i, out += s.out_w) {
        float *restrict best = out;
        for (int j = 0; j < s.out_w; ++j) best[j] = -FLT_MAX;
        for (int tap = 0; tap < s.size * s.size; ++tap) { /* a row of windows at a time, tap by tap */
            int h = i * vd_pool_down(s) - s.offset + tap / s.size, w = tap % s.size - s.offset, first, last;
            if (h < 0 || h >= s.h) continue;
            vd_outputs_inside(s.w, s.out_w, w, s.stride, &first, &last);
            const float *restrict row = in + (ptrdiff_t)h * s.w + w;
            if (s.stride == 1)
                for (int j = first; j < last; ++j) best[j] = LARGER(row[j], best[j]);
            else
                for (int j = first; j < last; ++j) best[j] = LARGER(row[s.stride * j], best[j]);
        }
    }
}

void VARIANT(vd_max_pool_values)(vd_pool_shape s, int planes, const float *in, float *out)
{
    if (is_2x2(s) && 2 * s.out_w <= LINES) {
        max_pool_values_2x2(s, planes, in, out);
        return;
    }
    for (int p = 0; p < planes; ++p)
        max_pool_values_plane(s, in + (size_t)p * s.h * s.w, out + (size_t)p * s.out_h * s.out_w);
}

void VARIANT(vd_max_pool_backward)(vd_pool_shape s, int base, const int *restrict index, const float *restrict d_out,
                                   float *restrict d_in)
{
#ifdef __AVX512F__
    /* in shorter rows a masked load waits for the previous row's store, which it seems to overlap */
    if (is_2x2(s) && s.out_w >= 8) {
        max_pool_2x2_backward(s, base, index, d_out, d_in);
        return;
    }
#endif
    for (int i = 0; i < s.out_h * s.out_w; ++i)
        if (index[i] >= 0) d_in[index[i] - base] += d_out[i];
}

/* Copy lines of `bytes` >= unit bytes, unit by unit, the last one flush with the end. Where this is inlined unit is a
 * constant, so that each is one load and one store: calling memcpy for every few pixels costs more than the copy */
static inline void copy_units(size_t unit, int lines, size_t bytes, const char *restrict in, size_t in_step,
                              char *restrict out, size_t out_step)
{
    for (int i = 0; i < lines; ++i, in += in_step, out += out_step) {
        size_t last = bytes - unit;
        for (size_t at = 0; at < last; at += unit) memcpy(out + at, in + at, unit);
        memcpy(out + last, in + last, unit);
    }
}

/* a line of just one unit is common and needs no loop */
static inline void copy_long(size_t unit, int lines, size_t bytes, const char *restrict in, size_t in_step,
                             char *restrict out, size_t out_step)
{
    if (bytes == unit) copy_units(unit, lines, unit, in, in_step, out, out_step);
    else copy_units(unit, lines, bytes, in, in_step, out, out_step);
}

static void copy_lines(int lines, size_t bytes, const char *in, size_t in_step, char *out, size_t out_step)
{
    if (bytes >= 64) copy_long(64, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 32) copy_long(32, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 16) copy_long(16, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 8) copy_long(8, lines, bytes, in, in_step, out, out_step);
    else if (bytes >= 4) copy_long(4, lines, bytes, in, in_step, out, out_step);
    else copy_long(2, lines, bytes, in, in_step, out, out_step);
}

/* one row of im2col: tap (kh, kw) of one plane; element: bytes of one, a constant where this is inlined */
static inline void im2col_row(size_t element, vd_window s, int kh, int kw, const char *plane, char *row)
{
    size_t in_step = (size_t)s.w * element, out_step = (size_t)s.out_w * element;
    int top, bottom, left, right, down = vd_window_down(s);
    kh *= s.gap + 1;
    kw *= s.gap + 1;
    vd_outputs_inside(s.h, s.out_h, kh - s.pad, down, &top, &bottom);
    vd_outputs_inside(s.w, s.out_w, kw - s.pad, s.stride, &left, &right);
    if ((bottom - top) * (right - left) < s.out_h * s.out_w) memset(row, 0, s.out_h * out_step);
    if (top == bottom || left == right) return;
    const char *in = plane + (top * down + kh - s.pad) * in_step + (left * s.stride + kw - s.pad) * element;
    char *out = row + top * out_step + left * element;
    if (s.stride == 1) {
        copy_lines(bottom - top, (right - left) * element, in, down * in_step, out, out_step);
        return;
    }
    for (int oh = top; oh < bottom; ++oh, in += down * in_step, out += out_step)
        for (int i = 0; i < right - left; ++i) memcpy(out + i * element, in + (size_t)i * s.stride * element, element);
}

static inline void im2col_any(size_t element, vd_window s, const char *image, char *columns)
{
    for (int ch = 0; ch < s.c; ++ch, image += (size_t)s.h * s.w * element)
        for (int kh = 0; kh < s.size; ++kh)
            for (int kw = 0; kw < s.size; ++kw, columns += (size_t)s.out_h * s.out_w * element)
                im2col_row(element, s, kh, kw, image, columns);
}

void VARIANT(vd_im2col)(vd_window s, const float *image, float *columns)
{
    im2col_any(sizeof(float), s, (const char *)image, (char *)columns);
}

void VARIANT(vd_im2col_bf16)(vd_window s, const uint16_t *image, uint16_t *columns)
{
    im2col_any(sizeof(uint16_t), s, (const char *)image, (char *)columns);
}

#ifdef __AVX512F__
enum { LARGEST_GATHERED = 16 };

/* col2im at stride 1 by pixels: 16 pixels of a line gather their column entries and are stored once */
static void col2im_gather(vd_window s, const float *columns, float *image)
{
    int area = s.out_h * s.out_w;
    for (int w = 0; w < s.w; w += 16) {
        __mmask16 inside_image = lanes_within(16, 0, s.w - w), inside_columns[LARGEST_GATHERED];
        for (int kw = 0; kw < s.size; ++kw)
            inside_columns[kw] = inside_image & lanes_within(16, kw - s.pad - w, s.out_w + kw - s.pad - w);
        for (int row = 0; row < s.c * s.h; ++row) {
            int ch = row / s.h, h = row % s.h;
            int first = h + s.pad - s.out_h + 1, last = h + s.pad;
            if (first < 0) first = 0;
            if (last > s.size - 1) last = s.size - 1;
            float *pixels = image + (size_t)row * s.w + w;
            __m512 sum = _mm512_maskz_loadu_ps(inside_image, pixels);
            for (int kh = first; kh <= last; ++kh) {
                const float *line =
                    columns + (size_t)(ch * s.size + kh) * s.size * area + (h + s.pad - kh) * s.out_w + w + s.pad;
                for (int kw = 0; kw < s.size; ++kw, line += area - 1)
                    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(inside_columns[kw], line));
            }
            _mm512_mask_storeu_ps(pixels, inside_image, sum);
        }
    }
}
#endif

void VARIANT(vd_col2im_add)(vd_window s, const float *columns, float *image)
{
#ifdef __AVX512F__
    if (s.stride == 1 && vd_window_is_plain(s) && s.size <= LARGEST_GATHERED) {
        col2im_gather(s, columns, image);
        return;
    }
#endif
    for (int row = 0; row < s.c * s.size * s.size; ++row) {
        int kw = row % s.size * (s.gap + 1), kh = row / s.size % s.size * (s.gap + 1), ch = row / s.size / s.size;
        int top, bottom, left, right, down = vd_window_down(s);
        const float *in = columns + (size_t)row * s.out_h * s.out_w;
        vd_outputs_inside(s.h, s.out_h, kh - s.pad, down, &top, &bottom);
        vd_outputs_inside(s.w, s.out_w, kw - s.pad, s.stride, &left, &right);
        for (int oh = top; oh < bottom; ++oh) {
            float *restrict out = image + ((ptrdiff_t)ch * s.h + oh * down - s.pad + kh) * s.w - s.pad + kw;
            const float *restrict line = in + (size_t)oh * s.out_w;
            for (int ow = left; ow < right; ++ow) out[ow * s.stride] += line[ow];
        }
    }
}
