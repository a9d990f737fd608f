/* Winograd convolutions of a batch by every table of kernels: against plain C kernel by kernel, and the products of a
 * variational layer, with their gradients, against double. */
#include "support/support.h"
#include "kernels/products/winograd_batch.h"
#include "kernels/winograd_batch_kernels.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 8, BLOCK = VD_WINOGRAD_BLOCK, AREA = VD_WINOGRAD_MOST_IN * VD_WINOGRAD_MOST_IN };

static float *random_array(size_t n, int seed)
{
    float *x = calloc(n, sizeof(float));
    fill_random(x, n, seed);
    return x;
}

static float *not_negative(float *x, size_t n)
{
    for (size_t i = 0; i < n; ++i) x[i] = fabsf(x[i]);
    return x;
}

/* ---- the whole ---- */

/* images, c, h, w, pad, n: one tile and less, tiles of 2x2 pixels, parts of tiles, parts of blocks of channels, several
 * strips and groups */
static const vd_winograd_shape shapes[] = {
    {{16, 4, 4, 3, 1, 1, 4, 4, 0, 0}, 16, 16},       {{20, 2, 2, 3, 1, 1, 2, 2, 0, 0}, 33, 21},
    {{5, 13, 13, 3, 1, 1, 13, 13, 0, 0}, 40, 4},     {{33, 8, 8, 3, 1, 1, 8, 8, 0, 0}, 20, 7},
    {{16, 7, 9, 3, 1, 0, 5, 7, 0, 0}, 17, 3},        {{3, 6, 5, 3, 1, 2, 8, 7, 0, 0}, 5, 2},
    {{2, 1, 3, 3, 1, 1, 1, 3, 0, 0}, 3, 2},          {{130, 6, 6, 3, 1, 1, 6, 6, 0, 0}, 260, 3},
    {{16, 130, 126, 3, 1, 1, 130, 126, 0, 0}, 3, 2}, {{3, 130, 126, 3, 1, 1, 130, 126, 0, 0}, 40, 2},
    {{20, 12, 12, 5, 1, 0, 8, 8, 0, 0}, 50, 23},     {{16, 2, 2, 5, 1, 2, 2, 2, 0, 0}, 16, 16},
    {{5, 13, 11, 5, 1, 2, 13, 11, 0, 0}, 33, 3},     {{3, 5, 6, 5, 1, 4, 9, 10, 0, 0}, 5, 2},
    {{130, 6, 6, 5, 1, 2, 6, 6, 0, 0}, 260, 2},      {{17, 70, 66, 5, 1, 2, 70, 66, 0, 0}, 3, 2},
};
enum { SHAPES = COUNT_OF(shapes) };

typedef struct {
    vd_winograd_shape s;
    size_t inputs, outputs, weights;
    float *x, *dy, *gain, *theta, *sigma2, *dx, *d_theta, *d_sigma2;         /* dx and the last two: what is added to */
    double *y, *variance, *want_dx, *want_d_theta, *want_d_sigma2;           /* in double */
    double *y_size, *variance_size, *dx_size, *d_theta_size, *d_sigma2_size; /* sums of absolute values */
} problem;

static double *doubles(size_t n, const float *x)
{
    double *d = calloc(n, sizeof(double));
    for (size_t i = 0; x && i < n; ++i) d[i] = x[i];
    return d;
}

/* one output, one weight, one input */
static void add_term(problem *q, size_t o, size_t w, size_t i)
{
    double x = q->x[i], dy = q->dy[o], d_var = dy * q->gain[o], mean = x * q->theta[w], var = x * x * q->sigma2[w];
    double back = dy * q->theta[w], back2 = 2 * x * d_var * q->sigma2[w];
    q->y[o] += mean, q->y_size[o] += fabs(mean);
    q->variance[o] += var, q->variance_size[o] += fabs(var);
    q->want_d_theta[w] += dy * x, q->d_theta_size[w] += fabs(dy * x);
    q->want_d_sigma2[w] += d_var * x * x, q->d_sigma2_size[w] += fabs(d_var * x * x);
    q->want_dx[i] += back + back2, q->dx_size[i] += fabs(back) + fabs(back2);
}

