/* An ONNX model as a network of Darknet: a cfg, its variational twin and their weights. */
#ifndef VD_IMPORT_IMPORT_H
#define VD_IMPORT_IMPORT_H

#include "onnx/graph.h"

/* a section of the cfg, and its weights in Darknet's order */
typedef struct {
    const char *section;
    char *keys;                      /* "filters=20\nsize=5\n" ...; without activation and batch_normalize */
    const char *activation;          /* null: the section has none */
    int filters;                     /* 0: no weights */
    int fixed;                       /* the weights are constants of a formula: the twin's section is plain, too */
    size_t columns;                  /* weights of a filter */
    float *weights;                  /* [filters][columns] */
    float *biases;                   /* [filters] */
    float *scales, *mean, *variance; /* [filters], null without batch normalisation */
} vd_import_layer;

typedef struct {
    int n;
    vd_import_layer *layers;
    int inputs; /* numbers of the input; channels, h and w are 0 when it is no picture */
    int channels, h, w;
    const char *output; /* the tensor that the last layer makes */
} vd_import_network;

/* the layers of a graph; the program ends with a line that names the node which Darknet has no section for
 *
 *   path   of the model, for messages
 *
 * Strings of the result may be those of g, which must outlive it */
vd_import_network make_vd_import_network(const vd_onnx_graph *g, const char *path);
void free_vd_import_network(vd_import_network *net);

typedef struct {
    int layers;
    size_t weights;         /* biases not counted */
    double difference;      /* the largest of an output, as a share of the largest output, on random inputs */
    double twin_difference; /* of the twin, before it is trained */
} vd_import_result;

/* the largest that `difference` may be */
#define VD_IMPORT_TOLERANCE 1e-4

/* read a model, write OUT.cfg, OUT-vd.cfg and OUT.weights. The network is loaded and compared with the model first, as
 * onnx/evaluate.h runs it: the program ends, and no file appears, when they differ */
vd_import_result vd_import(const char *model, const char *out);

#endif
