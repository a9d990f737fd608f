/* Reads MNIST: train-images-idx3-ubyte, train-labels-idx1-ubyte and the same of t10k, also with a dot before idx, or
 * .gz. */
#ifndef VD_COMMANDS_DATASET_MNIST_H
#define VD_COMMANDS_DATASET_MNIST_H

#include "commands/dataset/source.h"

extern const char *const vd_digit_classes[VD_CLASSES]; /* "0" to "9" */

/* from, all zero before, gets all pictures and labels, which the caller frees; dir is a directory; pictures may have
 * any size up to 4096 x 4096, all of them the same. vd_die(), naming the file, where one is missing or damaged or where
 * the four do not belong together */
void vd_mnist_read(const char *dir, vd_source *from);

#endif
