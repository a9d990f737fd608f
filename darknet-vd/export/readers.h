/* What other programs that read Darknet's files take otherwise than Darknet: OpenCV, ncnn, AlexeyAB's Darknet and
 * hank-ai's. docs/inference.md has the list. */
#ifndef VD_EXPORT_READERS_H
#define VD_EXPORT_READERS_H

#include "export/cfg_text.h"
#include "export/model.h"

/* "key=value\n" for each key of the layer's section whose default is not the same everywhere, or that some reader must
 * find; without filters= and output=, which compaction changes. The caller frees it */
char *vd_reader_settings(layer l);

/* what some readers compute otherwise in layer i, and no value in the cfg changes: a string the caller frees,
 * or null */
char *vd_reader_note(const network *net, int i);

/* what changes in the cfg of an exported model (vd_cfg_text_export())
 *
 *   m      after vd_model_fold(), vd_model_fuse() and compaction
 *   fuse   1 when batch normalisation has been folded
 *
 * Returns [m->n], which free_vd_reader_changes() frees. */
vd_cfg_change *vd_reader_changes(const vd_model *m, int fuse);
void free_vd_reader_changes(int n, vd_cfg_change *changes);

/* number of layers put in front of the model's. It is 1 for a network without a layer that reads a map, such as one of
 * [connected] sections alone: there two Darknets divide by zero, and a [maxpool] of size 1 changes nothing */
int vd_reader_front(const vd_model *m);

/* one line on stderr for each thing that some reader will take otherwise */
void vd_reader_warn(const vd_model *m, const char *filename);

#endif
