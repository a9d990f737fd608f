/* The specification of the kernels for a batch by Winograd: products of small matrices, each number by itself. */
#include "kernels/winograd_batch_kernels.h"

enum { BLOCK = VD_WINOGRAD_BLOCK, MOST = VD_WINOGRAD_MOST_IN, TAPS = VD_WINOGRAD_TAPS };

static const float b4[MOST * MOST] = {4, 0,  -5, 0, 1, 0, 0, -4, -4, 1,  1, 0, 0, 4, -4, -1, 1, 0,
                                      0, -2, -1, 2, 1, 0, 0, 2,  -1, -2, 1, 0, 0, 4, 0,  -5, 0, 1};
static const float g4[MOST * 3] = {1.f / 4,  0,         0,        -1.f / 6, -1.f / 6, -1.f / 6,
                                   -1.f / 6, 1.f / 6,   -1.f / 6, 1.f / 24, 1.f / 12, 1.f / 6,
                                   1.f / 24, -1.f / 12, 1.f / 6,  0,        0,        1};
static const float a4[4 * MOST] = {1, 1, 1, 1, 1, 0, 0, 1, -1, 2, -2, 0, 0, 1, 1, 4, 4, 0, 0, 1, -1, 8, -8, 1};
static const float b2[16] = {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1};
static const float g2[12] = {1, 0, 0, .5f, .5f, .5f, .5f, -.5f, .5f, 0, 0, 1};
static const float a2[8] = {1, 1, 1, 0, 0, 1, -1, -1};

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
    return pixels + ((size_t)t / s.columns * s.tile * s.width + (size_t)(t % s.columns) * s.tile) * BLOCK;
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
    int in = s.tile + 2;
    for (int t = 0; t < s.rows * s.columns; ++t)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST], to[MOST * MOST];
            take(in, s.width, pixel_of(s, pixels, t) + lane, x);
            both_ways(in, in, 0, s.tile == 4 ? b4 : b2, x, to);
            for (int f = 0; f < in * in; ++f) v[f * s.step + t * s.pitch + lane] = to[f];
        }
}

static void gradient_c(vd_winograd_strip s, const float *pixels, float *m)
{
    int in = s.tile + 2;
    for (int t = 0; t < s.rows * s.columns; ++t)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST], to[MOST * MOST];
            take(s.tile, s.width, pixel_of(s, pixels, t) + lane, x);
            both_ways(in, s.tile, 1, s.tile == 4 ? a4 : a2, x, to);
            for (int f = 0; f < in * in; ++f) m[f * s.step + t * s.pitch + lane] = to[f];
        }
}

static void output_c(vd_winograd_strip s, int not_negative, const float *m, float *pixels)
{
    int in = s.tile + 2;
    for (int t = 0; t < s.rows * s.columns; ++t)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST] = {0}, y[MOST * MOST];
            for (int f = 0; f < in * in; ++f) x[f] = m[f * s.step + t * s.pitch + lane];
            both_ways(s.tile, in, 0, s.tile == 4 ? a4 : a2, x, y);
            float *to = (float *)pixel_of(s, pixels, t) + lane;
            for (int i = 0; i < s.tile; ++i)
                for (int j = 0; j < s.tile; ++j) {
                    float number = y[i * s.tile + j];
                    to[((size_t)i * s.width + j) * BLOCK] = not_negative && number < 0 ? 0 : number;
                }
        }
}

static void weights_c(int tile, int n, int turned, const float *w, size_t step, size_t pitch, float *u)
{
    int in = tile + 2;
    for (int p = 0; p < n; ++p, w += TAPS * BLOCK)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[TAPS], to[MOST * MOST];
            for (int i = 0; i < TAPS; ++i) x[i] = w[(turned ? TAPS - 1 - i : i) * BLOCK + lane];
            both_ways(in, 3, 0, tile == 4 ? g4 : g2, x, to);
            for (int f = 0; f < in * in; ++f) u[f * step + p * pitch + lane] = to[f];
        }
}

static void d_weights_c(int tile, int n, const float *u, size_t step, size_t pitch, float *w)
{
    int in = tile + 2;
    for (int p = 0; p < n; ++p, w += TAPS * BLOCK)
        for (int lane = 0; lane < BLOCK; ++lane) {
            float x[MOST * MOST] = {0}, to[TAPS];
            for (int f = 0; f < in * in; ++f) x[f] = u[f * step + p * pitch + lane];
            both_ways(3, in, 1, tile == 4 ? g4 : g2, x, to);
            for (int i = 0; i < TAPS; ++i) w[i * BLOCK + lane] = to[i];
        }
}

static void multiply_c(int tiles, int channels, int filters, const float *v, size_t pitch, const float *u, int add,
                       float *m)
{
    for (int t = 0; t < tiles; ++t)
        for (int j = 0; j < filters; ++j) {
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
