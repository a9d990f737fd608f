/* Finds channels that can be removed without changing the network's outputs.
 *
 * A channel is one plane of a layer's output, or one unit. Channels that layers tie together, such as the two summands
 * and the sum of a [shortcut], go or stay together. They can go when every layer that reads one of them has weights of
 * zero for it, or can do without it because it is a constant: a channel with the same value in every pixel of every
 * picture, which moves into the reader's bias. Each removal may free channels before it, until none is left that can
 * go. Where a [route] cuts channels into groups, as many stay in each: some then stay that could go.
 *
 * Six channels as an example: layer 0 [convolutional] has six filters and reads a picture of two channels; layer 1
 * [route] has groups=2 and group_id=1; layer 2 [convolutional], of size 1, has four filters and is the output. All
 * weights of the fifth filter are 0, and its activation makes .5 of its bias. By number (channels.h):
 *
 *     picture      0  1              pinned by the picture
 *     layer 0            2  3  4   5  6  7
 *     layer 1                      8  9 10     8 is tied to 5, 9 to 6, 10 to 7; layer 2 has 11 to 14, pinned by it
 *
 *     constant           -  -  -   - .5  -     find_constants(): 9, too
 *     readers            0  0  0   4  0  4     filters that need it or one tied to it; .5 can move into their biases
 *     removed            x  x  x      x        remove_all(): 9, too
 *     in the end               x      x        vd_channels_even(): one group has none and the other two, so that two
 *                                              come back, pinned by layer 1
 *
 * What layer 0 keeps is 2 3 | 5 7, and layer 1 still passes on the second half. Nothing reads 2 and 3; had one of the
 * first group been a constant, it would have come back first, as its filter has no weights. */
#ifndef VD_EXPORT_REMOVAL_H
#define VD_EXPORT_REMOVAL_H

#include "export/channels.h"

/* the channels of a model, those that can go marked as removed */
vd_channels *make_vd_channels(const vd_model *m);
void free_vd_channels(vd_channels *ch);

/* take removals back until every [route] with groups can cut its sources into equal parts again, where it did */
void vd_channels_even(vd_channels *ch, const vd_model *m);

/* a product (its layer) that reads channel k and needs it; -1 when there is none */
int vd_channel_reader(const vd_channels *ch, const vd_model *m, int k);

/* *sum = what a constant input channel of product l adds to every output of a filter with these n weights for it, on
 * pictures of any size. Returns 0 when that is not the same everywhere, because some weight meets the zero padding */
int vd_channel_contribution(const vd_model_layer *l, const float *weights, int n, float value, double *sum);

/* why channels of layer i stay although they are constants: a string the caller frees, empty when there are none */
char *vd_channels_why(const vd_channels *ch, const vd_model *m, int i);

/* take the removed channels out of the model's weights, and move their constants into the readers' biases */
void vd_model_compact(vd_model *m, const vd_channels *ch);

#endif
