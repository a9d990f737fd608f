#include "kernels/sparse/product.h"
#include "base/parallel.h"
#include "kernels/lengths.h"
#include "kernels/scratch.h"
#include "kernels/sparse/matrix.h"
#include "kernels/transpose.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- the way ---- */

/* Measured on a Zen 4 (32 KiB and 1 MiB of cache); a Zen 5 with 48 KiB wants about the same. */
enum {
    FEW_IMAGES = 8,  /* fewer do not fill a vector */
    FEW_PIXELS = 4,  /* the same for pixels */
    MOST_LANES = 112 /* images of a connected layer: seven registers with AVX-512 */
};
static const double shifted_from = .08; /* density from which aligned loads pay for copying the image more often */

/* images side by side: in one vector, or in several where a line of the output is short */
static int lanes_of(vd_window w, int images)
{
    int groups = (images + MOST_LANES - 1) / MOST_LANES,
        most = vd_round_up((images + groups - 1) / groups, VD_SPARSE_LANES);
    int enough = vd_round_up((MOST_LANES + w.out_w - 1) / w.out_w, VD_SPARSE_LANES);
    return most < enough ? most : enough;
}

/* 1 when the lanes should be images: there are enough of them, and by pixels many lanes would be wasted */
static int images_pay(vd_window w, int images)
{
    int pixels = w.out_h * w.out_w, by_pixels = vd_round_up((w.out_h - 1) * (w.w + w.pad) + w.out_w, VD_SPARSE_LANES);
    return images >= FEW_IMAGES && by_pixels > 1.25 * pixels;
}

static double density_of(const vd_sparse_form *f)
{
    return (double)f->nonzeros / ((double)f->n * f->window.c * f->window.size * f->window.size);
}

/* 1 when slices should be used instead of panels */
static int slices_pay(const vd_sparse_form *f)
{
    enum { CACHED = 1 << 20 }; /* bytes of slices that stay in the second-level cache, half of it */
    double density = density_of(f);
    size_t bytes = vd_sparse_matrix_rows(f) * f->window.c * f->window.size * f->window.size * density *
                   (sizeof(float) + sizeof(uint16_t));
    return vd_sparse_matrix_columns(f) <= VD_SPARSE_MOST_COLUMNS &&
           density < vd_kernels_get()->sparse->slices_below[bytes > CACHED];
}

static vd_sparse_ways way_of(const vd_sparse_form *f, int images)
{
    vd_window w = f->window;
    if (images_pay(w, images)) return VD_SPARSE_IMAGES;
    if (w.out_h * w.out_w > FEW_PIXELS) return VD_SPARSE_PIXELS;
    return slices_pay(f) ? VD_SPARSE_SLICES : VD_SPARSE_PANELS;
}

/* 1 when the channels of an image should be its planes: only for what simplify() has made a line. A copy pays where
 * many weights use it, because its planes begin at multiples of a vector; those of an image may, too, but then perhaps
 * at large powers of two, which share few places of the first-level cache. Measured on a Zen 5. */
static int in_place_pays(const vd_sparse_form *f)
{
    enum { USES = 6, USES_ALIGNED = 32 }; /* weights for each channel */
    vd_window w = f->window;
    if (w.size > 1 || w.stride > 1 || w.pad || w.down || w.h > 1 || w.w < VD_SPARSE_LANES) return 0;
    return f->nonzeros < (size_t)w.c * (w.w % VD_SPARSE_LANES ? USES : USES_ALIGNED);
}

/* for a 1x1 filter, the image is one long line of pixels */
static vd_window simplify(vd_window w)
{
    if (w.size == 1 && w.stride == 1 && w.pad == 0 && !w.down) {
        w.w = w.out_w = w.h * w.w;
        w.h = w.out_h = 1;
    }
    return w;
}

static vd_sparse_form *begin_form(vd_window w, int n, const float *weights, float slope)
{
    vd_sparse_form *f = calloc(1, sizeof(*f));
    if (!f) return 0;
    size_t all = (size_t)n * w.c * w.size * w.size;
    f->window = simplify(w);
    f->n = n;
    f->slope = slope;
    for (size_t i = 0; i < all; ++i) f->nonzeros += weights[i] != 0;
    return f;
}

static vd_sparse_form *complete(vd_sparse_form *f, vd_sparse_ways by, int images, const float *weights,
                                const float *scale, const float *bias)
{
    static int (*const make[])(vd_sparse_form * f, const float *weights, const float *scale, const float *bias) = {
        vd_sparse_make_rows, vd_sparse_make_rows, vd_sparse_make_panels, vd_sparse_make_slices};
    f->by = by;
    f->shifted = by == VD_SPARSE_PIXELS && f->window.size > 1 && density_of(f) >= shifted_from;
    f->in_place = by == VD_SPARSE_PIXELS && in_place_pays(f);
    f->lanes = by == VD_SPARSE_IMAGES ? lanes_of(f->window, images) : 1;
    if (f->nonzeros < INT_MAX && make[by](f, weights, scale, bias)) return f;
    free_vd_sparse_form(f);
    return 0;
}

