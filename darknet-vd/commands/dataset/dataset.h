/* darknet vd dataset: MNIST, CIFAR-10 or drawn digits as files for `darknet classifier`. */
#ifndef VD_COMMANDS_DATASET_DATASET_H
#define VD_COMMANDS_DATASET_DATASET_H

/* write the pictures and lists
 *
 *   argc, argv   argv[0] is "dataset"; the arguments follow
 *
 * On output, OUTDIR holds train/ and test/ (NNNNN_digitK.png or NNNNN_CLASS.png), train.list, test.list, labels.list,
 * names.list, backup/ and, written last, mnist.data, cifar.data or digits.data. A .data file exists only when all files
 * it names are complete. Returns the exit status; vd_die() on bad input and bad arguments. */
int vd_dataset_command(int argc, char **argv);

#endif
