#include "data/text_files.h"
#include "base/c_locale.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "list.h"

/* null when there is no fault */
static char *fault_of_text(const char *filename, FILE *fp)
{
    long at = ftell(fp);
    int line = 1, c;
    if (at < 0) return 0;
    while ((c = getc(fp)) != EOF) {
        if (c == '\n') ++line;
        else if (c < ' ' && !strchr("\t\r\f\v", c ? c : ' '))
            return vd_format("%s: line %d: not a text file: contains a byte of value %d", filename, line, c);
    }
    if (!ferror(fp) && !fseek(fp, at, SEEK_SET)) return 0;
    return vd_format("%s: cannot be read: %s", filename, strerror(errno));
}

static void die_of(char *fault)
{
    if (fault) vd_die("%s", fault);
}

void vd_text_check(const char *filename, FILE *fp)
{
    die_of(fault_of_text(filename, fp));
}

/* null and *fault when it cannot be read */
static FILE *open_text(const char *filename, char **fault)
{
    FILE *fp = vd_input_open(filename, "r", fault);
    if (!fp || !(*fault = fault_of_text(filename, fp))) return fp;
    fclose(fp);
    return 0;
}

/* the next line, without byte order mark and trailing white space, in getline()'s buffer; null at the end */
static char *next_line(const char *filename, FILE *fp, char **buffer, size_t *room, int *number)
{
    ssize_t n = getline(buffer, room, fp);
    if (n < 0 && !feof(fp)) vd_die("%s: line %d: cannot be read: %s", filename, *number + 1, strerror(errno));
    if (n < 0) return 0;
    char *line = *buffer;
    while (n && isspace((unsigned char)line[n - 1])) line[--n] = '\0';
    return ++*number == 1 ? line + vd_byte_order_mark(line) : line;
}

/* ---- lists ---- */

/* the lines that are not blank; among names, where line numbers are class numbers, a blank line is a fault */
static list *read_lines(const char *filename, int are_names)
{
    char *buffer = 0, *line, *fault;
    FILE *fp = open_text(filename, &fault);
    list *lines = make_list();
    die_of(fault);
    size_t room = 0;
    int number = 0, blank = 0;
    while ((line = next_line(filename, fp, &buffer, &room, &number))) {
        if (*line && blank && are_names)
            vd_die("%s: line %d is blank, but line numbers are class numbers", filename, blank);
        if (*line) list_insert(lines, vd_format("%s", line));
        else blank = number;
    }
    if (!lines->size) vd_die("%s: empty list: expected a line for each picture or class", filename);
    free(buffer);
    fclose(fp);
    return lines;
}

list *vd_read_lines(const char *filename)
{
    return read_lines(filename, 0);
}

/* ---- lists of paths ---- */

/* lines that are looked for; an access() for each of a million would take long on a network's disk */
enum { LOOKED_FOR = 16 };

static char *current_folder(void)
{
    char *folder = getcwd(0, 0);
    return folder ? folder : vd_format(".");
}

/* 1 when relative paths are those from the list's own folder, which ends with a slash: the first one that is a file in
 * either folder decides, and the current folder wins; *lost: the first line that is in neither, when all are */
static int own_folder_holds(const list *lines, const char *own, const char **lost)
{
    int looked = 0, holds = 0;
    *lost = 0;
    for (const node *n = lines->front; n && looked < LOOKED_FOR && !holds; n = n->next) {
        const char *path = n->val;
        if (*path == '/') continue;
        char *there = vd_format("%s%s", own, path);
        holds = !access(path, F_OK) ? 1 : !access(there, F_OK) ? 2 : 0;
        free(there);
        if (!looked++) *lost = path;
    }
    if (holds) *lost = 0;
    return holds == 2;
}

/* relative paths are from the current folder, as in stock Darknet, or, where they are not there, from the list's own */
static void find_relative(const char *filename, list *lines)
{
    const char *slash = strrchr(filename, '/'), *lost;
    if (!slash) return; /* one and the same */
    char *own = vd_format("%.*s", (int)(slash + 1 - filename), filename), *here = current_folder();
    if (own_folder_holds(lines, own, &lost)) {
        for (node *n = lines->front; n; n = n->next) {
            char *path = n->val;
            if (*path == '/') continue;
            n->val = vd_format("%s%s", own, path);
            free(path);
        }
        fprintf(stderr, "%s: its relative paths are taken from %s, where it is, and not from the current folder, %s\n",
                filename, own, here);
    } else if (lost) {
        vd_complain("%s: %s is neither in the current folder, %s, nor in that of the list, %s", filename, lost, here,
                    own);
    }
    free(own), free(here);
}

list *get_paths(char *filename)
{
    list *lines = read_lines(filename, 0);
    find_relative(filename, lines);
    return lines;
}

char **get_labels_of(char *filename, int classes)
{
    list *lines = read_lines(filename, 1);
    if (lines->size < classes) vd_die("%s: %d lines for %d classes", filename, lines->size, classes);
    if (classes && lines->size > classes) {
        if (vd_is_strict()) vd_die("%s: %d lines for %d classes", filename, lines->size, classes);
        fprintf(stderr, "%s: %d lines for %d classes: those after them are not used\n", filename, lines->size, classes);
    }
    char **labels = (char **)list_to_array(lines);
    free_list(lines);
    return labels;
}

char **get_labels(char *filename)
{
    return get_labels_of(filename, 0);
}

