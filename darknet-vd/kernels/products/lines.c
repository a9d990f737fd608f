#include "kernels/products/lines.h"
#include "kernels/products/blocks.h"
#include "kernels/kernels.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <string.h>

enum { CACHE = 512 << 10 }; /* bytes of copies that are made before they are used */

/* number `at` of an array of the type */
static void *at(vd_convolution_shape s, const void *array, size_t at)
{
    return (char *)array + vd_type_size(s.type) * at;
}

static void *scratch_of(vd_convolution_shape s, vd_scratch_slot slot, size_t n)
{
    return vd_scratch(slot, vd_type_size(s.type) * n / sizeof(float) + 1);
}

int vd_lines_has(vd_convolution_shape s)
{
    if (!vd_window_is_plain(s.window)) return 0;
    return s.type == VD_FLOAT || (s.type == VD_FP16 && vd_kernels_get()->tile_half);
}

/* ---- forward ---- */

/* A run is cut into groups of images, whose rows lie side by side in the copies so that there is enough for a row of
 * the tile, and an image into strips of output rows, whose copies fit the cache. */
typedef struct {
    int images, rows; /* of a group, of a strip */
} cut;

static cut cut_of(vd_convolution_shape s, int images)
{
    enum { ENOUGH = 512 }; /* pixels of a group */
    vd_window w = s.window;
    cut c = {1, w.out_h};
    int pixels = vd_convolution_pixels(s);
    int few = s.type == VD_FP16 ? 192 : 64; /* a vector of fp16 is longer, and the tile packs it */
    if (pixels < few) c.images = ENOUGH / pixels < images ? ENOUGH / pixels : images;
    while (images % c.images) --c.images;
    size_t row = vd_type_size(s.type) * w.c * w.size * (w.stride < w.size ? w.stride : w.size) * w.out_w * c.images;
    int fit = (int)(CACHE / row), fewest = (few + w.out_w * c.images - 1) / (w.out_w * c.images);
    fit = fit > fewest ? fit : fewest;
    int strips = (w.out_h + fit - 1) / fit;
    c.rows = (w.out_h + strips - 1) / strips;
    return c;
}

/* where the rows of the tile begin in the copies, in the order of the weights: c, kh, kw */
static const int *offsets_of(const vd_shift *copies)
{
    int *offset = (void *)vd_scratch(VD_SCRATCH_OFFSETS, (size_t)copies->c * copies->size * copies->size), *to = offset;
    int phases = vd_shift_phases(copies), line = copies->images * copies->out_w;
    for (int c = 0; c < copies->c; ++c)
        for (int kh = 0; kh < copies->size; ++kh)
            for (int kw = 0; kw < copies->size; ++kw)
                *to++ =
                    (((c * copies->size + kw) * phases + kh % copies->stride) * copies->rows + kh / copies->stride) *
                    line;
    return offset;
}

/* lines are short: the library's functions take longer to start than to copy them */
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

static inline void copy_line(int n, const float *from, float *to)
{
    int i = 0;
    for (; i + 4 <= n; i += 4) *(four *)(to + i) = *(const four *)(from + i);
    for (; i < n; ++i) to[i] = from[i];
}

static inline void add_line(int n, const float *from, float *to)
{
    int i = 0;
    for (; i + 4 <= n; i += 4) *(four *)(to + i) += *(const four *)(from + i);
    for (; i < n; ++i) to[i] += from[i];
}

/* [n][rows][images][out_w] to rows of the images' outputs */
static void take_apart(vd_convolution_shape s, cut c, int rows, int add, const float *joined, float *y)
{
    int out_w = s.window.out_w;
    for (int n = 0; n < s.n; ++n)
        for (int r = 0; r < rows; ++r)
            for (int b = 0; b < c.images; ++b, joined += out_w) {
                float *to = y + vd_convolution_output(s) * b + (size_t)n * vd_convolution_pixels(s) + (size_t)r * out_w;
                if (add) add_line(out_w, joined, to);
                else copy_line(out_w, joined, to);
            }
}

