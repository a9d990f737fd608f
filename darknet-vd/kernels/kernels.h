/* The arithmetic of sparse variational dropout on plain arrays. Nothing here knows Darknet, layers or files.
 *
 * Symbols are those of Molchanov, Ashukha, Vetrov, "Variational Dropout Sparsifies Deep Neural Networks", ICML 2017:
 *
 *     log_alpha = clip(log_sigma2 - log(theta^2 + VD_THETA_EPS), -8, 8)         eq. 11, kept finite at theta = 0
 *     sigma2    = exp(log_alpha) theta^2                                         variance of one weight
 *     KL        = -sum( k1 s(k2 + k3 log_alpha) - log1p(exp(-log_alpha))/2 - k1 )   eq. 14, s the logistic function
 *
 * Each function exists once in plain C (vd_kernels_c, the specification) and again for wider instruction sets, built
 * from one source. One test body compares all of them with the plain one. Kernels cannot fail. The arrays of one call
 * must not overlap unless a comment allows it. */
#ifndef VD_KERNELS_KERNELS_H
#define VD_KERNELS_KERNELS_H

#include "kernels/products/shift.h"
#include "kernels/products/tile.h"
#include "kernels/products/behind_pool.h"
#include "kernels/active_kernels.h"
#include "kernels/smooth.h"
#include "kernels/sparse_kernels.h"
#include "kernels/type.h"
#include "kernels/winograd_kernels.h"

#include <stddef.h>
#include <stdint.h>

#define VD_THETA_EPS 1e-8f     /* inside log(theta^2 + eps): keeps log_alpha and its gradient finite at theta = 0 */
#define VD_VARIANCE_EPS 1e-8f  /* inside sqrt(var + eps): keeps the gradient of the square root finite */
#define VD_LOG_ALPHA_LIMIT 8.f /* log_alpha is clipped to +- this */
#define VD_K1 0.63576f         /* the three constants of eq. 14 */
#define VD_K2 1.87320f
#define VD_K3 1.48695f

/* names one stream of noise. Equal keys give equal numbers: to the bit for any number of threads, to rounding on every
 * machine */
typedef struct {
    uint64_t seed;
    uint64_t image; /* images seen by training before this one */
    uint32_t layer;
    uint32_t draw; /* how many forward passes this image has been through before */
} vd_noise_key;

/* Adam's state and rates for one call; the gradient is divided by batch */
typedef struct {
    float rate, b1, b2, eps;
    float correction1, correction2; /* 1 - b1^t, 1 - b2^t */
    float batch;
    float decay; /* L2 penalty added to the mean gradient, 0 for none */
} vd_adam_args;

/* what vd_kernels.update_adam works on, [n] each */
typedef struct {
    float *theta, *log_sigma2;
    float *d_theta, *d_sigma2; /* sums over the batch of -dL/dtheta and -dL/dsigma2; zeroed */
    float *theta_m, *theta_v, *log_sigma2_m, *log_sigma2_v; /* moments */
    float *sigma2, *d_kl; /* of the weights: on input as they were, on output as they are */
} vd_adam_arrays;

typedef struct {
    double kl;       /* sum of KL */
    float largest;   /* sigma2 */
    int is_infinite; /* 1: a theta or log_sigma2 is infinite or NaN */
} vd_update_sums;

/* one plane of a max pooling */
typedef struct {
    int h, w, size, stride, offset, out_h, out_w;
    int down; /* as in vd_window */
} vd_pool_shape;

static inline int vd_pool_down(vd_pool_shape s)
{
    return s.down ? s.down : s.stride;
}

/* the shape of one convolution (one of its groups) on one image */
typedef struct {
    int c, h, w;           /* input channels, height, width */
    int size, stride, pad; /* square filters */
    int out_h, out_w;
    int down; /* stride along the height; 0: it is the same, and never that number */
    int gap;  /* pixels left out between those that neighbouring weights meet: dilation - 1 */
} vd_window;

static inline int vd_window_down(vd_window w)
{
    return w.down ? w.down : w.stride;
}

