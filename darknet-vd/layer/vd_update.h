/* One update of a variational layer: SGD or Adam on weights, log_sigma2, biases and scales. */
#ifndef VD_LAYER_VD_UPDATE_H
#define VD_LAYER_VD_UPDATE_H

#include "layer/vd_layer.h"

/* layer.update of both types: the gradient of sigma2 is chained to theta and log_sigma2, that of the KL divergence
 * added once (Molchanov et al. 2017, eq. 14), and the step taken. A batch that fine-tunes takes fine_tune.h's step
 * instead, and with method=magnitude every batch takes magnitude.h's. */
void update_vd_layer(layer l, update_args a);

/* ---- an update that several processes share: each has some pieces (posterior.h: VD_PIECE) of the weights ---- */

/* 0: this layer's update of the batch being trained needs all weights, or runs over lists of active ones */
int vd_update_is_shareable(layer l);

/* the next update_vd_layer() takes pieces first .. end - 1 alone. Then theta, sigma2 and vd_update_sums_of() of the
 * others must be written, before vd_update_join() makes the variance of the next forward current. log_sigma2, moments
 * and counts of the other pieces stay behind */
void vd_update_share(layer l, int first, int end);
void *vd_update_sums_of(layer l, int piece, size_t *bytes);
void vd_update_join(layer l);

/* make the velocity of theta where SGD with momentum needs it; Adam's moments are the stock layer's */
void vd_allocate_velocity(vd_layer *vd, update_args a);

/* make all moments that the updates of this training need, before lists of active weights take them: a checkpoint of
 * method=magnitude has none of log_sigma2, one of momentum=0 no velocities */
void vd_allocate_moments(vd_layer *vd);

#endif
