#include "ranks/collect.h"
#include "base/fail.h"

#include <stdlib.h>

static void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; ++i) x[i] += y[i];
}

/* parts of number first .. end - 1 */
typedef struct {
    int first, end;
} range;

/* the half of a range that a process keeps at a step, or the one it gives to its partner */
static range half_of(range r, int upper)
{
    int middle = r.first + (r.end - r.first) / 2;
    return upper ? (range){middle, r.end} : (range){r.first, middle};
}

/* what a process is concerned with before it swaps with rank ^ bit: halved by all bits below */
static range range_at(const vd_wire *w, int bit)
{
    range r = {0, w->size};
    for (int below = 1; below < bit; below <<= 1) r = half_of(r, (w->rank & below) != 0);
    return r;
}

int vd_collect_part(const vd_wire *w)
{
    return range_at(w, w->size).first;
}

static size_t length(const size_t *from, range r)
{
    return from[r.end] - from[r.first];
}

void vd_collect_scatter(const vd_wire *w, float *x, const size_t *from, float *room)
{
    for (int bit = 1; bit < w->size; bit <<= 1) { /* halving: the sums of 2 bit processes */
        int upper = (w->rank & bit) != 0;
        range r = range_at(w, bit), kept = half_of(r, upper), given = half_of(r, !upper);
        w->swap(w, w->rank ^ bit, x + from[given.first], length(from, given) * sizeof(float), room,
                length(from, kept) * sizeof(float));
        add(x + from[kept.first], room, length(from, kept));
    }
}

void vd_collect_assemble(const vd_wire *w, void *all, const size_t *from)
{
    char *at = all;
    for (int bit = w->size >> 1; bit; bit >>= 1) { /* doubling */
        int upper = (w->rank & bit) != 0;
        range r = range_at(w, bit), has = half_of(r, upper), gets = half_of(r, !upper);
        w->swap(w, w->rank ^ bit, at + from[has.first], length(from, has), at + from[gets.first], length(from, gets));
    }
}

void vd_collect_sum(const vd_wire *w, float *x, size_t n, float *room)
{
    size_t *from = vd_calloc(w->size + 1, sizeof(size_t)), size = (size_t)w->size;
    for (size_t i = 0; i <= size; ++i) from[i] = n * i / size;
    vd_collect_scatter(w, x, from, room);
    for (size_t i = 0; i <= size; ++i) from[i] *= sizeof(float);
    vd_collect_assemble(w, x, from);
    free(from);
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
