/* A stand-in for MNIST that needs no download: Darknet's ten digit glyphs, distorted, 28x28, white on black. */
#ifndef VD_COMMANDS_DATASET_DIGITS_H
#define VD_COMMANDS_DATASET_DIGITS_H

#include <stdint.h>

enum { VD_DIGITS_SIDE = 28, VD_DIGITS_CLASSES = 10 };
enum { VD_DIGITS_TRAIN, VD_DIGITS_TEST, VD_DIGITS_LABELS }; /* independent streams of random numbers */

typedef struct vd_digits vd_digits;

/* the glyphs, prepared for drawing; the caller frees them with vd_digits_free(), which accepts null */
vd_digits *vd_digits_make(void);
void vd_digits_free(vd_digits *digits);

/* draw one picture, a pure function of its arguments: integer arithmetic only, so every machine and every
 * compiler flag gives the same bytes
 *
 *   stream   VD_DIGITS_TRAIN or VD_DIGITS_TEST
 *   index    any number; a stream has no end
 *   pixels   [28][28], all overwritten; 0 black ground .. 255 white ink
 *
 * returns the digit drawn, index % 10. */
int vd_digits_draw(const vd_digits *digits, uint64_t seed, uint64_t stream, uint64_t index, unsigned char *pixels);

/* 64 random bits, a pure function of the three (splitmix64 finalizer: Steele, Lea, Flood 2014) */
uint64_t vd_digits_bits(uint64_t seed, uint64_t stream, uint64_t index);

#endif
