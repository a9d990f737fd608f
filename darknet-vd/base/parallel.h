/* Loops over all cores.
 *
 * Work is cut into n numbered pieces by the caller, never by the number of threads, so a result cannot depend on how
 * many threads there are. */
#ifndef VD_BASE_PARALLEL_H
#define VD_BASE_PARALLEL_H

#include <stddef.h>

/* run body(i, context) for i = 0..n-1, in any order, on all threads; returns when all are done. A call from inside a
 * body runs in the calling thread. Threads are made at the first call and sleep between calls. A piece that fails ends
 * the process, or is reported in the calling thread: fail.h. */
void vd_parallel_for(int n, void (*body)(int i, void *context), void *context);

/* run body(context) in the calling thread, and with it all loops that it starts, as if it were a piece of one */
void vd_parallel_alone(void (*body)(void *context), void *context);

/* n elements in pieces of `size`, the last one shorter: how many pieces, and the elements of piece i; the first of them
 * is i size */
static inline int vd_pieces(size_t n, size_t size)
{
    return (int)((n + size - 1) / size);
}
static inline int vd_piece_length(size_t n, size_t size, int i)
{
    return (int)(n - i * size < size ? n - i * size : size);
}

/* threads wanted: DARKNET_THREADS, or every core this process may run on */
int vd_parallel_threads(void);

/* forget the sleeping threads and make new ones at the next loop, as many as are wanted then. A forked child, which has
 * none of them, does this automatically. Not while a loop runs */
void vd_parallel_forget_threads(void);

#endif
