/* The log alpha of all weights of a network's variational layers, counted in bins: how many weights are over a log
 * alpha, and which log alpha a share of them is over. For target_sparsity= and target_size= (target.h). */
#ifndef VD_LAYER_HISTOGRAM_H
#define VD_LAYER_HISTOGRAM_H

#include "darknet.h"

#include <stddef.h>

/* log alpha beyond the clip: a weight of 0 whose log_sigma2 is 5 is at 23.4, one of 1000 with method=magnitude's
 * log_sigma2 of -30 at -43.8 */
enum { VD_HISTOGRAM_LOWEST = -64, VD_HISTOGRAM_HIGHEST = 24, VD_HISTOGRAM_BINS_A_UNIT = 64 };
enum { VD_HISTOGRAM_BINS = (VD_HISTOGRAM_HIGHEST - VD_HISTOGRAM_LOWEST) * VD_HISTOGRAM_BINS_A_UNIT + 1 };

/* how many weights have a log alpha in each bin; those that are frozen in the last */
typedef struct {
    size_t in[VD_HISTOGRAM_BINS], all;
} vd_histogram;

/* of all variational layers; without any, all is 0 */
vd_histogram vd_histogram_of(const network *net);

/* the log alpha that this share of the weights is at or over: the lower end of its bin, but not of the first, whose
 * weights have no order */
double vd_histogram_quantile(const vd_histogram *r, double share);

/* the share of the weights in the bin of this log alpha and over it */
double vd_histogram_over(const vd_histogram *r, double log_alpha);

/* of weights o to o + n of a variational layer, before the clip, within those two;
 * the highest one for a frozen weight */
void vd_histogram_log_alpha(layer l, size_t o, size_t n, float *log_alpha);

#endif
