/* What Darknet's layers make of channels: how many there are, which go or stay together, and which must stay. */
#ifndef VD_EXPORT_CHANNELS_H
#define VD_EXPORT_CHANNELS_H

#include "export/model.h"

enum { VD_NOT_PINNED = -2 };

typedef struct {
    int n;          /* layers */
    int total;      /* channels of the picture and all layers */
    int *first;     /* [n + 2] first[i + 1] is the number of layer i's channel 0; first[0] = 0, the picture's */
    int *pixels;    /* [total] */
    char *constant; /* [total] it is one */
    float *value;   /* [total] of a constant */
    char *removed;  /* [total] */
    int *class;     /* [total] the first channel of those tied to this one */
    int *next;      /* [total] the next channel of its class, -1 behind the last */
    int *pinned_by; /* [total] of a class: the layer that needs it whole, -1 the picture; VD_NOT_PINNED */
    int **column;   /* [n] of a product: [inputs + 1] the first column of input channel p; null otherwise */
    char **blocks;  /* [n] of a product: [filters][inputs] weights that are not 0 and no constant's that can move */
    int **blocked;  /* [n] of a product: [inputs] how many of the filters that stay block input channel p */
    int *left;      /* [n + 1] channels that stay, by layer; left[0] the picture's */
} vd_channels;

/* number of channel c of layer i, -1 for the picture; how many there are */
static inline int vd_channel(const vd_channels *ch, int i, int c)
{
    return ch->first[i + 1] + c;
}
static inline int vd_channels_of(const vd_channels *ch, int i)
{
    return ch->first[i + 2] - ch->first[i + 1];
}

/* the layer of channel number k */
int vd_channel_layer(const vd_channels *ch, int k);

/* a fresh vd_channels with n, total, first, pixels, class, next, pinned_by and column filled in, the rest null */
vd_channels *make_vd_channel_ties(const vd_model *m);

/* the input channels that output channel c of a [reorg] has pixels of
 *
 *   inputs   [stride^2] the first of them are written
 *
 * returns how many */
int vd_reorg_inputs(const vd_model_layer *l, int c, int *inputs);

#endif
