/* How a picture is put into a detector's input. Stock Darknet keeps its shape, between grey borders; later Darknets let
 * it fill the input (net->stretched), and in training cut at random from its sides, or add to them. */
#ifndef VD_DATA_PLACEMENT_H
#define VD_DATA_PLACEMENT_H

#include "darknet.h"

/* the picture as the network is shown it at test time: a new image of net->w x net->h */
image vd_fit_image(const network *net, image im);

/* what the functions below do from now on, for the training that begins */
typedef struct {
    int later;        /* 0: nothing */
    float resize;     /* the picture is scaled by up to this and down to 1/this; below 1: down only */
    int letter_box;   /* its shape is kept */
    int mosaic;       /* half of the pictures are put together from four: data/mosaic.h */
    int mosaic_bound; /* with boxes that end where their picture ends */
} vd_placement;
void vd_placement_begin(vd_placement p);
vd_placement vd_placement_now(void);

/* what is cut from the sides of a picture, in its pixels; below 0 it is widened there */
typedef struct {
    float left, right, top, bottom;
} vd_cut;

/* where the whole picture lies in an input of w x h: its width and height there, and its left upper corner */
typedef struct {
    float w, h, x, y;
} vd_place;

/* drawn by AlexeyAB's rule: each side is cut or widened by up to jitter times the picture's size, and as resize says.
 * Nothing is cut where nothing would be left. */
vd_cut vd_draw_cut(image im, int w, int h, float jitter);
vd_place vd_place_of(image im, int w, int h, vd_cut cut);

/* with p.later, a place drawn by that rule overwrites the arguments: the placed picture's width and height, and its
 * left upper corner */
void vd_place_picture(image im, int w, int h, float jitter, float *placed_w, float *placed_h, float *x, float *y);

/* with p.later, objects of less than a pixel of an input of w x h are taken out of truth [boxes][5] */
void vd_drop_small_boxes(float *truth, int boxes, int w, int h);

#endif
