/* The log of a training run of classifier, detector or cifar: <backup>/<base>.csv (csv.h), <backup>/<base>.html
 * (page.h), and a progress line on a terminal (progress.h).
 *
 * A row is added when [vd_cost] reports, where a validation has measured the network, and, without variational layers,
 * once an epoch of the training list. The page is made anew with a row, as long as all of it takes 1 % of the training
 * time, and at the end. A training that is resumed goes on in both files, without what came after its checkpoint.
 *
 * A file that cannot be written does not stop the training: one line says so, and the next row tries again. Nothing
 * here draws random numbers or changes the network. */
#ifndef VD_TRAINING_LOG_H
#define VD_TRAINING_LOG_H

#include "darknet.h"

/* a training begins: after a checkpoint was restored (resumed = 1), or anew. A csv to go on in that cannot be read ends
 * the program */
void vd_log_begin(network *net, const char *backup, const char *base, int resumed);

/* its list has so many pictures */
void vd_log_pictures(int pictures);

/* a forward pass of training is done, of any network */
void vd_log_forward(const network *net);

/* a sub-batch of it was computed by another rank, with this cost (*net->cost) */
void vd_log_cost(const network *net, float cost);

/* the training has gone back to an earlier batch: rows after it go */
void vd_log_back(network *net);

/* a batch is done: a row, if one is due. Nothing of it is written before vd_log_write(). The time between the two, of a
 * validation, does not count as training */
void vd_log_batch(network *net);

/* a validation has measured the network as it is: error or mAP, 0..1; NaN for the other. Goes into the row of this
 * batch, which may be its own */
void vd_log_validated(network *net, double error, double map);

/* write what is new, and renew the page if it may cost that much; show the progress */
void vd_log_write(network *net);

/* a signal ends the training: the page says so */
void vd_log_stop(const network *net);

/* the training is finished and its weights are saved; ends the program if its files still cannot be written */
void vd_log_end(const network *net);

#endif
