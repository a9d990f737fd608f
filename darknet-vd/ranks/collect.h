/* What several processes do together, over a wire: sums, and the same data for all. The number of processes is a power
 * of two. Each call is made by all of them, in the same order and with the same sizes. */
#ifndef VD_RANKS_COLLECT_H
#define VD_RANKS_COLLECT_H

#include "ranks/wire.h"

/* x [n] becomes the sum of all processes' x, on each of them, in a fixed order: ranks 2i and 2i + 1 are added, then the
 * sums of two such pairs, and so on. So the result has the same bits as that of one process that adds in a binary tree,
 * and the same on all of them.
 *
 *   room [n / 2 + 1]   is written to
 *
 * Recursive halving and doubling (Thakur, Rabenseifner, Gropp 2005): each process sends 2 n (1 - 1/size) numbers, in
 * 2 log2(size) messages. It is the two halves below, with parts of equal length. */
void vd_collect_sum(const vd_wire *w, float *x, size_t n, float *room);

/* Something in `size` parts, one behind the other; each process has one of them: number vd_collect_part(), the bits of
 * its rank read backwards, so that each swaps with its neighbour first.
 *
 *   from [size + 1]   where the parts begin; the last is the length of all
 *
 * scatter: on return this process's part of x holds the sum, the same bits as above, and the other parts nothing of use
 *   room   [the longest part that a process keeps at a step: at most all]   is written to
 * assemble: each process brings its part of `all`, whose parts are counted in bytes; on return each has all of them */
int vd_collect_part(const vd_wire *w);
void vd_collect_scatter(const vd_wire *w, float *x, const size_t *from, float *room);
void vd_collect_assemble(const vd_wire *w, void *all, const size_t *from);

/* all [size][bytes] holds this process's part at [rank]; on return those of all */
void vd_collect_gather(const vd_wire *w, void *all, size_t bytes);

/* data of rank 0 for all */
void vd_collect_broadcast(const vd_wire *w, void *data, size_t bytes);

#endif
