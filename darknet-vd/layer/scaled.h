/* [scale_channels] and [sam] of later Darknets: the output of the layer of from=, x, times the numbers of the layer in
 * front, s, for image b, channel c and pixel p:
 *
 *     [scale_channels]              y = activation(x[b][c][p] s[b][c])       squeeze and excitation, Hu et al. 2018
 *     [scale_channels] scale_wh=1   y = activation(x[b][c][p] s[b][p])
 *     [sam]                         y = activation(x[b][c][p] s[b][c][p])    pointwise attention, Bochkovskiy et al.
 *                                                                            2020
 */
#ifndef VD_LAYER_SCALED_H
#define VD_LAYER_SCALED_H

#include "darknet.h"

/* from: the number of the layer x, which has been made; the layer in front is s */
layer make_vd_scale_channels(const network *net, int index, int from, int scale_wh, ACTIVATION a);
layer make_vd_sam(const network *net, int index, int from, ACTIVATION a);

#endif