vd_sparse_form *make_vd_sparse_form_by(vd_sparse_ways by, vd_window w, int n, int images, const float *weights,
                                       const float *scale, const float *bias, float slope)
{
    vd_sparse_form *f = begin_form(w, n, weights, slope);
    return f ? complete(f, by, images, weights, scale, bias) : 0;
}

vd_sparse_form *make_vd_sparse_form(vd_window w, int n, int images, const float *weights, const float *scale,
                                    const float *bias, float slope)
{
    vd_sparse_form *f = begin_form(w, n, weights, slope);
    return f ? complete(f, way_of(f, images), images, weights, scale, bias) : 0;
}

void free_vd_sparse_form(vd_sparse_form *f)
{
    if (!f) return;
    for (int i = 0; i < f->n_arrays; ++i) free(f->arrays[i]);
    free(f);
}

const char *vd_sparse_way(const vd_sparse_form *f)
{
    static const char *const names[] = {"pixels", "images", "panels", "slices"};
    return f->shifted ? "shifted" : f->in_place ? "in place" : names[f->by];
}

/* ---- products ---- */

/* Work is cut by these sizes alone, never by the number of threads. Below SMALL multiply-adds, waking the other threads
 * costs more than they save. */
enum { SMALL = 1 << 20, PLANES = 16, PANELS = 8, SLICES = 8 };
enum { GATHERED = 4 }; /* a multiply-add whose factor is gathered takes as long as this many others */

typedef struct {
    const vd_sparse_form *f;
    const vd_sparse_kernels *k;
    int images; /* of the batch */
    const float *input;
    float *output;
    /* of the image, or the run of images, being multiplied */
    float *x;       /* [planes][size][lanes] */
    int first;      /* the run's first image */
    int lanes_used; /* its images; at most the form's lanes */
    size_t lanes;   /* of a tile */
} job;

static size_t inputs_of(const job *j)
{
    vd_window w = j->f->window;
    return (size_t)w.c * w.h * w.w;
}

static size_t pixels_of(const job *j)
{
    return (size_t)j->f->window.out_h * j->f->window.out_w;
}

/* run body on all threads, or in this one when there is little to do; products: multiply-adds in all */
static void loop(size_t products, int n, void (*body)(int i, void *context), void *context)
{
    for (int i = 0; products < SMALL && i < n; ++i) body(i, context);
    if (products >= SMALL) vd_parallel_for(n, body, context);
}

/* the sums of one group of filters, one block of planes after the other */
static void sum_blocks(const job *j, int group, size_t lanes, const float *x, vd_sparse_end end)
{
    const vd_sparse_form *f = j->f;
    const vd_sparse_rows *piece = f->pieces + group * f->blocks;
    size_t stride = vd_round_up((int)lanes, VD_SPARSE_LANES);
    float *y = f->blocks > 1 ? vd_scratch(VD_SCRATCH_SQUARE, VD_SPARSE_GROUP * stride) : 0;
    for (int b = 0; b < f->blocks; ++b)
        j->k->sums(piece[b], lanes, x, b == 0 ? f->bias + group * VD_SPARSE_GROUP : 0, y, stride,
                   b == f->blocks - 1 ? &end : 0);
}

/* ---- the pixels of one image as lanes ---- */

static void pack_pixels(int i, void *context)
{
    const job *j = context;
    int first = i * PLANES;
    j->k->pack(j->f->planes, first, first + vd_piece_length(j->f->n_planes, PLANES, i), j->input, j->x);
}

/* one group of filters, one tile of pixels */
static void sum_pixels(int i, void *context)
{
    const job *j = context;
    const vd_sparse_form *f = j->f;
    vd_window w = f->window;
    size_t pixels = pixels_of(j), numbers = (size_t)(w.out_h - 1) * f->planes.pitch + w.out_w;
    int group = i % f->groups;
    size_t first = i / f->groups * j->lanes, left = numbers - first;
    size_t lanes = left < j->lanes ? left : j->lanes;
    if (!f->in_place) lanes = vd_round_up((int)lanes, VD_SPARSE_LANES); /* zeros follow */
    vd_sparse_end end = {f->slope, first, numbers, f->planes.pitch, w.out_w, 0, pixels};
    end.out = j->output + group * VD_SPARSE_GROUP * pixels;
    sum_blocks(j, group, lanes, j->x + first, end);
}

