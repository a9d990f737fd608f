#include "base/status_line.h"
#include "base/fail.h"
#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct {
    FILE *out, *err;         /* the program's own */
    FILE *new_out, *new_err; /* in their place; null: not a terminal, or not made yet */
    char *text;              /* null: none */
    int drawn;
} status;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int vd_status_possible(void)
{
    const char *type = getenv("TERM");
    return isatty(STDERR_FILENO) && type && *type && strcmp(type, "dumb");
}

static void put(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t m = write(fd, text, n);
        if (m <= 0) return;
        text += m;
        n -= (size_t)m;
    }
}

static void erase(void)
{
    static const char code[] = "\r\033[K";
    if (status.drawn) put(STDERR_FILENO, code, strlen(code));
    status.drawn = 0;
}

static size_t columns(void)
{
    struct winsize size;
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1 ? size.ws_col - 1u : 79;
}

static void draw(void)
{
    if (!status.text) return;
    size_t n = strlen(status.text), most = columns();
    erase();
    put(STDERR_FILENO, status.text, n < most ? n : most);
    status.drawn = 1;
}

/* of both streams; returns how many bytes were written */
static ssize_t write_above(int fd, const char *text, size_t n, int draws)
{
    pthread_mutex_lock(&lock);
    erase();
    ssize_t m = write(fd, text, n);
    if (draws && n && text[n - 1] == '\n') draw();
    pthread_mutex_unlock(&lock);
    return m < 0 ? 0 : m;
}

static ssize_t write_out(void *nothing, const char *text, size_t n)
{
    (void)nothing;
    return write_above(STDOUT_FILENO, text, n, 1);
}

static ssize_t write_err(void *nothing, const char *text, size_t n)
{
    (void)nothing;
    return write_above(STDERR_FILENO, text, n, 0);
}

static void make_streams(void)
{
    status.out = stdout;
    status.err = stderr;
    if (isatty(STDOUT_FILENO)) status.new_out = fopencookie(0, "w", (cookie_io_functions_t){.write = write_out});
    status.new_err = fopencookie(0, "w", (cookie_io_functions_t){.write = write_err});
    if (status.new_out) setvbuf(status.new_out, 0, _IOLBF, BUFSIZ);
    if (status.new_err) setvbuf(status.new_err, 0, _IONBF, 0);
}

/* glibc: stdout and stderr are variables that may be set */
static void take_streams(void)
{
    fflush(stdout);
    if (status.new_out) stdout = status.new_out;
    if (status.new_err) stderr = status.new_err;
}

static void give_streams_back(void)
{
    if (status.new_out && stdout == status.new_out) {
        fflush(stdout);
        stdout = status.out;
    }
    if (status.new_err && stderr == status.new_err) stderr = status.err;
}

static void set(const char *text)
{
    char *old, *new = text ? vd_format("%s", text) : 0; /* before the lock, which an error message takes, too */
    pthread_mutex_lock(&lock);
    old = status.text;
    status.text = new;
    if (text) draw();
    else erase();
    pthread_mutex_unlock(&lock);
    free(old);
}

static void end(void)
{
    set(0);
}

void vd_status_show(const char *text)
{
    static int made;
    if (!text && !status.text) return;
    if (!made) {
        make_streams();
        if (atexit(end)) vd_die("out of memory");
        made = 1;
    }
    if (text && !status.text) take_streams();
    set(text);
    if (!text) give_streams_back();
}
