/* The file formats a network is exported to: what export.c hands to each of them, and what each gives back. */
#ifndef VD_EXPORT_FORMAT_H
#define VD_EXPORT_FORMAT_H

#include "export/export.h"
#include "base/files.h"

typedef struct {
    const vd_export_options *o;
    const vd_model *m;     /* to be written: folded, with o->fuse without batch norm, with o->compact compacted */
    vd_outputs masked;     /* of the network to export: what the files must give, to VD_EXPORT_TOLERANCE */
    int n;                 /* pictures */
    const float *pictures; /* [n][inputs] */
} vd_exporting;

typedef struct {
    const char *name;   /* after -format */
    const char *ending; /* of the file with the weights: OUT.ending */
    int compacts;       /* 1: the network is always compacted */
    int absorbs;        /* 1: vd_model_absorb(), and in the end vd_model_make_products() */
    int gives_logits;   /* 1: the output is what the layer before a last [softmax] gives, whatever its temperature */
    int has_int8;       /* 1: -int8 is known */
    /* end the program, with a line, when this network cannot be written so; no file is open yet */
    void (*refuse)(const vd_exporting *e);
    /* write the files, check them, and only then put them in place. Sets r->file[1] and r->difference */
    void (*write)(const vd_exporting *e, vd_export_result *r);
} vd_export_format;

extern const vd_export_format vd_darknet_format; /* darknet_files.c */
extern const vd_export_format vd_c_format;       /* c/c_files.c */
extern const vd_export_format vd_onnx_format;    /* onnx.c */

/* OUT.ending, to be written; the program ends where it would overwrite source, a file of the network to export */
vd_output vd_export_open(const vd_export_options *o, const char *ending, const char *source);

/* end the program when the outputs differ by more than `most`
 *
 *   path     of the file that is not written
 *   advice   behind the message: "; -no-fuse may help", or "" */
void vd_export_check(const char *path, vd_difference d, double most, const char *advice);

/* the cfg of the network to export; the caller frees */
char *vd_export_cfg_text(const vd_export_options *o);

#endif
