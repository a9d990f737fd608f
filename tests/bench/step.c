/* Times training steps of a cfg on random data, or on pictures of MNIST: milliseconds of the median step. Only
 * Darknet's own API, so that the same program measures stock Darknet, and AlexeyAB's (-DFORK, its own sources in the
 * include path).
 *
 *     step CFG SECONDS [STEPS [WEIGHTS [PICTURES]]]   prints: median milliseconds, images a second, peak resident MiB,
 *                               mean milliseconds of CPU; timed after STEPS steps (default: 3), from WEIGHTS on
 *                               ('' for none), on the first batch of an IDX file of pictures as large as the network's
 */
#ifdef FORK
#include "network.h"
#else
#include <darknet.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench/timing.h"

/* where the network looks for its pictures and truths */
typedef struct {
    float *input, *truth;
    int truths;
} arrays;

#ifdef FORK
static arrays arrays_of(network *net)
{
    int truths = net->layers[net->n - 1].truths;
    return (arrays){calloc((size_t)net->inputs * net->batch, sizeof(float)),
                    calloc((size_t)truths * net->batch, sizeof(float)), truths};
}

static void step(network *net, arrays a)
{
    train_network_datum(*net, a.input, a.truth);
    ++*net->cur_iteration;
    update_network(*net);
}
#else
static arrays arrays_of(network *net)
{
    return (arrays){net->input, net->truth, net->truths};
}

static void step(network *net, arrays a)
{
    (void)a;
    train_network_datum(net);
}
#endif

static void fill_randomly(float *x, int n)
{
    int i;
    for (i = 0; i < n; ++i) x[i] = rand() / (float)RAND_MAX;
}

/* bytes of pictures, behind the header of an IDX file with three dimensions */
static int fill_from(const char *path, float *x, int n)
{
    enum { HEADER = 16 };
    int i, byte = 0;
    FILE *fp = fopen(path, "rb");
    if (!fp || fseek(fp, HEADER, SEEK_SET)) return 0;
    for (i = 0; i < n && (byte = getc(fp)) != EOF; ++i) x[i] = byte / 255.f;
    fclose(fp);
    return i == n;
}

int main(int argc, char **argv)
{
    enum { MOST = 100000 };
    static double times[MOST];
    struct rusage usage;
    int i, n = 0, before = argc > 3 ? atoi(argv[3]) : 3;
    if (argc < 3) return 1;
    gpu_index = -1;
    network *net = load_network(argv[1], argc > 4 && *argv[4] ? argv[4] : 0, 0);
    arrays a = arrays_of(net);
    if (argc <= 5) {
        fill_randomly(a.input, net->inputs * net->batch);
    } else if (!fill_from(argv[5], a.input, net->inputs * net->batch)) {
        fprintf(stderr, "%s: no IDX file of %d pictures with %d numbers each\n", argv[5], net->batch, net->inputs);
        return 1;
    }
    for (i = 0; i < net->batch; ++i) a.truth[i * a.truths + rand() % a.truths] = 1;
    for (i = 0; i < before; ++i) step(net, a);
    double seconds = atof(argv[2]), start = now(), last = start, cpu = now_on(CLOCK_PROCESS_CPUTIME_ID);
    while (n < 5 || (last - start < seconds && n < MOST)) {
        step(net, a);
        double t = now();
        times[n++] = t - last;
        last = t;
    }
    cpu = now_on(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    double middle = median(times, n);
    getrusage(RUSAGE_SELF, &usage);
    printf("%.4f %.1f %.1f %.4f\n", 1e3 * middle, net->batch / middle, usage.ru_maxrss / 1024., 1e3 * cpu / n);
    return 0;
}
