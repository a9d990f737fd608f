/* Times forward and backward passes of single variational layers over lists of active weights, at falling densities,
 * beside those over all weights: milliseconds, the medians of rounds that take turns.
 *
 *     active [PART [BATCH]]     only the layers with PART in their names; default batch: 100
 *     active CFG                training steps of a network, all of its variational layers as thin */
#include "layer/freeze_pruned.h"
#include "layer/schedule.h"
#include "layer/vd_layer.h"
#include "base/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/timing.h"

enum { ROUNDS = 7, DENSITIES = 10, FREEZE = 1000 };

static const double densities[DENSITIES] = {1, .7, .5, .35, .25, .1, .05, .02, .01, .001};

#define CONV(c, h, n, keys) "channels=" c "\nheight=" h "\nwidth=" h "\n[vd_convolutional]\nfilters=" n "\n" keys
#define POOL "activation=relu\n[maxpool]\nsize=2\nstride=2\n#"
#define FC(in, out) "channels=1\nheight=1\nwidth=" in "\n[vd_connected]\noutput=" out "\n"
static const struct {
    const char *name, *keys;
} layers[] = {
    {"lenet conv1 and its pool", CONV("1", "28", "20", "size=5\n") POOL},
    {"lenet conv2", CONV("20", "12", "50", "size=5\n")},
    {"lenet conv2 and its pool", CONV("20", "12", "50", "size=5\n") POOL},
    {"lenet fc1", FC("800", "500")},
    {"300-100 fc1", FC("784", "300")},
    {"vgg 64-64 32x32", CONV("64", "32", "64", "size=3\npad=1\n")},
    {"vgg 128-128 8x8", CONV("128", "8", "128", "size=3\npad=1\n")},
    {"yolo 16-32 stride 2", CONV("16", "52", "32", "size=3\npad=1\nstride=2\n")},
    {"1x1 256-128 13x13", CONV("256", "13", "128", "size=1\n")},
};

static network *network_of_layer(const char *keys, int batch)
{
    char path[] = P_tmpdir "/active-XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    fprintf(f, "[net]\nbatch=%d\nadam=1\nseed=1\nlearning_rate=0\n%sactivation=relu\n[cost]\n[vd_cost]\nsamples=1\n",
            batch, keys);
    fclose(f);
    network *net = parse_network_cfg(path);
    remove(path);
    return net;
}

/* seconds of one forward and one backward pass of the layer and of the pool behind it, if there is one */
static void time_passes(network *net, float *d_input, double times[2])
{
    int pooled = net->layers[1].type == MAXPOOL;
    layer l = net->layers[0], last = net->layers[pooled];
    network state[2] = {*net, *net};
    for (size_t i = 0; pooled && i < (size_t)l.batch * l.outputs; ++i) l.delta[i] = 0;
    for (size_t i = 0; i < (size_t)last.batch * last.outputs; ++i) last.delta[i] = (float)(i % 37) - 18;
    state[0].index = 0;
    state[0].delta = d_input;
    state[1].index = 1;
    state[1].input = l.output;
    state[1].delta = l.delta;
    double start = now();
    l.forward(l, state[0]);
    if (pooled) last.forward(last, state[1]);
    double middle = now();
    if (pooled) last.backward(last, state[1]);
    l.backward(l, state[0]);
    times[1] = now() - middle;
    times[0] = middle - start;
}

/* all weights but a part frozen */
static void thin(layer l, double density)
{
    vd_layer *vd = vd_layer_of(l);
    if (!vd->freezing.pruned_for) vd->freezing.pruned_for = vd_calloc(vd->n, sizeof(uint16_t));
    for (size_t i = 0; i < vd->n; ++i) {
        int active = rand() < density * RAND_MAX;
        l.weights[i] = active ? .1f * ((float)rand() / RAND_MAX - .5f) : 0;
        vd->log_sigma2[i] = active ? -8 : 20;
        vd->freezing.pruned_for[i] = active ? 0 : 60000;
    }
}

