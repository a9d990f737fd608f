/* Which channels of a network can go without its outputs changing.
 *
 * A channel is one plane of a layer's output, or one unit. Channels that Darknet's layers tie together, as the two
 * summands and the sum of a [shortcut], go or stay as one class. A class goes when whoever reads one of its channels
 * does so with weights of zero, or reads a constant: a channel with the same value in every pixel of every picture,
 * which can be moved into the reader's bias. Each removal frees more of what lies before it, until none is left. */
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

vd_channels *make_vd_channels(const vd_model *m);
void free_vd_channels(vd_channels *ch);

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
