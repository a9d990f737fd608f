/* OUT.cfg, OUT-vd.cfg and OUT.weights of a model, checked before they appear. */
#include "import/import.h"
#include "onnx/evaluate.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/mmix.h"
#include "base/text.h"

#include "network.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 4 }; /* random inputs to compare with */

/* ---- the files ---- */

static int has_norm(const vd_import_network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].scales) return 1;
    return 0;
}

/* a network with sections of later Darknets has their epsilon, unless it says otherwise */
static void write_net(const vd_import_network *net, const char *model, FILE *fp)
{
    fprintf(fp, "# from %s by darknet vd import\n[net]\nbatch=64\nsubdivisions=1\n", model);
    if (net->w) fprintf(fp, "width=%d\nheight=%d\nchannels=%d\n", net->w, net->h, net->channels);
    else fprintf(fp, "inputs=%d\n", net->inputs);
    if (has_norm(net)) fputs("bn_eps=stock\n", fp);
    fputs("learning_rate=0.001\npolicy=constant\nmomentum=0.9\ndecay=0\nmax_batches=10000\n", fp);
}

/* of the twin's layers: relative to each weight, so that a training begins near the model. Pruned when they are loaded
 * are weights of log alpha = -4 + log(1 + m/theta^2) > 3, m a hundredth of the mean of all theta^2: below 1/331 of the
 * root mean square of the layer. The default log_sigma2=-10 would prune all below 1.5e-3 */
#define NOISE "log_alpha=-4\n"

static int can_be_sparse(const vd_import_layer *l)
{
    return l->filters > 0 && !l->fixed;
}

static void write_cfg(const vd_import_network *net, const char *model, int variational, FILE *fp)
{
    write_net(net, model, fp);
    for (int i = 0; i < net->n; ++i) {
        const vd_import_layer *l = net->layers + i;
        fprintf(fp, "\n[%s%s]\n", variational && can_be_sparse(l) ? "vd_" : "", l->section);
        if (l->scales) fputs("batch_normalize=1\n", fp);
        fputs(l->keys, fp);
        if (variational && can_be_sparse(l)) fputs(NOISE, fp);
        if (l->activation) fprintf(fp, "activation=%s\n", l->activation);
    }
    if (variational) fputs("\n[vd_cost]\n# the number of images in the training set\nsamples=10000\n", fp);
}

static void write_floats(const float *x, size_t n, FILE *fp)
{
    if (x) fwrite(x, sizeof(*x), n, fp);
}

/* in the order of save_convolutional_weights() and save_connected_weights() */
static void write_weights(const vd_import_network *net, FILE *fp)
{
    const int32_t version[] = {0, 2, 0};
    const uint64_t seen = 0;
    fwrite(version, sizeof(version), 1, fp);
    fwrite(&seen, sizeof(seen), 1, fp);
    for (int i = 0; i < net->n; ++i) {
        const vd_import_layer *l = net->layers + i;
        size_t n = (size_t)l->filters, all = n * l->columns;
        int weights_last = !strcmp(l->section, "convolutional");
        write_floats(l->biases, n, fp);
        if (!weights_last) write_floats(l->weights, all, fp);
        write_floats(l->scales, n, fp);
        write_floats(l->mean, n, fp);
        write_floats(l->variance, n, fp);
        if (weights_last) write_floats(l->weights, all, fp);
    }
}

/* ---- the check ---- */

typedef struct {
    size_t outputs;
    float *x[INPUTS], *y[INPUTS]; /* random inputs [inputs], what the model makes of them [outputs] */
} answers;

static answers answers_of(const vd_import_network *from, const vd_onnx_graph *g, const char *model)
{
    vd_onnx_run *run = make_vd_onnx_run(g, model, 1, &from->output);
    answers a = {0};
    uint64_t state = 1;
    int64_t map[4] = {1, from->channels, from->h, from->w}, row[2] = {1, from->inputs};
    for (int k = 0; k < INPUTS; ++k) {
        a.x[k] = vd_calloc(from->inputs, sizeof(float));
        for (size_t i = 0; i < (size_t)from->inputs; ++i) a.x[k][i] = vd_mmix(&state);
        vd_onnx_run_forward(run, from->w ? 4 : 2, from->w ? map : row, a.x[k]);
        const vd_onnx_tensor *y = vd_onnx_run_tensor(run, from->output);
        a.outputs = y->real ? y->n : 0;
        a.y[k] = vd_calloc(a.outputs, sizeof(float));
        if (a.outputs) memcpy(a.y[k], y->real, a.outputs * sizeof(float));
    }
    free_vd_onnx_run(run);
    return a;
}

