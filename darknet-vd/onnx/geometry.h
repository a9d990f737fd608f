/* Rules of ONNX's operators, Conv, the pools and Slice, that the evaluator and the importer share. */
#ifndef VD_ONNX_GEOMETRY_H
#define VD_ONNX_GEOMETRY_H

#include <stdint.h>

/* auto_pad=SAME_UPPER or SAME_LOWER as pads: so many zeros that an output has ceil(n / stride) numbers along each side,
 * as many on both ends; an odd one is behind with `upper`, else in front
 *
 *   n, size, stride, gap   [2] down and across: of the map, of the window, its steps, its dilation
 *   pad                    [4] top, left, bottom, right */
void vd_onnx_pad_same(const int64_t *n, const int64_t *size, const int64_t *stride, const int64_t *gap, int upper,
                      int64_t *pad);

/* an index as Slice and Split count it, from the end where it is negative, held within 0 and n */
int64_t vd_onnx_within(int64_t i, int64_t n);

#endif
