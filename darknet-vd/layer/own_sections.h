/* What other layers hold besides their product, as sections of their own: [activation] and [batchnorm]; and [dropout],
 * which needs nothing but to change its size. Stock Darknet's overwrite gradients that a [shortcut] or [route] has
 * added to the layer in front; these add to them (delta.h). Neither keeps its input: that is the output of the layer in
 * front. */
#ifndef VD_LAYER_OWN_SECTIONS_H
#define VD_LAYER_OWN_SECTIONS_H

#include "darknet.h"

/* replace the functions of a stock [activation], [batchnorm] or [dropout]; others are not changed */
void vd_take_own_section(layer *l);

/* 1 for an [activation] or [batchnorm] whose functions these are */
int vd_is_own_section(layer l);

/* which epsilon a [batchnorm] has (layer/norm.h). Those of later Darknets also train its scales and biases, and save
 * the biases; stock Darknet's does neither */
void vd_set_batchnorm(layer *l, int epsilon_in_root);

#endif
