/* One update of a variational layer: SGD or Adam on weights, log_sigma2, biases and scales. */
#ifndef VD_LAYER_VD_UPDATE_H
#define VD_LAYER_VD_UPDATE_H

#include "layer/vd_layer.h"

/* layer.update of both types: the gradient of sigma2 is chained to theta and log_sigma2, that of the KL divergence
 * added once (Molchanov et al. 2017, eq. 14), and the step taken. A batch that fine-tunes takes fine_tune.h's step
 * instead. */
void update_vd_layer(layer l, update_args a);

/* make the velocity of theta where SGD with momentum needs it; Adam's moments are the stock layer's */
void vd_allocate_velocity(vd_layer *vd, update_args a);

#endif
