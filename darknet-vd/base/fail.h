/* How the program ends on an error, and memory that is never null. */
#ifndef VD_FAIL_H
#define VD_FAIL_H

#include <stddef.h>

/* say one line on stderr, "error: " not included, and exit(1)
 *
 *   fmt     printf format without a trailing newline; it names the file, the place and the culprit */
void vd_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* zeroed memory for n objects of the given size; vd_die() with the bytes asked for when there is none
 * (n = 0 gives a valid pointer that free() accepts) */
void *vd_calloc(size_t n, size_t size);

/* malloc() and realloc(), which end in the same way; never null */
void *vd_malloc(size_t size);
void *vd_realloc(void *p, size_t size);

/* called once, by vd_die() in a thread other than the main one, which cannot run the handlers of atexit(): removes what
 * must not be left behind (base/files.c) */
void vd_fail_clean_up(void (*clean_up)(void));

#endif
