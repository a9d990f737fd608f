/* Version 2 of packed weights: the bits of a network's parts; weights/vdw.h has the format. */
#ifndef VD_WEIGHTS_VDW2_H
#define VD_WEIGHTS_VDW2_H

#include "weights/array.h"
#include "weights/parts.h"

/* how one part is written */
typedef struct {
    int exact;       /* 1: as floats, whatever the file's format */
    uint8_t step;    /* integers: the step of the weights */
    uint8_t octaves; /* integers: the step of the biases is 2^-octaves of it, 0 .. 7; or step 0, 1, 2 or 3 */
} vd_part_code;

/* the step of the biases */
uint8_t vd_bias_step(vd_part_code code);

/* 16 bits that differ for networks with other layers, shapes or maps */
uint32_t vd_shape_mark(const network *net, vd_parts p);

/* write or read the parts of net
 *
 *   p       rounded to what codes say; for reading, all 0 before
 *   codes   [p.n] for reading, written
 *   bytes   [p.n] bytes in front of the end of each part; null when they are not wanted
 *
 * Returns null, or what is wrong, which the caller frees: with the bits read, or with values that are too large to be
 * written so. */
char *vd_code_parts(vd_coder *c, const network *net, vd_parts p, vd_pack_format format, vd_part_code *codes,
                    size_t *bytes);

#endif
