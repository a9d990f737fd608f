/* Times the loading of training batches as `darknet classifier train` loads them, alone. Only Darknet's own API, so
 * that the same program measures stock Darknet.
 *
 *     load DATA CFG BATCHES     prints: CPU and wall milliseconds a batch when the pictures are in memory, and a
 * checksum of all batches: the same for the same [net] seed */
#include <darknet.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/timing.h"

/* FNV-1a, a number at a time */
static uint64_t add_to_checksum(uint64_t sum, matrix m)
{
    for (int i = 0; i < m.rows; ++i)
        for (int j = 0; j < m.cols; ++j) sum = (sum ^ ((uint32_t *)m.vals[i])[j]) * 1099511628211u;
    return sum;
}

/* as train_classifier() in Darknet's examples/classifier.c */
static load_args arguments(char *data, network *net)
{
    list *options = read_data_cfg(data);
    list *paths = get_paths(option_find_str(options, "train", 0));
    load_args a = {0};
    a.w = a.size = net->w;
    a.h = net->h;
    a.threads = 32;
    a.min = net->min_ratio * net->w;
    a.max = net->max_ratio * net->w;
    a.angle = net->angle;
    a.aspect = net->aspect;
    a.exposure = net->exposure;
    a.saturation = net->saturation;
    a.hue = net->hue;
    a.paths = (char **)list_to_array(paths);
    a.m = paths->size;
    a.n = net->batch * net->subdivisions;
    a.classes = option_find_int(options, "classes", 2);
    a.labels = get_labels(option_find_str(options, "labels", 0));
    a.type = CLASSIFICATION_DATA;
    return a;
}

int main(int argc, char **argv)
{
    uint64_t checksum = 14695981039346656037u;
    double cpu = 0, wall = 0;
    if (argc < 4) return 1;
    gpu_index = -1;
    load_args a = arguments(argv[1], load_network(argv[2], 0, 0));
    int batches = atoi(argv[3]), warm = 3 * a.m / a.n; /* drawn at random: 95 % of the pictures */
    for (int i = 0; i < warm + batches; ++i) {
        data d;
        a.d = &d;
        double cpu_start = now_on(CLOCK_PROCESS_CPUTIME_ID), wall_start = now_on(CLOCK_MONOTONIC);
        pthread_join(load_data(a), 0);
        if (i >= warm) {
            cpu += now_on(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
            wall += now_on(CLOCK_MONOTONIC) - wall_start;
        }
        checksum = add_to_checksum(add_to_checksum(checksum, d.X), d.y);
        free_data(d);
    }
    printf("a batch of %d: %.3f ms CPU, %.3f ms wall; checksum %016" PRIx64 "\n", a.n, 1e3 * cpu / batches,
           1e3 * wall / batches, checksum);
    return 0;
}
