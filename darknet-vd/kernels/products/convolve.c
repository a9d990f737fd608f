#include "kernels/products/convolve.h"
#include "kernels/products/gemm.h"
#include "kernels/scratch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int vd_convolution_rows(vd_convolution_shape s)
{
    return s.window.c * s.window.size * s.window.size;
}

int vd_convolution_pixels(vd_convolution_shape s)
{
    return s.window.out_h * s.window.out_w;
}

int vd_convolution_is_product(vd_convolution_shape s)
{
    return s.window.size == 1 && s.window.stride == 1 && s.window.pad == 0;
}

static size_t input_of(vd_convolution_shape s)
{
    return (size_t)s.window.c * s.window.h * s.window.w;
}

static size_t output_of(vd_convolution_shape s)
{
    return (size_t)s.n * vd_convolution_pixels(s);
}

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

static void multiply(vd_convolution_shape s, vd_gemm_shape g, const void *a, const void *b, float *c)
{
    if (s.type == VD_BF16) vd_gemm_bf16(g, a, b, c);
    else vd_gemm(g, a, b, c);
}

/* ---- products ---- */

void vd_convolve_forward(const vd_convolution_plan *p, const void *x, const void *weights, float scale, float *y)
{
    (void)scale;
    vd_convolution_shape s = p->shape;
    if (p->direct[VD_FORWARD]) {
        vd_direct_forward(s, p->images, x, weights, y);
        return;
    }
    if (p->direct[VD_FORWARD_INFERENCE]) {
        vd_direct_forward_inference(s, p->images, x, weights, y);
        return;
    }
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = pixels, .k = rows, .lda = rows, .ldb = pixels, .ldc = pixels};
    for (int b = 0; b < p->images; ++b)
        multiply(s, g, weights, columns_of(s, image_of(s, x, input_of(s), b)), y + output_of(s) * b);
}

void vd_convolve_backward_data(const vd_convolution_plan *p, const void *dy, const void *weights, float scale, int add,
                               float *dx)
{
    (void)scale;
    vd_convolution_shape s = p->shape;
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s), in_place = vd_convolution_is_product(s);
    vd_gemm_shape g = {.m = rows, .n = pixels, .k = s.n, .lda = rows, .ldb = pixels, .ldc = pixels, .transpose_a = 1};
    if (!add && (p->direct[VD_BACKWARD_DATA] || !in_place)) memset(dx, 0, input_of(s) * p->images * sizeof(float));
    if (p->direct[VD_BACKWARD_DATA]) {
        vd_direct_backward_data(s, p->images, dy, weights, dx);
        return;
    }
    float *columns = in_place ? 0 : vd_scratch(VD_SCRATCH_D_COLUMNS, (size_t)rows * pixels);
    g.add = in_place && add;
    for (int b = 0; b < p->images; ++b) {
        float *image = dx + input_of(s) * b;
        multiply(s, g, weights, image_of(s, dy, output_of(s), b), in_place ? image : columns);
        if (!in_place) vd_kernels_get()->col2im_add(s.window, columns, image);
    }
}

void vd_convolve_backward_weights(const vd_convolution_plan *p, const void *x, const void *dy, float scale, float *dw)
{
    (void)scale;
    vd_convolution_shape s = p->shape;
    if (p->direct[VD_BACKWARD_WEIGHTS]) {
        vd_direct_backward_weights(s, p->images, x, dy, dw);
        return;
    }
    int rows = vd_convolution_rows(s), pixels = vd_convolution_pixels(s);
    vd_gemm_shape g = {.m = s.n, .n = rows, .k = pixels, .lda = pixels, .ldb = pixels, .ldc = rows, .transpose_b = 1};
    g.add = 1;
    for (int b = 0; b < p->images; ++b)
        multiply(s, g, image_of(s, dy, output_of(s), b), columns_of(s, image_of(s, x, input_of(s), b)), dw);
}

/* ---- weights ---- */

/* the pass that the weights are laid out for */
static vd_pass pass_of(const vd_convolution_plan *p, vd_pass pass)
{
    return pass == VD_FORWARD && p->direct[VD_FORWARD_INFERENCE] ? VD_FORWARD_INFERENCE : pass;
}

size_t vd_convolution_weights_bytes(const vd_convolution_plan *p, vd_pass pass)
{
    pass = pass_of(p, pass);
    return p->direct[pass] ? vd_direct_packed_bytes(p->shape, pass, p->images) : 0;
}

const void *vd_convolution_weights(const vd_convolution_plan *p, vd_pass pass, const void *weights, void *buffer)
{
    pass = pass_of(p, pass);
    if (!p->direct[pass]) return weights;
    vd_direct_pack(p->shape, pass, p->images, weights, buffer);
    return buffer;
}

/* ---- plans ---- */

enum { LONGEST_RUN = 2, REPEATS = 3, PLANS = 512 };

