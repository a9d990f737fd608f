/* [vd_cost] fine_tune=N on one variational layer: an update of the last N batches. */
#ifndef VD_LAYER_FINE_TUNE_H
#define VD_LAYER_FINE_TUNE_H

#include "layer/vd_layer.h"

/* The products of the batch have been those of test time. Pruned weights become 0 and stay 0. The others take a step,
 * and their log_sigma2 is lowered where theta comes so near to 0 that they would be pruned. No noise, no KL term. */
void vd_fine_tune(layer l, update_args a);

#endif
