/* The line at the bottom of a terminal that tells how far a training is; nothing where stderr is no terminal. */
#ifndef VD_TRAINING_PROGRESS_H
#define VD_TRAINING_PROGRESS_H

#include "darknet.h"

typedef struct {
    double epoch;                /* NaN: not known */
    double cost, kl;             /* an image; kl NaN: a network without variational layers */
    double sparsity, error, map; /* 0..1; NaN: not measured yet */
} vd_progress;

/* 1 when it is time for another line, at most five times a second; `seconds`: of training, by the clock of the log */
int vd_progress_due(double seconds);
void vd_progress_show(const network *net, double seconds, vd_progress p);
void vd_progress_end(void);

#endif
