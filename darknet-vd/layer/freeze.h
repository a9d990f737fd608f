/* Freezing, and training on the weights that are left. A weight whose log_alpha has been at least `freeze_log_alpha`
 * for `freeze_pruned` batches in a row, `freeze_start` or later ones, is frozen: theta becomes 0 and stays 0. Its
 * contribution to mean and variance is then 0 too, log_alpha stays at the clip, and training and test time see the same
 * weight. Batches are counted at each update; once in 50 of them weights are frozen.
 *
 * Once so few weights of a layer are left that this is faster, its products and updates run over lists of the active
 * weights alone. */
#ifndef VD_LAYER_FREEZE_H
#define VD_LAYER_FREEZE_H

#include "darknet.h"
#include "kernels/kernels.h"

/* the arrays that training reads and writes, of all weights of a layer or of the active ones; those that the optimiser
 * does not need are null */
typedef struct {
    size_t n;
    float *theta, *log_sigma2;
    float *theta_m, *theta_v; /* Adam's moments; with SGD m is the velocity */
    float *log_sigma2_m, *log_sigma2_v;
    uint16_t *pruned_for;      /* batches in a row that log_alpha has been that high, null when nothing is frozen */
    float *sigma2, *d_kl;      /* of the latest training forward */
    float *d_theta, *d_sigma2; /* sums over the batch of -dL/dtheta and -dL/dsigma2 */
} vd_parameters;

/* the active weights of a layer as a matrix: a row for each unit or filter, a column for each input or tap of an input
 * channel */
typedef struct {
    vd_sparse by_row, by_column; /* by_column: the transpose, its elements numbered as those of by_row */
    int *index;                  /* [n] of the weight in the layer's order */
    vd_parameters p;             /* copies */
    float *masked, *d_mean; /* [n] with train_clip, else null: theta where log_alpha < threshold, and the sums of its
                               gradients */
} vd_active;

enum { VD_FREEZE_EVERY = 50 }; /* batches: making lists costs about what one dense step does */

/* weight i is 0 for good: theta is 0, and it has been pruned for this number of batches */
int vd_is_frozen(vd_parameters all, size_t i, int batches);

/* set theta and its moments to 0, and log_sigma2 so high that log_alpha is at the clip, where a weight has been pruned
 * for this number of batches; returns the number of active weights */
size_t vd_freeze(vd_parameters all, int batches);

/* the number of frozen weights */
size_t vd_frozen(vd_parameters all, int batches);

/* the active weights of a [rows][columns] matrix, all arrays of `all` but the last four copied. With groups, the rows
 * of group g have the columns from g columns on. masks: make masked and d_mean */
vd_active *make_vd_active(vd_parameters all, int rows, int columns, int groups, int masks, int batches);
void free_vd_active(vd_active *a);

/* freeze those of the list that have been pruned for this number of batches, as vd_freeze() does, after
 * vd_active_write(); takes time by the length of the list alone */
void vd_active_freeze(vd_active *a, vd_parameters all, int batches);

/* 1 when theta and log_sigma2 of the list are finite */
int vd_active_is_finite(const vd_active *a);

/* copy theta and log_sigma2 in, and out */
void vd_active_read(vd_active *a, vd_parameters all);
void vd_active_write(const vd_active *a, vd_parameters all);

/* copy moments and counts out */
void vd_active_write_moments(const vd_active *a, vd_parameters all);

#endif
