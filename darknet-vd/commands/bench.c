#include "commands/bench.h"
#include "commands/words.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mmix.h"
#include "base/text.h"
#include "base/parallel.h"
#include "layer/vd_layer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet vd bench CFG WEIGHTS [-batch N] [-threads N] [-seconds S] [-json]\n"
    "  times the network at test time on random pictures, with dense weights (zeros included) and with\n"
    "  sparse ones where they are faster, layer by layer: single images and batches, on one thread and on all\n"
    "  -batch N     images per batch; at most, and by default, batch/subdivisions of CFG\n"
    "  -threads N   number of threads compared with one; default: DARKNET_THREADS, or one per core\n"
    "  -seconds S   seconds for each table, 2 by default\n"
    "  -json        one JSON object instead of the tables; times are medians, in microseconds\n";

/* two copies of the network; each is prepared for its way at its first prediction */
enum { DENSE, SPARSE, WAYS };

typedef struct {
    const char *cfg;
    char *asked; /* a copy of the user's DARKNET_SPARSE, which setenv() may overwrite; null: not set */
    network *net[WAYS];
    float *images;
    double seconds;
    int json;
} bench;

/* microseconds */
typedef struct {
    double whole[WAYS];
    double *layer[WAYS]; /* [layers] */
} timing;

enum { MOST = 2000 };

typedef struct {
    int n;
    double *times; /* microseconds [1 + layers][MOST], the whole network first */
} samples;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, n, sizeof(*x), by_value);
    return x[n / 2];
}

/* one prediction, then another layer by layer, as forward_network() does it */
static void take_sample(network *net, float *images, samples *s)
{
    double start = vd_seconds();
    network_predict(net, images);
    s->times[s->n] = 1e6 * (vd_seconds() - start);
    network n = *net;
    n.input = images;
    n.truth = 0;
    n.train = 0;
    n.delta = 0;
    for (int i = 0; i < n.n; ++i) {
        layer l = n.layers[i];
        n.index = i;
        start = vd_seconds();
        l.forward(l, n);
        s->times[(size_t)(1 + i) * MOST + s->n] = 1e6 * (vd_seconds() - start);
        n.input = l.output;
    }
    ++s->n;
}

static void choose_way(const bench *b, int way)
{
    if (way == DENSE) setenv("DARKNET_SPARSE", "0", 1);
    else if (b->asked) setenv("DARKNET_SPARSE", b->asked, 1);
    else unsetenv("DARKNET_SPARSE");
}

/* the first prediction of a batch's size makes the sparse weights and oneDNN's kernels */
static void prepare(const bench *b, int batch, int threads)
{
    char *wanted = vd_format("%d", threads);
    setenv("DARKNET_THREADS", wanted, 1);
    vd_parallel_forget_threads();
    free(wanted);
    for (int way = 0; way < WAYS; ++way) {
        choose_way(b, way);
        set_batch_network(b->net[way], batch);
        network_predict(b->net[way], b->images);
    }
}

static timing time_network(const bench *b)
{
    enum { FEWEST = 5 };
    int layers = b->net[DENSE]->n;
    samples s[WAYS];
    timing t;
    for (int way = 0; way < WAYS; ++way) s[way] = (samples){0, vd_calloc((size_t)(1 + layers) * MOST, sizeof(double))};
    double end = vd_seconds() + b->seconds;
    while (s[DENSE].n < FEWEST || (s[DENSE].n < MOST && vd_seconds() < end))
        for (int way = 0; way < WAYS; ++way) take_sample(b->net[way], b->images, s + way);
    for (int way = 0; way < WAYS; ++way) {
        t.layer[way] = vd_calloc(layers, sizeof(double));
        t.whole[way] = median(s[way].times, s[way].n);
        for (int i = 0; i < layers; ++i) t.layer[way][i] = median(s[way].times + (size_t)(1 + i) * MOST, s[way].n);
        free(s[way].times);
    }
    return t;
}

static void print_table(const bench *b, int batch, int threads, const timing *t)
{
    const network *net = b->net[SPARSE];
    printf("batch %d, %d thread%s\n", batch, threads, threads > 1 ? "s" : "");
    printf("layer  type               density   way        products        left     dense us    sparse us    ratio\n");
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        printf("%5d  %-16s ", i, vd_layer_type(l));
        if (vd_layer_of(l)) {
            vd_test_time v = vd_layer_test_time(l);
            printf("%8.3f %%   %-7s %11.4g %11.4g", 100. * v.nonzeros / v.weights, v.way, v.dense_products, v.products);
        } else {
            printf("%43s", "");
        }
        printf(" %12.2f %12.2f %8.2f\n", t->layer[DENSE][i], t->layer[SPARSE][i],
               t->layer[DENSE][i] / t->layer[SPARSE][i]);
    }
    printf("%5s  %-16s %43s %12.2f %12.2f %8.2f\n", "", "all", "", t->whole[DENSE], t->whole[SPARSE],
           t->whole[DENSE] / t->whole[SPARSE]);
    printf("%5s  %-16s %43s %12.0f %12.0f\n\n", "", "images/s", "", 1e6 * batch / t->whole[DENSE],
           1e6 * batch / t->whole[SPARSE]);
}

