#include "kernels/products/convolve.h"
#include "kernels/choice.h"
#include "kernels/processor.h"
#include "kernels/products/direct.h"
#include "kernels/products/gemm.h"
#include "kernels/products/lines.h"
#include "kernels/products/winograd_batch.h"
#include "kernels/scratch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* image b of an array of x or dy, n numbers an image */
static const void *image_of(vd_convolution_shape s, const void *array, size_t n, int b)
{
    return (const char *)array + vd_type_size(s.type) * n * b;
}

static const void *columns_of(vd_convolution_shape s, const void *image)
{
    if (vd_convolution_is_product(s)) return image;
    void *columns = vd_scratch(VD_SCRATCH_COLUMNS, (size_t)vd_convolution_rows(s) * vd_convolution_pixels(s));
    if (s.type != VD_FLOAT) vd_kernels_get()->im2col_bf16(s.window, image, columns);
    else vd_kernels_get()->im2col(s.window, image, columns);
    return columns;
}

static void multiply(vd_convolution_shape s, vd_gemm_shape g, const void *a, const void *b, float scale, float *c)
{
    if (s.type == VD_FP16) vd_gemm_half(g, a, b, scale, c);
    else if (s.type == VD_BF16) vd_gemm_bf16(g, a, b, c);
    else vd_gemm(g, a, b, c);
}

/* ---- products ---- */

static vd_direct direct_of(const vd_convolution_plan *p, vd_pass pass)
{
    return (vd_direct){p->shape, pass, p->way[pass], p->images};
}

static vd_winograd_shape winograd_of(vd_convolution_shape s, int images)
{
    return (vd_winograd_shape){s.window, s.n, images};
}

static void forward_by_columns(const vd_convolution_plan *p, const void *x, const void *weights, float scale, float *y)
{
    vd_convolution_shape s = p->shape;
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = pixels, .k = rows, .lda = rows, .ldb = pixels, .ldc = pixels};
    for (int b = 0; b < p->images; ++b)
        multiply(s, g, weights, columns_of(s, image_of(s, x, vd_convolution_input(s), b)), scale,
                 y + vd_convolution_output(s) * b);
}

void vd_convolve_forward(const vd_convolution_plan *p, const void *x, const void *weights, float scale, float *y)
{
    if (p->way[VD_FORWARD] == VD_BY_COLUMNS) forward_by_columns(p, x, weights, scale, y);
    else if (p->way[VD_FORWARD] == VD_BY_LINES) vd_lines_forward(p->shape, p->images, x, weights, scale, y);
    else if (p->way[VD_FORWARD] == VD_BY_OWN_WINOGRAD)
        vd_winograd_run_forward(winograd_of(p->shape, p->images), p->shape.not_negative, x, weights, y);
    else vd_direct_run(direct_of(p, VD_FORWARD), x, weights, y);
}

/* dx += , or = where the image is its own columns and add is 0 */
static void backward_data_by_columns(const vd_convolution_plan *p, const void *dy, const void *weights, float scale,
                                     int add, float *dx)
{
    vd_convolution_shape s = p->shape;
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s), in_place = vd_convolution_is_product(s);
    vd_gemm_shape g = {.m = rows, .n = pixels, .k = s.n, .lda = rows, .ldb = pixels, .ldc = pixels, .transpose_a = 1};
    float *columns = in_place ? 0 : vd_scratch(VD_SCRATCH_D_COLUMNS, (size_t)rows * pixels);
    g.add = in_place && add;
    for (int b = 0; b < p->images; ++b) {
        float *image = dx + vd_convolution_input(s) * b;
        multiply(s, g, weights, image_of(s, dy, vd_convolution_output(s), b), scale, in_place ? image : columns);
        if (!in_place) vd_kernels_get()->col2im_add(s.window, columns, image);
    }
}

void vd_convolve_backward_data(const vd_convolution_plan *p, const void *dy, const void *weights, float scale, int add,
                               float *dx)
{
    int by_columns = p->way[VD_BACKWARD_DATA] == VD_BY_COLUMNS;
    if (p->way[VD_BACKWARD_DATA] == VD_BY_LINES) {
        vd_lines_backward_data(p->shape, p->images, dy, weights, scale, add, dx);
        return;
    }
    if (p->way[VD_BACKWARD_DATA] == VD_BY_OWN_WINOGRAD) {
        vd_winograd_run_backward_data(winograd_of(p->shape, p->images), dy, weights, add, dx);
        return;
    }
    if (!add && !(by_columns && vd_convolution_is_product(p->shape)))
        memset(dx, 0, vd_convolution_input(p->shape) * p->images * sizeof(float));
    if (by_columns) backward_data_by_columns(p, dy, weights, scale, add, dx);
    else vd_direct_run(direct_of(p, VD_BACKWARD_DATA), dy, weights, dx);
}

