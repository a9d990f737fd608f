/* How sparse a network is: counted as the paper counts, weights of the variational layers without biases; a weight that
 * is zero at test time is a pruned one. */
#ifndef VD_REPORT_H
#define VD_REPORT_H

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

/* as a table, or as the one JSON object of the contract (compression is null when nothing is left) */
void vd_report_print_table(FILE *fp, const vd_report *r);
void vd_report_print_json(FILE *fp, const vd_report *r);

/* one line on a running training
 *
 *   cost   the network's own, an image, mean since the line before
 *   kl     of all layers, nats */
void vd_report_training_line(FILE *fp, const network *net, double cost, double kl);

#endif
