/* The cases in the folder GOLDEN names, computed in double precision by automatic differentiation of the contract's
 * graph: forward_* (outputs), noise_* (mean and standard deviation), step_* (expected step of SGD), kl_table. */
#include "support/support.h"
#include "layer/sparsity.h"
#include "base/fail.h"
#include "base/text.h"
#include "kernels/kernels.h"
#include "layer/vd_layer.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CASES = 64 };
static char *cases[MAX_CASES];
static int n_cases;

static char *part(const char *folder, const char *name)
{
    return in_folder(folder, name);
}

static int has(const char *folder, const char *name)
{
    char *path = part(folder, name);
    FILE *fp = fopen(path, "rb");
    free(path);
    if (fp) fclose(fp);
    return fp != 0;
}

static float *floats(const char *folder, const char *name, int *n)
{
    char *path = part(folder, name);
    float *x = read_floats(path, n);
    free(path);
    return x;
}

static network *load_case(const char *folder)
{
    size_t n;
    char *path = part(folder, "net.cfg"), *cfg = read_bytes(path, &n), *weights = part(folder, "net.weights");
    ck_assert_ptr_nonnull(cfg);
    network *net = network_of(cfg, weights);
    free(path), free(cfg), free(weights);
    return net;
}

static void check_forward(const char *folder)
{
    int n, m, layers;
    network *net = load_case(folder);
    float *input = floats(folder, "input.f32", &n), *want = floats(folder, "expect_output.f32", &m);
    ck_assert_int_eq(n, net->inputs * net->batch);
    ck_assert_int_eq(m, net->outputs * net->batch);
    const float *got = network_predict(net, input);
    for (int i = 0; i < m; ++i)
        ck_assert_msg(close_to(got[i], want[i], 2e-5, 2e-6), "%s: output %d is %.9g, want %.9g", folder, i, got[i],
                      want[i]);
    if (has(folder, "expect_sparsity.f32")) {
        float *sparsity = floats(folder, "expect_sparsity.f32", &layers);
        vd_report r = vd_report_network(net);
        ck_assert_int_eq(layers, r.n);
        for (int i = 0; i < r.n; ++i)
            ck_assert(close_to(vd_report_sparsity(r.layers[i].weights, r.layers[i].nonzero), sparsity[i], 0, 1e-6));
        free(r.layers), free(sparsity);
    }
    free(input), free(want);
    free_network(net);
}

static void check_noise(const char *folder)
{
    enum { DRAWS = 20000 };
    int n, m;
    network *net = load_case(folder);
    float *input = floats(folder, "input.f32", &n), *mean = floats(folder, "expect_mean.f32", &m);
    float *std = floats(folder, "expect_std.f32", &m);
    double *sum = vd_calloc(m, sizeof(double)), *sum2 = vd_calloc(m, sizeof(double));
    ck_assert_int_eq(n, net->inputs * net->batch);
    memcpy(net->input, input, n * sizeof(float));
    net->train = 1;
    for (int draw = 0; draw < DRAWS; ++draw) {
        forward_network(net);
        for (int i = 0; i < m; ++i) sum[i] += net->output[i], sum2[i] += (double)net->output[i] * net->output[i];
    }
    for (int i = 0; i < m; ++i) {
        double mu = sum[i] / DRAWS, sd = sqrt(sum2[i] / DRAWS - mu * mu);
        ck_assert_msg(fabs(mu - mean[i]) < 5 * std[i] / sqrt(DRAWS) + 1e-5, "%s: mean %d is %g, want %g", folder, i, mu,
                      mean[i]);
        ck_assert_msg(fabs(sd - std[i]) < 5 * std[i] / sqrt(2. * DRAWS) + 1e-5, "%s: deviation %d is %g, want %g",
                      folder, i, sd, std[i]);
    }
    free(input), free(mean), free(std), free(sum), free(sum2);
    free_network(net);
}

typedef struct {
    int layer, n;
    char name[8]; /* "w", "ls2" or "b" */
    float *old, *want, *deviation;
    double *sum;
} array;

static float *values(network *net, const array *a)
{
    layer l = net->layers[a->layer];
    return a->name[0] == 'w' ? l.weights : a->name[0] == 'b' ? l.biases : vd_layer_of(l)->log_sigma2;
}

