/* How large a layer will be, reckoned before Darknet makes it: its int arithmetic overflows in silence, and a window
 * larger than the picture gives it sizes below zero. */
#ifndef VD_SHAPE_H
#define VD_SHAPE_H

#include "darknet.h"
#include "config/options.h"

/* [net]'s input: it has a size, and a batch of it can be counted by an int */
void vd_shape_check_net(vd_section s);

/* a section whose values vd_schema_check() has seen; those before it are in net. What has no outputs, does not fit the
 * layer before, or has more weights or outputs of a batch than an int can count ends the program with one line. */
void vd_shape_check(vd_section s, const network *net);

/* A training of net begins: a layer that would compare more numbers with the truth than there are, the network's or
 * those of a layer before it with truth=1, ends the program with one line. */
void vd_shape_check_truths(const network *net);

#endif
