#ifndef VD_COMMANDS_DATASET_H
#define VD_COMMANDS_DATASET_H

/* darknet vd dataset: write MNIST, or drawn digits in its place, as the pictures and lists `darknet classifier` reads
 *
 *   argc, argv   argv[0] is "dataset"; the arguments follow
 *
 * On output, OUTDIR holds train/ and test/ (NNNNN_digitK.png), train.list, test.list, labels.list, names.list,
 * backup/ and, written last, mnist.data or digits.data. A .data file is there only when all it names is complete.
 * Returns the exit status; bad input and bad use go through vd_die(). */
int vd_dataset_command(int argc, char **argv);

#endif
