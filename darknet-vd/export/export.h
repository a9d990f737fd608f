/* Writes a trained network as other programs read it: Darknet's files, one C file, an ONNX model (format.h). */
#ifndef VD_EXPORT_EXPORT_H
#define VD_EXPORT_EXPORT_H

#include "export/check.h"

typedef struct {
    const char *cfg, *weights; /* of the network to export */
    const char *out;           /* OUT.cfg and OUT.weights are written, or what the format's files are called */
    const char *format;        /* null: darknet (format.h) */
    int fuse;                  /* fold batch normalisation into the weights; [connected] with it needs this */
    int compact;               /* remove channels that the outputs do not depend on */
    int int8;                  /* -format c and onnx: integers */
    int values;                /* with int8: bits of the values between layers, 8 or 16; 0: 16 */
    int half, sparse;          /* -format onnx: weights as halves; those that are not 0 alone */
    int nms;                   /* -format onnx: an output of the boxes that stay */
    int ranges;                /* -format onnx with int8: number of pictures that ranges are measured with */
    char **range_files;
    int pictures; /* number of files to check the export with; 0: random numbers instead */
    char **files;
} vd_export_options;

typedef struct {
    int index;
    const char *section; /* "convolutional", "connected", "local" */
    int filters[2];      /* before, after */
    vd_model_size size[2];
    char *why; /* with compact: why channels that are constants stay; empty when there are none */
} vd_export_line;

typedef struct {
    int n; /* layers with weights */
    vd_export_line *lines;
    vd_model_size total[2];
    long long file[2];  /* bytes of the weights files */
    const char *ending; /* OUT.ending has the weights */
    int pictures;
    vd_difference difference;
    char *note; /* what the format has to say, lines; or null */
} vd_export_result;

/* the largest relative difference an export may have */
#define VD_EXPORT_TOLERANCE 1e-4

/* Export and check: what is written is compared with the outputs of the original. All files of the format appear; or
 * none does, and the program ends, when they cannot be written or the outputs differ. For Darknet's format a line on
 * stderr names what other readers than stock Darknet take otherwise (readers.h) */
vd_export_result vd_export(vd_export_options o);
void free_vd_export_result(vd_export_result r);

#endif
