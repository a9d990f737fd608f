/* The arrays of a network that are saved in a file of weights, layer by layer. */
#ifndef VD_WEIGHTS_PARTS_H
#define VD_WEIGHTS_PARTS_H

#include "darknet.h"

/* these values are written to .vdw files */
typedef enum {
    VD_PART_CONVOLUTIONAL = 1,
    VD_PART_CONNECTED = 2,
    VD_PART_BATCHNORM = 3,
    VD_PART_LOCAL = 4,
    VD_PART_DECONVOLUTIONAL = 5,
    VD_PART_SHORTCUT = 6
} vd_part_kind;

/* a layer, or one of the layers inside a recurrent one; arrays it does not have are null */
typedef struct {
    int layer; /* number of the layer in the network */
    vd_part_kind kind;
    int rows, columns; /* filters or units, and weights of each; a batchnorm layer has no columns, a row of a shortcut
                          is one of the layers that are added */
    int variational;
    size_t positions;                  /* multiplications of each weight for one image */
    float *biases;                     /* [rows] */
    float *scales, *means, *variances; /* [rows] of batch normalisation */
    float *weights;                    /* [rows][columns] */
} vd_part;

typedef struct {
    int n;
    vd_part *part;
} vd_parts;

/* the network's own arrays, layer by layer, those inside a recurrent layer in the order of vd_parts_of(); the caller
 * frees .part alone */
vd_parts vd_parts_of_network(const network *net);

/* parts of the same shapes with arrays of their own, filled with 0; vd_parts_free() frees them */
vd_parts vd_parts_like(vd_parts p);
void vd_parts_free(vd_parts p);

/* copy the arrays that both have */
void vd_part_copy(vd_part to, vd_part from);

/* rows * columns */
size_t vd_part_weights(vd_part p);
/* numbers in all its arrays; each takes four bytes in a .weights file */
size_t vd_part_floats(vd_part p);
/* the first number that is not finite, as "layer 2: weights[7] is not finite", or a variance below 0; the caller frees
 * it; null when all are right */
char *vd_part_fault(vd_part p);
/* e.g. "convolutional" */
const char *vd_part_name(vd_part_kind kind);

#endif
