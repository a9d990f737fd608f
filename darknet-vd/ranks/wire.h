/* What several processes that work together need of a message passing library: wire_mpi.c, the one file that knows of
 * MPI, or wire_none.c, in a build without it. All else is made of a wire's swap(): collect.h. */
#ifndef VD_RANKS_WIRE_H
#define VD_RANKS_WIRE_H

#include <stddef.h>

/* a connection of `size` processes, each with a rank from 0 on
 *
 *   swap   send `out` to a partner, which calls it with this rank, and get what it sends into `in`, both of 0 bytes or
 *          more; returns when both are done. The two must agree on the sizes. A partner that does not answer ends the
 *          process */
typedef struct vd_wire {
    int rank, size;
    void (*swap)(const struct vd_wire *w, int partner, const void *out, size_t out_bytes, void *in, size_t in_bytes);
    void *context; /* of swap */
} vd_wire;

/* The name of the library and its version, "Open MPI v4.1.4"; null in a build without one. */
const char *vd_wire_library(void);

/* Connect with the other processes the launcher has started, once; rank 0 of 1 when there are none, or when the
 * launcher is that of another library. To be called by the thread that will swap. */
vd_wire vd_wire_open(void);

/* While it waits in swap, a process calls `waits` some times a second, and tells its partners every `every` seconds
 * that it is alive.
 *
 *   silent   seconds since the partner has begun to be waited for, or has last told that it is alive */
void vd_wire_watch(void (*waits)(int partner, double silent), double every);

/* This process is alive, though it does not swap: to be called now and then in long work. Cheap. */
void vd_wire_tick(void);

/* seconds this process has waited in swap, and bytes it has sent there */
double vd_wire_waited(void);
size_t vd_wire_sent(void);

/* the end: of all processes, which all call it; or, with a status that is not 0, at once and without them */
void vd_wire_close(int status);

#endif
