/* What a PNG file says about its picture beside the pixels: which way is up. */
#ifndef VD_DATA_PNG_HEADER_H
#define VD_DATA_PNG_HEADER_H

#include <stddef.h>

enum { VD_PNG_FIRST_BYTE = 0x89 };

/* 1 when these n bytes begin as a PNG file does */
int vd_is_png(const unsigned char *bytes, size_t n);

/* the orientation, 1 to 8 (data/upright.h), in the chunk eXIf of n bytes of a PNG file; 1 where there is none, or
 * another number. The chunk may stand in front of the pixels or behind them */
int vd_png_orientation(const unsigned char *bytes, size_t n);

#endif
