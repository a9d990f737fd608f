/* Shifted copies in vectors. The Makefile builds this file once for each instruction set. */
#include "kernels/products/shift.h"
#include "kernels/lane_masks.h"
#include "kernels/lengths.h"
#include "kernels/variant.h"

#include <string.h>

/* lines[row step + i] = from[row in_step + i stride] where first <= i < last, else 0, i < n, in elements of `element`
 * bytes, the steps in bytes. from may lie before its array where that is not read */
typedef struct {
    int rows, n, first, last, stride;
    size_t in_step, step;
    uint16_t read[4], write; /* at stride 4: lanes of the loads and of the store of the first 16 */
} block;

#ifdef __AVX512BW__
/* at stride 1 */
static inline void copy_side_by_side(size_t element, block b, const char *from, char *lines)
{
    const int width = (int)(64 / element);
    for (int i = 0; i < b.n; i += width, from += 64, lines += 64) {
        uint32_t read = lanes_within(width, b.first - i, b.last - i), write = lanes_within(width, 0, b.n - i);
        for (int row = 0; row < b.rows; ++row) {
            const char *in = from + row * b.in_step;
            char *out = lines + row * b.step;
            if (element == sizeof(float))
                _mm512_mask_storeu_epi32(out, (__mmask16)write, _mm512_maskz_loadu_epi32((__mmask16)read, in));
            else _mm512_mask_storeu_epi16(out, write, _mm512_maskz_loadu_epi16(read, in));
        }
    }
}
/* at stride 4, of floats: up to 16 numbers of a row from as many loads as hold them, of which no others are read */
static inline __attribute__((always_inline)) void copy_rows_of_fourths(int loads, int rows, const uint16_t *read,
                                                                       __mmask16 write, const char *from,
                                                                       size_t in_step, char *lines, size_t step)
{
    const __m512i every = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
    for (int row = 0; row < rows; ++row, from += in_step, lines += step) {
        __m512i v[4];
        for (int q = 0; q < loads; ++q) v[q] = _mm512_maskz_loadu_epi32(read[q], from + 64 * q);
        __m512i low = loads > 1 ? _mm512_permutex2var_epi32(v[0], every, v[1]) : _mm512_permutexvar_epi32(every, v[0]);
        if (loads > 2) {
            __m512i high = _mm512_permutex2var_epi32(v[2], every, v[3]);
            low = _mm512_inserti64x4(low, _mm512_castsi512_si256(high), 1);
        }
        _mm512_mask_storeu_epi32(lines, write, low);
    }
}

/* for numbers i .. i + 15 */
static inline void find_fourths(block *b, int i)
{
    b->write = (uint16_t)lanes_within(16, 0, b->n - i);
    for (int q = 0; q < 4; ++q) {
        uint32_t four = lanes_within(4, b->first - i - 4 * q, b->last - i - 4 * q);
        b->read[q] = (uint16_t)((four & 1) | (four & 2) << 3 | (four & 4) << 6 | (four & 8) << 9);
    }
}

static inline void copy_fourths(block b, const char *from, char *lines)
{
    for (int i = 0; i < b.n; i += 16, from += 256, lines += 64) {
        int loads = (b.n - i + 3) / 4;
        if (i > 0) find_fourths(&b, i);
        if (loads <= 1) copy_rows_of_fourths(1, b.rows, b.read, b.write, from, b.in_step, lines, b.step);
        else if (loads == 2) copy_rows_of_fourths(2, b.rows, b.read, b.write, from, b.in_step, lines, b.step);
        else copy_rows_of_fourths(4, b.rows, b.read, b.write, from, b.in_step, lines, b.step);
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
#ifdef __AVX512BW__
    if (b.stride == 4 && element == sizeof(float)) {
        copy_fourths(b, from, lines);
        return;
    }
#endif
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
            vd_outputs_inside(s.w, s.out_w, kw - s.pad, s.stride, &b.first, &b.last);
#ifdef __AVX512BW__
            if (s.stride == 4) find_fourths(&b, 0);
#endif
            for (int phase = 0; phase < vd_shift_phases(&s); ++phase, copies += s.rows * step) {
                int above = s.first * s.stride + phase - s.pad, top, bottom;
                vd_outputs_inside(s.h, s.rows, above, s.stride, &top, &bottom);
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