static void backward_weights_by_columns(const vd_convolution_plan *p, const void *x, const void *dy, float scale,
                                        float *dw)
{
    vd_convolution_shape s = p->shape;
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = rows, .k = pixels, .lda = pixels, .ldb = pixels, .ldc = rows, .transpose_b = 1};
    g.add = 1;
    for (int b = 0; b < p->images; ++b)
        multiply(s, g, image_of(s, dy, vd_convolution_output(s), b),
                 columns_of(s, image_of(s, x, vd_convolution_input(s), b)), scale, dw);
}

void vd_convolve_backward_weights(const vd_convolution_plan *p, const void *x, const void *dy, float scale, float *dw)
{
    vd_way way = p->way[VD_BACKWARD_WEIGHTS];
    if (way == VD_BY_COLUMNS) backward_weights_by_columns(p, x, dy, scale, dw);
    else if (way == VD_BY_LINES) vd_lines_backward_weights(p->shape, p->images, x, dy, scale, dw);
    else if (way == VD_BY_OWN_WINOGRAD) vd_winograd_run_backward_weights(winograd_of(p->shape, p->images), x, dy, dw);
    else vd_direct_run(direct_of(p, VD_BACKWARD_WEIGHTS), x, dy, dw);
}

/* ---- weights ---- */

size_t vd_convolution_weights_bytes(const vd_convolution_plan *p, vd_pass pass)
{
    if (p->way[pass] == VD_BY_COLUMNS) return 0;
    if (p->way[pass] == VD_BY_LINES) return vd_lines_packed_bytes(p->shape, pass);
    if (p->way[pass] == VD_BY_OWN_WINOGRAD)
        return sizeof(float) * vd_winograd_run_packed(winograd_of(p->shape, p->images), pass == VD_BACKWARD_DATA);
    return vd_direct_packed_bytes(direct_of(p, pass));
}

const void *vd_convolution_weights(const vd_convolution_plan *p, vd_pass pass, const void *weights, void *buffer)
{
    if (!vd_convolution_weights_bytes(p, pass)) return weights;
    if (p->way[pass] == VD_BY_LINES) vd_lines_pack(p->shape, pass, weights, buffer);
    else if (p->way[pass] == VD_BY_OWN_WINOGRAD)
        vd_winograd_run_pack(winograd_of(p->shape, p->images), pass == VD_BACKWARD_DATA, weights, buffer);
    else vd_direct_pack(direct_of(p, pass), weights, buffer);
    return buffer;
}

/* ---- plans ---- */

enum { PLANS = 512 };

