/* The first error of work that several threads share. It is caught in its thread; the caller ends by it, when all have
 * come to their end: vd_fail_again(). Without a callback an error ends the program at once (base/fail.h). */
#ifndef VD_BASE_FIRST_FAILURE_H
#define VD_BASE_FIRST_FAILURE_H

#include <stdatomic.h>

typedef struct {
    atomic_int failed; /* others look at it to stop early */
    char *message;     /* of the first; null: there was no memory for it */
} vd_first_failure;

/* run(context); 1 when it has ended in an error, which is kept if it is the first */
int vd_catch_failure(vd_first_failure *first, void (*run)(void *context), void *context);

#endif
