/* The values a packed file will hold: a network's arrays at test time, simplified and rounded. */
#ifndef VD_WEIGHTS_VALUES_H
#define VD_WEIGHTS_VALUES_H

#include "weights/vdw.h"
#include "weights/vdw2.h"

/* all of it: the values for a format, and how each part is to be written
 *
 *   values   arrays like those of the network; overwritten
 *   rate     of VD_PACK_INT8, see weights/grid.h
 *   codes    [parts] overwritten
 *
 * Returns null, or what cannot be packed, which the caller frees. */
char *vd_make_values(const network *net, vd_parts values, vd_pack_format format, double rate, vd_part_code *codes);

/* its steps for integers, which weights/tuning.c takes one by one; vd_simplify() follows the first and the second
 *
 *   vd_copy_masked       the arrays at test time: pruned weights are 0. Returns null, or what cannot be packed
 *   vd_round_by_rate     the weights of variational layers, and the biases of those without batch normalisation, to
 *                        integers; the steps are chosen
 *   vd_finish_integers   the biases again, batch normalisation as scales and biases alone, to halves; then the order
 *                        that packs best */
char *vd_copy_masked(const network *net, vd_parts values, vd_pack_format format);
void vd_round_by_rate(const network *net, vd_parts values, double rate, vd_part_code *codes);
void vd_finish_integers(const network *net, vd_parts values, vd_part_code *codes);

/* in vdw.c: pack values as they are, see vd_pack_network(); and the bytes that takes, 0 with a fault */
vd_packed vd_pack_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes, char **fault);
size_t vd_size_of_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes, char **fault);

#endif