static void convolve_strip(vd_convolution_shape s, cut c, int first, int rows, vd_tile t, const void *x, float *y)
{
    vd_window w = s.window;
    vd_shift shift = {.c = w.c, .h = w.h, .w = w.w, .size = w.size, .stride = w.stride, .pad = w.pad, .out_w = w.out_w};
    shift.first = first;
    shift.rows = rows + (w.size - 1) / w.stride;
    shift.images = c.images;
    shift.image = vd_convolution_input(s);
    size_t copies = (size_t)w.c * w.size * vd_shift_phases(&shift) * shift.rows * c.images * w.out_w;
    void *to = scratch_of(s, VD_SCRATCH_COLUMNS, copies);
    int joined = c.images > 1, add = t.add;
    if (s.type == VD_FP16) vd_kernels_get()->shift_16(shift, x, to);
    else vd_kernels_get()->shift(shift, x, to);
    t.x = to;
    t.offset = offsets_of(&shift);
    t.n = rows * c.images * w.out_w;
    t.add = add && !joined;
    t.ldc = joined ? t.n : vd_convolution_pixels(s);
    t.c = joined ? vd_scratch(VD_SCRATCH_BLOCKED_Y, (size_t)t.m * t.n) : y + (size_t)first * w.out_w;
    vd_multiply_blocks(s.type, t);
    if (joined) take_apart(s, c, rows, add, t.c, y + (size_t)first * w.out_w);
}

static void convolve(vd_convolution_shape s, int images, const void *x, const void *packed, float scale, int add,
                     float *y)
{
    cut c = cut_of(s, images);
    vd_tile t = {.m = s.n, .k = vd_convolution_rows(s), .a = packed, .add = add, .scale = scale};
    for (int b = 0; b < images; b += c.images) {
        const void *in = at(s, x, vd_convolution_input(s) * b);
        float *out = y + vd_convolution_output(s) * b;
        if (vd_convolution_is_product(s) && c.images == 1) {
            t.n = vd_convolution_pixels(s), t.x = in, t.ldx = t.ldc = t.n, t.c = out;
            vd_multiply_blocks(s.type, t);
            continue;
        }
        for (int first = 0; first < s.window.out_h; first += c.rows) {
            int left = s.window.out_h - first;
            convolve_strip(s, c, first, left < c.rows ? left : c.rows, t, in, out);
        }
    }
}

void vd_lines_forward(vd_convolution_shape s, int images, const void *x, const void *packed, float scale, float *y)
{
    convolve(s, images, x, packed, scale, 0, y);
}

/* ---- gradient of the input ---- */

/* as a forward convolution with turned weights, unless it would compute many more pixels than there are */
static int by_turning(vd_convolution_shape s)
{
    return vd_can_be_turned(s) && 4L * s.window.h * s.window.w <= 5L * vd_convolution_pixels(s);
}

static void backward_data_by_columns(vd_convolution_shape s, int images, const void *dy, const void *weights,
                                     float scale, int add, float *dx)
{
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s), in_place = vd_convolution_is_product(s);
    float *columns = in_place ? 0 : vd_scratch(VD_SCRATCH_D_COLUMNS, (size_t)rows * pixels);
    vd_tile t = {.m = rows,
                 .n = pixels,
                 .k = s.n,
                 .a = weights,
                 .a_row = 1,
                 .a_step = rows,
                 .ldx = pixels,
                 .ldc = pixels,
                 .scale = scale};
    t.add = in_place && add;
    if (!in_place && !add) memset(dx, 0, vd_convolution_input(s) * images * sizeof(float));
    for (int b = 0; b < images; ++b) {
        float *image = dx + vd_convolution_input(s) * b;
        t.x = at(s, dy, vd_convolution_output(s) * b);
        t.c = in_place ? image : columns;
        vd_tile_of(s.type, t);
        if (!in_place) vd_kernels_get()->col2im_add(s.window, columns, image);
    }
}

void vd_lines_backward_data(vd_convolution_shape s, int images, const void *dy, const void *packed, float scale,
                            int add, float *dx)
{
    if (by_turning(s)) convolve(vd_turned(s), images, dy, packed, scale, add, dx);
    else backward_data_by_columns(s, images, dy, packed, scale, add, dx);
}

/* ---- weights ---- */

