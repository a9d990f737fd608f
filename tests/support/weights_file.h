/* What the tests of weights files share: a network, a good file of it, its layout,
 * and loads that may end the program. */
#ifndef TEST_WEIGHTS_FILE_H
#define TEST_WEIGHTS_FILE_H

#include "support/support.h"

#include <stdint.h>

/* three layers with weights, two of them variational, one without any between them */
#define NET "[net]\nbatch=2\nheight=5\nwidth=5\nchannels=2\n"
#define CONV "filters=3\nsize=2\nbatch_normalize=1\nactivation=leaky\n"
#define POOL "[maxpool]\nsize=2\nstride=2\n"
#define PLAIN "[connected]\noutput=4\nactivation=relu\n"
#define LAST "output=3\nactivation=linear\n"
#define COST "[vd_cost]\nsamples=10\n"

extern const char vd_cfg[], plain_cfg[];

enum {
    HEADER = 20,
    CONV_W = 3 * 2 * 2 * 2,
    CONV_PART = 4 * (4 * 3 + CONV_W), /* biases, scales, rolling mean and variance, weights */
    PLAIN_PART = 4 * (4 + 12 * 4),
    LAST_W = 4 * 3,
    LAST_PART = 4 * (3 + LAST_W),
    STOCK = HEADER + CONV_PART + PLAIN_PART + LAST_PART,
    ENTRY0 = STOCK,
    ENTRY3 = ENTRY0 + 8 + 4 * CONV_W,
    FOOTER = ENTRY3 + 8 + 4 * LAST_W,
    SIZE = FOOTER + 16
};

/* for every test: a folder, in it the file of a network vd_cfg, and the file's bytes */
extern char *path, *good;
void make_good_file(void);
void remove_good_file(void);

/* random weights, statistics and log_sigma2, the same for the same seed */
void randomise(network *net, unsigned seed);

typedef struct {
    int status; /* 128 + signal when killed */
    char *err;  /* the caller's to free */
} outcome;

/* load a file into a network of `cfg` in a child, which then calls `and_then`, unless it is null */
outcome load(const char *cfg, const char *file, void (*and_then)(network *));

/* write n bytes as a file, load it, expect exit 1 and one line that names the file and the culprit */
void expect_refused(const char *cfg, const void *data, size_t n, const char *culprit);
/* and expect exit 0 and a line that holds `said` */
void expect_accepted(const char *cfg, const void *data, size_t n, const char *said);

#endif
