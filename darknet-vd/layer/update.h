/* Steps of gradient descent on a layer's arrays. Darknet's sign: an update is the sum over the batch of the NEGATIVE
 * gradient, and the step is along it. */
#ifndef VD_LAYER_UPDATE_H
#define VD_LAYER_UPDATE_H

#include "darknet.h"
#include "kernels/kernels.h"

/* what the steps of one layer have in common, computed once for all its pieces */
typedef struct {
    int adam;
    vd_adam_args args; /* rate, decay and batch are SGD's too */
    float momentum;
} vd_step;

/* a.batch: images in the sums; a.t: step, from 1 */
vd_step vd_step_of(layer l, update_args a);
vd_step vd_step_without_decay(vd_step s);

/* one step on x [n] along updates [n], which are zeroed
 *   adam   m, v [n] are the moments; the mean gradient is bias-corrected
 *   sgd    m is the velocity, null without momentum; v is not used */
void vd_update(vd_step s, size_t n, float *x, float *updates, float *m, float *v);

/* biases and batch-norm scales of a connected or convolutional layer: Adam, or exactly the stock SGD step (there
 * updates hold the velocity too). No decay, as in stock SGD */
void vd_update_biases(layer l, update_args a);

/* Adam on every array of a stock layer that has weights: convolutional, connected, deconvolutional, local, and the
 * layers rnn, gru, lstm and crnn are made of. Stock Darknet has Adam on the GPU only and steps by SGD at Adam's rate on
 * the CPU. returns 0 when the layer has nothing to train */
int vd_update_stock_layer_adam(layer l, update_args a);

/* make the moments Adam needs where the stock layer has none (local, crnn) */
void vd_update_allocate_adam(layer *l);

#endif
