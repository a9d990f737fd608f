/* Pictures as Darknet's functions use them. */
#ifndef VD_DATA_PICTURE_H
#define VD_DATA_PICTURE_H

#include "darknet.h"

/* the picture in a file, 0 .. 1, [channels, or the file's][h][w], which the caller frees; by data/image_cache.h. One
 * that cannot be read or decoded ends the program */
image vd_picture(const char *path, int channels);

#endif
