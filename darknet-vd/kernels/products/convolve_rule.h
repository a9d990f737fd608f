/* How to compute a convolution, by a rule: it depends on the shape, the batch and the table of kernels alone. */
#ifndef VD_KERNELS_PRODUCTS_CONVOLVE_RULE_H
#define VD_KERNELS_PRODUCTS_CONVOLVE_RULE_H

#include "kernels/products/shape.h"

/* The images of a run. Small outputs get longer runs. The number of runs is even where it can be, which keeps an even
 * number of threads busy */
int vd_convolution_run(vd_convolution_shape s, int batch);

/* the way of a pass over a run of images; where the processor lacks the rule's way, lines, or else columns */
vd_way vd_convolution_way_by_rule(vd_convolution_shape s, vd_pass pass, int images);

#endif
