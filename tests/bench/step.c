/* Times training steps of a cfg on random data: milliseconds of the median step. Only Darknet's own API, so that the
 * same program measures stock Darknet.
 *
 *     step CFG SECONDS [STEPS [WEIGHTS]]   prints: median milliseconds, images a second, peak resident MiB, mean
 *                               milliseconds of CPU; timed after STEPS steps (default: 3), from WEIGHTS on */
#include <darknet.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench/timing.h"

int main(int argc, char **argv)
{
    enum { MOST = 100000 };
    static double times[MOST];
    struct rusage usage;
    int i, n = 0, before = argc > 3 ? atoi(argv[3]) : 3;
    if (argc < 3) return 1;
    gpu_index = -1;
    network *net = load_network(argv[1], argc > 4 ? argv[4] : 0, 0);
    for (i = 0; i < net->inputs * net->batch; ++i) net->input[i] = rand() / (float)RAND_MAX;
    for (i = 0; i < net->batch; ++i) net->truth[i * net->truths + rand() % net->truths] = 1;
    for (i = 0; i < before; ++i) train_network_datum(net);
    double seconds = atof(argv[2]), start = now(), last = start, cpu = now_on(CLOCK_PROCESS_CPUTIME_ID);
    while (n < 5 || (last - start < seconds && n < MOST)) {
        train_network_datum(net);
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
