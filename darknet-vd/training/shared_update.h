/* The update of the variational layers, shared by several ranks (ranks/ranks.h): each takes the step of a part of the
 * weights, in whole pieces, so that no bit of it depends on their number.
 *
 *     gradients        each rank gets the sums of its part
 *     update           of that part: theta, log_sigma2, moments; sigma2, KL and its gradient for the next forward
 *     theta, sigma2    and the pieces' sums of KL go to all: a training forward needs no more
 *
 * log_sigma2, moments and the counts of freeze_pruned stay with who updates them, until somebody needs them whole.
 * Weights that are frozen are not sent. A layer over lists of active weights, with train_clip, or in a batch that
 * freezes or fine-tunes, is updated by every rank; so are biases and plain layers, and all with ema_alpha.
 *
 * Each function is called by all ranks at the same place. One network trains at a time. */
#ifndef VD_TRAINING_SHARED_UPDATE_H
#define VD_TRAINING_SHARED_UPDATE_H

#include "darknet.h"

/* floats of the two arrays that sum() needs, for gradients of `all` floats. packed also takes theta, sigma2 and the
 * sums of each piece to the other ranks, of a network with so many layers */
size_t vd_shared_packed(size_t all, int layers);
size_t vd_shared_room(size_t all);

/* Layers from `first` on have gradients in this batch: 1 when the weights of some are to be summed here; takes(): those
 * of this one */
int vd_shared_begin(network *net, int first);
int vd_shared_takes(int layer);

/* then: the gradients of this rank's part become those of all ranks, those of other parts 0; the update that follows
 * is this part's. packed, room: written to, until join() */
void vd_shared_sum(network *net, float *packed, float *room);

/* after the update of the variational layers, before anything looks at them; does nothing where none was shared */
void vd_shared_join(network *net);

/* all that training changes is brought to all ranks; does nothing where it is there */
void vd_shared_whole(network *net);

/* a checkpoint has been restored: every rank has all of it, and other weights may be frozen */
void vd_shared_forget(void);

/* 0: log_sigma2, moments and counts are those of this rank's part only */
int vd_shared_is_whole(void);

/* bytes that this rank has sent for the latest step, by sum() and join(); 0 when it was not shared */
size_t vd_shared_sent(void);

#endif
