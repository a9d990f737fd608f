/* Turns and mirrors a picture as its EXIF orientation asks for. Cameras store the sensor's rows, and how they were
 * held; the numbers say which sides of the scene the first row and the first column are:
 *
 *   1 top, left     2 top, right     3 bottom, right     4 bottom, left
 *   5 left, top     6 right, top     7 right, bottom     8 left, bottom          (EXIF 2.32, tag 0x0112) */
#ifndef VD_DATA_UPRIGHT_H
#define VD_DATA_UPRIGHT_H

/* pixels [h][w][c] of a picture so stored, upright: [*h][*w][c], in memory of its own, where pixels has been freed; w
 * and h change places from orientation 5. Pixels itself for orientation 1, and null without memory (it is freed then,
 * too) */
unsigned char *vd_upright(unsigned char *pixels, int *w, int *h, int c, int orientation);

#endif
