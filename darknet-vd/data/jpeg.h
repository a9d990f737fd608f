/* JPEG files, by libjpeg-turbo: stb_image is several times slower, and mixes the colours of 4:2:2 pictures wrongly in
 * their last column but one. A build with JPEG=0 has stb_image here, too, and reports the first such picture. */
#ifndef VD_DATA_JPEG_H
#define VD_DATA_JPEG_H

#include <stddef.h>

/* the picture in the n bytes of a JPEG file, upright (data/upright.h)
 *
 *   path       for the message about a 4:2:2 picture with JPEG=0
 *   channels   1 grey, 2 grey and 255, 3 RGB, 4 RGB and 255; 0: the file's
 *   w, h, c    width and height as they are upright, and the file's channels: 1 or 3 (CMYK becomes RGB)
 *   fault      why there is no picture, which the caller frees; else null
 *
 * Returns pixels [h][w][channels or c], which the caller frees: those of libjpeg-turbo's defaults (the accurate inverse
 * transform, smooth upsampling). Null for a file that is damaged or cut short; where *fault is null, too,
 * vd_picture_fault() knows: memory was refused, or stb_image's reason. May be called from any thread. */
unsigned char *vd_jpeg_decode(const char *path, const unsigned char *bytes, size_t n, int *w, int *h, int *c,
                              int channels, char **fault);

/* the decoder's name and version, for `darknet vd version` */
const char *vd_jpeg_decoder(void);

#endif
