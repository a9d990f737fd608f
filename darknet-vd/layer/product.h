/* The products of a layer with its input, with or without noise; shared by plain and variational layers. */
#ifndef VD_LAYER_PRODUCT_H
#define VD_LAYER_PRODUCT_H

#include "darknet.h"
#include "kernels/kernels.h"

typedef struct {
    const float *theta; /* weights of the mean, in the layer's order */
    float *d_theta;     /* sums of -dL/dtheta, added to */
    const void *sigma2; /* variance of every weight, in the type of variance.h; null for a product without noise, then
                           the rest is unused */
    float sigma2_scale; /* sigma2 holds the variances times this power of two */
    float *d_sigma2;    /* sums of -dL/dsigma2, added to */
    const float *sigma2_float; /* the same in float */
    float *noise_gain;         /* [batch][outputs] forward writes d output / d variance, backward reads it */
    vd_noise_key key;          /* of the noise of the batch's first image */
    int is_noiseless;          /* 1: none is added; sigma2 is all 0, and so is the gain */
    int overwrites;            /* 1: backward writes d_input instead of adding to it */
    /* null, or the places of the weights that theta, sigma2 (both in float) and their gradients hold;
     * all others are 0 */
    const vd_sparse *by_row, *by_column;
    const layer *pool; /* null, or the [maxpool] that is computed along: pooled.h */
} vd_product;

/* Connected: output[b][o] = sum over i of input[b][i] theta[o][i]
 *
 *   forward    writes the output [batch][outputs]; bias and activation too, unless batch norm comes next: then the bare
 *              product, into l.x
 *   backward   reads l.delta = -dL/d(output), or -dL/d(product) with batch norm; adds to bias_updates (without batch
 *              norm), p.d_theta, p.d_sigma2 and, unless it is null, d_input. On output l.delta = -dL/d(product) */
void vd_dense_forward(layer l, const float *input, vd_product p);
void vd_dense_backward(layer l, const float *input, float *d_input, vd_product p);

/* Convolutional: output[b][n][oh][ow], input[b][c][h][w] convolved with theta[n][c/groups][kh][kw];
 * the same otherwise */
void vd_convolution_forward(layer l, const float *input, vd_product p);
void vd_convolution_backward(layer l, const float *input, float *d_input, vd_product p);

/* product += sqrt(variance + eps) noise for image b; on input p.noise_gain holds the variance, on output the gain */
void vd_add_noise(layer l, vd_product p, int b);

/* the same for a product and its variance, on output the gain, that lie elsewhere, [outputs] each */
void vd_sample_noise(layer l, vd_product p, int b, float *variance, float *product);

/* the whole layer: whichever of the two its type asks for, and batch normalisation */
void vd_product_forward(layer l, network net, vd_product p);
void vd_product_backward(layer l, network net, vd_product p);

#endif
