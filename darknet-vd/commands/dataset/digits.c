#include "commands/dataset/digits.h"

#include "data/glyphs.h"
#include "base/fail.h"
#include "base/splitmix64.h"

#include <assert.h>
#include <stdlib.h>

#include <stb/stb_image.h>

#define ONE 65536 /* 1 in the fixed point of this file, 16 bits of fraction */

enum {
    CANVAS = 128,   /* side of the square a glyph is centred in, glyph pixels: 28 output pixels and the shifts fit */
    REACH = 24,     /* the largest distance measured, glyph pixels */
    GRID = 5,       /* nodes of the elastic distortion along one side, 7 output pixels apart */
    INK_LEVEL = 128 /* darker glyph pixels are ink */
};

struct vd_digits {
    /* signed distance to the edge of the stroke, negative inside, 16-bit fixed point, glyph pixels */
    int32_t distance[VD_DIGITS_CLASSES][CANVAS][CANVAS];
};

uint64_t vd_digits_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t key = 0;
    const uint64_t parts[] = {seed, stream, index};
    for (int i = 0; i < 3; ++i) key = vd_splitmix64_mix(key + parts[i] + VD_SPLITMIX64_STEP);
    return key;
}

typedef struct {
    uint64_t key, count;
} numbers;

static uint64_t next(numbers *s)
{
    return vd_splitmix64_mix(s->key + ++s->count * VD_SPLITMIX64_STEP);
}

/* uniform over low .. high, both included, high - low < 2^32 */
static int64_t uniform(numbers *s, int64_t low, int64_t high)
{
    return low + (int64_t)((next(s) >> 32) * (uint64_t)(high - low + 1) >> 32);
}

static int64_t multiply(int64_t a, int64_t b)
{
    return a * b / ONE;
}

static int64_t clamp(int64_t a, int64_t low, int64_t high)
{
    return a < low ? low : a > high ? high : a;
}

/* floor(sqrt(a)) */
static int64_t square_root(int64_t a)
{
    int64_t root = 0;
    for (int64_t bit = INT64_C(1) << 31; bit; bit >>= 1) {
        if ((root | bit) * (root | bit) <= a) root |= bit;
    }
    return root;
}

/* distance of every canvas pixel to the nearest pixel of the other kind, less the half pixel to the edge between them:
 * min over dx of sqrt(dx^2 + (vertical distance in column x + dx)^2) */
static void measure(unsigned char ink[CANVAS][CANVAS], int32_t distance[CANVAS][CANVAS])
{
    int vertical[2][CANVAS][CANVAS]; /* to the nearest pixel without, with ink */
    for (int kind = 0; kind < 2; ++kind) {
        for (int x = 0; x < CANVAS; ++x) {
            for (int y = 0; y < CANVAS; ++y) {
                int reach = 0;
                while (reach < REACH && !(y - reach >= 0 && ink[y - reach][x] == kind) &&
                       !(y + reach < CANVAS && ink[y + reach][x] == kind)) {
                    ++reach;
                }
                vertical[kind][y][x] = reach;
            }
        }
    }
    for (int y = 0; y < CANVAS; ++y) {
        for (int x = 0; x < CANVAS; ++x) {
            int inside = ink[y][x], best = REACH * REACH;
            for (int dx = -REACH; dx <= REACH; ++dx) {
                if (x + dx < 0 || x + dx >= CANVAS) continue;
                int dy = vertical[!inside][y][x + dx];
                if (dx * dx + dy * dy < best) best = dx * dx + dy * dy;
            }
            int32_t away = (int32_t)(square_root((int64_t)best * ONE * ONE) - ONE / 2);
            distance[y][x] = inside ? -away : away;
        }
    }
}

/* decode digit k and centre the bounding box of its ink in the canvas */
static void load_glyph(int k, unsigned char ink[CANVAS][CANVAS])
{
    int bytes, w, h, channels, left = CANVAS, right = -1, top = CANVAS, bottom = -1;
    const unsigned char *file = vd_glyph_png('0' + k, VD_GLYPH_SIZES - 1, &bytes);
    unsigned char *grey = stbi_load_from_memory(file, bytes, &w, &h, &channels, 1);
    if (!grey) vd_die("the glyph of digit %d built into this program: %s", k, stbi_failure_reason());
    for (int y = 0; y < h; ++y) {
        for (int x = 0; x < w; ++x) {
            if (grey[y * w + x] >= INK_LEVEL) continue;
            if (x < left) left = x;
            if (x > right) right = x;
            if (y < top) top = y;
            if (y > bottom) bottom = y;
        }
    }
    assert(right >= left && right - left < CANVAS && bottom - top < CANVAS);
    int x0 = (CANVAS - (right - left)) / 2, y0 = (CANVAS - (bottom - top)) / 2;
    for (int y = top; y <= bottom; ++y) {
        for (int x = left; x <= right; ++x) ink[y0 + y - top][x0 + x - left] = grey[y * w + x] < INK_LEVEL;
    }
    stbi_image_free(grey);
}

vd_digits *vd_digits_make(void)
{
    vd_digits *digits = vd_calloc(1, sizeof(*digits));
    for (int k = 0; k < VD_DIGITS_CLASSES; ++k) {
        unsigned char ink[CANVAS][CANVAS] = {{0}};
        load_glyph(k, ink);
        measure(ink, digits->distance[k]);
    }
    return digits;
}

void vd_digits_free(vd_digits *digits)
{
    free(digits);
}

/* a[j][i], a[j][i+1], a[j+1][i], a[j+1][i+1] blended at fractions fx, fy in 0 .. ONE */
static int64_t blend(int64_t a00, int64_t a01, int64_t a10, int64_t a11, int64_t fx, int64_t fy)
{
    int64_t upper = a00 + multiply(a01 - a00, fx), lower = a10 + multiply(a11 - a10, fx);
    return upper + multiply(lower - upper, fy);
}

