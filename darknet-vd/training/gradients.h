/* The gradients of a network as one list of arrays, and packed: the numbers that are trained on, one after the other.
 * Gradients of weights that are frozen, or pruned for good, are gaps: they are not packed. training/sub_batches.c has a
 * table of what an array, and a gap, hold in a step and between two. */
#ifndef VD_TRAINING_GRADIENTS_H
#define VD_TRAINING_GRADIENTS_H

#include "layer/freeze.h"

/* an array of gradients, which belongs to its layer */
typedef struct {
    float *at; /* [n] */
    size_t n;
    int layer;           /* of theta or sigma2 of this one; -1: of anything else */
    int is_held;         /* between two steps it holds a velocity, or what nobody clears */
    vd_parameters of;    /* with pruned_for: frozen weights are gaps, */
    int batches;         /* those pruned for that long */
    const float *masked; /* [n] not null: weights that are 0 here are gaps */
} vd_gradient;

/* the arrays of the layers that get gradients in the batch being trained, in order, which the caller frees; returns how
 * many. next: that batch is one sub-batch further than *net->seen */
int vd_gradients_of(const network *net, int next, vd_gradient **arrays);

/* the last of the layers that get no gradients in the batch being trained, [net] stopbackward=; -1: all get some */
int vd_last_untrained(const network *net);

/* the numbers of all arrays, gaps counted, whatever the batch; held: of those that are held alone */
size_t vd_gradients_most(const network *net, int held);

/* of n arrays: to packed numbers; and what these are to the arrays, gaps become 0; or added, gaps are left. Returns the
 * length of `packed` */
size_t vd_gradients_copy(const vd_gradient *arrays, int n, float *packed);
size_t vd_gradients_put(const vd_gradient *arrays, int n, const float *packed);
size_t vd_gradients_add(const vd_gradient *arrays, int n, const float *packed);

/* set n arrays to 0; their gaps alone */
void vd_gradients_clear(const vd_gradient *arrays, int n);
void vd_gradients_clear_gaps(const vd_gradient *arrays, int n);

#endif
