#include "product.h"

void vd_product_forward(layer l, const float *input, vd_product p)
{
    if (l.type == CONVOLUTIONAL) vd_convolution_forward(l, input, p);
    else vd_dense_forward(l, input, p);
}

void vd_product_backward(layer l, const float *input, float *d_input, vd_product p)
{
    if (l.type == CONVOLUTIONAL) vd_convolution_backward(l, input, d_input, p);
    else vd_dense_backward(l, input, d_input, p);
}
