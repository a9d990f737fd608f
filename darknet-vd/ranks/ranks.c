#include "ranks/ranks.h"
#include "ranks/collect.h"
#include "base/fail.h"
#include "base/parallel.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* what a rank says of itself */
typedef struct {
    char host[72];
    ino_t place; /* the name space of its process id: containers of one machine may have one name */
    pid_t process;
    int threads, shares; /* threads of its loops; 1 when other ranks compute on its cores, too */
    cpu_set_t cores;
} place;

static struct {
    vd_wire wire; /* size 1: this program runs by itself */
    place *at;    /* [size] */
    double timeout;
} ranks = {.wire = {.size = 1}};

int vd_rank(void)
{
    return ranks.wire.rank;
}

int vd_ranks(void)
{
    return ranks.wire.size;
}

vd_share vd_share_of(int n)
{
    int each = n / ranks.wire.size;
    return (vd_share){ranks.wire.rank * each, each};
}

/* ---- collective work ---- */

void vd_ranks_sum(float *x, size_t n, float *room)
{
    if (ranks.wire.size > 1) vd_collect_sum(&ranks.wire, x, n, room);
}

int vd_ranks_part(void)
{
    return ranks.wire.size > 1 ? vd_collect_part(&ranks.wire) : 0;
}

void vd_ranks_scatter(float *x, const size_t *from, float *room)
{
    if (ranks.wire.size > 1) vd_collect_scatter(&ranks.wire, x, from, room);
}

void vd_ranks_assemble(void *all, const size_t *from)
{
    if (ranks.wire.size > 1) vd_collect_assemble(&ranks.wire, all, from);
}

void vd_ranks_gather(void *all, size_t bytes)
{
    if (ranks.wire.size > 1) vd_collect_gather(&ranks.wire, all, bytes);
}

void vd_ranks_broadcast(void *data, size_t bytes)
{
    if (ranks.wire.size > 1) vd_collect_broadcast(&ranks.wire, data, bytes);
}

/* all bytes of a file from its start, and -1 as their number for none */
static char *bytes_of(FILE *fp, long *n)
{
    *n = -1;
    if (!fp) return vd_calloc(1, 1);
    if (fseek(fp, 0, SEEK_END) || (*n = ftell(fp)) < 0)
        vd_die("a file for all ranks cannot be read: %s", strerror(errno));
    rewind(fp);
    char *bytes = vd_calloc(*n + 1, 1);
    if (fread(bytes, 1, *n, fp) != (size_t)*n) vd_die("a file for all ranks cannot be read: %s", strerror(errno));
    rewind(fp);
    return bytes;
}

FILE *vd_ranks_share_file(FILE *fp)
{
    long n;
    if (ranks.wire.size < 2) return fp;
    char *bytes = ranks.wire.rank ? 0 : bytes_of(fp, &n);
    vd_ranks_broadcast(&n, sizeof(n));
    if (!bytes) bytes = vd_calloc(n > 0 ? n : 1, 1);
    if (n > 0) vd_ranks_broadcast(bytes, n);
    if (ranks.wire.rank && n >= 0) {
        fp = tmpfile();
        if (!fp || fwrite(bytes, 1, n, fp) != (size_t)n || fflush(fp))
            vd_die("a temporary file, for that of rank 0, cannot be written: %s", strerror(errno));
        rewind(fp);
    }
    free(bytes);
    return fp;
}

static char *name_of(int rank)
{
    return vd_format("rank %d (%s)", rank, ranks.at[rank].host);
}

void vd_ranks_compare(unsigned long long sum, const char *what)
{
    if (ranks.wire.size < 2) return;
    unsigned long long *all = vd_calloc(ranks.wire.size, sizeof(*all));
    all[ranks.wire.rank] = sum;
    vd_ranks_gather(all, sizeof(*all));
    for (int r = 1; r < ranks.wire.size; ++r)
        if (all[r] != all[0]) vd_die("%s has another %s than rank 0 (%s)", name_of(r), what, ranks.at[0].host);
    free(all);
}

void vd_ranks_tick(void)
{
    if (ranks.wire.size > 1 && gettid() == getpid()) vd_wire_tick();
}

