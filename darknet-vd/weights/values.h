/* The values a packed file will hold: a network's arrays at test time, simplified and rounded. From a network to a
 * file:
 *
 *     vd_begin_values     the arrays at test time: pruned weights are 0. Then vd_simplify()
 *     rounding            fp32: none. fp16: weights to halves. Integers: vd_round_by_rate(), or to steps that were
 *                         chosen earlier (weights/tuning.c)
 *     vd_finish_values    vd_simplify() again. Integers: the biases again, as constants may have moved there; batch
 *                         normalisation as scales and biases alone, to halves; the order that packs best
 *     vd_pack_values      writes them as they are (weights/vdw_file.h)
 *
 * Only variational layers are rounded, and only they have codes that are not exact. */
#ifndef VD_WEIGHTS_VALUES_H
#define VD_WEIGHTS_VALUES_H

#include "weights/parts.h"
#include "weights/vdw2.h"

/* all but the last: the values for a format, and how each part is to be written
 *
 *   values   arrays like those of the network; overwritten
 *   rate     of VD_PACK_INT8, see weights/grid.h
 *   codes    [parts] overwritten
 *
 * Returns null, or what cannot be packed, which the caller frees. */
char *vd_make_values(const network *net, vd_parts values, vd_pack_format format, double rate, vd_part_code *codes);

/* one by one; begin() returns as vd_make_values(). vd_round_by_rate() chooses the steps of the weights, and rounds them
 * and the biases of layers without batch normalisation */
char *vd_begin_values(const network *net, vd_parts values, vd_pack_format format);
void vd_round_by_rate(const network *net, vd_parts values, double rate, vd_part_code *codes);
void vd_finish_values(const network *net, vd_parts values, vd_pack_format format, vd_part_code *codes);

#endif
