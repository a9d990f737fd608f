/* Pictures in files: opened, decoded, and what is wrong with them. JPEGs are decoded by data/jpeg.h and are upright,
 * all else by stb_image. */
#ifndef VD_DATA_PICTURE_FILE_H
#define VD_DATA_PICTURE_FILE_H

#include <stdio.h>

/* the file of a picture; one that cannot be opened ends the program,
 * and a relative path says where it was looked for */
FILE *vd_picture_open(const char *path);

/* why vd_picture_open() would end the program, which the caller frees; null where it would not,
 * but for lack of memory */
char *vd_picture_file_fault(const char *path);

/* the picture in a file: pixels [h][w][channels or *c], which the caller frees; null when it cannot be decoded */
unsigned char *vd_picture_decode(const char *path, int *w, int *h, int *c, int channels);

/* why this thread's last vd_picture_decode() returned null; the caller frees. Forget: a thread that ends leaves nothing
 * behind */
char *vd_picture_fault(void);
void vd_picture_forget_fault(void);

#endif