void vd_ranks_drop_output(void)
{
    int before = errno, nowhere = vd_ranks() > 1 ? open("/dev/null", O_WRONLY) : -1;
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        close(nowhere);
    }
    errno = before;
}

size_t vd_ranks_sent(void)
{
    return vd_wire_sent();
}

double vd_ranks_waited(void)
{
    return vd_wire_waited();
}

/* ---- a partner does not answer ---- */

/* 1 when it is a process of this machine, and has ended */
static int is_gone(int partner)
{
    const place *p = ranks.at + partner, *mine = ranks.at + ranks.wire.rank;
    return p->place == mine->place && !strcmp(p->host, mine->host) && kill(p->process, 0) && errno == ESRCH;
}

static void wait_no_longer(int partner, double silent)
{
    const char *rest = "training stopped; the last checkpoint is whole: go on with -resume, by any number of ranks";
    int gone = is_gone(partner);
    if (!gone && (ranks.timeout <= 0 || silent < ranks.timeout)) return;
    if (gone) {
        vd_fail_at_once(); /* the launcher is about to end all */
        vd_die("%s has ended: %s", name_of(partner), rest);
    }
    vd_die("%s has given no sign for %.0f seconds (DARKNET_MPI_TIMEOUT): %s", name_of(partner), silent, rest);
}

/* DARKNET_MPI_TIMEOUT in seconds, 0: wait for ever */
static double timeout_wanted(void)
{
    const char *text = getenv("DARKNET_MPI_TIMEOUT");
    double seconds = 120;
    if (text && (!vd_parse_double(text, &seconds) || seconds < 0))
        vd_die("DARKNET_MPI_TIMEOUT=%s: expected seconds, or 0 to wait for ever", text);
    return seconds;
}

static void watch(void)
{
    double every = ranks.timeout > 0 && ranks.timeout < 40 ? ranks.timeout / 8 : 5;
    vd_wire_watch(wait_no_longer, every);
}

/* ---- cores and threads ---- */

static int is_beside(const place *a, const place *b)
{
    cpu_set_t both;
    CPU_AND(&both, &a->cores, &b->cores);
    return !strcmp(a->host, b->host) && CPU_COUNT(&both) > 0;
}

/* of all ranks, those that may run on one of this rank's cores; itself, too */
static int ranks_on_cores_of(const place *p)
{
    int n = 1;
    for (int r = 0; r < ranks.wire.size; ++r) n += p != ranks.at + r && is_beside(p, ranks.at + r);
    return n;
}

/* without DARKNET_THREADS: this rank's part of the cores it may run on */
static void choose_threads(void)
{
    place *mine = ranks.at + ranks.wire.rank;
    int cores = CPU_COUNT(&mine->cores), beside = ranks_on_cores_of(mine);
    if (!getenv("DARKNET_THREADS")) {
        char *threads = vd_format("%d", cores > beside ? cores / beside : 1);
        setenv("DARKNET_THREADS", threads, 1);
        free(threads);
    }
    mine->threads = vd_parallel_threads();
    mine->shares = beside * mine->threads > cores;
    vd_ranks_gather(ranks.at, sizeof(place));
}

static place place_of_this_process(void)
{
    place p = {.process = getpid()};
    struct stat space;
    if (gethostname(p.host, sizeof(p.host) - 1)) strcpy(p.host, "?");
    if (!stat("/proc/self/ns/pid", &space)) p.place = space.st_ino;
    if (sched_getaffinity(0, sizeof(p.cores), &p.cores)) CPU_SET(0, &p.cores);
    return p;
}

static int hosts(void)
{
    int n = 0;
    for (int r = 0; r < ranks.wire.size; ++r) {
        int is_new = 1;
        for (int k = 0; k < r; ++k) is_new &= strcmp(ranks.at[k].host, ranks.at[r].host) != 0;
        n += is_new;
    }
    return n;
}

