/* How far a classifier's probabilities can be trusted: scores of its predictions, the temperature that is best, and how
 * well their entropy tells pictures of other kinds apart. Arithmetic on arrays.
 *
 * log_p [n][classes] holds the logarithms of probabilities, of n pictures; class [n], 0 .. classes - 1, the right ones.
 * At temperature T the probabilities are p^(1/T) / sum p^(1/T): T = 1 leaves them, more makes them less sure. */
#ifndef VD_TRAINING_CALIBRATION_H
#define VD_TRAINING_CALIBRATION_H

#include <stddef.h>

enum { VD_ECE_BINS = 15 }; /* as in Guo et al. 2017 */

typedef struct {
    double error; /* share of pictures whose class is not the most likely one */
    double nll;   /* mean of -log p of the right class, nats */
    double brier; /* mean over the pictures of the sum over the classes of (p - [class is right])^2, 0 .. 2 */
    /* expected calibration error: sum over 15 bins of equal width of the probability p of the most likely class,
     * (k/15, (k+1)/15], of the share of pictures in it times |mean p - share of them that are right| */
    double ece;
} vd_calibration;

vd_calibration vd_calibration_of(size_t n, int classes, const float *log_p, const int *class, double temperature);

/* the temperature from 0.05 to 20 with the least nll, which has one minimum in it; to 1e-4 of itself */
double vd_best_temperature(size_t n, int classes, const float *log_p, const int *class);

/* -sum p log p of each picture, nats, into entropy [n] */
void vd_entropies(size_t n, int classes, const float *log_p, double *entropy);

/* the chance that one of b [m] is greater than one of a [n], a tie counting half: the area under the ROC curve. Sorts
 * both */
double vd_auroc(size_t n, double *a, size_t m, double *b);

#endif
