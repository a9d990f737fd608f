/* The Winograd kernels in vectors. The Makefile builds this file once for each instruction set, as it does vector.c. */
#include "kernels/winograd_kernels.h"
#include "kernels/lanes.h"
#include "kernels/products/winograd_transforms.h"
#include "kernels/variant.h"

#include <string.h>

/* of the blocks of the product: registers side by side, and filters;
 * whether the registers are enough for two panels of filters and one register of tiles. The shuffles: every second
 * number of two vectors, from the first or the second one on; two vectors merged number by number, their lower and
 * their upper halves; one number forward */
#if defined(__AVX512F__)
enum { ACROSS = 3, DOWN = 8, PAIRS = 1 };
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define LOWER 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UPPER 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define NEXT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
#elif defined(__AVX2__)
enum { ACROSS = 3, DOWN = 4, PAIRS = 0 };
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define LOWER 0, 8, 1, 9, 2, 10, 3, 11
#define UPPER 4, 12, 5, 13, 6, 14, 7, 15
#define NEXT 1, 2, 3, 4, 5, 6, 7, 8
#else
#ifdef __aarch64__
enum { ACROSS = 3, DOWN = 8, PAIRS = 1 };
#else
enum { ACROSS = 3, DOWN = 4, PAIRS = 0 };
#endif
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#define LOWER 0, 4, 1, 5
#define UPPER 2, 6, 3, 7
#define NEXT 1, 2, 3, 4
#endif
enum { WIDTH = VD_WIDTH, IN = 6, OUT = VD_WINOGRAD_TILE, PANEL = VD_WINOGRAD_PANEL, AREA = VD_WINOGRAD_FREQUENCIES };

#define SHUFFLE(a, b, which) __builtin_shufflevector(a, b, which)

VD_INLINE vd_lanes load(const float *x)
{
    return *(const vd_lanes_in_memory *)x;
}

VD_INLINE void store(float *x, vd_lanes v)
{
    *(vd_lanes_in_memory *)x = v;
}

/* ---- B^T d B ---- */

/* WIDTH columns of a row of tiles: lines 0 .. 5 at `to` */
VD_INLINE void transform_columns(const vd_lanes *d, size_t pitch, float *to)
{
    vd_lanes t[IN];
    input_one_way(VD_F4_3, d, t);
#pragma GCC unroll 6
    for (int i = 0; i < IN; ++i) store(to + i * pitch, t[i]);
}

/* lines = B^T d for one row of tiles, with the padding left and right: column c of the plane is number c + pad */
static void transform_lines(vd_winograd_tiles t, int tile_row, const float *plane, size_t pitch, float *lines)
{
    const float *zeros = lines + IN * pitch, *row[IN];
    vd_lanes d[IN];
    for (int i = 0; i < IN; ++i) {
        int h = OUT * tile_row - t.pad + i;
        row[i] = h >= 0 && h < t.h ? plane + (size_t)h * t.w : zeros;
    }
    int c = 0;
    for (; c + WIDTH <= t.w; c += WIDTH) {
#pragma GCC unroll 6
        for (int i = 0; i < IN; ++i) d[i] = load(row[i] + c);
        transform_columns(d, pitch, lines + t.pad + c);
    }
    if (c < t.w) {
#pragma GCC unroll 6
        for (int i = 0; i < IN; ++i) d[i] = vd_lanes_load(t.w - c, row[i] + c);
        transform_columns(d, pitch, lines + t.pad + c);
    }
}

/* d[k] = every fourth number of the line from k on, for WIDTH tiles */
VD_INLINE void split(const float *line, vd_lanes *d)
{
    vd_lanes a = load(line), b = load(line + WIDTH), c = load(line + 2 * WIDTH), e = load(line + 3 * WIDTH);
    vd_lanes even_low = SHUFFLE(a, b, EVEN), odd_low = SHUFFLE(a, b, ODD);
    vd_lanes even_high = SHUFFLE(c, e, EVEN), odd_high = SHUFFLE(c, e, ODD);
    d[0] = SHUFFLE(even_low, even_high, EVEN);
    d[1] = SHUFFLE(odd_low, odd_high, EVEN);
    d[2] = SHUFFLE(even_low, even_high, ODD);
    d[3] = SHUFFLE(odd_low, odd_high, ODD);
    vd_lanes after = line[4 * WIDTH] - (vd_lanes){0}, second = line[4 * WIDTH + 1] - (vd_lanes){0};
    d[4] = SHUFFLE(d[0], after, NEXT);
    d[5] = SHUFFLE(d[1], second, NEXT);
}

