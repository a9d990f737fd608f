/* What a [convolutional] or [connected], plain or variational, a [shortcut], [scale_channels] or [sam] keeps from one
 * pass to another beside its arrays. l.later owns it: made when the layer is attached, freed with it. */
#ifndef VD_LAYER_KEPT_H
#define VD_LAYER_KEPT_H

#include "darknet.h"
#include "kernels/products/winograd.h"

#include <stdint.h>

typedef struct {
    struct {
        float *values;
        size_t room;
        int are_written; /* by the latest forward pass */
    } inputs;            /* of a smooth activation: activation.h */
    struct {
        vd_winograd *made;
        uint64_t fingerprint; /* of the weights that it was made of */
    } winograd;               /* of a plain layer: winograd.h */
} vd_kept;

/* null for a layer that has none */
static inline vd_kept *vd_kept_of(layer l)
{
    return l.type == YOLO ? 0 : l.later; /* of a head it is something else */
}

/* for one of those layers; does nothing the second time */
void vd_kept_attach(layer *l);
void vd_kept_free(layer l);

#endif
