/* Reads IDX files of bytes, the format of MNIST: big-endian 0x00 0x00 0x08 dims, int32 size[dims], then the bytes. */
#ifndef VD_COMMANDS_DATASET_IDX_H
#define VD_COMMANDS_DATASET_IDX_H

#include <stddef.h>

typedef struct {
    size_t size[3];       /* count, height, width; 1 beyond the file's own dimensions */
    unsigned char *bytes; /* [size[0]][size[1]][size[2]], the caller frees it */
} vd_idx;

/* read a complete IDX file, plain or compressed by gzip, whatever its name
 *
 *   path   a regular file
 *   dims   dimensions it must have: 1 (labels) or 3 (images)
 *
 * vd_die(), naming path, when it cannot be opened or read, is no regular file, has another magic number or a dimension
 * of 0, has fewer or more bytes than its header claims, or fails gzip's own check. */
vd_idx vd_idx_read(const char *path, int dims);

#endif
