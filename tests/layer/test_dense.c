/* layer/dense.c and layer/variance.c with every table of kernels: the products of a connected layer against double
 * precision, in whatever type the table has for the variance. */
#include "support/support.h"
#include "layer/dense_gated.h"
#include "layer/dense_thin.h"
#include "layer/product.h"
#include "layer/variance.h"
#include "base/parallel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 8 };

static const vd_kernels *tables[TABLES];

typedef struct {
    int batch, in, out;
} size;

/* sizes that no block divides, and one picture */
static const size sizes[] = {{1, 5, 3}, {3, 130, 33}, {17, 300, 70}, {100, 257, 130}};

typedef struct {
    layer l;
    vd_product p;
    float *input, *d_input, *theta, *sigma2, *delta;
    float *d_theta, *d_sigma2,
        *before; /* before: what d_input, d_theta, d_sigma2 and bias_updates held, in this order */
} net;

static float *numbers(size_t n, float scale, unsigned seed)
{
    float *x = calloc(n, sizeof(float));
    fill_random(x, n, seed);
    for (size_t i = 0; i < n; ++i) x[i] *= scale;
    return x;
}

static net make_net(size s, float input_scale, float sigma2_scale)
{
    size_t in = (size_t)s.batch * s.in, out = (size_t)s.batch * s.out, w = (size_t)s.in * s.out;
    net n = {.input = numbers(in, input_scale, 1), .d_input = numbers(in, 1, 2), .theta = numbers(w, .1f, 3)};
    n.sigma2 = numbers(w, sigma2_scale, 4);
    for (size_t i = 0; i < w; ++i) n.sigma2[i] *= n.sigma2[i];
    n.d_theta = numbers(w, 1, 5);
    n.d_sigma2 = numbers(w, 1, 6);
    n.delta = numbers(out, 1e-3f, 7);
    n.l = (layer){.type = CONNECTED, .batch = s.batch, .inputs = s.in, .outputs = s.out, .out_c = s.out, .n = s.out};
    n.l.out_w = n.l.out_h = 1;
    n.l.activation = LINEAR;
    n.l.biases = numbers(s.out, 1, 8);
    n.l.bias_updates = numbers(s.out, 1, 9);
    n.l.output = calloc(out, sizeof(float));
    n.l.delta = n.delta;
    n.before = calloc(in + 2 * w + s.out, sizeof(float));
    memcpy(n.before, n.d_input, in * sizeof(float));
    memcpy(n.before + in, n.d_theta, w * sizeof(float));
    memcpy(n.before + in + w, n.d_sigma2, w * sizeof(float));
    memcpy(n.before + in + 2 * w, n.l.bias_updates, s.out * sizeof(float));
    float largest = vd_kernels_get()->largest(w, n.sigma2), scale = vd_variance_scale(VD_SIGMA2, largest);
    void *sigma2 = calloc(w, sizeof(float));
    vd_variance_convert(w, n.sigma2, scale, sigma2);
    n.p = (vd_product){.theta = n.theta, .d_theta = n.d_theta, .sigma2 = sigma2, .sigma2_scale = scale};
    n.p.d_sigma2 = n.d_sigma2;
    n.p.sigma2_float = n.sigma2;
    n.p.noise_gain = calloc(out, sizeof(float));
    n.p.key = (vd_noise_key){.seed = 1, .image = 2, .layer = 3};
    return n;
}

static void free_net(net n)
{
    free(n.input), free(n.d_input), free(n.theta), free(n.sigma2), free(n.delta), free(n.d_theta), free(n.d_sigma2);
    free(n.before), free(n.l.biases), free(n.l.bias_updates), free(n.l.output), free((void *)n.p.sigma2);
    free(n.p.noise_gain);
}

/* relative to the sum of magnitudes; factors and sums are rounded. Most errors average out, but a sum may be of one
 * number: in bf16 three roundings of 2^-9 */
static double error_of_type(void)
{
    switch (vd_variance_type()) {
    case VD_FLOAT:
        return 1e-5;
    case VD_BF16:
        return 6e-3;
    default:
        return 3e-3;
    }
}

static void expect(const char *what, size s, int i, double got, double want, double magnitude, double error)
{
    ck_assert_msg(fabs(got - want) <= error * magnitude + 1e-6, "%s: %s of %dx%dx%d: number %d is %g, want %g",
                  vd_kernels_get()->name, what, s.batch, s.in, s.out, i, got, want);
}

