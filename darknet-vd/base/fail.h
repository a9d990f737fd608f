/* How the program ends on an error, and memory that is never null. */
#ifndef VD_BASE_FAIL_H
#define VD_BASE_FAIL_H

#include <stddef.h>
#include <stdio.h>

/* print one line on stderr and exit(1); first the callback of vd_on_die(), where there is one
 *
 *   fmt     printf format without a trailing newline; it names the file, the place and the culprit */
void vd_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* for whatever is suspicious and not wrong: the line goes to stderr, and the program goes on. After vd_be_strict(), the
 * option -strict, it is an error of vd_die() */
void vd_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void vd_be_strict(void);
int vd_is_strict(void);

/* For programs that use the library: call back before an error ends the process. Null, the default: no callback.
 *
 *   message   the line that would be printed, without a newline; valid until the thread's next error
 *
 * The callback runs in the thread that called the library, also when the error was met by a thread of a parallel loop;
 * an error while load_data() reads pictures is met in the thread that load_data() has started. It may clean up and
 * return: the line is printed and the process exits with status 1. It may leave by longjmp() to a setjmp() of the same
 * thread: nothing is printed, the call that failed has not been completed, what it had allocated is leaked, and the
 * library can be used on. docs/library.md says which state remains. A callback that itself fails in the library, each
 * time it is called, ends the process in the end. Set it before other threads use the library. */
void vd_on_die(void (*callback)(const char *message));

/* In one of several processes that work together: errors are printed to a stream of its own, with "who: " in front of
 * them. `later`: so many microseconds after they were met, so that an error that all processes meet is reported by
 * the first, which ends the others, by a signal; vd_fail_at_once(): no longer. By the main thread */
void vd_fail_as(const char *who, FILE *to, unsigned later);
void vd_fail_at_once(void);

/* zeroed memory for n objects of the given size; vd_die() with the bytes asked for when there is none
 * (n = 0 gives a valid pointer that free() accepts) */
void *vd_calloc(size_t n, size_t size);

/* malloc() and realloc(), which end in the same way; never null */
void *vd_malloc(size_t size);
void *vd_realloc(void *p, size_t size);

/* called by vd_die() in a thread other than the main one, which cannot run the handlers of atexit(): removes what must
 * not be left behind (base/files.c sets it) */
void vd_fail_clean_up(void (*clean_up)(void));

/* run(context) in a thread that works for another one. When it fails and there is a callback, returns 1 and the message
 * (null when there was no memory for it), which the other thread hands over to vd_fail_again(): the callback then
 * runs there. Returns 0 when it has not failed; without a callback an error ends the process at once. */
int vd_fail_catch(void (*run)(void *context), void *context, char **message);
void vd_fail_again(char *message) __attribute__((noreturn));

#endif
