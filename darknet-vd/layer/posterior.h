/* The arrays of a layer's posterior q(w) = N(theta, exp(log_sigma2)), and what is derived from them: the variance and
 * KL divergence of a training step, the masked weights of test time. For the files of layer/ only. */
#ifndef VD_LAYER_POSTERIOR_H
#define VD_LAYER_POSTERIOR_H

#include "layer/vd_layer.h"

/* weights are worked on in pieces of this size: small enough for the caches, large enough for a thread */
enum { VD_PIECE = 8192 };

/* the arrays of all weights of a variational layer, and those that training works on: of the active weights alone
 * where vd_layer.freezing.active is set */
vd_parameters vd_all_parameters(layer l);
vd_parameters vd_trained_parameters(layer l);

/* element o of an array that may be missing */
static inline float *vd_element(float *array, size_t o)
{
    return array ? array + o : 0;
}

/* write vd_layer.variance (sigma2, d_kl and kl) for the weights as they are */
void vd_make_variance(layer l);

/* the masked weights [n], made unless vd_layer.test_time holds current ones */
const float *vd_masked(layer l);

#endif
