/* The inner loops of 3x3 and 5x5 convolutions at stride 1 of a whole batch by Winograd's minimal filtering, forward and
 * backward (winograd_kernels.h has the formula for 4x4 pixels). A tile has 4x4 or 2x2 pixels of the output: F(4x4, 3x3)
 * takes 36 multiplications for 16 numbers instead of 144, F(2x2, 3x3) takes 16 for 4 instead of 36, and F(4x4, 5x5)
 * takes 64 for 16 instead of 400.
 *
 *     y  = A^T ((G w G^T) . (B^T d B)) A        forward
 *     dw = G^T ((A dy A^T) . (B^T d B)) G       gradient of the weights
 *
 * 16 channels (or filters) lie side by side, and every number below is a block of 16 of them. Summed over channels,
 * filters or tiles, the products in the middle are a matrix product for each frequency.
 *
 * Plain C is the specification (products/winograd_batch_reference.c), and one source in vectors is built for every
 * instruction set (products/winograd_batch_vector.c). */
#ifndef VD_KERNELS_WINOGRAD_BATCH_KERNELS_H
#define VD_KERNELS_WINOGRAD_BATCH_KERNELS_H

#include <stddef.h>

enum {
    VD_WINOGRAD_BLOCK = 16,  /* channels or filters side by side */
    VD_WINOGRAD_MOST_IN = 8, /* numbers of a tile, each way: tile + taps - 1 */
    VD_WINOGRAD_MOST_TAPS = 5
};

/* pixels of a tile and taps of a filter, each way */
typedef enum { VD_F4_3, VD_F2_3, VD_F4_5, VD_WINOGRAD_FORMS } vd_winograd_form;

static inline int vd_winograd_tile(vd_winograd_form f)
{
    return f == VD_F2_3 ? 2 : 4;
}

static inline int vd_winograd_taps(vd_winograd_form f)
{
    return f == VD_F4_5 ? 5 : 3;
}

/* numbers of a tile, each way */
static inline int vd_winograd_in(vd_winograd_form f)
{
    return vd_winograd_tile(f) + vd_winograd_taps(f) - 1;
}

/* rows of tiles, and the pixels they come from or go to */
typedef struct {
    vd_winograd_form form;
    int rows, columns; /* tiles */
    int width;         /* pixels of a line */
    size_t step;       /* floats from frequency to frequency */
    size_t pitch;      /* floats from tile to tile */
    int channels;      /* of the 16: results of the others may be anything */
} vd_winograd_strip;

typedef struct vd_winograd_batch_kernels {
    /* pixels[i][j][c] = x[c plane + i columns + j], 0 for channels beyond the first `channels`
     *
     *   x        [channels] planes of which `lines` lines of `columns` numbers are read
     *   pixels   [lines][width][16], of which `columns` of a line are overwritten */
    void (*turn)(int channels, int lines, int columns, const float *x, size_t plane, int width, float *pixels);

    /* and back: y[c plane + i columns + j] = (add ? y : 0) + pixels[i][j][c] */
    void (*turn_back)(int channels, int lines, int columns, const float *pixels, int width, int add, float *y,
                      size_t plane);

    /* v = B^T d B
     *
     *   pixels   [tile rows + taps - 1][width][16]; tiles begin at line and column 0
     *   v        frequency f of tile t at f step + t pitch, 16 numbers each */
    void (*input)(vd_winograd_strip s, const float *pixels, float *v);

    /* m = A d A^T; pixels [tile rows][width][16] */
    void (*gradient)(vd_winograd_strip s, const float *pixels, float *m);

    /* pixels = A^T m A; not_negative: at least 0 */
    void (*output)(vd_winograd_strip s, int not_negative, const float *m, float *pixels);

    /* u = G w G^T of n filters' planes, 16 of them side by side
     *
     *   w        [n][taps taps][16]; turned: from the last tap to the first
     *   u        frequency f of plane i at f step + i pitch, 16 numbers each */
    void (*weights)(vd_winograd_form form, int n, int turned, const float *w, size_t step, size_t pitch, float *u);

    /* w = G^T u G; w [n][taps taps][16] */
    void (*d_weights)(vd_winograd_form form, int n, const float *u, size_t step, size_t pitch, float *w);

    /* m[t][j] = (add ? m[t][j] : 0) + sum over c of v[t pitch + c] u[c][j], j < some
     *
     *   u   [channels][filters], filters a multiple of 16
     *   m   [tiles][filters], of which numbers from `some` on may be anything
     *
     * The order of a sum does not depend on its place */
    void (*multiply)(int tiles, int channels, int filters, int some, const float *v, size_t pitch, const float *u,
                     int add, float *m);
} vd_winograd_batch_kernels;

extern const vd_winograd_batch_kernels vd_winograd_batch_kernels_c;

#endif
