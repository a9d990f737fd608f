/* Which channels of a network can go without its outputs changing.
 *
 * A channel is one plane of a layer's output, or one unit. Channels that Darknet's layers tie together, as the two
 * summands and the sum of a [shortcut], go or stay as one class. A class goes when whoever reads one of its channels
 * does so with weights of zero, or reads a constant: a channel with the same value in every pixel of every picture,
 * which can be moved into the reader's bias. Each removal frees more of what lies before it, until none is left. */
#ifndef VD_EXPORT_REMOVAL_H
#define VD_EXPORT_REMOVAL_H

#include "export/channels.h"

/* make and free the channels of a model, those that can go marked as removed */
vd_channels *make_vd_channels(const vd_model *m);
void free_vd_channels(vd_channels *ch);

/* a product that reads channel k and cannot do without it, -1 when there is none */
int vd_channel_reader(const vd_channels *ch, const vd_model *m, int k);

/* what one input channel of product l, a constant, adds to every output of a filter with these n weights for it; 0
 * when zero padding takes the constant's place under one of them. On pictures of any size */
int vd_channel_contribution(const vd_model_layer *l, const float *weights, int n, float value, double *sum);

/* why channels of layer i are still there although they are constants: a fresh string, empty when there are none */
char *vd_channels_why(const vd_channels *ch, const vd_model *m, int i);

/* take the removed channels out of the model's weights, and move their constants */
void vd_model_compact(vd_model *m, const vd_channels *ch);

#endif
