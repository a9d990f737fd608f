/* The kernels for a batch by Winograd in vectors: registers of channels, or of filters. */
#include "kernels/winograd_batch_kernels.h"
#include "kernels/lanes.h"
#include "kernels/lengths.h"
#include "kernels/products/winograd_transforms.h"
#include "kernels/transpose.h"
#include "kernels/variant.h"

enum { BLOCK = VD_WINOGRAD_BLOCK, MOST = VD_WINOGRAD_MOST_IN, MOST_TAPS = VD_WINOGRAD_MOST_TAPS };

VD_INLINE vd_lanes load(const float *x)
{
    return *(const vd_lanes_in_memory *)x;
}

VD_INLINE void store(float *x, vd_lanes v)
{
    *(vd_lanes_in_memory *)x = v;
}

/* ---- channels side by side ---- */

/* 16 pixels of 16 channels: on input lanes are pixels, on output channels; or the other way round */
#ifdef __AVX512F__
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31

/* each row interleaved with the one eight further down, four times: the result is the columns */
VD_INLINE void interleave(const vd_lanes *from, vd_lanes *to)
{
#pragma GCC unroll 8
    for (int r = 0; r < BLOCK / 2; ++r) {
        to[2 * r] = __builtin_shufflevector(from[r], from[r + BLOCK / 2], LOW);
        to[2 * r + 1] = __builtin_shufflevector(from[r], from[r + BLOCK / 2], HIGH);
    }
}

VD_INLINE void turn_square(vd_lanes *x)
{
    vd_lanes half[BLOCK];
    interleave(x, half);
    interleave(half, x);
    interleave(x, half);
    interleave(half, x);
}

static void turn_v(int channels, int lines, int columns, const float *x, size_t plane, int width, float *pixels)
{
    int n = lines * columns, column = 0;
    for (int p = 0; p < n; p += BLOCK) {
        vd_lanes square[BLOCK];
        int some = n - p < BLOCK ? n - p : BLOCK;
        if (some == BLOCK && channels == BLOCK) {
#pragma GCC unroll 16
            for (int c = 0; c < BLOCK; ++c) {
                square[c] = load(x + c * plane + p);
                __builtin_prefetch(x + c * plane + p + 4 * BLOCK);
            }
        } else {
            for (int c = 0; c < BLOCK; ++c)
                square[c] = c < channels ? vd_lanes_load(some, x + c * plane + p) : (vd_lanes){0};
        }
        turn_square(square);
        if (columns - column >= BLOCK && some == BLOCK) {
#pragma GCC unroll 16
            for (int i = 0; i < BLOCK; ++i) store(pixels + i * BLOCK, square[i]);
            pixels += BLOCK * BLOCK;
            column += BLOCK;
        } else {
            for (int i = 0; i < some; ++i, ++column) {
                if (column == columns) column = 0, pixels += (size_t)(width - columns) * BLOCK;
                store(pixels, square[i]);
                pixels += BLOCK;
            }
        }
        if (column == columns) column = 0, pixels += (size_t)(width - columns) * BLOCK;
    }
}

static void turn_back_v(int channels, int lines, int columns, const float *pixels, int width, int add, float *y,
                        size_t plane)
{
    int n = lines * columns, column = 0;
    for (int p = 0; p < n; p += BLOCK) {
        vd_lanes square[BLOCK];
        int some = n - p < BLOCK ? n - p : BLOCK;
        if (columns - column >= BLOCK && some == BLOCK) {
#pragma GCC unroll 16
            for (int i = 0; i < BLOCK; ++i) square[i] = load(pixels + i * BLOCK);
            pixels += BLOCK * BLOCK;
            column += BLOCK;
        } else {
            for (int i = 0; i < BLOCK; ++i) {
                if (column == columns) column = 0, pixels += (size_t)(width - columns) * BLOCK;
                square[i] = i < some ? load(pixels) : (vd_lanes){0};
                pixels += BLOCK;
                ++column;
            }
        }
        if (column == columns) column = 0, pixels += (size_t)(width - columns) * BLOCK;
        turn_square(square);
        for (int c = 0; c < channels; ++c) {
            float *to = y + c * plane + p;
            if (some == BLOCK) store(to, add ? load(to) + square[c] : square[c]);
            else vd_lanes_store(some, to, add ? vd_lanes_load(some, to) + square[c] : square[c]);
        }
    }
}
#else
static void turn_v(int channels, int lines, int columns, const float *x, size_t plane, int width, float *pixels)
{
    for (int i = 0; i < lines; ++i, x += columns, pixels += (size_t)width * BLOCK) {
        if (channels < BLOCK) memset(pixels, 0, (size_t)columns * BLOCK * sizeof(float));
        vd_transpose(channels, columns, x, (int)plane, pixels, BLOCK);
    }
}

static void turn_back_v(int channels, int lines, int columns, const float *pixels, int width, int add, float *y,
                        size_t plane)
{
    for (int i = 0; i < lines; ++i, y += columns, pixels += (size_t)width * BLOCK)
        (add ? vd_transpose_add : vd_transpose)(columns, channels, pixels, BLOCK, y, (int)plane);
}
#endif

