/* PNM and TGA files are pixels behind a short header. stb_image takes what a file cut short does not have from memory
 * nobody has written, reads 16-bit PNM over the end of its memory, and turns the sign of a BMP that has none. */
#ifndef VD_RAW_PICTURE_H
#define VD_RAW_PICTURE_H

#include <stdio.h>

/* what is wrong with a PNM file (P5, P6), a TGA file without compression, or a BMP file of height 0 or -2^31, the
 * caller's to free; null where nothing is, and for files of other kinds. fp is at its start then; what cannot go back
 * to it, a pipe, is left alone */
char *vd_raw_picture_fault(FILE *fp);

#endif
