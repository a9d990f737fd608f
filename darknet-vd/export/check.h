/* Two networks compared by what they say to the same pictures. */
#ifndef VD_EXPORT_CHECK_H
#define VD_EXPORT_CHECK_H

#include "export/model.h"

/* outputs of one network: those of every layer a picture's answer is read from ([yolo], [region], [softmax], ...), of
 * the layer before a [softmax], which hides much, and of the last */
typedef struct {
    int n;         /* layers */
    int *layer;    /* [n] */
    size_t *count; /* [n] numbers: pictures x outputs */
    float **value; /* [n][count] */
} vd_outputs;

/* run the pictures [n][net->inputs] through the network at test time, one by one */
vd_outputs vd_outputs_of(network *net, const vd_model *m, int n, const float *pictures);
void free_vd_outputs(vd_outputs o);

typedef struct {
    double relative; /* the largest |a - b| of a layer over its largest |b|, of the layer where that is most */
    int layer;
} vd_difference;

/* infinite where a number is not finite, or numbers are compared with a layer of zeros */
vd_difference vd_outputs_compare(vd_outputs a, vd_outputs b);

/* pictures for a network, [n][net->inputs], the caller frees: from files, resized and letterboxed as `darknet
 * classifier predict` does, or n of uniform random numbers in [0, 1), the same ones each time */
float *vd_pictures_load(const network *net, const char *cfg, int n, char **files);
float *vd_pictures_random(const network *net, int n);

#endif
