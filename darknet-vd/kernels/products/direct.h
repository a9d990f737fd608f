/* The three products of a convolution without its matrix of columns, by oneDNN's convolutions.
 *
 * oneDNN wants its arrays in layouts of its own, blocked by channels. vd_direct_pack() converts weights once per batch;
 * images and gradients are converted as part of each product, one run of images at a time, so that a run should be
 * small enough for the cache. All work is done in the calling thread, and the same arguments give the same bits in
 * every thread. */
#ifndef VD_KERNELS_PRODUCTS_DIRECT_H
#define VD_KERNELS_PRODUCTS_DIRECT_H

#include "kernels/kernels.h"
#include "kernels/type.h"

#include <stddef.h>

/* one convolution (one of its groups) */
typedef struct {
    vd_window window;
    int n;        /* filters */
    vd_type type; /* of inputs, weights and output gradients; the results are float */
} vd_convolution_shape;

/* VD_FORWARD_INFERENCE is VD_FORWARD by another kernel, which oneDNN offers for inference but which is as valid in
 * training; which of the two is faster depends on the shape */
typedef enum { VD_FORWARD, VD_BACKWARD_DATA, VD_BACKWARD_WEIGHTS, VD_FORWARD_INFERENCE } vd_pass;
enum { VD_PASSES = 4 };

/* 1 when oneDNN has a kernel made for this processor; 0 when it has none or DARKNET_KERNELS=c is set, and then the
 * functions below must not be called. The first call in a thread makes the kernel, which takes milliseconds */
int vd_direct_has(vd_convolution_shape s, vd_pass pass, int images);

/* bytes of the weights in the layout that a pass over `images` images wants; not for VD_BACKWARD_WEIGHTS */
size_t vd_direct_packed_bytes(vd_convolution_shape s, vd_pass pass, int images);

/* convert weights to that layout; any thread may use the result
 *
 *   weights  [n][c][size][size], float or bf16
 *   packed   vd_direct_packed_bytes(), overwritten; 64-byte aligned */
void vd_direct_pack(vd_convolution_shape s, vd_pass pass, int images, const void *weights, void *packed);

/* y = x convolved with the weights; packed: by vd_direct_pack() for the same pass
 *
 *   x  [images][c][h][w], float or bf16
 *   y  [images][n][out_h][out_w], overwritten */
void vd_direct_forward(vd_convolution_shape s, int images, const void *x, const void *packed, float *y);
void vd_direct_forward_inference(vd_convolution_shape s, int images, const void *x, const void *packed, float *y);

/* forward was y = x theta: dx += dy theta^T, dw += dy x^T
 *
 *   x, dy  as x and y above, float or bf16
 *   dx     [images][c][h][w], accumulated into
 *   dw     [n][c][size][size], accumulated into */
void vd_direct_backward_data(vd_convolution_shape s, int images, const void *dy, const void *packed, float *dx);
void vd_direct_backward_weights(vd_convolution_shape s, int images, const void *x, const void *dy, float *dw);

#endif