static void time_layer(const char *name, const char *keys, int batch)
{
    network *net = network_of_layer(keys, batch);
    layer l = net->layers[0];
    float *d_input = vd_calloc((size_t)l.batch * l.inputs, sizeof(float));
    for (int i = 0; i < l.batch * l.inputs; ++i) net->input[i] = i % 3 ? rand() / (float)RAND_MAX : 0;
    net->train = 1;
    printf("%s, %d images, ms\n%10s %8s %8s %8s %8s\n", name, batch, "density", "forward", "backward", "both",
           "/ dense");
    for (int i = 0; i < DENSITIES; ++i) {
        double t[2][2][ROUNDS], both[2][ROUNDS], times[2]; /* [active][pass] */
        thin(l, densities[i]);
        for (int r = -1; r < ROUNDS; ++r) {
            for (int active = 0; active < 2; ++active) {
                if (active) vd_run_over_active(l, FREEZE);
                time_passes(net, d_input, times);
                time_passes(net, d_input, times);
                if (active) vd_leave_active(l);
                if (r < 0) continue;
                for (int pass = 0; pass < 2; ++pass) t[active][pass][r] = times[pass];
                both[active][r] = times[0] + times[1];
            }
        }
        double dense = median(both[0], ROUNDS), sparse = median(both[1], ROUNDS);
        if (i == 0)
            printf("%10s %8.3f %8.3f %8.3f\n", "dense", 1e3 * median(t[0][0], ROUNDS), 1e3 * median(t[0][1], ROUNDS),
                   1e3 * dense);
        printf("%10g %8.3f %8.3f %8.3f %8.2f\n", densities[i], 1e3 * median(t[1][0], ROUNDS),
               1e3 * median(t[1][1], ROUNDS), 1e3 * sparse, sparse / dense);
    }
    free(d_input);
    free_network(net);
}

/* run over lists, or not: a network that freezes does the former by itself now and then */
static void set_lists(network *net, int active)
{
    for (int k = 0; k < net->n; ++k) {
        layer l = net->layers[k];
        const vd_layer *vd = vd_layer_of(l);
        if (vd && vd->freezing.active && !active) vd_leave_active(l);
        if (vd && !vd->freezing.active && active) vd_run_over_active(l, FREEZE);
    }
}

static double time_steps(network *net, int active)
{
    double times[2 * ROUNDS];
    for (int r = -1; r < 2 * ROUNDS; ++r) {
        set_lists(net, active);
        double start = now();
        train_network_datum(net);
        if (r >= 0) times[r] = now() - start;
    }
    return median(times, 2 * ROUNDS);
}

/* rounds of few steps, since the two take turns */
static void time_network(char *cfg)
{
    network *net = load_network(cfg, 0, 0);
    for (int i = 0; i < net->inputs * net->batch; ++i) net->input[i] = i % 3 ? rand() / (float)RAND_MAX : 0;
    for (int i = 0; i < net->batch; ++i) net->truth[i * net->truths + rand() % net->truths] = 1;
    vd_cost_of(net)->freeze_pruned = FREEZE;
    time_steps(net, 0);
    printf("%s, a step of %d images, ms\n%10s %8s %8s\n", cfg, net->batch, "density", "step", "/ dense");
    for (int i = 2; i < DENSITIES; ++i) {
        double t[2][ROUNDS];
        for (int k = 0; k < net->n; ++k)
            if (vd_layer_of(net->layers[k])) thin(net->layers[k], densities[i]);
        for (int r = 0; r < ROUNDS; ++r)
            for (int active = 0; active < 2; ++active) t[active][r] = time_steps(net, active);
        set_lists(net, 0);
        double dense = median(t[0], ROUNDS), sparse = median(t[1], ROUNDS);
        if (i == 2) printf("%10s %8.3f\n", "dense", 1e3 * dense);
        printf("%10g %8.3f %8.2f\n", densities[i], 1e3 * sparse, sparse / dense);
    }
    free_network(net);
}

int main(int argc, char **argv)
{
    gpu_index = -1;
    if (argc == 2 && strstr(argv[1], ".cfg")) {
        time_network(argv[1]);
        return 0;
    }
    for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); ++i)
        if (argc < 2 || strstr(layers[i].name, argv[1]))
            time_layer(layers[i].name, layers[i].keys, argc > 2 ? atoi(argv[2]) : 100);
    return 0;
}
