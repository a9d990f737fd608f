/* Writes PNG files. */
#ifndef VD_COMMANDS_DATASET_PNG_H
#define VD_COMMANDS_DATASET_PNG_H

/* write an 8-bit grey PNG through a temporary file and a rename, without syncing it to the disk
 *
 *   width, height   1 .. 4096 pixels
 *   pixels          [height][width], stored without loss
 *
 * vd_die(), naming path, when it cannot be written. */
void vd_png_write_grey(const char *path, int width, int height, const unsigned char *pixels);

#endif
