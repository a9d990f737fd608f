/* Which way each pass of a convolution goes. */
#ifndef VD_KERNELS_PRODUCTS_CONVOLVE_PLAN_H
#define VD_KERNELS_PRODUCTS_CONVOLVE_PLAN_H

#include "kernels/products/convolve.h"

/* The plan for a batch, made at the first call for a shape and remembered: the way of each pass is chosen by
 * kernels/choice.h, by the rule of convolve_rule.h or by timing. The images of a run are the rule's. A plan by columns
 * alone has one image. */
vd_convolution_plan vd_convolution_plan_of(vd_convolution_shape s, int batch);

/* the plan that the rule gives, made anew */
vd_convolution_plan vd_convolution_plan_by_rule(vd_convolution_shape s, int batch);

#endif