static void check_step(const char *folder)
{
    /* the expectations were themselves averaged over some thousand draws */
    enum { DRAWS = 4000, THEIR_DRAWS = 2000, MAX_ARRAYS = 24 };
    array arrays[MAX_ARRAYS];
    int n_arrays = 0, n, m;
    double loss = 0;
    network *net = load_case(folder);
    float *input = floats(folder, "input.f32", &n), *truth = floats(folder, "truth.f32", &m);
    float *want_loss = floats(folder, "expect_loss.f32", &m);
    const double error = sqrt(1. / DRAWS + 1. / THEIR_DRAWS);
    for (int l = 0; l < net->n; ++l) {
        const char *names[] = {"w", "ls2", "b"};
        for (int k = 0; k < 3; ++k) {
            char *grad = vd_format("expect_grad_%d_%s.f32", l, names[k]),
                 *gsd = vd_format("expect_gsd_%d_%s.f32", l, names[k]);
            if (has(folder, grad)) {
                array *a = arrays + n_arrays++;
                a->layer = l;
                strcpy(a->name, names[k]);
                a->want = floats(folder, grad, &a->n);
                a->deviation = floats(folder, gsd, &m);
                ck_assert_int_eq(a->n, m);
                a->old = vd_calloc(m, sizeof(float));
                a->sum = vd_calloc(m, sizeof(double));
                memcpy(a->old, values(net, a), m * sizeof(float));
            }
            free(grad), free(gsd);
        }
    }
    ck_assert_int_gt(n_arrays, 0);
    for (int draw = 0; draw < DRAWS; ++draw) {
        memcpy(net->input, input, net->inputs * net->batch * sizeof(float));
        memcpy(net->truth, truth, net->truths * net->batch * sizeof(float));
        loss += train_network_datum(net) / net->batch;
        for (array *a = arrays; a < arrays + n_arrays; ++a) {
            float *now = values(net, a);
            for (int i = 0; i < a->n; ++i) a->sum[i] += (now[i] - a->old[i]) / net->learning_rate;
            memcpy(now, a->old, a->n * sizeof(float)); /* the next draw starts from the same place */
        }
    }
    ck_assert_msg(fabs(loss / DRAWS - want_loss[0]) < 5 * want_loss[3] * error, "%s: loss %g, want %g", folder,
                  loss / DRAWS, want_loss[0]);
    for (array *a = arrays; a < arrays + n_arrays; ++a) {
        for (int i = 0; i < a->n; ++i) {
            double rounding = fabs(a->old[i]) * 1.2e-7 / net->learning_rate; /* of one float step, as a gradient */
            double got = a->sum[i] / DRAWS,
                   allowed = 5 * a->deviation[i] * error + 1e-3 * fabs(a->want[i]) + 1e-5 + rounding;
            ck_assert_msg(fabs(got - a->want[i]) < allowed, "%s: layer %d %s[%d] moves by %g, want %g +- %g", folder,
                          a->layer, a->name, i, got, a->want[i], allowed);
        }
        free(a->old), free(a->want), free(a->deviation), free(a->sum);
    }
    free(input), free(truth), free(want_loss);
    free_network(net);
}

static void check_kl_table(const char *folder)
{
    const vd_kernels *tables[8];
    int n, n_tables = vd_kernels_list(tables, 8);
    float *rows = floats(folder, "table.f32", &n);
    ck_assert_int_eq(n % 6, 0);
    for (int t = 0; t < n_tables; ++t) {
        for (const float *r = rows; r < rows + n; r += 6) {
            const float theta = r[0], log_sigma2 = r[1];
            float log_alpha, sigma2, d_kl, d_theta = 0, d_log_sigma2 = 0; /* of the KL divergence alone */
            tables[t]->log_alpha(1, &theta, &log_sigma2, &log_alpha);
            double kl = tables[t]->variance_kl(1, &theta, &log_sigma2, &sigma2, &d_kl);
            tables[t]->posterior_backward(1, &theta, &sigma2, &d_kl, 1, &d_theta, &d_log_sigma2);
            ck_assert_msg(close_to(log_alpha, r[2], 2e-6, 4e-6), "theta %g S %g: log_alpha %g, want %g", theta,
                          log_sigma2, log_alpha, r[2]);
            ck_assert(close_to(kl, r[3], 1e-5, 1e-6));
            ck_assert_msg(close_to(d_theta, r[4], 2e-5, 1e-6), "theta %g S %g: dKL/dtheta %g, want %g", theta,
                          log_sigma2, d_theta, r[4]);
            ck_assert_msg(close_to(d_log_sigma2, r[5], 2e-5, 1e-6), "theta %g S %g: dKL/dS %g, want %g", theta,
                          log_sigma2, d_log_sigma2, r[5]);
        }
    }
    free(rows);
}

START_TEST(golden_case_is_met)
{
    const char *folder = cases[_i];
    int known = 0;
    if (has(folder, "expect_output.f32")) check_forward(folder), ++known;
    if (has(folder, "expect_mean.f32")) check_noise(folder), ++known;
    if (has(folder, "expect_loss.f32")) check_step(folder), ++known;
    if (has(folder, "table.f32")) check_kl_table(folder), ++known;
    ck_assert_msg(known > 0, "%s: not a case this test knows", folder);
}
END_TEST

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

SUITE_OF(golden)
{
    const char *golden = getenv("GOLDEN");
    struct dirent **names;
    int n = golden && *golden ? scandir(golden, &names, is_case, alphasort) : 0;
    for (int i = 0; i < n && n_cases < MAX_CASES; ++i) cases[n_cases++] = in_folder(golden, names[i]->d_name);
    if (n_cases) LOOP(golden_case_is_met, n_cases);
    else skipped(1, "golden cases (GOLDEN is not a folder that has them)");
}
