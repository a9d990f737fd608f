/* The processor's mode for small numbers, for the length of a call.
 *
 * Numbers under 1.2e-38 (denormal ones) cost many times as much as others, and Adam's moments of weights that no longer
 * get a gradient decay into them. ./darknet is linked with -Ofast, whose start code has the processor take them for 0.
 * A program on the library is not, so the library sets that mode itself: in its own threads, and in the caller's from
 * vd_float_mode_begin() to vd_float_mode_end(). Both then compute the same bytes. Within, rounding is to nearest and
 * nothing traps, whatever the caller had set.
 *
 * The mode belongs to a thread. Calls nest: the outermost end() gives back the caller's mode, with the flags of
 * exceptions that were raised before. So does vd_die(), before it calls back. */
#ifndef VD_BASE_FLOAT_MODE_H
#define VD_BASE_FLOAT_MODE_H

/* returns 0, for the variable below */
int vd_float_mode_begin(void);
void vd_float_mode_end(int *unused);

/* from this line to the end of the block, however it is left but by longjmp() */
#define vd_float_mode_here() int float_mode_here_ __attribute__((cleanup(vd_float_mode_end))) = vd_float_mode_begin()

/* how many begin() of this thread have not ended, and going back to so many after a longjmp() */
int vd_float_mode_depth(void);
void vd_float_mode_back_to(int depth);

#endif