static struct {
    pthread_mutex_t lock;
    int used;
    struct {
        int era, batch; /* era: of kernels/choice.h */
        vd_convolution_plan plan;
    } entries[PLANS];
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

vd_convolution_plan vd_convolution_by_columns(vd_convolution_shape s)
{
    return (vd_convolution_plan){.shape = s, .images = 1};
}

int vd_convolution_has(vd_convolution_shape s, vd_pass pass, vd_way way, int images)
{
    if (way == VD_BY_COLUMNS) return 1;
    if (way == VD_BY_OWN_WINOGRAD) return s.type == VD_FLOAT && vd_winograd_run_has(winograd_of(s, images));
    return way == VD_BY_LINES ? vd_lines_has(s) : vd_direct_has((vd_direct){s, pass, way, images});
}

const char *vd_way_name(vd_way way)
{
    static const char *const names[VD_WAYS] = {
        [VD_BY_COLUMNS] = "columns",
        [VD_BY_DIRECT] = "direct",
        [VD_BY_DIRECT_INFERENCE] = "direct-inference",
        [VD_BY_WINOGRAD] = "winograd",
        [VD_BY_WINOGRAD_INFERENCE] = "winograd-inference",
        [VD_BY_LINES] = "lines",
        [VD_BY_OWN_WINOGRAD] = "own-winograd",
    };
    return names[way];
}

/* Winograd's products pay where there are pixels enough for the weights that each run transforms, and channels enough
 * for the pixels that it transforms */
static int winograd_pays(vd_convolution_shape s, vd_pass pass, int images)
{
    enum { PIXELS = 600, CHANNELS = 32 };
    int fewest = pass == VD_BACKWARD_WEIGHTS ? CHANNELS / 2 : CHANNELS;
    return images * vd_convolution_pixels(s) >= PIXELS && s.window.c >= fewest && s.n >= fewest &&
           vd_convolution_has(s, pass, VD_BY_WINOGRAD, images);
}

/* A pixel of a 5x5 filter's output takes 4 multiplications instead of 25. 3x3 filters are oneDNN's where it has code
 * for the processor */
static int own_winograd_pays(vd_convolution_shape s, vd_pass pass, int images)
{
    return (s.window.size == 5 || vd_gemm_is_tiled()) && vd_convolution_has(s, pass, VD_BY_OWN_WINOGRAD, images) &&
           vd_winograd_batch_pays(winograd_of(s, images));
}

enum { PIXELS = 2048, SHORT = 2, FEWEST_RUNS = 10 };

/* Images of a run: as many as give enough pixels that what is made once a run (transformed weights, gradients in
 * another layout) costs little, and leave enough runs. An even number of runs keeps an even number of threads busy. */
static int common_run_of(vd_convolution_shape s, int batch)
{
    int run = PIXELS / vd_convolution_pixels(s), most = batch / FEWEST_RUNS;
    most = most > SHORT ? most : SHORT;
    run = run < SHORT ? SHORT : run > most ? most : run;
    while (run > 1 && batch % (2 * run)) --run;
    return run;
}

/* The same, but where oneDNN has no code for the processor, a small batch is cut into two runs if only they are long
 * enough for Winograd's products: these are less work by more than few runs leave threads without */
static int run_of(vd_convolution_shape s, int batch)
{
    int run = common_run_of(s, batch), half = batch / 2;
    if (!vd_gemm_is_tiled() || batch % 2 || half * vd_convolution_pixels(s) > PIXELS) return run;
    return !own_winograd_pays(s, VD_FORWARD, run) && own_winograd_pays(s, VD_FORWARD, half) ? half : run;
}

/* What timing finds on nearly all shapes. oneDNN's kernels work on blocks of 16 channels: where those are not filled,
 * lines are faster. */
static vd_way rule(vd_convolution_shape s, vd_pass pass, int images)
{
    enum { WIDE = 48 };
    int c = s.window.c, pixels = vd_convolution_pixels(s);
    double padded = (double)((c + 15) / 16 * 16) * ((s.n + 15) / 16 * 16);
    if (s.type == VD_FP16) return VD_BY_LINES;
    if (vd_convolution_is_product(s) || vd_kernels_get() == &vd_kernels_c) return VD_BY_COLUMNS;
    if (winograd_pays(s, pass, images)) return VD_BY_WINOGRAD;
    if (own_winograd_pays(s, pass, images)) return VD_BY_OWN_WINOGRAD;
    int fills = padded <= 1.25 * c * s.n;
    switch (pass) {
    case VD_FORWARD:
        return !fills ? VD_BY_LINES : c > 16 && pixels > 16 ? VD_BY_DIRECT_INFERENCE : VD_BY_DIRECT;
    case VD_BACKWARD_DATA:
        return fills ? VD_BY_DIRECT : VD_BY_COLUMNS;
    default:
        if ((fills || (c <= 3 && s.n % 16 == 0)) && images * pixels >= 128) return VD_BY_DIRECT;
        return c * s.window.size >= WIDE ? VD_BY_LINES : VD_BY_COLUMNS;
    }
}

/* where the processor lacks a way, ours, or else columns */
static vd_way way_of(vd_convolution_shape s, vd_pass pass, int images)
{
    vd_way way = rule(s, pass, images);
    if (!vd_convolution_has(s, pass, way, images)) way = VD_BY_LINES;
    return vd_convolution_has(s, pass, way, images) ? way : VD_BY_COLUMNS;
}

/* the ways of a pass */
typedef struct {
    vd_convolution_plan plan;
    vd_pass pass;
    void *x, *y, *w, *packed; /* zeros, made when a way is first timed */
} contest;

static int has_way(int way, void *context)
{
    const contest *c = context;
    return vd_convolution_has(c->plan.shape, c->pass, (vd_way)way, c->plan.images);
}

/* what the ways need */
static size_t most_packed_bytes(contest *c)
{
    size_t most = 0;
    vd_convolution_plan p = c->plan;
    for (int way = 0; way < VD_WAYS && c->pass != VD_BACKWARD_WEIGHTS; ++way) {
        if (!has_way(way, c)) continue;
        p.way[c->pass] = (vd_way)way;
        size_t bytes = vd_convolution_weights_bytes(&p, c->pass);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static void free_arrays(contest *c)
{
    free(c->x), free(c->y), free(c->w), free(c->packed);
    c->x = c->y = c->w = c->packed = 0;
}

/* all of them or, without memory, none; 0 then */
static int make_arrays(contest *c)
{
    vd_convolution_shape s = c->plan.shape;
    if (c->x) return 1;
    c->y = calloc(c->plan.images * vd_convolution_output(s), sizeof(float));
    c->w = calloc((size_t)s.n * vd_convolution_rows(s), sizeof(float));
    c->packed = aligned_alloc(64, (most_packed_bytes(c) + 64) / 64 * 64);
    if (c->y && c->w && c->packed) c->x = calloc(c->plan.images * vd_convolution_input(s), sizeof(float));
    if (!c->x) free_arrays(c);
    return c->x != 0;
}

/* one pass over a run of images; without memory nothing, so that all ways are as fast */
static void run_way(int way, void *context)
{
    contest *c = context;
    vd_convolution_plan p = c->plan;
    if (!make_arrays(c)) return;
    p.way[c->pass] = (vd_way)way;
    const void *weights = c->w;
    if (c->pass != VD_BACKWARD_WEIGHTS) weights = vd_convolution_weights(&p, c->pass, c->w, c->packed);
    if (c->pass == VD_BACKWARD_DATA) vd_convolve_backward_data(&p, c->y, weights, 1, 1, c->x);
    else if (c->pass == VD_BACKWARD_WEIGHTS) vd_convolve_backward_weights(&p, c->x, c->y, 1, c->w);
    else vd_convolve_forward(&p, c->x, weights, 1, c->y);
}

/* "conv/20x12x12/50/5s1p0/float/2/forward": input, filters, size, stride and padding, type, images of a run, pass; with
 * two strides 5s1,2p0, with a gap of 1 5s1p0g1. Shapes that differ in not_negative alone take the same time */
static void name_of(vd_convolution_shape s, int images, vd_pass pass, size_t n, char *name)
{
    static const char *const passes[VD_PASSES] = {
        [VD_FORWARD] = "forward", [VD_BACKWARD_DATA] = "backward-data", [VD_BACKWARD_WEIGHTS] = "backward-weights"};
    vd_window w = s.window;
    char down[16] = "", gap[16] = "";
    if (w.down) snprintf(down, sizeof(down), ",%d", w.down);
    if (w.gap) snprintf(gap, sizeof(gap), "g%d", w.gap);
    snprintf(name, n, "conv/%dx%dx%d/%d/%ds%d%sp%d%s/%s/%d/%s", w.c, w.h, w.w, s.n, w.size, w.stride, down, w.pad, gap,
             vd_type_name(s.type), images, passes[pass]);
}

static vd_way choose_way(vd_convolution_shape s, int images, vd_pass pass, int by_rule)
{
    char what[112];
    const char *names[VD_WAYS];
    contest c = {.plan = {.shape = s, .images = images}, .pass = pass};
    vd_way ruled = way_of(s, pass, images);
    if (by_rule) return ruled;
    name_of(s, images, pass, sizeof(what), what);
    for (int way = 0; way < VD_WAYS; ++way) names[way] = vd_way_name((vd_way)way);
    vd_candidates ways = {what, VD_WAYS, names, (int)ruled, has_way, run_way, &c};
    vd_way way = (vd_way)vd_choose(&ways, 0);
    free_arrays(&c);
    return way;
}

static vd_convolution_plan make_plan(vd_convolution_shape s, int batch, int by_rule)
{
    vd_convolution_plan p = {.shape = s, .images = run_of(s, batch)};
    int any = 0;
    for (int pass = 0; pass < VD_PASSES; ++pass) {
        p.way[pass] = choose_way(s, p.images, (vd_pass)pass, by_rule);
        any |= p.way[pass] != VD_BY_COLUMNS;
    }
    return any ? p : vd_convolution_by_columns(s);
}

vd_convolution_plan vd_convolution_plan_by_rule(vd_convolution_shape s, int batch)
{
    return make_plan(s, batch, 1);
}

/* the number of the entry, known.used when there is none; with the lock held */
static int find_plan(vd_convolution_shape s, int batch, int era)
{
    int i = 0;
    while (i < known.used && (known.entries[i].era != era || known.entries[i].batch != batch ||
                              memcmp(&known.entries[i].plan.shape, &s, sizeof(s))))
        ++i;
    return i;
}

/* made without the lock: what runs out of memory may leave the library by vd_on_die() */
vd_convolution_plan vd_convolution_plan_of(vd_convolution_shape s, int batch)
{
    vd_convolution_plan p;
    pthread_mutex_lock(&known.lock);
    int era = vd_choice_era(), i = find_plan(s, batch, era), found = i < known.used;
    if (found) p = known.entries[i].plan;
    pthread_mutex_unlock(&known.lock);
    if (found) return p;
    vd_convolution_plan made = make_plan(s, batch, 0);
    pthread_mutex_lock(&known.lock);
    i = find_plan(s, batch, era); /* another thread may have been first: all take its plan */
    if (i == known.used) {
        if (i == PLANS) i = known.used = 0; /* full: start again */
        known.entries[i].era = era;
        known.entries[i].batch = batch;
        known.entries[i].plan = made;
        ++known.used;
    }
    p = known.entries[i].plan;
    pthread_mutex_unlock(&known.lock);
    return p;
}