static void complain(atomic_int *said_before, int most, char *said, const char *last)
{
    int before = atomic_fetch_add(said_before, 1);
    if (vd_is_strict()) vd_die("%s", said);
    if (before < most) fprintf(stderr, "%s\n", said);
    else if (before == most && last) fprintf(stderr, "%s\n", last);
    free(said);
}

void vd_labels_found(const char *path, int found, int classes, const char *label)
{
    enum { NAMED = 5 };
    static atomic_int pictures, in_folders;
    const char *slash = strrchr(path, '/');
    int in_file = !slash || strstr(slash, label) || strchr(label, '/');
    if (found != 1 && pictures <= NAMED)
        complain(
            &pictures, NAMED,
            vd_format("%s: this path contains %d of the %d labels, but must contain exactly one: the picture's class",
                      path, found, classes),
            "further pictures whose paths contain no label, or several, are not reported");
    else if (found == 1 && !in_file && !in_folders)
        complain(&in_folders, 1,
                 vd_format("%s: the label %s is in the name of a folder, not of the file: a label /%s/ says that this "
                           "is meant",
                           path, label, label),
                 0);
}

/* ---- standard input ---- */

char *vd_stdin_line(void)
{
    static char *buffer;
    static size_t room;
    static int number;
    char *line;
    while ((line = next_line("standard input", stdin, &buffer, &room, &number)))
        if (*line) return line;
    return 0;
}

/* ---- boxes ---- */

typedef struct {
    const char *filename;
    int line;
    char *fault; /* the first one; null: none yet */
} place;

__attribute__((format(printf, 2, 3))) static void wrong(place *p, const char *fmt, ...)
{
    va_list args;
    if (p->fault) return;
    va_start(args, fmt);
    char *what = vd_vformat(fmt, args);
    va_end(args);
    p->fault = vd_format("%s: line %d: %s", p->filename, p->line, what);
    free(what);
}

/* the next word, as a fraction of the picture's size */
static float read_fraction(place *p, char **at, const char *name, double min, double max)
{
    char *word = p->fault ? 0 : strtok_r(0, " \t", at);
    double value;
    if (!word) {
        wrong(p, "%s is missing: expected 'class x y width height'", name);
        return 0;
    }
    if (!vd_parse_double(word, &value)) wrong(p, "%s=%s is not a number", name, word);
    else if (value < min || value > max) wrong(p, "%s=%s is not a fraction of the picture, 0 to 1", name, word);
    return strtof_l(word, 0, vd_c_locale());
}

static box_label read_box(place *p, char *text)
{
    char *at, *word = strtok_r(text, " \t", &at);
    long id;
    if (!vd_parse_long(word, &id) || id < 0 || id > INT_MAX) {
        wrong(p, "%s is not a class number: expected 'class x y width height'", word);
        id = 0;
    }
    box_label b = {.id = (int)id};
    /* boxes partly outside the picture are common, and are clipped where they are used */
    b.x = read_fraction(p, &at, "x", -1, 2);
    b.y = read_fraction(p, &at, "y", -1, 2);
    b.w = read_fraction(p, &at, "width", 0, 2);
    b.h = read_fraction(p, &at, "height", 0, 2);
    if (!p->fault && (word = strtok_r(0, " \t", &at)))
        wrong(p, "%s is one value too many: expected 'class x y width height'", word);
    b.left = b.x - b.w / 2;
    b.right = b.x + b.w / 2;
    b.top = b.y - b.h / 2;
    b.bottom = b.y + b.h / 2;
    return b;
}

/* 0 where nothing can be found, and where a training picture would show its grey border alone */
static int is_seen(box_label b)
{
    return b.w > 0 && b.h > 0 && b.left < 1 && b.right > 0 && b.top < 1 && b.bottom > 0;
}

box_label *vd_read_boxes(const char *filename, int *n, char **fault)
{
    place p = {filename, 0, 0};
    FILE *fp = open_text(filename, &p.fault);
    char *buffer = 0, *line;
    size_t room = 0, most = 0;
    box_label *boxes = 0;
    *n = 0;
    while (!p.fault && (line = next_line(filename, fp, &buffer, &room, &p.line))) {
        if (!line[strspn(line, " \t")]) continue;
        if ((size_t)*n == most) {
            most = most ? 2 * most : 16;
            boxes = vd_realloc(boxes, most * sizeof(*boxes));
        }
        box_label b = read_box(&p, line);
        if (p.fault || is_seen(b)) boxes[(*n)++] = b;
    }
    free(buffer);
    if (fp) fclose(fp);
    *fault = p.fault;
    return boxes ? boxes : vd_calloc(1, sizeof(*boxes));
}

box_label *read_boxes(char *filename, int *n)
{
    char *fault;
    box_label *boxes = vd_read_boxes(filename, n, &fault);
    die_of(fault);
    return boxes;
}

void vd_boxes_left_out(const char *labels, int boxes, int most)
{
    enum { NAMED = 5 };
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char *named[NAMED];
    static int said_more;
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < NAMED && named[i] && strcmp(named[i], labels)) ++i;
    int is_new = i < NAMED && !named[i];
    if (is_new) named[i] = vd_format("%s", labels);
    else if (i == NAMED && !said_more++) fprintf(stderr, "further pictures with too many boxes are not reported\n");
    pthread_mutex_unlock(&lock);
    if (is_new)
        vd_complain("%s: %d boxes, and the network takes max=%d of a picture: some are left out", labels, boxes, most);
}
