/* The channels of a network, as its layers connect them: how many there are, which of them go or stay together, and
 * which must stay. removal.h then finds those that can go. */
#ifndef VD_EXPORT_CHANNELS_H
#define VD_EXPORT_CHANNELS_H

#include "export/model.h"

enum { VD_NOT_PINNED = -1 };

/* All channels of a network have one numbering: those of the picture, then those of layer 0, of layer 1 and so on. */
typedef struct {
    int layers;
    int total; /* channels of the picture and all layers */

    /* by source (the picture is number 0, layer i number i + 1) */
    int *first;         /* [layers + 2] the number of its channel 0; the last one is total */
    int *channels_left; /* [layers + 1] channels that have not been removed */

    /* by channel */
    int *pixels;    /* [total] */
    char *constant; /* [total] 1 where it is one */
    float *value;   /* [total] of a constant */
    char *removed;  /* [total] 1 where it is */
    int *tied_to;   /* [total] the first channel of those that go or stay together with this one */
    int *next_tied; /* [total] the next of them, -1 after the last */
    int *pinned_by; /* [total] of the first of them: the source that needs them all, or VD_NOT_PINNED */

    /* by layer: null but for products */
    int **column;       /* [layers] [inputs + 1] the first column of input channel p in a filter */
    char **reads_from;  /* [layers] [filters][inputs] 1 where the filter needs the channel: its weights for it are not
                           all 0, and it is no constant that can move into the bias */
    int **readers_left; /* [layers] [inputs] filters that read from the channel and have not been removed */
} vd_channels;

/* the number of channel c of a source; how many it has */
static inline int vd_channel(const vd_channels *ch, int source, int c)
{
    return ch->first[source] + c;
}
static inline int vd_channels_of(const vd_channels *ch, int source)
{
    return ch->first[source + 1] - ch->first[source];
}

/* the channels of source s that layer l passes on, one after the other: all but in a [route] with groups */
typedef struct {
    int first, n; /* the number of the first of them */
} vd_channel_range;
vd_channel_range vd_channels_from(const vd_channels *ch, const vd_model_layer *l, int s);

/* 1 for a VD_SCALED layer whose first source has one channel for all of the other's */
int vd_scales_pixels(const vd_channels *ch, const vd_model_layer *l);

/* the source of channel number k */
int vd_channel_source(const vd_channels *ch, int k);

/* a fresh vd_channels with layers, total, first, pixels, tied_to, next_tied, pinned_by and column filled in, the rest
 * null */
vd_channels *make_vd_channel_ties(const vd_model *m);

/* the input channels whose pixels are in output channel c of a [reorg]
 *
 *   inputs   [stride^2]  overwritten from the first on
 *
 * Returns how many there are. */
int vd_reorg_inputs(const vd_model_layer *l, int c, int *inputs);

#endif
