#include "layer/pooled.h"
#include "layer/activation.h"
#include "layer/chunks.h"
#include "layer/plain_layers.h"
#include "layer/sources.h"
#include "layer/variance.h"
#include "layer/vd_layer.h"
#include "layer/window.h"
#include "base/parallel.h"
#include "kernels/scratch.h"
#include "kernels/transpose.h"

#include <string.h>

/* ---- which pairs ---- */

/* every window holds a pixel, and at most half of the pixels are the largest of one: else lists do not pay */
static int windows_pay(layer pool)
{
    int offset = pool.pad / 2;
    int last_row = (pool.out_h - 1) * pool.stride - offset, last_column = (pool.out_w - 1) * pool.stride - offset;
    return offset < pool.size && last_row < pool.h && last_column < pool.w &&
           2 * (size_t)pool.out_h * pool.out_w <= (size_t)pool.h * pool.w;
}

/* Threads share a single picture without noise by its filters, which a run of images cannot */
static int run_pays(layer l)
{
    return vd_layer_of(l) || l.batch > 1;
}

const layer *vd_pool_behind(network net, int index)
{
    if (!net.train || index < 0 || index + 1 >= net.n) return 0;
    const layer *l = net.layers + index, *pool = l + 1;
    return l->type == CONVOLUTIONAL && vd_is_pool_of_pair(*pool) && windows_pay(*pool) && run_pays(*l) ? pool : 0;
}

static int is_read_elsewhere(const network *net, int index)
{
    int read = net->layers[index].truth;
    for (int i = index + 1; i < net->n && !read; ++i) read |= vd_reads_from_afar(net->layers + i, index);
    return read;
}

void vd_mark_pooled(network *net)
{
    for (int i = 0; i + 1 < net->n; ++i) {
        layer l = net->layers[i];
        float slope;
        if (l.type != CONVOLUTIONAL || l.batch_normalize || l.groups != 1) continue;
        if (!vd_window_is_plain(vd_window_of(l)) || vd_down_of(net->layers[i + 1])) continue;
        if (!vd_activation_is_leaky(l.activation, &slope) || slope < 0 || is_read_elsewhere(net, i)) continue;
        if (vd_layer_of(l) || vd_is_sped_up(l)) vd_make_pool_of_pair(net->layers + i + 1);
    }
}

/* ---- forward ---- */

void vd_pool_forward(layer l, vd_product p, int b, float *y, float *variance)
{
    const vd_kernels *k = vd_kernels_get();
    const layer *pool = p.pool;
    size_t pixels = (size_t)l.out_h * l.out_w, windows = (size_t)pool->out_h * pool->out_w;
    float slope;
    vd_activation_is_leaky(l.activation, &slope);
    if (variance) vd_sample_noise(l, p, b, variance, y);
    vd_pool_shape shape = vd_pool_shape_of(*pool);
    /* bias and activation keep the order of the elements, so they can follow the pool */
    for (int c = 0; c < l.n; ++c) {
        size_t plane = (size_t)b * l.n + c, base = plane * pixels, out = plane * windows;
        k->max_pool_gain(shape, y + c * pixels, variance ? variance + c * pixels : 0, (int)base, l.biases[c], slope,
                         pool->output + out, pool->indexes + out, variance ? p.noise_gain + out : 0);
    }
}

/* ---- backward ---- */

/* The rows that lists take from: of the inputs, [line][column][size c] without a gap where c is a multiple of
 * VD_LIST_LANES: then rows overlap in an image with channels last. Otherwise they are copies, which begin at multiples
 * of VD_LIST_LANES. Where no gradient of the input is wanted and it takes less room, one row holds a whole window in
 * the order of the weights.
 *
 * Squares and variances are float or, where the processor calculates with it, fp16. Rows of that begin at multiples of
 * HALF_LANES, wherever rows do not overlap. */
enum { HALF_LANES = 32 };

typedef struct {
    int h, w, c;            /* the image with its padding */
    int whole, overlapping; /* which of the three */
    int rows, length;       /* of a window; numbers of a row, a multiple of VD_LIST_LANES */
    int half_length;        /* the same in fp16 */
    int row, half_row;      /* numbers from row to row */
    int line, column, step; /* rows from a pixel of the output to the next line, the next column; of a window */
    size_t sources, image;  /* all rows; numbers of the image */
} layout;