static void print_json(const bench *b, int batch, int threads, const timing *t, int is_first)
{
    const network *net = b->net[SPARSE];
    printf("%s{\"batch\":%d,\"threads\":%d,\"dense_us\":%.6g,\"sparse_us\":%.6g,\"dense_images_per_second\":%.6g,"
           "\"sparse_images_per_second\":%.6g,\"layers\":[",
           is_first ? "" : ",", batch, threads, t->whole[DENSE], t->whole[SPARSE], 1e6 * batch / t->whole[DENSE],
           1e6 * batch / t->whole[SPARSE]);
    for (int i = 0; i < net->n; ++i) {
        layer l = net->layers[i];
        printf("%s{\"index\":%d,\"type\":\"%s\",\"dense_us\":%.6g,\"sparse_us\":%.6g", i ? "," : "", i,
               vd_layer_type(l), t->layer[DENSE][i], t->layer[SPARSE][i]);
        if (vd_layer_of(l)) {
            vd_test_time v = vd_layer_test_time(l);
            printf(",\"way\":\"%s\",\"weights\":%zu,\"nonzero\":%zu,\"dense_products\":%.9g,\"products\":%.9g", v.way,
                   v.weights, v.nonzeros, v.dense_products, v.products);
        }
        printf("}");
    }
    printf("]}");
}

static void run(const bench *b, int batch, int threads)
{
    if (b->json) printf("{\"kernels\":\"%s\",\"runs\":[", vd_kernels_get()->name);
    else printf("%s, kernels %s: medians\n\n", b->cfg, vd_kernels_get()->name);
    int is_first = 1;
    for (int n = 1;; n = batch) {
        for (int t = 1;; t = threads) {
            prepare(b, n, t);
            timing made = time_network(b);
            if (b->json) print_json(b, n, t, &made, is_first);
            else print_table(b, n, t, &made);
            for (int way = 0; way < WAYS; ++way) free(made.layer[way]);
            is_first = 0;
            if (t == threads) break;
        }
        if (n == batch) break;
    }
    if (b->json) printf("]}\n");
}

static void load(bench *b, char *weights)
{
    for (int way = 0; way < WAYS; ++way) b->net[way] = load_network((char *)b->cfg, weights, 0);
    const network *net = b->net[DENSE];
    if (!vd_variational_layers(net)) vd_die("%s: no variational layer, so there is nothing to compare", b->cfg);
    size_t n = (size_t)net->batch * net->inputs;
    uint64_t state = 1;
    b->images = vd_calloc(n, sizeof(float));
    for (size_t i = 0; i < n; ++i) b->images[i] = vd_mmix(&state);
}

int vd_bench_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    bench b = {.seconds = 2};
    char *files[2], *sparse = getenv("DARKNET_SPARSE");
    int n = 0, batch = 0, threads = vd_parallel_threads();
    vd_words w = {"vd bench", argc, argv, 1};
    for (; w.at < argc; ++w.at) {
        const char *word = argv[w.at];
        if (!strcmp(word, "-json")) b.json = 1;
        else if (!strcmp(word, "-batch")) batch = (int)vd_word_integer(&w, 1, INT_MAX);
        else if (!strcmp(word, "-threads")) threads = (int)vd_word_integer(&w, 1, 256);
        else if (!strcmp(word, "-seconds")) b.seconds = vd_word_number(&w, 0, 1e6);
        else if (word[0] == '-') vd_die("darknet vd bench: unknown option %s", word);
        else if (n == 2) vd_die("darknet vd bench: unexpected argument %s", word);
        else files[n++] = argv[w.at];
    }
    if (n < 2) vd_die("darknet vd bench: CFG and WEIGHTS are needed; see -h");
    if (sparse) b.asked = vd_format("%s", sparse);
    b.cfg = files[0];
    load(&b, files[1]);
    int most = b.net[DENSE]->batch;
    if (batch > most) vd_die("%s: -batch %d: the network has room for %d (batch/subdivisions)", b.cfg, batch, most);
    run(&b, batch ? batch : most, threads);
    for (int way = 0; way < WAYS; ++way) free_network(b.net[way]);
    free(b.images);
    free(b.asked);
    return 0;
}
