/* [shortcut] of later Darknets: the sum of the layer in front and of any number of others, each with a weight of its
 * own. All are of one width and height, and start at channel 0; the output has the channels of the layer in front.
 *
 *     y = activation(sum_s p_s x_s),   s = 0 the layer in front, s = 1 .. n those of from=
 *
 *     VD_SUM_PLAIN     p = w
 *     VD_SUM_RELU      p_s = max(w_s, 0) / (1e-4 + sum_r max(w_r, 0))      Tan, Pang, Le 2020, sec. 3.3
 *     VD_SUM_SOFTMAX   p_s = e^(w_s - m) / (1e-4 + sum_r e^(w_r - m)), m the largest w
 *
 * Weights are l.weights, [n + 1][1] for the whole layer or [n + 1][out_c], all 1 at first; without them p = 1. */
#ifndef VD_LAYER_SHORTCUT_H
#define VD_LAYER_SHORTCUT_H

#include "darknet.h"

typedef enum { VD_SUM_PLAIN, VD_SUM_RELU, VD_SUM_SOFTMAX } vd_sum_normalization;

typedef struct {
    int n;
    const int *layers;                  /* [n] numbers of the layers to add */
    int weighted;                       /* 1: one weight for each of the n + 1 layers; 2: for each channel of them */
    vd_sum_normalization normalization; /* of weights */
} vd_sum;

/* make a stock [shortcut] into such a sum */
void attach_vd_shortcut(layer *l, vd_sum s);

/* p of the weights w, for one layer or channel
 *
 *   w, p   [n * step] every step-th is one of the n */
void vd_sum_factors(vd_sum_normalization how, int n, size_t step, const float *w, float *p);

#endif
