/* [yolo] with the keys of later Darknets: other formulas for boxes, other losses. A section with none of these keys is
 * stock Darknet's layer. Numbers are those of AlexeyAB's Darknet. */
#ifndef VD_LAYER_YOLO_HEAD_H
#define VD_LAYER_YOLO_HEAD_H

#include "darknet.h"
#include "layer/overlap.h"

typedef struct {
    /* boxes: x = scale_x_y s(t) - (scale_x_y - 1)/2 in cells; width and height exp(t) anchors, or with new_coords
     * (2 v)^2 anchors, where the layer before has given v, and s() is not applied again */
    float scale_x_y;
    int new_coords;

    /* loss of coordinates: squared error of t when squares is 1, else 1 - overlap */
    int squares;
    vd_overlap overlap;
    float iou_normalizer, obj_normalizer, cls_normalizer;
    float max_delta;        /* limit of the gradient of an overlap */
    float delta_normalizer; /* factor of all gradients, not of the loss */

    /* anchors besides the best one are trained towards an object when their overlap with it is over iou_thresh < 1 */
    float iou_thresh;
    vd_overlap iou_thresh_kind;

    float label_smooth_eps;
    int objectness_smooth; /* objectness is trained towards the overlap */
    int focal_loss;
    float *class_weights; /* [classes] of counters_per_class, or null */

    float resize;   /* of training pictures, see data/placement.h */
    int stretched;  /* boxes are relative to the picture as they are */
    float beta_nms; /* exponent of the distance in the overlap that NMS compares, 0: none */
} vd_yolo_head;

/* put the functions below into l, a [yolo] of the stock parser; l.later owns head from now on */
void attach_vd_yolo_head(layer *l, vd_yolo_head head);

/* the head's own keys, null when l is stock Darknet's */
const vd_yolo_head *vd_yolo_head_of(layer l);

/* box n of cell (column, row), relative to a network input of width w and height h
 *
 *   x   l.output, from the first number of this box on; its numbers are l.w l.h apart */
box vd_yolo_box(layer l, const float *x, int n, int column, int row, int w, int h);

#endif
