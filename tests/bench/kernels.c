/* Times every kernel of every table this processor runs, on arrays that stay in the caches: nanoseconds an element,
 * the median of many rounds. It needs nothing of Darknet.
 *
 *     kernels [PART]        only the kernels with PART in their names */
#include "kernels/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"

enum { N = 2048, BLOCK = 512, COLUMNS = 500 * 64, ROUNDS = 15, TABLES = 8 };

static const double round_seconds = 1e-3;

static float theta[N], log_sigma2[N], sigma2[N], d_kl[N], x[N], y[N], z[N], ones[N], columns[COLUMNS];
static float plane[24 * 24], pooled[12 * 12], image[20 * 12 * 12];
static uint16_t half[N], image_bf16[20 * 12 * 12], columns_bf16[COLUMNS];
static int indexes[12 * 12], largest[12 * 12], largest_of_small[4 * 4];
static volatile double sink;

/* the shapes of LeNet-5 on MNIST: pooling after the first convolution, and the second convolution */
static const vd_pool_shape pool = {24, 24, 2, 2, 0, 12, 12, 0}, small_pool = {8, 8, 2, 2, 0, 4, 4, 0};
static const vd_window window = {20, 12, 12, 5, 1, 0, 8, 8, 0, 0}, first_window = {1, 28, 28, 5, 1, 0, 24, 24, 0, 0};
static const vd_window padded = {3, 13, 13, 3, 1, 1, 13, 13, 0, 0};
/* without a step or a rate nothing grows from round to round */
static const vd_adam_args adam = {0, .9f, .999f, 1e-7f, 1, 1, 1, .01f};

/* elements of these are multiplications */
static const vd_tile tile = {10, 64, 100, columns, 1, 10, columns, 0, 64, x, 64, 0, 1, 0};
static const vd_tile half_tile = {10, 64, 100, columns_bf16, 1, 10, columns_bf16, 0, 64, x, 64, 0, 1, 0};
static void update(const vd_kernels *k)
{
    static float zero[BLOCK], m[2][BLOCK], v[2][BLOCK];
    vd_adam_arrays a = {theta, log_sigma2, zero, zero, m[0], v[0], m[1], v[1], sigma2, d_kl};
    vd_update_sums sums = {0};
    k->update_adam(BLOCK, adam, .01f, a, &sums);
    sink = sums.kl;
}

/* name, elements, call */
#define KERNELS(K)                                                                                   \
    K(log_alpha, N, k->log_alpha(N, theta, log_sigma2, y))                                           \
    K(mask, N, sink = k->mask(N, theta, log_sigma2, 3, y))                                           \
    K(variance_kl, N, sink = k->variance_kl(N, theta, log_sigma2, sigma2, d_kl))                     \
    K(posterior_backward, N, k->posterior_backward(N, theta, sigma2, d_kl, .01f, y, z))              \
    K(noise, N, k->noise((vd_noise_key){1, 2, 3, 0}, N, y))                                          \
    K(sample, N, k->sample(N, ones, z, y))                                                           \
    K(add_noise, N, k->add_noise((vd_noise_key){1, 2, 3, 0}, 0, N, z, y))                            \
    K(square, N, k->square(N, x, y))                                                                 \
    K(to_bf16, N, k->to_bf16(N, x, half))                                                            \
    K(square_bf16, N, k->square_bf16(N, x, half))                                                    \
    K(multiply_bf16, N, k->multiply_bf16(N, x, ones, half))                                          \
    K(to_fp16, N, k->to_fp16(N, x, 1, half))                                                         \
    K(square_fp16, N, k->square_fp16(N, x, 1, half))                                                 \
    K(multiply_fp16, N, k->multiply_fp16(N, x, ones, 1, half))                                       \
    K(tile_10x64x100, 64000, k->tile(tile))                                                          \
    K(tile_half_10x64x100, 64000, k->tile_half ? k->tile_half(half_tile) : (void)0)                  \
    K(multiply_by, N, k->multiply_by(N, ones, y))                                                    \
    K(add_twice_product, N, k->add_twice_product(N, x, ones, y))                                     \
    K(add, N, k->add(N, x, y))                                                                       \
    K(leaky, N, k->leaky(N, 1, y))                                                                   \
    K(leaky_backward, N, k->leaky_backward(N, 1, x, y))                                              \
    K(add_leaky, N, k->add_leaky(N, .1, x, theta, y))                                                \
    K(add_relu, N, k->add_leaky(N, 0, x, theta, y))                                                  \
    K(bias_leaky, N, k->bias_leaky(N, 1e-3f, 1, y))                                                  \
    K(leaky_backward_sum, N, sink = k->leaky_backward_sum(N, 1, x, y))                               \
    K(sum, N, sink = k->sum(N, x))                                                                   \
    K(sum_of_64, 64, sink = k->sum(64, x))                                                           \
    K(sum_squares, N, sink = k->sum_squares(N, .1f, x))                                              \
    K(dot, N, sink = k->dot(N, .1f, x, theta))                                                       \
    K(normalize, N, k->normalize(N, .1f, 2, 1, 0, x, y))                                             \
    K(normalize_backward, N, k->normalize_backward(N, .1f, .5f, .5f, 0, x, y))                       \
    K(max_pool_24x24, 24 * 24, k->max_pool(pool, plane, 0, pooled, indexes))                         \
    K(max_pool_8x8, 64, k->max_pool(small_pool, plane, 0, pooled, indexes))                          \
    K(max_pool_backward_24x24, 24 * 24, k->max_pool_backward(pool, 0, largest, ones, image))         \
    K(max_pool_backward_8x8, 64, k->max_pool_backward(small_pool, 0, largest_of_small, ones, image)) \
    K(im2col, COLUMNS, k->im2col(window, image, columns))                                            \
    K(im2col_28x28, 25 * 576, k->im2col(first_window, image, columns))                               \
    K(im2col_padded, 27 * 169, k->im2col(padded, image, columns))                                    \
    K(im2col_bf16, COLUMNS, k->im2col_bf16(window, image_bf16, columns_bf16))                        \
    K(col2im_add, COLUMNS, k->col2im_add(window, columns, image))                                    \
    K(col2im_add_padded, 27 * 169, k->col2im_add(padded, columns, image))                            \
    K(adam, N, k->adam(N, adam, theta, z, x, y))                                                     \
    K(sgd, N, k->sgd(N, .01f, .9f, 0, 1, x, z, y))                                                   \
    K(update_adam, BLOCK, update(k))                                                                 \
    K(largest, N, sink = k->largest(N, ones))                                                        \
    K(all_finite, N, sink = k->all_finite(N, ones))                                                  \
    K(checksum, N, sink = (double)k->checksum(N, ones))