/* ---- both ways ---- */

typedef void one_way(vd_winograd_form form, const vd_lanes *from, vd_lanes *to);

/* from: [in][in], a line and a number apart; to: [out][out] likewise, at least *least. form, in and out are constants
 * where this is inlined */
VD_INLINE void both_ways(one_way f, vd_winograd_form form, int in, int out, const float *from, size_t line,
                         size_t number, float *to, size_t to_line, size_t to_number, const float *least)
{
    vd_lanes half[MOST][MOST];
#pragma GCC unroll 8
    for (int j = 0; j < in; ++j) {
        vd_lanes column[MOST], t[MOST];
#pragma GCC unroll 8
        for (int i = 0; i < in; ++i) column[i] = load(from + i * line + j * number);
        f(form, column, t);
#pragma GCC unroll 8
        for (int i = 0; i < out; ++i) half[i][j] = t[i];
    }
#pragma GCC unroll 8
    for (int i = 0; i < out; ++i) {
        vd_lanes t[MOST];
        f(form, half[i], t);
#pragma GCC unroll 8
        for (int j = 0; j < out; ++j)
            store(to + i * to_line + j * to_number, least ? vd_lanes_at_least(*least, t[j]) : t[j]);
    }
}

/* call(form) with each form as a constant */
#define OF_FORM(form, call) \
    switch (form) {         \
    case VD_F4_3:           \
        call(VD_F4_3);      \
        break;              \
    case VD_F2_3:           \
        call(VD_F2_3);      \
        break;              \
    default:                \
        call(VD_F4_5);      \
    }

/* all tiles of a strip; body: a call of both_ways() with `pixel` and `frequency` */
#define FOR_ALL_TILES(form, body)                                                                 \
    for (int r = 0, t = 0; r < s.rows; ++r)                                                       \
        for (int c = 0; c < s.columns; ++c, ++t)                                                  \
            for (int lane = 0; lane < s.channels; lane += VD_WIDTH) {                             \
                size_t pixel = ((size_t)r * s.width + c) * vd_winograd_tile(form) * BLOCK + lane; \
                size_t frequency = t * s.pitch + lane;                                            \
                body;                                                                             \
            }

/* numbers of a tile each way: pixels of the input, of the output; frequencies; taps */
#define IN(form) vd_winograd_in(form)
#define OUT(form) vd_winograd_tile(form)
#define TAPS(form) vd_winograd_taps(form)

static void input_v(vd_winograd_strip s, const float *pixels, float *v)
{
    size_t line = (size_t)s.width * BLOCK;
#define INPUT(form)                                                                                                    \
    FOR_ALL_TILES(form, both_ways(input_one_way, form, IN(form), IN(form), pixels + pixel, line, BLOCK, v + frequency, \
                                  IN(form) * s.step, s.step, 0))
    OF_FORM(s.form, INPUT)
}

static void gradient_v(vd_winograd_strip s, const float *pixels, float *m)
{
    size_t line = (size_t)s.width * BLOCK;
#define GRADIENT(form)                                                                                      \
    FOR_ALL_TILES(form, both_ways(gradient_one_way, form, OUT(form), IN(form), pixels + pixel, line, BLOCK, \
                                  m + frequency, IN(form) * s.step, s.step, 0))
    OF_FORM(s.form, GRADIENT)
}

static void output_v(vd_winograd_strip s, int not_negative, const float *m, float *pixels)
{
    size_t line = (size_t)s.width * BLOCK;
    const float least = not_negative ? 0 : -INFINITY;
#define OUTPUT(form)                                                                                                   \
    FOR_ALL_TILES(form, both_ways(output_one_way, form, IN(form), OUT(form), m + frequency, IN(form) * s.step, s.step, \
                                  pixels + pixel, line, BLOCK, &least))
    OF_FORM(s.form, OUTPUT)
}

static void weights_v(vd_winograd_form form, int n, int turned, const float *w, size_t step, size_t pitch, float *u)
{
    float taps[MOST_TAPS * MOST_TAPS * BLOCK];
    const int all = TAPS(form) * TAPS(form);
    for (int p = 0; p < n; ++p, w += (size_t)all * BLOCK, u += pitch) {
        const float *from = w;
        for (int i = 0; turned && i < all; ++i)
            for (int lane = 0; lane < BLOCK; lane += VD_WIDTH)
                store(taps + i * BLOCK + lane, load(w + (all - 1 - i) * BLOCK + lane));
        if (turned) from = taps;
#define WEIGHTS(form)                                                                                                \
    for (int lane = 0; lane < BLOCK; lane += VD_WIDTH)                                                               \
    both_ways(weights_one_way, form, TAPS(form), IN(form), from + lane, (size_t)TAPS(form) * BLOCK, BLOCK, u + lane, \
              IN(form) * step, step, 0)
        OF_FORM(form, WEIGHTS)
    }
}