/* v = (lines) B for one row of tiles; `left` numbers of each array are left for it */
static void transform_tiles(int columns, int left, const float *lines, size_t pitch, size_t step, float *v)
{
    for (int k = 0; k < columns; k += WIDTH)
        for (int i = 0; i < IN; ++i) {
            vd_lanes d[IN], t[IN];
            split(lines + i * pitch + OUT * k, d);
            input_one_way(VD_F4_3, d, t);
            float *to = v + i * IN * step + k;
            if (k + WIDTH <= left) {
#pragma GCC unroll 6
                for (int j = 0; j < IN; ++j) store(to + j * step, t[j]);
            } else {
                for (int j = 0; j < IN; ++j) vd_lanes_store(left - k, to + j * step, t[j]);
            }
        }
}

/* the surplus of a row of tiles is overwritten by the next one; that of the last goes on to the end of the array, and
 * is 0 there */
static void input_v(vd_winograd_tiles t, const float *plane, float *lines, size_t step, float *v)
{
    size_t pitch = vd_winograd_lines(t) / 7;
    memset(lines, 0, 7 * pitch * sizeof(float));
    for (int f = 0; f < AREA; ++f)
        for (int k = t.lanes - VD_WINOGRAD_LANES; k < t.lanes; k += WIDTH) store(v + f * step + k, (vd_lanes){0});
    for (int r = 0; r < t.rows; ++r) {
        transform_lines(t, t.first + r, plane, pitch, lines);
        transform_tiles(t.columns, t.lanes - r * t.columns, lines, pitch, step, v + (size_t)r * t.columns);
    }
}

/* ---- the products ---- */

/* numbers between a prefetch of weights and their use: with few tiles every weight is used only once or twice */
enum { AHEAD = 512 };

/* m of `across` registers of tiles and `down` filters, all in registers; the two are constants where this is inlined.
 * second: from the panel to the next one, for filters beyond the first eight */