typedef struct {
    layer l, pool;
    vd_product p;
    const vd_kernels *k;
    vd_window window;
    layout rows;
    const float *input;
    float *d_input;
    size_t weights;            /* numbers of the weights in rows */
    int half;                  /* squares and variances are fp16 */
    float *theta, *sigma2;     /* [rows][n][length] with d_input */
    uint16_t *half_sigma2;     /* [rows][n][half_length] instead */
    float *d_theta, *d_sigma2; /* [n][rows][length] sums of all chunks */
    int *where, *list;         /* of a pixel its rows (null: its number) and list */
    int *at, *at_list;         /* of a filter and of a list the rows of their sum */
    vd_chunks chunks;
} job;

static size_t padded_to(size_t lanes, size_t n)
{
    return (n + lanes - 1) / lanes * lanes;
}

static size_t padded(size_t n)
{
    return padded_to(VD_LIST_LANES, n);
}

static layout layout_of(vd_window w, int whole_allowed, int half)
{
    layout r = {.h = w.h + 2 * w.pad, .w = w.w + 2 * w.pad, .c = w.c, .rows = w.size};
    int all = (int)padded_to(half ? HALF_LANES : VD_LIST_LANES, (size_t)w.c * w.size * w.size);
    r.length = (int)padded((size_t)w.c * w.size);
    r.half_length = (int)padded_to(HALF_LANES, r.length);
    r.image = padded((size_t)r.h * r.w * r.c) + r.half_length;
    if (whole_allowed && all < w.size * r.length && all <= VD_LONGEST_WINDOW) {
        r.whole = r.rows = r.column = 1;
        r.length = r.half_length = r.row = r.half_row = all;
        r.line = w.out_w;
        r.sources = (size_t)w.out_h * w.out_w;
        return r;
    }
    r.overlapping = w.c % VD_LIST_LANES == 0;
    r.row = r.overlapping ? w.c : r.length;
    r.half_row = r.overlapping ? w.c : r.half_length;
    r.step = r.overlapping ? r.w : w.out_w;
    r.column = r.overlapping ? w.stride : 1;
    r.line = w.stride * r.step;
    r.sources = (size_t)r.h * r.step;
    return r;
}

/* ---- weights ---- */

/* weights of filter n: [c][size][size] <-> rows [size][size c] */
static void pack_filter(const job *j, int n, const float *w, float *rows)
{
    int size = j->window.size, c = j->window.c, length = j->rows.length;
    for (int kh = 0; kh < size; ++kh) {
        float *row = rows + ((size_t)kh * j->l.n + n) * length;
        vd_transpose(c, size, w + (size_t)n * c * size * size + kh * size, size * size, row, c);
        memset(row + size * c, 0, (length - size * c) * sizeof(float));
    }
}

static void unpack_filter(const job *j, int n, const float *rows, float *d)
{
    int size = j->window.size, c = j->window.c, length = j->rows.length;
    d += (size_t)n * c * size * size;
    rows += (size_t)n * j->rows.rows * length;
    if (j->rows.whole) {
        j->k->add((size_t)c * size * size, rows, d);
        return;
    }
    for (int kh = 0; kh < size; ++kh)
        vd_transpose_add(size, c, rows + (size_t)kh * length, c, d + kh * size, size * size);
}

static void to_half_rows(const job *j, int n)
{
    layout r = j->rows;
    for (int kh = 0; kh < r.rows; ++kh) {
        size_t filter = (size_t)kh * j->l.n + n;
        uint16_t *row = j->half_sigma2 + filter * r.half_length;
        vd_variance_convert(r.length, j->sigma2 + filter * r.length, j->p.sigma2_scale, row);
        memset(row + r.length, 0, (r.half_length - r.length) * sizeof(uint16_t));
    }
}

static void pack_weights_of(int n, void *context)
{
    const job *j = context;
    pack_filter(j, n, j->p.theta, j->theta);
    if (j->p.sigma2) pack_filter(j, n, j->p.sigma2_float, j->sigma2);
    if (j->half) to_half_rows(j, n);
}

static void unpack_gradients_of(int n, void *context)
{
    const job *j = context;
    unpack_filter(j, n, j->d_theta, j->p.d_theta);
    if (j->p.sigma2) unpack_filter(j, n, j->d_sigma2, j->p.d_sigma2);
}

/* ---- one image ---- */

/* what a thread needs for an image, cut out of one buffer */
typedef struct {
    uint16_t *half_image;            /* squares of image in fp16 */
    float squares_scale, d_scale;    /* of squares and varied in fp16 */
    float *image, *rows, *squares;   /* input with padding, channels last unless rows are whole; rows, their squares */
    int *pixel, *row, *start;        /* lists by filter: [windows] each, [n + 1] */
    float *value, *varied;           /* [windows] -dL/d product, and times the gain */
    int *by_pixel_row, *pixel_start; /* the same by pixel */
    float *by_pixel_value, *by_pixel_varied;
    float *d_image, *d_squares; /* gradients of image and of its squares */
} buffers;

