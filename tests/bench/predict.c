/* Times network_predict() on single images: microseconds of the median one. Only Darknet's own API, so that the same
 * program measures stock Darknet.
 *
 *     predict CFG WEIGHTS SECONDS     prints: median microseconds, and the outputs' sum of i output[i] */
#include <darknet.h>

#include <stdio.h>
#include <stdlib.h>

#include "bench/timing.h"

int main(int argc, char **argv)
{
    enum { WARM_UP = 20, MOST = 1000000 };
    static double times[MOST];
    int i, n = 0;
    if (argc < 4) return 1;
    gpu_index = -1;
    network *net = load_network(argv[1], argv[2], 0);
    set_batch_network(net, 1);
    float *image = malloc(net->inputs * sizeof(float)), *output = 0;
    for (i = 0; i < net->inputs; ++i) image[i] = rand() / (float)RAND_MAX;
    for (i = 0; i < WARM_UP; ++i) network_predict(net, image);
    double seconds = atof(argv[3]), start = now(), last = start, sum = 0;
    while (n < 5 || (last - start < seconds && n < MOST)) {
        output = network_predict(net, image);
        double t = now();
        times[n++] = t - last;
        last = t;
    }
    double middle = median(times, n);
    for (i = 0; i < net->outputs; ++i) sum += i * output[i];
    printf("%.2f us, %.7g\n", 1e6 * middle, sum);
    return 0;
}
