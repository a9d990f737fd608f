/* Writes PNG files. */
#ifndef VD_COMMANDS_DATASET_PNG_H
#define VD_COMMANDS_DATASET_PNG_H

/* write a PNG of 8 bits a channel through a temporary file and a rename, without syncing it to the disk
 *
 *   width, height   1 .. 4096 pixels
 *   channels        1 grey, 3 RGB
 *   pixels          [height][width][channels], stored without loss
 *
 * vd_die(), naming path, when it cannot be written. */
void vd_png_write(const char *path, int width, int height, int channels, const unsigned char *pixels);

#endif
