/* Layers of later Darknets that the parser of a stock section builds, and that have other functions. They keep the type
 * of that section, which knows how they are resized. */
#ifndef VD_LAYER_VARIANTS_H
#define VD_LAYER_VARIANTS_H

#include "darknet.h"

/* layer.variant */
typedef enum {
    VD_NO_VARIANT,
    VD_LOCAL_MEANS,        /* [local_avgpool], a MAXPOOL: the mean of each window */
    VD_CHANNEL_MAXIMA,     /* [maxpool] maxpool_depth=1: the largest of channels k, k + out_c, ... */
    VD_SQUARES_TO_CHANNELS /* [reorg3d], a REORG: every pixel of a square becomes the pixel of another channel */
} vd_variant;

/* make it one; a layer of channel maxima has out_c channels, and no windows. The layer's arrays are made again */
void vd_make_variant(layer *l, vd_variant variant, int out_c);

/* the name of the layer's section: of a stock layer that of its type */
const char *vd_section_of(layer l);

/* The layer's backward function overwrites the gradient of its input in stock Darknet ([reorg], [upsample] with a
 * negative stride, [normalization], a 1x1 convolution that no faster function computes): let it add, so that what a
 * [route] or [shortcut] has added stays. Others are not changed */
int vd_backward_overwrites(layer l);
void vd_make_backward_add(layer *l);
int vd_backward_adds(layer l);

#endif