void vd_ranks_print(void)
{
    if (ranks.wire.size < 2 || ranks.wire.rank) return;
    int on = hosts();
    fprintf(stderr, "%d ranks on %d host%s, %d thread%s each, by %s\n", ranks.wire.size, on, on > 1 ? "s" : "",
            ranks.at[0].threads, ranks.at[0].threads > 1 ? "s" : "", vd_wire_library());
    for (int r = 0; r < ranks.wire.size; ++r) {
        const place *p = ranks.at + r;
        if (!p->shares) continue;
        fprintf(stderr,
                "rank %d (%s): %d threads on %d cores that %d ranks share: fewer DARKNET_THREADS, or fewer ranks\n", r,
                p->host, p->threads, CPU_COUNT(&p->cores), ranks_on_cores_of(p));
        return; /* the others are like it, or nearly */
    }
}

/* ---- begin and end ---- */

static long number_in(const char *const *names)
{
    for (long n; *names; ++names)
        if (getenv(*names) && vd_parse_long(getenv(*names), &n)) return n;
    return -1;
}

/* processes that a launcher says it has started, and which of them this one is: Open MPI's mpirun, MPICH's, srun. A
 * launcher that says nothing has started one */
static long launched(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", 0};
    return number_in(names);
}

static long launched_as(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID", 0};
    return number_in(names);
}

enum { LATER = 900000 }; /* us: the first process ends the others before they report what it has found, too */

int vd_ranks_is_first(void)
{
    return launched_as() < 1;
}

/* what is wrong with all processes is said by the first */
static void leave_it_to_the_first(void)
{
    if (vd_ranks_is_first()) return;
    usleep(LATER);
    _exit(1);
}

/* of this rank, which is not 0, errors alone are printed */
static void silence(void)
{
    fflush(0);
    FILE *errors = fdopen(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), "w");
    if (!errors || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
        vd_die("/dev/null: %s", strerror(errno));
    vd_fail_as(name_of(ranks.wire.rank), errors, LATER);
}

static int is_training(int argc, char **argv)
{
    return argc > 2 && (!strcmp(argv[1], "classifier") || !strcmp(argv[1], "detector")) && !strcmp(argv[2], "train");
}

static void check_launcher(long processes, vd_wire w)
{
    if (w.size == processes && !(w.size & (w.size - 1))) return;
    leave_it_to_the_first();
    if (w.size != processes)
        vd_die("the launcher has started %ld processes, but %s sees %d: use that MPI's own mpirun, or build with the "
               "launcher's (make MPI=openmpi, make MPI=mpich)",
               processes, vd_wire_library(), w.size);
    vd_die("%d ranks: a training takes 1, 2, 4, 8, ... of them, a power of two, which divides [net] subdivisions",
           w.size);
}

static void close_wire(int status)
{
    static int closed;
    char nothing = 0;
    if (closed) return;
    closed = 1;
    if (!status) vd_ranks_broadcast(&nothing, 0); /* rank 0 may still be at work */
    vd_wire_close(status);
}

void vd_ranks_end(void)
{
    if (ranks.wire.size > 1) close_wire(0);
}

static void end(int status, void *context)
{
    (void)context;
    close_wire(status);
}

static void join(vd_wire w)
{
    ranks.wire = w;
    ranks.timeout = timeout_wanted();
    ranks.at = vd_calloc(w.size, sizeof(place));
    ranks.at[w.rank] = place_of_this_process();
    vd_ranks_gather(ranks.at, sizeof(place));
    choose_threads();
    watch();
    if (w.rank) silence();
}

void vd_ranks_begin(int argc, char **argv)
{
    long processes = launched();
    if (processes < 2) return;
    int trains = is_training(argc, argv);
    if (!vd_wire_library() && !trains) return; /* such programs may run side by side */
    if (!vd_wire_library() || !trains) leave_it_to_the_first();
    if (!vd_wire_library())
        vd_die("the launcher has started %ld processes, but this program was built without MPI=1", processes);
    if (!trains)
        vd_die("%ld ranks: of Darknet's commands, classifier train and detector train alone run on several", processes);
    if (on_exit(end, 0)) vd_die("out of memory");
    vd_wire w = vd_wire_open();
    check_launcher(processes, w);
    join(w);
}
