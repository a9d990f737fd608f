/* The window of a convolution or a pool. */
#ifndef VD_IMPORT_WINDOW_H
#define VD_IMPORT_WINDOW_H

#include "import/translation.h"

/* along the height and the width; pads in front of both, then behind both */
typedef struct {
    int64_t size[2], stride[2], pad[4], gap[2];
} vd_window;

/* of the node, which reads the map x: strides, dilations, pads and auto_pad; refuses what no section has a key for */
vd_window vd_window_of(const vd_importing *im, vd_place x, const int64_t *size);

/* the pad of all sides; refuses others */
int64_t vd_window_pad(const vd_importing *im, const vd_window *v);

/* "stride=2\n", or stride_x and stride_y; the caller frees */
char *vd_window_stride_keys(const vd_window *v);

#endif
