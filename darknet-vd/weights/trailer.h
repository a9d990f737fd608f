/* The trailer after a stock .weights file, little-endian:
 *
 *     per variational layer, in order:  int32 layer index, int32 count, float32 log_sigma2[count]
 *     footer, 16 bytes:                 "VDLS", uint32 number of entries, uint64 offset of the trailer
 *
 * Stock Darknet reads its own part of the file and stops before the trailer. Any fault of a file ends the program with
 * one line that names the file and the fault. The structure of the trailer is checked before anything is loaded; the
 * values of an entry are checked after they have been read into the layer. */
#ifndef VD_WEIGHTS_TRAILER_H
#define VD_WEIGHTS_TRAILER_H

#include "darknet.h"

/* append the trailer of layers 0 .. cutoff - 1; nothing when none of them is variational */
void vd_weights_save(const network *net, FILE *fp, int cutoff);

/* Loading, in the order of the calls; see layer_plugin.h
 *
 *   vd_weights_load_begin     before anything is read; fp is left at its start
 *   vd_weights_load_next      before the weights of layer `index`; returns 0 where the file ends in front of them
 *   vd_weights_load_numbers   n numbers of that layer, in front of what stock Darknet reads
 *   vd_weights_load_end       after the last layer; returns 1 where the network has variational layers and the file no
 *                             log_sigma2 */
void vd_weights_load_begin(const char *filename, FILE *fp);
int vd_weights_load_next(const network *net, FILE *fp, int index);
void vd_weights_load_numbers(const network *net, FILE *fp, float *at, size_t n);
int vd_weights_load_end(const network *net, FILE *fp, int start, int cutoff);

#endif
