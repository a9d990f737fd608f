/* The inner loops of products with lists of active weights in training. As everywhere in kernels/, plain C is the
 * specification (products/active_reference.c), and one source in vectors is built for every instruction set
 * (products/active_vector.c).
 *
 * A weight has two numbers, theta and sigma2, and so has all that it is multiplied with: x and x^2, dy and dy times the
 * gain of the noise. Both products go through a list together. */
#ifndef VD_KERNELS_ACTIVE_KERNELS_H
#define VD_KERNELS_ACTIVE_KERNELS_H

#include <stddef.h>

/* numbers processed together, and what lines are a multiple of */
enum { VD_ACTIVE_LANES = 16 };

/* The weights of a matrix by rows. Each is multiplied with a line: the numbers of x, or of x2, from its offset on.
 *
 * The elements of row r are start[r step] .. start[r step + 1] - 1. A list may be cut into parts, so that what a part
 * reads stays in the cache: then step is the number of parts, row r has the elements of all its parts one after the
 * other, and `start` of part i is start + i. */
typedef struct {
    int rows, step;
    const int *start;  /* [rows step + 1] */
    const int *offset; /* of each element, a multiple of VD_ACTIVE_LANES */
    const float *theta, *sigma2;
} vd_active_list;

/* The input of a convolution as lines. A tap (c, kh, kw) reads, for all outputs of an image, every stride-th pixel from
 * (y - pad, x - pad) on, y = kh step, x = kw step. So there is a copy of channel c for each kw, shifted, and for each
 * y % down, in which the outputs' pixels are adjacent. Rows of several images stand side by side:
 *
 *     copy[k][row][image][ow], padded by zeros to `pitch` numbers a row        row: rows + halo
 *
 * holds image[c][(first + row) down + phase - pad][ow stride + kw step - pad], 0 outside of the image, where `first` is
 * the first output row of a band. The tap's line begins at row y / down of its copy. Only copies that a weight reads
 * exist. */
typedef struct {
    int channel, kw, phase; /* phase: kh step % down */
} vd_active_copy;

typedef struct {
    int c, h, w, size, stride, pad, out_h, out_w;
    int images;     /* side by side */
    int pitch;      /* numbers of a row */
    int rows, halo; /* output rows of a full band; rows that a copy has more, (size - 1) step / down */
    int phases;     /* at most down, and at most the rows that a filter spans */
    int down, step; /* stride along the height; pixels between those that neighbouring weights meet */
    int copies;
    const vd_active_copy *copy; /* [copies] */
    const int *copy_of;         /* [c][size][phases] number of a copy, -1 where there is none */
} vd_active_lines;

/* a piece of work: some output rows of some images */
typedef struct {
    int first, rows; /* output rows, at most lines.rows */
    int images;      /* at most lines.images; the others count as zeros */
    size_t in, out;  /* numbers from image to image */
} vd_active_band;

typedef struct {
    /* for all rows r of a part and i < n:
     *
     *   y[r ldy + i]  = (add ? y : 0)  + the sum over row r of theta x[offset + i]
     *   y2[r ldy + i] = (add ? y2 : 0) + the sum over row r of sigma2 x2[offset + i]        x2 null: x^2
     *
     * n and ldy are multiples of VD_ACTIVE_LANES, x, x2, y, y2 aligned to 64 bytes */
    void (*sums)(vd_active_list s, size_t n, const float *x, const float *x2, int add, size_t ldy, float *y, float *y2);

    /* for all elements e of a part, in row r:
     *
     *   d_theta[e]  += the sum over i < n of dy[r ldy + i] x[offset + i]
     *   d_sigma2[e] += the sum over i < n of dy2[r ldy + i] x[offset + i]^2
     *
     * n and ldy are multiples of VD_ACTIVE_LANES, x, dy, dy2 aligned to 64 bytes */
    void (*dots)(vd_active_list s, size_t n, const float *x, size_t ldy, const float *dy, const float *dy2,
                 float *d_theta, float *d_sigma2);

    /* the copies of a band
     *
     *   image   [images][c][h][w], band.in from image to image
     *   x       [copies][rows + halo][pitch] */
    void (*take)(const vd_active_lines *s, vd_active_band b, const float *image, float *x);

    /* lines to images, two arrays: planes of the outputs
     *
     *   y, y2       [planes][rows][pitch]
     *   out, out2   [images][planes][out_h][out_w], band.out from image to image: the rows of the band are written */
    void (*put)(const vd_active_lines *s, vd_active_band b, int planes, const float *y, const float *y2, float *out,
                float *out2);

    /* the gradient of put(), with zeros around: dy and dy2 = dy gain
     *
     *   start       of a list with a row a plane and `step` parts: planes of rows without elements need not be right
     *   d_out, gain [images][planes][out_h][out_w]
     *   dy, dy2     [planes][halo + rows][pitch] and halo pitch + VD_ACTIVE_LANES more: the rows of a plane follow
     *               `halo` rows of zeros, and so many follow the last plane */
    void (*take_gradient)(const vd_active_lines *s, vd_active_band b, int planes, const int *start, int step,
                          const float *d_out, const float *gain, float *dy, float *dy2);

    /* the gradient of take(): d_image += dx + 2 image dx2, summed over the copies
     *
     *   dx, dx2          [copies][rows + halo][pitch]
     *   image, d_image   [images][c][h][w], band.in from image to image */
    void (*fold)(const vd_active_lines *s, vd_active_band b, const float *dx, const float *dx2, const float *image,
                 float *d_image);
} vd_active_kernels;

extern const vd_active_kernels vd_active_kernels_c;

#endif