static void check_forward(const net *n, size s)
{
    float *noise = calloc(s.out, sizeof(float));
    for (int b = 0; b < s.batch; ++b) {
        vd_noise_key key = n->p.key;
        key.image += b;
        vd_kernels_get()->noise(key, s.out, noise);
        for (int o = 0; o < s.out; ++o) {
            double mean = 0, magnitude = 0, variance = 0;
            for (int i = 0; i < s.in; ++i) {
                double x = n->input[b * s.in + i], w = n->theta[o * s.in + i];
                mean += x * w;
                magnitude += fabs(x * w);
                variance += x * x * n->sigma2[o * s.in + i];
            }
            double deviation = sqrt(variance + VD_VARIANCE_EPS);
            int at = b * s.out + o;
            expect("output", s, at, n->l.output[at] - n->l.biases[o] - mean, deviation * noise[o],
                   1e-5 * magnitude + error_of_type() * fabs(deviation * noise[o]), 1);
            expect("gain", s, at, n->p.noise_gain[at], .5 * noise[o] / deviation, fabs(noise[o] / deviation),
                   error_of_type());
        }
    }
    free(noise);
}

static void check_backward(const net *n, size s)
{
    size_t in = (size_t)s.batch * s.in, w = (size_t)s.in * s.out;
    for (int o = 0; o < s.out; ++o) {
        double bias = n->before[in + 2 * w + o], most = fabs(bias);
        for (int b = 0; b < s.batch; ++b) bias += n->delta[b * s.out + o], most += fabs(n->delta[b * s.out + o]);
        expect("bias", s, o, n->l.bias_updates[o], bias, most, 1e-5);
        for (int i = 0; i < s.in; ++i) {
            int at = o * s.in + i;
            double d_theta = 0, d_sigma2 = 0, of_theta = 0, of_sigma2 = 0;
            for (int b = 0; b < s.batch; ++b) {
                double x = n->input[b * s.in + i], d = n->delta[b * s.out + o], v = d * n->p.noise_gain[b * s.out + o];
                d_theta += d * x, of_theta += fabs(d * x);
                d_sigma2 += v * x * x, of_sigma2 += fabs(v) * x * x;
            }
            expect("d theta", s, at, n->d_theta[at] - n->before[in + at], d_theta, of_theta, 1e-5);
            expect("d sigma2", s, at, n->d_sigma2[at] - n->before[in + w + at], d_sigma2, of_sigma2, error_of_type());
        }
    }
    for (int b = 0; b < s.batch; ++b) {
        for (int i = 0; i < s.in; ++i) {
            double x = n->input[b * s.in + i], sum = 0, magnitude = 0, of_mean = 0;
            for (int o = 0; o < s.out; ++o) {
                double d = n->delta[b * s.out + o], v = d * n->p.noise_gain[b * s.out + o];
                sum += d * n->theta[o * s.in + i] + 2 * x * v * n->sigma2[o * s.in + i];
                of_mean += fabs(d * n->theta[o * s.in + i]);
                magnitude += fabs(2 * x * v * n->sigma2[o * s.in + i]);
            }
            int at = b * s.in + i;
            expect("d input", s, at, n->d_input[at] - n->before[at], sum, 1e-5 * of_mean + error_of_type() * magnitude,
                   1);
        }
    }
}

START_TEST(a_connected_layer_computes_its_formulas)
{
    vd_kernels_use(tables[_i]);
    for (int i = 0; i < COUNT_OF(sizes); ++i) {
        net n = make_net(sizes[i], 1, .1f);
        vd_dense_forward(n.l, n.input, n.p);
        check_forward(&n, sizes[i]);
        vd_dense_backward(n.l, n.input, n.d_input, n.p);
        check_backward(&n, sizes[i]);
        free_net(n);
    }
}
END_TEST

static net make_common_net(size s)
{
    return make_net(s, 1, .1f);
}

/* one number in five, and of some pixels none: as in pictures of digits */
static net make_thin_net(size s)
{
    net n = make_net(s, 1, .1f);
    for (int i = 0; i < s.batch * s.in; ++i)
        if (i % s.in % 7 == 3 || (i * 7919u >> 4) % 5) n.input[i] = 0;
    return n;
}

