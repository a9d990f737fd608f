#include "data/skip_broken.h"
#include "data/image_cache.h"
#include "data/label_path.h"
#include "data/loader.h"
#include "data/text_files.h"
#include "ranks/ranks.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/text.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "darknet.h"

typedef struct broken {
    struct broken *next;
    char path[];
} broken;

static struct {
    int wanted, with_labels, classes;
    pthread_mutex_t lock;
    broken *known;
    int count;
} skip = {.lock = PTHREAD_MUTEX_INITIALIZER, .classes = INT_MAX};

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* a number for each picture that has been skipped, which the caller frees. A training that is stopped still loads its
 * next batch: loader threads may skip further ones at any time */
static uint64_t *numbers_of_skipped(int *n)
{
    *n = 0;
    pthread_mutex_lock(&skip.lock);
    uint64_t *numbers = vd_calloc((size_t)skip.count + 1, sizeof(*numbers));
    for (const broken *b = skip.known; b; b = b->next)
        numbers[(*n)++] = vd_fnv64(VD_FNV64_START, b->path, strlen(b->path));
    pthread_mutex_unlock(&skip.lock);
    return numbers;
}

/* several ranks: two may have met the same picture */
static int skipped_by_all(void)
{
    int ranks = vd_ranks(), most = 0, different = 0, n, *counts = vd_calloc(ranks, sizeof(int));
    uint64_t *own = numbers_of_skipped(&n);
    counts[vd_rank()] = n;
    vd_ranks_gather(counts, sizeof(int));
    for (int r = 0; r < ranks; ++r) most = counts[r] > most ? counts[r] : most;
    uint64_t *all = vd_calloc((size_t)ranks * most + 1, sizeof(*all)); /* [ranks][most], 0 behind a rank's last */
    memcpy(all + (size_t)vd_rank() * most, own, (size_t)n * sizeof(*all));
    vd_ranks_gather(all, most * sizeof(*all));
    qsort(all, (size_t)ranks * most, sizeof(*all), by_number);
    for (size_t i = 0; i < (size_t)ranks * most; ++i) different += all[i] && (!i || all[i] != all[i - 1]);
    free(all), free(own), free(counts);
    return different;
}

void vd_say_skipped(void)
{
    if (skip.wanted) fprintf(stderr, "-skip-broken: %d pictures skipped\n", skipped_by_all());
}

static void say_at_exit(int status, void *nothing)
{
    (void)nothing;
    if (!status) vd_say_skipped();
}

void vd_skip_broken(int with_labels)
{
    skip.wanted = 1;
    skip.with_labels = with_labels;
    if (on_exit(say_at_exit, 0)) vd_die("out of memory");
}

void vd_skip_broken_classes(int classes)
{
    skip.classes = classes;
}

/* called with the lock held */
static int is_known(const char *path)
{
    const broken *b = skip.known;
    while (b && strcmp(b->path, path)) b = b->next;
    return b != 0;
}

/* remember a broken picture, and report it the first time */
static void add(const char *path, const char *fault)
{
    broken *b = vd_calloc(1, sizeof(*b) + strlen(path) + 1);
    memcpy(b->path, path, strlen(path) + 1);
    pthread_mutex_lock(&skip.lock);
    int known = is_known(path);
    if (!known) {
        b->next = skip.known;
        skip.known = b;
        ++skip.count;
        fprintf(stderr, "%s: skipped: %s\n", path, fault);
    }
    pthread_mutex_unlock(&skip.lock);
    if (known) free(b);
}

static int is_broken(const char *path)
{
    pthread_mutex_lock(&skip.lock);
    int known = is_known(path);
    pthread_mutex_unlock(&skip.lock);
    return known;
}

/* what is wrong with the labels, which the caller frees; null when they can be read */
static char *fault_of_labels(const char *path)
{
    char *fault, *labels = vd_label_path(path, &fault);
    if (!labels) return fault;
    int n;
    box_label *boxes = vd_read_boxes(labels, &n, &fault);
    for (int i = 0; i < n && !fault; ++i)
        if (boxes[i].id >= skip.classes)
            fault = vd_format("%s: an object of class %d, but the network has %d classes", labels, boxes[i].id,
                              skip.classes);
    free(boxes);
    free(labels);
    return fault;
}

/* 1 when the picture is sound. It is decoded, and with load kept for this thread to load it at once */
static int check_picture(const char *path, int load, int with_labels)
{
    if (is_broken(path)) return 0;
    char *fault = with_labels ? fault_of_labels(path) : 0;
    if (!fault) fault = image_cache_ahead(path, image_channels, load);
    if (!fault) return 1;
    add(path, fault);
    free(fault);
    return 0;
}

char *vd_sound_picture(char **paths, int m, int index)
{
    for (int i = 0; skip.wanted && i < m; ++i) {
        char *path = paths[(index + i) % m];
        if (check_picture(path, 1, skip.with_labels)) return path;
    }
    if (skip.wanted) vd_die("%s: broken, as are all %d pictures of its list", paths[index], m);
    return paths[index];
}

typedef struct {
    char *path;
    int with_labels, sound;
} part;

static void *check_part(void *context)
{
    part *p = context;
    p->sound = check_picture(p->path, 0, p->with_labels);
    return 0;
}

int vd_keep_sound(char **paths, int n, int with_labels)
{
    if (!skip.wanted) return n;
    part *parts = vd_calloc(n, sizeof(*parts));
    void **each = vd_calloc(n, sizeof(*each));
    for (int i = 0; i < n; ++i) {
        parts[i] = (part){paths[i], with_labels, 0};
        each[i] = parts + i;
    }
    loader_run(n, each, check_part);
    int left = 0;
    for (int i = 0; i < n; ++i) {
        if (!parts[i].sound) continue;
        char *first = paths[left]; /* exchanged, not overwritten: the array's owner frees all strings */
        paths[left++] = paths[i];
        paths[i] = first;
    }
    free(parts);
    free(each);
    if (!left) vd_die("%s: broken, as are all %d pictures of its list", paths[0], n);
    return left;
}

typedef struct {
    const char *path;
    char *fault;
} looked_at;

static void *look_at(void *context)
{
    looked_at *p = context;
    vd_ranks_tick(); /* the others wait for a validation to begin */
    p->fault = image_cache_ahead(p->path, image_channels, 0);
    return 0;
}

char *vd_first_broken(char **paths, int n)
{
    char *said = 0;
    looked_at *all = vd_calloc(n, sizeof(*all));
    void **each = vd_calloc(n, sizeof(*each));
    for (int i = 0; i < n; ++i) {
        all[i].path = paths[i];
        each[i] = all + i;
    }
    loader_run(n, each, look_at);
    for (int i = 0; i < n; ++i) {
        if (all[i].fault && !said) said = vd_format("%s: %s", paths[i], all[i].fault);
        free(all[i].fault);
    }
    free(all);
    free(each);
    return said;
}

char *vd_next_picture(void)
{
    char *path;
    while ((path = vd_stdin_line()))
        if (!skip.wanted || check_picture(path, 1, 0)) return path;
    return 0;
}
