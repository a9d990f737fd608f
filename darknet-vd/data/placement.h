/* How a picture is put into a detector's input. Stock Darknet keeps its shape, between grey borders; later Darknets let
 * it fill the input (net->stretched), and in training cut at random from its sides, or add to them. */
#ifndef VD_DATA_PLACEMENT_H
#define VD_DATA_PLACEMENT_H

#include "darknet.h"

/* the picture as the network is shown it at test time: a new image of net->w x net->h */
image vd_fit_image(const network *net, image im);

/* what vd_place_picture() does from now on, for the training that begins */
typedef struct {
    int later;      /* 0: nothing */
    float resize;   /* the picture is scaled by up to this and down to 1/this; below 1: down only */
    int letter_box; /* its shape is kept */
} vd_placement;
void vd_placement_begin(vd_placement p);

/* where a training picture lies in an input of w x h: its width and height there, and its left upper corner. With
 * p.later the arguments are overwritten by AlexeyAB's rule: each side is cut or widened by up to jitter times the
 * picture's size, and as resize says */
void vd_place_picture(image im, int w, int h, float jitter, float *placed_w, float *placed_h, float *x, float *y);

#endif
