/* The products of a convolutional layer with its input over lists of active weights: by runs of images that stand side
 * by side, by bands of output rows. Groups differ only in what a list holds. */
#include "layer/active.h"
#include "layer/activation.h"
#include "layer/bias_activation.h"
#include "layer/chunks.h"
#include "layer/pooled.h"
#include "layer/window.h"
#include "kernels/products/active.h"
#include "base/parallel.h"
#include "kernels/scratch.h"

#include <string.h>

typedef struct {
    layer l;
    vd_product p;
    const vd_active_kernels *k;
    vd_active_plan plan;
    const float *input;
    float *d_input;
    int *where; /* with a pool: the place of an output pixel in the lines of its plane */
    vd_chunks chunks;
} job;

static job make_job(layer l, const float *input, vd_product p, float *d_input)
{
    vd_active_convolution a = {.window = vd_window_of(l),
                               .filters = l.n,
                               .groups = l.groups,
                               .by_row = p.by_row,
                               .by_column = p.by_column,
                               .theta = p.theta,
                               .sigma2 = p.sigma2};
    size_t ints = vd_active_plan_ints(a), pixels = p.pool ? (size_t)l.out_h * l.out_w : 0;
    void *room = vd_scratch(VD_SCRATCH_SHARED, ints + pixels);
    job j = {.l = l, .p = p, .k = vd_kernels_get()->active, .input = input, .d_input = d_input};
    j.plan = vd_active_plan_of(a, l.batch, d_input != 0, room);
    j.where = (int *)room + ints;
    for (size_t i = 0; i < pixels; ++i) j.where[i] = (int)(i / l.out_w * j.plan.lines.pitch + i % l.out_w);
    return j;
}

static int runs_of(const job *j)
{
    return vd_pieces(j->l.batch, j->plan.lines.images);
}

static int images_of(const job *j, int run)
{
    return vd_piece_length(j->l.batch, j->plan.lines.images, run);
}

/* two arrays of n numbers, one after the other */
static float *two_arrays(vd_scratch_slot slot, size_t n, float **second)
{
    size_t whole = (n + 15) / 16 * 16;
    float *first = vd_scratch(slot, 2 * whole);
    *second = first + whole;
    return first;
}

/* product and variance of a run of images */
static void multiply_run(const job *j, int run, float *product, float *variance)
{
    float *x = vd_scratch(VD_SCRATCH_COLUMNS, vd_active_copies_size(&j->plan));
    float *y2, *y = two_arrays(VD_SCRATCH_D_COLUMNS, vd_active_planes_size(&j->plan), &y2);
    size_t first = (size_t)run * j->plan.lines.images;
    for (int i = 0; i < j->plan.bands; ++i) {
        vd_active_band band = vd_active_band_of(&j->plan, i, images_of(j, run));
        j->k->take(&j->plan.lines, band, j->input + first * j->l.inputs, x);
        vd_active_forward(&j->plan, band, x, y, y2);
        j->k->put(&j->plan.lines, band, j->l.n, y, y2, product, variance);
    }
}

static void forward_run(int run, void *context)
{
    const job *j = context;
    int first = run * j->plan.lines.images;
    size_t at = (size_t)first * j->l.outputs;
    multiply_run(j, run, vd_product_of(j->l) + at, j->p.noise_gain + at);
    for (int b = first; b < first + images_of(j, run); ++b) {
        vd_add_noise(j->l, j->p, b);
        if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
    }
}

/* the same when a pool comes next: only its outputs leave the cache */
static void forward_run_and_pool(int run, void *context)
{
    const job *j = context;
    size_t outputs = j->l.outputs, n = j->plan.lines.images * outputs;
    float *product = vd_scratch(VD_SCRATCH_PRODUCT, n), *variance = vd_scratch(VD_SCRATCH_VARIANCE, n);
    multiply_run(j, run, product, variance);
    for (int k = 0; k < images_of(j, run); ++k)
        vd_pool_forward(j->l, j->p, run * j->plan.lines.images + k, product + k * outputs, variance + k * outputs);
}

void vd_active_convolution_forward(layer l, const float *input, vd_product p)
{
    job j = make_job(l, input, p, 0);
    vd_parallel_for(runs_of(&j), p.pool ? forward_run_and_pool : forward_run, &j);
}

/* ---- the gradients of the outputs ---- */

/* With a pool, those of one filter of a run of images are lists (kernels/products/behind_pool.h). They are put into
 * lines, where all else is 0 */
typedef struct {
    int *start;  /* [images filters + 1] */
    int *offset; /* of a row and column in the lines of a plane as high as the whole output */
    float *value, *varied;
} pooled;

