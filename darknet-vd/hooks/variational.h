/* The keys of [vd_connected], [vd_convolutional] and [vd_cost] become data of their layers. */
#ifndef VD_HOOKS_VARIATIONAL_H
#define VD_HOOKS_VARIATIONAL_H

#include "config/keys.h"
#include "config/options.h"

#include <stdint.h>

#include "darknet.h"

/* a section of that kind, before the stock parser has built its layer: ends the program where the parser would accept
 * what a variational layer does not support, and gives the parser of [cost] the key that it expects */
void vd_variational_check(vd_section s, vd_section_kind kind);

/* *l, built by the stock parser, becomes variational; its noise is drawn with the seed */
void vd_variational_attach(vd_section s, layer *l, network *net, uint64_t seed);

/* *l, the last layer, becomes the cost of the layer before it and the KL term of all variational ones */
void vd_variational_attach_cost(vd_section s, layer *l, network *net);

#endif
