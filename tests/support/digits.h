/* A data set of drawn digits in the test's folder, and trainings on it. */
#ifndef DIGITS_H
#define DIGITS_H

#include "support/support.h"

extern char *data_file; /* folder/digits/digits.data */

/* for EACH or ONCE, or called by a set-up: the test's folder with the data set in it */
void make_digits(int training, int test);
void remove_digits(void);

/* `darknet classifier train` on it, with an option or null; its exit status must be the given one */
run_result train_digits(int status, const char *cfg, const char *option);

/* the path of a file a training leaves: weights, checkpoint; the caller's to free */
char *backup(const char *name);

#endif
