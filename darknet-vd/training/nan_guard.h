/* A training whose loss or weights are not finite ends at once, with a line that names batch, layer and number; with
 * [net] nan_guard=1 a training that has checkpoints goes back to the latest of them, or to its start, halves its
 * learning rate for good, and goes on. What does not get past the batch that failed after three times goes back to the
 * checkpoint before, or to the start, and after ten times is given up.
 *
 * The pictures are those of the first attempt again: with seed, what comes of it is a function of the seed and of where
 * the checkpoints are. */
#ifndef VD_NAN_GUARD_H
#define VD_NAN_GUARD_H

#include "darknet.h"
#include "config/options.h"

void vd_nan_guard_options(vd_section net);

/* a training with checkpoints begins: vd_checkpoint_begin() has been called */
void vd_nan_guard_begin(network *net);

/* 0 from a fault on until the training has gone back */
int vd_nan_guard_sound(void);

/* The forward pass of a training is done, or an update: look at the loss, or at the weights. Returns 1 when they are
 * finite; ends the program when not, or returns 0 where vd_nan_guard_back() will go back. */
int vd_nan_guard_loss(network *net);
int vd_nan_guard_weights(network *net);

/* 1 when there was a fault: net is what it was at an earlier batch, and its learning rate is halved */
int vd_nan_guard_back(network *net);

/* a checkpoint is due: 0 when the optimiser's state is not finite, and it must not be written */
int vd_nan_guard_state(network *net);

#endif
