/* What the files that are built once for each instruction set share: VD_VARIANT, which the Makefile defines, is the
 * last part of their names. vector.c gathers them in the table that dispatch.c picks. */
#ifndef VD_KERNELS_VARIANT_H
#define VD_KERNELS_VARIANT_H

#include "kernels/kernels.h"

#define VD_JOIN(a, b) a##_##b
#define VD_NAME(a, b) VD_JOIN(a, b)
#define VARIANT(name) VD_NAME(name, VD_VARIANT)

/* window_vector.c: see the members of vd_kernels of these names */
void VARIANT(vd_max_pool)(vd_pool_shape s, const float *in, int base, float *out, int *index);
void VARIANT(vd_max_pool_gain)(vd_pool_shape s, const float *in, const float *gain, int base, float bias, float slope,
                               float *out, int *index, float *gain_out);
void VARIANT(vd_max_pool_values)(vd_pool_shape s, int planes, const float *in, float *out);
void VARIANT(vd_max_pool_backward)(vd_pool_shape s, int base, const int *index, const float *d_out, float *d_in);
void VARIANT(vd_im2col)(vd_window s, const float *image, float *columns);
void VARIANT(vd_im2col_bf16)(vd_window s, const uint16_t *image, uint16_t *columns);
void VARIANT(vd_col2im_add)(vd_window s, const float *columns, float *image);

/* update_vector.c */
void VARIANT(vd_log_alpha)(size_t n, const float *theta, const float *log_sigma2, float *log_alpha);
size_t VARIANT(vd_mask)(size_t n, const float *theta, const float *log_sigma2, float threshold, float *masked);
double VARIANT(vd_variance_kl)(size_t n, const float *theta, const float *log_sigma2, float *sigma2, float *d_kl);
void VARIANT(vd_posterior_backward)(size_t n, const float *theta, const float *sigma2, const float *d_kl,
                                    float kl_scale, float *d_theta, float *d_log_sigma2);
void VARIANT(vd_adam)(size_t n, vd_adam_args a, float *x, float *step, float *m, float *v);
void VARIANT(vd_sgd)(size_t n, float rate, float momentum, float decay, float batch, float *x, float *step,
                     float *velocity);
void VARIANT(vd_count_pruned)(size_t n, float alpha, const float *theta, const float *sigma2, const float *d_kl,
                              uint16_t *pruned_for);
void VARIANT(vd_hold_frozen)(size_t n, int batches, const float *theta, const uint16_t *pruned_for, float *d_theta);
void VARIANT(vd_update_adam)(size_t n, vd_adam_args args, float kl_scale, vd_adam_arrays a, vd_update_sums *sums);
int VARIANT(vd_all_finite)(size_t n, const float *x);
uint64_t VARIANT(vd_checksum)(size_t n, const float *x);

/* noise_vector.c */
void VARIANT(vd_noise)(vd_noise_key key, size_t n, float *eps);
void VARIANT(vd_sample)(size_t n, const float *eps, float *var, float *out);
void VARIANT(vd_add_noise)(vd_noise_key key, size_t first, size_t n, float *var, float *out);

/* transpose_vector.c */
void VARIANT(vd_transpose)(int rows, int columns, const float *in, int ld_in, float *out, int ld_out);
void VARIANT(vd_transpose_add)(int rows, int columns, const float *in, int ld_in, float *out, int ld_out);
void VARIANT(vd_transpose_16)(int rows, int columns, const uint16_t *in, int ld_in, uint16_t *out, int ld_out);

/* products/tile_vector.c */
void VARIANT(vd_tile)(vd_tile t);
void VARIANT(vd_tile_half)(vd_tile t);

/* products/shift_vector.c */
void VARIANT(vd_shift)(vd_shift s, const float *x, float *copies);
void VARIANT(vd_shift_16)(vd_shift s, const uint16_t *x, uint16_t *copies);

/* sparse/vector.c */
extern const vd_sparse_kernels VARIANT(vd_sparse_kernels);

/* products/behind_pool_vector.c */
extern const vd_behind_pool_kernels VARIANT(vd_behind_pool);
/* products/winograd_vector.c */
extern const vd_winograd_kernels VARIANT(vd_winograd_kernels);
/* products/winograd_batch_vector.c */
extern const struct vd_winograd_batch_kernels VARIANT(vd_winograd_batch_kernels);

/* products/active_vector.c */
extern const vd_active_kernels VARIANT(vd_active_kernels);
/* smooth_vector.c */
extern const vd_smooth_kernels VARIANT(vd_smooth_kernels);

#endif