static void add_terms_of(problem *q, int b, int n, int oh, int ow)
{
    vd_window w = q->s.window;
    const int taps = w.size * w.size;
    size_t o = (((size_t)b * q->s.n + n) * w.out_h + oh) * w.out_w + ow;
    for (int k = 0; k < w.c * taps; ++k) {
        int h = oh - w.pad + k / w.size % w.size, v = ow - w.pad + k % w.size;
        if (h < 0 || h >= w.h || v < 0 || v >= w.w) continue;
        add_term(q, o, (size_t)n * w.c * taps + k, (((size_t)b * w.c + k / taps) * w.h + h) * w.w + v);
    }
}

static problem make_problem(vd_winograd_shape s)
{
    vd_window w = s.window;
    problem q = {.s = s, .weights = (size_t)s.n * w.c * w.size * w.size};
    q.inputs = (size_t)s.images * w.c * w.h * w.w;
    q.outputs = (size_t)s.images * s.n * w.out_h * w.out_w;
    q.x = random_array(q.inputs, 1), q.dy = random_array(q.outputs, 2), q.gain = random_array(q.outputs, 3);
    q.theta = random_array(q.weights, 4), q.sigma2 = not_negative(random_array(q.weights, 5), q.weights);
    q.dx = random_array(q.inputs, 6), q.d_theta = random_array(q.weights, 7), q.d_sigma2 = random_array(q.weights, 8);
    q.y = doubles(q.outputs, 0), q.variance = doubles(q.outputs, 0), q.want_dx = doubles(q.inputs, q.dx);
    q.want_d_theta = doubles(q.weights, q.d_theta), q.want_d_sigma2 = doubles(q.weights, q.d_sigma2);
    q.y_size = doubles(q.outputs, 0), q.variance_size = doubles(q.outputs, 0), q.dx_size = doubles(q.inputs, 0);
    q.d_theta_size = doubles(q.weights, 0), q.d_sigma2_size = doubles(q.weights, 0);
    for (int b = 0; b < s.images; ++b)
        for (int n = 0; n < s.n; ++n)
            for (int oh = 0; oh < w.out_h; ++oh)
                for (int ow = 0; ow < w.out_w; ++ow) add_terms_of(&q, b, n, oh, ow);
    return q;
}

static void free_problem(problem *q)
{
    void *all[] = {q->x,       q->dy,           q->gain,          q->theta,  q->sigma2,
                   q->dx,      q->d_theta,      q->d_sigma2,      q->y,      q->variance,
                   q->want_dx, q->want_d_theta, q->want_d_sigma2, q->y_size, q->variance_size,
                   q->dx_size, q->d_theta_size, q->d_sigma2_size};
    for (int i = 0; i < COUNT_OF(all); ++i) free(all[i]);
}

/* Of an error, in units of the largest sum of absolute values. Tiles of 4x4 pixels have factors up to 25 and 1/24, and
 * differences of what is large, and so with 5x5 filters; tiles of 2x2 have halves and sums. Measured: up to .4, .5 and
 * .6 of these */
static double bound_of(const problem *q)
{
    vd_window w = q->s.window;
    return w.size == 3 && w.out_h <= 2 && w.out_w <= 2 ? 1e-6 : 6e-6;
}

static void assert_close(const problem *q, const char *what, size_t n, const float *have, const double *want,
                         const double *size)
{
    double largest = 0;
    for (size_t i = 0; i < n; ++i) largest = size[i] > largest ? size[i] : largest;
    for (size_t i = 0; i < n; ++i)
        ck_assert_msg(close_to(have[i], want[i], 1e-6, bound_of(q) * largest), "%s, %s: number %zu is %.9g, not %.9g",
                      vd_kernels_get()->name, what, i, have[i], want[i]);
}

static float *copy_of(size_t n, const float *x)
{
    float *copy = malloc(n * sizeof(float));
    for (size_t i = 0; i < n; ++i) copy[i] = x ? x[i] : NAN;
    return copy;
}

