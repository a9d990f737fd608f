/* How good detections are: which of them hit an object, and average precision, as in Everingham et al. 2010, "The
 * PASCAL Visual Object Classes (VOC) Challenge". Plain functions on arrays; a box is centre x, centre y, width, height
 * in any unit. */
#ifndef VD_TRAINING_AVERAGE_PRECISION_H
#define VD_TRAINING_AVERAGE_PRECISION_H

#include <stddef.h>

/* intersection over union; 0 for boxes that do not overlap or have no area */
double vd_box_overlap(const float a[4], const float b[4]);

/* which detections of one class in one picture are hits
 *
 *   confidence, found   [n], [n][4]
 *   truth               [m][4] objects of this class
 *   iou                 least overlap of a hit
 *   hit                 [n] 1 or 0, overwritten
 *
 * Detections are taken by decreasing confidence, equal ones in their order. Each is assigned to the object it overlaps
 * most (the first of several), and is a hit when that overlap is at least iou and the object has not been hit before.
 */
void vd_match_boxes(size_t n, const float *confidence, const float (*found)[4], size_t m, const float (*truth)[4],
                    double iou, unsigned char *hit);

/* the overlap of a box with that of [n][4] others that it overlaps most; 0 without any */
double vd_most_overlap(const float box[4], size_t n, const float (*others)[4]);

/* 1 for a detection that counts neither as a hit nor as a false alarm, as in Everingham et al. 2010: it overlaps no
 * object of its class by iou, and a difficult one by as much
 *
 *   found       one detection
 *   truth       [m][4] objects of its class
 *   difficult   [k][4] difficult objects of its class */
int vd_is_left_out(const float found[4], size_t m, const float (*truth)[4], size_t k, const float (*difficult)[4],
                   double iou);

/* average precision of one class over all pictures, 0 .. 1
 *
 *   confidence, hit   [n] the detections, in any order; those of equal confidence are ranked in their order
 *   truths            objects in all pictures, at least 1
 *   points            0: area under precision as a function of recall, PASCAL's since 2010
 *                     P: mean precision at recalls 0, 1/(P - 1), .. 1: with P = 11 PASCAL's before, with 101 COCO's
 *
 * The precision at a recall is the largest at this recall or a greater one. */
double vd_average_precision(size_t n, const float *confidence, const unsigned char *hit, size_t truths, int points);

typedef struct {
    size_t hits, false_alarms, missed;
} vd_detection_counts;

/* counts over the detections with more confidence than thresh */
vd_detection_counts vd_count_detections(size_t n, const float *confidence, const unsigned char *hit, size_t truths,
                                        float thresh);

/* hits/(hits + false alarms), hits/(hits + missed), and their harmonic mean; 0 where nothing is counted */
double vd_precision(vd_detection_counts c);
double vd_recall(vd_detection_counts c);
double vd_f1(vd_detection_counts c);

#endif