START_TEST(an_input_of_zeros_gives_the_same_formulas)
{
    static const size thin[] = {{16, 300, 48}, {17, 257, 130}, {64, 400, 100}, {33, 63, 7}};
    vd_kernels_use(tables[_i]);
    for (int i = 0; i < COUNT_OF(thin); ++i) {
        net n = make_thin_net(thin[i]);
        ck_assert_int_eq(vd_dense_is_thin(n.l, n.input, n.p), vd_kernels_get() != &vd_kernels_c);
        vd_dense_forward(n.l, n.input, n.p);
        check_forward(&n, thin[i]);
        vd_dense_backward(n.l, n.input, n.d_input, n.p);
        check_backward(&n, thin[i]);
        free_net(n);
    }
}
END_TEST

START_TEST(only_an_input_of_zeros_is_thin)
{
    size s = {40, 100, 8};
    if (vd_kernels_get() == &vd_kernels_c) {
        skipped(1, "thin inputs (plain C has no products of their own)");
        return;
    }
    net n = make_thin_net(s);
    vd_product mean = n.p;
    layer few = n.l;
    ck_assert_int_eq(vd_dense_is_thin(n.l, n.input, n.p), 1);
    mean.sigma2 = 0;
    ck_assert_int_eq(vd_dense_is_thin(n.l, n.input, mean), 0);
    few.batch = 4;
    ck_assert_int_eq(vd_dense_is_thin(few, n.input, n.p), 0);
    for (int i = 0; i < s.batch * s.in; ++i)
        if (i % 3 == 0) n.input[i] = 1;
    ck_assert_int_eq(vd_dense_is_thin(n.l, n.input, n.p), 0);
    free_net(n);
}
END_TEST

/* half of the gradients are zero, of some units and of some images all: as behind a ReLU */
static net make_gated_net(size s)
{
    net n = make_net(s, 1, .1f);
    for (int i = 0; i < s.batch * s.out; ++i)
        if (i % s.out % 7 == 3 || i / s.out % 5 == 4 || (i * 7919u >> 4) % 2) n.delta[i] = 0;
    return n;
}

static const size gated[] = {{10, 272, 48}, {1, 16, 5}, {3, 128, 33}, {17, 400, 130}, {13, 63, 7}};

START_TEST(gradients_of_zeros_give_the_same_formulas)
{
    vd_kernels_use(tables[_i]);
    for (int i = 0; i < COUNT_OF(gated); ++i) {
        net n = make_gated_net(gated[i]);
        ck_assert_int_eq(vd_dense_is_gated(n.l), gated[i].in % VD_LIST_LANES == 0);
        vd_dense_forward(n.l, n.input, n.p);
        vd_dense_backward(n.l, n.input, n.d_input, n.p);
        check_backward(&n, gated[i]);
        free_net(n);
    }
}
END_TEST

/* by pieces of 128 numbers of the input, of which the last is shorter */
static void backward_by_lists(net *n, size s)
{
    enum { COLUMNS = 128 };
    size_t out = (size_t)s.batch * s.out;
    float *d_var = calloc(out, sizeof(float));
    for (size_t i = 0; i < out; ++i) d_var[i] = n->delta[i] * n->p.noise_gain[i];
    n->p.sigma2 = n->sigma2; /* in float, whatever the table's type */
    vd_gated lists = vd_dense_gate(n->l, d_var, COLUMNS);
    for (int c = 0; c < s.in; c += COLUMNS) {
        int some = s.in - c < COLUMNS ? s.in - c : COLUMNS;
        vd_gated_gradients(&lists, n->l, n->input, n->p, c, some);
        vd_gated_data(&lists, n->l, n->input, n->p, c, some, n->d_input);
    }
    for (size_t i = 0; i < out; ++i) n->l.bias_updates[i % s.out] += n->delta[i];
    free(d_var);
}

START_TEST(lists_of_gradients_compute_the_formulas)
{
    vd_kernels_use(tables[_i]);
    for (int i = 0; i < COUNT_OF(gated); ++i) {
        if (gated[i].in % VD_LIST_LANES) continue;
        net n = make_gated_net(gated[i]);
        const void *sigma2 = n.p.sigma2;
        vd_dense_forward(n.l, n.input, n.p);
        backward_by_lists(&n, gated[i]);
        check_backward(&n, gated[i]);
        n.p.sigma2 = sigma2;
        free_net(n);
    }
}
END_TEST

