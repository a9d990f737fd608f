#include "layer/bias_activation.h"
#include "layer/activation.h"
#include "kernels/kernels.h"

#include <string.h>

float *vd_product_of(layer l)
{
    return l.batch_normalize ? l.x : l.output;
}

/* image b's inputs of the activation, null when they are not kept */
static float *inputs_of(layer l, int b)
{
    float *inputs = vd_activation_inputs(l);
    return inputs ? inputs + (size_t)b * l.outputs : 0;
}

/* an activation that is not leaky, of image b */
static void activate(layer l, int b, float *y)
{
    float *inputs = inputs_of(l, b);
    if (inputs) memcpy(inputs, y, l.outputs * sizeof(float));
    vd_activate(l.activation, l.outputs, y);
}

void vd_forward_tail(layer l, int b)
{
    const vd_kernels *k = vd_kernels_get();
    float *y = l.output + (size_t)b * l.outputs, slope;
    size_t pixels = (size_t)l.out_h * l.out_w;
    int leaky = vd_activation_is_leaky(l.activation, &slope);
    if (pixels == 1) {
        k->add(l.outputs, l.biases, y);
        activate(l, b, y);
        return;
    }
    for (int c = 0; c < l.out_c; ++c) k->bias_leaky(pixels, l.biases[c], leaky ? slope : 1, y + c * pixels);
    if (!leaky) activate(l, b, y);
}

void vd_backward_tail(layer l, int b, float *d_bias)
{
    const vd_kernels *k = vd_kernels_get();
    float *y = l.output + (size_t)b * l.outputs, *d = l.delta + (size_t)b * l.outputs, slope;
    size_t pixels = (size_t)l.out_h * l.out_w;
    int leaky = vd_activation_is_leaky(l.activation, &slope);
    if (l.type == CONNECTED) {
        vd_activate_backward(l.activation, l.outputs, inputs_of(l, b), y, d);
        return;
    }
    if (!leaky) vd_activate_backward(l.activation, l.outputs, inputs_of(l, b), y, d);
    for (int c = 0; c < l.out_c; ++c)
        d_bias[c] += k->leaky_backward_sum(pixels, leaky ? slope : 1, y + c * pixels, d + c * pixels);
}

void vd_backward_tail_channel(layer l, int c)
{
    size_t pixels = (size_t)l.out_h * l.out_w;
    float slope;
    int leaky = vd_activation_is_leaky(l.activation, &slope);
    for (int b = 0; b < l.batch; ++b) {
        size_t at = ((size_t)b * l.out_c + c) * pixels;
        const float *inputs = inputs_of(l, b);
        if (!leaky)
            vd_activate_backward(l.activation, pixels, inputs ? inputs + c * pixels : 0, l.output + at, l.delta + at);
        l.bias_updates[c] +=
            vd_kernels_get()->leaky_backward_sum(pixels, leaky ? slope : 1, l.output + at, l.delta + at);
    }
}
