/* Loads the parts of a training batch with no more threads than it needs to keep up with training. */
#ifndef VD_DATA_LOADER_H
#define VD_DATA_LOADER_H

#include "darknet.h"

/* run load(part) on each of n parts, in any order, and return when all are done
 *
 * The calling thread does all of them when that is faster than starting threads; otherwise all cores help. The result
 * of a part must not depend on the thread that loads it. */
void loader_run(int n, void **parts, void *(*load)(void *part));

/* which of `parts` parts of `total` pictures, part i those from i total/parts on, this rank has to load, and what of
 * them it needs: of several ranks that train on shares of a batch (ranks/ranks.h); else, or when they do not share, all
 */
typedef struct {
    int first, n;   /* parts */
    int skip, rows; /* rows of the joined parts that belong to the rank before, and this rank's own after them */
} loader_share;
loader_share loader_share_of(int total, int parts, int is_shared);

/* the same for rows `first` to first + n of all, n > 0 */
loader_share loader_share_at(int total, int parts, int first, int n);

/* leave in *d, which holds the pictures of those parts, the rank's own */
void loader_cut(data *d, loader_share share);

#endif
