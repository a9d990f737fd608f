/* What most test files need: folders, files, runs of the program, networks and numbers. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include "support/suite.h"

#include <stddef.h>

#include "darknet.h"

/* counts the tests' own processes share with the runner */
typedef struct {
    int runner; /* its process id */
    int skipped;
    int skipped_inside; /* tests that only reported that they are skipped: not counted as passed */
} test_counts;

extern test_counts *tests;

/* note that n tests are skipped, and why; counted in the summary line. Called where a suite is made, or from a test,
 * which then returns */
void skipped(int n, const char *why);

/* a fresh folder that remove_folder() deletes with all it holds; both strings are the caller's to free */
char *make_folder(void);
void remove_folder(char *folder);

/* the folder of the running test. For EACH and ONCE, or called by a longer set-up: the first pair makes and removes it,
 * the second also works in it, for commands that name files there */
extern char *folder;
void make_test_folder(void);
void remove_test_folder(void);
void enter_test_folder(void);
void leave_test_folder(void);

/* folder/name as a fresh string */
char *in_folder(const char *folder, const char *name);
/* how many files in a folder have names that begin with `beginning`, hidden ones apart */
int files_in(const char *folder, const char *beginning);

void write_bytes(const char *path, const void *data, size_t n);
void write_text(const char *path, const char *text);
/* all bytes of a file, with a 0 after them, and their number; null when it cannot be read */
char *read_bytes(const char *path, size_t *n);
/* the file must hold these n bytes and no others */
void expect_file(const char *path, const void *expected, size_t n);
/* text as a file of the test's folder, and the text of one, null when it cannot be read */
void write_in_folder(const char *name, const char *text);
char *text_in_folder(const char *name);
/* how often part occurs in text */
int count_of(const char *text, const char *part);
/* a file of floats; ends the test when it is missing */
float *read_floats(const char *path, int *n);

typedef struct {
    int status;      /* exit status, 128 + signal when killed by one */
    char *out, *err; /* what it wrote; freed by free_run() */
} run_result;

/* run a program with a null-terminated argument list and wait for it; argv[0] "darknet" is the one under test */
run_result run(const char *const argv[]);
/* run darknet in a terminal and send it a signal when a line of its output begins with `line`; out is null */
run_result run_until(const char *const argv[], const char *line, int signal);
/* run() with the arguments of darknet, ending with a null; its exit status must be the given one */
run_result darknet(int status, const char *first, ...) __attribute__((sentinel));
void free_run(run_result r);

/* `darknet vd report` ends with status 1 for this cfg, bad.cfg in the test's folder, and says this on stderr */
void expect_cfg_refused(const char *cfg, const char *said);

/* run body(path) in a child; its exit status, 128 + signal when killed. *err, the caller's to free: what it wrote to
 * stderr */
int in_child(void (*body)(const char *path), const char *path, char **err);

/* digits drawn by the program under test: folder/digits/digits.data and what it names */
void draw_digits(const char *folder, int training, int test);

/* for tests that call Darknet, which writes a line to stderr for every layer */
void silence_stderr(void);

/* the paths of tests/program/probe/probe.c linked with this build and with stock Darknet's */
const char *our_probe(void);
const char *stock_probe(void);
/* the path of stock Darknet's own program; null when there is none */
const char *stock_darknet(void);

/* for this process: the fastest kernels whose products are in float, unless DARKNET_KERNELS asks for others */
void use_float_kernels(void);

/* parse a cfg given as text (and load weights, or null), without Darknet's lines on stderr and without report lines */
network *network_of(const char *cfg, const char *weights);

/* n weights of l, a layer of net, whose input and truth are set: each seventh gradient of a training pass is the
 * central difference of the cost, to 2 % of itself or of the largest */
void expect_weight_gradients(network *net, layer l, int n, float h);

/* train steps first, first + 1 ...: random pictures, the same for the same seed, whose classes take turns */
void train_steps(network *net, int first, int steps, unsigned seed);

/* small deterministic numbers in [-1, 1), the same for the same seed */
void fill_random(float *x, size_t n, unsigned seed);

/* |a - b| <= atol + rtol |b| */
int close_to(double a, double b, double rtol, double atol);

#endif
