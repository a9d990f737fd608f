/* Decoded pictures, kept in memory for the next epoch. Only threads that load training data keep any: a picture that is
 * read once is not worth keeping. */
#ifndef VD_DATA_IMAGE_CACHE_H
#define VD_DATA_IMAGE_CACHE_H

#include <stdio.h>

/* from begin to end, this thread loads training data */
void image_cache_begin(void);
void image_cache_end(void);

/* the picture in a file, or a copy of what was returned the first time: pixels [h][w][channels or *c], which the caller
 * frees; null when it cannot be decoded. JPEGs are decoded by data/jpeg.h and are upright, all else by stb_image. The
 * cache holds at most DARKNET_IMAGE_CACHE MiB (default: a quarter of the memory; 0: nothing); when it is full, further
 * pictures are decoded each time */
unsigned char *image_cache_load(const char *path, int *w, int *h, int *c, int channels);

/* the file of a picture; one that cannot be opened ends the program, and a relative path says where it was looked for
 */
FILE *vd_picture_open(const char *path);

/* why this thread's last image_cache_load() returned null; the caller frees */
char *image_cache_fault(void);

/* decode a file ahead of its use: null when that works, else why not, which the caller frees. With keep, this thread's
 * next image_cache_load() of the file returns these pixels, even if the file has changed since */
char *image_cache_ahead(const char *path, int channels, int keep);

#endif
