/* Faults of picture files that stb_image does not find. PNM and TGA files are pixels after a short header; stb_image
 * fills the missing part of a truncated one from uninitialised memory, and reads a 16-bit PNM past the end of its
 * buffer. It also negates the height of a BMP, which overflows for -2^31. */
#ifndef VD_DATA_RAW_PICTURE_H
#define VD_DATA_RAW_PICTURE_H

#include <stdio.h>

/* what is wrong with a PNM file (P5, P6), an uncompressed TGA file, or a BMP file of height 0 or -2^31: a string the
 * caller frees. Null when nothing is wrong, and for files of other kinds. Afterwards fp is at its start; a pipe, which
 * cannot be rewound, is not read at all. *white: the value of white, which a PNM file has in its header and stb_image
 * passes over; 255 for others */
char *vd_raw_picture_fault(FILE *fp, int *white);

#endif
