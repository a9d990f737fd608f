/* Whose rules a network follows: those of stock Darknet, or those of later Darknets, AlexeyAB's and those after it.
 *
 *   stock     a cfg without keys of theirs, and weights of a version below 0.2.5
 *   by keys   a section has keys of theirs, or [net] has bn_eps=alexeyab
 *   by files  the weights are of version 0.2.5 or later, which they write, and [net] has no bn_eps=
 *
 *   what they rule                 stock                                     later                      key in [net]
 *   epsilon of batch normalisation beside the root                           inside                     bn_eps
 *   [yolo]                         stock Darknet's losses                    theirs
 *   pictures, heads all [yolo]     keep their shape                          fill the input             letter_box
 *   1x1 convolutions with a stride read the input in another order           are convolutions
 *   1x1 convolutions, [reorg] ...: write over what others have added, but    add                        add_gradients
 *     gradient of the input        not in a cfg with variational sections
 *
 * add_gradients=0 is for a cfg with variational sections: a network of later Darknets adds all the same.
 *
 * net->later says which they are once the cfg has been read: 0 stock, 1 by keys, VD_LATER_BY_WEIGHTS by files. */
#ifndef VD_HOOKS_RULES_H
#define VD_HOOKS_RULES_H

#include "config/options.h"

/* [net] is about to be read: its keys in the table; nothing of theirs has been found */
void vd_rules_net(vd_section s, network *net);

/* a section of the network that is being read has something of theirs */
void vd_rules_found_later(void);
int vd_rules_are_later(void);

/* the cfg has been read: put the rules into the layers */
void vd_rules_end(network *net);

/* weights of this version of the format are about to be loaded */
void vd_rules_weights(network *net, const char *filename, int major, int minor, int revision);

#endif
