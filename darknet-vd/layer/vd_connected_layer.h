#ifndef VD_CONNECTED_LAYER_H
#define VD_CONNECTED_LAYER_H

#include "darknet.h"

/* turn layer l, built by the stock [connected] parser and given its vd_layer, into the variational one
 *
 *   forward    output[b][o]  sum over i of input[b][i] theta[o][i], sampled (training) or masked (test)
 *   backward   l.delta -> weight_updates, d_sigma2, net.delta (+=), all sums of -dL */
void make_vd_connected_layer(layer *l);

#endif
