#include "data/placement.h"

#include "image.h"
#include "utils.h"

static vd_placement placement;

image vd_fit_image(const network *net, image im)
{
    return net->stretched ? resize_image(im, net->w, net->h) : letterbox_image(im, net->w, net->h);
}

void vd_placement_begin(vd_placement p)
{
    placement = p;
}

/* what is cut from both ends of a side of n pixels; below 0 it is widened */
static void cut_side(float n, float jitter, float *first, float *last)
{
    float down = placement.resize > 1 ? 1 / placement.resize : placement.resize;
    float widest = n * (1 - 1 / down) / 2, narrowest = placement.resize < 1 ? 0 : n * (1 - down) / 2;
    *first = rand_uniform(-jitter * n, jitter * n) + rand_uniform(widest, narrowest);
    *last = rand_uniform(-jitter * n, jitter * n) + rand_uniform(widest, narrowest);
}

/* widen both ends of the side that is too short for the shape of the input */
static void keep_shape(image im, int w, int h, float *left, float *right, float *top, float *bottom)
{
    float missing_w = (float)im.h * w / h - im.w, missing_h = (float)im.w * h / w - im.h;
    if (missing_w > 0) *left -= missing_w / 2, *right -= missing_w / 2;
    else *top -= missing_h / 2, *bottom -= missing_h / 2;
}

void vd_place_picture(image im, int w, int h, float jitter, float *placed_w, float *placed_h, float *x, float *y)
{
    float left, right, top, bottom;
    if (!placement.later) return;
    cut_side(im.w, jitter, &left, &right);
    cut_side(im.h, jitter, &top, &bottom);
    if (placement.letter_box) keep_shape(im, w, h, &left, &right, &top, &bottom);
    float by_w = w / (im.w - left - right), by_h = h / (im.h - top - bottom);
    *placed_w = by_w * im.w;
    *placed_h = by_h * im.h;
    *x = -by_w * left;
    *y = -by_h * top;
}