static void check_table(const problem *q)
{
    vd_winograd_shape s = q->s;
    float *y = copy_of(q->outputs, 0), *variance = copy_of(q->outputs, 0), *dx = copy_of(q->inputs, q->dx);
    float *d_theta = copy_of(q->weights, q->d_theta), *d_sigma2 = copy_of(q->weights, q->d_sigma2);
    vd_winograd_batch_forward(s, q->x, q->theta, q->sigma2, y, variance);
    assert_close(q, "forward", q->outputs, y, q->y, q->y_size);
    assert_close(q, "variance", q->outputs, variance, q->variance, q->variance_size);
    for (size_t i = 0; i < q->outputs; ++i) ck_assert_msg(variance[i] >= 0, "variance %zu is %g", i, variance[i]);
    vd_winograd_batch_backward_data(s, q->dy, q->gain, q->theta, q->sigma2, q->x, 1, dx);
    assert_close(q, "gradient of the input", q->inputs, dx, q->want_dx, q->dx_size);
    vd_winograd_batch_backward_weights(s, q->x, q->dy, q->gain, d_theta, d_sigma2);
    assert_close(q, "gradient of theta", q->weights, d_theta, q->want_d_theta, q->d_theta_size);
    assert_close(q, "gradient of sigma2", q->weights, d_sigma2, q->want_d_sigma2, q->d_sigma2_size);
    free(y), free(variance), free(dx), free(d_theta), free(d_sigma2);
}

START_TEST(every_table_gives_the_convolution_and_its_gradients)
{
    const vd_kernels *tables[TABLES], *before = vd_kernels_get();
    int n = vd_kernels_list(tables, TABLES);
    problem q = make_problem(shapes[_i]);
    for (int t = 0; t < n; ++t) {
        vd_kernels_use(tables[t]);
        check_table(&q);
    }
    vd_kernels_use(before);
    free_problem(&q);
}
END_TEST

/* as a plain layer asks for it, with what was there before */
START_TEST(without_a_variance_it_is_the_mean_alone)
{
    problem q = make_problem(shapes[_i]);
    float *y = copy_of(q.outputs, 0), *dx = copy_of(q.inputs, 0), *d_theta = copy_of(q.weights, q.d_theta);
    float *both = copy_of(q.outputs, 0), *variance = copy_of(q.outputs, 0);
    vd_winograd_batch_forward(q.s, q.x, q.theta, 0, y, 0);
    vd_winograd_batch_forward(q.s, q.x, q.theta, q.sigma2, both, variance);
    ck_assert_mem_eq(y, both, q.outputs * sizeof(float));
    vd_winograd_batch_backward_data(q.s, q.dy, 0, q.theta, 0, 0, 0, dx);
    for (size_t i = 0; i < q.inputs; ++i) ck_assert_msg(isfinite(dx[i]), "number %zu is not overwritten", i);
    vd_winograd_batch_backward_weights(q.s, q.x, q.dy, 0, d_theta, 0);
    assert_close(&q, "gradient of theta", q.weights, d_theta, q.want_d_theta, q.d_theta_size);
    free(y), free(dx), free(d_theta), free(both), free(variance);
    free_problem(&q);
}
END_TEST

/* all results of a shape, one after the other */
static float *results_of(const problem *q, size_t *n)
{
    *n = 2 * q->outputs + q->inputs + 2 * q->weights;
    float *all = calloc(*n, sizeof(float)), *dx = all + 2 * q->outputs, *dw = dx + q->inputs;
    vd_winograd_batch_forward(q->s, q->x, q->theta, q->sigma2, all, all + q->outputs);
    vd_winograd_batch_backward_data(q->s, q->dy, q->gain, q->theta, q->sigma2, q->x, 0, dx);
    vd_winograd_batch_backward_weights(q->s, q->x, q->dy, q->gain, dw, dw + q->weights);
    return all;
}

