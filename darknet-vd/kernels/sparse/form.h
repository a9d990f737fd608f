/* A layer's sparse weights in memory: made by rows.c, panels.c or slices.c, multiplied by product.c. */
#ifndef VD_KERNELS_SPARSE_FORM_H
#define VD_KERNELS_SPARSE_FORM_H

#include "kernels/kernels.h"
#include "kernels/sparse_kernels.h"

enum { VD_SPARSE_GROUP = 64 }; /* filters that one thread works on at a time */

typedef enum { VD_SPARSE_PIXELS, VD_SPARSE_IMAGES, VD_SPARSE_PANELS, VD_SPARSE_SLICES } vd_sparse_ways;

typedef struct vd_sparse_form {
    vd_sparse_ways by;
    vd_window window;
    int n;
    int shifted;  /* pixels: a plane for each column of the filter */
    int in_place; /* pixels: the channels of the image are the planes, nothing is copied */
    size_t nonzeros;
    float slope, *bias; /* [n]; panels: [rows]; slices: [slices][16] */

    /* pixels and images. Images: every number of a plane is a vector, one number of each of `lanes` images */
    int lanes; /* pixels: 1 */
    vd_sparse_planes planes;
    int n_planes;
    int groups, blocks;     /* of filters; of planes, each small enough for the first-level cache */
    vd_sparse_rows *pieces; /* [groups][blocks], rows numbered from the group's first */

    /* panels */
    vd_sparse_panels panels;
    int n_panels, columns;

    /* slices */
    vd_sparse_slices slices;
    int n_slices;

    void *arrays[8]; /* all that must be freed */
    int n_arrays;
} vd_sparse_form;

/* n zeroed objects, which the form frees. Without memory it returns null, frees all arrays of the form, and returns
 * null from then on (n_arrays is -1) */
void *vd_sparse_array(vd_sparse_form *f, size_t n, size_t size);

/* make_vd_sparse_form() by a given way, for tests and comparisons */
vd_sparse_form *make_vd_sparse_form_by(vd_sparse_ways by, vd_window w, int n, int images, const float *weights,
                                       const float *scale, const float *bias, float slope);

/* complete a form whose members `by`, window, n, nonzeros, slope, shifted, in_place and lanes are set; 0 when there is
 * no memory, or when the layer is too large for the form's indexes */
int vd_sparse_make_rows(vd_sparse_form *f, const float *weights, const float *scale, const float *bias);
int vd_sparse_make_panels(vd_sparse_form *f, const float *weights, const float *scale, const float *bias);
int vd_sparse_make_slices(vd_sparse_form *f, const float *weights, const float *scale, const float *bias);

#endif
