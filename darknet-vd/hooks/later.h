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

/* the cfg has been read: which epsilon batch normalisation has (vd_norm_deviation()). [net] bn_eps= says so; without
 * it, a cfg with keys of later Darknets has theirs. last is the last layer, which is not in net yet */
void vd_later_end(network *net, layer *last);

/* a training begins: how its pictures are placed */
void vd_later_train(const network *net);

/* what a .weights file has for a layer beside what stock Darknet writes and reads, in front of that: the weights of a
 * [shortcut], and the biases of a [batchnorm] as later Darknets have them. Returns how many numbers *at has */
size_t vd_later_weights_of(layer l, float **at);

/* weights of this version of the format are about to be loaded: 0.2.5 and later are written by later Darknets, and have
 * their epsilon, heads and gradients unless [net] bn_eps= says otherwise. The network keeps these: weights of another
 * version after them end the program */
void vd_later_weights(network *net, const char *filename, int major, int minor, int revision);

#endif
