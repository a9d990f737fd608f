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

#include <stdint.h>

/* append the trailer of layers 0 .. cutoff - 1; nothing when none of them is variational */
void vd_weights_save(const network *net, FILE *fp, int cutoff);

/* a load in progress, for the calls below. It owns nothing: name and fp are the caller's, and stay until the end */
typedef struct {
    const char *name;
    FILE *fp;
    long end;         /* of the stock weights: where the trailer begins, or the file ends */
    uint32_t entries; /* of the trailer; 0: there is none */
    int last;         /* the layer that is being read, or was last; -1: none so far */
} vd_weights_file;

/* Loading, in the order of the calls; trailer.c has a table of what each reads
 *
 *   vd_weights_load_begin     before anything is read; fp is left at its start
 *   vd_weights_load_next      before the weights of layer `index`; returns 0 where the file ends in front of them
 *   vd_weights_load_numbers   n numbers of that layer, in front of what stock Darknet reads
 *   vd_weights_load_end       after the last layer; returns 1 where the network has variational layers and the file no
 *                             log_sigma2 */
void vd_weights_load_begin(vd_weights_file *file, const char *name, FILE *fp);
int vd_weights_load_next(vd_weights_file *file, const network *net, int index);
void vd_weights_load_numbers(const vd_weights_file *file, const network *net, float *at, size_t n);
int vd_weights_load_end(const vd_weights_file *file, const network *net, int start, int cutoff);

#endif
