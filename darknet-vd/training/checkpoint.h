/* A training that can be stopped and taken up again: <backup>/<base>.checkpoint holds all its state, and
 * `darknet classifier|detector train ... -resume` goes on from there, with [net] seed=N to the very weights of a
 * training that was never stopped.
 *
 * The file, in the machine's byte order: it is made and read on one machine.
 *
 *     "VDCP", uint32 version, uint64 fingerprint of the network's layers
 *     arrays    uint64 bytes, then the bytes; of each layer, in order: layer_state.h, then vd_layer_state()
 *     training  seen, t, state of the random numbers, width, height, average loss, batches since the start, [vd_cost]
 *     setbacks  from version 2 on: vd_setbacks
 *     uint64    FNV-1a of all before
 *
 * It is written beside its target and renamed, and read only when its checksum is right. */
#ifndef VD_CHECKPOINT_H
#define VD_CHECKPOINT_H

#include "darknet.h"
#include "config/options.h"

#include <stdint.h>

/* how often a training has gone back because its numbers were not finite */
typedef struct {
    int32_t halvings; /* of the cfg's learning rate, in all */
    int32_t in_a_row; /* without getting past */
    int64_t batch;    /* where it failed latest, */
    int64_t to;       /* and to which batch it went back from there */
} vd_setbacks;

/* read [net]'s keys: checkpoint=N batches and checkpoint_minutes=M between two files (0: not by that measure),
 * checkpoint_keep=K files kept, the older ones as .checkpoint.1 and so on */
void vd_checkpoint_options(vd_section net);

/* from now on vd_checkpoint_begin() looks for a checkpoint and takes it up */
void vd_checkpoint_resume(void);

/* A training of net begins; SIGINT and SIGTERM will end it behind a batch, with a checkpoint.
 *
 *   avg_loss, count   of the caller, saved and restored; they must live until vd_checkpoint_end()
 *
 * A backup folder that cannot be written, a file that is damaged or of another network ends the program. Where there is
 * no checkpoint yet, the training begins at its beginning and says so. */
void vd_checkpoint_begin(network *net, const char *backup, const char *base, float *avg_loss, int *count);

/* Going back, within a training.
 *   keep_start   remember net as it is, to go back to where no checkpoint serves; 0 where there are none at all
 *   setbacks     those of this training: what is put there is saved, and obeyed at the next vd_checkpoint_back()
 *   back         make net what it was at the latest checkpoint before a batch that is finite, or at the start; sets
 *                setbacks.to */
int vd_checkpoint_keep_start(network *net);
vd_setbacks *vd_checkpoint_setbacks(void);
void vd_checkpoint_back(network *net, long before);

/* 1 when a checkpoint will be written behind this batch */
int vd_checkpoint_due(const network *net);

/* a batch is done: write a checkpoint if one is due, or a signal has come; that one ends the program */
void vd_checkpoint_batch(network *net);

/* the training is done: its last checkpoint, if it has written any, has its end */
void vd_checkpoint_end(network *net);

#endif
