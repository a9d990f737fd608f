/* Trainings that would end with status 0 and have learned nothing, or something else than was meant: a line on stderr,
 * an error with -strict. */
#ifndef VD_TRAINING_SILENCE_H
#define VD_TRAINING_SILENCE_H

#include "config/options.h"

#include "darknet.h"

/* the keys of [net] are read: batch= and subdivisions=, of which the network has the quotient alone, and
 * add_gradients= */
void vd_silence_options(vd_section net);

/* a training loop begins: a batch that is no multiple of subdivisions= has fewer pictures */
void vd_silence_check_batch(const network *net);

/* a training loop begins: layers that lose a gradient (layer/delta.h), unless the cfg has add_gradients= */
void vd_silence_check_gradients(const network *net);

/* a training loop begins: is there a batch left to train? Where there is none it writes weights all the same: an error
 * where that would replace other weights than it has
 *
 *   folder, base   of the weights it writes
 *   loaded         the file that its weights come from, null: none */
void vd_silence_check_over(const network *net, const char *folder, const char *base, const char *loaded);

/* any training: keys that count from max_batches are an error where it trains without end */
void vd_silence_check_end(const network *net);

/* it begins with weights of a plain network that count the batches of its training: the schedule is at that batch */
void vd_silence_check_plain(const network *net);

/* the loop has read its list: samples= must be its length */
void vd_silence_check_pictures(const network *net, int pictures);

/* any training; says it once: the network computes a loss, and the KL term when it has variational layers */
void vd_silence_check_network(const network *net);

#endif
