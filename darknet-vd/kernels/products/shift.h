/* Shifted copies of images, of which rows of a convolution's columns are parts.
 *
 * Of each image there is one copy for every column kw of the filters, with only the pixels that this column meets
 * (out_w a row), and for every phase, the rows with number phase, phase + stride ... of the padded image:
 *
 *     copies[c][kw][phase][row][image][ow] = image[c][(first + row) stride + phase - pad][ow stride + kw - pad],
 *
 * 0 outside of it.
 *
 * Then what tap (kh, kw) of channel c meets, all rows of an output at once, is one piece of a copy, side by side: row
 * oh of it is row oh + kh / stride of phase kh % stride. That are `size` copies, where columns are size^2. */
#ifndef VD_KERNELS_PRODUCTS_SHIFT_H
#define VD_KERNELS_PRODUCTS_SHIFT_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int c, h, w;           /* of an image */
    int size, stride, pad; /* of the filters */
    int out_w;
    int first, rows; /* output row that the first row of a copy is for; rows of a copy */
    int images;      /* of a copy */
    size_t image;    /* numbers from an image to the next */
} vd_shift;

/* phases that have taps */
static inline int vd_shift_phases(const vd_shift *s)
{
    return s->stride < s->size ? s->stride : s->size;
}

/* in plain C: the specification; of floats, and of 16-bit numbers of any kind */
void vd_shift_c(vd_shift s, const float *x, float *copies);
void vd_shift_16_c(vd_shift s, const uint16_t *x, uint16_t *copies);

#endif
