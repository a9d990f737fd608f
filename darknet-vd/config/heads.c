#include "config/heads.h"
#include "base/fail.h"
#include "config/keys.h"

#include <limits.h>

#include "network.h"

int vd_is_head(LAYER_TYPE type)
{
    return type == YOLO || type == REGION || type == DETECTION;
}

int vd_has_head(const network *net)
{
    for (int i = 0; i < net->n; ++i)
        if (vd_is_head(net->layers[i].type)) return 1;
    return 0;
}

int vd_last_layer(const network *net)
{
    int i = net->n - 1;
    while (i > 0 && net->layers[i].type == COST) --i;
    return i;
}

/* x, y, width, height, and what [region] adds to them */
static int coords_of(const layer *l)
{
    return l->type == YOLO ? 4 : l->coords;
}

/* in the cfg; [yolo] has a mask of them */
static int num_of(const layer *l)
{
    return l->type == YOLO ? l->total : l->n;
}

typedef struct {
    vd_section s;
    int index; /* of a head */
    const layer *head, *last;
} pair;

static void compare(pair p, const char *key, int its, int last)
{
    if (its != last)
        vd_die("%s: layer %d [%s] has %s=%d, layer %d [%s] has %s=%d: all heads of a network need the same",
               p.s.filename, p.index, get_layer_string(p.head->type), key, its, p.s.index,
               get_layer_string(p.last->type), key, last);
}

static void compare_heads(pair p)
{
    if (p.head->type != p.last->type && (p.head->type == DETECTION || p.last->type == DETECTION))
        vd_die("%s: layer %d [%s] and layer %d [%s]: [detection] shares its truth with no other head", p.s.filename,
               p.index, get_layer_string(p.head->type), p.s.index, get_layer_string(p.last->type));
    compare(p, "classes", p.head->classes, p.last->classes);
    compare(p, "coords", coords_of(p.head), coords_of(p.last));
    if (p.head->type == p.last->type) compare(p, "num", num_of(p.head), num_of(p.last));
    if (p.head->type == DETECTION) compare(p, "side", p.head->side, p.last->side);
}

/* the layer of this number, of which the last is not in net yet */
static layer *layer_at(network *net, layer *last, int i)
{
    return i == net->n - 1 ? last : net->layers + i;
}

/* the number of the last head; -1: none. [vd_cost] may follow it */
static int last_head(vd_section s, network *net, layer *last)
{
    int end = net->n - 1, at = end;
    while (at >= 0 && !vd_is_head(layer_at(net, last, at)->type)) --at;
    if (at < 0) return -1;
    if (at < end - 1 || (at == end - 1 && vd_section_find(s.type)->kind != VD_COST))
        vd_die(
            "%s: layer %d [%s] follows the last head, layer %d [%s]: objects are found by the last layer of a network",
            s.filename, at + 1, get_layer_string(layer_at(net, last, at + 1)->type), at,
            get_layer_string(net->layers[at].type));
    return at;
}

static void share_boxes(vd_section s, network *net, layer *last, int end, int most)
{
    for (int i = 0; i <= end; ++i) {
        layer *l = layer_at(net, last, i);
        if (!vd_is_head(l->type) || l->type == DETECTION) continue;
        double truths = (double)most * (coords_of(l) + 1);
        if (truths * net->batch > INT_MAX)
            vd_die("%s: layer %d [%s]: max=%d objects in each of %d pictures are more than 2^31 numbers", s.filename, i,
                   get_layer_string(l->type), most, net->batch);
        l->max_boxes = most;
        l->truths = (int)truths;
    }
}

void vd_heads_join(vd_section s, network *net, layer *last)
{
    int end = last_head(s, net, last), most = 0;
    if (end < 0) return;
    pair p = {.s = s, .last = layer_at(net, last, end)};
    p.s.index = end;
    for (p.index = 0; p.index <= end; ++p.index) {
        p.head = layer_at(net, last, p.index);
        if (!vd_is_head(p.head->type)) continue;
        compare_heads(p);
        if (p.head->max_boxes > most) most = p.head->max_boxes;
    }
    share_boxes(s, net, last, end, most);
}

void vd_heads_check_training(const network *net)
{
    for (int i = 0; i < net->n; ++i) {
        const layer *l = net->layers + i;
        if (l->type == DETECTION)
            vd_die("%s: layer %d [detection]: 'darknet detector train' is for [yolo] and [region], this one is trained "
                   "by 'darknet yolo train'",
                   net->cfg_file, i);
        if (l->type == REGION && l->coords != 4)
            vd_die("%s: layer %d [region]: coords=%d, and the labels of 'darknet detector train' have 4", net->cfg_file,
                   i, l->coords);
    }
}