static void forward_pixels(int image, void *context)
{
    const job *all = context;
    job j = *all; /* of this image */
    const vd_sparse_form *f = j.f;
    size_t numbers = (size_t)(f->window.out_h - 1) * f->planes.pitch + f->window.out_w;
    size_t vectors = (numbers + VD_SPARSE_LANES - 1) / VD_SPARSE_LANES, most = VD_SPARSE_TILE / VD_SPARSE_LANES;
    int tiles = vd_pieces(vectors, most);
    j.lanes = (size_t)vd_pieces(vectors, tiles) * VD_SPARSE_LANES;
    j.input += image * inputs_of(&j);
    j.output += image * pixels_of(&j) * f->n;
    j.x = (float *)j.input; /* only read */
    if (!f->in_place) {
        j.x = vd_scratch(VD_SCRATCH_SHARED, f->n_planes * f->planes.size + 2 * VD_SPARSE_LANES);
        loop(f->n_planes * f->planes.size, vd_pieces(f->n_planes, PLANES), pack_pixels, &j);
    }
    loop(f->nonzeros * numbers, vd_pieces(vectors * VD_SPARSE_LANES, j.lanes) * f->groups, sum_pixels, &j);
}

/* ---- images as lanes ---- */

/* the channel of the first image that a plane is cut out of */
static const float *channel_of(const job *j, int plane)
{
    vd_window w = j->f->window;
    return j->input + j->first * inputs_of(j) + (size_t)j->f->planes.plane[plane].channel * w.h * w.w;
}

static float *plane_of(const job *j, int plane)
{
    return j->x + plane * j->f->planes.size * j->f->lanes;
}

/* Put the planes of a run of images side by side: x[plane][line][k][b] is number k of the line in image b. What is
 * outside the image is not written: pack_images() has set it to 0. */

/* neighbouring channels whose planes have no edge: one transpose for all of them
 *
 *     x[plane + i][line][k][b] = image b [channel + i][line][k]                       i = 0 .. planes - 1 */
static void pack_whole_planes(const job *j, int plane, int planes)
{
    vd_window w = j->f->window;
    vd_transpose(j->lanes_used, planes * w.h * w.w, channel_of(j, plane), (int)inputs_of(j), plane_of(j, plane),
                 j->f->lanes);
}

/* strides of 1: one transpose for each line
 *
 *     x[plane][line][k][b] = image b [channel][line + row][k + column]        channel, row, column: of the plane */
static void pack_lines(const job *j, int plane)
{
    vd_window w = j->f->window;
    vd_sparse_planes s = j->f->planes;
    int row = s.plane[plane].row, column = s.plane[plane].column, lanes = j->f->lanes;
    int first = column < 0 ? -column : 0, last = w.w - column < s.pitch ? w.w - column : s.pitch;
    const float *channel = channel_of(j, plane);
    float *x = plane_of(j, plane);
    for (int line = 0; line < s.lines; ++line) {
        if (line + row < 0 || line + row >= w.h) continue;
        vd_transpose(j->lanes_used, last - first, channel + (size_t)(line + row) * w.w + first + column,
                     (int)inputs_of(j), x + ((size_t)line * s.pitch + first) * lanes, lanes);
    }
}

/* any strides, number by number
 *
 *     x[plane][line][k][b] = image b [channel][line down + row][k stride + column] */
static void pack_strided(const job *j, int plane)
{
    vd_window w = j->f->window;
    vd_sparse_planes s = j->f->planes;
    const float *channel = channel_of(j, plane);
    float *x = plane_of(j, plane);
    for (int line = 0; line < s.lines; ++line) {
        int row = line * s.down + s.plane[plane].row;
        if (row < 0 || row >= w.h) continue;
        for (int k = 0; k < s.pitch; ++k) {
            int column = k * s.stride + s.plane[plane].column;
            if (column < 0 || column >= w.w) continue;
            for (int b = 0; b < j->lanes_used; ++b)
                x[((size_t)line * s.pitch + k) * j->f->lanes + b] =
                    channel[b * inputs_of(j) + (size_t)row * w.w + column];
        }
    }
}

/* how many planes from `first` on, before `last`, belong to neighbouring channels */
static int neighbours(const vd_sparse_plane *plane, int first, int last)
{
    int n = 1;
    while (first + n < last && plane[first + n].channel == plane[first].channel + n) ++n;
    return n;
}

static void pack_images(int i, void *context)
{
    const job *j = context;
    vd_window w = j->f->window;
    vd_sparse_planes s = j->f->planes;
    int first = i * PLANES, last = first + vd_piece_length(j->f->n_planes, PLANES, i), lanes = j->f->lanes;
    int side_by_side = s.stride == 1 && s.down == 1;
    int whole = side_by_side && w.pad == 0 && s.pitch == w.w && s.lines == w.h;
    if (!whole || j->lanes_used < lanes) memset(plane_of(j, first), 0, (last - first) * s.size * lanes * sizeof(float));
    for (int plane = first, n = 1; plane < last; plane += n) {
        if (whole) pack_whole_planes(j, plane, n = neighbours(s.plane, plane, last));
        else if (side_by_side) pack_lines(j, plane);
        else pack_strided(j, plane);
    }
}

