/* Decoded pictures, kept in memory for the next epoch. Only loader threads use it: a picture that is read once is not
 * worth keeping. */
#ifndef VD_IMAGE_CACHE_H
#define VD_IMAGE_CACHE_H

/* this thread loads training data from now on, or no longer does */
void image_cache_begin(void);
void image_cache_end(void);

/* stbi_load(), or a copy of what it gave the first time: pixels [h][w][channels or *c], to be freed by the caller; null
 * when the file cannot be decoded. Holds at most DARKNET_IMAGE_CACHE MiB (default: a quarter of the memory, 0:
 * nothing); pictures that do not fit any more are decoded anew each time */
unsigned char *image_cache_load(const char *path, int *w, int *h, int *c, int channels);

/* why image_cache_load() has just given null to this thread, for the caller to free */
char *image_cache_fault(void);

/* null when the file can be decoded, else why not, for the caller to free. With keep, this thread's next
 * image_cache_load() of it gets what was decoded, even if the file has changed */
char *image_cache_ahead(const char *path, int channels, int keep);

#endif
