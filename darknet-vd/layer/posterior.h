/* The arrays of a layer's posterior q(w) = N(theta, exp(log_sigma2)), and what is derived from them: the variance and
 * KL divergence of a training step, the masked weights of test time. For the files of layer/ only. */
#ifndef VD_LAYER_POSTERIOR_H
#define VD_LAYER_POSTERIOR_H

#include "layer/vd_layer.h"

#include <math.h>

/* weights are worked on in pieces of this size: small enough for the caches, large enough for a thread */
enum { VD_PIECE = 8192 };

/* the arrays of all weights of a variational layer, and those that training works on: of the active weights alone
 * where vd_layer.freezing.active is set */
vd_parameters vd_all_parameters(layer l);
vd_parameters vd_trained_parameters(layer l);

/* with train_clip: the sums of -dL/d(masked theta), of the weights that training works on; null without */
float *vd_mean_gradients(layer l);

/* the log_sigma2 with which a weight that is over the cut of test time, as theta passes through 0, is just below it: by
 * more than log_alpha is rounded by */
static inline float vd_log_sigma2_under(float threshold, float theta)
{
    return threshold - 1e-3f + logf(theta * theta + VD_THETA_EPS);
}

/* element o of an array that may be missing */
static inline float *vd_element(float *array, size_t o)
{
    return array ? array + o : 0;
}

/* ---- what is derived of the weights, and when it is forgotten ----
 *
 *   derived               of                                        made by
 *   variance              theta, log_sigma2                         an update, for the next forward; or that forward
 *   test_time.masked      theta, log_sigma2, threshold              vd_masked(); with train_clip by what makes variance
 *   its forms: .sparse    masked, biases, rolling statistics        a prediction
 *              .winograd  masked                                    a prediction
 *
 * What is forgotten is made again when it is needed. A form that is forgotten is freed.
 *
 *   event                                                           forgets
 *   theta, log_sigma2 or threshold is written, weights freeze       vd_forget_derived()   variance, masked, forms
 *   an update ends, which has made variance itself                  vd_forget_masked()              masked, forms
 *   a training forward with noise, whose variance has no mask       the same
 *   vd_set_masked() gives other numbers for masked                  itself                                  forms
 *   a training forward: rolling statistics change                   vd_forget_forms()                       forms
 *
 * No event tells of the rest, so it is compared with what variance or a form was made for: theta, which a program on
 * the library may write (variance.checksum), the type of the products (variance.type), the batch and the size of the
 * pictures (vd_sparse_layer_fits()) */
void vd_forget_derived(layer l);
void vd_forget_masked(layer l);
void vd_forget_forms(layer l);

/* ---- vd_layer.variance, for the weights as they are ---- */

/* what one piece adds to the sums over a layer */
typedef struct {
    vd_update_sums of;
    uint64_t checksum; /* of theta */
} vd_variance_sums;

typedef struct {
    vd_layer *vd;
    const vd_kernels *k;
    vd_parameters p;
    float *masked; /* null without train_clip */
    int checks;
    vd_variance_sums *pieces; /* of VD_PIECE weights */
} vd_variance_pass;

/* sigma2, d_kl and the mask of some weights, while they are in the first-level cache: begin(), then for every piece
 * block() from its first weight to its last, at most VD_BLOCK at a time, and ended(); then end(), when
 * vd_layer.variance is current. With lists of active weights it never is: they are made by each forward. mask() in the
 * place of block() where a kernel has made the rest, with what the piece adds to the sums */
enum { VD_BLOCK = 512 };
vd_variance_pass vd_variance_begin(layer l);
void vd_variance_block(const vd_variance_pass *v, int piece, size_t o, size_t n);
void vd_variance_mask(const vd_variance_pass *v, size_t o, size_t n);
void vd_variance_piece_ended(const vd_variance_pass *v, int piece);
void vd_variance_end(vd_variance_pass *v);

/* all of it, unless it is current; with train_clip the weights of the mean, too, of those that training works on:
 * vd_layer.test_time.masked, or vd_active.masked */
void vd_make_variance(layer l);

/* the masked weights [n], made unless vd_layer.test_time holds current ones */
const float *vd_masked(layer l);

#endif
