#include "data/image_cache.h"
#include "data/ahead.h"
#include "data/picture_file.h"
#include "base/hash.h"
#include "base/text.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the cache: entries of all threads, which are never freed or changed ---- */

typedef struct entry {
    struct entry *next;
    int w, h, c, channels;
    unsigned char *pixels; /* [h][w][channels or c], after the path */
    char path[];
} entry;

enum { BUCKETS = 1 << 16 };

static struct {
    pthread_mutex_t lock;
    entry *buckets[BUCKETS];
    size_t used, most;
    int sized;
    unsigned char *room; /* of the last arena, what is left of it */
    size_t room_size;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* bytes the cache may hold; by default a quarter of the machine's memory, or of the container's where that is less */
static size_t allowance(void)
{
    const char *wanted = getenv("DARKNET_IMAGE_CACHE");
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    char line[32];
    long limit;
    if (wanted) return strtoul(wanted, 0, 10) << 20;
    FILE *fp = fopen("/sys/fs/cgroup/memory.max", "r");
    if (fp && fgets(line, sizeof(line), fp)) {
        line[strcspn(line, "\n")] = '\0';
        if (vd_parse_long(line, &limit) && limit > 0 && (size_t)limit < memory) memory = (size_t)limit;
    }
    if (fp) fclose(fp);
    return memory / 4;
}

static uint32_t hash(const char *path)
{
    uint32_t h = VD_FNV32_START;
    for (; *path; ++path) h = vd_fnv32(h, (unsigned char)*path);
    return h % BUCKETS;
}

/* called with the lock held */
static const entry *find(const char *path, int channels)
{
    for (const entry *e = cache.buckets[hash(path)]; e; e = e->next)
        if (e->channels == channels && !strcmp(e->path, path)) return e;
    return 0;
}

static size_t bytes_of(const entry *e)
{
    return (size_t)e->w * e->h * (e->channels ? e->channels : e->c);
}

enum { PAGE = 2 << 20, ARENA = 8 * PAGE };

/* a new arena, of which what is not written takes no memory; 0 where memory is refused */
static int make_arena(void)
{
    size_t size = cache.used < PAGE ? PAGE : ARENA;
    unsigned char *arena = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED) return 0;
    size_t before = size == ARENA ? -(uintptr_t)arena % PAGE : 0;
    cache.room = arena + before;
    cache.room_size = size - before;
#ifdef MADV_HUGEPAGE
    if (size == ARENA) madvise(cache.room, cache.room_size / PAGE * PAGE, MADV_HUGEPAGE);
#endif
    return 1;
}

/* Entries are read in random order, and on pages of 4 KiB each of them costs a walk through the page table that takes
 * longer than the pixels of a small picture. So they lie in arenas, those beyond the first 2 MiB on huge pages. null
 * where memory is refused */
static entry *allocate(size_t size)
{
    enum { ALIGNED = 64 };
    size = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
    if (size > PAGE || (size > cache.room_size && !make_arena())) return malloc(size);
    entry *e = (entry *)cache.room;
    cache.room += size;
    cache.room_size -= size;
    return e;
}

/* called with the lock held; does nothing when there is no room */
static void insert(const char *path, int w, int h, int c, int channels, const unsigned char *pixels)
{
    entry shape = {.w = w, .h = h, .c = c, .channels = channels};
    size_t name = strlen(path) + 1, size = sizeof(entry) + name + bytes_of(&shape);
    if (!cache.sized) cache.most = allowance();
    cache.sized = 1;
    if (cache.used + size > cache.most || find(path, channels)) return;
    entry *e = allocate(size);
    if (!e) return;
    *e = shape;
    memcpy(e->path, path, name);
    e->pixels = (unsigned char *)e->path + name;
    memcpy(e->pixels, pixels, bytes_of(e));
    e->next = cache.buckets[hash(path)];
    cache.buckets[hash(path)] = e;
    cache.used += size;
}

/* what is found is read without the lock: it stays as it is */
static const entry *look_up(const char *path, int channels)
{
    pthread_mutex_lock(&cache.lock);
    const entry *e = find(path, channels);
    pthread_mutex_unlock(&cache.lock);
    return e;
}

/* ---- what a thread loads ---- */

static __thread int loading; /* between begin() and end(): this thread uses the cache */

void image_cache_begin(void)
{
    loading = 1;
}

void image_cache_end(void)
{
    loading = 0;
    vd_picture_forget_fault();
    vd_ahead_clear();
}

/* the pixels are the caller's; a thread that loads training data leaves a copy in the cache */
static unsigned char *decode(const char *path, int *w, int *h, int *c, int channels)
{
    unsigned char *pixels = vd_picture_decode(path, w, h, c, channels);
    if (!pixels || !loading) return pixels;
    pthread_mutex_lock(&cache.lock);
    insert(path, *w, *h, *c, channels, pixels);
    pthread_mutex_unlock(&cache.lock);
    return pixels;
}

const unsigned char *image_cache_load(const char *path, int *w, int *h, int *c, int channels, unsigned char **own)
{
    if ((*own = vd_ahead_take(path, w, h, c, channels))) return *own;
    const entry *e = loading ? look_up(path, channels) : 0;
    if (!e) return *own = decode(path, w, h, c, channels);
    *w = e->w;
    *h = e->h;
    *c = e->c;
    return e->pixels;
}

void image_cache_fetch(char **paths, int n)
{
    enum { SOME = 16, LINE = 64, BYTES = 8 * LINE /* of an entry: where the processor sees that more will follow */ };
    uint32_t bucket[SOME];
    const entry *e[SOME];
    for (int first = 0; loading && first < n; first += SOME) {
        int some = n - first < SOME ? n - first : SOME;
        char **path = paths + first;
        for (int i = 0; i < some; ++i) __builtin_prefetch(path[i]);
        for (int i = 0; i < some; ++i) __builtin_prefetch(cache.buckets + (bucket[i] = hash(path[i])));
        pthread_mutex_lock(&cache.lock);
        for (int i = 0; i < some; ++i) e[i] = cache.buckets[bucket[i]];
        pthread_mutex_unlock(&cache.lock);
        for (int i = 0; i < some; ++i)
            for (int b = 0; e[i] && b < BYTES; b += LINE) __builtin_prefetch((const char *)e[i] + b);
    }
}

char *image_cache_ahead(const char *path, int channels, int keep)
{
    int w, h, c;
    if (loading && look_up(path, channels)) return 0;
    char *fault = vd_picture_file_fault(path);
    if (fault) return fault;
    unsigned char *pixels = decode(path, &w, &h, &c, channels);
    if (!pixels) fault = vd_picture_fault();
    vd_picture_forget_fault(); /* the thread may be one that helps with one list, and ends */
    if (pixels && keep) vd_ahead_put(path, w, h, c, channels, pixels);
    else free(pixels);
    return fault;
}
