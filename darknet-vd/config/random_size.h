/* random=1: the sizes a training draws from, the cfg's own shape in steps its strides allow.
 *
 * Stock Darknet draws squares, 320 to 608 in steps of 32 for detectors, which are 10/13 to 19/13 of the usual 416, and
 * 128 to 448 for classifiers, 4/7 to 14/7 of 224. A square that is one of these still draws all of these. Every other
 * network draws the same shares of its own size. */
#ifndef VD_CONFIG_RANDOM_SIZE_H
#define VD_CONFIG_RANDOM_SIZE_H

#include "darknet.h"

typedef struct {
    int step;              /* every side is a multiple of it */
    int columns, rows, of; /* size number k is k/of of these, in steps, rounded */
    int least, most;       /* of k */
} vd_random_sizes;

/* the sizes of a network that has its cfg's own size still; usual, least and most: sides of stock Darknet's squares */
vd_random_sizes vd_random_sizes_of(const network *net, int usual, int least, int most);

/* one of them for a random number, or the largest for -1, as width and height */
void vd_random_size(vd_random_sizes s, int random, int *w, int *h);

#endif
