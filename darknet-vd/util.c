#include "util.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void vd_die(const char *fmt, ...)
{
    va_list args;
    fflush(stdout);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void *vd_calloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p) vd_die("out of memory: %zu x %zu bytes asked for", n, size);
    return p;
}

char *vd_format(const char *fmt, ...)
{
    char *s;
    va_list args;
    va_start(args, fmt);
    if (vasprintf(&s, fmt, args) < 0) vd_die("out of memory");
    va_end(args);
    return s;
}

int vd_parse_double(const char *text, double *value)
{
    char *end;
    if (!text || !*text) return 0;
    double v = strtod(text, &end);
    if (*end || !isfinite(v)) return 0;
    *value = v;
    return 1;
}

int vd_parse_long(const char *text, long *value)
{
    char *end;
    if (!text || !*text) return 0;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (*end || errno) return 0;
    *value = v;
    return 1;
}

/* written straight into: a device or a pipe must not be replaced by a file */
static int in_place(const vd_output *out)
{
    return !strcmp(out->temporary, out->path);
}

vd_output vd_output_open(const char *path)
{
    vd_output out;
    struct stat link, target;
    int linked = !lstat(path, &link) && S_ISLNK(link.st_mode);
    int special = !stat(path, &target) && !S_ISREG(target.st_mode) && !S_ISDIR(target.st_mode);
    out.path = linked ? realpath(path, 0) : 0; /* a link stays one; null when it leads nowhere */
    if (!out.path) out.path = vd_format("%s", path);
    out.temporary = special ? vd_format("%s", out.path) : vd_format("%s.tmp-%ld", out.path, (long)getpid());
    out.fp = fopen(out.temporary, "wb");
    if (!out.fp) vd_die("%s: cannot write: %s", path, strerror(errno));
    return out;
}

static void close_output(vd_output *out, int sync)
{
    int bad = fflush(out->fp) || ferror(out->fp) || (sync && !in_place(out) && fsync(fileno(out->fp)));
    int why = errno;
    if (fclose(out->fp)) {
        if (!bad) why = errno;
        bad = 1;
    }
    if (!bad && !in_place(out) && rename(out->temporary, out->path)) {
        bad = 1;
        why = errno;
    }
    if (bad) {
        if (!in_place(out)) remove(out->temporary);
        vd_die("%s: not written: %s", out->path, strerror(why));
    }
    free(out->path);
    free(out->temporary);
    out->fp = 0;
}

void vd_output_close(vd_output *out)
{
    close_output(out, 1);
}

void vd_output_close_unsynced(vd_output *out)
{
    close_output(out, 0);
}
