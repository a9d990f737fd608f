/* Computes a layer's size before Darknet allocates it, because Darknet's int arithmetic overflows silently, and a
 * window larger than the picture gives it negative sizes. */
#ifndef VD_CONFIG_SHAPE_H
#define VD_CONFIG_SHAPE_H

#include "darknet.h"
#include "config/options.h"

/* the steps between windows of a convolution or a pool */
typedef struct {
    int x, y;
} vd_strides;

/* stride_x= and stride_y= where they are given, else stride= */
vd_strides vd_strides_of(vd_section s);

/* of a convolution, 1 for none */
int vd_dilation_of(vd_section s);

/* check [net]'s input: it has a size, and the numbers of a batch fit an int */
void vd_shape_check_net(vd_section s);

/* check a section that vd_schema_check() has accepted; net has the layers before it. A layer that has no outputs, does
 * not fit the layer before, or whose weights or outputs of a batch do not fit an int ends the program with one line. */
void vd_shape_check(vd_section s, const network *net);

/* check, before anything else, that a section which needs a picture does not read a [route] of maps of different sizes:
 * Darknet joins these to a list of numbers without width and height */
void vd_shape_check_route(vd_section s, const network *net);

/* called when training starts: a layer that compares more numbers with the truth than there are (in the network's
 * truth, or in the outputs of a layer before it with truth=1) ends the program with one line */
void vd_shape_check_truths(const network *net);

/* likewise: batch normalisation of one number a channel, whose variance is 0/0 */
void vd_shape_check_norms(const network *net);

#endif