START_TEST(threads_do_not_change_results)
{
    problem q = make_problem(shapes[_i]);
    float *results[2];
    size_t n = 0;
    for (int t = 0; t < 2; ++t) {
        setenv("DARKNET_THREADS", t ? "5" : "1", 1);
        vd_parallel_forget_threads();
        results[t] = results_of(&q, &n);
    }
    ck_assert_mem_eq(results[0], results[1], n * sizeof(float));
    free(results[0]), free(results[1]);
    free_problem(&q);
}
END_TEST

/* all shapes have runs but those whose packed weights would be many */
static int has_run(vd_winograd_shape s)
{
    enum { MANY = 256 };
    ck_assert_int_eq(vd_winograd_run_has(s), s.n <= MANY && s.window.c <= MANY);
    return vd_winograd_run_has(s);
}

/* what a way of a convolution asks for: the same bits, as one product is one product */
START_TEST(a_run_is_the_same_product)
{
    if (!has_run(shapes[_i])) return;
    problem q = make_problem(shapes[_i]);
    float *theta = malloc(vd_winograd_run_packed(q.s, 0) * sizeof(float)), *y, *both, *variance, *dx, *have_dx;
    float *turned = malloc(vd_winograd_run_packed(q.s, 1) * sizeof(float));
    y = copy_of(q.outputs, 0), both = copy_of(q.outputs, 0), variance = copy_of(q.outputs, 0);
    dx = copy_of(q.inputs, q.dx), have_dx = copy_of(q.inputs, q.dx);
    vd_winograd_run_pack(q.s, 0, q.theta, theta);
    vd_winograd_run_pack(q.s, 1, q.theta, turned);
    vd_winograd_batch_forward(q.s, q.x, q.theta, q.sigma2, both, variance);
    vd_winograd_run_forward(q.s, 0, q.x, theta, y);
    ck_assert_mem_eq(y, both, q.outputs * sizeof(float));
    vd_winograd_batch_backward_data(q.s, q.dy, 0, q.theta, 0, 0, 1, dx);
    vd_winograd_run_backward_data(q.s, q.dy, turned, 1, have_dx);
    ck_assert_mem_eq(dx, have_dx, q.inputs * sizeof(float));
    free(theta), free(turned), free(y), free(both), free(variance), free(dx), free(have_dx);
    free_problem(&q);
}
END_TEST

/* of numbers that are not negative no sum is, by rounding either */
START_TEST(a_variance_of_a_run_is_not_negative)
{
    if (!has_run(shapes[_i])) return;
    problem q = make_problem(shapes[_i]);
    float *packed = malloc(vd_winograd_run_packed(q.s, 0) * sizeof(float)), *y = copy_of(q.outputs, 0);
    for (size_t i = 0; i < q.inputs; ++i) q.x[i] = i % 7 == 3 ? 1 : 0;
    vd_winograd_run_pack(q.s, 0, q.sigma2, packed);
    vd_winograd_run_forward(q.s, 1, q.x, packed, y);
    for (size_t i = 0; i < q.outputs; ++i) ck_assert_msg(y[i] >= 0, "variance %zu is %g", i, y[i]);
    free(packed), free(y);
    free_problem(&q);
}
END_TEST

START_TEST(it_pays_where_tiles_are_filled)
{
    vd_winograd_shape s = {{64, 13, 13, 3, 1, 1, 13, 13, 0, 0}, 64, 4}, narrow = s, strided = s, one_pixel = s, few = s;
    narrow.window.c = 3;
    strided.window.stride = 2;
    one_pixel.window = (vd_window){64, 1, 1, 3, 1, 1, 1, 1, 0, 0};
    few.images = 1, few.window = (vd_window){64, 4, 4, 3, 1, 1, 4, 4, 0, 0};
    vd_winograd_shape five = {{20, 12, 12, 5, 1, 0, 8, 8, 0, 0}, 50, 4}, seven = five, edge = five;
    seven.window.size = 7, seven.window.out_h = seven.window.out_w = 6;
    edge.window.out_h = edge.window.out_w = 1, edge.window.h = edge.window.w = 5, edge.images = 100;
    ck_assert_int_eq(vd_winograd_batch_pays(s), 1);
    ck_assert_int_eq(vd_winograd_batch_pays(five), 1);
    ck_assert_int_eq(vd_winograd_batch_pays(seven), 0);
    ck_assert_int_eq(vd_winograd_batch_pays(edge), 0);
    ck_assert_int_eq(vd_winograd_batch_pays(narrow), 0);
    ck_assert_int_eq(vd_winograd_batch_pays(strided), 0);
    ck_assert_int_eq(vd_winograd_batch_pays(one_pixel), 0);
    ck_assert_int_eq(vd_winograd_batch_pays(few), 0);
}
END_TEST

