/* The layers that find objects, [yolo], [region] and [detection], work as one: Darknet allocates detections by the last
 * layer of the network, and one truth array is read by all heads. */
#ifndef VD_CONFIG_HEADS_H
#define VD_CONFIG_HEADS_H

#include "darknet.h"
#include "config/options.h"

/* 1 for [yolo], [region] and [detection] */
int vd_is_head(LAYER_TYPE type);

/* 1 for a network that finds objects */
int vd_has_head(const network *net);

/* the number of the layer that answers: the last one, but for [cost] and [vd_cost] */
int vd_last_layer(const network *net);

/* called with the last layer, net has those before it; nothing for a network without heads
 *
 * Heads that differ in what they share, and a layer after the last head that is not [vd_cost], end the program with a
 * line that names both. Then every head takes as many objects of a picture as the largest max=, and the truth of a
 * picture has room for them: changes max_boxes and truths of the heads. */
void vd_heads_join(vd_section s, network *net, layer *last);

/* called when `darknet detector` begins a training: [detection], or boxes with other than 4 coordinates, whose truth
 * its loader cannot make, end the program */
void vd_heads_check_training(const network *net);

#endif
