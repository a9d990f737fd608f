/* Training that can be stopped and resumed: <backup>/<base>.checkpoint holds all its state (checkpoint_file.h), and
 * `darknet classifier|detector|cifar train ... -resume` continues from there; with [net] seed=N it reaches the same
 * weights, to the bit, as training that was never stopped.
 *
 * The file appears whole or not at all (base/files.h), and nothing of it is used unless its checksum is right. Of
 * several ranks (ranks/ranks.h) rank 0 alone writes and reads it, and passes on what it has read. */
#ifndef VD_TRAINING_CHECKPOINT_H
#define VD_TRAINING_CHECKPOINT_H

#include "training/checkpoint_file.h"
#include "config/options.h"

#include "darknet.h"

/* read [net]'s keys: checkpoint=N batches and checkpoint_minutes=M between two files (0: no limit of this kind),
 * checkpoint_keep=K files to keep, the older ones as .checkpoint.1 and so on */
void vd_checkpoint_options(vd_section net);

/* from now on vd_checkpoint_begin() resumes from a checkpoint if there is one */
void vd_checkpoint_resume(void);

/* Training of net begins; from now on SIGINT, SIGTERM and SIGHUP end it after the current batch, with a checkpoint; a
 * second one ends the program, or goes to its own handler. SIGHUP stays ignored where it was. vd_checkpoint_end() puts
 * the handlers back.
 *
 *   avg_loss, count   the caller's, saved and restored; they must live until vd_checkpoint_end()
 *
 * A backup folder that cannot be written, or a file that is damaged or of another network, ends the program. Where
 * there is no checkpoint yet, training starts from the beginning and reports it. */
void vd_checkpoint_begin(network *net, const char *backup, const char *base, float *avg_loss, int *count);

/* Going back during training
 *
 *   keep_start   keep the present state of net, for vd_checkpoint_back() without a usable checkpoint; returns 0 where
 *                training has no checkpoints at all
 *   setbacks     the caller's to change; they are saved, and applied by the next vd_checkpoint_back()
 *   back         restore the latest checkpoint before batch number `before` whose numbers are finite, or the start;
 *                sets setbacks.to */
int vd_checkpoint_keep_start(network *net);
vd_setbacks *vd_checkpoint_setbacks(void);
void vd_checkpoint_back(network *net, long before);

/* 1 when this training goes on from a checkpoint */
int vd_checkpoint_resumed(void);

/* Of several ranks each may get the signal: `signal` is what this process has got, 0 for none; agree() tells all of
 * them what one has got, in the same batch. One process alone agrees with itself */
int vd_checkpoint_signal(void);
void vd_checkpoint_agree(int signal);

/* 1 when checkpoint_minutes are over; with several ranks rank 0's clock counts, and is told to all */
int vd_checkpoint_time_is_up(void);
void vd_checkpoint_agree_on_time(int is_up);

/* 1 after a signal: vd_checkpoint_batch() will end the program */
int vd_checkpoint_is_stopping(void);

/* 1 when a checkpoint will be written after this batch */
int vd_checkpoint_due(const network *net);

/* a batch is done: write a checkpoint if one is due; after a signal, write it and end the program */
void vd_checkpoint_batch(network *net);

/* training is finished: update the last checkpoint, if any was written */
void vd_checkpoint_end(network *net);

#endif