static void *cut(float **buffer, size_t n)
{
    float *part = *buffer;
    *buffer += padded(n);
    return part;
}

/* returns how many numbers they take; null measures alone */
static size_t cut_buffers(const job *j, float *all, buffers *b)
{
    size_t windows = (size_t)j->pool.outputs + VD_LIST_LANES, rows = j->rows.sources * j->rows.row + VD_LIST_LANES;
    size_t half = j->rows.sources * j->rows.half_row / 2 + HALF_LANES + j->rows.half_length;
    size_t data = j->d_input ? windows : 0, d_image = j->d_input ? j->rows.image : 0;
    float *next = all;
    b->image = cut(&next, j->rows.image);
    b->rows = j->rows.overlapping ? b->image : cut(&next, rows);
    b->half_image = cut(&next, j->half && !j->rows.overlapping ? j->rows.image : 0);
    b->squares = j->p.sigma2 ? cut(&next, j->half ? half : j->rows.overlapping ? j->rows.image : rows) : 0;
    b->pixel = cut(&next, windows);
    b->row = cut(&next, windows);
    b->start = cut(&next, (size_t)j->l.n + 1);
    b->value = cut(&next, windows);
    b->varied = cut(&next, windows);
    b->by_pixel_row = cut(&next, data);
    b->pixel_start = cut(&next, (size_t)j->window.out_h * j->window.out_w + 2);
    b->by_pixel_value = cut(&next, data);
    b->by_pixel_varied = cut(&next, data);
    b->d_image = cut(&next, d_image);
    b->d_squares = cut(&next, j->p.sigma2 ? d_image : 0);
    return next - all;
}

static void channels_last(const job *j, const float *input, float *image)
{
    vd_window w = j->window;
    layout r = j->rows;
    int plane = w.h * w.w;
    size_t numbers = (size_t)r.h * r.w * r.c;
    if (!w.pad) {
        vd_transpose(w.c, plane, input, plane, image, w.c);
        memset(image + numbers, 0, (r.image - numbers) * sizeof(float));
        return;
    }
    memset(image, 0, r.image * sizeof(float));
    for (int h = 0; h < w.h; ++h)
        vd_transpose(w.c, w.w, input + (size_t)h * w.w, plane, image + ((size_t)(h + w.pad) * r.w + w.pad) * w.c, w.c);
}

static void whole_windows(const job *j, const float *input, buffers *t)
{
    vd_window w = j->window;
    layout r = j->rows;
    memset(t->image, 0, r.image * sizeof(float));
    for (int c = 0; c < w.c; ++c)
        for (int h = 0; h < w.h; ++h)
            memcpy(t->image + ((size_t)c * r.h + h + w.pad) * r.w + w.pad, input + ((size_t)c * w.h + h) * w.w,
                   w.w * sizeof(float));
    vd_windows s = {w.c, r.h, r.w, w.size, w.stride, w.out_h, w.out_w, r.length};
    j->k->behind_pool->windows(s, t->image, t->rows, j->half ? 0 : t->squares);
}

static void copy_rows(const job *j, int element, int length, const void *image, void *rows)
{
    layout r = j->rows;
    char *row = rows;
    for (int h = 0; h < r.h; ++h)
        for (int w = 0; w < j->window.out_w; ++w, row += length * element)
            memcpy(row, (const char *)image + ((size_t)h * r.w + w * j->window.stride) * r.c * element,
                   length * element);
}

static void make_half_squares(const job *j, const float *input, buffers *t)
{
    layout r = j->rows;
    void *image = r.overlapping ? (void *)t->squares : t->half_image;
    t->squares_scale = vd_variance_scale_of_squares(j->l.inputs, input);
    if (r.whole) {
        vd_variance_square(r.sources * r.row, t->rows, t->squares_scale, t->squares);
        return;
    }
    vd_variance_square(r.image, t->image, t->squares_scale, image);
    if (!r.overlapping) copy_rows(j, sizeof(uint16_t), r.half_length, image, t->squares);
}

static void make_rows(const job *j, int b, buffers *t)
{
    const float *input = j->input + (size_t)b * j->l.inputs;
    layout r = j->rows;
    if (r.whole) whole_windows(j, input, t);
    else channels_last(j, input, t->image);
    if (!r.whole && !r.overlapping) copy_rows(j, sizeof(float), r.length, t->image, t->rows);
    if (j->half) make_half_squares(j, input, t);
    else if (j->p.sigma2 && !r.whole) j->k->square(r.overlapping ? r.image : r.sources * r.row, t->rows, t->squares);
}

