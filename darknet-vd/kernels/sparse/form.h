/* A layer's sparse weights in memory: made by rows.c or panels.c, multiplied by product.c. */
#ifndef VD_SPARSE_FORM_H
#define VD_SPARSE_FORM_H

#include "kernels/kernels.h"
#include "kernels/sparse_kernels.h"

enum { VD_SPARSE_GROUP = 64 }; /* filters that one thread works on at a time */

typedef struct vd_sparse_form {
    enum { VD_SPARSE_PIXELS, VD_SPARSE_IMAGES, VD_SPARSE_PANELS } by;
    vd_window window;
    int n, shifted;
    size_t nonzeros;
    float slope, *bias; /* [n]; panels: [rows] */

    /* pixels and images. Images: every number of a plane is a vector, one number of each of `lanes` images */
    int lanes; /* pixels: 1 */
    vd_sparse_planes planes;
    int n_planes;
    int groups, blocks;     /* of filters; of planes that stay in the first-level cache */
    vd_sparse_rows *pieces; /* [groups][blocks], rows numbered from the group's first */

    /* panels */
    vd_sparse_panels panels;
    int n_panels, columns;

    void *arrays[8]; /* all there is to free */
    int n_arrays;
} vd_sparse_form;

/* n zeroed objects that the form frees; null, and null from then on, when there is no memory */
void *vd_sparse_array(vd_sparse_form *f, size_t n, size_t size);

static inline int vd_round_up(int n, int to)
{
    return (n + to - 1) / to * to;
}

/* fill in a form whose way, window and slope are there; 0 when it cannot be done */
int vd_sparse_make_rows(vd_sparse_form *f, const float *weights, const float *scale, const float *bias);
int vd_sparse_make_panels(vd_sparse_form *f, const float *weights, const float *scale, const float *bias);

#endif
