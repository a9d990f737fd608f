/* darknet vd pack -tune: a short training on the integers of the packed file. */
#ifndef VD_COMMANDS_PACK_TUNE_H
#define VD_COMMANDS_PACK_TUNE_H

#include "weights/vdw.h"

typedef struct {
    const char *data; /* .data file of a classifier: train=, labels=, classes= */
    int epochs;       /* over the pictures of train= */
    double rate;      /* of weights/grid.h; 0 with bytes */
    size_t bytes;     /* the file shall have at most so many, at the rate that does it; 0 with a rate */
    double learning;  /* learning rate of the first batch as a share of the cfg's; it falls to 0 */
} vd_tune_plan;

/* tune a classifier, whose weights are then no longer those of its file, and pack it. What is wrong ends the program
 * with one line. The same numbers for one seed (seed= in [net], else 1) and any number of threads.
 *
 *   cfg   for messages */
vd_packed vd_tune_and_pack(network *net, const char *cfg, vd_tune_plan plan);

#endif
