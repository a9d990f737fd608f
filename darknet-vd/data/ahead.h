/* The pictures that a thread has decoded ahead of their use: what is decoded to see whether it is sound
 * (data/skip_broken.h) is decoded once. Every thread has a list of its own. */
#ifndef VD_DATA_AHEAD_H
#define VD_DATA_AHEAD_H

/* pixels: [h][w][channels or c], from malloc(); they are the list's from now on */
void vd_ahead_put(const char *path, int w, int h, int c, int channels, unsigned char *pixels);

/* those of the latest put() of this path and these channels, which leave the list and are the caller's to free; null:
 * none */
unsigned char *vd_ahead_take(const char *path, int *w, int *h, int *c, int channels);

/* free what nobody has taken */
void vd_ahead_clear(void);

#endif
