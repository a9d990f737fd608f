/* The products of a convolutional layer by Winograd's minimal filtering, the whole batch at a time. */
#include "layer/convolution_winograd.h"
#include "layer/bias_activation.h"
#include "layer/window.h"
#include "kernels/products/winograd_batch.h"
#include "base/parallel.h"

static vd_winograd_shape shape_of(layer l)
{
    return (vd_winograd_shape){vd_window_of(l), l.n, l.batch};
}

int vd_winograd_convolution_fits(layer l)
{
    return l.type == CONVOLUTIONAL && l.groups == 1 && !l.binary && !l.xnor && vd_kernels_get() != &vd_kernels_c &&
           vd_winograd_batch_pays(shape_of(l));
}

typedef struct {
    layer l;
    vd_product p;
} job;

static void end_image(int b, void *context)
{
    const job *j = context;
    if (j->p.sigma2) vd_add_noise(j->l, j->p, b);
    if (!j->l.batch_normalize) vd_forward_tail(j->l, b);
}

void vd_winograd_convolution_forward(layer l, const float *input, vd_product p)
{
    job j = {l, p};
    vd_winograd_batch_forward(shape_of(l), input, p.theta, p.sigma2 ? p.sigma2_float : 0, vd_product_of(l),
                              p.noise_gain);
    if (p.sigma2 || !l.batch_normalize) vd_parallel_for(l.batch, end_image, &j);
}

static void backward_channel(int c, void *context)
{
    const job *j = context;
    vd_backward_tail_channel(j->l, c);
}

void vd_winograd_convolution_backward(layer l, const float *input, float *d_input, vd_product p)
{
    job j = {l, p};
    const float *sigma2 = p.sigma2 ? p.sigma2_float : 0;
    if (!l.batch_normalize) vd_parallel_for(l.out_c, backward_channel, &j);
    vd_winograd_batch_backward_weights(shape_of(l), input, l.delta, p.noise_gain, p.d_theta, sigma2 ? p.d_sigma2 : 0);
    if (d_input)
        vd_winograd_batch_backward_data(shape_of(l), l.delta, p.noise_gain, p.theta, sigma2, input, !p.overwrites,
                                        d_input);
}
