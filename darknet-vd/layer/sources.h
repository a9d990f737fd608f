/* The layers whose outputs a layer reads besides that of the layer in front of it, and whose gradients it adds to. */
#ifndef VD_LAYER_SOURCES_H
#define VD_LAYER_SOURCES_H

#include "darknet.h"

/* their numbers in the network; returns how many. A [route] reads these alone, other layers the one in front as well */
int vd_far_sources(const layer *l, const int **layers);

/* 1 when l reads layer `index` so */
int vd_reads_from_afar(const layer *l, int index);

/* 1 when no layer behind layer i, an [avgpool], reads a map of a layer in front of it: what follows has one size
 * whatever the size of the picture */
int vd_ends_maps(const network *net, int i);

#endif
