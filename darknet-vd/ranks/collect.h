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
 * 2 log2(size) messages. */
void vd_collect_sum(const vd_wire *w, float *x, size_t n, float *room);

/* all [size][bytes] holds this process's part at [rank]; on return those of all */
void vd_collect_gather(const vd_wire *w, void *all, size_t bytes);

/* data of rank 0 for all */
void vd_collect_broadcast(const vd_wire *w, void *data, size_t bytes);

#endif
