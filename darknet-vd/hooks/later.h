/* What later Darknets (AlexeyAB's and those after it) added to cfgs, put into the layers that the stock parser made. */
#ifndef VD_HOOKS_LATER_H
#define VD_HOOKS_LATER_H

#include "config/options.h"

/* [net] is about to be read */
void vd_later_net(vd_section s, network *net);

/* before the stock parser reads a section: defaults that differ where keys of later Darknets are given */
void vd_later_defaults(vd_section s);

/* make the layer of a section that the stock parser does not know; returns 0 for those that it does */
int vd_later_make(vd_section s, const network *net, layer *l);

/* after it has made *l: read those keys, and put functions and data into the layer */
void vd_later_attach(vd_section s, layer *l);

/* a [yolo] without keys of theirs gets their rules, with their defaults; returns 0 where it has them, and for other
 * layers */
int vd_later_make_head(layer *l);

/* a training begins: how its pictures are placed */
void vd_later_train(const network *net);

/* what a .weights file has for a layer beside what stock Darknet writes and reads, in front of that: the weights of a
 * [shortcut], and the biases of a [batchnorm] as later Darknets have them. Returns how many numbers *at has */
size_t vd_later_weights_of(layer l, float **at);

#endif
