/* Compares two networks by their outputs for the same pictures. */
#ifndef VD_EXPORT_CHECK_H
#define VD_EXPORT_CHECK_H

#include "export/model.h"

/* outputs of one network: of every layer that answers are read from ([yolo], [region], [softmax], ...), of the layer
 * before a [softmax], which hides differences, or a [yolo], and of the last layer */
typedef struct {
    int n;         /* layers */
    int *layer;    /* [n] */
    size_t *count; /* [n] numbers: pictures x outputs */
    float **value; /* [n][count] */
} vd_outputs;

/* run the pictures [n][net->inputs] through the network at test time, one by one
 *
 *   front   layers the network has in front of the model's */
vd_outputs vd_outputs_of(network *net, const vd_model *m, int front, int n, const float *pictures);
void free_vd_outputs(vd_outputs o);

/* vd_die() where a network's own outputs are not finite */
void vd_outputs_check_finite(const char *cfg, vd_outputs o);

/* of the layer where it is largest */
typedef struct {
    double relative; /* largest |a - b| / largest |b| */
    int layer;
} vd_difference;

/* the outputs of the exported network with those of the original, times the factor of the layer (vd_model_fold()). The
 * difference is infinite where a number is not finite, or where b is all zeros and a is not */
vd_difference vd_outputs_compare(const vd_model *m, vd_outputs a, vd_outputs b);

/* pictures for a network, [n][net->inputs], which the caller frees: from files, placed as `darknet classifier predict`
 * does, letterboxed, or stretched where the network is; or of random numbers, uniform in [0, 1), the same at every
 * call */
float *vd_pictures_load(const network *net, const char *cfg, int n, char **files);
float *vd_pictures_random(const network *net, int n);

#endif