static void make_lists(const job *j, int b, buffers *t, float *d_bias)
{
    int pixels = j->l.out_h * j->l.out_w, windows = j->pool.out_h * j->pool.out_w, found = 0;
    vd_pooled_plane p = {.windows = windows};
    vd_activation_is_leaky(j->l.activation, &p.slope);
    for (int n = 0; n < j->l.n; ++n) {
        size_t plane = (size_t)b * j->l.n + n, at = plane * windows;
        p.base = (int)(plane * pixels);
        t->start[n] = found;
        found += j->k->behind_pool->list_of_plane(p, j->pool.output + at, j->pool.delta + at, j->pool.indexes + at,
                                                  j->p.sigma2 ? j->p.noise_gain + at : 0, j->where, t->pixel + found,
                                                  t->row + found, t->value + found, t->varied + found, d_bias + n);
    }
    t->start[j->l.n] = found;
}

/* gradients along the variance to fp16, each twice in the place of its float */
static void to_half_lists(const job *j, buffers *t)
{
    enum { BLOCK = 256 };
    int found = t->start[j->l.n];
    t->d_scale = vd_variance_scale(VD_GRADIENTS, j->k->largest(found, t->varied));
    for (int e = 0; e < found; e += BLOCK) {
        uint16_t half[BLOCK];
        uint32_t twice[BLOCK] = {0};
        int n = found - e < BLOCK ? found - e : BLOCK;
        vd_variance_convert(n, t->varied + e, t->d_scale, half);
        for (int i = 0; i < n; ++i) twice[i] = half[i] * 0x10001u;
        memcpy(t->varied + e, twice, n * sizeof(float));
    }
}

/* sort them by pixel, those of a pixel by filter */
static void sort_lists(const job *j, buffers *t)
{
    int pixels = j->l.out_h * j->l.out_w, found = t->start[j->l.n], *next = t->pixel_start + 1;
    memset(t->pixel_start, 0, (pixels + 2) * sizeof(int));
    for (int e = 0; e < found; ++e) ++next[j->list[t->pixel[e]] + 1];
    for (int i = 0; i < pixels; ++i) next[i + 1] += next[i];
    for (int n = 0; n < j->l.n; ++n)
        for (int e = t->start[n]; e < t->start[n + 1]; ++e) {
            int to = next[j->list[t->pixel[e]]]++;
            t->by_pixel_row[to] = n;
            t->by_pixel_value[to] = t->value[e];
            t->by_pixel_varied[to] = t->varied[e];
        }
}

/* Numbers of each of n rows of x that fit the fastest cache together. With those of the other rows of a block, at least
 * eight vectors: fewer sums wait for each other */
static int block_length(size_t n, int block_rows)
{
    enum { CACHE = 8192, SUMS = 8 };
    int fit = (int)(CACHE / n) / VD_LIST_LANES, least = (SUMS + block_rows - 1) / block_rows;
    return (fit > least ? fit : least) * VD_LIST_LANES;
}

static void backward_weights(const job *j, const buffers *t, vd_chunk_sums sums)
{
    const vd_behind_pool_kernels *k = j->k->behind_pool;
    layout r = j->rows;
    vd_list_rows s = {.rows = r.rows, .length = r.length, .x_row = r.row, .x_step = (size_t)r.step * r.row};
    s.y_step = r.length;
    s.block_rows = r.rows;
    s.block_length = block_length(r.sources, r.rows);
    vd_lists l = {j->l.n, t->start, j->at, t->value, t->row};
    k->add_lists(l, s, t->rows, sums.d_theta);
    if (!j->p.sigma2) return;
    l.value = t->varied;
    if (!j->half) {
        k->add_lists(l, s, t->squares, sums.d_sigma2);
        return;
    }
    s.x_row = r.half_row;
    s.x_step = (size_t)r.step * r.half_row;
    s.block_length *= 2;
    k->add_lists_half(l, s, 1 / (t->squares_scale * t->d_scale), (const void *)t->squares, sums.d_sigma2);
}

