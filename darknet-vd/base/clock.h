/* The time, for what is measured and what is waited for. */
#ifndef VD_BASE_CLOCK_H
#define VD_BASE_CLOCK_H

#include <time.h>

/* seconds since some moment in the past; setting the clock of the machine does not change it */
static inline double vd_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
