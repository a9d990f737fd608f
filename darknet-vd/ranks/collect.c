#include "ranks/collect.h"

enum { MOST_STEPS = 32 }; /* log2 of the number of processes */

static void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; ++i) x[i] += y[i];
}

typedef struct {
    size_t first, end;
} range;

/* the half of a range that a process adds up at this step, and the one its partner does */
static range half_of(range r, int upper)
{
    size_t middle = r.first + (r.end - r.first) / 2;
    return upper ? (range){middle, r.end} : (range){r.first, middle};
}

static size_t length(range r)
{
    return r.end - r.first;
}

void vd_collect_sum(const vd_wire *w, float *x, size_t n, float *room)
{
    range mine[MOST_STEPS] = {{0, n}};
    int step = 0;
    for (int bit = 1; bit < w->size; bit <<= 1, ++step) { /* halving: the partial sums of 2 bit processes */
        int upper = (w->rank & bit) != 0;
        range kept = half_of(mine[step], upper), given = half_of(mine[step], !upper);
        w->swap(w, w->rank ^ bit, x + given.first, length(given) * sizeof(float), room, length(kept) * sizeof(float));
        add(x + kept.first, room, length(kept));
        mine[step + 1] = kept;
    }
    for (int bit = w->size >> 1; bit; bit >>= 1, --step) { /* doubling: the sums */
        int upper = (w->rank & bit) != 0;
        range kept = mine[step], given = half_of(mine[step - 1], !upper);
        w->swap(w, w->rank ^ bit, x + kept.first, length(kept) * sizeof(float), x + given.first,
                length(given) * sizeof(float));
    }
}

void vd_collect_gather(const vd_wire *w, void *all, size_t bytes)
{
    char *at = all;
    for (int bit = 1; bit < w->size; bit <<= 1) { /* each has the parts of `bit` processes next to each other */
        size_t mine = (size_t)(w->rank & -bit) * bytes, other = (size_t)((w->rank & -bit) ^ bit) * bytes;
        w->swap(w, w->rank ^ bit, at + mine, bit * bytes, at + other, bit * bytes);
    }
}

void vd_collect_broadcast(const vd_wire *w, void *data, size_t bytes)
{
    for (int bit = 1; bit < w->size; bit <<= 1) { /* ranks below `bit` have it */
        if (w->rank >= 2 * bit) continue;
        int has = w->rank < bit;
        w->swap(w, w->rank ^ bit, data, has ? bytes : 0, data, has ? 0 : bytes);
    }
}
