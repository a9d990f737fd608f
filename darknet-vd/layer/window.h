/* The geometry of a layer as kernels want it. Only here is it known what a layer's members mean:
 *
 *   stride     along the width
 *   stride_y   along the height; 0: the same. Not 0 in 1x1 convolutions of later Darknets' cfgs, to mark them
 *   dilation   0 and 1: none. It widens the padding, too, as AlexeyAB's Darknet has it: a padding of (size - 1) / 2
 *              keeps the size of a map whatever the dilation
 *   pad        of a pool, both borders together */
#ifndef VD_LAYER_WINDOW_H
#define VD_LAYER_WINDOW_H

#include "darknet.h"
#include "kernels/kernels.h"

/* 0: the same along the height */
static inline int vd_down_of(layer l)
{
    return l.stride_y && l.stride_y != l.stride ? l.stride_y : 0;
}

/* 1 when a 1x1 convolution is that of later Darknets: with a stride, too, it is a convolution */
static inline int vd_is_later_convolution(layer l)
{
    return l.stride_y || l.epsilon_in_root;
}

/* 1 for a 1x1 window that stock Darknet reads in another order: it takes the input for the columns of a window without
 * stride and padding */
static inline int vd_is_misread_1x1(layer l)
{
    return l.size == 1 && (l.stride != 1 || l.pad != 0);
}

/* 1 when it is one whatever program reads the cfg, and adds to the gradient of its input. Stock Darknet's reads its
 * input in another order where it has a stride, and overwrites what a [shortcut] or [route] has added */
static inline int vd_is_true_convolution(layer l)
{
    return l.plugin || vd_is_later_convolution(l);
}

/* 1 when the backward pass of a convolution writes the gradient of its input, as stock Darknet's does where that is a
 * plain matrix product; else it adds */
static inline int vd_writes_as_stock(layer l)
{
    return l.size == 1 && !vd_is_misread_1x1(l) && l.dilation <= 1 && !vd_is_true_convolution(l);
}

/* of a convolution, all channels */
static inline vd_window vd_window_of(layer l)
{
    int gap = l.dilation > 1 ? l.dilation - 1 : 0;
    return (vd_window){.c = l.c,
                       .h = l.h,
                       .w = l.w,
                       .size = l.size,
                       .stride = l.stride,
                       .pad = l.pad * (gap + 1),
                       .out_h = l.out_h,
                       .out_w = l.out_w,
                       .down = vd_down_of(l),
                       .gap = gap};
}

#endif
