#ifndef VD_CONVOLUTIONAL_LAYER_H
#define VD_CONVOLUTIONAL_LAYER_H

#include "darknet.h"

/* turn layer l, built by the stock [convolutional] parser and given its vd_layer, into the variational one
 *
 *   forward    output[b][n][oh][ow], input[b][c][h][w] convolved with theta[n][c/groups][kh][kw], sampled (training) or
 *              masked (test)
 *   backward   l.delta -> weight_updates, d_sigma2, net.delta (+=), all sums of -dL */
void make_vd_convolutional_layer(layer *l);

#endif
