/* [vd_cost] target_sparsity=s: a training that ends with the share s of its weights pruned; and target_size=b: with
 * weights that `vd pack`, without options, writes to a file of b bytes.
 *
 * Let q(t) be the log alpha that the share s of all weights is over. With the right w(t) it rises to about the cut of
 * test time by itself. The sparsity seen while the rate is high is no measure of the final one, as pruned weights
 * jitter around the threshold; the quantile q moves smoothly.
 *
 *   from kl_start on    w(t) is kl_scale's ramp times f(t). At 200 times f is changed so that q follows a line from
 *                       where it was to AIM, a log alpha of 1, at PRUNING of the way to the end. freeze_pruned freezes
 *                       at most the share s
 *   then                weights freeze (freeze.h) in the order of their log alpha, from the share frozen then to s at
 *                       SETTLING of the way
 *   after that          w is 0: those left are trained as they are, and keep their noise. One that comes to the cut of
 *                       test time, as theta passes through 0, gets less noise: it stays
 *
 * The way ends with max_batches, or with fine_tune's batches.
 *
 * With target_size the share s is measured: the file is packed without the weights of the highest log alpha
 * (target_size.h), when w(t) begins and at every tenth of the 200 times, and once more before weights freeze by rank.
 * At SETTLING the last ones to freeze are those with which the file has at most b bytes, and every 500 batches after
 * that, and at the end, more weights freeze where it has grown again. So it ends with at most b bytes, and with less
 * than 1 % fewer. Where b is less than the file of a network without a weight, w(t) is that of kl_scale, and nothing
 * is frozen. */
#ifndef VD_LAYER_TARGET_H
#define VD_LAYER_TARGET_H

#include "layer/schedule.h"

#include <stdio.h>

/* after the last layer's update of a batch; 1: it will look at the weights */
void vd_target_batch(network *net);
int vd_target_is_due(const network *net);

/* after a checkpoint has been read. [vd_cost] may have changed since: without a target w(t) is that of kl_scale again,
 * and with a size out of reach, too; another target, or a share that has not been come to, is steered to from here on
 */
void vd_target_restored(network *net);

/* the line of a report: what was asked for, and what will come of it; at the end of the training, what came */
void vd_target_print(FILE *fp, network *net);

#endif