/* pixels from the first to the last that a filter meets on a side */
static inline int vd_window_extent(vd_window w)
{
    return (w.size - 1) * (w.gap + 1) + 1;
}

/* one stride and no gaps: the convolutions that every way of computing them knows */
static inline int vd_window_is_plain(vd_window w)
{
    return !w.down && !w.gap;
}

/* where the elements of a sparse matrix are, by rows: those of row r are start[r] .. start[r + 1] - 1 */
typedef struct {
    int rows;
    const int *start;   /* [rows + 1] */
    const int *column;  /* of each element */
    const int *element; /* index of each element's value; null when it is the element's own number */
} vd_sparse;

typedef struct {
    const char *name;
    int bf16; /* 1 when the processor multiplies bf16 in hardware */
    int fp16; /* 1 when it calculates in fp16 */

    /* log_alpha, n numbers each */
    void (*log_alpha)(size_t n, const float *theta, const float *log_sigma2, float *log_alpha);

    /* masked = theta where log_alpha < threshold, else 0; returns how many of masked are not 0 */
    size_t (*mask)(size_t n, const float *theta, const float *log_sigma2, float threshold, float *masked);

    /* sigma2 = exp(log_alpha) theta^2, and in the same pass the KL divergence: returns the sum over n weights, in nats;
     * d_kl = dKL/dlog_alpha of each, 0 where log_alpha is clipped and nowhere else. Source: eq. 14 */
    double (*variance_kl)(size_t n, const float *theta, const float *log_sigma2, float *sigma2, float *d_kl);

    /* the backward pass of variance_kl, from its results: chain dL/dsigma2 to theta and log_sigma2, and add
     * kl_scale d(sum KL) to both
     *
     *   theta, sigma2, d_kl   [n]  of the same weights
     *   kl_scale                   KL weight / training-set size (times any factor of the caller's gradients)
     *   d_theta               [n]  accumulated into (+=)
     *   d_log_sigma2          [n]  on input dL/dsigma2, on output dL/dlog_sigma2 */
    void (*posterior_backward)(size_t n, const float *theta, const float *sigma2, const float *d_kl, float kl_scale,
                               float *d_theta, float *d_log_sigma2);

    /* eps[i] ~ N(0,1), a function of (key, i) alone: Philox4x32-7 (Salmon et al. 2011) and Box-Muller */
    void (*noise)(vd_noise_key key, size_t n, float *eps);

    /* out += sqrt(var + VD_VARIANCE_EPS) eps;  on output var holds d out/d var = eps / (2 sqrt(var + VD_VARIANCE_EPS)),
     * so that the backward pass is one product and needs neither var nor eps */
    void (*sample)(size_t n, const float *eps, float *var, float *out);

    /* sample() with numbers first .. first + n - 1 of noise(key). Cheapest where 64 divides first: noise is made in
     * groups */
    void (*add_noise)(vd_noise_key key, size_t first, size_t n, float *var, float *out);

    /* y = x^2; y may be x */
    void (*square)(size_t n, const float *x, float *y);

    /* y = x;  x^2;  x z : to bf16, the upper half of a float, rounded to the nearest, ties to even; NaN stays NaN */
    void (*to_bf16)(size_t n, const float *x, uint16_t *y);
    void (*square_bf16)(size_t n, const float *x, uint16_t *y);
    void (*multiply_bf16)(size_t n, const float *x, const float *z, uint16_t *y);

    /* the same to fp16, times scale, which is a power of two; what is too large becomes infinite */
    void (*to_fp16)(size_t n, const float *x, float scale, uint16_t *y);
    void (*square_fp16)(size_t n, const float *x, float scale, uint16_t *y);
    void (*multiply_fp16)(size_t n, const float *x, const float *z, float scale, uint16_t *y);

    /* the largest |x|, 0 for none; NaN does not count */
    float (*largest)(size_t n, const float *x);

    /* y *= x */
    void (*multiply_by)(size_t n, const float *x, float *y);

    /* y += 2 x z : the second half of the backward pass through a*theta and a^2*sigma2 */
    void (*add_twice_product)(size_t n, const float *x, const float *z, float *y);

    /* y += x */
    void (*add)(size_t n, const float *x, float *y);

    /* x = x > 0 ? x : slope x: ReLU is slope 0, leaky ReLU slope 0.1. Its gradient from the OUTPUT y:
     * d *= y > 0 ? 1 : slope */
    void (*leaky)(size_t n, float slope, float *x);
    void (*leaky_backward)(size_t n, float slope, const float *y, float *d);

    /* y = leaky(x + z); the slope is in double, as stock Darknet's .1 is not .1f */
    void (*add_leaky)(size_t n, double slope, const float *x, const float *z, float *y);

    /* x = leaky(x + bias); slope 1 is the linear activation */
    void (*bias_leaky)(size_t n, float bias, float slope, float *x);
    /* leaky_backward(); returns the sum of d afterwards */
    float (*leaky_backward_sum)(size_t n, float slope, const float *y, float *d);

    /* sum of x;  of (x - mean)^2;  of (x - mean) y */
    float (*sum)(size_t n, const float *x);
    float (*sum_squares)(size_t n, float mean, const float *x);
    float (*dot)(size_t n, float mean, const float *x, const float *y);

    /* batch normalisation of n numbers of one channel: y = scale (x - mean) inverse + bias */
    void (*normalize)(size_t n, float mean, float inverse, float scale, float bias, const float *x, float *y);
    /* d = d a + (x - mean) b + c */
    void (*normalize_backward)(size_t n, float mean, float a, float b, float c, const float *x, float *d);

    /* the largest of each window of a plane, and where it was
     *
     *   in      [h][w]
     *   out     [out_h][out_w]  window (i, j) starts at row i down - offset, column j stride - offset
     *   index   [out_h][out_w]  of the first largest element, counted from in, plus base; of any element where
     *           the window holds a NaN; -1 where the window is all padding */
    void (*max_pool)(vd_pool_shape s, const float *in, int base, float *out, int *index);

    /* max_pool of leaky(in + bias), slope >= 0, and the gain at the largest elements; each window holds at least one
     *
     *   gain       [h][w]; null: not wanted
     *   gain_out   [out_h][out_w] */
    void (*max_pool_gain)(vd_pool_shape s, const float *in, const float *gain, int base, float bias, float slope,
                          float *out, int *index, float *gain_out);

    /* out as max_pool has it, for planes that lie one after the other; of a window that holds a NaN any element
     *
     *   in      [planes][h][w]
     *   out     [planes][out_h][out_w] */
    void (*max_pool_values)(vd_pool_shape s, int planes, const float *in, float *out);

    /* the gradient of max_pool: d_in[index - base] += d_out, with the index and base of the forward pass; -1 is skipped
     *
     *   index, d_out   [out_h][out_w]
     *   d_in           [h][w]  accumulated into (+=) */
    void (*max_pool_backward)(vd_pool_shape s, int base, const int *index, const float *d_out, float *d_in);

    /* columns[(ch size + kh) size + kw][oh out_w + ow] = image[ch][oh down - pad + kh (gap + 1)][ow stride - pad +
     * kw (gap + 1)], 0 outside
     *
     *   image    [c][h][w]
     *   columns  [c size size][out_h out_w], overwritten */
    void (*im2col)(vd_window s, const float *image, float *columns);
    void (*im2col_bf16)(vd_window s, const uint16_t *image, uint16_t *columns);

    /* the transpose of im2col: add every column entry to the pixel it came from
     *
     *   columns  [c size size][out_h out_w]
     *   image    [c][h][w], accumulated into (+=) */
    void (*col2im_add)(vd_window s, const float *columns, float *image);

    /* one step of Adam (Kingma, Ba 2014, algorithm 1) along `step`, the sum over a batch of the NEGATIVE gradient
     * (Darknet's sign); m and v are its moments; step is zeroed */
    void (*adam)(size_t n, vd_adam_args a, float *x, float *step, float *m, float *v);

    /* one step of gradient descent with momentum, as stock Darknet does it:
     *     velocity += step - decay batch x;  x += rate/batch velocity;  velocity *= momentum;  step = 0
     * velocity may be null when momentum is 0 */
    void (*sgd)(size_t n, float rate, float momentum, float decay, float batch, float *x, float *step, float *velocity);

    /* pruned_for += 1 where log_alpha is at its upper clip or at least log(alpha), to at most 65535; = 0 elsewhere.
     * sigma2 and d_kl are variance_kl's of the same theta. alpha = INFINITY: at the clip alone. So, too, where theta^2
     * is below FLT_MIN, as sigma2 then says nothing of log_alpha */
    void (*count_pruned)(size_t n, float alpha, const float *theta, const float *sigma2, const float *d_kl,
                         uint16_t *pruned_for);

    /* d_theta = 0 where theta is 0 and pruned_for is at least `batches`: the weight is frozen */
    void (*hold_frozen)(size_t n, int batches, const float *theta, const uint16_t *pruned_for, float *d_theta);

    /* one update of n weights by Adam, and what the next forward pass needs of them, in one pass over the memory:
     * posterior_backward(), adam() of theta and, without decay, of log_sigma2, variance_kl()
     * of the results. Adds to sums */
    void (*update_adam)(size_t n, vd_adam_args args, float kl_scale, vd_adam_arrays a, vd_update_sums *sums);

    /* 1 when no number is infinite or NaN */
    int (*all_finite)(size_t n, const float *x);

    /* a number that changes when one of the bits does, or the order: the same in every table */
    uint64_t (*checksum)(size_t n, const float *x);

    /* see transpose.h */
    void (*transpose)(int rows, int columns, const float *in, int ld_in, float *out, int ld_out);
    void (*transpose_add)(int rows, int columns, const float *in, int ld_in, float *out, int ld_out);
    void (*transpose_16)(int rows, int columns, const uint16_t *in, int ld_in, uint16_t *out, int ld_out);

    /* see products/tile.h; tile_half is null where the instruction set has no fp16 arithmetic */
    void (*tile)(vd_tile t);
    void (*tile_half)(vd_tile t);

    /* see products/shift.h */
    void (*shift)(vd_shift s, const float *x, float *copies);
    void (*shift_16)(vd_shift s, const uint16_t *x, uint16_t *copies);

    const vd_sparse_kernels *sparse;           /* products with sparse weights at test time */
    const vd_behind_pool_kernels *behind_pool; /* backward products of a convolution that only a max pool reads */
    const vd_winograd_kernels *winograd;       /* 3x3 convolutions at test time */
    const struct vd_winograd_batch_kernels *winograd_batch; /* of a whole batch: winograd_batch_kernels.h */
    const vd_active_kernels *active;                        /* products with lists of active weights in training */
    const vd_smooth_kernels *smooth;                        /* activations whose gradient needs the input */
} vd_kernels;

/* the specification, in plain C and libm */
extern const vd_kernels vd_kernels_c;

/* The table in use. At first that of vd_kernels_asked(), else of vd_kernels_by_rule(); a training may change it
 * (layer/kernel_choice.h). A table is constant, and each computes the same but for rounding, so that a change needs
 * no lock. */
const vd_kernels *vd_kernels_get(void);
void vd_kernels_use(const vd_kernels *table);

/* every table this processor can run, the plain one first, the fastest last; returns how many */
enum { VD_KERNELS_MOST = 8 };
int vd_kernels_list(const vd_kernels **tables, int max);

/* of those: the one of this name; the fastest whose products are in a type; null when there is none */
const vd_kernels *vd_kernels_named(const char *name);
const vd_kernels *vd_kernels_of_type(vd_type type);

/* the fastest type of the variance path with this table */
vd_type vd_kernels_type(const vd_kernels *table);

/* the one that the environment variable DARKNET_KERNELS names, for tests and comparisons; null when it names none. A
 * name that is not in the list ends the program */
const vd_kernels *vd_kernels_asked(void);

/* the one that the table of processors (processor.h) gives, without timing */
const vd_kernels *vd_kernels_by_rule(void);

#endif
