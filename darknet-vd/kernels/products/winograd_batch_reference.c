/* The specification of the kernels for a batch by Winograd: products of small matrices, each number by itself. */
#include "kernels/winograd_batch_kernels.h"

enum { BLOCK = VD_WINOGRAD_BLOCK, MOST = VD_WINOGRAD_MOST_IN, MOST_TAPS = VD_WINOGRAD_MOST_TAPS };

/* A tile of n numbers each way has n - 1 points of a polynomial, 0, 1, -1, 2, -2, 1/2, -1/2 in this order, and
 * infinity: columns of A^T and rows of G have the powers of a point (those of G divided by its distances to all others,
 * but for the sign), rows of B^T the polynomial that is 0 at all others. */
static const float a2_3[2 * 4] = {1, 1, 1, 0, 0, 1, -1, -1};
static const float b2_3[4 * 4] = {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1};
static const float g2_3[4 * 3] = {1, 0, 0, .5f, .5f, .5f, .5f, -.5f, .5f, 0, 0, 1};

static const float a4_3[4 * 6] = {1, 1, 1, 1, 1, 0, 0, 1, -1, 2, -2, 0, 0, 1, 1, 4, 4, 0, 0, 1, -1, 8, -8, 1};
static const float b4_3[6 * 6] = {4, 0,  -5, 0, 1, 0, 0, -4, -4, 1,  1, 0, 0, 4, -4, -1, 1, 0,
                                  0, -2, -1, 2, 1, 0, 0, 2,  -1, -2, 1, 0, 0, 4, 0,  -5, 0, 1};
static const float g4_3[6 * 3] = {1.f / 4,  0,         0,        -1.f / 6, -1.f / 6, -1.f / 6,
                                  -1.f / 6, 1.f / 6,   -1.f / 6, 1.f / 24, 1.f / 12, 1.f / 6,
                                  1.f / 24, -1.f / 12, 1.f / 6,  0,        0,        1};

static const float a4_5[4 * 8] = {1, 1, 1, 1, 1, 1,    1,    0, 0, 1, -1, 2, -2, .5f,   -.5f,   0,
                                  0, 1, 1, 4, 4, .25f, .25f, 0, 0, 1, -1, 8, -8, .125f, -.125f, 1};
static const float b4_5[8 * 8] = {
    1, 0,    -5.25f, 0,     5.25f,  0,    -1, 0, 0, 1,   1,    -4.25f, -4.25f, 1,      1, 0,
    0, -1,   1,      4.25f, -4.25f, -1,   1,  0, 0, .5f, .25f, -2.5f,  -1.25f, 2,      1, 0,
    0, -.5f, .25f,   2.5f,  -1.25f, -2,   1,  0, 0, 2,   4,    -2.5f,  -5,     .5f,    1, 0,
    0, -2,   4,      2.5f,  -5,     -.5f, 1,  0, 0, -1,  0,    5.25f,  0,      -5.25f, 0, 1};
static const float g4_5[8 * 5] = {
    1,         0,          0,        0,         0,         -2.f / 9,  -2.f / 9,  -2.f / 9, -2.f / 9, -2.f / 9,
    -2.f / 9,  2.f / 9,    -2.f / 9, 2.f / 9,   -2.f / 9,  1.f / 90,  2.f / 90,  4.f / 90, 8.f / 90, 16.f / 90,
    1.f / 90,  -2.f / 90,  4.f / 90, -8.f / 90, 16.f / 90, 32.f / 45, 16.f / 45, 8.f / 45, 4.f / 45, 2.f / 45,
    32.f / 45, -16.f / 45, 8.f / 45, -4.f / 45, 2.f / 45,  0,         0,         0,        0,        1};

static const struct {
    const float *a, *b, *g; /* A^T, B^T, G */
} of_form[VD_WINOGRAD_FORMS] = {
    [VD_F4_3] = {a4_3, b4_3, g4_3}, [VD_F2_3] = {a2_3, b2_3, g2_3}, [VD_F4_5] = {a4_5, b4_5, g4_5}};

/* to = m x m^T, m [rows][n], x [n][n]; with turned m [n][rows] and to = m^T x m */
static void both_ways(int rows, int n, int turned, const float *m, const float *x, float *to)
{
    float half[MOST * MOST];
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < n; ++j) {
            half[i * n + j] = 0;
            for (int k = 0; k < n; ++k) half[i * n + j] += (turned ? m[k * rows + i] : m[i * n + k]) * x[k * n + j];
        }
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < rows; ++j) {
            to[i * rows + j] = 0;
            for (int k = 0; k < n; ++k) to[i * rows + j] += half[i * n + k] * (turned ? m[k * rows + j] : m[j * n + k]);
        }
}

/* number `lane` of n x n pixels, lines `width` apart */
static void take(int n, int width, const float *pixels, float *x)
{
    for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) x[i * n + j] = pixels[((size_t)i * width + j) * BLOCK];
}