static void d_weights_v(vd_winograd_form form, int n, const float *u, size_t step, size_t pitch, float *w)
{
    const int all = TAPS(form) * TAPS(form);
    for (int p = 0; p < n; ++p, w += (size_t)all * BLOCK, u += pitch) {
#define D_WEIGHTS(form)                                                                                 \
    for (int lane = 0; lane < BLOCK; lane += VD_WIDTH)                                                  \
    both_ways(d_weights_one_way, form, IN(form), TAPS(form), u + lane, IN(form) * step, step, w + lane, \
              (size_t)TAPS(form) * BLOCK, BLOCK, 0)
        OF_FORM(form, D_WEIGHTS)
    }
}

/* ---- the product ---- */

/* tiles and registers of filters that registers have room for */
#if defined(__AVX512F__)
enum { TILES = 12, REGISTERS = 2 };
#elif defined(__aarch64__)
enum { TILES = 6, REGISTERS = 4 };
#elif defined(__AVX2__)
enum { TILES = 6, REGISTERS = 2 };
#else
enum { TILES = 6, REGISTERS = 2 };
#endif

/* of filters: wider registers take whole blocks */
enum { AT_LEAST = VD_WIDTH == 4 ? VD_WIDTH : BLOCK };

/* m of `tiles` tiles and `registers` of filters, both constants where this is inlined */
VD_INLINE void block(const int tiles, const int registers, int channels, int filters, const float *v, size_t pitch,
                     const float *u, int add, float *m)
{
    vd_lanes sum[TILES][REGISTERS], x[REGISTERS];
#pragma GCC unroll 12
    for (int t = 0; t < tiles; ++t)
#pragma GCC unroll 4
        for (int q = 0; q < registers; ++q) {
            sum[t][q] = (vd_lanes){0};
            if (add) sum[t][q] = load(m + (size_t)t * filters + q * VD_WIDTH);
        }
    for (int c = 0; c < channels; ++c, u += filters) {
#pragma GCC unroll 4
        for (int q = 0; q < registers; ++q) x[q] = load(u + q * VD_WIDTH);
#pragma GCC unroll 12
        for (int t = 0; t < tiles; ++t) {
            vd_lanes number = vd_lanes_of(v[t * pitch + c]);
#pragma GCC unroll 4
            for (int q = 0; q < registers; ++q) sum[t][q] += number * x[q];
        }
    }
#pragma GCC unroll 12
    for (int t = 0; t < tiles; ++t)
#pragma GCC unroll 4
        for (int q = 0; q < registers; ++q) store(m + (size_t)t * filters + q * VD_WIDTH, sum[t][q]);
}

#define BLOCK_OF(tiles)                                                                                      \
    static __attribute__((noinline)) void block_##tiles(int channels, int filters, int some, const float *v, \
                                                        size_t pitch, const float *u, int add, float *m)     \
    {                                                                                                        \
        int j = 0;                                                                                           \
        for (; j + REGISTERS * VD_WIDTH <= some; j += REGISTERS * VD_WIDTH)                                  \
            block(tiles, REGISTERS, channels, filters, v, pitch, u + j, add, m + j);                         \
        for (; j < some; j += VD_WIDTH) block(tiles, 1, channels, filters, v, pitch, u + j, add, m + j);     \
    }
BLOCK_OF(1)
BLOCK_OF(2)
BLOCK_OF(3)
BLOCK_OF(4)
BLOCK_OF(5)
BLOCK_OF(6)
#ifdef __AVX512F__
BLOCK_OF(7)
BLOCK_OF(8)
BLOCK_OF(9)
BLOCK_OF(10)
BLOCK_OF(11)
BLOCK_OF(12)
#endif

static void (*const blocks[TILES + 1])(int channels, int filters, int some, const float *v, size_t pitch,
                                       const float *u, int add,
                                       float *m) = {0,       block_1, block_2, block_3,  block_4,  block_5, block_6,
#ifdef __AVX512F__
                                                    block_7, block_8, block_9, block_10, block_11, block_12
#endif
};

static void multiply_v(int tiles, int channels, int filters, int some, const float *v, size_t pitch, const float *u,
                       int add, float *m)
{
    int n = (tiles + TILES - 1) / TILES;
    some = vd_round_up(some, AT_LEAST);
    for (int i = 0; i < n; ++i) {
        int first = vd_first_of_part(tiles, i, n), count = vd_first_of_part(tiles, i + 1, n) - first;
        blocks[count](channels, filters, some, v + first * pitch, pitch, u, add, m + (size_t)first * filters);
    }
}

const vd_winograd_batch_kernels VARIANT(vd_winograd_batch_kernels) = {.turn = turn_v,
                                                                      .turn_back = turn_back_v,
                                                                      .input = input_v,
                                                                      .gradient = gradient_v,
                                                                      .output = output_v,
                                                                      .weights = weights_v,
                                                                      .d_weights = d_weights_v,
                                                                      .multiply = multiply_v};
