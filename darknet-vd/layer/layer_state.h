/* The arrays of a stock layer that training changes: what an optimiser steps along and a checkpoint holds. */
#ifndef VD_LAYER_LAYER_STATE_H
#define VD_LAYER_LAYER_STATE_H

#include "darknet.h"

typedef struct {
    void **at;    /* the pointer in the layer; null there: the layer has no such array */
    size_t n;     /* elements */
    size_t bytes; /* of one element; sizeof(float) but for counts */
    const char *name;
    int saved; /* 1: part of a .weights file */
} vd_array;

enum { VD_LAYER_ARRAYS = 16 };

/* 1 for connected, convolutional, deconvolutional and local layers, and for a shortcut with weights; how many weights
 * they have, and how many biases ([local] has one for every output, a shortcut none, the others one for every channel)
 */
int vd_has_weights(layer l);
size_t vd_weights_of(layer l);
size_t vd_biases_of(layer l);

/* multiplications by one of its weights for one image */
size_t vd_uses_of_weight(layer l);

/* 1 for the layers that are made of others; parts gets those, null where there is none */
enum { VD_LAYER_PARTS = 17 };
int vd_is_recurrent(layer l);
int vd_has_recurrent_layers(const network *net);
void vd_parts_of(layer l, layer *parts[VD_LAYER_PARTS]);

/* 1 for a network that follows later Darknets, by the keys of its cfg or the weights that were loaded: its files are of
 * version 0.2.5. 0 with an [lstm] or a [gru]: later Darknets store the weights of these in another order than stock
 * Darknet, so that files of version 0.2.0 alone hold them */
int vd_is_later_network(const network *net);

/* 1 for these two */
int vd_later_orders_otherwise(layer l);

/* net->later where the weights alone say so */
enum { VD_LATER_BY_WEIGHTS = 2 };

/* weights, biases, scales, statistics of batch normalisation, velocities and moments; returns how many */
int vd_layer_arrays(layer *l, vd_array arrays[VD_LAYER_ARRAYS]);

#endif
