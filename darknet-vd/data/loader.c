#include "data/loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/clock.h"
#include "base/fail.h"
#include "base/first_failure.h"
#include "base/float_mode.h"
#include "base/parallel.h"
#include "base/seed.h"
#include "data/image_cache.h"
#include "ranks/ranks.h"

enum { MAX_HELPERS = 64 };

/* Starting and joining a thread costs some 50 us, and takes a core from a training thread that others wait for. A batch
 * of small pictures from the cache is ready sooner than that. */
static const double worth_helping = 1e-3; /* seconds of work from which helpers are started */

typedef struct {
    int n;
    atomic_int next;
    void **parts;
    void *(*load)(void *part);
    vd_first_failure failure;
} batch;

/* Every batch is freed after its use. By default glibc returns such memory to the system and asks for it again for the
 * next batch; with these thresholds, the largest it would reach by itself, it keeps it. */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

/* 0 when no part was left */
static int load_next(batch *b)
{
    int i = atomic_fetch_add(&b->next, 1);
    if (i >= b->n || b->failure.failed) return 0;
    b->load(b->parts[i]);
    return 1;
}

static void load_one(void *context)
{
    load_next(context);
}

static void load_the_rest(void *context)
{
    while (load_next(context)) {
    }
}

static void catch_failure(void (*run)(void *b), batch *b)
{
    if (!vd_catch_failure(&b->failure, run, b)) return;
    image_cache_end(); /* load_thread() has not come to its end, and the thread may live on */
    rand_stream_end();
}

static void *help(void *context)
{
    vd_float_mode_here();
    catch_failure(load_the_rest, context);
    return 0;
}

static int start_helpers(pthread_t *helpers, batch *b)
{
    int count = 0, wanted = vd_parallel_threads() - 1;
    while (count < wanted && count < MAX_HELPERS && count < b->n - atomic_load(&b->next) &&
           !pthread_create(helpers + count, 0, help, b))
        ++count;
    return count;
}

void loader_run(int n, void **parts, void *(*load)(void *part))
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    vd_float_mode_here();
    pthread_t helpers[MAX_HELPERS];
    batch b = {.n = n, .parts = parts, .load = load};
    int count = 0;
    pthread_once(&once, keep_freed_memory);
    double start = vd_seconds();
    /* the first part's time predicts that of the others */
    catch_failure(load_one, &b);
    if (!b.failure.failed && (n - 1) * (vd_seconds() - start) > worth_helping) count = start_helpers(helpers, &b);
    help(&b);
    for (int i = 0; i < count; ++i) pthread_join(helpers[i], 0);
    if (b.failure.failed) vd_fail_again(b.failure.message);
}

/* ---- several ranks ---- */

/* Darknet joins parts in front of each other: the last one has the first rows. The row behind those of part i */
static int end_of_part(int total, int parts, int i)
{
    return total - (int)((long)i * total / parts);
}

loader_share loader_share_at(int total, int parts, int first, int n)
{
    int from = 0, last = parts - 1;
    while (end_of_part(total, parts, from + 1) >= first + n) ++from;
    while (end_of_part(total, parts, last) <= first) --last;
    return (loader_share){from, last + 1 - from, first - end_of_part(total, parts, last + 1), n};
}

loader_share loader_share_of(int total, int parts, int is_shared)
{
    if (!is_shared || vd_ranks() < 2) return (loader_share){0, parts, 0, total};
    vd_share mine = vd_share_of(total);
    return loader_share_at(total, parts, mine.first, mine.n);
}

static void cut_rows(matrix *m, loader_share s)
{
    for (int i = 0; i < m->rows; ++i)
        if (i < s.skip || i >= s.skip + s.rows) free(m->vals[i]);
    memmove(m->vals, m->vals + s.skip, s.rows * sizeof(*m->vals));
    m->rows = s.rows;
}

void loader_cut(data *d, loader_share share)
{
    if (!share.skip && share.rows == d->X.rows) return;
    cut_rows(&d->X, share);
    cut_rows(&d->y, share);
}
