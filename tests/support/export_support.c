#include "support/export_support.h"

#include "layer/vd_layer.h"
#include "base/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int filters_of(layer l)
{
    return l.type == CONVOLUTIONAL ? l.n : l.outputs;
}

int columns_of(layer l)
{
    return l.type == CONVOLUTIONAL ? l.c / l.groups * l.size * l.size : l.inputs;
}

/* scales, mean and variance, and the biases of a [batchnorm], where its file has them */
static void fill_norm(layer l, int n, unsigned seed)
{
    if (l.type == BATCHNORM && l.epsilon_in_root) fill_random(l.biases, n, seed + 1);
    fill_random(l.scales, n, seed + 2);
    fill_random(l.rolling_mean, n, seed + 3);
    fill_random(l.rolling_variance, n, seed + 4);
    for (int i = 0; i < n; ++i) {
        l.scales[i] += copysignf(.2f, l.scales[i]);
        l.rolling_variance[i] = fabsf(l.rolling_variance[i]) + .3f;
    }
}

static void fill_layer(layer l, unsigned seed)
{
    int n = filters_of(l), columns = columns_of(l);
    size_t weights = (size_t)n * columns;
    fill_random(l.weights, weights, seed);
    for (size_t i = 0; i < weights; ++i)
        l.weights[i] = (l.weights[i] + copysignf(.1f, l.weights[i])) / sqrtf((float)columns);
    fill_random(l.biases, n, seed + 1);
    if (vd_layer_of(l)) vd_layer_changed(l);
    if (l.batch_normalize) fill_norm(l, n, seed);
}

network *random_network(const char *cfg, unsigned seed)
{
    network *net = network_of(cfg, 0);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        if (l.type == CONVOLUTIONAL || l.type == CONNECTED) fill_layer(l, 100 * seed + 10 * (unsigned)i);
        if (l.type == BATCHNORM) fill_norm(l, l.c, 100 * seed + 10 * (unsigned)i);
    }
    *net->seen = 12345;
    return net;
}

void prune(layer l, size_t weight)
{
    vd_layer *vd = vd_layer_of(l);
    if (vd) vd->log_sigma2[weight] = 20;
    else l.weights[weight] = 0;
}

void prune_filter(network *net, int i, int f)
{
    layer l = net->layers[i];
    for (int k = 0; k < columns_of(l); ++k) prune(l, (size_t)f * columns_of(l) + k);
}

void prune_input(network *net, int i, int first, int n)
{
    layer l = net->layers[i];
    for (int f = 0; f < filters_of(l); ++f)
        for (int k = 0; k < n; ++k) prune(l, (size_t)f * columns_of(l) + first + k);
}

/* the answers to random inputs, a net's last output and everything with its number of outputs */
static void compare(const char *folder, network *masked)
{
    char *cfg = in_folder(folder, "out.cfg"), *weights = in_folder(folder, "out.weights");
    network *net = load_network(cfg, weights, 0);
    size_t n = (size_t)net->inputs * net->batch, outputs = (size_t)net->outputs * net->batch;
    float *input = vd_calloc(n, sizeof(float)), *a = vd_calloc(outputs, sizeof(float));
    double largest = 0;
    fill_random(input, n, 77);
    ck_assert_int_eq(net->outputs, masked->outputs);
    ck_assert_uint_eq(*net->seen, *masked->seen);
    memcpy(a, network_predict(net, input), outputs * sizeof(float));
    for (int i = 0; i < masked->n; ++i)
        if (vd_layer_of(masked->layers[i])) vd_layer_changed(masked->layers[i]);
    const float *b = network_predict(masked, input);
    for (size_t i = 0; i < outputs; ++i) largest = fmax(largest, fabs(b[i]));
    ck_assert_msg(isfinite(largest), "nothing to compare with: %g", largest);
    for (size_t i = 0; i < outputs; ++i)
        ck_assert_msg(close_to(a[i], b[i], 0, 1e-4 * largest), "output %zu is %.9g, exported %.9g", i, b[i], a[i]);
    free_network(net);
    free(input), free(a), free(cfg), free(weights);
}

/* exported only with batch normalisation folded */
static int must_be_fused(const network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (net->layers[i].type == CONNECTED && net->layers[i].batch_normalize) return 1;
    return 0;
}

vd_export_result export_network(const char *folder, const char *cfg, network *net, int fuse, int compact)
{
    char *path = in_folder(folder, "net.cfg"), *weights = in_folder(folder, "net.weights");
    char *out = in_folder(folder, "out");
    write_text(path, cfg);
    save_weights(net, weights);
    fuse |= must_be_fused(net);
    vd_export_result r =
        vd_export((vd_export_options){.cfg = path, .weights = weights, .out = out, .fuse = fuse, .compact = compact});
    compare(folder, net);
    free(path), free(weights), free(out);
    return r;
}

vd_export_line line_of(vd_export_result r, int i)
{
    for (int k = 0; k < r.n; ++k)
        if (r.lines[k].index == i) return r.lines[k];
    ck_abort_msg("layer %d has no line", i);
}
