/* Integers for a plan: 8 bits for weights, up to 16 for the values of maps.
 *
 * A value of a map is step times an integer. The input's integers are pixels, 0..255, its step is 1/255. A filter's sum
 * of products is an integer, too, times the step of its weights and that of the map it reads. The layer makes its value
 * of it by
 *
 *     y = ((sum >> before) + offset) gain >> after, rounded, then the activation, then limits
 *
 * The step of a filter's weights is chosen so that gain / 2^(before + after) is exact and the largest weight is 127 at
 * most: gain is 8 bits wide, the shifts are those of the layer.
 *
 * No sum leaves 32 bits: the limit of a map is the largest integer for which the sums of magnitudes of all filters that
 * read it stay inside. It is 32767 unless a filter has many and large weights. */
#ifndef VD_EXPORT_C_QUANTISE_H
#define VD_EXPORT_C_QUANTISE_H

#include "export/c/plan.h"

/* ends the program with a line when the plan has something that integers cannot do here
 *
 *   cfg   its name, for messages */
void vd_c_refuse_int8(const vd_c_plan *p, const char *cfg);

/* how many times the largest value on the pictures a map of bytes can hold: 8 bits leave no room for more */
#define VD_C_MARGIN_OF_BYTES 1.1

/* set what a stage and a map have for int8; ends the program with a line when sums are too large for it
 *
 *   cfg         its name, for messages
 *   pictures    [n][inputs] 0..1, as network_predict() takes them
 *   margin      how many times that value a map of 16 bits, and an output of two bytes, can hold */
void vd_c_quantise(vd_c_plan *p, const char *cfg, int n, const float *pictures, double margin);

/* pictures as pixels; the caller frees it */
uint8_t *vd_c_pixels(size_t n, const float *x);

#endif
