/* Times layers with sparse weights against the fastest dense way (Winograd, oneDNN's convolutions, or columns and a
 * product;
 * changes of layout are counted, those of weights are not), in one thread: the ratio dense / sparse, medians of
 * alternating rounds. It needs nothing of Darknet.
 *
 *     sparse [IMAGES]       of a batch; without it 1, and then some */
#include "kernels/products/convolve.h"
#include "kernels/products/gemm.h"
#include "kernels/products/winograd.h"
#include "kernels/sparse/product.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"

enum { DENSITIES = 7, ROUNDS = 15, DENSE_WAYS = 6 };

static const double densities[DENSITIES] = {.8, .5, .35, .2, .05, .02, .005};
static const double round_seconds = 4e-3;

static const struct {
    const char *name;
    vd_convolution_shape s;
    int images;
} layers[] = {
    {"3x3 256-512 13x13", {{256, 13, 13, 3, 1, 1, 13, 13}, 512, 0, 0}, 8},
    {"3x3 512-1024 13x13", {{512, 13, 13, 3, 1, 1, 13, 13}, 1024, 0, 0}, 4},
    {"3x3 64-64 32x32", {{64, 32, 32, 3, 1, 1, 32, 32}, 64, 0, 0}, 32},
    {"5x5 20-50 12x12", {{20, 12, 12, 5, 1, 0, 8, 8}, 50, 0, 0}, 100},
    {"5x5 1-20 28x28", {{1, 28, 28, 5, 1, 0, 24, 24}, 20, 0, 0}, 100},
    {"1x1 256-128 26x26", {{256, 26, 26, 1, 1, 0, 26, 26}, 128, 0, 0}, 8},
    {"3x3/2 64-128 52x52", {{64, 52, 52, 3, 2, 1, 26, 26}, 128, 0, 0}, 4},
    {"dense 800x500", {{800, 1, 1, 1, 1, 0, 1, 1}, 500, 0, 0}, 100},
    {"dense 500x10", {{500, 1, 1, 1, 1, 0, 1, 1}, 10, 0, 0}, 100},
    {"dense 4096x4096", {{4096, 1, 1, 1, 1, 0, 1, 1}, 4096, 0, 0}, 100},
};

typedef struct {
    vd_convolution_shape s;
    int images;
    const float *x, *weights;
    float *y;
    const void *packed[DENSE_WAYS];
    vd_convolution_plan plan[DENSE_WAYS];
    int ways;
    vd_winograd *winograd; /* the last of the ways, where it pays */
    const float *bias;
    const vd_sparse_form *form[DENSITIES];
} bench;

static void run_dense(const bench *b, int way)
{
    vd_window w = b->s.window;
    size_t in = (size_t)w.c * w.h * w.w, out = (size_t)b->s.n * w.out_h * w.out_w;
    if (w.h * w.w == 1) {
        vd_gemm_shape g = {.m = b->images, .n = b->s.n, .k = w.c, .lda = w.c, .ldb = w.c, .ldc = b->s.n};
        g.transpose_b = 1;
        if (way == 1) g = (vd_gemm_shape){.m = b->s.n, .n = 1, .k = w.c, .lda = w.c, .ldb = 1, .ldc = 1};
        for (int i = 0; way == 2 && i < b->s.n; ++i)
            b->y[i] = vd_kernels_get()->dot(w.c, 0, b->weights + (size_t)i * w.c, b->x);
        if (way == 2) return;
        if (way == 1) vd_gemm(g, b->weights, b->x, b->y);
        else vd_gemm(g, b->x, b->weights, b->y);
        return;
    }
    if (b->winograd && way == b->ways - 1) {
        for (int i = 0; i < b->images; ++i)
            vd_winograd_forward(b->winograd, vd_kernels_get()->winograd, w, b->x + i * in, 0, b->bias, .1f,
                                b->y + i * out);
        return;
    }
    int run = b->plan[way].images;
    for (int i = 0; i < b->images; i += run)
        vd_convolve_forward(b->plan + way, b->x + i * in, b->packed[way], 1, b->y + i * out);
}

/* way: one of the dense ways, then the densities */
static void run_way(const bench *b, int way)
{
    if (way < DENSE_WAYS) run_dense(b, way);
    else vd_sparse_forward(b->form[way - DENSE_WAYS], vd_kernels_get()->sparse, b->images, b->x, b->y);
}

/* reading the clock costs as much as a small layer: double the runs until they take long enough */
static double time_way(const bench *b, int way)
{
    for (long n = 1;; n *= 2) {
        double start = now_on(CLOCK_THREAD_CPUTIME_ID);
        for (long i = 0; i < n; ++i) run_way(b, way);
        double seconds = now_on(CLOCK_THREAD_CPUTIME_ID) - start;
        if (seconds > round_seconds / 2) return seconds / n;
    }
}

