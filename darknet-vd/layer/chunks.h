/* Weight gradients of a batch that is cut into chunks: each chunk but the first sums in a buffer of its own, and the
 * buffers are added in order, so that results do not depend on the number of threads. For layer/convolution*.c. */
#ifndef VD_LAYER_CHUNKS_H
#define VD_LAYER_CHUNKS_H

#include "layer/product.h"

typedef struct {
    layer l;
    vd_product p;
    size_t n;         /* weights that have gradients */
    int runs, chunks; /* chunk i has the runs first_run(i) .. first_run(i + 1) - 1 */
    size_t per_chunk; /* floats of a buffer: d theta, d sigma2 (with noise), d bias */
    float *sums;      /* [chunks - 1][per_chunk] */
} vd_chunks;

/* where one chunk adds its gradients to */
typedef struct {
    float *d_theta, *d_sigma2, *d_bias;
} vd_chunk_sums;

/* cut `runs` runs of images, a layer with n weights that have gradients; big layers get fewer chunks. The buffers are
 * this thread's VD_SCRATCH_SUMS */
vd_chunks vd_make_chunks(layer l, vd_product p, size_t n, int runs);
int vd_first_run(const vd_chunks *c, int chunk);

/* the buffers of a chunk, set to 0 (not those of the first chunk, which are the layer's own) */
vd_chunk_sums vd_begin_chunk(const vd_chunks *c, int chunk);

/* add the sums of all chunks to the layer's own, in order, on all threads */
void vd_add_chunks(const vd_chunks *c);

#endif
