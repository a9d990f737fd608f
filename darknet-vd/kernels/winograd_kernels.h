/* The inner loops of a 3x3 convolution at stride 1 by Winograd's minimal filtering, F(4x4, 3x3) (Lavin, Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2016): 36 multiplications for the 16 numbers of a tile instead of 144.
 *
 *     y = A^T ( (G w G^T) . (B^T d B) ) A        d: a tile of 6x6 pixels, w: 3x3 weights, y: 4x4 pixels of the output
 *
 * Tiles are side by side, 4 pixels apart. The 36 numbers of a tile and of a filter are their frequencies. Summed over
 * the channels, the product in the middle is 36 matrix products, [filters][channels] times [channels][tiles].
 *
 * Plain C is the specification (products/winograd_reference.c), and one source in vectors is built for every
 * instruction set (products/winograd_vector.c). */
#ifndef VD_KERNELS_WINOGRAD_KERNELS_H
#define VD_KERNELS_WINOGRAD_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    VD_WINOGRAD_TILE = 4,         /* pixels of the output, each way */
    VD_WINOGRAD_FREQUENCIES = 36, /* of a tile, rows first: number 6 i + j */
    VD_WINOGRAD_PANEL = 8,        /* filters side by side in the transformed weights */
    VD_WINOGRAD_LANES = 16        /* the number of tiles in an array is a multiple of this; the surplus is finite */
};

/* some rows of tiles of one picture */
typedef struct {
    int h, w, pad;    /* of the input */
    int out_h, out_w; /* of the output */
    int first, rows;  /* rows of tiles */
    int columns;      /* tiles of a row: out_w / 4, rounded up */
    int lanes;        /* rows columns, rounded up to VD_WINOGRAD_LANES: numbers of an array of tiles */
} vd_winograd_tiles;

/* what becomes of the sums of a filter: leaky(scale sum + bias) */
typedef struct {
    float scale, bias, slope;
} vd_winograd_end;

typedef struct {
    /* v = B^T d B of one channel
     *
     *   plane   [h][w]; what is outside is 0
     *   lines   [vd_winograd_lines()] for the kernel's own use
     *   v       [36] arrays of lanes, `step` numbers apart */
    void (*input)(vd_winograd_tiles t, const float *plane, float *lines, size_t step, float *v);

    /* m = u v for one frequency
     *
     *   u   [panels][channels][8]
     *   v   [channels][lanes]
     *   m   [panels 8] arrays of lanes, `step` numbers apart, overwritten */
    void (*multiply)(int panels, int channels, int lanes, const float *u, const float *v, size_t step, float *m);

    /* plane = end(A^T m A) of one filter
     *
     *   m       [36][lanes], and VD_WINOGRAD_LANES numbers more, which may be loaded and are not used
     *   plane   [out_h][out_w], of which the rows of the tiles are overwritten */
    void (*output)(vd_winograd_tiles t, vd_winograd_end end, const float *m, float *plane);

    /* a number that changes when any one of x changes, and nearly always when several do */
    uint32_t (*fingerprint)(size_t n, const float *x);
} vd_winograd_kernels;

/* numbers that the input kernel needs for lines: six of them, padded, and one of zeros */
static inline size_t vd_winograd_lines(vd_winograd_tiles t)
{
    size_t pitch = (size_t)VD_WINOGRAD_TILE * (t.columns + VD_WINOGRAD_LANES) + t.w + 2 * (size_t)t.pad;
    return 7 * ((pitch + 15) / 16 * 16);
}

extern const vd_winograd_kernels vd_winograd_kernels_c;

#endif
