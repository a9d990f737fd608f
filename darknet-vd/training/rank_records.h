/* What several ranks (ranks/ranks.h) tell each other at the end of a step, beside gradients: whether each of them got
 * through its sub-batches, and what the forward passes of these have left behind. All of it is joined in the order of
 * the sub-batches, so that each rank ends with the numbers of one process that has computed them all. */
#ifndef VD_TRAINING_RANK_RECORDS_H
#define VD_TRAINING_RANK_RECORDS_H

#include "darknet.h"

/* one process has none: 0 bytes, and every function does nothing */
typedef struct {
    int parts;           /* sub-batches of a rank in a step */
    size_t statistics;   /* floats: the channels of all layers with batch normalisation */
    size_t record_bytes; /* of a sub-batch */
    char *ranks;         /* [ranks] a verdict and [parts] records */
    float *rolling;      /* [2 statistics] the rolling ones when the step began */
} vd_records;

/* for `parts` sub-batches of each rank; the arrays are still to be placed: at `at`, of that many bytes, aligned as
 * calloc() does */
vd_records vd_records_of(const network *net, int parts);
size_t vd_records_bytes(const vd_records *r);
void vd_records_place(vd_records *r, char *at);

/* a step begins */
void vd_records_begin(const network *net, const vd_records *r);

/* this rank's sub-batch number `part` has been computed, at that cost */
void vd_records_note(const network *net, const vd_records *r, int part, float error);

/* All ranks call it when a step ends; failed: this one has left out a sub-batch. 1 when none has failed. Else all have
 * the same fault in training/nan_guard.h. A signal or a checkpoint that is due is that of all as well */
int vd_records_gather(const vd_records *r, int failed);

/* then, where none has: rolling statistics and costs of this rank become those of the step, whose mean cost an image is
 * returned */
float vd_records_join(network *net, const vd_records *r);

#endif
