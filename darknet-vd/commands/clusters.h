/* k-means of boxes by their width and height: the anchors of a detector. Plain functions on arrays. */
#ifndef VD_COMMANDS_CLUSTERS_H
#define VD_COMMANDS_CLUSTERS_H

#include <stddef.h>

/* intersection over union of two boxes with one centre; both have an area */
double vd_shape_overlap(const float a[2], const float b[2]);

/* Find k shapes that n boxes are near to
 *
 *   boxes    [n][2], width and height; n is at least k
 *   shapes   [k][2], in the order of their areas
 *   returns  the mean over the boxes of the overlap with the nearest shape
 *
 * Lloyd's algorithm as in AlexeyAB's Darknet (59596d78): a box belongs to the shape it overlaps most, and a shape is
 * the mean of its boxes. It is started several times from k boxes drawn at random, from the same ones in every run, and
 * the best result counts. */
double vd_find_clusters(size_t n, const float (*boxes)[2], int k, float (*shapes)[2]);

#endif
