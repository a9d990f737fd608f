/* Rounds weights to integers times a step, as few bits of them as their posterior allows.
 *
 * Rounding w to n steps costs the variational bound (w - n step)^2 / (2 sigma^2) nats, and an estimate of the bits that
 * vd_code_weights() takes for n says what the weight costs in the file. With a rate r, n and the step are
 * chosen to make
 *
 *     sum (w - n step)^2 / (2 sigma^2) + r log(2) bits
 *
 * small, over the weights of a layer. n may be 0. r = 1 is the bound of the free energy: a nat of the file for a nat of
 * the data. sigma is exp(log_sigma2/2), but at least half and at most twice its median over the layer's weights that
 * are not pruned: training leaves some sigma where they began. */
#ifndef VD_WEIGHTS_GRID_H
#define VD_WEIGHTS_GRID_H

#include "weights/parts.h"

#include <stdint.h>

typedef struct {
    double rate; /* 0: to the nearest multiple of the largest step of at most half the median sigma, or of the smallest
                    larger one with which no weight takes more than 127 */
    uint8_t least; /* the least number of a step */
    int is_fixed;  /* 1: the step is number `least`; all weights must be within its reach */
} vd_grid_rule;

/* round the weights of p in place to integers times a step, of at most VD_MOST_INTEGER steps each
 *
 *   p            pruned weights are 0
 *   log_sigma2   [rows][columns] of the posterior
 *
 * Returns the number of the step, for vd_pack_step(); where no weight is left, rule.least. */
uint8_t vd_grid_round(vd_part p, const float *log_sigma2, vd_grid_rule rule);

/* the number of the smallest step from `least` on with which none of n numbers takes more than `most` */
uint8_t vd_grid_step_that_reaches(size_t n, const float *x, int least, int most);

#define VD_LARGEST_RATE 4096. /* leaves next to nothing of a network */

/* the smallest rate from 2^lowest on, to 1/100, at which a file has at most so many bytes; VD_LARGEST_RATE where none
 * does. size(context, rate): the bytes at a rate */
double vd_smallest_rate(double lowest, size_t bytes, size_t (*size)(void *context, double rate), void *context);

/* round n numbers to multiples of a step */
void vd_grid_round_to(size_t n, float *x, uint8_t step);

#endif
