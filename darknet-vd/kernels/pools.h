/* Layers without weights of later Darknets, on plain arrays: the mean of each window, the largest of every so many
 * channels, squares of pixels as channels. Gradients are added to. Plain C; no network spends its time here. */
#ifndef VD_KERNELS_POOLS_H
#define VD_KERNELS_POOLS_H

#include "kernels/kernels.h"

/* one plane: out[q] = the mean of the numbers of window q that are inside, 0 where there are none
 *
 *   in, d_in     [h][w]
 *   out, d_out   [out_h][out_w]    windows as in vd_kernels.max_pool */
void vd_mean_pool(vd_pool_shape s, const float *in, float *out);

/* forward was a mean over n numbers: d_in += d_out / n, of each */
void vd_mean_pool_backward(vd_pool_shape s, const float *d_out, float *d_in);

/* one channel of the output: at each pixel the largest of channels first, first + step, ... below c
 *
 *   in       [c][pixels]
 *   out      [pixels]
 *   index    [pixels] where the first largest was, counted from in, plus base; null: not wanted */
void vd_channel_pool(int c, int first, int step, int pixels, const float *in, int base, float *out, int *index);

/* out[(row s + column) c + k][i][j] = in[k][i s + row][j s + column]: k < c, row and column < s.
 * h and w are multiples of s
 *
 *   in, d_in     [c][h][w]
 *   out, d_out   [s s c][h / s][w / s] */
void vd_squares_to_channels(int c, int h, int w, int s, const float *in, float *out);
void vd_squares_to_channels_backward(int c, int h, int w, int s, const float *d_out, float *d_in);

#endif
