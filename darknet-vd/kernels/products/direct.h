/* The three products of a convolution without its matrix of columns, by oneDNN's convolutions.
 *
 * oneDNN wants its arrays in layouts of its own, blocked by channels. vd_direct_pack() converts weights once per batch;
 * images and gradients are converted as part of each product, one run of images at a time, so that a run should be
 * small enough for the cache. All work is done in the calling thread, and the same arguments give the same bits in
 * every thread. */
#ifndef VD_KERNELS_PRODUCTS_DIRECT_H
#define VD_KERNELS_PRODUCTS_DIRECT_H

#include "kernels/products/shape.h"

#include <stddef.h>

/* one product: a convolution, its pass, one of oneDNN's ways, and how many images a call has */
typedef struct {
    vd_convolution_shape shape;
    vd_pass pass;
    vd_way way;
    int images;
} vd_direct;

/* 1 when oneDNN has a kernel made for this processor; 0 when it has none or DARKNET_KERNELS=c is set, and then the
 * functions below must not be called. The first call in a thread makes the kernel, which takes milliseconds */
int vd_direct_has(vd_direct d);

/* bytes of the weights in the layout that a product wants; not for VD_BACKWARD_WEIGHTS */
size_t vd_direct_packed_bytes(vd_direct d);

/* convert weights to that layout; any thread may use the result
 *
 *   weights  [n][c][size][size], float or bf16
 *   packed   vd_direct_packed_bytes(), overwritten; 64-byte aligned */
void vd_direct_pack(vd_direct d, const void *weights, void *packed);

/* the product; x [images][c][h][w], y [images][n][out_h][out_w], factors float or bf16, packed by vd_direct_pack()
 *
 *   pass                  first   second   result
 *   VD_FORWARD            x       packed   y    overwritten: x convolved with the weights
 *   VD_BACKWARD_DATA      dy      packed   dx   accumulated into: dx += dy weights^T
 *   VD_BACKWARD_WEIGHTS   x       dy       dw   accumulated into: dw += dy x^T; [n][c][size][size] */
void vd_direct_run(vd_direct d, const void *first, const void *second, float *result);

#endif
