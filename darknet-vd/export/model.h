/* A network as the exporter sees it: what every layer reads, how its output channels come about, and its test-time
 * weights in memory of its own. Nothing in it is variational, and it outlives the network it was read from. */
#ifndef VD_EXPORT_MODEL_H
#define VD_EXPORT_MODEL_H

#include "darknet.h"

typedef enum {
    VD_WHOLE,    /* reads all channels at their places, and its own stay: [softmax], [yolo], groups > 1, ... */
    VD_PRODUCT,  /* convolution, connected: every output channel is a sum over every input channel */
    VD_EACH,     /* channel c is a function of input channel c alone: [maxpool], [upsample], ... */
    VD_ROUTE,    /* the channels of all sources, one source after the other */
    VD_SHORTCUT, /* the sum of two sources, channel by channel */
    VD_REORG     /* the pixels of groups of channels, rearranged */
} vd_kind;

/* Sizes are those before compaction, but for filters and columns, which always fit the arrays. */
typedef struct {
    LAYER_TYPE type;
    vd_kind kind;
    int variational;
    ACTIVATION activation;
    int n_sources;
    int *sources;                    /* [n_sources] numbers of the layers read, -1 for the picture */
    int channels, out_h, out_w;      /* of the output; a layer without channels has one, of all its numbers */
    int c, h, w;                     /* of the input; of a shortcut, those of its second source */
    int size, stride, pad, groups;   /* as in Darknet's struct layer */
    int reverse;                     /* reorg, upsample */
    float alpha, beta, scale;        /* shortcut; upsample */
    int filters;                     /* biases: filters, or units; 0 in a layer without weights */
    int columns;                     /* weights a filter: input channels x size x size, or inputs */
    float *weights;                  /* [filters][columns], pruned ones are 0 */
    float *biases;                   /* [filters] */
    float *scales, *mean, *variance; /* [filters], null without batch norm */
} vd_model_layer;

typedef struct {
    int n; /* [vd_cost] is not counted */
    vd_model_layer *layers;
    int channels, pixels; /* of the picture; a net with inputs= alone has one channel */
    int output;           /* the layer whose output network_predict() returns */
    size_t seen;
} vd_model;

/* copy the test-time network; what stock Darknet could not load or would compute otherwise ends the program
 *
 *   filename   of the cfg, for messages */
vd_model *make_vd_model(const network *net, const char *filename);
void free_vd_model(vd_model *m);

/* fold batch normalisation into weights and biases:
 *     y = scales (a*w - mean)/(sqrt(variance) + 1e-6) + biases = a*w' + biases'        stock Darknet's epsilon */
void vd_model_fuse(vd_model *m);

/* a stock .weights file of the model */
void vd_model_write(const vd_model *m, FILE *fp);

/* what one layer and all layers together take */
typedef struct {
    size_t weights, nonzero; /* biases not counted */
    double products;         /* multiply-adds for one picture */
} vd_model_size;
vd_model_size vd_model_layer_size(const vd_model_layer *l);
vd_model_size vd_model_total(const vd_model *m);

#endif
