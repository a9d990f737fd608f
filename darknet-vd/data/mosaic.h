/* [net] mosaic=1: training pictures of a detector that are put together from four, as in AlexeyAB's Darknet. A point is
 * drawn between 20 and 80 % of width and height; each of the four quarters around it shows another picture. */
#ifndef VD_DATA_MOSAIC_H
#define VD_DATA_MOSAIC_H

#include "data/placement.h"

/* Load a training picture as a mosaic: half of the pictures are, in a training with mosaic=1.
 *
 *   paths [m]           the list that the three other pictures are drawn from, with replacement
 *   first               the picture in the left upper quarter
 *   hue ... exposure    limits of the random changes of colour
 *   pixels              on output a new array, [channels][h][w]
 *   truth [boxes][5]    on output the objects, x = 0 after the last
 *
 * Returns 0, with nothing drawn or written without mosaic=1, when the picture is to be loaded alone. */
int vd_load_mosaic(char **paths, int m, char *first, int w, int h, int boxes, int classes, float jitter, float hue,
                   float saturation, float exposure, float **pixels, float *truth);

/* one of the four */
typedef struct {
    int x, y, w, h;     /* of its quarter in the mosaic */
    int from_x, from_y; /* what its quarter shows of the picture, which is as large as the mosaic: from here on */
} vd_quarter;

/* quarter number 0 to 3: left upper, right upper, left lower, right lower, of a mosaic of w x h that is cut at cut_x
 * and cut_y. cut: of the picture, after it was mirrored; where it was widened, the added border is left out if it can
 * be. */
vd_quarter vd_quarter_of(int quarter, int w, int h, int cut_x, int cut_y, image picture, vd_cut cut);

/* add to truth [boxes][5] the objects of a picture, moved as the picture is. Boxes are clipped at the borders of the
 * mosaic, with bound at those of the quarter. Those of up to a pixel are left out, and those without room. */
void vd_add_truth(float *truth, int boxes, const float *of_picture, vd_quarter tile, int w, int h, int bound);

#endif
