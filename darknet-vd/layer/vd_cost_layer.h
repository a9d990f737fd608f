/* [vd_cost], the last section: adds w(t)/N KL to the network's cost, and prints the report lines of a training run. */
#ifndef VD_LAYER_VD_COST_LAYER_H
#define VD_LAYER_VD_COST_LAYER_H

#include "layer/schedule.h"

/* turn layer l, built as a stock [cost], into the variational one. Members that stock programs read from a network's
 * last layer are copied from the layer before it */
void make_vd_cost_layer(layer *l, layer previous, vd_cost cost);

/* a sub-batch has had this cost an image: for the line of the epoch. The forward pass does it, and who adds sub-batches
 * that others have computed */
void vd_cost_count(vd_cost *c, double own);

/* the update of this batch will print a line of all layers' sparsity */
int vd_cost_reports(const network *net);

#endif