size_t vd_lines_packed_bytes(vd_convolution_shape s, vd_pass pass)
{
    if (pass == VD_BACKWARD_DATA && !by_turning(s)) return 0;
    return vd_type_size(s.type) * s.n * vd_convolution_rows(s);
}

void vd_lines_pack(vd_convolution_shape s, vd_pass pass, const void *weights, void *packed)
{
    if (pass == VD_BACKWARD_DATA) {
        weights = vd_turned_weights(s, weights);
        s = vd_turned(s);
    }
    int rows = vd_convolution_rows(s);
    vd_pack_blocks(s.type, s.n, rows, weights, rows, 0, rows, packed);
}

/* ---- gradient of the weights ---- */

/* The output gradients of a strip of rows, or of a group of small images, by pixels, and its input by pixels: the
 * numbers of all channels that a row of a filter meets lie side by side there, at every output pixel. So
 *
 *     dw[n][kh][kw c] += the sum over q of dy[q][n] x[pixel of (q, kh)][kw c]
 *
 * is a product for every kh. Where size c is too little for the rows of a tile, it is its transpose, row by row. */
typedef struct {
    vd_convolution_shape s;
    int images;         /* of a group */
    int first, rows;    /* output rows of a strip */
    int height, width;  /* pixels of x, of one image */
    const void *x, *dy; /* [images][height][width][c], [images][rows out_w][n], in blocks where it is wide */
    float *sums;        /* [n][size][size c], or [size][size c][n] */
    float scale;
} weights_strip;

static int is_wide(vd_convolution_shape s)
{
    enum { WIDE = 48 };
    return s.window.size * s.window.c >= WIDE;
}

/* one image */
static void turn_rows(const weights_strip *p, const void *image, char *to)
{
    vd_window w = p->s.window;
    int above = p->first * w.stride - w.pad;
    int right = p->width - w.pad < w.w ? p->width - w.pad : w.w; /* pixels read of a row */
    size_t line = (size_t)p->width * w.c, bytes = vd_type_size(p->s.type);
    for (int r = 0; r < p->height; ++r, to += bytes * line) {
        int h = above + r, is_inside = h >= 0 && h < w.h && right > 0;
        if (!is_inside || w.pad || p->width > w.w) memset(to, 0, bytes * line);
        if (is_inside)
            vd_transpose_type(p->s.type, w.c, right, at(p->s, image, (size_t)h * w.w), w.h * w.w,
                              at(p->s, to, (size_t)w.pad * w.c), w.c);
    }
}

static void turn_input(weights_strip *p, const void *x)
{
    size_t one = (size_t)p->height * p->width * p->s.window.c;
    void *to = scratch_of(p->s, VD_SCRATCH_BLOCKED_X, p->images * one);
    for (int b = 0; b < p->images; ++b)
        turn_rows(p, at(p->s, x, vd_convolution_input(p->s) * b), at(p->s, to, one * b));
    p->x = to;
}

static void turn_gradient(weights_strip *p, const void *dy)
{
    int one = p->rows * p->s.window.out_w, all = p->images * one;
    void *to = scratch_of(p->s, VD_SCRATCH_D_COLUMNS, (size_t)all * p->s.n);
    for (int b = 0; b < p->images; ++b) {
        const void *from = at(p->s, dy, vd_convolution_output(p->s) * b + (size_t)p->first * p->s.window.out_w);
        if (is_wide(p->s)) vd_pack_blocks(p->s.type, p->s.n, one, from, vd_convolution_pixels(p->s), b * one, all, to);
        else
            vd_transpose_type(p->s.type, p->s.n, one, from, vd_convolution_pixels(p->s),
                              at(p->s, to, (size_t)b * one * p->s.n), p->s.n);
    }
    p->dy = to;
}

