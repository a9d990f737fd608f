#include "base/files.h"
#include "base/fail.h"
#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1 for an output that is written directly: a device or a pipe must not be replaced by a file */
static int in_place(const vd_output *out)
{
    return !strcmp(out->temporary, out->path);
}

FILE *vd_input_open(const char *path, const char *mode, char **fault)
{
    struct stat s;
    FILE *fp = fopen(path, mode);
    *fault = 0;
    if (!fp) *fault = vd_format("Couldn't open file: %s: %s", path, strerror(errno));
    else if (!fstat(fileno(fp), &s) && S_ISDIR(s.st_mode)) *fault = vd_format("%s: is a directory", path);
    if (!*fault) return fp;
    if (fp) fclose(fp);
    return 0;
}

int vd_same_file(const char *a, const char *b)
{
    struct stat s, t;
    return !stat(a, &s) && !stat(b, &t) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* the temporary files of open outputs: removed when the program ends */
static struct pending {
    struct pending *next;
    char *temporary;
    pid_t owner; /* a child's exit() leaves its parent's files alone */
} * pending;
static pthread_mutex_t pending_lock = PTHREAD_MUTEX_INITIALIZER;

/* other threads may be opening and closing outputs */
static void remove_pending(void)
{
    pthread_mutex_lock(&pending_lock);
    for (struct pending *p = pending; p; p = p->next)
        if (p->owner == getpid()) remove(p->temporary);
    pthread_mutex_unlock(&pending_lock);
}

static void register_removal(void)
{
    if (atexit(remove_pending)) vd_die("out of memory");
    vd_fail_clean_up(remove_pending);
}

static void add_pending(const char *temporary)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct pending *p = vd_calloc(1, sizeof(*p));
    p->temporary = vd_format("%s", temporary);
    p->owner = getpid();
    pthread_once(&once, register_removal);
    pthread_mutex_lock(&pending_lock);
    p->next = pending;
    pending = p;
    pthread_mutex_unlock(&pending_lock);
}

static void drop_pending(const char *temporary)
{
    pthread_mutex_lock(&pending_lock);
    struct pending **at = &pending;
    while (*at && strcmp((*at)->temporary, temporary)) at = &(*at)->next;
    struct pending *p = *at;
    if (p) *at = p->next;
    pthread_mutex_unlock(&pending_lock);
    if (p) free(p->temporary);
    free(p);
}

void vd_survive_size_limit(void)
{
    struct sigaction now;
    if (!sigaction(SIGXFSZ, 0, &now) && now.sa_handler == SIG_DFL) signal(SIGXFSZ, SIG_IGN);
}

/* the target of a path that may be a symbolic link, or a chain of them; it need not exist yet */
static char *end_of_link(const char *path)
{
    enum { MOST = 40 }; /* as many as the system follows */
    char *at = vd_format("%s", path), to[PATH_MAX];
    ssize_t n;
    for (int i = 0; i < MOST && (n = readlink(at, to, sizeof(to) - 1)) > 0; ++i) {
        to[n] = 0;
        const char *slash = strrchr(at, '/');
        char *next = *to == '/' || !slash ? vd_format("%s", to) : vd_format("%.*s/%s", (int)(slash - at), at, to);
        free(at);
        at = next;
    }
    return at;
}

static void free_output(vd_output *out)
{
    drop_pending(out->temporary);
    free(out->path);
    free(out->temporary);
    *out = (vd_output){0};
}

vd_output vd_output_try(const char *path, char **fault)
{
    vd_output out;
    struct stat target;
    int there = !stat(path, &target), special = there && !S_ISREG(target.st_mode) && !S_ISDIR(target.st_mode);
    *fault = 0;
    vd_survive_size_limit();
    if (there && S_ISDIR(target.st_mode)) *fault = vd_format("%s: cannot write: is a directory", path);
    else if (there && access(path, W_OK)) *fault = vd_format("%s: cannot write: %s", path, strerror(errno));
    if (*fault) return (vd_output){0};
    out.path = end_of_link(path); /* a link stays one */
    out.temporary = special ? vd_format("%s", out.path) : vd_format("%s.tmp-%ld", out.path, (long)getpid());
    if (!special) add_pending(out.temporary);
    out.fp = fopen(out.temporary, "wb");
    if (!out.fp) {
        *fault = vd_format("%s: cannot write: %s", path, strerror(errno));
        free_output(&out);
    } else if (there && !special) {
        fchmod(fileno(out.fp), target.st_mode & 0777);
    }
    return out;
}

vd_output vd_output_open(const char *path)
{
    char *fault;
    vd_output out = vd_output_try(path, &fault);
    if (fault) vd_die("%s", fault);
    return out;
}

/* null, or what is wrong, for the caller to free */
static char *close_output(vd_output *out, int sync)
{
    char *fault = 0;
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
        fault = vd_format("%s: not written: %s", out->path, strerror(why));
    }
    free_output(out);
    return fault;
}

char *vd_output_finish(vd_output *out)
{
    return close_output(out, 0);
}

void vd_output_close(vd_output *out)
{
    char *fault = close_output(out, 1);
    if (fault) vd_die("%s", fault);
}

void vd_output_close_unsynced(vd_output *out)
{
    char *fault = close_output(out, 0);
    if (fault) vd_die("%s", fault);
}

void vd_output_sync(const vd_output *out)
{
    if (fflush(out->fp) || ferror(out->fp) || fsync(fileno(out->fp)))
        vd_die("%s: not written: %s", out->path, strerror(errno));
}

/* those of vd_output_close_all() that are in place while others are not */
static char **incomplete;
static int n_incomplete;

static void remove_incomplete(void)
{
    for (int i = 0; i < n_incomplete; ++i) remove(incomplete[i]);
}

void vd_output_close_all(int n, vd_output *const *out)
{
    if (atexit(remove_incomplete)) vd_die("out of memory");
    char **paths = vd_calloc(n, sizeof(*paths));
    for (int i = 0; i < n; ++i) paths[i] = vd_format("%s", out[i]->path);
    incomplete = paths;
    for (; n_incomplete < n; ++n_incomplete) vd_output_close(out[n_incomplete]);
    n_incomplete = 0;
    for (int i = 0; i < n; ++i) free(paths[i]);
    free(paths);
}
