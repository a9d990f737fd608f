#include "layer/product.h"
#include "layer/activation.h"
#include "layer/active.h"
#include "layer/bias_activation.h"
#include "layer/delta.h"
#include "layer/norm.h"
#include "layer/pooled.h"

void vd_add_noise(layer l, vd_product p, int b)
{
    size_t first = (size_t)b * l.outputs;
    vd_sample_noise(l, p, b, p.noise_gain + first, vd_product_of(l) + first);
}

void vd_sample_noise(layer l, vd_product p, int b, float *variance, float *product)
{
    vd_noise_key key = p.key;
    if (p.is_noiseless) return; /* the variance is 0, and that is its gain */
    key.image += b;
    vd_kernels_get()->add_noise(key, 0, l.outputs, variance, product);
}

/* a layer may be called with the index of another one, in a network of its own */
static const layer *pool_behind(layer l, network net)
{
    int is_this = l.type == CONVOLUTIONAL && net.index < net.n && net.layers[net.index].output == l.output;
    return is_this ? vd_pool_behind(net, net.index) : 0;
}

void vd_product_forward(layer l, network net, vd_product p)
{
    p.pool = pool_behind(l, net);
    vd_keep_activation_inputs(l, net.train || net.delta);
    if (l.type == CONVOLUTIONAL) (p.by_row ? vd_active_convolution_forward : vd_convolution_forward)(l, net.input, p);
    else (p.by_row ? vd_active_dense_forward : vd_dense_forward)(l, net.input, p);
    if (l.batch_normalize) vd_forward_norm(l, net);
}

void vd_product_backward(layer l, network net, vd_product p)
{
    p.pool = pool_behind(l, net);
    p.overwrites = vd_overwrites_input_delta(l, net);
    if (l.batch_normalize) vd_backward_norm(l, net);
    if (p.pool && !p.by_row) vd_pooled_backward(l, net.input, net.delta, p);
    else if (l.type == CONVOLUTIONAL)
        (p.by_row ? vd_active_convolution_backward : vd_convolution_backward)(l, net.input, net.delta, p);
    else (p.by_row ? vd_active_dense_backward : vd_dense_backward)(l, net.input, net.delta, p);
}
