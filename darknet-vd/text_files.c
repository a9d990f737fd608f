#include "text_files.h"
#include "schema.h"
#include "util.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "list.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

void vd_text_check(const char *filename, FILE *fp)
{
    long at = ftell(fp);
    int line = 1, c;
    if (at < 0) return;
    while ((c = getc(fp)) != EOF) {
        if (c == '\n') ++line;
        else if (c < ' ' && !strchr("\t\r\f\v", c ? c : ' '))
            vd_die("%s: line %d: not a text file: it has a byte of value %d", filename, line, c);
    }
    if (ferror(fp) || fseek(fp, at, SEEK_SET)) vd_die("%s: cannot be read: %s", filename, strerror(errno));
}

static FILE *open_text(const char *filename)
{
    struct stat s;
    FILE *fp = fopen(filename, "r");
    int directory = fp && !fstat(fileno(fp), &s) && S_ISDIR(s.st_mode);
    if (!fp) vd_die("Couldn't open file: %s: %s", filename, strerror(errno));
    if (directory) vd_die("%s: is a directory", filename);
    vd_text_check(filename, fp);
    return fp;
}

/* the next line without what means nothing, in a buffer of getline()'s; null at the end */
static char *next_line(FILE *fp, char **buffer, size_t *room, int *number)
{
    ssize_t n = getline(buffer, room, fp);
    if (n < 0) return 0;
    char *line = *buffer;
    while (n && isspace((unsigned char)line[n - 1])) line[--n] = '\0';
    if (++*number == 1 && !strncmp(line, byte_order_mark, 3)) line += 3;
    return line;
}

/* ---- lists ---- */

/* the lines that are not blank; between names, where the number of a line counts, there must be no blank one */
static list *read_lines(const char *filename, int are_names)
{
    FILE *fp = open_text(filename);
    list *lines = make_list();
    char *buffer = 0, *line;
    size_t room = 0;
    int number = 0, blank = 0;
    while ((line = next_line(fp, &buffer, &room, &number))) {
        if (*line && blank && are_names)
            vd_die("%s: line %d is blank: every class has a line, and its number counts", filename, blank);
        if (*line) list_insert(lines, vd_format("%s", line));
        else blank = number;
    }
    if (!lines->size) vd_die("%s: an empty list: a line for each picture or class is expected", filename);
    free(buffer);
    fclose(fp);
    return lines;
}

list *get_paths(char *filename)
{
    return read_lines(filename, 0);
}

char **get_labels_of(char *filename, int classes)
{
    list *lines = read_lines(filename, 1);
    if (lines->size < classes) vd_die("%s: %d lines for %d classes", filename, lines->size, classes);
    char **labels = (char **)list_to_array(lines);
    free_list(lines);
    return labels;
}

char **get_labels(char *filename)
{
    return get_labels_of(filename, 0);
}

void vd_labels_found(const char *path, int found, int classes)
{
    enum { NAMED = 5 };
    static atomic_int pictures;
    int before = atomic_fetch_add(&pictures, 1);
    if (vd_schema_is_strict())
        vd_die("%s: %d of the %d labels are in this path, and one should be: it is the picture's class", path, found,
               classes);
    if (before > NAMED) return;
    if (before == NAMED) fputs("more pictures whose paths hold no label, or several, are not named\n", stderr);
    else
        fprintf(stderr, "%s: %d of the %d labels are in this path, and one should be: it is the picture's class\n",
                path, found, classes);
}

/* ---- boxes ---- */

typedef struct {
    const char *filename;
    int line;
} place;

/* the next word as a number of the picture's size */
static float read_fraction(place p, char **at, const char *name, double min, double max)
{
    char *word = strtok_r(0, " \t", at);
    double value;
    if (!word) vd_die("%s: line %d: %s is missing: 'class x y width height' is expected", p.filename, p.line, name);
    if (!vd_parse_double(word, &value)) vd_die("%s: line %d: %s=%s is not a number", p.filename, p.line, name, word);
    if (value < min || value > max)
        vd_die("%s: line %d: %s=%s is not a fraction of the picture, 0 to 1", p.filename, p.line, name, word);
    return strtof(word, 0);
}

static box_label read_box(place p, char *text)
{
    char *at, *word = strtok_r(text, " \t", &at);
    long id;
    if (!vd_parse_long(word, &id) || id < 0 || id > INT_MAX)
        vd_die("%s: line %d: %s is not the number of a class: 'class x y width height' is expected", p.filename, p.line,
               word);
    box_label b = {.id = (int)id};
    /* boxes that lie partly outside are common, and cut off where they are used */
    b.x = read_fraction(p, &at, "x", -1, 2);
    b.y = read_fraction(p, &at, "y", -1, 2);
    b.w = read_fraction(p, &at, "width", 0, 2);
    b.h = read_fraction(p, &at, "height", 0, 2);
    if ((word = strtok_r(0, " \t", &at)))
        vd_die("%s: line %d: %s is too much: 'class x y width height' is expected", p.filename, p.line, word);
    b.left = b.x - b.w / 2;
    b.right = b.x + b.w / 2;
    b.top = b.y - b.h / 2;
    b.bottom = b.y + b.h / 2;
    return b;
}

box_label *read_boxes(char *filename, int *n)
{
    place p = {filename, 0};
    FILE *fp = open_text(filename);
    char *buffer = 0, *line;
    size_t room = 0, most = 0;
    box_label *boxes = 0;
    *n = 0;
    while ((line = next_line(fp, &buffer, &room, &p.line))) {
        if (!line[strspn(line, " \t")]) continue;
        if ((size_t)*n == most) {
            most = most ? 2 * most : 16;
            boxes = realloc(boxes, most * sizeof(*boxes));
            if (!boxes) vd_die("out of memory: %zu bytes asked for", most * sizeof(*boxes));
        }
        boxes[(*n)++] = read_box(p, line);
    }
    free(buffer);
    fclose(fp);
    return boxes ? boxes : vd_calloc(1, sizeof(*boxes));
}
