#include "layer/product.h"
#include "layer/norm.h"

void vd_product_forward(layer l, network net, vd_product p)
{
    if (l.type == CONVOLUTIONAL) vd_convolution_forward(l, net.input, p);
    else vd_dense_forward(l, net.input, p);
    if (l.batch_normalize) vd_forward_norm(l, net);
}

void vd_product_backward(layer l, network net, vd_product p)
{
    if (l.batch_normalize) vd_backward_norm(l, net);
    if (l.type == CONVOLUTIONAL) vd_convolution_backward(l, net.input, net.delta, p);
    else vd_dense_backward(l, net.input, net.delta, p);
}
