/* Detects a loss or weights that are not finite. Training then ends at once, with a line that names batch, layer and
 * number. With [net] nan_guard=1, training that has checkpoints goes back to the latest of them, or to its start,
 * halves its learning rate for the rest of the run, and continues. Whenever it has failed three more times without
 * getting past the batch that failed, it goes back once to the checkpoint before the one it went back to last, or to
 * the start; after ten times the program ends.
 *
 * The pictures are the same as in the first attempt: with seed=N, the result depends only on the seed and on where the
 * checkpoints are. */
#ifndef VD_TRAINING_NAN_GUARD_H
#define VD_TRAINING_NAN_GUARD_H

#include "darknet.h"
#include "config/options.h"

/* read [net]'s key nan_guard */
void vd_nan_guard_options(vd_section net);

/* training with checkpoints begins; to be called after vd_checkpoint_begin() */
void vd_nan_guard_begin(network *net);

/* 0 after a fault, until vd_nan_guard_back() has gone back */
int vd_nan_guard_sound(void);

/* Check the loss, to be called after each forward pass of training, or the weights, after each update. Returns 1 when
 * they are finite. Otherwise returns 0 where vd_nan_guard_back() will go back, or ends the program. */
int vd_nan_guard_loss(network *net);
int vd_nan_guard_weights(network *net);

/* By all of several ranks, one of which has a fault: it becomes that of all, and where there are more, the first */
void vd_nan_guard_agree(void);

/* 1 when there was a fault: net is as it was at an earlier batch, and its learning rate is halved */
int vd_nan_guard_back(network *net);

/* to be called when a checkpoint is due: 0 when the optimiser's state is not finite, and none must be written */
int vd_nan_guard_state(network *net);

#endif
