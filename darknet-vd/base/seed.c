#include "base/seed.h"
#include "base/splitmix64.h"

#include <stdlib.h>
#include <time.h>

extern int rand_normal_spare; /* the second half of rand_normal()'s pair, src/utils.c */

static int seeded;
static uint64_t given_seed;
static uint64_t first_image; /* of the training, or of the part of it in this run */
static uint64_t sequence;    /* of every thread that has none of its own, when seeded */

static __thread struct {
    uint64_t state; /* 0: none */
    int shuffle;
    size_t next; /* number of the picture to take */
} stream;

static int draw(uint64_t *state)
{
    _Static_assert(RAND_MAX == 0x7FFFFFFF, "a number of 31 bits");
    return (int)(vd_splitmix64(state) >> 33);
}

int darknet_rand(void)
{
    if (stream.state) return draw(&stream.state);
    return seeded ? draw(&sequence) : rand();
}

static void start_from(uint64_t image)
{
    sequence = vd_splitmix64_mix(given_seed + image * VD_SPLITMIX64_STEP);
    rand_normal_spare = 0;
}

void darknet_srand(unsigned seed)
{
    if (seeded) start_from(first_image);
    else srand(seed);
}

void rand_continue(uint64_t image)
{
    first_image = image;
    if (seeded) start_from(image);
}

void rand_seed(uint64_t seed)
{
    rand_stream_end(); /* of a sub-batch that an error has ended */
    seeded = 1;
    given_seed = seed;
    rand_continue(0);
}

void rand_unseed(void)
{
    seeded = 0;
    given_seed = (uint64_t)time(0); /* of the order of pictures */
}

int rand_is_seeded(void)
{
    return seeded;
}

uint64_t rand_state(void)
{
    return seeded ? sequence : 0;
}

void rand_restore(uint64_t state)
{
    if (!seeded) return;
    sequence = state;
    rand_normal_spare = 0;
}

rand_kept rand_keep(void)
{
    return (rand_kept){seeded, rand_normal_spare, given_seed, first_image, sequence};
}

void rand_put_back(rand_kept kept)
{
    if (seeded != kept.seeded) seeded = kept.seeded; /* loader threads read it, and given_seed */
    if (given_seed != kept.given_seed) given_seed = kept.given_seed;
    rand_normal_spare = kept.spare;
    first_image = kept.first_image;
    sequence = kept.sequence;
}

/* ---- loader threads ---- */

/* what has sequences apart from the training's. Their numbers are part of what a seed gives: they must not change */
enum { PICTURES = 1, ORDER = 2, LAYERS = 3 };

/* a start for each, which is mixed again with what it counts */
static uint64_t key_of(int what)
{
    return vd_splitmix64_mix(given_seed + (uint64_t)what * VD_SPLITMIX64_STEP);
}

static size_t not_zero(uint64_t x)
{
    return x ? (size_t)x : 1;
}

size_t rand_stream_of(size_t image)
{
    return seeded ? not_zero(vd_splitmix64_mix(key_of(PICTURES) + image)) : 0;
}

size_t rand_stream_of_layers(size_t image)
{
    return not_zero(vd_splitmix64_mix(key_of(LAYERS) + image));
}

size_t rand_stream_next(size_t s)
{
    return s ? not_zero(vd_splitmix64_mix(s + VD_SPLITMIX64_STEP)) : 0;
}

void rand_stream_begin(size_t s)
{
    stream.state = s;
}

void rand_stream_end(void)
{
    stream.state = 0;
    stream.shuffle = 0;
}

void rand_order_begin(int shuffle, size_t first)
{
    stream.shuffle = shuffle;
    stream.next = first;
}

/* a permutation of 0 .. 4^half - 1 by a Feistel network of four rounds (Luby, Rackoff 1988) */
static uint64_t permute(uint64_t key, int half, uint64_t x)
{
    uint64_t mask = ((uint64_t)1 << half) - 1, left = x >> half, right = x & mask;
    for (int round = 0; round < 4; ++round) {
        uint64_t swap = right;
        right = left ^ (vd_splitmix64_mix(key + right * VD_SPLITMIX64_STEP + round) & mask);
        left = swap;
    }
    return left << half | right;
}

/* where picture number i of an epoch lies among m: walk the permutation of a larger set until it comes back to ours */
static int shuffled(uint64_t key, int m, int i)
{
    int half = 1;
    while ((uint64_t)1 << 2 * half < (uint64_t)m) ++half;
    uint64_t x = i;
    do x = permute(key, half, x);
    while (x >= (uint64_t)m);
    return (int)x;
}

int rand_index(int m)
{
    if (!stream.shuffle) return darknet_rand() % m;
    size_t i = stream.next++;
    return shuffled(key_of(ORDER) ^ vd_splitmix64_mix(i / m), m, (int)(i % m));
}
