/* A network for the exporter: what every layer reads, how its output channels depend on its input channels, and a copy
 * of its test-time weights. Nothing in it is variational, and it may outlive the network it was read from. */
#ifndef VD_EXPORT_MODEL_H
#define VD_EXPORT_MODEL_H

#include "darknet.h"

typedef enum {
    VD_WHOLE,    /* needs all input channels in their places, and keeps its own: [softmax], [yolo], groups > 1, ... */
    VD_PRODUCT,  /* convolution, connected: every output channel is a sum over every input channel */
    VD_EACH,     /* channel c is a function of input channel c alone: [maxpool], [upsample], ... */
    VD_ROUTE,    /* the channels of all sources, or one group of each, one source after the other */
    VD_SHORTCUT, /* the sum of its sources, channel by channel; all start at channel 0 */
    VD_SCALED,   /* the product of two sources of equal channels, or of one channel each (the first, of [scale_channels]
                    with scale_wh=1), channel by channel */
    VD_REORG     /* the pixels of groups of channels, rearranged */
} vd_kind;

/* What a layer reads is a source: the picture is number 0, layer i is number i + 1. */
enum { VD_PICTURE = 0 };

static inline int vd_source_of_layer(int i)
{
    return i + 1;
}

static inline int vd_layer_of_source(int source)
{
    return source - 1;
}

/* What a [yolo] or [region] makes of its map, [n][coords + 1 + classes][h][w]: x and y of a box in cells, its width and
 * height, then objectness and classes. See layer/yolo_head.h */
typedef struct {
    int n, classes, coords; /* n is 0 in other layers */
    float *anchors;         /* [n][2] width and height, in pixels of the network's input; of a region in cells */
    float scale_x_y;        /* 1: stock Darknet's */
    int new_coords;
    float beta_nms; /* suppression subtracts a power of the middles' distance from the overlap; 0: it does not */
    int softmax, background; /* region */
} vd_model_head;

/* Sizes are those before compaction; only filters and columns change with the arrays. */
typedef struct {
    LAYER_TYPE type;
    const char *section; /* without vd_ */
    vd_kind kind;
    int variational;
    ACTIVATION activation;
    int activated_by; /* layer of the cfg that names the activation: this one, or the [activation] it has absorbed */
    int n_sources;
    int *sources;                  /* [n_sources] what is read: VD_PICTURE, or vd_source_of_layer() */
    int channels, out_h, out_w;    /* of the output; a layer without channels has one, with all its numbers */
    int c, h, w;                   /* of the input; of a shortcut: of its second source */
    int size, stride, pad, groups; /* as in Darknet's struct layer */
    int group_id;                  /* route: the group of each source that it passes on */
    int dilation;                  /* convolution: distance of the taps of a filter */
    int down;                      /* stride along the height, where it is another one; else 0 */
    int variant;                   /* layer/variants.h */
    int misread;                   /* a 1x1 convolution that reads its input as stock Darknet does, in another order */
    int misread_elsewhere;         /* a variational one, which reads it in order; its plain section does not */
    int tree;                      /* softmax, region: classes form a tree */
    int normalization;             /* shortcut with weights: a vd_sum_normalization */
    int reverse;                   /* reorg, upsample */
    float alpha, beta, scale;      /* shortcut; upsample */
    float temperature;             /* softmax */
    vd_model_head head;            /* yolo, region */
    float factor;                  /* the output is this times the original's: see vd_model_fold() */
    char *settings;                /* the section's keys that every reader must find (readers.h) */
    char *note;                    /* what other readers take otherwise, null: nothing */
    int filters;                   /* filters or units; 0 in a layer without weights */
    int columns;                   /* weights of a filter: input channels x size x size, or inputs; 0 in a batchnorm;
                                      of a shortcut, which has no filters: its weights */
    float *weights;                /* [filters][columns]; pruned ones are 0 */
    float *biases;                 /* [filters] */
    float *scales, *mean, *variance; /* [filters], null without batch norm */
    int epsilon_in_root;             /* see layer/norm.h */
} vd_model_layer;

typedef struct {
    int n; /* layers, without [vd_cost] */
    vd_model_layer *layers;
    int channels, pixels; /* of the picture; a network with inputs= alone has one channel */
    int w, h;             /* of the picture; 0 with inputs= alone */
    int output;           /* the layer whose output network_predict() returns */
    size_t seen;
    int later; /* the network follows the rules of later Darknets */
} vd_model;

/* copy the test-time network; one that stock Darknet could not load, or would compute differently, ends the program
 *
 *   filename   of the cfg, for messages */
vd_model *make_vd_model(const network *net, const char *filename);
void free_vd_model(vd_model *m);

/* what batch normalisation divides filter f by: vd_norm_deviation() of layer/norm.h */
double vd_model_deviation(const vd_model_layer *l, int f);

/* fold batch normalisation into weights and biases:
 *     y = scales (a*w - mean)/deviation + biases = a*w' + biases' */
void vd_model_fuse(vd_model *m);

/* 1 when other programs take the written files for those of a later Darknet: by the keys of the cfg, or the version of
 * the weights */
int vd_model_is_later(const vd_model *m);

/* batch normalisation that is left has the epsilon that such files have, whatever [net] bn_eps says, which is not
 * written; scales change so that the outputs stay:
 *     scales' = scales deviation'/deviation */
void vd_model_agree_on_epsilon(vd_model *m);

/* move factors that some readers ignore into the weights before them: the temperature of a [softmax], scale of an
 * [upsample], alpha and beta of a [shortcut]. They go through layers whose output is then as many times the original's
 * (factor), and only where nothing else reads these layers; where that cannot be, they stay */
void vd_model_fold(vd_model *m);

/* For formats whose layers are products, pools and sums, once batch normalisation is folded:
 *
 *   absorb          a [batchnorm] or an [activation] becomes a part of the product that it alone reads and that has no
 *                   activation; the layer then hands on its input, as a [dropout] does. Before the model is folded and
 *                   compacted: more factors move then, and filters in front of a [batchnorm] can go
 *   make_products   any other [batchnorm] becomes a 1x1 convolution of one weight a channel, and takes the [activation]
 *                   behind it. At the end, as nothing else knows of these products */
void vd_model_absorb(vd_model *m);
void vd_model_make_products(vd_model *m);

/* one layer reads the source, once, and it is not the network's answer */
int vd_model_is_read_once(const vd_model *m, int source);

/* 1 when a window of a pool holds no value of its map */
int vd_model_windows_leave_map(const vd_model_layer *l);

/* a stock .weights file of the model */
void vd_model_write(const vd_model *m, FILE *fp);

/* the size of one layer, and of all layers together */
typedef struct {
    size_t weights, nonzero; /* biases not counted */
    double products;         /* multiply-adds for one picture */
} vd_model_size;
vd_model_size vd_model_layer_size(const vd_model_layer *l);
vd_model_size vd_model_total(const vd_model *m);

#endif
