/* The sub-batches of a training step, [net] subdivisions of them, whose gradients are summed in one order whether one
 * process computes them all or several share them (ranks/ranks.h): a binary tree.
 *
 *     subdivisions = m 2^k, m odd      m sub-batches that follow each other are added one by one,
 *     ((0 + 1) + (2 + 3)) + ...        the 2^k sums in pairs, the pairs in pairs, and so on
 *
 * R ranks, R a power of two that divides subdivisions, have subdivisions/R sub-batches each that follow each other. A
 * rank's part of the tree is a whole one; what is above is done by vd_ranks_sum(). So all R give the same bits. After a
 * step every rank has all sums, and takes the same step of the optimiser.
 *
 * This holds with [net] seed=N; several ranks that have none are given one. A single process without a seed, and
 * networks with recurrent layers, add as stock Darknet does, picture by picture; so does all with odd subdivisions,
 * which no two ranks can share.
 *
 * What a forward pass leaves behind, beside gradients, is brought together in the order of the sub-batches: rolling
 * statistics of batch normalisation, costs. Random numbers drawn in a sub-batch, by [dropout], are those of a sequence
 * of its own. Weights that are frozen or pruned for good are not sent. */
#ifndef VD_TRAINING_SUB_BATCHES_H
#define VD_TRAINING_SUB_BATCHES_H

#include "darknet.h"

/* a training on several ranks begins: ends the program when their number does not divide subdivisions, *net->seen is
 * not between two steps, or the network is a recurrent one */
void vd_sub_batches_check(const network *net);

/* before the forward pass of a sub-batch, and before *net->seen counts it. sound: it will be computed */
void vd_sub_batch_begin(network *net, int sound);

/* after its backward pass, or in its place when it was left out because numbers were not finite; error: its cost.
 * Returns 1 when the update is due: the gradients are then those of the step */
int vd_sub_batch_end(network *net, float error, int sound);

/* the mean cost an image of the step that has just ended; sum: of this rank's n sub-batches */
float vd_sub_batches_loss(const network *net, float sum, int n);

/* rank 0 of several: a line on stderr, how much is sent in a batch, and the share of the time that is waited */
void vd_sub_batches_print(const network *net);

#endif