static const float *pixel_of(vd_winograd_strip s, const float *pixels, int t)
{
    return pixels + ((size_t)t / s.columns * s.width + t % s.columns) * vd_winograd_tile(s.form) * BLOCK;
}

static void turn_c(int channels, int lines, int columns, const float *x, size_t plane, int width, float *pixels)
{
    for (int i = 0; i < lines; ++i)
        for (int j = 0; j < columns; ++j)
            for (int c = 0; c < BLOCK; ++c)
                pixels[((size_t)i * width + j) * BLOCK + c] = c < channels ? x[c * plane + (size_t)i * columns + j] : 0;
}

static void turn_back_c(int channels, int lines, int columns, const float *pixels, int width, int add, float *y,
                        size_t plane)
{
    for (int i = 0; i < lines; ++i)
        for (int j = 0; j < columns; ++j)
            for (int c = 0; c < channels; ++c) {
                float *to = y + c * plane + (size_t)i * columns + j;
                *to = (add ? *to : 0) + pixels[((size_t)i * width + j) * BLOCK + c];
            }
}

static void input_c(vd_winograd_strip s, const float *pixels, float *v)
{
    int in = vd_winograd_in(s.form);
    for (int t = 0; t < s.rows * s.columns; ++t)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST], to[MOST * MOST];
            take(in, s.width, pixel_of(s, pixels, t) + lane, x);
            both_ways(in, in, 0, of_form[s.form].b, x, to);
            for (int f = 0; f < in * in; ++f) v[f * s.step + t * s.pitch + lane] = to[f];
        }
}

static void gradient_c(vd_winograd_strip s, const float *pixels, float *m)
{
    int in = vd_winograd_in(s.form), tile = vd_winograd_tile(s.form);
    for (int t = 0; t < s.rows * s.columns; ++t)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST], to[MOST * MOST];
            take(tile, s.width, pixel_of(s, pixels, t) + lane, x);
            both_ways(in, tile, 1, of_form[s.form].a, x, to);
            for (int f = 0; f < in * in; ++f) m[f * s.step + t * s.pitch + lane] = to[f];
        }
}

static void output_c(vd_winograd_strip s, int not_negative, const float *m, float *pixels)
{
    int in = vd_winograd_in(s.form), tile = vd_winograd_tile(s.form);
    for (int t = 0; t < s.rows * s.columns; ++t)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST] = {0}, y[MOST * MOST];
            for (int f = 0; f < in * in; ++f) x[f] = m[f * s.step + t * s.pitch + lane];
            both_ways(tile, in, 0, of_form[s.form].a, x, y);
            float *to = (float *)pixel_of(s, pixels, t) + lane;
            for (int i = 0; i < tile; ++i)
                for (int j = 0; j < tile; ++j) {
                    float number = y[i * tile + j];
                    to[((size_t)i * s.width + j) * BLOCK] = not_negative && number < 0 ? 0 : number;
                }
        }
}

static void weights_c(vd_winograd_form form, int n, int turned, const float *w, size_t step, size_t pitch, float *u)
{
    int in = vd_winograd_in(form), taps = vd_winograd_taps(form), all = taps * taps;
    for (int p = 0; p < n; ++p, w += all * BLOCK)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST_TAPS * MOST_TAPS], to[MOST * MOST];
            for (int i = 0; i < all; ++i) x[i] = w[(turned ? all - 1 - i : i) * BLOCK + lane];
            both_ways(in, taps, 0, of_form[form].g, x, to);
            for (int f = 0; f < in * in; ++f) u[f * step + p * pitch + lane] = to[f];
        }
}

static void d_weights_c(vd_winograd_form form, int n, const float *u, size_t step, size_t pitch, float *w)
{
    int in = vd_winograd_in(form), taps = vd_winograd_taps(form), all = taps * taps;
    for (int p = 0; p < n; ++p, w += all * BLOCK)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST] = {0}, to[MOST_TAPS * MOST_TAPS];
            for (int f = 0; f < in * in; ++f) x[f] = u[f * step + p * pitch + lane];
            both_ways(taps, in, 1, of_form[form].g, x, to);
            for (int i = 0; i < all; ++i) w[i * BLOCK + lane] = to[i];
        }
}

static void multiply_c(int tiles, int channels, int filters, int some, const float *v, size_t pitch, const float *u,
                       int add, float *m)
{
    for (int t = 0; t < tiles; ++t)
        for (int j = 0; j < some; ++j) {
            float sum = add ? m[(size_t)t * filters + j] : 0;
            for (int c = 0; c < channels; ++c) sum += v[t * pitch + c] * u[(size_t)c * filters + j];
            m[(size_t)t * filters + j] = sum;
        }
}

const vd_winograd_batch_kernels vd_winograd_batch_kernels_c = {.turn = turn_c,
                                                               .turn_back = turn_back_c,
                                                               .input = input_c,
                                                               .gradient = gradient_c,
                                                               .output = output_c,
                                                               .weights = weights_c,
                                                               .d_weights = d_weights_c,
                                                               .multiply = multiply_c};
