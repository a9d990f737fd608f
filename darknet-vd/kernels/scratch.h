/* Buffers that each thread has for itself, and that live until it ends. */
#ifndef VD_KERNELS_SCRATCH_H
#define VD_KERNELS_SCRATCH_H

#include <stddef.h>

/* SHARED, SUMS and LISTS are for the thread that starts a vd_parallel_for() and hands the pointer to its pieces; the
 * others are for the pieces themselves. BLOCKED_X is both: products/winograd_batch.c and winograd_batch_weights.c, at
 * times in a piece themselves, hand it to the pieces of their own loops, which do not ask for it. */
typedef enum {
    VD_SCRATCH_SHARED,
    VD_SCRATCH_SUMS,
    VD_SCRATCH_LISTS,
    VD_SCRATCH_COLUMNS,
    VD_SCRATCH_D_COLUMNS,
    VD_SCRATCH_SQUARE,
    VD_SCRATCH_D_SQUARE,
    VD_SCRATCH_D_VAR,
    VD_SCRATCH_NOISE,
    VD_SCRATCH_LIBRARY,
    VD_SCRATCH_TILE_A,
    VD_SCRATCH_TILE_B,
    VD_SCRATCH_BLOCKED_X,
    VD_SCRATCH_BLOCKED_Y,
    VD_SCRATCH_BLOCKED_W,
    VD_SCRATCH_PRODUCT,
    VD_SCRATCH_VARIANCE,
    VD_SCRATCH_POOLED,
    VD_SCRATCH_OFFSETS,
    VD_SCRATCHES
} vd_scratch_slot;

/* n floats, uninitialised, 64-byte aligned, valid until this thread asks for the same slot again. Calls vd_no_memory()
 * when there is none. */
float *vd_scratch(vd_scratch_slot slot, size_t n);

/* end the program with one line on stderr; bytes: what was asked for */
void vd_no_memory(size_t bytes) __attribute__((noreturn));

#endif
