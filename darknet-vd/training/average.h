/* [net] ema_alpha=a: an exponential moving average of all that training steps along: weights (theta), log_sigma2,
 * biases and scales of batch normalisation, of every layer. From batch max_batches / 2 on, after each update,
 *
 *     mean = a mean + (1 - a) value
 *
 * 1000 batches before the end, at three quarters of a training of 2000 batches and less, the means become the weights.
 * The batches that are left bring the statistics of batch normalisation in line with them. (AlexeyAB's rule; there the
 * means of a training of 2000 batches and less are never taken.)
 *
 * A theta that is exactly 0 has been pruned for good (freeze.h, fine_tune.h). Its mean is 0, too.
 *
 * The means are a part of a checkpoint, and of <backup>/<base>_ema.weights, a weights file with them in place of the
 * weights, and with the latest statistics of batch normalisation. It is written every 100 batches and at the end. */
#ifndef VD_TRAINING_AVERAGE_H
#define VD_TRAINING_AVERAGE_H

#include "darknet.h"

#include <stdint.h>

/* a training that writes weights to a folder begins, has done a batch, ends */
void vd_average_begin(const network *net, const char *backup, const char *base);
void vd_average_batch(network *net);
void vd_average_end(network *net);

/* after each update of the weights */
void vd_average_update(network *net);

/* for checkpoints: how many means a network with ema_alpha has, and where they are, null before the first */
size_t vd_average_length(const network *net);
float *vd_average_means(const network *net);

/* memory for them (make = 1), or back to none */
void vd_average_set(network *net, int make);

/* for checkpoints: the batch of their latest step, for the caller to read and write; and what follows once it and the
 * means have been read. Means whose latest step is before the checkpoint's batch are of a training that was to end
 * earlier and has taken them; so are means from before half of max_batches. A training that goes on begins them anew */
int64_t *vd_average_latest(void);
void vd_average_restored(network *net);

#endif
