/* Finds the first NaN or infinity in a network. Faults are reported as "layer 3 vd_connected: weights[17] is nan", in a
 * string that the caller frees; null when there are none. */
#ifndef VD_LAYER_NONFINITE_H
#define VD_LAYER_NONFINITE_H

#include "darknet.h"

/* index of the first of n numbers that is infinite or NaN; n when all are finite */
size_t vd_first_not_finite(size_t n, const float *x);

/* of the latest training forward: the network's input, the outputs of each layer in order; then its weights, and what
 * is computed from both, the divergence and the cost */
char *vd_fault_of_forward(const network *net);

/* of what an update has just written, as vd_fault_of_state(net, net->n, 0); an update of a variational layer has looked
 * at its numbers itself */
char *vd_fault_of_update(const network *net);

/* of what training changes, in the layers before cutoff
 *
 *   whole   0: what a .weights file holds; 1: what a checkpoint holds, too */
char *vd_fault_of_state(const network *net, int cutoff, int whole);

/* 1: from now on a line names the first output of network_predict() that is not finite, an error with -strict; 0, as at
 * first: none does, as in a library and in a validation within a training */
void vd_watch_outputs(int on);

/* after the forward pass of network_predict(): looks at the outputs of the last layer and of the heads of a detector */
void vd_check_outputs(const network *net);

#endif
