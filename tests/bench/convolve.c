/* Times the ways of a convolution's three products, in one thread: GF/s of each pass, changes of layout counted (those
 * of weights once per batch), medians of alternating rounds. It needs nothing of Darknet.
 *
 *     convolve [NAME [RUN]]     layers whose name begins with NAME; images of a run, without it the plan's */
#include "kernels/products/convolve.h"
#include "kernels/products/convolve_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"

enum { ROUNDS = 7 };

static const double round_seconds = 4e-3;

static const struct {
    const char *name;
    int c, h, size, stride, pad, n, batch;
} layers[] = {
    {"lenet 1-20 5x5 28", 1, 28, 5, 1, 0, 20, 100},      {"lenet 20-50 5x5 12", 20, 12, 5, 1, 0, 50, 100},
    {"vgg 3-32 3x3 32", 3, 32, 3, 1, 1, 32, 100},        {"vgg 32-32 3x3 32", 32, 32, 3, 1, 1, 32, 100},
    {"vgg 32-64 3x3 16", 32, 16, 3, 1, 1, 64, 100},      {"vgg 64-64 3x3 16", 64, 16, 3, 1, 1, 64, 100},
    {"vgg 64-128 3x3 8", 64, 8, 3, 1, 1, 128, 100},      {"vgg 128-128 3x3 8", 128, 8, 3, 1, 1, 128, 100},
    {"vgg 128-256 3x3 4", 128, 4, 3, 1, 1, 256, 100},    {"vgg 256-256 3x3 4", 256, 4, 3, 1, 1, 256, 100},
    {"vgg 256-256 3x3 2", 256, 2, 3, 1, 1, 256, 100},    {"wide 64-64 3x3 32", 64, 32, 3, 1, 1, 64, 100},
    {"yolo 3-16 3x3 416", 3, 416, 3, 1, 1, 16, 4},       {"yolo 16-32 3x3 208", 16, 208, 3, 1, 1, 32, 4},
    {"yolo 32-64 3x3 104", 32, 104, 3, 1, 1, 64, 4},     {"yolo 64-128 3x3 52", 64, 52, 3, 1, 1, 128, 4},
    {"yolo 128-256 3x3 26", 128, 26, 3, 1, 1, 256, 4},   {"yolo 256-512 3x3 13", 256, 13, 3, 1, 1, 512, 4},
    {"yolo 512-1024 3x3 13", 512, 13, 3, 1, 1, 1024, 4}, {"yolo 1024-256 1x1 13", 1024, 13, 1, 1, 0, 256, 4},
    {"yolo 512-255 1x1 13", 512, 13, 1, 1, 0, 255, 4},   {"yolo 384-256 3x3 26", 384, 26, 3, 1, 1, 256, 4},
    {"yolo 256-255 1x1 26", 256, 26, 1, 1, 0, 255, 4},   {"stride 64-128 3x3/2 52", 64, 52, 3, 2, 1, 128, 8},
};

typedef struct {
    vd_convolution_plan plan;
    vd_pass pass;
    int batch;
    void *x, *y, *w, *packed;
    float *result; /* of the pass */
    double seconds[ROUNDS];
} bench;

static void run(const bench *b)
{
    const void *weights =
        b->pass == VD_BACKWARD_WEIGHTS ? 0 : vd_convolution_weights(&b->plan, b->pass, b->w, b->packed);
    vd_window s = b->plan.shape.window;
    size_t in = (size_t)s.c * s.h * s.w, out = (size_t)b->plan.shape.n * s.out_h * s.out_w,
           bytes = vd_type_size(b->plan.shape.type);
    for (int i = 0; i < b->batch; i += b->plan.images) {
        const char *x = (char *)b->x + bytes * in * i, *y = (char *)b->y + bytes * out * i;
        if (b->pass == VD_FORWARD) vd_convolve_forward(&b->plan, x, weights, 1, b->result + out * i);
        else if (b->pass == VD_BACKWARD_DATA) vd_convolve_backward_data(&b->plan, y, weights, 1, 1, b->result + in * i);
        else vd_convolve_backward_weights(&b->plan, x, y, 1, b->result);
    }
}