static struct {
    pthread_mutex_t lock;
    int timed, used;
    struct {
        int timed, batch;
        vd_convolution_plan plan;
    } entries[PLANS];
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

void vd_convolution_time_plans(int on)
{
    known.timed = on;
}

vd_convolution_plan vd_convolution_by_columns(vd_convolution_shape s)
{
    return (vd_convolution_plan){.shape = s, .images = 1};
}

/* images of a run: LONGEST_RUN, unless the number of runs would not be even. An even number of runs keeps an even
 * number of threads busy */
static int run_of(int batch)
{
    int run = LONGEST_RUN;
    while (run > 1 && batch % (2 * run)) --run;
    return run;
}

/* 1 where the pass should be direct: what timing finds on nearly all shapes, by tables of 13 layers of VGG, YOLO and
 * LeNet on a Zen 5. Kernels work on blocks of 16 channels; the one for inference does not pad them, and is slower on
 * few pixels. Sums over few pixels do not pay for converting the weight gradients to the plain layout. */
static int rule(vd_convolution_shape s, vd_pass pass, int images)
{
    int c = s.window.c, pixels = vd_convolution_pixels(s);
    double padded = (double)((c + 15) / 16 * 16) * ((s.n + 15) / 16 * 16);
    if (vd_convolution_is_product(s)) return 0;
    int fills = padded <= 1.25 * c * s.n, by_inference = c > 16 && pixels > 16;
    switch (pass) {
    case VD_FORWARD:
        return c >= 16 && !by_inference;
    case VD_FORWARD_INFERENCE:
        return c >= 16 && by_inference;
    case VD_BACKWARD_DATA:
        return fills;
    default:
        return (fills || (c <= 3 && s.n % 16 == 0)) && images * pixels >= 128;
    }
}

typedef struct {
    void *x, *y, *w, *packed;
} arrays;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* seconds of one pass, the best of a few: other programs may use the processor, too */
static double time_pass(const vd_convolution_plan *p, vd_pass pass, arrays a)
{
    double best = 0;
    const void *weights = pass == VD_BACKWARD_WEIGHTS ? a.w : vd_convolution_weights(p, pass, a.w, a.packed);
    for (int i = 0; i <= REPEATS; ++i) {
        double start = now();
        if (pass == VD_BACKWARD_DATA) vd_convolve_backward_data(p, a.y, weights, 1, 1, a.x);
        else if (pass == VD_BACKWARD_WEIGHTS) vd_convolve_backward_weights(p, a.x, a.y, 1, a.w);
        else vd_convolve_forward(p, a.x, weights, 1, a.y);
        double seconds = now() - start;
        if (i == 1 || (i > 1 && seconds < best)) best = seconds; /* the first also makes the kernels: not counted */
    }
    return best;
}

/* the faster way of each pass, on zeros */
static void try_both_ways(vd_convolution_plan *p)
{
    vd_convolution_shape s = p->shape;
    vd_convolution_plan trial = *p;
    double best[VD_PASSES];
    size_t packed = 0;
    for (int pass = 0; pass < VD_PASSES; ++pass) {
        memset(trial.direct, 0, sizeof(trial.direct));
        trial.direct[pass] = pass != VD_BACKWARD_WEIGHTS && vd_direct_has(s, pass, p->images);
        size_t bytes = vd_convolution_weights_bytes(&trial, pass);
        packed = bytes > packed ? bytes : packed;
    }
    arrays a = {calloc(p->images * input_of(s), sizeof(float)), calloc(p->images * output_of(s), sizeof(float)),
                calloc((size_t)s.n * vd_convolution_rows(s), sizeof(float)),
                aligned_alloc(64, (packed + 64) / 64 * 64)};
    if (a.x && a.y && a.w && a.packed) { /* without memory: by columns */
        for (int pass = 0; pass < VD_PASSES; ++pass) {
            memset(trial.direct, 0, sizeof(trial.direct));
            if (pass != VD_FORWARD_INFERENCE) best[pass] = time_pass(&trial, pass, a);
            if (!vd_direct_has(s, pass, p->images)) continue;
            int as = pass == VD_FORWARD_INFERENCE ? VD_FORWARD : pass;
            trial.direct[pass] = 1;
            double seconds = time_pass(&trial, as, a);
            if (seconds >= best[as]) continue;
            p->direct[as] = 0;
            p->direct[pass] = 1;
            best[as] = seconds;
        }
    }
    free(a.x), free(a.y), free(a.w), free(a.packed);
}

static vd_convolution_plan make_plan(vd_convolution_shape s, int batch, int timed)
{
    vd_convolution_plan p = {.shape = s, .images = run_of(batch)};
    if (timed) try_both_ways(&p);
    for (int pass = 0; pass < VD_PASSES && !timed; ++pass)
        p.direct[pass] = rule(s, pass, p.images) && vd_direct_has(s, pass, p.images);
    int any = 0;
    for (int pass = 0; pass < VD_PASSES; ++pass) any |= p.direct[pass];
    return any ? p : vd_convolution_by_columns(s);
}

/* the number of the entry, known.used when there is none; with the lock held */
static int find_plan(vd_convolution_shape s, int batch, int timed)
{
    int i = 0;
    while (i < known.used && (known.entries[i].timed != timed || known.entries[i].batch != batch ||
                              memcmp(&known.entries[i].plan.shape, &s, sizeof(s))))
        ++i;
    return i;
}

/* made without the lock: what runs out of memory may leave the library by vd_on_die() */
vd_convolution_plan vd_convolution_plan_of(vd_convolution_shape s, int batch)
{
    vd_convolution_plan p;
    pthread_mutex_lock(&known.lock);
    int timed = known.timed, i = find_plan(s, batch, timed), found = i < known.used;
    if (found) p = known.entries[i].plan;
    pthread_mutex_unlock(&known.lock);
    if (found) return p;
    vd_convolution_plan made = make_plan(s, batch, timed);
    pthread_mutex_lock(&known.lock);
    i = find_plan(s, batch, timed); /* another thread may have been first: all take its plan */
    if (i == known.used) {
        if (i == PLANS) i = known.used = 0; /* full: start again */
        known.entries[i].timed = timed;
        known.entries[i].batch = batch;
        known.entries[i].plan = made;
        ++known.used;
    }
    p = known.entries[i].plan;
    pthread_mutex_unlock(&known.lock);
    return p;
}
