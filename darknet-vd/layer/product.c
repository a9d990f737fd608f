#include "layer/product.h"
#include "layer/active.h"
#include "layer/bias_activation.h"
#include "layer/norm.h"
#include "kernels/scratch.h"

void vd_add_noise(layer l, vd_product p, int b)
{
    size_t out = l.outputs, first = (size_t)b * out;
    float *noise = vd_scratch(VD_SCRATCH_NOISE, out);
    vd_noise_key key = p.key;
    key.image += b;
    vd_kernels_get()->noise(key, out, noise);
    vd_kernels_get()->sample(out, noise, p.noise_gain + first, vd_product_of(l) + first);
}

void vd_product_forward(layer l, network net, vd_product p)
{
    if (l.type == CONVOLUTIONAL) (p.by_row ? vd_active_convolution_forward : vd_convolution_forward)(l, net.input, p);
    else (p.by_row ? vd_active_dense_forward : vd_dense_forward)(l, net.input, p);
    if (l.batch_normalize) vd_forward_norm(l, net);
}

void vd_product_backward(layer l, network net, vd_product p)
{
    if (l.batch_normalize) vd_backward_norm(l, net);
    if (l.type == CONVOLUTIONAL)
        (p.by_row ? vd_active_convolution_backward : vd_convolution_backward)(l, net.input, net.delta, p);
    else (p.by_row ? vd_active_dense_backward : vd_dense_backward)(l, net.input, net.delta, p);
}
