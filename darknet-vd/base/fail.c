#include "base/fail.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void (*at_end)(void);

void vd_fail_clean_up(void (*clean_up)(void))
{
    at_end = clean_up;
}

void vd_die(const char *fmt, ...)
{
    static pthread_mutex_t last = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    va_list args;
    pthread_mutex_lock(&last); /* for good: of several threads in trouble one has its say */
    fflush(stdout);
    flockfile(stderr); /* for good, too: it is the last line */
    va_start(args, fmt);
    vfprintf(stderr, fmt, args); /* NOLINT(clang-analyzer-valist.Uninitialized): it has been started */
    va_end(args);
    fputc('\n', stderr);
    if (gettid() == getpid()) exit(1);
    fflush(stderr);
    if (at_end) at_end(); /* exit() here would destroy what the libraries need while the main thread is using it */
    _exit(1);
}

void *vd_calloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p) vd_die("out of memory: %zu x %zu bytes asked for", n, size);
    return p;
}

void *vd_malloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p) vd_die("out of memory: %zu bytes asked for", size);
    return p;
}

void *vd_realloc(void *p, size_t size)
{
    p = realloc(p, size ? size : 1);
    if (!p) vd_die("out of memory: %zu bytes asked for", size);
    return p;
}
