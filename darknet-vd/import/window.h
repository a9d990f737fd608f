/* The window of a convolution or a pool. */
#ifndef VD_IMPORT_WINDOW_H
#define VD_IMPORT_WINDOW_H

#include "import/translation.h"

enum { VD_WINDOW_MOST = 4096 }; /* of the keys size, stride, dilation and padding */

/* along the height and the width; pads in front of both, then behind both */
typedef struct {
    int64_t size[2], stride[2], pad[4], gap[2];
} vd_window;

/* of the node, which reads the map x: strides, dilations, pads and auto_pad; refuses what no section has a key for */
vd_window vd_window_of(const vd_importing *im, vd_place x, const int64_t *size);

/* windows along the height and the width of the map; below 1 where not even one fits */
void vd_window_outputs(const vd_window *v, vd_place x, int64_t *out);

/* a window as [convolutional] has it: a square with as many zeros on all sides. Weight i of the node's window along
 * side k is weight first[k] + i step[k] of it. The others are zeros: those in front move the window, those behind it
 * end the map earlier. gap: of the key, where that says the node's dilation */
typedef struct {
    int64_t size, pad, gap, first[2], step[2];
} vd_square;

/* the smallest one that makes the same outputs; refuses a window for which there is none */
vd_square vd_window_square(const vd_importing *im, vd_place x, const vd_window *v);

/* from [size[0]][size[1]] to [square's size][square's size] of zeros */
void vd_square_fill(const vd_square *s, const int64_t *size, const float *from, float *to);

/* "stride=2\n", or stride_x and stride_y; the caller frees */
char *vd_window_stride_keys(const vd_window *v);

#endif
