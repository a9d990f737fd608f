/* [net] policy=sgdr: the learning rate falls along half a cosine and starts anew, in cycles that get longer.
 * (Loshchilov and Hutter 2017, SGDR: Stochastic Gradient Descent with Warm Restarts.) */
#ifndef VD_TRAINING_SGDR_H
#define VD_TRAINING_SGDR_H

#include "darknet.h"

/* learning_rate_min + (learning_rate - learning_rate_min) (1 + cos(pi t/T)) / 2
 *
 * T is the length of the cycle that holds the batch: net->sgdr_cycle batches, then sgdr_mult times as many in each
 * cycle. t is 0 at the start of the first cycle, and from 1 to T in each. */
float vd_sgdr_rate(const network *net, size_t batch);

#endif
