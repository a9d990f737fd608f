#include "data/image_cache.h"
#include "data/jpeg.h"
#include "data/jpeg_header.h"
#include "data/raw_picture.h"
#include "base/stock_libc.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stb/stb_image.h>

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

static __thread int loading;

/* a picture this thread has decoded ahead of its use */
typedef struct ahead {
    struct ahead *next;
    int w, h, c, channels;
    unsigned char *pixels;
    char *path;
} ahead;

static __thread ahead *decoded;

static void free_ahead(ahead *a)
{
    free(a->path);
    free(a);
}

void image_cache_begin(void)
{
    loading = 1;
}

/* of the last picture this thread has read; null: none */
static __thread char *fault_of_last;

static void forget_fault(void)
{
    free(fault_of_last);
    fault_of_last = 0;
}

void image_cache_end(void)
{
    loading = 0;
    forget_fault();
    while (decoded) {
        ahead *a = decoded;
        decoded = a->next;
        free(a->pixels);
        free_ahead(a);
    }
}

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

/* entries are never freed or changed, so that they can be read without the lock */
static const entry *look_up(const char *path, int channels)
{
    pthread_mutex_lock(&cache.lock);
    const entry *e = find(path, channels);
    pthread_mutex_unlock(&cache.lock);
    return e;
}

FILE *vd_picture_open(const char *path)
{
    char *fault, *here;
    FILE *fp = vd_input_open(path, "rb", &fault);
    if (fp) return fp;
    if (*path == '/' || !access(path, F_OK) || errno != ENOENT) vd_die("%s", fault);
    here = getcwd(0, 0);
    vd_die("%s (in %s, the current folder)", fault, here ? here : ".");
}

/* the rest of a file and its length; null where memory was refused */
static unsigned char *read_rest(FILE *fp, size_t *n)
{
    unsigned char *bytes = 0;
    size_t room = 0, got = 1;
    for (*n = 0; got; *n += got) {
        if (*n == room) {
            unsigned char *more = stock_picture_realloc(bytes, room = 2 * room + (1 << 16));
            if (!more) {
                free(bytes);
                return 0;
            }
            bytes = more;
        }
        got = fread(bytes + *n, 1, room - *n, fp);
    }
    return bytes;
}

/* a file that begins with 0xff */
static unsigned char *decode_marked(const char *path, FILE *fp, int *w, int *h, int *c, int channels)
{
    size_t n;
    unsigned char *bytes = read_rest(fp, &n), *pixels = 0;
    if (bytes && vd_is_jpeg(bytes, n)) pixels = vd_jpeg_decode(path, bytes, n, w, h, c, channels, &fault_of_last);
    else if (bytes && n <= INT_MAX) pixels = stbi_load_from_memory(bytes, (int)n, w, h, c, channels);
    else if (bytes) fault_of_last = vd_format("too large: %zu bytes", n);
    free(bytes);
    return pixels;
}

static void brighten(size_t n, unsigned char *bytes, int white)
{
    for (size_t i = 0; i < n; ++i)
        bytes[i] = (unsigned char)(bytes[i] < white ? (bytes[i] * 255 + white / 2) / white : 255);
}

static unsigned char *decode(const char *path, FILE *fp, int *w, int *h, int *c, int channels)
{
    int white;
    fault_of_last = vd_raw_picture_fault(fp, &white);
    if (fault_of_last) return 0;
    int first = getc(fp); /* a pipe takes back this one */
    if (first != EOF) ungetc(first, fp);
    if (first == 0xff) return decode_marked(path, fp, w, h, c, channels);
    unsigned char *pixels = stbi_load_from_file(fp, w, h, c, channels);
    if (pixels && white < 255) brighten((size_t)*w * *h * (channels ? channels : *c), pixels, white);
    return pixels;
}

/* decodes the file, and keeps a copy for the next time */
static unsigned char *load_file(const char *path, int *w, int *h, int *c, int channels)
{
    stock_picture_refused();
    FILE *fp = vd_picture_open(path);
    forget_fault(); /* a callback of vd_on_die() may leave from the next line */
    unsigned char *pixels = decode(path, fp, w, h, c, channels);
    fclose(fp);
    if (!pixels || !loading) return pixels;
    pthread_mutex_lock(&cache.lock);
    insert(path, *w, *h, *c, channels, pixels);
    pthread_mutex_unlock(&cache.lock);
    return pixels;
}

/* the pixels this thread has decoded ahead, which are the caller's from now on; null: none */
static unsigned char *take_ahead(const char *path, int *w, int *h, int *c, int channels)
{
    ahead **at = &decoded;
    while (*at && ((*at)->channels != channels || strcmp((*at)->path, path))) at = &(*at)->next;
    if (!*at) return 0;
    ahead *a = *at;
    unsigned char *pixels = a->pixels;
    *w = a->w, *h = a->h, *c = a->c;
    *at = a->next;
    free_ahead(a);
    return pixels;
}

const unsigned char *image_cache_load(const char *path, int *w, int *h, int *c, int channels, unsigned char **own)
{
    if ((*own = take_ahead(path, w, h, c, channels))) return *own;
    const entry *e = loading ? look_up(path, channels) : 0;
    if (!e) return *own = load_file(path, w, h, c, channels);
    *w = e->w;
    *h = e->h;
    *c = e->c;
    return e->pixels;
}

char *image_cache_fault(void)
{
    size_t bytes = stock_picture_refused();
    if (fault_of_last) return vd_format("%s", fault_of_last);
    return bytes ? vd_format("out of memory: cannot allocate %zu bytes", bytes)
                 : vd_format("%s", stbi_failure_reason());
}

/* a file that stock_fopen() would end the program for: why it cannot be opened; null for others */
static char *fault_of_file(const char *path)
{
    struct stat s;
    if (stat(path, &s) || (S_ISREG(s.st_mode) && access(path, R_OK))) return vd_format("%s", strerror(errno));
    return S_ISDIR(s.st_mode) ? vd_format("is a directory") : 0;
}

char *image_cache_ahead(const char *path, int channels, int keep)
{
    if (loading && look_up(path, channels)) return 0;
    char *fault = fault_of_file(path);
    if (fault) return fault;
    ahead *a = vd_calloc(1, sizeof(*a));
    a->pixels = load_file(path, &a->w, &a->h, &a->c, a->channels = channels);
    if (!a->pixels) fault = image_cache_fault();
    forget_fault(); /* the thread may be one that helps with one list, and ends */
    if (a->pixels && keep) {
        a->path = vd_format("%s", path);
        a->next = decoded;
        decoded = a;
        return 0;
    }
    free(a->pixels);
    free_ahead(a);
    return fault;
}
