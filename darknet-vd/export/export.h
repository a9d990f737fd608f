/* A trained network, written for stock Darknet. */
#ifndef VD_EXPORT_EXPORT_H
#define VD_EXPORT_EXPORT_H

#include "export/check.h"

typedef struct {
    const char *cfg, *weights; /* of the network to export */
    const char *out;           /* OUT.cfg and OUT.weights are written */
    int fuse;                  /* fold batch normalisation into the weights */
    int compact;               /* take channels out that change nothing */
    int pictures;              /* files[pictures] to check the export with; 0: random numbers */
    char **files;
} vd_export_options;

typedef struct {
    int index;
    const char *section; /* "convolutional", "connected", "local" */
    int filters[2];      /* before, after */
    vd_model_size size[2];
    char *why; /* with compact: why channels stay that emit constants; empty when there are none */
} vd_export_line;

typedef struct {
    int n; /* layers with weights */
    vd_export_line *lines;
    vd_model_size total[2];
    long long file[2]; /* bytes of the weights files */
    int pictures;
    vd_difference difference;
} vd_export_result;

/* the largest relative difference an export may have */
#define VD_EXPORT_TOLERANCE 1e-4

/* export and check: both files appear, or, when they cannot be written or the exported network, loaded from what has
 * been written, answers differently, neither, and the program ends */
vd_export_result vd_export(vd_export_options o);
void free_vd_export_result(vd_export_result r);

#endif
