#include "base/files.h"
#include "base/fail.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
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

unsigned char *vd_input_rest(FILE *fp, size_t *n)
{
    size_t room = 1 << 16, got;
    unsigned char *bytes = vd_malloc(room);
    *n = 0;
    do { /* room for the null stays */
        if (*n == room - 1) bytes = vd_realloc(bytes, room *= 2);
        *n += got = fread(bytes + *n, 1, room - 1 - *n, fp);
    } while (got);
    bytes[*n] = 0;
    return bytes;
}

unsigned char *vd_input_bytes(const char *path, size_t *n)
{
    char *fault;
    FILE *fp = vd_input_open(path, "rb", &fault);
    if (!fp) vd_die("%s", fault);
    unsigned char *bytes = vd_input_rest(fp, n);
    if (ferror(fp)) vd_die("%s: cannot read: %s", path, strerror(errno));
    fclose(fp);
    return bytes;
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

/* with the lock, which it opens */
static void remove_locked(void)
{
    for (struct pending *p = pending; p; p = p->next)
        if (p->owner == getpid()) unlink(p->temporary);
    pthread_mutex_unlock(&pending_lock);
}

/* other threads may be opening and closing outputs */
static void remove_pending(void)
{
    pthread_mutex_lock(&pending_lock);
    remove_locked();
}

/* in a signal handler: a thread that is opening or closing an output just then keeps its file */
static void end_by_signal(int number)
{
    int kept = errno;
    if (!pthread_mutex_trylock(&pending_lock)) remove_locked();
    errno = kept;
    signal(number, SIG_DFL);
    raise(number); /* the parent process sees which signal ended the program */
}

void vd_output_remove_at_signals(void)
{
    /* SIGPIPE: of "darknet ... | head"; SIGXCPU: of a limit on the processor time */
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); ++i) {
        struct sigaction now, then = {.sa_handler = end_by_signal, .sa_flags = SA_RESTART};
        if (!sigaction(numbers[i], 0, &now) && now.sa_handler == SIG_DFL) sigaction(numbers[i], &then, 0);
    }
}

static void register_removal(void)
{
    if (atexit(remove_pending)) vd_die("out of memory");
    vd_fail_clean_up(remove_pending);
}

/* with the lock: where its note is, or the end of the list */
static struct pending **find_pending(const char *temporary)
{
    struct pending **at = &pending;
    while (*at && strcmp((*at)->temporary, temporary)) at = &(*at)->next;
    return at;
}

/* the temporary file of an output to path; with a number more where another thread writes to the same path */
static const char *add_pending(const char *path)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct pending *p = vd_calloc(1, sizeof(*p));
    p->owner = getpid();
    pthread_once(&once, register_removal);
    for (int n = 0, is_taken = 1; is_taken; ++n) {
        free(p->temporary);
        p->temporary =
            n ? vd_format("%s.tmp-%ld-%d", path, (long)p->owner, n) : vd_format("%s.tmp-%ld", path, (long)p->owner);
        pthread_mutex_lock(&pending_lock);
        is_taken = *find_pending(p->temporary) != 0;
        if (!is_taken) {
            p->next = pending;
            pending = p;
        }
        pthread_mutex_unlock(&pending_lock);
    }
    return p->temporary;
}

static void drop_pending(const char *temporary)
{
    pthread_mutex_lock(&pending_lock);
    struct pending **at = find_pending(temporary), *p = *at;
    if (p) *at = p->next;
    pthread_mutex_unlock(&pending_lock);
    if (p) free(p->temporary);
    free(p);
}

void vd_check_stem(const char *path)
{
    const char *name = vd_file_name(path);
    if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
        vd_die("'%s': a name without its ending is expected, as in folder/net", path);
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

/* a new file: not one that another user of the folder has put or linked there */
static FILE *open_new(const char *path)
{
    remove(path); /* of a program of the same number that was killed */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *fp = fd < 0 ? 0 : fdopen(fd, "wb");
    if (fd >= 0 && !fp) close(fd);
    return fp;
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
    /* a link stays one. Not that of /dev/stdout: it ends at "pipe:[4711]", which is no path */
    out.path = special ? vd_format("%s", path) : end_of_link(path);
    out.temporary = vd_format("%s", special ? path : add_pending(out.path));
    out.fp = special ? fopen(out.temporary, "wb") : open_new(out.temporary);
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

static char *not_written(const vd_output *out, int why)
{
    return vd_format("%s: not written: %s", out->path, why ? strerror(why) : "an earlier write failed");
}

/* closes the file with all bytes in it; null, or what is wrong, for the caller to free */
static char *complete(vd_output *out, int sync)
{
    int bad = fflush(out->fp) || ferror(out->fp) || (sync && !in_place(out) && fsync(fileno(out->fp)));
    int why = errno;
    if (fclose(out->fp)) {
        if (!bad) why = errno;
        bad = 1;
    }
    out->fp = 0;
    return bad ? not_written(out, why) : 0;
}

/* a complete file gets its name; null, or what is wrong */
static char *put_in_place(const vd_output *out)
{
    return in_place(out) || !rename(out->temporary, out->path) ? 0 : not_written(out, errno);
}

/* an output that is not to appear */
static void discard(vd_output *out)
{
    if (out->fp) fclose(out->fp);
    if (!in_place(out)) remove(out->temporary);
    free_output(out);
}

char *vd_output_finish(vd_output *out, int sync)
{
    char *fault = complete(out, sync);
    if (!fault) fault = put_in_place(out);
    if (fault) discard(out);
    else free_output(out);
    return fault;
}

static void close_output(vd_output *out, int sync)
{
    char *fault = vd_output_finish(out, sync);
    if (fault) vd_die("%s", fault);
}

void vd_output_close(vd_output *out)
{
    close_output(out, 1);
}

void vd_output_close_unsynced(vd_output *out)
{
    close_output(out, 0);
}

void vd_output_sync(const vd_output *out)
{
    if (fflush(out->fp) || ferror(out->fp) || fsync(fileno(out->fp))) vd_die("%s", not_written(out, errno));
}

void vd_output_close_all(int n, vd_output *const *out)
{
    char *fault = 0;
    int named = 0;
    for (int i = 0; i < n && !fault; ++i) fault = complete(out[i], 1);
    for (; named < n && !fault; named += !fault) fault = put_in_place(out[named]);
    for (int i = 0; i < n; ++i) {
        if (fault && i < named && !in_place(out[i])) remove(out[i]->path);
        if (i < named) free_output(out[i]);
        else discard(out[i]);
    }
    if (fault) vd_die("%s", fault);
}
