/* Parts of pictures for networks that may be wider than high, or higher than wide. For square ones the numbers are
 * those of stock Darknet, which knows no others. */
#ifndef VD_DATA_CROP_H
#define VD_DATA_CROP_H

#include "darknet.h"

/* the shorter side of the picture after it has been resized to cover w x h, in its own shape; w when w = h */
int vd_side_to_cover(image im, int w, int h);

/* the largest part of the picture that has the shape of w x h, at least 1x1: sides into *cw and *ch */
void vd_largest_part(image im, int w, int h, int *cw, int *ch);

#endif
