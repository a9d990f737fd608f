/* darknet vd dataset: MNIST, or drawn digits in its place, as files for `darknet classifier`. */
#ifndef VD_COMMANDS_DATASET_DATASET_H
#define VD_COMMANDS_DATASET_DATASET_H

/* write the pictures and lists
 *
 *   argc, argv   argv[0] is "dataset"; the arguments follow
 *
 * On output, OUTDIR holds train/ and test/ (NNNNN_digitK.png), train.list, test.list, labels.list, names.list,
 * backup/ and, written last, mnist.data or digits.data. A .data file exists only when all files it names are complete.
 * Returns the exit status; vd_die() on bad input and bad arguments. */
int vd_dataset_command(int argc, char **argv);

#endif
