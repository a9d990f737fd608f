#include "support/faulty_run.h"
#include "base/fail.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(fault f, int err, const char *const argv[])
{
    const char *darknet = getenv("DARKNET"), *program = argv[0];
    if (!strcmp(program, "darknet")) program = darknet ? darknet : "./darknet";
    if (!freopen("/dev/null", "r", stdin) || !freopen(f.out ? f.out : "/dev/null", "wb", stdout)) _exit(127);
    dup2(err, 2);
    if (f.ignores_limit) signal(SIGXFSZ, SIG_IGN);
    if (f.file_limit >= 0) {
        struct rlimit limit = {(rlim_t)f.file_limit, (rlim_t)f.file_limit};
        if (setrlimit(RLIMIT_FSIZE, &limit)) _exit(126);
    }
    if (f.calls && ptrace(PTRACE_TRACEME, 0, 0, 0)) _exit(125);
    execvp(program, (char *const *)argv);
    _exit(127);
}

/* every second stop is the entry of a call; returns the status of waitpid(), and the calls made */
static int step(pid_t child, long kill_before, long *calls)
{
    int status;
    for (long stops = 0; waitpid(child, &status, 0) == child && WIFSTOPPED(status); ++stops) {
        int sig = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        *calls = stops / 2;
        if (*calls == kill_before) kill(child, SIGKILL);
        else ptrace(PTRACE_SYSCALL, child, 0, sig);
    }
    return status;
}

static char *read_all(int fd)
{
    enum { MOST = 1 << 17 };
    char *text = vd_calloc(MOST + 1, 1);
    for (ssize_t n, at = 0; at < MOST && (n = read(fd, text + at, MOST - at)) > 0; at += n) continue;
    return text;
}

run_result run_with(fault f, const char *const argv[], long *calls)
{
    int err[2], status;
    long made = 0;
    run_result r = {0};
    fflush(0);
    ck_assert_int_eq(pipe(err), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        close(err[0]);
        become(f, err[1], argv);
    }
    close(err[1]);
    if (f.calls) {
        status = step(child, f.calls, &made); /* its few lines fit into the pipe */
        r.err = read_all(err[0]);
    } else {
        r.err = read_all(err[0]);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
    }
    close(err[0]);
    r.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (calls) *calls = made;
    return r;
}

const char *last_line(run_result r)
{
    char *line = r.err + strlen(r.err);
    if (line > r.err) --line;
    while (line > r.err && line[-1] != '\n') --line;
    return line;
}

static const char *wanted;
static int found;

static int look(const char *path, const struct stat *s, int type, struct FTW *walk)
{
    (void)s, (void)type;
    found += strstr(path + walk->base, wanted) != 0;
    return 0;
}

int files_named(const char *folder, const char *part)
{
    wanted = part;
    found = 0;
    nftw(folder, look, 16, FTW_PHYS);
    return found;
}