/* ---- kernel by kernel ---- */

static void assert_same(const char *table, const char *what, size_t n, const float *have, const float *want)
{
    for (size_t i = 0; i < n; ++i)
        ck_assert_msg(close_to(have[i], want[i], 1e-5, 5e-5), "%s, %s: number %zu is %.9g, not %.9g", table, what, i,
                      have[i], want[i]);
}

enum { LINES = 16, WIDTH = 30, PIXELS = LINES * WIDTH * BLOCK, ROWS = 3, COLUMNS = 5, PITCH = 48 };
enum { APART = ROWS * COLUMNS * PITCH + 7, NUMBERS = AREA * APART };

/* all numbers of the wanted channels; x holds blocks of 16 */
static void assert_same_channels(const char *table, const char *what, size_t n, int channels, const float *have,
                                 const float *want)
{
    for (size_t i = 0; i + BLOCK <= n; i += BLOCK) assert_same(table, what, channels, have + i, want + i);
}

static void check_some_channels(const char *name, const vd_winograd_batch_kernels *k, vd_winograd_form form)
{
    static float pixels[PIXELS], m[NUMBERS], have[NUMBERS], want[NUMBERS], y[PIXELS], want_y[PIXELS];
    const vd_winograd_batch_kernels *c = &vd_winograd_batch_kernels_c;
    fill_random(pixels, PIXELS, 1);
    fill_random(m, NUMBERS, 2);
    for (int channels = 1; channels <= BLOCK; channels += 5) {
        vd_winograd_strip s = {form, ROWS, COLUMNS, WIDTH, APART, PITCH, channels};
        memset(have, 0, sizeof(have)), memset(want, 0, sizeof(want));
        memset(y, 0, sizeof(y)), memset(want_y, 0, sizeof(want_y));
        k->input(s, pixels, have), c->input(s, pixels, want);
        for (int f = 0; f < vd_winograd_in(form) * vd_winograd_in(form); ++f)
            assert_same_channels(name, "some of the input", ROWS * COLUMNS * PITCH, channels, have + f * APART,
                                 want + f * APART);
        k->output(s, 0, m, y), c->output(s, 0, m, want_y);
        assert_same_channels(name, "some of the output", PIXELS, channels, y, want_y);
    }
}

static void check_transforms(const char *name, const vd_winograd_batch_kernels *k, vd_winograd_form form)
{
    static float pixels[PIXELS], m[NUMBERS], have[NUMBERS], want[NUMBERS], y[PIXELS], want_y[PIXELS];
    const vd_winograd_batch_kernels *c = &vd_winograd_batch_kernels_c;
    vd_winograd_strip s = {form, ROWS, COLUMNS, WIDTH, APART, PITCH, BLOCK};
    fill_random(pixels, PIXELS, 1);
    fill_random(m, NUMBERS, 2);
    memset(have, 0, sizeof(have)), memset(want, 0, sizeof(want));
    k->input(s, pixels, have), c->input(s, pixels, want);
    assert_same(name, "input", NUMBERS, have, want);
    k->gradient(s, pixels, have), c->gradient(s, pixels, want);
    assert_same(name, "gradient", NUMBERS, have, want);
    for (int not_negative = 0; not_negative < 2; ++not_negative) {
        k->output(s, not_negative, m, y), c->output(s, not_negative, m, want_y);
        assert_same(name, "output", PIXELS, y, want_y);
    }
    for (int turned = 0; turned < 2; ++turned) {
        k->weights(form, 7, turned, pixels, APART, PITCH, have),
            c->weights(form, 7, turned, pixels, APART, PITCH, want);
        assert_same(name, "weights", NUMBERS, have, want);
    }
    k->d_weights(form, 7, m, APART, PITCH, y), c->d_weights(form, 7, m, APART, PITCH, want_y);
    assert_same(name, "gradient of weights", PIXELS, y, want_y);
}

