/* Shifted copies in vectors. The Makefile builds this file once for each instruction set. */
#include "kernels/products/shift.h"
#include "kernels/variant.h"

#include <string.h>
#ifdef __AVX512BW__
#include <immintrin.h>
#endif

/* outputs *first .. *last - 1 of out have an input inside extent */
static void inside(int extent, int out, int tap, int stride, int *first, int *last)
{
    *first = tap < 0 ? (-tap + stride - 1) / stride : 0;
    *last = extent - 1 - tap < 0 ? 0 : (extent - 1 - tap) / stride + 1;
    *first = *first < out ? *first : out;
    *last = *last < *first ? *first : *last < out ? *last : out;
}

/* lines[row step + i] = from[row in_step + i stride] where first <= i < last, else 0, i < n, in elements of `element`
 * bytes, the steps in bytes. from may lie before its array where that is not read */
typedef struct {
    int rows, n, first, last, stride;
    size_t in_step, step;
} block;

#ifdef __AVX512BW__
/* lanes [from, to) of a register of n */
static inline uint64_t lanes(int from, int to, int n)
{
    from = from < 0 ? 0 : from > n ? n : from;
    to = to < from ? from : to > n ? n : to;
    return (1ull << to) - (1ull << from);
}

/* at stride 1 */
static inline void copy_side_by_side(size_t element, block b, const char *from, char *lines)
{
    const int width = (int)(64 / element);
    for (int i = 0; i < b.n; i += width, from += 64, lines += 64) {
        uint64_t read = lanes(b.first - i, b.last - i, width), write = lanes(0, b.n - i, width);
        for (int row = 0; row < b.rows; ++row) {
            const char *in = from + row * b.in_step;
            char *out = lines + row * b.step;
            if (element == sizeof(float))
                _mm512_mask_storeu_epi32(out, (__mmask16)write, _mm512_maskz_loadu_epi32((__mmask16)read, in));
            else _mm512_mask_storeu_epi16(out, (__mmask32)write, _mm512_maskz_loadu_epi16((__mmask32)read, in));
        }
    }
}
#else
typedef uint32_t four __attribute__((vector_size(16), aligned(1), may_alias));

static inline void copy_side_by_side(size_t element, block b, const char *from, char *lines)
{
    size_t bytes = (b.last - b.first) * element, i;
    from += b.first * element;
    for (int row = 0; row < b.rows; ++row, from += b.in_step, lines += b.step) {
        char *to = lines + b.first * element;
        if (b.first > 0) memset(lines, 0, b.first * element);
        if (b.last < b.n) memset(lines + b.last * element, 0, (b.n - b.last) * element);
        for (i = 0; i + sizeof(four) <= bytes; i += sizeof(four)) *(four *)(to + i) = *(const four *)(from + i);
        for (; i < bytes; i += element) memcpy(to + i, from + i, element);
    }
}
#endif

static inline void copy(size_t element, block b, const char *from, char *lines)
{
    if (b.stride == 1) {
        copy_side_by_side(element, b, from, lines);
        return;
    }
    for (int row = 0; row < b.rows; ++row, from += b.in_step, lines += b.step) {
        if (b.last - b.first < b.n) memset(lines, 0, b.n * element);
        for (int i = b.first; i < b.last; ++i)
            memcpy(lines + i * element, from + (ptrdiff_t)i * b.stride * element, element);
    }
}

static inline void shift(size_t element, vd_shift s, const char *x, char *copies)
{
    size_t line = s.out_w * element, step = line * s.images;
    block b = {.n = s.out_w, .stride = s.stride, .in_step = s.w * s.stride * element, .step = step};
    for (int c = 0; c < s.c; ++c, x += element * s.h * s.w)
        for (int kw = 0; kw < s.size; ++kw) {
            inside(s.w, s.out_w, kw - s.pad, s.stride, &b.first, &b.last);
            for (int phase = 0; phase < vd_shift_phases(&s); ++phase, copies += s.rows * step) {
                int above = s.first * s.stride + phase - s.pad, top, bottom;
                inside(s.h, s.rows, above, s.stride, &top, &bottom);
                if (top > 0) memset(copies, 0, top * step);
                if (bottom < s.rows) memset(copies + bottom * step, 0, (s.rows - bottom) * step);
                b.rows = bottom - top;
                for (int i = 0; i < s.images; ++i) {
                    ptrdiff_t at = i * (ptrdiff_t)s.image + (ptrdiff_t)(above + top * s.stride) * s.w + kw - s.pad;
                    copy(element, b, x + (ptrdiff_t)element * at, copies + top * step + i * line);
                }
            }
        }
}

void VARIANT(vd_shift)(vd_shift s, const float *x, float *copies)
{
    shift(sizeof(float), s, (const char *)x, (char *)copies);
}

void VARIANT(vd_shift_16)(vd_shift s, const uint16_t *x, uint16_t *copies)
{
    shift(sizeof(uint16_t), s, (const char *)x, (char *)copies);
}
