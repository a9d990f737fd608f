/* EXIF, as cameras store it in pictures: a TIFF file without a picture. */
#ifndef VD_DATA_EXIF_H
#define VD_DATA_EXIF_H

#include <stddef.h>

/* the orientation in these n bytes, tag 0x0112, 1 to 8 (data/upright.h); 0 where there is none, or another number */
int vd_exif_orientation(const unsigned char *tiff, size_t n);

#endif
