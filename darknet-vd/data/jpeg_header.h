/* What a JPEG file says about its picture before the pixels: which way is up, and how its colours are sampled. */
#ifndef VD_DATA_JPEG_HEADER_H
#define VD_DATA_JPEG_HEADER_H

#include <stddef.h>

typedef struct {
    int orientation; /* EXIF tag 0x0112, 1 to 8: data/upright.h. 1 where there is none, or another number */
    int halved;      /* 1: 4:2:2, a colour is sampled at every second column, and at every row */
} vd_jpeg_header;

/* 1 when these n bytes begin as a JPEG file does */
int vd_is_jpeg(const unsigned char *bytes, size_t n);

/* reads n bytes of a JPEG file up to its first scan; damaged segments say nothing */
vd_jpeg_header vd_read_jpeg_header(const unsigned char *bytes, size_t n);

#endif