/* seconds of every way, medians */
static void time_ways(const bench *b, double seconds[DENSE_WAYS + DENSITIES])
{
    static double rounds[DENSE_WAYS + DENSITIES][ROUNDS];
    for (int r = -1; r < ROUNDS; ++r)
        for (int way = 0; way < DENSE_WAYS + DENSITIES; ++way) {
            if (way >= b->ways && way < DENSE_WAYS) continue;
            double t = time_way(b, way);
            if (r >= 0) rounds[way][r] = t;
        }
    for (int way = 0; way < DENSE_WAYS + DENSITIES; ++way) {
        seconds[way] = median(rounds[way], ROUNDS);
    }
}

/* by columns, and oneDNN's kernels where it has them */
static void make_dense_ways(bench *b)
{
    static const vd_way ways[] = {VD_BY_DIRECT, VD_BY_DIRECT_INFERENCE, VD_BY_WINOGRAD, VD_BY_WINOGRAD_INFERENCE};
    b->plan[0] = vd_convolution_by_columns(b->s);
    b->packed[0] = b->weights;
    b->ways =
        b->s.window.h * b->s.window.w == 1 && b->images == 1 ? 3 : 1; /* or a vector on the right, or row by row */
    for (int i = 0; i < 4 && b->s.window.h * b->s.window.w > 1; ++i) {
        vd_convolution_plan p = {.shape = b->s, .images = b->images % 2 ? 1 : 2};
        if (!vd_convolution_has(b->s, VD_FORWARD, ways[i], p.images)) continue;
        p.way[VD_FORWARD] = ways[i];
        size_t bytes = vd_convolution_weights_bytes(&p, VD_FORWARD);
        void *packed = aligned_alloc(64, (bytes + 63) / 64 * 64);
        b->packed[b->ways] = vd_convolution_weights(&p, VD_FORWARD, b->weights, packed);
        b->plan[b->ways++] = p;
    }
}

static void compare(const char *name, vd_convolution_shape s, int images)
{
    vd_window w = s.window;
    size_t all = (size_t)s.n * w.c * w.size * w.size;
    bench b = {.s = s, .images = images};
    float *weights = random_array(all), *bias = random_array(s.n), *sparse = random_array(all);
    float *x = random_array((size_t)images * w.c * w.h * w.w),
          *y = random_array((size_t)images * s.n * w.out_h * w.out_w);
    b.weights = weights, b.x = x, b.y = y;
    b.bias = bias;
    make_dense_ways(&b);
    if (vd_winograd_pays(w)) b.winograd = make_vd_winograd(w.c, s.n, weights), ++b.ways;
    for (int d = 0; d < DENSITIES; ++d) {
        for (size_t i = 0; i < all; ++i) sparse[i] = rand() < densities[d] * RAND_MAX ? weights[i] : 0;
        b.form[d] = make_vd_sparse_form(w, s.n, images, sparse, 0, bias, .1f);
    }
    double seconds[DENSE_WAYS + DENSITIES], dense = INFINITY;
    time_ways(&b, seconds);
    for (int i = 0; i < b.ways; ++i) dense = fmin(dense, seconds[i]);
    printf("%-20s %4d %9.1f us %-8s", name, images, 1e6 * dense, vd_sparse_way(b.form[DENSITIES - 2]));
    for (int d = 0; d < DENSITIES; ++d) printf(" %6.2f", dense / seconds[DENSE_WAYS + d]);
    printf("\n");
    fflush(stdout);
    for (int d = 0; d < DENSITIES; ++d) free_vd_sparse_form((vd_sparse_form *)b.form[d]);
    for (int i = 1; i < b.ways - (b.winograd != 0); ++i) free((void *)b.packed[i]);
    free_vd_winograd(b.winograd);
    free(weights), free(bias), free(sparse), free(x), free(y);
}

int main(int argc, char **argv)
{
    srand(1);
    setenv("DARKNET_THREADS", "1", 1);
    printf("kernels: %s; dense / sparse by density\nlayer                batch   dense     2 %% is",
           vd_kernels_get()->name);
    for (int d = 0; d < DENSITIES; ++d) printf(" %4g %%", 100 * densities[d]);
    printf("\n");
    for (int many = 0; many < 2; ++many) {
        if (argc > 1 && many) break;
        for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); ++i)
            compare(layers[i].name, layers[i].s, argc > 1 ? atoi(argv[1]) : many ? layers[i].images : 1);
    }
    return 0;
}