#define DEFINE(name, elements, call)            \
    static void run_##name(const vd_kernels *k) \
    {                                           \
        call;                                   \
    }
KERNELS(DEFINE)

#define LIST(name, elements, call) {#name, elements, run_##name},
static const struct {
    const char *name;
    int elements;
    void (*run)(const vd_kernels *k);
} kernels[] = {KERNELS(LIST)};

static void fill(void)
{
    srand(1);
    for (int i = 0; i < N; ++i) {
        theta[i] = rand() / (float)RAND_MAX - .5f;
        log_sigma2[i] = logf(theta[i] * theta[i] + 1e-8f) + 20 * (rand() / (float)RAND_MAX - .5f);
        x[i] = rand() / (float)RAND_MAX - .5f;
        y[i] = z[i] = ones[i] = 1;
        sigma2[i] = .1f;
        d_kl[i] = -.1f;
    }
    for (int i = 0; i < 24 * 24; ++i) plane[i] = rand() / (float)RAND_MAX - .5f;
    vd_kernels_c.max_pool(pool, plane, 0, pooled, largest);
    vd_kernels_c.max_pool(small_pool, plane, 0, pooled, largest_of_small);
    memset(image, 0, sizeof(image));
    memset(columns, 0, sizeof(columns));
}

/* seconds of one call, over about round_seconds */
static double time_round(void (*run)(const vd_kernels *), const vd_kernels *k)
{
    int calls = 0;
    double start = now(), t;
    do {
        for (int i = 0; i < 16; ++i) run(k);
        calls += 16;
    } while ((t = now() - start) < round_seconds);
    return t / calls;
}

int main(int argc, char **argv)
{
    const vd_kernels *tables[TABLES];
    int n = vd_kernels_list(tables, TABLES);
    printf("%-24s", "ns an element");
    for (int t = 0; t < n; ++t) printf(" %11s", tables[t]->name);
    printf("\n");
    for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); ++i) {
        double times[TABLES][ROUNDS];
        if (argc > 1 && !strstr(kernels[i].name, argv[1])) continue;
        for (int r = 0; r < ROUNDS; ++r) {
            for (int t = 0; t < n; ++t) {
                fill();
                times[t][r] = time_round(kernels[i].run, tables[t]);
            }
        }
        printf("%-24s", kernels[i].name);
        for (int t = 0; t < n; ++t) {
            printf(" %11.3f", 1e9 * median(times[t], ROUNDS) / kernels[i].elements);
        }
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
