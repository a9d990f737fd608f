#include "kernels/choice_file.h"
#include "kernels/kernels.h"
#include "kernels/processor.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef VD_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

static const char first_line[] = "darknet-vd choices 1\n";

enum {
    MOST_BYTES = 1 << 20, /* of the file: a training adds some 5 KB */
    MOST_LINES = 4000,    /* the oldest go first */
    FIELDS = 5,
    FIRST = sizeof(first_line) - 1 /* where the other lines begin */
};

/* the Makefile defines both for this file alone */
#ifndef VD_VERSION
#define VD_VERSION "unknown"
#endif
#ifndef VD_KERNELS_SUM
#define VD_KERNELS_SUM "0"
#endif

static char build_name[96];

static void make_build_name(void)
{
#ifdef VD_ONEDNN
    const dnnl_version_t *v = dnnl_version();
    snprintf(build_name, sizeof(build_name), VD_VERSION "-" VD_KERNELS_SUM "-oneDNN-%d.%d.%d", v->major, v->minor,
             v->patch);
#else
    snprintf(build_name, sizeof(build_name), VD_VERSION "-" VD_KERNELS_SUM);
#endif
}

static const char *name_of_build(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_build_name);
    return build_name;
}

/* ---- reading ---- */

char *vd_choice_file(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') return vd_format("%s/darknet-vd/choices", cache);
    if (home && *home == '/') return vd_format("%s/.cache/darknet-vd/choices", home);
    return 0;
}

/* of an open file of so many bytes: see below */
static char *text_of(FILE *fp, off_t size)
{
    size_t n = 0;
    char *text = size <= MOST_BYTES ? (char *)vd_input_rest(fp, &n) : vd_calloc(1, 1);
    if (ferror(fp)) {
        free(text);
        return 0;
    }
    if (strlen(text) != n || strncmp(text, first_line, FIRST) != 0) *text = 0;
    return text;
}

/* the whole file; "" when there is none, or it is not of this format; null when it is no file or cannot be read */
static char *read_text(const char *path)
{
    struct stat s;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* does not wait for the writer of a pipe */
    if (file < 0) return errno == ENOENT ? vd_calloc(1, 1) : 0;
    FILE *fp = !fstat(file, &s) && S_ISREG(s.st_mode) ? fdopen(file, "rb") : 0;
    char *text = fp ? text_of(fp, s.st_size) : 0;
    if (fp) fclose(fp);
    else close(file);
    return text;
}

/* cut a line into its words; 0 when it has not as many as it must have */
static int split(char *line, char *fields[FIELDS])
{
    for (const char *c = line; *c; ++c)
        if (*c < ' ' || *c > '~') return 0;
    for (int i = 0; i < FIELDS; ++i) {
        fields[i] = strsep(&line, " ");
        if (!fields[i] || !*fields[i]) return 0;
    }
    return !line;
}

/* the processor, and the last table of kernels it has: the system may hide instructions from one program and not from
 * another */
static char *processor_word(void)
{
    const vd_kernels *tables[VD_KERNELS_MOST];
    int n = vd_kernels_list(tables, VD_KERNELS_MOST);
    return vd_format("%s/%s", vd_processor_name(), tables[n - 1]->name);
}

static int is_ours(char *const fields[FIELDS], const char *processor)
{
    return !strcmp(fields[0], processor) && !strcmp(fields[1], name_of_build());
}

static void add_line(vd_choice_lines *lines, char *const fields[FIELDS])
{
    vd_choice_line line = {.what = ""};
    if (strlen(fields[2]) >= sizeof(line.what) || strlen(fields[3]) >= sizeof(line.ways) ||
        strlen(fields[4]) >= sizeof(line.way))
        return;
    snprintf(line.what, sizeof(line.what), "%s", fields[2]);
    snprintf(line.ways, sizeof(line.ways), "%s", fields[3]);
    snprintf(line.way, sizeof(line.way), "%s", fields[4]);
    lines->lines = vd_realloc(lines->lines, (size_t)(lines->n + 1) * sizeof(line));
    lines->lines[lines->n++] = line;
}

vd_choice_lines vd_choice_read(const char *path)
{
    vd_choice_lines lines = {0};
    char *text = path ? read_text(path) : 0, *rest = text && *text ? text + FIRST : 0, *line;
    char *processor = processor_word();
    while (rest && strchr(rest, '\n') && (line = strsep(&rest, "\n"))) { /* a last line without its end is cut off */
        char *fields[FIELDS];
        if (split(line, fields) && is_ours(fields, processor)) add_line(&lines, fields);
    }
    free(processor);
    free(text);
    return lines;
}

/* ---- writing ---- */

/* the folders of the file, made where they are missing; not the user's own folder. Failures show at the next step */
static void make_folders(const char *path)
{
    char *folder = vd_format("%s", path), *end = strrchr(folder, '/');
    *end = 0; /* .../darknet-vd */
    char *cache = vd_format("%s", folder);
    *strrchr(cache, '/') = 0;
    if (mkdir(folder, 0777) && errno == ENOENT && !mkdir(cache, 0700)) mkdir(folder, 0777);
    free(cache);
    free(folder);
}

static int is_replaced(const char *what, vd_choice_lines added)
{
    int yes = 0;
    for (int i = 0; i < added.n; ++i) yes |= !strcmp(what, added.lines[i].what);
    return yes;
}

/* the earlier lines that stay, the newest MOST_LINES of them */
static void write_earlier(FILE *fp, char *text, const char *processor, vd_choice_lines added)
{
    char *rest = text + FIRST, *line;
    int lines = added.n;
    for (const char *c = rest; *c; ++c) lines += *c == '\n';
    while (strchr(rest, '\n') && (line = strsep(&rest, "\n"))) {
        char *copy = vd_format("%s", line), *fields[FIELDS];
        int stays = lines-- <= MOST_LINES && split(copy, fields) &&
                    !(is_ours(fields, processor) && is_replaced(fields[2], added));
        if (stays) fprintf(fp, "%s\n", line);
        free(copy);
    }
}

static void write_lines(FILE *fp, char *text, vd_choice_lines added)
{
    char *processor = processor_word();
    fputs(first_line, fp);
    if (*text) write_earlier(fp, text, processor, added);
    for (int i = 0; i < added.n; ++i)
        fprintf(fp, "%s %s %s %s %s\n", processor, name_of_build(), added.lines[i].what, added.lines[i].ways,
                added.lines[i].way);
    free(processor);
}

void vd_choice_write(const char *path, vd_choice_lines added)
{
    char *text = path && added.n ? read_text(path) : 0, *fault;
    if (!text) return;
    make_folders(path);
    vd_output out = vd_output_try(path, &fault);
    if (!fault) {
        write_lines(out.fp, text, added);
        fault = vd_output_finish(&out, 0);
    }
    free(fault);
    free(text);
}
