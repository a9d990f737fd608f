#include "data/placement.h"

#include <string.h>

static vd_placement placement;

image vd_fit_image(const network *net, image im)
{
    return net->stretched ? resize_image(im, net->w, net->h) : letterbox_image(im, net->w, net->h);
}

void vd_placement_begin(vd_placement p)
{
    placement = p;
}

vd_placement vd_placement_now(void)
{
    return placement;
}

/* what is cut from both ends of a side of n pixels */
static void cut_side(float n, float jitter, float *first, float *last)
{
    float down = placement.resize > 1 ? 1 / placement.resize : placement.resize;
    float widest = n * (1 - 1 / down) / 2, narrowest = placement.resize < 1 ? 0 : n * (1 - down) / 2;
    *first = rand_uniform(-jitter * n, jitter * n) + rand_uniform(widest, narrowest);
    *last = rand_uniform(-jitter * n, jitter * n) + rand_uniform(widest, narrowest);
}

/* widen both ends of the side that is too short for the shape of the input */
static void keep_shape(image im, int w, int h, vd_cut *c)
{
    float missing_w = (float)im.h * w / h - im.w, missing_h = (float)im.w * h / w - im.h;
    if (missing_w > 0) c->left -= missing_w / 2, c->right -= missing_w / 2;
    else c->top -= missing_h / 2, c->bottom -= missing_h / 2;
}

/* at least a pixel, and a part of the picture */
static int leaves_some(float n, float first, float last)
{
    return n - first - last >= 1 && first < n && last < n;
}

vd_cut vd_draw_cut(image im, int w, int h, float jitter)
{
    vd_cut c;
    cut_side(im.w, jitter, &c.left, &c.right);
    cut_side(im.h, jitter, &c.top, &c.bottom);
    if (placement.letter_box) keep_shape(im, w, h, &c);
    if (!leaves_some(im.w, c.left, c.right) || !leaves_some(im.h, c.top, c.bottom)) c = (vd_cut){0};
    return c;
}

vd_place vd_place_of(image im, int w, int h, vd_cut c)
{
    float by_w = w / (im.w - c.left - c.right), by_h = h / (im.h - c.top - c.bottom);
    return (vd_place){by_w * im.w, by_h * im.h, -by_w * c.left, -by_h * c.top};
}

void vd_place_picture(image im, int w, int h, float jitter, float *placed_w, float *placed_h, float *x, float *y)
{
    if (!placement.later) return;
    vd_place p = vd_place_of(im, w, h, vd_draw_cut(im, w, h, jitter));
    *placed_w = p.w;
    *placed_h = p.h;
    *x = p.x;
    *y = p.y;
}

void vd_drop_small_boxes(float *truth, int boxes, int w, int h)
{
    enum { NUMBERS = 5 }; /* x, y, w, h, class; x = 0 after the last */
    int kept = 0;
    if (!placement.later) return;
    for (int i = 0; i < boxes && truth[i * NUMBERS] != 0; ++i) {
        const float *o = truth + (size_t)i * NUMBERS;
        if (o[2] * w >= 1 && o[3] * h >= 1) memmove(truth + (size_t)kept++ * NUMBERS, o, NUMBERS * sizeof(float));
    }
    memset(truth + (size_t)kept * NUMBERS, 0, (size_t)(boxes - kept) * NUMBERS * sizeof(float));
}
