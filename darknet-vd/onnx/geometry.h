/* Rules of ONNX's operators, Conv, the pools and Slice, that the evaluator and the importer share. */
#ifndef VD_ONNX_GEOMETRY_H
#define VD_ONNX_GEOMETRY_H

#include <stdint.h>

/* 1 for the words of auto_pad that leave no room for pads: VALID, which has none, SAME_UPPER and SAME_LOWER */
int vd_onnx_pads_by_itself(const char *auto_pad);

/* auto_pad=SAME_UPPER or SAME_LOWER as pads: so many zeros that an output has ceil(n / stride) numbers along each side,
 * as many on both ends; an odd one is behind with `upper`, else in front
 *
 *   n, size, stride, gap   [2] down and across: of the map, of the window, its steps, its dilation
 *   pad                    [4] top, left, bottom, right */
void vd_onnx_pad_same(const int64_t *n, const int64_t *size, const int64_t *stride, const int64_t *gap, int upper,
                      int64_t *pad);

/* windows along a side of n with its pads, `stride` apart, each of which reaches over `reach` numbers; 0 where not even
 * one fits. With `up`, ceil_mode=1, the last one may end behind the pads, but not begin behind the map, which is
 * PyTorch's rule */
int64_t vd_onnx_windows(int64_t n, int64_t before, int64_t behind, int64_t reach, int64_t stride, int up);

/* the pads of a Pad for all of `rank` dimensions, in front of them, then behind: all [2 rank]. Without axes, n_axes
 * below 0, they are in this order already, else those of the axes named. 0 where they do not fit */
int vd_onnx_pads_of_all(int rank, int n, const int64_t *pads, int n_axes, const int64_t *axes, int64_t *all);

/* an index as Slice, Split and Shape count it, from the end where it is negative, held within 0 and n */
int64_t vd_onnx_within(int64_t i, int64_t n);

#endif
