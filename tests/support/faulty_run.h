/* The program under test in trouble: files that may not grow, and a death at any system call. */
#ifndef FAULTY_RUN_H
#define FAULTY_RUN_H

#include "support/support.h"

typedef struct {
    long file_limit;   /* bytes a file may have; -1: any */
    int ignores_limit; /* SIGXFSZ, which comes with it, is ignored */
    long calls;        /* SIGKILL before the system call of the main thread with this number, from 1; 0: none */
    const char *out;   /* the file its output goes to; null: /dev/null */
} fault;

/* as run(), with .out null; *calls, unless null, gets the number of system calls made */
run_result run_with(fault f, const char *const argv[], long *calls);

/* the last line of r.err, in r.err */
const char *last_line(run_result r);

/* how many files below folder have names that contain part */
int files_named(const char *folder, const char *part);

#endif