static void check_turns(const char *name, const vd_winograd_batch_kernels *k)
{
    enum { PLANE = 401 };
    static const int lines[] = {1, 3, 7, 12, 13}, columns[] = {1, 4, 16, 17, 30, 20}, channels[] = {16, 16, 3, 1, 15};
    static float x[BLOCK * PLANE], have[PIXELS], want[PIXELS], y[BLOCK * PLANE], want_y[BLOCK * PLANE];
    const vd_winograd_batch_kernels *c = &vd_winograd_batch_kernels_c;
    fill_random(x, COUNT_OF(x), 1);
    for (int i = 0; i < COUNT_OF(lines); ++i)
        for (int j = 0; j < COUNT_OF(columns); ++j) {
            memset(have, 0, sizeof(have)), memset(want, 0, sizeof(want));
            memset(y, 0, sizeof(y)), memset(want_y, 0, sizeof(want_y));
            k->turn(channels[i], lines[i], columns[j], x, PLANE, WIDTH, have);
            c->turn(channels[i], lines[i], columns[j], x, PLANE, WIDTH, want);
            ck_assert_msg(!memcmp(have, want, sizeof(have)), "%s: turn", name);
            for (int add = 0; add < 2; ++add) {
                k->turn_back(channels[i], lines[i], columns[j], want, WIDTH, add, y, PLANE);
                c->turn_back(channels[i], lines[i], columns[j], want, WIDTH, add, want_y, PLANE);
                ck_assert_msg(!memcmp(y, want_y, sizeof(y)), "%s: turn back", name);
            }
        }
}

static void check_product(const char *name, const vd_winograd_batch_kernels *k)
{
    enum { TILES = 40, CHANNELS = 37, FILTERS = 64 };
    static float v[TILES * PITCH], u[CHANNELS * FILTERS], have[TILES * FILTERS], want[TILES * FILTERS];
    fill_random(v, COUNT_OF(v), 1);
    fill_random(u, COUNT_OF(u), 2);
    for (int tiles = 1; tiles <= TILES; ++tiles)
        for (int filters = BLOCK; filters <= FILTERS; filters += BLOCK)
            for (int add = 0; add < 2; ++add) {
                int some = filters - tiles % BLOCK;
                k->multiply(tiles, CHANNELS, filters, some, v, PITCH, u, add, have);
                vd_winograd_batch_kernels_c.multiply(tiles, CHANNELS, filters, some, v, PITCH, u, add, want);
                for (int t = 0; t < tiles; ++t)
                    assert_same(name, "product", some, have + (size_t)t * filters, want + (size_t)t * filters);
            }
}

START_TEST(every_kernel_is_that_of_plain_c)
{
    const vd_kernels *tables[TABLES];
    int n = vd_kernels_list(tables, TABLES);
    for (int t = 1; t < n; ++t) {
        for (int form = 0; form < VD_WINOGRAD_FORMS; ++form)
            check_transforms(tables[t]->name, tables[t]->winograd_batch, (vd_winograd_form)form),
                check_some_channels(tables[t]->name, tables[t]->winograd_batch, (vd_winograd_form)form);
        check_turns(tables[t]->name, tables[t]->winograd_batch);
        check_product(tables[t]->name, tables[t]->winograd_batch);
    }
}
END_TEST

SUITE_OF(winograd_batch)
{
    TIMEOUT(240);
    TEST(every_kernel_is_that_of_plain_c);
    LOOP(every_table_gives_the_convolution_and_its_gradients, SHAPES);
    LOOP(without_a_variance_it_is_the_mean_alone, SHAPES);
    LOOP(threads_do_not_change_results, SHAPES);
    LOOP(a_run_is_the_same_product, SHAPES);
    LOOP(a_variance_of_a_run_is_not_negative, SHAPES);
    TEST(it_pays_where_tiles_are_filled);
}
