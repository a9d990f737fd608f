/* [vd_cost]: the last section. Adds w(t)/N KL to the network's cost and gives the layers' updates its scale. */
#ifndef VD_COST_LAYER_H
#define VD_COST_LAYER_H

#include "layer/schedule.h"

/* turn layer l, built as a stock [cost], into the variational one; the previous layer lends it what stock programs read
 * from a network's last layer */
void make_vd_cost_layer(layer *l, layer previous, vd_cost cost);
void free_vd_cost_layer(layer l);

/* KL divergence of all variational layers, in nats, at the latest training forward */
double vd_network_kl(const network *net);

#endif
