/* [vd_cost] target_size=: which weights must go, from those of the highest log alpha down, for the network's packed
 * file to have at most so many bytes. How long a file is cannot be told from the number of weights alone: where they
 * are, and which units nobody reads, counts too. So the file is packed, with the weights in question at 0, and thrown
 * away.
 *
 * Nothing here changes the network: its weights are as before when a function returns. Not frozen weights are kept in a
 * file even where they are over the threshold of their layer, as the training will keep them (target.h). */
#ifndef VD_LAYER_TARGET_SIZE_H
#define VD_LAYER_TARGET_SIZE_H

#include "layer/histogram.h"

/* bytes of the file without the weights whose log alpha is at or over the cut */
double vd_size_without(network *net, double cut);

/* How many weights of today's order must go for a file of target_size, to a hundredth of the bytes. Begins with what
 * vd_cost.target has of the last estimate.
 *
 *   share   of the weights; 0 where all of them fit. At most 15 files are packed
 *   empty   bytes of a file without any weight: where these are too many, share is 1 */
typedef struct {
    double share, empty;
} vd_size_estimate;

vd_size_estimate vd_size_estimated(network *net, const vd_histogram *r);

/* a cut that makes a file of at most target_size bytes, and of 999 in 1000 of them where there is such a cut; `share`
 * is where to begin */
double vd_size_cut(network *net, const vd_histogram *r, double share);

#endif
