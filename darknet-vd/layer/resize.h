/* What resize_network() does to layers that more than one map meets in, to [reorg] and to layers with windows. A
 * picture of another size is an error where the maps no longer meet as they do for a picture of the cfg's size, or one
 * is too small for a window: stock Darknet then reads and writes past its arrays. A [shortcut] of maps of different
 * sizes, which stock Darknet cannot resize, keeps their ratio. */
#ifndef VD_LAYER_RESIZE_H
#define VD_LAYER_RESIZE_H

#include "darknet.h"

/* give a [convolutional], [maxpool], [route], [shortcut] or [reorg] these functions; others are not changed */
void vd_take_resize(layer *l);

/* layer `index` of a network that is resized needs a map of w x h from layer `from`, as layer `like` has it; ends the
 * program when that one has another size */
void vd_expect_map(const network *net, int index, int from, int w, int h, int like);

#endif
