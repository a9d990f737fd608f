/* Prints the sizes of a network before and after packing, layer by layer. */
#ifndef VD_COMMANDS_SIZE_SHEET_H
#define VD_COMMANDS_SIZE_SHEET_H

#include "weights/vdw.h"

/* a line for each layer with weights and one for all, then the sizes of the two files
 *
 *   bytes           of all arrays of a layer: as floats, and its share of the packed file
 *   bits a weight   8 * bytes packed / weights left
 *   multiply-adds   for one image, with all weights and with those left */
void vd_size_sheet_print_table(FILE *fp, const vd_packed *p, vd_pack_format format);

/* one object: {"format":"fp32","layers":[{"index":0,"type":"vd_connected","weights":W,"nonzero":Z,"bytes_dense":..,
 * "bytes_packed":..,"bits_per_weight":..,"multiply_adds":..,"multiply_adds_left":..},...], the same sums over all
 * layers, "file_dense":bytes of the .weights file of the plain network,"file_packed":bytes,"ratio":dense/packed};
 * bits_per_weight is null when no weight is left */
void vd_size_sheet_print_json(FILE *fp, const vd_packed *p, vd_pack_format format);

#endif
