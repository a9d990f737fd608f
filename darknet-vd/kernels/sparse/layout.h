/* Where the sums of a row go: vd_sparse_end (sparse_kernels.h) has the picture of what is kept of a plane. For
 * sparse/vector.c, which is built once for each instruction set.
 *
 * A tile may begin and end anywhere in a line. With the picture's pitch of 9 and width of 7, one of 16 lanes from
 * number 5 on:
 *
 *     lane      0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
 *     number    5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20
 *     kept      y  y  .  .  y  y  y  y  y  y  y  .  .  y  y  y        12 of them, in three runs
 *     in out    5  6        7  8  9 10 11 12 13       14 15 16        first = 5
 *
 * Without gaps (pitch == width) all lanes are one run. But where the plane ends inside of a unit, its last unit is
 * loaded `back` numbers early, and the first `back` lanes of that unit repeat the one before. With back = 3, lanes 0 to
 * 31 are:
 *
 *     lane      0 .. 15    16 17 18    19 .. 31
 *     number    0 .. 15    13 14 15    16 .. 28
 *     kept      y          .           y                              29 of them, in two runs */
#ifndef VD_KERNELS_SPARSE_LAYOUT_H
#define VD_KERNELS_SPARSE_LAYOUT_H

#include "kernels/sparse_kernels.h"
#include "kernels/lane_masks.h"
#include "kernels/lengths.h"

#include <string.h>

/* kept lanes side by side: from .. from + n - 1 */
typedef struct {
    int from, n;
    int to; /* kept lanes before them */
} run;

/* the same for all rows of a tile. A unit is VD_SPARSE_LANES lanes */
typedef struct {
    size_t first; /* where in a row of vd_sparse_end.out the first kept lane goes */
    int kept;     /* lanes kept */
    int runs;
    run run[VD_SPARSE_TILE];
#ifdef __AVX512F__
    /* the runs once more, for an instruction that takes the kept lanes out of a register */
    __mmask16 keep[VD_SPARSE_TILE / VD_SPARSE_LANES]; /* of each unit */
    int at[VD_SPARSE_TILE / VD_SPARSE_LANES];         /* kept lanes before each unit */
#endif
} layout;

static inline void add_run(layout *to, int from, int end)
{
    if (from >= end) return;
    to->run[to->runs++] = (run){from, end - from, to->kept};
    to->kept += end - from;
}

#ifdef __AVX512F__
static inline void make_masks(layout *to, int units)
{
    memset(to->keep, 0, units * sizeof(*to->keep));
    for (int r = 0; r < to->runs; ++r) {
        int from = to->run[r].from, end = from + to->run[r].n;
        for (int u = from / VD_SPARSE_LANES, lane = u * VD_SPARSE_LANES; lane < end; ++u, lane += VD_SPARSE_LANES)
            to->keep[u] |= lanes_within(VD_SPARSE_LANES, from - lane, end - lane);
    }
    for (int u = 0, at = 0; u < units; ++u) {
        to->at[u] = at;
        at += __builtin_popcount(to->keep[u]);
    }
}
#endif

/* of a tile of `units` units, lane 0 of which is number f of the plane */
static inline void make_layout(layout *to, const vd_sparse_end *e, size_t f, int units, int back)
{
    int column = (int)(f % e->pitch), width = e->width; /* column: of lane 0 in its line */
    int lanes = units * VD_SPARSE_LANES, last = lanes - VD_SPARSE_LANES;
    int end = f >= e->numbers ? 0 : e->numbers - f < (size_t)lanes ? (int)(e->numbers - f) : lanes;
    to->first = f / e->pitch * width + vd_at_most(column, width);
    to->kept = to->runs = 0;
    if (back) {
        add_run(to, 0, last);
        add_run(to, last + back, lanes);
    } else if (e->pitch == width) add_run(to, 0, end);
    else
        for (int line = -column; line < end; line += e->pitch) /* the lane of number 0 of each line */
            add_run(to, vd_at_least(0, line), vd_at_most(line + width, end));
#ifdef __AVX512F__
    make_masks(to, units);
#endif
}

#endif
