/* The file of a checkpoint: what a training has come to, all that it needs to go on from there as if it had never been
 * interrupted.
 *
 * The file is in the machine's byte order, because it is written and read on one machine:
 *
 *     "VDCP", uint32 version, uint64 fingerprint of the network's layers
 *     arrays    uint64 bytes, then the bytes; of each layer, in order: layer_state.h, then vd_layer_state() and int32,
 *               1 where it trains on its active weights only
 *     training  seen, t, state of the random numbers, width, height, average loss, batches since the start, [vd_cost]
 *     setbacks  from version 2 on: vd_setbacks
 *     choices   from version 3 on: uint32 bytes, then the text of kernels and ways (layer/kernel_choice.h): with a seed
 *               the training goes on with them
 *     average   from version 4 on: uint64 bytes, then the means of ema_alpha (training/average.h)
 *     best      from version 4 on: vd_validation_state (training/validation.h), before version 5 without before_target
 *     target    from version 4 on: vd_cost.target (layer/schedule.h), without share and empty before version 5
 *     later     from version 6 on: int32, 1 where the network follows later Darknets
 *     latest    from version 7 on: int64, the batch of the average's latest step
 *     files     from version 7 on: int64, files of this training that are there, this one included
 *     uint64    FNV-1a (base/hash.h) of all bytes before */
#ifndef VD_TRAINING_CHECKPOINT_FILE_H
#define VD_TRAINING_CHECKPOINT_FILE_H

#include "darknet.h"

#include <stdint.h>
#include <stdio.h>

/* how often training has gone back because its numbers were not finite */
typedef struct {
    int32_t halvings; /* of the cfg's learning rate, in all */
    int32_t in_a_row; /* since training last got past `batch` */
    int64_t batch;    /* where the last failure was */
    int64_t to;       /* the batch that training went back to from there */
} vd_setbacks;

/* what is no part of the network */
typedef struct {
    float *avg_loss; /* the training loop's own, as is count: batches since the start */
    int *count;
    vd_setbacks setbacks;
    int64_t files; /* of this training that are there, the latest included */
} vd_training_state;

/* the whole file; the caller checks for errors when it closes it. path is for messages */
void vd_checkpoint_write(FILE *fp, const char *path, network *net, vd_training_state *state);

/* read from its first byte on; the program ends with a line unless the file is whole, undamaged and of this network,
 * and nothing of it is used before that is known
 *
 *   resumes   1: a training goes on with it, and with its choice of kernels; state->files is read, 0 where an earlier
 *             version does not say. 0: a training goes back to it; both stay as they are */
void vd_checkpoint_read(FILE *fp, const char *path, network *net, vd_training_state *state, int resumes);

#endif
