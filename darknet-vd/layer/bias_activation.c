#include "layer/bias_activation.h"
#include "kernels/kernels.h"

#include "activations.h"

float *vd_product_of(layer l)
{
    return l.batch_normalize ? l.x : l.output;
}

int vd_activation_is_leaky(ACTIVATION a, float *slope)
{
    *slope = a == RELU ? 0 : a == LEAKY ? .1f : 1;
    return a == RELU || a == LEAKY || a == LINEAR;
}

void vd_activate(ACTIVATION a, size_t n, float *x)
{
    float slope;
    if (!vd_activation_is_leaky(a, &slope)) activate_array(x, (int)n, a);
    else if (a != LINEAR) vd_kernels_get()->leaky(n, slope, x);
}

void vd_activate_backward(ACTIVATION a, size_t n, const float *y, float *d)
{
    float slope;
    if (!vd_activation_is_leaky(a, &slope)) gradient_array(y, (int)n, a, d);
    else if (a != LINEAR) vd_kernels_get()->leaky_backward(n, slope, y, d);
}

void vd_forward_tail(layer l, int b)
{
    const vd_kernels *k = vd_kernels_get();
    float *y = l.output + (size_t)b * l.outputs, slope;
    size_t pixels = (size_t)l.out_h * l.out_w;
    int leaky = vd_activation_is_leaky(l.activation, &slope);
    if (pixels == 1) {
        k->add(l.outputs, l.biases, y);
        vd_activate(l.activation, l.outputs, y);
        return;
    }
    for (int c = 0; c < l.out_c; ++c) k->bias_leaky(pixels, l.biases[c], leaky ? slope : 1, y + c * pixels);
    if (!leaky) activate_array(y, l.outputs, l.activation);
}

void vd_backward_tail(layer l, int b, float *d_bias)
{
    const vd_kernels *k = vd_kernels_get();
    float *y = l.output + (size_t)b * l.outputs, *d = l.delta + (size_t)b * l.outputs, slope;
    size_t pixels = (size_t)l.out_h * l.out_w;
    int leaky = vd_activation_is_leaky(l.activation, &slope);
    if (l.type == CONNECTED) {
        vd_activate_backward(l.activation, l.outputs, y, d);
        return;
    }
    if (!leaky) gradient_array(y, l.outputs, l.activation, d);
    for (int c = 0; c < l.out_c; ++c)
        d_bias[c] += k->leaky_backward_sum(pixels, leaky ? slope : 1, y + c * pixels, d + c * pixels);
}
