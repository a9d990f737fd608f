/* wire.h by MPI-3, the only file that includes mpi.h. MPI is called by one thread (MPI_THREAD_FUNNELED), and never
 * waits by itself: neither Open MPI nor MPICH notices for minutes that a host has vanished. */
#include "ranks/wire.h"
#include "base/clock.h"
#include "base/fail.h"

#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DATA = 1, SIGN = 2 };          /* tags */
enum { CHUNK = 1 << 30 };             /* bytes of a message: MPI counts in int */
enum { SPINS = 2000, NAP_US = 50 };   /* a message that is under way arrives within some thousand looks */
static const double look_every = .05; /* seconds */

static struct {
    vd_wire wire;
    void (*waits)(int partner, double silent);
    double every, signed_at; /* of signs to the partners */
    double *heard;           /* [size] when each rank has last given a sign */
    double waited;
    size_t sent;
} mpi;

static void must(int error, const char *what)
{
    char text[MPI_MAX_ERROR_STRING];
    int n;
    if (error == MPI_SUCCESS) return;
    MPI_Error_string(error, text, &n);
    vd_die("%s: %.*s", what, n, text);
}

const char *vd_wire_library(void)
{
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int n;
    MPI_Get_library_version(text, &n);
    text[strcspn(text, ",\n")] = 0; /* "Open MPI v4.1.4, package ..." */
    for (char *c = text; *c; ++c)
        if (*c == '\t') *c = ' ';
    return text;
}

/* ---- signs of life ---- */

static void give_signs(void)
{
    static char nothing;
    for (int bit = 1; bit < mpi.wire.size; bit <<= 1) {
        MPI_Request request;
        must(MPI_Isend(&nothing, 0, MPI_BYTE, mpi.wire.rank ^ bit, SIGN, MPI_COMM_WORLD, &request), "MPI_Isend");
        MPI_Request_free(&request);
    }
    mpi.signed_at = vd_seconds();
}

static void hear_signs(void)
{
    for (;;) {
        int there;
        char nothing;
        MPI_Status status;
        must(MPI_Iprobe(MPI_ANY_SOURCE, SIGN, MPI_COMM_WORLD, &there, &status), "MPI_Iprobe");
        if (!there) return;
        must(MPI_Recv(&nothing, 0, MPI_BYTE, status.MPI_SOURCE, SIGN, MPI_COMM_WORLD, MPI_STATUS_IGNORE), "MPI_Recv");
        mpi.heard[status.MPI_SOURCE] = vd_seconds();
    }
}

void vd_wire_watch(void (*waits)(int partner, double silent), double every)
{
    mpi.waits = waits;
    mpi.every = every;
}

void vd_wire_tick(void)
{
    if (mpi.wire.size < 2 || !mpi.waits || vd_seconds() - mpi.signed_at < mpi.every) return;
    give_signs();
    hear_signs();
}

/* ---- swap ---- */

/* while waiting for a partner since `from` */
static void look_around(int partner, double from)
{
    hear_signs();
    if (!mpi.waits) return;
    if (vd_seconds() - mpi.signed_at >= mpi.every) give_signs();
    double heard = mpi.heard[partner] > from ? mpi.heard[partner] : from;
    mpi.waits(partner, vd_seconds() - heard);
}

/* cores are shared with others: after a while, look from time to time */
static void wait_for(MPI_Request requests[2], int partner)
{
    const struct timespec nap = {0, NAP_US * 1000};
    double from = vd_seconds(), looked = from;
    for (unsigned looks = 0;; ++looks) { /* it wraps after a day and a half */
        int done;
        must(MPI_Testall(2, requests, &done, MPI_STATUSES_IGNORE), "MPI_Testall");
        if (done) break;
        if (looks % 16 == 0) sched_yield();
        if (looks < SPINS) continue;
        nanosleep(&nap, 0);
        if (vd_seconds() - looked < look_every) continue;
        look_around(partner, from);
        looked = vd_seconds();
    }
    mpi.waited += vd_seconds() - from;
}

static size_t part(size_t bytes, size_t from)
{
    return bytes <= from ? 0 : bytes - from < CHUNK ? bytes - from : CHUNK;
}

static void swap_by_mpi(const vd_wire *w, int partner, const void *out, size_t out_bytes, void *in, size_t in_bytes)
{
    (void)w;
    size_t from = 0;
    do {
        MPI_Request r[2];
        must(MPI_Irecv((char *)in + from, (int)part(in_bytes, from), MPI_BYTE, partner, DATA, MPI_COMM_WORLD, r),
             "MPI_Irecv");
        must(MPI_Isend((const char *)out + from, (int)part(out_bytes, from), MPI_BYTE, partner, DATA, MPI_COMM_WORLD,
                       r + 1),
             "MPI_Isend");
        wait_for(r, partner);
        from += CHUNK;
    } while (from < out_bytes || from < in_bytes);
    mpi.sent += out_bytes;
}

double vd_wire_waited(void)
{
    return mpi.waited;
}

size_t vd_wire_sent(void)
{
    return mpi.sent;
}

/* ---- begin and end ---- */

vd_wire vd_wire_open(void)
{
    int level;
    must(MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &level), "MPI_Init_thread");
    if (level < MPI_THREAD_FUNNELED) vd_die("%s cannot be used beside threads", vd_wire_library());
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    mpi.wire.swap = swap_by_mpi;
    must(MPI_Comm_rank(MPI_COMM_WORLD, &mpi.wire.rank), "MPI_Comm_rank");
    must(MPI_Comm_size(MPI_COMM_WORLD, &mpi.wire.size), "MPI_Comm_size");
    mpi.heard = vd_calloc(mpi.wire.size, sizeof(double));
    return mpi.wire;
}

static int leave_with;

static void leave(int signal)
{
    (void)signal;
    _exit(leave_with);
}

void vd_wire_close(int status)
{
    enum { PATIENCE = 5, MORE_PATIENCE = 30 }; /* seconds: both ask the launcher, whose network may be gone */
    enum { FORWARDING = 300000 };              /* us: MPICH's launcher loses lines that were written just before */
    int is_open;
    MPI_Initialized(&is_open);
    if (!is_open) return;
    leave_with = status;
    signal(SIGALRM, leave);
    alarm(status ? PATIENCE : MORE_PATIENCE);
    if (status) {
        usleep(FORWARDING);
        MPI_Abort(MPI_COMM_WORLD, status);
        _exit(status);
    }
    hear_signs();
    MPI_Finalize();
    alarm(0);
    free(mpi.heard);
}