/* one group of filters */
static void sum_images(int group, void *context)
{
    const job *j = context;
    const vd_sparse_form *f = j->f;
    vd_window w = f->window;
    size_t lanes = f->lanes, pixels = pixels_of(j), numbers = pixels * lanes, line = w.out_w * lanes;
    int filters = vd_piece_length(f->n, VD_SPARSE_GROUP, group), all = (int)numbers;
    float *y = vd_scratch(VD_SCRATCH_NOISE, filters * numbers);
    for (int row = 0; row < w.out_h; ++row) {
        for (size_t at = 0; at < line; at += j->lanes) {
            vd_sparse_end end = {f->slope, row * line + at, numbers, all, all, y, numbers};
            size_t n = line - at < j->lanes ? line - at : j->lanes;
            sum_blocks(j, group, n, j->x + (size_t)row * f->planes.pitch * lanes + at, end);
        }
    }
    float *output = j->output + (size_t)j->first * f->n * pixels + (size_t)group * VD_SPARSE_GROUP * pixels;
    vd_transpose(filters * (int)pixels, j->lanes_used, y, (int)lanes, output, f->n * (int)pixels);
}

static void forward_images(int run, void *context)
{
    const job *all = context;
    job j = *all; /* of this run */
    const vd_sparse_form *f = j.f;
    size_t lanes = f->lanes, most = VD_SPARSE_TILE / lanes * lanes;
    j.first = run * f->lanes;
    j.lanes_used = vd_piece_length(j.images, f->lanes, run);
    j.lanes = f->window.out_w * lanes < most ? f->window.out_w * lanes : most;
    j.x = vd_scratch(VD_SCRATCH_SHARED, f->n_planes * f->planes.size * lanes);
    loop(f->n_planes * f->planes.size * lanes, vd_pieces(f->n_planes, PLANES), pack_images, &j);
    loop(f->nonzeros * pixels_of(&j) * lanes, f->groups, sum_images, &j);
}

/* ---- units as lanes ---- */

static void multiply_panels(int i, void *context)
{
    const job *j = context;
    const vd_sparse_form *f = j->f;
    int first = i * PANELS;
    j->k->panels(f->panels, first, first + vd_piece_length(f->n_panels, PANELS, i), j->x, f->bias, f->slope, j->output);
}

static void forward_panels(int image, void *context)
{
    const job *all = context;
    job j = *all; /* of this image */
    const vd_sparse_form *f = j.f;
    size_t inputs = inputs_of(&j);
    j.input += image * inputs;
    j.output += (size_t)image * f->panels.rows;
    j.x = (float *)j.input; /* only read, but in complete blocks: */
    if (inputs < (size_t)f->columns) {
        j.x = vd_scratch(VD_SCRATCH_SHARED, f->columns);
        memcpy(j.x, j.input, inputs * sizeof(float));
    }
    loop(f->nonzeros * pixels_of(&j), vd_pieces(f->n_panels, PANELS), multiply_panels, &j);
}

static void multiply_slices(int i, void *context)
{
    const job *j = context;
    const vd_sparse_form *f = j->f;
    int first = i * SLICES;
    j->k->slices(f->slices, first, first + vd_piece_length(f->n_slices, SLICES, i), j->input, f->bias, f->slope,
                 j->output);
}

static void forward_slices(int image, void *context)
{
    const job *all = context;
    job j = *all; /* of this image */
    const vd_sparse_form *f = j.f;
    j.input += image * inputs_of(&j);
    j.output += (size_t)image * f->slices.rows;
    loop(GATHERED * f->nonzeros * pixels_of(&j), vd_pieces(f->n_slices, SLICES), multiply_slices, &j);
}

void vd_sparse_forward(const vd_sparse_form *f, const vd_sparse_kernels *k, int images, const float *x, float *y)
{
    job j = {.f = f, .k = k, .images = images, .input = x, .output = y};
    size_t products = f->nonzeros * pixels_of(&j) * images;
    switch (f->by) {
    case VD_SPARSE_IMAGES:
        loop(products, vd_pieces(images, f->lanes), forward_images, &j);
        break;
    case VD_SPARSE_PIXELS:
        loop(products, images, forward_pixels, &j);
        break;
    case VD_SPARSE_PANELS:
        loop(products, images, forward_panels, &j);
        break;
    case VD_SPARSE_SLICES:
        loop(GATHERED * products, images, forward_slices, &j);
        break;
    }
}