/* distance at a point of the canvas, glyph pixels, bilinear; outside the canvas, that of its border */
static int64_t distance_at(const int32_t distance[CANVAS][CANVAS], int64_t x, int64_t y)
{
    x = clamp(x, 0, (CANVAS - 1) * (int64_t)ONE - 1);
    y = clamp(y, 0, (CANVAS - 1) * (int64_t)ONE - 1);
    int64_t i = x / ONE, j = y / ONE;
    return blend(distance[j][i], distance[j][i + 1], distance[j + 1][i], distance[j + 1][i + 1], x % ONE, y % ONE);
}

/* displacement at an output pixel: the grid's random nodes joined by 3t^2 - 2t^3 */
static int64_t displacement(int64_t node[GRID][GRID], int x, int y)
{
    int cell = VD_DIGITS_SIDE / (GRID - 1), i = x / cell, j = y / cell;
    int64_t tx = (x % cell) * (int64_t)ONE / cell, ty = (y % cell) * (int64_t)ONE / cell;
    int64_t fx = multiply(multiply(tx, tx), 3 * ONE - 2 * tx), fy = multiply(multiply(ty, ty), 3 * ONE - 2 * ty);
    return blend(node[j][i], node[j][i + 1], node[j + 1][i], node[j + 1][i + 1], fx, fy);
}

/* thousandths in fixed point */
#define MILLI(n) ((int64_t)(n)*ONE / 1000)

/* how one picture looks, all in fixed point */
typedef struct {
    int64_t sine, cosine, shear, zoom_x, zoom_y; /* glyph pixels by output pixel */
    int64_t shift_x, shift_y;                    /* output pixels */
    int64_t thicker;                             /* glyph pixels added at each edge of the stroke */
    int64_t softness;                            /* glyph pixels from black to white; 3 = one pixel */
    int64_t ground, ink, noise;                  /* greys */
    int64_t node_x[GRID][GRID], node_y[GRID][GRID];
} look;

/* the order of the random numbers must not change: the pictures depend on it */
static look draw_look(numbers *s)
{
    look k;
    /* the tallest glyph, 64 pixels, gets 16 .. 21 output pixels; 18 degrees (0.32) keep 6 and 9 apart */
    int64_t turn = uniform(s, MILLI(-320), MILLI(320));
    k.shear = uniform(s, MILLI(-250), MILLI(250));
    k.zoom_x = uniform(s, MILLI(2800), MILLI(3900));
    k.zoom_y = uniform(s, MILLI(3000), MILLI(3900));
    k.shift_x = uniform(s, MILLI(-2500), MILLI(2500));
    k.shift_y = uniform(s, MILLI(-2500), MILLI(2500));
    k.thicker = uniform(s, MILLI(-1000), MILLI(2500));
    k.softness = uniform(s, MILLI(2500), MILLI(6000));
    k.ground = uniform(s, 0, 30);
    k.ink = uniform(s, 150, 255);
    k.noise = uniform(s, 0, 40);
    for (int j = 0; j < GRID; ++j) {
        for (int i = 0; i < GRID; ++i) {
            k.node_x[j][i] = uniform(s, MILLI(-1500), MILLI(1500));
            k.node_y[j][i] = uniform(s, MILLI(-1500), MILLI(1500));
        }
    }
    /* Taylor series: within 1e-5 up to 0.5 */
    int64_t turn2 = multiply(turn, turn);
    k.sine = multiply(turn, ONE - turn2 / 6 + multiply(turn2, turn2) / 120);
    k.cosine = ONE - turn2 / 2 + multiply(turn2, turn2) / 24;
    return k;
}

/* distance to the stroke's edge at an output pixel, which goes back to the glyph: shift, distort, turn, shear, zoom */
static int64_t distance_of_pixel(const int32_t distance[CANVAS][CANVAS], look *k, int x, int y)
{
    int64_t u = (2 * x - (VD_DIGITS_SIDE - 1)) * (int64_t)ONE / 2 - k->shift_x + displacement(k->node_x, x, y);
    int64_t v = (2 * y - (VD_DIGITS_SIDE - 1)) * (int64_t)ONE / 2 - k->shift_y + displacement(k->node_y, x, y);
    int64_t p = multiply(k->cosine, u) + multiply(k->sine, v), q = multiply(k->cosine, v) - multiply(k->sine, u);
    p += multiply(k->shear, q);
    return distance_at(distance, CANVAS * ONE / 2 + multiply(p, k->zoom_x), CANVAS * ONE / 2 + multiply(q, k->zoom_y));
}

int vd_digits_draw(const vd_digits *digits, uint64_t seed, uint64_t stream, uint64_t index, unsigned char *pixels)
{
    int label = (int)(index % VD_DIGITS_CLASSES);
    numbers s = {vd_digits_bits(seed, stream, index), 0};
    look k = draw_look(&s);
    for (int y = 0; y < VD_DIGITS_SIDE; ++y) {
        for (int x = 0; x < VD_DIGITS_SIDE; ++x) {
            int64_t d = distance_of_pixel(digits->distance[label], &k, x, y);
            int64_t cover = clamp(ONE / 2 + (k.thicker - d) * ONE / k.softness, 0, ONE);
            /* a triangle over -noise .. noise */
            int64_t noise = uniform(&s, -k.noise, k.noise) + uniform(&s, -k.noise, k.noise);
            int64_t grey = k.ground + multiply(k.ink - k.ground, cover) + noise / 2;
            pixels[y * VD_DIGITS_SIDE + x] = (unsigned char)clamp(grey, 0, 255);
        }
    }
    return label;
}
