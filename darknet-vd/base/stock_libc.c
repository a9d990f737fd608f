#include "base/stock_libc.h"
#include "base/c_locale.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <pthread.h>
#include <stdarg.h>

/* ---- files ---- */

typedef struct written {
    struct written *next;
    vd_output out;
} written;

static written *open_files;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* out of the list; null when fp is not one of them */
static written *take(FILE *fp)
{
    pthread_mutex_lock(&lock);
    written **at = &open_files, *found;
    while (*at && (*at)->out.fp != fp) at = &(*at)->next;
    found = *at;
    if (found) *at = found->next;
    pthread_mutex_unlock(&lock);
    return found;
}

static void close_written(written *w)
{
    vd_output_close(&w->out);
    free(w);
}

/* Darknet leaves some of its files for exit() to close */
static void close_the_rest(int status, void *nothing)
{
    (void)nothing;
    while (!status && open_files) close_written(take(open_files->out.fp));
}

static void register_close(void)
{
    if (on_exit(close_the_rest, 0)) vd_die("out of memory");
}

static FILE *open_to_write(const char *path)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    written *w = vd_calloc(1, sizeof(*w));
    w->out = vd_output_open(path);
    pthread_once(&once, register_close); /* registered after the exit handler of files.c, so run before it */
    pthread_mutex_lock(&lock);
    w->next = open_files;
    open_files = w;
    pthread_mutex_unlock(&lock);
    return w->out.fp;
}

static FILE *open_to_read(const char *path, const char *mode)
{
    char *fault;
    FILE *fp = vd_input_open(path, mode, &fault);
    if (!fp) vd_die("%s", fault);
    return fp;
}

FILE *stock_fopen(const char *path, const char *mode)
{
    return *mode == 'w' ? open_to_write(path) : open_to_read(path, mode);
}

int stock_fclose(FILE *fp)
{
    written *w = take(fp);
    if (!w) return fclose(fp);
    close_written(w);
    return 0;
}

/* ---- text ---- */

int stock_sprintf(char *to, size_t room, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = vd_vformat(fmt, args);
    int n = (int)strlen(text);
    va_end(args);
    if ((size_t)n >= room) vd_die("%s: path or name too long: %d bytes, at most %zu", text, n, room - 1);
    memcpy(to, text, (size_t)n + 1); /* arguments may overlap with to */
    free(text);
    return n;
}

double stock_strtod(const char *text, char **end)
{
    return strtod_l(text, end, vd_c_locale());
}

double stock_atof(const char *text)
{
    return stock_strtod(text, 0);
}

int stock_fscanf(FILE *fp, const char *fmt, ...)
{
    va_list args;
    locale_t callers = uselocale(vd_c_locale());
    va_start(args, fmt);
    int n = vfscanf(fp, fmt, args);
    va_end(args);
    uselocale(callers);
    return n;
}

int stock_sscanf(const char *text, const char *fmt, ...)
{
    va_list args;
    locale_t callers = uselocale(vd_c_locale());
    va_start(args, fmt);
    int n = vsscanf(text, fmt, args);
    va_end(args);
    uselocale(callers);
    return n;
}

char *stock_strncpy(char *to, const char *from, size_t room)
{
    size_t n = strlen(from);
    if (n >= room) vd_die("%s: path or name too long: %zu bytes, at most %zu", from, n, room - 1);
    return memcpy(to, from, n + 1);
}

/* ---- memory ---- */

static __thread size_t refused;

static void *note(void *p, size_t size)
{
    if (!p) refused = size;
    return p;
}

void *stock_picture_malloc(size_t size)
{
    return note(malloc(size), size);
}

void *stock_picture_realloc(void *p, size_t size)
{
    return note(realloc(p, size), size);
}

size_t stock_picture_refused(void)
{
    size_t size = refused;
    refused = 0;
    return size;
}
