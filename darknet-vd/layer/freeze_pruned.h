/* [vd_cost] freeze_pruned=N on one variational layer: freezing (freeze.h), and training on the active weights alone
 * where that is faster. */
#ifndef VD_LAYER_FREEZE_PRUNED_H
#define VD_LAYER_FREEZE_PRUNED_H

#include "layer/vd_layer.h"

/* freeze the weights that have been pruned for this number of batches; the layer then runs over lists of the others if
 * those are few enough to be faster */
void vd_freeze_pruned(layer l, int batches);

/* the number of frozen weights, 0 while nothing is counted */
size_t vd_frozen_weights(layer l, int batches);

/* frozen weights of all variational layers, as a share of their weights; 0 without weights */
double vd_frozen_share(const network *net);

/* run over lists from now on; back to whole arrays, which loses nothing */
void vd_run_over_active(layer l, int batches);
void vd_leave_active(layer l);

#endif
