/* Decoded pictures, kept in memory for the next epoch. Only threads that load training data keep any: a picture that is
 * read once is not worth keeping. */
#ifndef VD_DATA_IMAGE_CACHE_H
#define VD_DATA_IMAGE_CACHE_H

/* from begin to end, this thread loads training data */
void image_cache_begin(void);
void image_cache_end(void);

/* the picture in a file, or what was returned the first time: pixels [h][w][channels or *c]; null when it cannot be
 * decoded: vd_picture_fault() says why. The first that there is of
 *
 *     what this thread has decoded ahead   *own, which the caller frees
 *     between begin() and end(): what the  *own is null: never freed or changed
 *         cache holds
 *     the file, decoded now                *own, which the caller frees; between begin() and end() the cache has a copy
 *
 * The cache holds at most DARKNET_IMAGE_CACHE MiB (default: a quarter of the memory; 0: nothing); when it is full,
 * further pictures are decoded each time */
const unsigned char *image_cache_load(const char *path, int *w, int *h, int *c, int channels, unsigned char **own);

/* hint: this thread will load these n pictures next. What the cache holds of them comes into the processor's own cache,
 * all at a time, where one after the other would wait for several accesses to memory each */
void image_cache_fetch(char **paths, int n);

/* decode a file ahead of its use: null when that works, else why not, which the caller frees. With keep, this thread's
 * next image_cache_load() of the file takes these pixels, even if the file has changed since; without, they are freed.
 * Between begin() and end() the cache copies them, too, and nothing is decoded that it holds */
char *image_cache_ahead(const char *path, int channels, int keep);

#endif
