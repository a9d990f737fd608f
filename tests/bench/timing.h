/* What the benchmarks share: a clock, the median of its times, and numbers to work on. */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdlib.h>
#include <time.h>

/* seconds */
static inline double now_on(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline double now(void)
{
    return now_on(CLOCK_MONOTONIC);
}

static inline int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sorts times [n] */
static inline double median(double *times, size_t n)
{
    qsort(times, n, sizeof(*times), by_value);
    return times[n / 2];
}

/* from -.5 to .5, at a cache line, with 64 bytes behind them that may be read; the caller frees them */
static inline float *random_array(size_t n)
{
    float *x = aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64);
    for (size_t i = 0; i < n; ++i) x[i] = (float)rand() / (float)RAND_MAX - .5f;
    return x;
}

#endif