static void backward_data(const job *j, int b, const buffers *t)
{
    const vd_behind_pool_kernels *k = j->k->behind_pool;
    layout r = j->rows;
    vd_window w = j->window;
    vd_list_rows s = {.rows = r.rows, .length = r.length, .x_row = r.length, .x_step = (size_t)j->l.n * r.length};
    s.y_step = (size_t)r.w * r.c;
    s.block_rows = 1;
    s.block_length = block_length(j->l.n, 1);
    vd_lists l = {w.out_h * w.out_w, t->pixel_start, j->at_list, t->by_pixel_value, t->by_pixel_row};
    memset(t->d_image, 0, r.image * sizeof(float));
    k->add_lists(l, s, j->theta, t->d_image);
    if (j->p.sigma2) {
        memset(t->d_squares, 0, r.image * sizeof(float));
        l.value = t->by_pixel_varied;
        if (j->half) {
            s.x_row = r.half_length;
            s.x_step = (size_t)j->l.n * r.half_length;
            s.block_rows = 2;
            k->add_lists_half(l, s, 1 / (t->d_scale * j->p.sigma2_scale), j->half_sigma2, t->d_squares);
        } else {
            k->add_lists(l, s, j->sigma2, t->d_squares);
        }
        j->k->add_twice_product(r.image, t->image, t->d_squares, t->d_image);
    }
    float *d_input = j->d_input + (size_t)b * j->l.inputs;
    int plane = w.h * w.w, lines = w.pad ? w.h : 1, width = w.pad ? w.w : plane;
    if (j->p.overwrites || vd_writes_as_stock(j->l)) memset(d_input, 0, j->l.inputs * sizeof(float));
    for (int h = 0; h < lines; ++h)
        vd_transpose_add(width, w.c, t->d_image + ((size_t)(h + w.pad) * r.w + w.pad) * w.c, w.c,
                         d_input + (size_t)h * w.w, plane);
}

static void backward_chunk(int i, void *context)
{
    const job *j = context;
    vd_chunk_sums sums = vd_begin_chunk(&j->chunks, i);
    buffers t;
    cut_buffers(j, vd_scratch(VD_SCRATCH_POOLED, cut_buffers(j, 0, &t)), &t);
    for (int b = vd_first_run(&j->chunks, i); b < vd_first_run(&j->chunks, i + 1); ++b) {
        make_rows(j, b, &t);
        make_lists(j, b, &t, sums.d_bias);
        if (j->half) to_half_lists(j, &t);
        backward_weights(j, &t, sums);
        if (!j->d_input) continue;
        sort_lists(j, &t);
        backward_data(j, b, &t);
    }
}

/* lists of pixels run down the columns: the sums of neighbours in a line overlap, and one would wait for the other's to
 * be written */
static void make_places(job *j)
{
    vd_window w = j->window;
    for (int n = 0; n < j->l.n; ++n) j->at[n] = n * j->rows.rows * j->rows.length;
    for (int i = 0; i < w.out_h; ++i)
        for (int k = 0; k < w.out_w; ++k) {
            int pixel = i * w.out_w + k, list = k * w.out_h + i;
            if (j->where) j->where[pixel] = i * j->rows.line + k * j->rows.column;
            j->list[pixel] = list;
            j->at_list[list] = (i * w.stride * j->rows.w + k * w.stride) * j->rows.c;
        }
}

void vd_pooled_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = {.l = l, .pool = *p.pool, .p = p, .k = vd_kernels_get(), .input = input, .d_input = d_input};
    j.window = vd_window_of(l);
    j.half = p.sigma2 && vd_variance_type() == VD_FP16 && j.k->behind_pool->add_lists_half;
    j.rows = layout_of(j.window, !d_input, j.half);
    j.weights = (size_t)l.n * j.rows.rows * j.rows.length;
    size_t pixels = (size_t)l.out_h * l.out_w,
           half = j.half ? padded((size_t)j.rows.rows * l.n * j.rows.half_length / 2) : 0;
    float *next = vd_scratch(VD_SCRATCH_SHARED, 4 * j.weights + half + padded(l.n) + 3 * padded(pixels));
    j.theta = cut(&next, j.weights);
    j.sigma2 = cut(&next, j.weights);
    j.d_theta = cut(&next, j.weights);
    j.d_sigma2 = cut(&next, j.weights);
    j.half_sigma2 = cut(&next, half);
    j.at = cut(&next, l.n);
    int is_number = j.rows.line == j.window.out_w && j.rows.column == 1;
    j.where = is_number ? 0 : cut(&next, pixels);
    j.list = cut(&next, pixels);
    j.at_list = cut(&next, pixels);
    make_places(&j);
    if (d_input) vd_parallel_for(l.n, pack_weights_of, &j);
    memset(j.d_theta, 0, 2 * j.weights * sizeof(float));
    vd_product sums = p;
    sums.d_theta = j.d_theta;
    sums.d_sigma2 = j.d_sigma2;
    j.chunks = vd_make_chunks(l, sums, j.weights, l.batch);
    vd_parallel_for(j.chunks.chunks, backward_chunk, &j);
    vd_add_chunks(&j.chunks);
    vd_parallel_for(l.n, unpack_gradients_of, &j);
}
