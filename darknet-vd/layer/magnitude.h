/* [vd_cost] method=magnitude: gradual magnitude pruning, the baseline of variational dropout. The variational layers
 * train as plain ones, without noise and KL term. After the updates of batches t = t0, t0 + prune_every, ... and of
 * t0 + n, t0 = prune_start, n = prune_ramp, the smallest |theta| are pruned until their share of the weights is
 *
 *     s(t) = s_f (1 - (1 - (t - t0)/n)^3),   s_f = target_sparsity
 *
 * Source: Zhu, Gupta 2017, "To prune, or not to prune", eq. 1, with s_i = 0. magnitude=global: of all weights of the
 * variational layers together; uniform: of each layer's, as there. Numbers of weights are rounded down.
 *
 * A training that begins behind t0 + n, with weights or a checkpoint of another one, prunes after its first batch.
 *
 * A pruned weight is frozen (freeze.h): it is 0, has no updates, and does not come back. Those of a weights file that
 * are 0 at test time are pruned from the start. Every other weight has so little log_sigma2 that files hold it as one
 * that is left, however small it becomes. */
#ifndef VD_LAYER_MAGNITUDE_H
#define VD_LAYER_MAGNITUDE_H

#include "layer/schedule.h"

#include <stdio.h>

/* log_sigma2 of a weight that is left: its log_alpha is at the lower clip, also where theta = 0 */
static const float vd_magnitude_log_sigma2 = -30;

/* s(t), the share of the weights that are pruned after batch t */
double vd_magnitude_share(const vd_cost *c, long t);

/* one layer's update of a batch: SGD or Adam on the weights that are left, and on biases and scales */
void vd_magnitude_update(layer l, update_args a);

/* after the last layer's update of a batch: prune, where the batch is one of those */
void vd_magnitude_batch(network *net);

/* the line of a report: what was asked for, and what is pruned by now */
void vd_magnitude_print(FILE *fp, const network *net);

#endif