static void free_answers(answers *a)
{
    for (int k = 0; k < INPUTS; ++k) free(a->x[k]), free(a->y[k]);
}

/* of a network that is loaded from these files; infinite where an output is not finite, or where the model's are all
 * zeros and the network's are not */
static double difference(const vd_output *cfg, const vd_output *weights, const answers *a, const char *model)
{
    network *net = load_network(cfg->temporary, weights->temporary, 0);
    double most = 0, largest = 0;
    set_batch_network(net, 1);
    if (a->outputs != (size_t)net->outputs)
        vd_die("%s: %zu outputs, but %d of the network", model, a->outputs, net->outputs);
    for (int k = 0; k < INPUTS; ++k) {
        const float *mine = network_predict(net, a->x[k]);
        for (size_t i = 0; i < a->outputs; ++i) {
            if (!isfinite(a->y[k][i]) || !isfinite(mine[i])) most = INFINITY;
            most = fmax(most, fabs((double)mine[i] - a->y[k][i]));
            largest = fmax(largest, fabs((double)a->y[k][i]));
        }
    }
    free_network(net);
    return most == 0 || isinf(most) ? most : most / largest;
}

/* ---- all of it ---- */

static vd_output open_file(const char *out, const char *ending, const char *model)
{
    char *path = vd_format("%s%s", out, ending);
    if (vd_same_file(path, model)) vd_die("%s: would overwrite the model: choose another name", path);
    vd_output file = vd_output_open(path);
    free(path);
    return file;
}

static void check_finite(const vd_import_network *net, const char *model)
{
    for (int i = 0; i < net->n; ++i) {
        const vd_import_layer *l = net->layers + i;
        size_t n = (size_t)l->filters;
        const struct {
            const char *name;
            const float *x; /* null: none */
            size_t n;
        } arrays[] = {{"weight", l->weights, n * l->columns},
                      {"bias", l->biases, n},
                      {"scale", l->scales, n},
                      {"mean", l->mean, n},
                      {"variance", l->variance, n}};
        for (size_t a = 0; a < sizeof(arrays) / sizeof(*arrays); ++a) {
            for (size_t k = 0; arrays[a].x && k < arrays[a].n; ++k)
                if (!isfinite(arrays[a].x[k]))
                    vd_die("%s: %s %zu of layer %d [%s] is not finite", model, arrays[a].name, k, i, l->section);
        }
    }
}

vd_import_result vd_import(const char *model, const char *out)
{
    vd_check_stem(out);
    vd_onnx_graph *g = vd_onnx_read(model);
    vd_import_network from = make_vd_import_network(g, model);
    vd_import_result r = {.layers = from.n};
    check_finite(&from, model);
    vd_output weights = open_file(out, ".weights", model), variational = open_file(out, "-vd.cfg", model);
    vd_output cfg = open_file(out, ".cfg", model);
    write_weights(&from, weights.fp);
    write_cfg(&from, model, 1, variational.fp);
    write_cfg(&from, model, 0, cfg.fp);
    vd_output *all[] = {&weights, &variational, &cfg};
    for (int i = 0; i < 3; ++i) vd_output_sync(all[i]);
    answers a = answers_of(&from, g, model);
    r.difference = difference(&cfg, &weights, &a, model);
    for (int i = 0; i < from.n; ++i) r.weights += (size_t)from.layers[i].filters * from.layers[i].columns;
    if (!(r.difference <= VD_IMPORT_TOLERANCE))
        vd_die("%s: not written: outputs differ by %.3g of the largest output, more than %g", cfg.path, r.difference,
               VD_IMPORT_TOLERANCE);
    r.twin_difference = difference(&variational, &weights, &a, model);
    vd_output_close_all(3, all);
    free_answers(&a);
    free_vd_import_network(&from);
    free_vd_onnx_graph(g);
    return r;
}
