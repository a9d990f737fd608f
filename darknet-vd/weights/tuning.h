/* Training on the values that a packed file will hold: each forward and backward pass runs on integers times a step,
 * the step that is taken moves the numbers behind them (the straight-through estimator of Bengio et al. 2013).
 *
 * The batches must be those of [vd_cost] fine_tune: no noise, and a weight that is 0 stays 0. */
#ifndef VD_WEIGHTS_TUNING_H
#define VD_WEIGHTS_TUNING_H

#include "weights/vdw.h"

typedef struct vd_tuning vd_tuning;

/* of a network that outlives it; free_vd_tuning() leaves the numbers behind the integers in it */
vd_tuning *make_vd_tuning(network *net);
void free_vd_tuning(vd_tuning *t);

/* simplify the network, and choose steps and further zeros for a rate; weights/grid.h. Returns null, or what cannot be
 * packed, which the caller frees */
char *vd_tuning_choose(vd_tuning *t, double rate);

/* around each batch: put the integers in place of the numbers behind them, and take the step over to these */
void vd_tuning_begin_batch(vd_tuning *t);
void vd_tuning_end_batch(vd_tuning *t);

/* pack the integers; as vd_pack_network()
 *
 *   bytes   where the file would have more, further weights become 0, those that weights/grid.h says at the smallest
 *           rate whose file fits; 0: no limit */
vd_packed vd_tuning_pack(const vd_tuning *t, size_t bytes, char **fault);

#endif
