#ifndef VD_IM2COL_H
#define VD_IM2COL_H

/* the shape of one convolution (one group of it) on one image */
typedef struct {
    int c, h, w;           /* input channels, height, width */
    int size, stride, pad; /* square filters */
    int out_h, out_w;
} vd_window;

/* columns[(ch size + kh) size + kw][oh out_w + ow] = image[ch][oh stride - pad + kh][ow stride - pad + kw], 0 outside
 *
 *   image    [c][h][w]
 *   columns  [c size size][out_h out_w], overwritten */
void vd_im2col(vd_window s, const float *image, float *columns);

/* the transpose of vd_im2col: add every column entry to the pixel it came from
 *
 *   columns  [c size size][out_h out_w]
 *   image    [c][h][w], accumulated into (+=) */
void vd_col2im_add(vd_window s, const float *columns, float *image);

#endif
