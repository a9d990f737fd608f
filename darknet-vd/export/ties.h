/* What Darknet's layers make of channels: how many there are, which go or stay together, and which must stay. */
#ifndef VD_EXPORT_TIES_H
#define VD_EXPORT_TIES_H

#include "export/channels.h"

/* a fresh vd_channels with n, total, first, pixels, class, next, pinned_by and column filled in, the rest null */
vd_channels *make_vd_channel_ties(const vd_model *m);

/* the input channels that output channel c of a [reorg] has pixels of
 *
 *   inputs   [stride^2] the first of them are written
 *
 * returns how many */
int vd_reorg_inputs(const vd_model_layer *l, int c, int *inputs);

#endif
