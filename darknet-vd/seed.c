#include "seed.h"

#include <stdlib.h>

extern int rand_normal_spare; /* the second half of rand_normal()'s pair, src/utils.c */

static int seeded;
static uint64_t given_seed;
static unsigned the_seed; /* given_seed and the image the training goes on from, in 32 bits */
static __thread unsigned *stream;

int darknet_rand(void)
{
    return stream ? rand_r(stream) : rand();
}

void darknet_srand(unsigned seed)
{
    srand(seeded ? the_seed : seed);
}

static void start_from(uint64_t image)
{
    uint64_t x = given_seed + image * 0x9E3779B97F4A7C15u; /* image 0 leaves the seed as it is */
    the_seed = (unsigned)(x ^ x >> 32);
    srand(the_seed);
    rand_normal_spare = 0;
}

void rand_seed(uint64_t seed)
{
    seeded = 1;
    given_seed = seed;
    start_from(0);
}

void rand_continue(uint64_t image)
{
    if (seeded) start_from(image);
}

void rand_unseed(void)
{
    seeded = 0;
}

int rand_is_seeded(void)
{
    return seeded;
}

void rand_stream_begin(unsigned *state)
{
    stream = *state ? state : 0;
}

void rand_stream_end(void)
{
    stream = 0;
}

unsigned rand_stream_next(unsigned state)
{
    if (!state) return 0;
    state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator: period 2^32 */
    return state ? state : 1;
}
