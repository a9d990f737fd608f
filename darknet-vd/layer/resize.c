#include "layer/resize.h"
#include "layer/variants.h"
#include "base/fail.h"

#include "convolutional_layer.h"
#include "maxpool_layer.h"
#include "reorg_layer.h"
#include "route_layer.h"
#include "shortcut_layer.h"

static _Noreturn void maps_do_not_meet(const network *net, int index, int a, int b)
{
    const layer *x = net->layers + a, *y = net->layers + b;
    vd_die("%s: layer %d [%s]: a picture of %dx%d does not fit: layer %d is %dx%d then, but layer %d is %dx%d",
           net->cfg_file, index, vd_section_of(net->layers[index]), net->w, net->h, a, x->out_w, x->out_h, b, y->out_w,
           y->out_h);
}

typedef struct {
    int w, h;
} map;

static map input_of(const network *net, int index)
{
    const layer *front = net->layers + index - 1;
    return index ? (map){front->out_w, front->out_h} : (map){net->w, net->h};
}

void vd_expect_map(const network *net, int index, int from, int w, int h, int like)
{
    const layer *l = net->layers + from;
    if (l->out_w != w || l->out_h != h) maps_do_not_meet(net, index, from, like);
}

/* without a width it joins maps of different sizes: it is no picture, and any sizes will do */
static void resize_route(layer *l, network *net, int index)
{
    const layer *first = net->layers + l->input_layers[0];
    for (int i = 1; l->out_w && i < l->n; ++i)
        vd_expect_map(net, index, l->input_layers[i], first->out_w, first->out_h, l->input_layers[0]);
    resize_route_layer(l, net);
}

static int is_of_ratio(int a, int b, int old_a, int old_b)
{
    return a > 0 && b > 0 && a / b == old_a / old_b && b / a == old_b / old_a;
}

/* w, h: of the layer to add, out_w, out_h: of that in front. A sum of several layers (layer/shortcut.h) has all of one
 * size */
static void resize_shortcut(layer *l, network *net, int index)
{
    const layer *front = net->layers + index - 1, *from = l->input_layers ? front : net->layers + l->index;
    for (int i = 0; l->input_layers && i < l->n; ++i)
        vd_expect_map(net, index, l->input_layers[i], front->out_w, front->out_h, index - 1);
    if (!is_of_ratio(from->out_w, front->out_w, l->w, l->out_w) ||
        !is_of_ratio(from->out_h, front->out_h, l->h, l->out_h))
        maps_do_not_meet(net, index, l->index, index - 1);
    l->w = l->out_w; /* or stock Darknet's function ends the program */
    l->h = l->out_h;
    resize_shortcut_layer(l, front->out_w, front->out_h);
    l->w = from->out_w;
    l->h = from->out_h;
}

static void resize_reorg(layer *l, network *net, int index)
{
    map in = input_of(net, index);
    if (l->extra) vd_die("%s: layer %d [reorg]: cannot be resized", net->cfg_file, index);
    if (!l->reverse && (in.w % l->stride || in.h % l->stride))
        vd_die("%s: layer %d [%s]: a picture of %dx%d does not fit: stride=%d does not divide %dx%d", net->cfg_file,
               index, vd_section_of(*l), net->w, net->h, l->stride, in.w, in.h);
    resize_reorg_layer(l, in.w, in.h);
}

static void resize_windows(layer *l, network *net, int index)
{
    int is_pool = l->type == MAXPOOL, padding = is_pool ? l->pad : 2 * l->pad;
    map in = input_of(net, index);
    if (in.w + padding < l->size || in.h + padding < l->size)
        vd_die("%s: layer %d [%s]: a picture of %dx%d does not fit: size=%d is larger than a side of %dx%d plus a "
               "padding of %d",
               net->cfg_file, index, vd_section_of(*l), net->w, net->h, l->size, in.w, in.h, padding);
    if (is_pool) resize_maxpool_layer(l, in.w, in.h);
    else resize_convolutional_layer(l, in.w, in.h);
}

void vd_take_resize(layer *l)
{
    if (l->type == ROUTE) l->resize = resize_route;
    if (l->type == SHORTCUT) l->resize = resize_shortcut;
    if (l->type == REORG) l->resize = resize_reorg;
    if (l->type == CONVOLUTIONAL || l->type == MAXPOOL) l->resize = resize_windows;
}