static void add_wide(const weights_strip *p)
{
    vd_window w = p->s.window;
    int row = w.size * w.c, one = p->rows * w.out_w, pixels = p->images * one;
    int *offset = (void *)vd_scratch(VD_SCRATCH_OFFSETS, pixels), *to = offset;
    for (int b = 0; b < p->images; ++b)
        for (int h = 0; h < p->rows; ++h)
            for (int v = 0; v < w.out_w; ++v) *to++ = ((b * p->height + h * w.stride) * p->width + v * w.stride) * w.c;
    vd_tile t = {.m = p->s.n,
                 .n = row,
                 .k = pixels,
                 .a = p->dy,
                 .offset = offset,
                 .ldc = (long)row * w.size,
                 .add = 1,
                 .scale = p->scale};
    for (int kh = 0; kh < w.size; ++kh) {
        t.x = at(p->s, p->x, (size_t)kh * p->width * w.c);
        t.c = p->sums + (size_t)kh * row;
        vd_multiply_blocks(p->s.type, t);
    }
}

static void add_narrow(const weights_strip *p)
{
    vd_window w = p->s.window;
    int row = w.size * w.c, n = p->s.n;
    vd_tile t = {.m = row,
                 .n = n,
                 .k = w.out_w,
                 .a_row = 1,
                 .a_step = (long)w.stride * w.c,
                 .ldx = n,
                 .ldc = n,
                 .add = 1,
                 .scale = p->scale};
    for (int r = 0; r < p->images * p->rows; ++r)
        for (int kh = 0; kh < w.size; ++kh) {
            int line = r / p->rows * p->height + r % p->rows * w.stride + kh;
            t.a = at(p->s, p->x, (size_t)line * p->width * w.c);
            t.x = at(p->s, p->dy, (size_t)r * w.out_w * n);
            t.c = p->sums + (size_t)kh * row * n;
            vd_tile_of(p->s.type, t);
        }
}

/* dw += the sums, in the layout of the weights */
static void add_sums(vd_convolution_shape s, const float *sums, float *dw)
{
    int c = s.window.c, taps = vd_convolution_taps(s);
    if (is_wide(s)) {
        for (int n = 0; n < s.n; ++n, sums += taps * c, dw += taps * c) vd_transpose_add(taps, c, sums, c, dw, taps);
        return;
    }
    for (int tap = 0; tap < taps; ++tap)
        for (int i = 0; i < c; ++i)
            for (int n = 0; n < s.n; ++n) dw[((size_t)n * c + i) * taps + tap] += *sums++;
}

/* images of a group, and the rows of a strip where that is 1 */
static void cut_weights(weights_strip *p, int images, int *rows)
{
    enum { ENOUGH = 256 }; /* pixels of a sum that pay for reading and writing it */
    vd_window w = p->s.window;
    int pixels = vd_convolution_pixels(p->s), fit = 1;
    p->images = ENOUGH / pixels < 1 ? 1 : ENOUGH / pixels < images ? ENOUGH / pixels : images;
    while (images % p->images) --p->images;
    *rows = w.out_h;
    if (p->images > 1) return;
    fit = (int)(CACHE / (vd_type_size(p->s.type) * ((size_t)p->width * w.c * w.stride + (size_t)p->s.n * w.out_w)));
    *rows = fit < 1 ? 1 : fit < w.out_h ? fit : w.out_h;
}

void vd_lines_backward_weights(vd_convolution_shape s, int images, const void *x, const void *dy, float scale,
                               float *dw)
{
    vd_window w = s.window;
    int in_place = w.size == 1 && is_wide(s), rows;
    size_t all = (size_t)s.n * vd_convolution_rows(s);
    weights_strip p = {.s = s, .width = (w.out_w - 1) * w.stride + w.size, .scale = scale};
    cut_weights(&p, images, &rows);
    p.sums = in_place ? dw : vd_scratch(VD_SCRATCH_BLOCKED_W, all);
    if (!in_place) memset(p.sums, 0, all * sizeof(float));
    for (int b = 0; b < images; b += p.images)
        for (p.first = 0; p.first < w.out_h; p.first += rows) {
            p.rows = w.out_h - p.first < rows ? w.out_h - p.first : rows;
            p.height = (p.rows - 1) * w.stride + w.size;
            turn_input(&p, at(s, x, vd_convolution_input(s) * b));
            turn_gradient(&p, at(s, dy, vd_convolution_output(s) * b));
            if (is_wide(s)) add_wide(&p);
            else add_narrow(&p);
        }
    if (!in_place) add_sums(s, p.sums, dw);
}