static double time_once(const bench *b)
{
    for (long n = 1;; n *= 2) {
        double start = now_on(CLOCK_THREAD_CPUTIME_ID);
        for (long i = 0; i < n; ++i) run(b);
        double seconds = now_on(CLOCK_THREAD_CPUTIME_ID) - start;
        if (seconds > round_seconds / 2) return seconds / n;
    }
}

/* GF/s of the tile on what lies in the first-level cache: what this machine can do at the moment */
static double time_tile(void)
{
    enum { M = 10, N = 32, K = 256, TIMES = 200 };
    static float a[M * K], x[N * K], c[M * N];
    vd_tile t = {
        .m = M, .n = N, .k = K, .a = a, .a_row = 1, .a_step = M, .x = x, .ldx = N, .c = c, .ldc = N, .scale = 1};
    double start = now_on(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < TIMES; ++i) vd_kernels_get()->tile(t);
    return 2e-9 * M * N * K * TIMES / (now_on(CLOCK_THREAD_CPUTIME_ID) - start);
}

static void *numbers(size_t n)
{
    void *x = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);
    memset(x, 0, n * sizeof(float));
    return x;
}

static void compare(int number, vd_type type, vd_pass pass, int images)
{
    static const char *const passes[] = {"forward", "data", "weights"}, *const types[] = {"float", "bf16", "fp16"};
    static bench ways[VD_WAYS];
    int h = layers[number].h, out = (h + 2 * layers[number].pad - layers[number].size) / layers[number].stride + 1;
    vd_window w = {
        layers[number].c, h, h, layers[number].size, layers[number].stride, layers[number].pad, out, out, 0, 0};
    vd_convolution_shape s = {w, layers[number].n, type, 0};
    vd_convolution_plan rule = vd_convolution_plan_of(s, layers[number].batch);
    int n = 0, batch = layers[number].batch, run_length = images ? images : rule.images;
    size_t inputs = (size_t)batch * w.c * h * h, outputs = (size_t)batch * s.n * out * out;
    size_t weights = (size_t)s.n * w.c * w.size * w.size;
    void *x = numbers(inputs), *y = numbers(outputs), *dw = numbers(weights);
    float *result = numbers(pass == VD_FORWARD ? outputs : pass == VD_BACKWARD_DATA ? inputs : weights);
    for (int way = 0; way < VD_WAYS; ++way) {
        if (!vd_convolution_has(s, pass, way, run_length)) continue;
        bench b = {.plan = {.shape = s, .images = run_length}, .pass = pass, .batch = batch, .x = x, .y = y, .w = dw};
        b.plan.way[pass] = way;
        b.result = result;
        b.packed = pass == VD_BACKWARD_WEIGHTS ? 0 : numbers(vd_convolution_weights_bytes(&b.plan, pass) / 4 + 16);
        ways[n++] = b;
    }
    double tile[ROUNDS];
    for (int r = -1; r < ROUNDS; ++r) {
        if (r >= 0) tile[r] = time_tile();
        for (int i = 0; i < n; ++i) {
            double t = time_once(ways + i);
            if (r >= 0) ways[i].seconds[r] = t;
        }
    }
    printf("%-24s %-8s %-6s run %-3d tile %.0f", layers[number].name, passes[pass], types[type], run_length,
           median(tile, ROUNDS));
    for (int i = 0; i < n; ++i) {
        vd_way way = ways[i].plan.way[pass];
        printf("  %s%s %.0f", way == rule.way[pass] ? "*" : "", vd_way_name(way),
               2e-9 * weights * out * out * batch / median(ways[i].seconds, ROUNDS));
        free(ways[i].packed);
    }
    printf("\n");
    free(x), free(y), free(dw), free(result);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    printf("GF/s, kernels %s; * is the rule's way\n", vd_kernels_get()->name);
    for (int i = 0; i < (int)(sizeof(layers) / sizeof(*layers)); ++i)
        for (vd_type type = VD_FLOAT; type <= VD_FP16 && !strncmp(layers[i].name, name, strlen(name)); ++type)
            for (vd_pass pass = 0; pass < VD_PASSES; ++pass) {
                if (type == VD_BF16 && !vd_kernels_get()->bf16) continue;
                if (type == VD_FP16 &&
                    !vd_convolution_has((vd_convolution_shape){.n = 1, .type = type}, pass, VD_BY_LINES, 1))
                    continue;
                compare(i, type, pass, argc > 2 ? atoi(argv[2]) : 0);
            }
    return 0;
}
