/* libFuzzer targets, one file each: `make fuzz` builds and runs them. A target gives fuzz_begin(), fuzz_one() and
 * fuzz_seeds(); fuzz.c does the rest. It is linked so that exit() inside fuzz_one() ends the input and not the process:
 * a line and status 1 are the right answer to bad input. What fuzz_one() has allocated or opened is freed and closed
 * after it, and asking for more than FUZZ_MEMORY bytes ends the input, too. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "darknet.h"

enum { FUZZ_MEMORY = 32 << 20 };

/* what the target does with one input */
void fuzz_one(const uint8_t *data, size_t n);

/* what is made once, before the first input */
void fuzz_begin(void);

/* hand good inputs to fuzz_seed(); called once, in a process of its own */
void fuzz_seeds(void);
void fuzz_seed(const char *name, const void *data, size_t n);
/* the same with a file's bytes, but the last cut ones; the file is removed */
void fuzz_seed_file(const char *name, char *path, size_t cut);

/* a file with these bytes; the same path for each input */
char *fuzz_file(const uint8_t *data, size_t n);

/* a folder of this process, with a link `name` to that file */
char *fuzz_folder(const char *name);

/* the network of a cfg given as text */
network *fuzz_network(const char *cfg);

/* convolutions and connected layers, plain and variational, with and without batch normalisation: 4 x 4 grey pictures,
 * a few hundred weights */
extern const char fuzz_cfg[];

#endif