START_TEST(few_zeros_are_not_gated)
{
    size s = {10, 64, 20};
    net n = make_net(s, 1, .1f);
    for (int i = 0; i < s.batch * s.out; ++i) n.delta[i] = i % 3 == 0 ? 0 : 1;
    ck_assert_int_eq(vd_dense_is_gated(n.l), 0);
    for (int i = 0; i < s.batch * s.out; ++i) n.delta[i] = i % 2 == 0 ? 0 : 1;
    ck_assert_int_eq(vd_dense_is_gated(n.l), 1);
    free_net(n);
}
END_TEST

/* numbers that fp16 does not have: squares of inputs of 300 and of 1/3000, variances of 1e-10 */
START_TEST(large_and_small_numbers_are_scaled)
{
    static const struct {
        float input, deviation;
    } scales[] = {{300, 1e-3f}, {3e-4f, 3}, {1, 1e-5f}, {3e4f, 3e-6f}};
    vd_kernels_use(tables[_i]);
    for (int i = 0; i < COUNT_OF(scales); ++i) {
        size s = {12, 300, 40};
        net n = make_net(s, scales[i].input, scales[i].deviation);
        vd_dense_forward(n.l, n.input, n.p);
        check_forward(&n, s);
        vd_dense_backward(n.l, n.input, 0, n.p);
        free_net(n);
    }
}
END_TEST

static void check_threads(net (*make)(size), size s)
{
    net n[2];
    for (int t = 0; t < 2; ++t) {
        setenv("DARKNET_THREADS", t ? "3" : "1", 1);
        vd_parallel_forget_threads();
        n[t] = make(s);
        vd_dense_forward(n[t].l, n[t].input, n[t].p);
        vd_dense_backward(n[t].l, n[t].input, n[t].d_input, n[t].p);
    }
    size_t out = s.batch * s.out * sizeof(float), w = s.in * s.out * sizeof(float);
    ck_assert(!memcmp(n[0].l.output, n[1].l.output, out));
    ck_assert(!memcmp(n[0].d_theta, n[1].d_theta, w));
    ck_assert(!memcmp(n[0].d_sigma2, n[1].d_sigma2, w));
    ck_assert(!memcmp(n[0].d_input, n[1].d_input, s.batch * s.in * sizeof(float)));
    ck_assert(!memcmp(n[0].l.bias_updates, n[1].l.bias_updates, s.out * sizeof(float)));
    free_net(n[0]), free_net(n[1]);
}

START_TEST(threads_do_not_change_a_bit)
{
    vd_kernels_use(tables[_i]);
    check_threads(make_common_net, (size){37, 257, 130});
    check_threads(make_thin_net, (size){37, 257, 130});
    check_threads(make_gated_net, (size){37, 272, 130});
}
END_TEST

START_TEST(a_scale_is_a_power_of_two_that_keeps_sums_finite)
{
    vd_kernels_use(tables[_i]);
    static const float largest[] = {0, 1e-38f, 1e-20f, .3f, 1, 7, 1e10f, 3e38f, INFINITY, NAN};
    for (int i = 0; i < COUNT_OF(largest); ++i) {
        float squares = vd_variance_scale(VD_SQUARES, largest[i]), sigma2 = vd_variance_scale(VD_SIGMA2, largest[i]);
        int exponent;
        ck_assert_float_eq(frexpf(squares, &exponent), .5f);
        ck_assert(isnormal(squares * sigma2) && isnormal(1 / (squares * sigma2)));
        if (vd_variance_type() != VD_FP16) ck_assert_float_eq(squares, 1);
        else if (largest[i] < 1e15f) ck_assert_float_le(100 * squares * largest[i] * sigma2 * largest[i], 65504);
    }
}
END_TEST

SUITE_OF(dense)
{
    int n_tables = vd_kernels_list(tables, TABLES);
    TIMEOUT(120);
    LOOP(a_connected_layer_computes_its_formulas, n_tables);
    LOOP(an_input_of_zeros_gives_the_same_formulas, n_tables);
    TEST(only_an_input_of_zeros_is_thin);
    LOOP(gradients_of_zeros_give_the_same_formulas, n_tables);
    LOOP(lists_of_gradients_compute_the_formulas, n_tables);
    TEST(few_zeros_are_not_gated);
    LOOP(large_and_small_numbers_are_scaled, n_tables);
    LOOP(threads_do_not_change_a_bit, n_tables);
    LOOP(a_scale_is_a_power_of_two_that_keeps_sums_finite, n_tables);
}
