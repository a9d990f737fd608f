/* Validation while a classifier or a detector is trained, and the weights files that go with it.
 *
 * validate=N in the .data file (or -map, -topk: N = 1 where it says nothing) measures the weights on the pictures of
 * valid= whenever the training has seen N epochs more, and after its last batch: a classifier's error, a detector's
 * mAP. They are measured as `valid` and `map` do, by a second network of batch 1 that loads <base>_last.weights, which
 * are written for it. So the network that is trained, its size, its statistics and the random numbers stay as they are.
 * A line on stderr tells the result; the best weights so far are <base>_best.weights. With patience=N the training ends
 * after N validations that were not better than the best. With a target of [vd_cost] the weights that have met it are
 * compared with each other: the first of them replace the best so far.
 *
 * The best result and where it was are part of the checkpoint. One of other pictures, or of another least overlap, is
 * no longer the best: it cannot be compared. A signal during a validation ends the training as after
 * any batch; the resumed training begins with that validation. */
#ifndef VD_TRAINING_VALIDATION_H
#define VD_TRAINING_VALIDATION_H

#include "darknet.h"

#include <stdint.h>

/* what a checkpoint holds */
typedef struct {
    double best;           /* error or mAP, a share */
    int64_t batch;         /* that had it; 0: none yet */
    int64_t seen;          /* images seen when it was last measured, or when the training began */
    int32_t misses;        /* validations since the best one */
    int32_t begun;         /* 0: of a training without validation */
    int32_t before_target; /* 1: the best has not met [vd_cost]'s target yet */
    uint32_t pictures;     /* hash of what it was measured on; 0: not known */
} vd_validation_state;

/* of the training that begins or runs; the caller's to save and to restore */
vd_validation_state *vd_validation_state_now(void);

/* a .data file has been read: remember its keys for a training */
void vd_validation_data(const char *filename, list *options);

/* of the command line
 *
 *   epochs   validate so often where validate= does not say
 *   iou      least overlap of a detector's hits; 0: 0.5
 *   topk     1: tell how often a classifier's class is not among the first top=, 5 where that is not given */
void vd_validation_ask(long epochs, double iou, int topk);

/* A training of net begins, its checkpoint is restored: read the list and its labels, and make the second network. What
 * is wrong with them ends the program before the first batch. Nothing where no .data file was read */
void vd_validation_begin(network *net, const char *backup, const char *base);

/* how many pictures an epoch has; a validation that a signal has stopped is made up for */
void vd_validation_pictures(network *net, int pictures);

/* A batch is done: validate, write _last.weights every savelast= batches, <base>_N.weights every saveweights=. To end
 * the training net->max_batches is set to the batches done */
void vd_validation_batch(network *net);

/* the training is finished, its final weights and its checkpoint are written: the last weights are the final ones */
void vd_validation_end(network *net);

#endif
