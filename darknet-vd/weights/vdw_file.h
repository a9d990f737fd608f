/* Packed files as bytes: weights/vdw.h has the format. What is written and read are the values of weights/values.h. */
#ifndef VD_WEIGHTS_VDW_FILE_H
#define VD_WEIGHTS_VDW_FILE_H

#include "weights/vdw.h"
#include "weights/vdw2.h"

enum {
    VD_PACKED_START = 4, /* bytes: "VDW" and the version */
    VD_PACKED_LATER = 3  /* the version of networks that follow later Darknets */
};

/* the version of a file that begins with so many bytes; -1: it is not packed */
int vd_packed_version(const uint8_t *bytes, size_t n);

/* values as they are to a file, which is then read again and compared with them
 *
 *   values   of the parts of net
 *   codes    [parts] how each is written
 *   fault    set to null, or to what cannot be packed, which the caller frees; the result is then no file
 *
 * The caller frees the result with vd_packed_free(). */
vd_packed vd_pack_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes, char **fault);

/* the bytes of that file, without the check; 0 with a fault */
size_t vd_size_of_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes, char **fault);

/* a file of n bytes to values
 *
 *   values   of the parts of net, all 0 before
 *   seen     images seen in training
 *   format   that of the file; in version 1 VD_PACK_DENSE
 *
 * Returns null, or what is wrong with the bytes, which the caller frees. */
char *vd_unpack_values(const network *net, vd_parts values, size_t *seen, vd_pack_format *format, const uint8_t *bytes,
                       size_t n);

#endif
