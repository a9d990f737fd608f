#ifndef VD_SCRATCH_H
#define VD_SCRATCH_H

#include <stddef.h>

/* Each thread has a few buffers that live until it ends. SHARED and SUMS are for the thread that starts a
 * vd_parallel_for() and hands the pointer to its pieces; the others are for the pieces themselves. */
typedef enum {
    VD_SCRATCH_SHARED,
    VD_SCRATCH_SUMS,
    VD_SCRATCH_COLUMNS,
    VD_SCRATCH_D_COLUMNS,
    VD_SCRATCH_SQUARE,
    VD_SCRATCH_D_SQUARE,
    VD_SCRATCH_D_VAR,
    VD_SCRATCH_NOISE,
    VD_SCRATCH_LIBRARY,
    VD_SCRATCH_BLOCKED_X,
    VD_SCRATCH_BLOCKED_Y,
    VD_SCRATCH_BLOCKED_W,
    VD_SCRATCHES
} vd_scratch_slot;

/* n floats, uninitialised, valid until this thread asks for the same slot again; 64-byte aligned. Ends the program with
 * one line on stderr when there is no memory. */
float *vd_scratch(vd_scratch_slot slot, size_t n);

/* that end, for others here who cannot do without memory */
void vd_no_memory(size_t bytes) __attribute__((noreturn));

#endif
