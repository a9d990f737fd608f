/* What winograd_batch.c and winograd_batch_weights.c share: how a batch is cut into tiles, strips and groups, and the
 * frequencies of a group's images. */
#ifndef VD_KERNELS_PRODUCTS_WINOGRAD_BATCH_GROUPS_H
#define VD_KERNELS_PRODUCTS_WINOGRAD_BATCH_GROUPS_H

#include "kernels/kernels.h"
#include "kernels/winograd_batch_kernels.h"

/* of VD_WINOGRAD_BLOCK channels */
static inline int vd_winograd_blocks(int channels)
{
    return (channels + VD_WINOGRAD_BLOCK - 1) / VD_WINOGRAD_BLOCK;
}

/* The tiles of all images are numbered, image by image, row by row. A strip is some rows of one image, a group some
 * strips: their frequencies are in memory at a time. */
typedef struct {
    vd_winograd_form form;
    int tile, around;  /* pixels of a tile each way, of the output; and how many more of the input */
    int taps, area;    /* numbers of a filter's plane, frequencies */
    int rows, columns; /* tiles of an image */
    int per_image;     /* strips */
    int strips;
} vd_tiling;

vd_tiling vd_tiling_of(vd_window w, int images);

/* multiplications of an image, for a channel and a filter */
int vd_winograd_work(vd_window w, vd_winograd_form f);

/* rows of tiles of an image before its strip k */
int vd_rows_before_strip(const vd_tiling *g, int k);

/* tiles of strips from .. to - 1 */
int vd_tiles_between(const vd_tiling *g, int from, int to);

/* ---- groups ---- */

/* A group is `strips` strips, the last one may have fewer. Few groups take turns, and threads share the work of each;
 * of many, each thread has its own, and its frequencies in its own cache. */
enum { VD_MANY_GROUPS = 8 };

/* strips of a group: as many as fit, of `numbers` frequencies a tile */
int vd_strips_of_group(const vd_tiling *g, size_t numbers);

/* groups of so many strips; the most tiles that one of them can have */
int vd_groups_of(const vd_tiling *g, int strips);
int vd_most_tiles(const vd_tiling *g, int strips);

/* ---- frequencies of images ---- */

/* of one group: [area][tiles][pitch] */
typedef struct {
    float *at;
    size_t step, pitch;
} vd_frequencies;

/* numbers from frequency to frequency, of n: large powers of two would put all frequencies in the same places of the
 * cache */
static inline size_t vd_frequency_step(size_t n)
{
    return n + VD_WINOGRAD_BLOCK;
}

/* their step and pitch */
vd_frequencies vd_frequencies_of(int channels, int tiles);

/* how many numbers they are */
static inline size_t vd_frequency_numbers(vd_frequencies v, int area)
{
    return v.step * area;
}

/* an array of images, and what the second product multiplies it with: itself, or another array */
typedef struct {
    const float *x, *by;
    int c, h, w;
} vd_planes;

/* the frequencies of a group's images, and how they are made */
typedef struct {
    const vd_kernels *k;
    vd_tiling g;
    int from, to; /* strips of the group */
    int pad, is_gradient, products;
    vd_planes source;
    vd_frequencies v[2]; /* of the products */
    int whole;           /* 1: of channels beyond the last, too: 0 */
} vd_group_transform;

/* v[0] = B^T x B or, of a gradient, A x A^T; with two products v[1], the same of x times what it is multiplied with. On
 * all threads */
void vd_transform_group(vd_group_transform t);

#endif
