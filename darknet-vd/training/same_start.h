/* Several ranks must begin with the same: a training on machines that do not share a file system may find another list
 * or other weights on one of them. */
#ifndef VD_TRAINING_SAME_START_H
#define VD_TRAINING_SAME_START_H

#include "darknet.h"

/* a .data file was read */
void vd_same_start_data(const char *filename, list *options);

/* all is read, and the kernels are chosen: ends the program, on all ranks, where one has another version, cfg, .data
 * file, training list, weights, pictures seen, or kernels than rank 0; the line names it. Pictures and labels are not
 * compared */
void vd_same_start(network *net);

#endif
