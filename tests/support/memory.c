#include "support/memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
ssize_t __real_getline(char **line, size_t *room, FILE *fp);
ssize_t __real_getdelim(char **line, size_t *room, int end, FILE *fp);

static atomic_long asked, failing;

void memory_fail_at(long n)
{
    atomic_store(&asked, 0);
    atomic_store(&failing, n);
}

long memory_asked(void)
{
    return atomic_load(&asked);
}

static int fails(void)
{
    if (atomic_fetch_add(&asked, 1) + 1 != atomic_load(&failing)) return 0;
    errno = ENOMEM;
    return 1;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? 0 : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? 0 : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? 0 : __real_realloc(p, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? 0 : __real_aligned_alloc(alignment, size);
}

ssize_t __wrap_getline(char **line, size_t *room, FILE *fp)
{
    return fails() ? -1 : __real_getline(line, room, fp);
}

/* what getline() is, inlined */
ssize_t __wrap___getdelim(char **line, size_t *room, int end, FILE *fp)
{
    return fails() ? -1 : __real_getdelim(line, room, end, fp);
}

ssize_t __wrap_getdelim(char **line, size_t *room, int end, FILE *fp)
{
    return fails() ? -1 : __real_getdelim(line, room, end, fp);
}
