/* The sparsity of a network, counted as the paper counts it: the weights of the variational layers, without biases. A
 * weight that is zero at test time is pruned. */
#ifndef VD_LAYER_SPARSITY_H
#define VD_LAYER_SPARSITY_H

#include "darknet.h"

typedef struct {
    int index;
    const char *type; /* "vd_convolutional" or "vd_connected" */
    size_t weights, nonzero;
    float threshold;
} vd_report_layer;

typedef struct {
    int n;
    vd_report_layer *layers; /* [n], the caller frees */
    size_t weights, nonzero;
} vd_report;

vd_report vd_report_network(const network *net);

/* fraction of pruned weights; weights/nonzero, infinite when nothing is left */
double vd_report_sparsity(size_t weights, size_t nonzero);
double vd_report_compression(size_t weights, size_t nonzero);

#endif
