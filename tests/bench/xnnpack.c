/* Times pointwise (1x1) convolutions with sparse weights, one picture, beside XNNPACK's: its sparse ones (Elsen,
 * Dukhan, Gale and Simonyan, Fast Sparse ConvNets, CVPR 2020) and its dense ones. One thread, medians of alternating
 * rounds; the sums of all three are compared. It needs libxnnpack-dev and nothing of Darknet.
 *
 *     xnnpack */
#include "kernels/kernels.h"
#include "kernels/sparse/product.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <xnnpack.h>

#include "bench/timing.h"

enum { ROUNDS = 15, DENSITIES = 5, WAYS = 3 };

static const double densities[DENSITIES] = {.3, .1, .05, .02, .005};
static const double round_seconds = 4e-3;

/* of MobileNet v1 and v2, and of YOLO */
static const struct {
    int in, out, side;
} layers[] = {{32, 64, 112},   {128, 128, 56}, {256, 256, 28}, {512, 512, 14},
              {1024, 1024, 7}, {192, 32, 28},  {256, 128, 26}};

typedef struct {
    const char *name;
    xnn_operator_t op; /* null: this project's */
    const vd_sparse_form *form;
    const float *x;
    float *y;
} bench;

static void check(enum xnn_status status, const char *call)
{
    if (status == xnn_status_success) return;
    fprintf(stderr, "%s: status %d\n", call, status);
    exit(1);
}

static void run(const bench *b)
{
    if (b->op) check(xnn_run_operator(b->op, 0), "xnn_run_operator");
    else vd_sparse_forward(b->form, vd_kernels_get()->sparse, 1, b->x, b->y);
}

/* seconds a run; the runs are doubled until they take long enough for the clock */
static double time_of(const bench *b)
{
    for (long n = 1;; n *= 2) {
        double start = now_on(CLOCK_THREAD_CPUTIME_ID);
        for (long i = 0; i < n; ++i) run(b);
        double seconds = now_on(CLOCK_THREAD_CPUTIME_ID) - start;
        if (seconds > round_seconds / 2) return seconds / (double)n;
    }
}

/* the largest difference of y [channels][pixels] from other, which has channels last where `last` is set */
static double difference(const float *y, const float *other, int channels, int pixels, int last)
{
    double most = 0;
    for (int c = 0; c < channels; ++c) {
        for (int p = 0; p < pixels; ++p) {
            most = fmax(most, fabs(y[c * pixels + p] - other[last ? p * channels + c : c * pixels + p]));
        }
    }
    return most;
}

static void compare(int in, int out, int side, double density)
{
    size_t pixels = (size_t)side * side, all = (size_t)in * out;
    float *weights = random_array(all), *bias = random_array(out), *x = random_array(in * pixels);
    float *last = random_array(in * pixels), *y[WAYS];
    for (int way = 0; way < WAYS; ++way) y[way] = random_array(out * pixels);
    for (size_t i = 0; i < all; ++i) weights[i] = rand() < density * RAND_MAX ? weights[i] : 0;
    for (size_t p = 0; p < pixels; ++p) {
        for (int c = 0; c < in; ++c) last[p * in + c] = x[c * pixels + p];
    }

    bench b[WAYS] = {{"ours", 0, 0, x, y[0]}, {"sparse", 0, 0, 0, 0}, {"dense", 0, 0, 0, 0}};
    vd_window w = {.c = in, .h = side, .w = side, .size = 1, .stride = 1, .out_h = side, .out_w = side};
    b[0].form = make_vd_sparse_form(w, out, 1, weights, 0, bias, 1);
    check(xnn_create_convolution2d_nchw_f32(0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, in, out, in, out, weights, bias, -INFINITY,
                                            INFINITY, 0, &b[1].op),
          "xnn_create_convolution2d_nchw_f32");
    check(xnn_setup_convolution2d_nchw_f32(b[1].op, 1, side, side, x, y[1], 0), "xnn_setup_convolution2d_nchw_f32");
    check(xnn_create_convolution2d_nhwc_f32(0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, in, out, in, out, weights, bias, -INFINITY,
                                            INFINITY, 0, &b[2].op),
          "xnn_create_convolution2d_nhwc_f32");
    check(xnn_setup_convolution2d_nhwc_f32(b[2].op, 1, side, side, last, y[2], 0), "xnn_setup_convolution2d_nhwc_f32");

    double times[WAYS][ROUNDS], us[WAYS];
    for (int way = 0; way < WAYS; ++way) run(&b[way]);
    double wrong = fmax(difference(y[0], y[1], out, (int)pixels, 0), difference(y[0], y[2], out, (int)pixels, 1));
    for (int r = 0; r < ROUNDS; ++r) {
        for (int way = 0; way < WAYS; ++way) times[way][r] = time_of(&b[way]);
    }
    for (int way = 0; way < WAYS; ++way) us[way] = 1e6 * median(times[way], ROUNDS);
    printf("%5d %5d %4dx%-4d %5.1f %% %-8s %9.1f %9.1f %9.1f %7.2f %7.2f %8.0e\n", in, out, side, side, 100 * density,
           vd_sparse_way(b[0].form), us[0], us[1], us[2], us[1] / us[0], us[2] / us[0], wrong);
    fflush(stdout);
    xnn_delete_operator(b[1].op);
    xnn_delete_operator(b[2].op);
    free_vd_sparse_form((vd_sparse_form *)b[0].form);
    for (int way = 0; way < WAYS; ++way) free(y[way]);
    free(weights), free(bias), free(x), free(last);
}

int main(void)
{
    setenv("DARKNET_THREADS", "1", 1);
    check(xnn_initialize(0), "xnn_initialize");
    printf("kernels: %s; us a picture\n   in   out   picture density way           here    sparse     dense  sparse/ "
           "dense/"
           "  differ\n",
           vd_kernels_get()->name);
    for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); ++i) {
        for (int d = 0; d < DENSITIES; ++d) compare(layers[i].in, layers[i].out, layers[i].side, densities[d]);
    }
    return 0;
}
