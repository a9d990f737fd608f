#include "data/results.h"
#include "base/fail.h"
#include "base/text.h"
#include "data/text_files.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGENET = 200, COCO = 80, NAME_ROOM = 1024 }; /* the last: of the array Darknet writes a file's name into */

int vd_coco_id(const char *path)
{
    const char *name = vd_file_name(path), *dot = strrchr(name, '.'), *end = dot ? dot : name + strlen(name),
               *from = end;
    while (from > name && isdigit((unsigned char)from[-1])) --from;
    if (from == end) vd_die("%s: eval=coco: expected COCO's picture number at the end of the file name", path);
    long long id = 0;
    for (; from < end && id <= INT_MAX; ++from) id = 10 * id + *from - '0';
    if (id > INT_MAX) vd_die("%s: eval=coco: the number of the picture is over %d", path, INT_MAX);
    return (int)id;
}

/* ---- two of one name ---- */

typedef struct {
    char *name;
    int index;
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* the first two of n entries with one name, or 0; the names are freed */
static int find_twins(entry *entries, int n, int *first, int *second)
{
    int found = 0;
    qsort(entries, n, sizeof(*entries), compare_entries);
    for (int i = 1; i < n && !found; ++i) {
        found = !strcmp(entries[i - 1].name, entries[i].name);
        *first = entries[i - 1].index, *second = entries[i].index;
    }
    for (int i = 0; i < n; ++i) free(entries[i].name);
    free(entries);
    return found;
}

static char *id_of(char *path, int coco)
{
    return coco ? vd_format("%d", vd_coco_id(path)) : basecfg(path);
}

void vd_result_ids_check(char **paths, int m, int coco)
{
    entry *ids = vd_calloc(m, sizeof(*ids));
    int a = 0, b = 0;
    for (int i = 0; i < m; ++i) ids[i] = (entry){id_of(paths[i], coco), i};
    if (!find_twins(ids, m, &a, &b)) return;
    char *id = id_of(paths[a], coco);
    vd_complain("%s and %s: both are %s in the results", paths[a], paths[b], id);
    free(id);
}

/* a file for each class */
static void check_files(const char *data_file, list *options, int classes, char **names, const char *out)
{
    const char *folder = option_find_str(options, "results", "results");
    entry *files = vd_calloc(classes, sizeof(*files));
    int a = 0, b = 0;
    for (int i = 0; i < classes; ++i) {
        files[i] = (entry){vd_format("%s/%s%s.txt", folder, out ? out : "comp4_det_test_", names[i]), i};
        if (strlen(files[i].name) >= NAME_ROOM) vd_die("%s: name too long", files[i].name);
    }
    if (find_twins(files, classes, &a, &b))
        vd_die("%s: names=: lines %d and %d are %s: each class has a file of results of this name", data_file, a + 1,
               b + 1, names[a]);
}

/* ---- formats ---- */

/* a network with a tree of classes gives those that map= names in place of its own, as many as ImageNet has */
static void check_map(const char *data_file, char *file, int classes)
{
    if (classes < IMAGENET)
        vd_die("%s: map=%s: has lines for %d classes, but the network has %d", data_file, file, IMAGENET, classes);
    list *lines = vd_read_lines(file);
    char **line = (char **)list_to_array(lines);
    for (int i = 0; i < IMAGENET; ++i) {
        long class;
        if (i >= lines->size) vd_die("%s: map=%s: line %d of %d is missing", data_file, file, i + 1, IMAGENET);
        if (!vd_parse_long(line[i], &class) || class < 0 || class >= classes)
            vd_die("%s: map=%s: line %d: %s, but the network has classes 0 to %d", data_file, file, i + 1, line[i],
                   classes - 1);
    }
    free_lines(line);
    free_list(lines);
}

void vd_results_check(const char *data_file, list *options, layer head, char **names, char **paths, int m,
                      const char *out)
{
    const char *eval = option_find_str(options, "eval", "voc");
    char *map = head.softmax_tree ? option_find_str(options, "map", 0) : 0;
    int coco = !strcmp(eval, "coco"), imagenet = !strcmp(eval, "imagenet");
    if (!coco && !imagenet && strcmp(eval, "voc"))
        vd_die("%s: eval=%s is unknown: expected voc, coco or imagenet", data_file, eval);
    if (map) check_map(data_file, map, head.classes);
    if ((coco && head.classes > COCO) || (imagenet && !map && head.classes != IMAGENET))
        vd_die("%s: eval=%s: the network has %d classes, but this format has %d", data_file, eval, head.classes,
               coco ? COCO : IMAGENET);
    if (!imagenet) vd_result_ids_check(paths, m, coco);
    if (!imagenet && !coco) check_files(data_file, options, head.classes, names, out);
}

/* ---- drawings ---- */

static int silent_drawing;

void vd_drawing_is_silent(int silent)
{
    silent_drawing = silent;
}

int vd_drawing_prints(void)
{
    return !silent_drawing;
}
