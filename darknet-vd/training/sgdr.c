#include "training/sgdr.h"

#include <math.h>

float vd_sgdr_rate(const network *net, size_t batch)
{
    double start = 0, length = net->sgdr_cycle, range = (double)net->learning_rate - net->learning_rate_min;
    while (start + length < (double)batch) {
        start += length;
        length *= net->sgdr_mult;
    }
    return (float)(net->learning_rate_min + range * (1 + cos(M_PI * ((double)batch - start) / length)) / 2);
}
