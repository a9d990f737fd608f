/* How much two boxes overlap, and its gradient, in the four ways that later cfgs name: iou, giou (Rezatofighi et al.
 * 2019), diou and ciou (Zheng et al. 2020). The numbers are those of AlexeyAB's Darknet, whose trained networks depend
 * on them. They differ from the papers in three things: diou takes its distance term to the power 0.6, but its gradient
 * is that of power 1; in the gradient the parts of intersection and union with respect to width and height are twice
 * the derivative; and the hull's part of the distance term has the other sign. */
#ifndef VD_LAYER_OVERLAP_H
#define VD_LAYER_OVERLAP_H

#include "darknet.h"

typedef enum { VD_IOU, VD_GIOU, VD_DIOU, VD_CIOU } vd_overlap;

/* at most 1, for equal boxes; a is the prediction, b the truth */
float vd_overlap_of(vd_overlap kind, box a, box b);

/* iou - (squared distance of the centres / squared diagonal of the hull)^beta; beta 0: iou alone */
float vd_overlap_with_distance(box a, box b, float beta);

/* d[0..3] = d overlap / d (x, y, w, h) of a; sizes are not 0. Where the boxes do not meet, the gradient of iou itself
 * is left out unless kind is VD_IOU */
void vd_overlap_gradient(vd_overlap kind, box a, box b, float d[4]);

/* what of a box is in a picture from 0 to w and 0 to h; a side of 0 where nothing is */
box vd_box_inside(box b, float w, float h);

#endif