VD_INLINE void block(const int across, const int down, int channels, int lanes, const float *u, size_t second,
                     const float *v, size_t step, float *m)
{
    enum { MOST = 16 };
    vd_lanes sum[MOST][ACROSS];
#pragma GCC unroll 16
    for (int r = 0; r < down; ++r)
#pragma GCC unroll 3
        for (int k = 0; k < across; ++k) sum[r][k] = (vd_lanes){0};
    for (int c = 0; c < channels; ++c, u += PANEL, v += lanes) {
        vd_lanes x[ACROSS];
        if (across == 1) __builtin_prefetch(u + AHEAD);
        if (across == 1 && down > PANEL) __builtin_prefetch(u + second + AHEAD);
#pragma GCC unroll 3
        for (int k = 0; k < across; ++k) x[k] = load(v + k * WIDTH);
#pragma GCC unroll 16
        for (int r = 0; r < down; ++r) {
            vd_lanes weight = u[r < PANEL ? (size_t)r : second + r - PANEL] - (vd_lanes){0};
#pragma GCC unroll 3
            for (int k = 0; k < across; ++k) sum[r][k] += weight * x[k];
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < down; ++r)
#pragma GCC unroll 3
        for (int k = 0; k < across; ++k) store(m + r * step + k * WIDTH, sum[r][k]);
}

/* one panel */
VD_INLINE void multiply_panel(const int across, int channels, int lanes, const float *u, const float *v, size_t step,
                              float *m)
{
#pragma GCC unroll 2
    for (int r = 0; r < PANEL; r += DOWN) block(across, DOWN, channels, lanes, u + r, 0, v, step, m + r * step);
}

/* all panels for a few registers of tiles. One register alone would wait for its own sums: two panels at a time */
VD_INLINE void multiply_across(const int across, int panels, int channels, int lanes, const float *u, const float *v,
                               size_t step, float *m)
{
    size_t panel = (size_t)channels * PANEL;
    int p = 0;
    for (; across == 1 && PAIRS && p + 2 <= panels; p += 2)
        block(1, 2 * PANEL, channels, lanes, u + p * panel, panel, v, step, m + p * PANEL * step);
    for (; p < panels; ++p) multiply_panel(across, channels, lanes, u + p * panel, v, step, m + p * PANEL * step);
}

static void multiply_v(int panels, int channels, int lanes, const float *u, const float *v, size_t step, float *m)
{
    for (int left = lanes / WIDTH, across; left > 0; left -= across, v += across * WIDTH, m += across * WIDTH) {
        across = left == 4 ? 2 : left < ACROSS ? left : ACROSS;
        if (across == 3) multiply_across(3, panels, channels, lanes, u, v, step, m);
        else if (across == 2) multiply_across(2, panels, channels, lanes, u, v, step, m);
        else multiply_across(1, panels, channels, lanes, u, v, step, m);
    }
}

/* ---- A^T m A ---- */

VD_INLINE vd_lanes end_of(vd_winograd_end end, vd_lanes x)
{
    x = x * end.scale + end.bias;
    vd_lanes_mask positive = x > 0;
    return (vd_lanes)(((vd_lanes_mask)x & positive) | ((vd_lanes_mask)(x * end.slope) & ~positive));
}

/* the pixels of one line: of every tile four, y[0] .. y[3]; n of them are inside the output */
VD_INLINE void merge(const vd_lanes *y, int n, float *line)
{
    vd_lanes even_low = SHUFFLE(y[0], y[2], LOWER), even_high = SHUFFLE(y[0], y[2], UPPER);
    vd_lanes odd_low = SHUFFLE(y[1], y[3], LOWER), odd_high = SHUFFLE(y[1], y[3], UPPER);
    const vd_lanes pixels[OUT] = {SHUFFLE(even_low, odd_low, LOWER), SHUFFLE(even_low, odd_low, UPPER),
                                  SHUFFLE(even_high, odd_high, LOWER), SHUFFLE(even_high, odd_high, UPPER)};
    if (n >= OUT * WIDTH) {
#pragma GCC unroll 4
        for (int k = 0; k < OUT; ++k) store(line + k * WIDTH, pixels[k]);
        return;
    }
#pragma GCC unroll 4
    for (int k = 0; k < OUT; ++k, n -= WIDTH) {
        if (n >= WIDTH) store(line + k * WIDTH, pixels[k]);
        else if (n > 0) vd_lanes_store(n, line + k * WIDTH, pixels[k]);
    }
}

/* WIDTH tiles, m: of the first; lines: of the output that are inside it; n: pixels of a line */
VD_INLINE void output_tiles(const float *m, size_t lanes, vd_winograd_end end, int lines, int n, float *to,
                            size_t pitch)
{
    vd_lanes half[IN][OUT];
#pragma GCC unroll 6
    for (int j = 0; j < IN; ++j) {
        vd_lanes column[IN];
#pragma GCC unroll 6
        for (int i = 0; i < IN; ++i) column[i] = load(m + (i * IN + j) * lanes);
        output_one_way(VD_F4_3, column, half[j]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < OUT; ++i) {
        vd_lanes row[IN], y[OUT];
        if (i == lines) return;
#pragma GCC unroll 6
        for (int j = 0; j < IN; ++j) row[j] = half[j][i];
        output_one_way(VD_F4_3, row, y);
#pragma GCC unroll 4
        for (int j = 0; j < OUT; ++j) y[j] = end_of(end, y[j]);
        merge(y, n, to + i * pitch);
    }
}

static void output_v(vd_winograd_tiles t, vd_winograd_end end, const float *m, float *plane)
{
    for (int r = 0; r < t.rows; ++r) {
        int line = OUT * (t.first + r), lines = t.out_h - line < OUT ? t.out_h - line : OUT;
        for (int k = 0; k < t.columns; k += WIDTH)
            output_tiles(m + (size_t)r * t.columns + k, t.lanes, end, lines, t.out_w - OUT * k,
                         plane + (size_t)line * t.out_w + OUT * k, t.out_w);
    }
}

/* ---- weights ---- */

static uint32_t fingerprint_v(size_t n, const float *x)
{
    enum { SUMS = 64, FAR = 1024 };
    uint32_t sums[SUMS] = {0}, bits[SUMS], all = (uint32_t)n;
    size_t i = 0;
    for (; i + SUMS <= n; i += SUMS) {
        for (int k = 0; k < SUMS; k += 16) __builtin_prefetch(x + i + FAR + k);
        memcpy(bits, x + i, sizeof(bits));
        for (int k = 0; k < SUMS; ++k) sums[k] = (sums[k] ^ bits[k]) * 0x9E3779B1u + 1;
    }
    memcpy(bits, x + i, (n - i) * sizeof(float));
    for (size_t k = 0; k < n - i; ++k) sums[k] = (sums[k] ^ bits[k]) * 0x9E3779B1u + 1;
    for (int k = 0; k < SUMS; ++k) all = (all ^ sums[k]) * 0x85EBCA6Bu;
    return all;
}

const vd_winograd_kernels VARIANT(vd_winograd_kernels) = {
    .input = input_v, .multiply = multiply_v, .output = output_v, .fingerprint = fingerprint_v};