static pooled take_pooled(const job *j, int run, float *d_bias)
{
    const layer *pool = j->p.pool;
    int windows = pool->out_h * pool->out_w, images = images_of(j, run), found = 0;
    size_t most = (size_t)images * pool->outputs + VD_LIST_LANES, all = (most + 15) / 16 * 16;
    float *values = vd_scratch(VD_SCRATCH_POOLED, 4 * all + (size_t)images * j->l.n + 1);
    int *pixel = (void *)(values + 2 * all), *start = pixel + 2 * all;
    pooled q = {start, pixel + all, values, values + all};
    vd_pooled_plane p = {.windows = windows};
    vd_activation_is_leaky(j->l.activation, &p.slope);
    for (int i = 0; i < images * j->l.n; ++i) {
        size_t plane = (size_t)run * j->plan.lines.images * j->l.n + i, at = plane * windows;
        p.base = (int)(plane * j->l.out_h * j->l.out_w);
        q.start[i] = found;
        found += vd_kernels_get()->behind_pool->list_of_plane(
            p, pool->output + at, pool->delta + at, pool->indexes + at, j->p.noise_gain + at, j->where, pixel,
            q.offset + found, q.value + found, q.varied + found, d_bias + i % j->l.n);
    }
    q.start[images * j->l.n] = found;
    return q;
}

static void put_pooled(const job *j, const pooled *q, vd_active_band b, float *dy, float *dy2)
{
    const vd_active_lines *s = &j->plan.lines;
    const vd_active_list *f = &j->plan.forward;
    size_t halo = (size_t)s->halo * s->pitch, plane = halo + (size_t)s->rows * s->pitch;
    int first = b.first * s->pitch, end = (b.first + b.rows) * s->pitch;
    for (int n = 0; n <= j->l.n; ++n, dy += plane, dy2 += plane) {
        int is_empty = n == j->l.n || f->start[n * f->step] == f->start[(n + 1) * f->step];
        memset(dy, 0, (is_empty ? halo : plane) * sizeof(float));
        memset(dy2, 0, (is_empty ? halo : plane) * sizeof(float));
        for (int g = 0; g < b.images && !is_empty; ++g) {
            const int *start = q->start + (size_t)g * j->l.n + n;
            float *to = dy + halo + g * s->out_w - first, *to2 = dy2 + halo + g * s->out_w - first;
            /* with a pool there are lists: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
            for (int e = start[0]; e < start[1]; ++e) {
                int at = q->offset[e];
                if (at < first || at >= end) continue;
                to[at] += q->value[e]; /* windows may share a pixel */
                to2[at] += q->varied[e];
            }
        }
    }
}

/* forward was product = input * theta + f(input^2 * sigma2), see vd_convolution_backward() */
static void backward_run(const job *j, int run, vd_chunk_sums sums)
{
    const vd_active_plan *p = &j->plan;
    pooled lists = {0};
    if (j->p.pool) lists = take_pooled(j, run, sums.d_bias);
    size_t copies = vd_active_copies_size(p), first = (size_t)run * p->lines.images;
    float *x = vd_scratch(VD_SCRATCH_COLUMNS, copies);
    float *dy2, *dy = two_arrays(VD_SCRATCH_D_VAR, vd_active_gradients_size(p), &dy2);
    const float *input = j->input + first * j->l.inputs, *d_product = j->l.delta + first * j->l.outputs;
    if (j->d_input && j->p.overwrites)
        memset(j->d_input + first * j->l.inputs, 0, (size_t)images_of(j, run) * j->l.inputs * sizeof(float));
    for (int i = 0; i < p->bands; ++i) {
        vd_active_band band = vd_active_band_of(p, i, images_of(j, run));
        j->k->take(&p->lines, band, input, x);
        if (j->p.pool) put_pooled(j, &lists, band, dy, dy2);
        else
            j->k->take_gradient(&p->lines, band, j->l.n, p->forward.start, p->forward.step, d_product,
                                j->p.noise_gain + first * j->l.outputs, dy, dy2);
        vd_active_backward_weights(p, band, x, dy, dy2, sums.d_theta, sums.d_sigma2);
        if (!j->d_input) continue;
        float *dx2, *dx = two_arrays(VD_SCRATCH_D_COLUMNS, copies, &dx2);
        vd_active_backward_data(p, band, dy, dy2, dx, dx2);
        j->k->fold(&p->lines, band, dx, dx2, input, j->d_input + first * j->l.inputs);
    }
}

static void backward_chunk(int i, void *context)
{
    const job *j = context;
    vd_chunk_sums sums = vd_begin_chunk(&j->chunks, i);
    for (int run = vd_first_run(&j->chunks, i); run < vd_first_run(&j->chunks, i + 1); ++run) {
        int first = run * j->plan.lines.images;
        for (int b = first; !j->l.batch_normalize && !j->p.pool && b < first + images_of(j, run); ++b)
            vd_backward_tail(j->l, b, sums.d_bias);
        backward_run(j, run, sums);
    }
}

void vd_active_convolution_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = make_job(l, input, p, d_input);
    j.chunks = vd_make_chunks(l, p, p.by_row->start[l.n], runs_of(&j));
    vd_parallel_for(j.chunks.chunks, backward_chunk, &j);
    vd_add_chunks(&j.chunks);
}
