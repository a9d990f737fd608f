#include "base/fail.h"
#include "base/aligned.h"
#include "base/float_mode.h"
#include "base/text.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void (*on_die)(const char *message);
static void (*at_end)(void);

/* of several processes; who is null: the only one, or the first */
static struct {
    const char *who;
    FILE *to;
    unsigned later;
} as;

/* the work of another thread, whose failure is reported where it was asked for */
typedef struct {
    jmp_buf back;
    char *volatile message; /* null: there was no memory for it */
} catching;

static __thread catching *caught_here;

/* passed to the callback; freed by the thread's next failure, so that it outlives a longjmp() */
static __thread char *last_message;

void vd_on_die(void (*callback)(const char *message))
{
    on_die = callback;
}

void vd_fail_as(const char *who, FILE *to, unsigned later)
{
    as.who = who;
    as.to = to;
    as.later = later;
}

void vd_fail_at_once(void)
{
    as.later = 0;
}

void vd_fail_clean_up(void (*clean_up)(void))
{
    at_end = clean_up;
}

int vd_fail_catch(void (*run)(void *context), void *context, char **message)
{
    catching here = {.message = 0}, *const outer = caught_here;
    const int depth = vd_float_mode_depth();
    volatile int failed = 1;
    *message = 0;
    if (!on_die) {
        run(context);
        return 0;
    }
    caught_here = &here;
    if (!setjmp(here.back)) {
        run(context);
        failed = 0;
    }
    vd_float_mode_back_to(depth);
    caught_here = outer;
    *message = here.message;
    return failed;
}

void vd_fail_again(char *message)
{
    static __thread char *kept;
    free(kept);
    kept = message;
    vd_die("%s", message ? message : "out of memory");
}

/* A callback that fails in the library calls itself back, and has no end where it does so each time: calls that are
 * each deeper in the stack than the one before are counted. A program that has left by longjmp() comes back at any
 * depth. */
static int is_endless(void)
{
    enum { MOST = 100 };
    static __thread uintptr_t last_frame;
    static __thread int deeper;
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    deeper = frame < last_frame ? deeper + 1 : 0;
    last_frame = frame;
    return deeper >= MOST;
}

/* returns when there is no callback, or when it returns */
static void call_back(const char *fmt, va_list args)
{
    char *message;
    if (!on_die) return;
    if (vasprintf(&message, fmt, args) < 0) message = 0;
    if (caught_here) {
        caught_here->message = message;
        longjmp(caught_here->back, 1);
    }
    free(last_message);
    last_message = message;
    if (is_endless()) return;
    vd_float_mode_back_to(0); /* the callback is the caller's, and may leave by longjmp() */
    on_die(message ? message : "out of memory");
}

void vd_die(const char *fmt, ...)
{
    static pthread_mutex_t last = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    va_list args;
    va_start(args, fmt);
    call_back(fmt, args);
    va_end(args);
    pthread_mutex_lock(&last); /* never unlocked: when several threads fail at once, only the first reports */
    FILE *to = as.to ? as.to : stderr;
    if (as.later && usleep(as.later)) _exit(1); /* a signal: another process has reported it, and ends this one */
    fflush(stdout);
    flockfile(to); /* never unlocked either: this is the last line */
    if (as.who) fprintf(to, "%s: ", as.who);
    va_start(args, fmt);
    vfprintf(to, fmt, args); /* NOLINT(clang-analyzer-valist.Uninitialized): it has been started */
    va_end(args);
    fputc('\n', to);
    fflush(to);
    if (gettid() == getpid()) exit(1);
    if (at_end) at_end(); /* exit() here would destroy what the libraries need while the main thread is using it */
    _exit(1);
}

static int strict;

void vd_be_strict(void)
{
    strict = 1;
}

int vd_is_strict(void)
{
    return strict;
}

void vd_complain(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = vd_vformat(fmt, args);
    va_end(args);
    if (strict) vd_die("%s", message);
    fprintf(stderr, "%s\n", message);
    free(message);
}

/* arrays from BIG bytes on are those of aligned.h */
enum { BIG = 4096, UNTOUCHED = 1 << 20 };

/* zeros; of large arrays, pages that are never used take no memory, as with calloc() */
static void clear(char *p, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (page - (uintptr_t)p % page) % page;
    size_t pages = bytes < UNTOUCHED ? 0 : (bytes - before) / page * page;
    if (!pages || madvise(p + before, pages, MADV_DONTNEED)) { /* it fails where pages are locked */
        memset(p, 0, bytes);
        return;
    }
    memset(p, 0, before);
    memset(p + before + pages, 0, bytes - before - pages);
}

/* null when there is no memory */
static void *big_calloc(size_t bytes)
{
    void *p = vd_aligned_alloc(bytes);
    if (p) clear(p, bytes);
    return p;
}

void *vd_calloc(size_t n, size_t size)
{
    size_t bytes;
    int fits = !__builtin_mul_overflow(n, size, &bytes);
    void *p = fits && bytes >= BIG ? big_calloc(bytes) : calloc(n ? n : 1, size);
    if (!p) vd_die("out of memory: cannot allocate %zu x %zu bytes", n, size);
    return p;
}

void *vd_malloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p) vd_die("out of memory: cannot allocate %zu bytes", size);
    return p;
}

void *vd_realloc(void *p, size_t size)
{
    p = realloc(p, size ? size : 1);
    if (!p) vd_die("out of memory: cannot allocate %zu bytes", size);
    return p;
}
