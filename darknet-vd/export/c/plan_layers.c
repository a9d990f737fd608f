/* one layer after the other */
#include "export/c/plan_parts.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdarg.h>

__attribute__((format(printf, 3, 4), noreturn)) static void refuse(const planning *g, int i, const char *fmt, ...)
{
    va_list args;
    const vd_model_layer *l = g->p->m->layers + i;
    va_start(args, fmt);
    char *why = vd_vformat(fmt, args);
    va_end(args);
    vd_die("%s: layer %d [%s%s]: not written as C: %s", g->cfg, i, l->variational ? "vd_" : "", l->section, why);
}

/* ---- maps and stages ---- */

vd_c_view vd_c_add_map(planning *g, int layer, int channels, int h, int w)
{
    vd_c_plan *p = g->p;
    p->maps[p->n_maps] = (vd_c_map){.layer = layer, .channels = channels, .h = h, .w = w};
    return (vd_c_view){p->n_maps++, 0, channels};
}

static vd_c_view view_of(const planning *g, int i, int source)
{
    vd_c_view v = g->views[source];
    if (v.map == NO_MAP) refuse(g, i, "layer %d gives no map that another layer can read", vd_layer_of_source(source));
    return v;
}

static vd_c_map *map_of(const planning *g, vd_c_view v)
{
    return g->p->maps + v.map;
}

static vd_c_stage *add_stage(planning *g, vd_c_kind kind, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    vd_c_stage *s = g->p->stages + g->p->n++;
    int is_activated = kind == VD_C_PRODUCT || kind == VD_C_SUM || kind == VD_C_ACTIVATE;
    *s = (vd_c_stage){.kind = kind,
                      .layer = i,
                      .last = i,
                      .n_in = 1,
                      .out = NO_MAP,
                      .size = l->size,
                      .stride = l->stride,
                      .down = l->down ? l->down : l->stride,
                      .pad = l->pad,
                      .dilation = l->dilation,
                      .activation = is_activated ? l->activation : LINEAR,
                      .alpha = 1,
                      .beta = 1};
    s->in[0] = view_of(g, i, l->sources[0]);
    return s;
}

/* a map of the size that Darknet has for the last layer of the stage */
static void make_map(planning *g, vd_c_stage *s, int channels)
{
    const vd_model_layer *l = g->p->m->layers + s->last;
    g->views[vd_source_of_layer(s->last)] = vd_c_add_map(g, s->last, channels, l->out_h, l->out_w);
    s->out = g->views[vd_source_of_layer(s->last)].map;
    s->turns = l->out_h;
}

/* ---- products ---- */

static int keeps_order(ACTIVATION a)
{
    return a != SWISH && a != MISH && a != GELU && a != HARD_MISH && a != STAIR;
}

/* layer i + 1 reads layer i, and no other layer does */
static int is_next_only_reader(const vd_model *m, int i)
{
    int source = vd_source_of_layer(i);
    return i + 1 < m->n && m->layers[i + 1].sources[0] == source && vd_model_is_read_once(m, source);
}

/* the pool of two by two behind product i, or behind layers that hand on its map, when it has no overlap and all
 * windows in the map, and the activation keeps order; else i */
static int pool_behind(const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i, *pool;
    int k = i;
    while (is_next_only_reader(m, k) && m->layers[k + 1].type == DROPOUT) ++k;
    if (!is_next_only_reader(m, k)) return i;
    pool = m->layers + k + 1;
    if (pool->type != MAXPOOL || pool->variant || pool->size != pool->stride || pool->down || pool->pad / 2) return i;
    if (pool->out_w * pool->size != l->out_w || pool->out_h * pool->size != l->out_h) return i;
    return pool->size == 2 && keeps_order(l->activation) ? k + 1 : i;
}

static void plan_product(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    vd_c_stage *s = add_stage(g, VD_C_PRODUCT, i);
    if (l->misread) refuse(g, i, "size=1 with a stride or padding reads its input in another order in stock Darknet");
    if (l->type == CONNECTED) s->size = s->stride = s->down = s->dilation = 1, s->pad = 0;
    s->pad *= s->dilation;
    s->filters = l->filters;
    s->width = l->out_w;
    s->biases = l->biases;
    s->last = pool_behind(g->p->m, i);
    s->pooled = s->last > i;
    make_map(g, s, l->filters);
    s->turns = l->out_h; /* before they are pooled */
    for (int k = i; k < s->last; ++k) g->views[vd_source_of_layer(k)].map = NO_MAP;
}

/* ---- other layers ---- */

static void plan_pool(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    if (l->variant) refuse(g, i, "only the maximum of a window is");
    if (vd_model_windows_leave_map(l)) refuse(g, i, "some of its windows are wholly outside the map");
    vd_c_stage *s = add_stage(g, VD_C_POOL, i);
    s->pad /= 2;
    make_map(g, s, s->in[0].channels);
}

static void plan_mean(planning *g, int i)
{
    vd_c_stage *s = add_stage(g, VD_C_MEAN, i);
    make_map(g, s, s->in[0].channels);
    s->turns = map_of(g, s->in[0])->h;
    s->offset = g->p->sums;
    g->p->sums += s->in[0].channels;
}

/* a group of the channels of each source */
static vd_c_view part_of(const planning *g, int i, int source)
{
    const vd_model_layer *l = g->p->m->layers + i;
    vd_c_view v = view_of(g, i, source);
    if (l->kind != VD_ROUTE) refuse(g, i, "groups that cut through channels");
    v.channels /= l->groups;
    v.first += l->group_id * v.channels;
    return v;
}

static void plan_route(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    vd_c_view first = part_of(g, i, l->sources[0]);
    int channels = 0;
    if (l->n_sources == 1) {
        g->views[vd_source_of_layer(i)] = first;
        return;
    }
    if (l->n_sources > VD_C_MOST_PARTS) refuse(g, i, "more than %d layers", VD_C_MOST_PARTS);
    vd_c_stage *s = add_stage(g, VD_C_JOIN, i);
    for (s->n_in = 0; s->n_in < l->n_sources; ++s->n_in) {
        vd_c_view v = s->in[s->n_in] = part_of(g, i, l->sources[s->n_in]);
        channels += v.channels;
        if (map_of(g, v)->h != map_of(g, first)->h || map_of(g, v)->w != map_of(g, first)->w)
            refuse(g, i, "maps of different sizes");
    }
    make_map(g, s, channels);
    map_of(g, g->views[vd_source_of_layer(i)])->h = s->turns = map_of(g, first)->h;
    map_of(g, g->views[vd_source_of_layer(i)])->w = map_of(g, first)->w;
}

static void plan_sum(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    if (l->n_sources != 2 || l->weights) refuse(g, i, "only the sum of two layers, without weights, is");
    vd_c_stage *s = add_stage(g, VD_C_SUM, i);
    s->n_in = 2;
    s->in[1] = view_of(g, i, l->sources[1]);
    if (map_of(g, s->in[1])->h != l->out_h || map_of(g, s->in[1])->w != l->out_w)
        refuse(g, i, "maps of different sizes");
    s->alpha = l->alpha;
    s->beta = l->beta;
    if (s->in[1].channels > s->in[0].channels) s->in[1].channels = s->in[0].channels;
    make_map(g, s, s->in[0].channels);
}

static void plan_repeat(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    if (l->reverse) refuse(g, i, "a negative stride");
    if (!(l->scale > 0)) refuse(g, i, "scale=%g: a number above 0 is expected", l->scale);
    vd_c_stage *s = add_stage(g, VD_C_REPEAT, i);
    s->alpha = l->scale;
    make_map(g, s, s->in[0].channels);
}

static void plan_reorder(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    if (l->variant) refuse(g, i, "only the order of [reorg] is");
    if (l->kind != VD_REORG) refuse(g, i, "flatten, extra, and maps that the stride does not divide");
    vd_c_stage *s = add_stage(g, VD_C_REORDER, i);
    int square = l->stride * l->stride, channels = s->in[0].channels;
    s->reverse = l->reverse;
    make_map(g, s, l->reverse ? channels / square : channels * square);
}

static void plan_activation(planning *g, int i)
{
    vd_c_stage *s = add_stage(g, VD_C_ACTIVATE, i);
    make_map(g, s, s->in[0].channels);
}

void vd_c_plan_answer(planning *g, int i, int source)
{
    vd_c_plan *p = g->p;
    vd_c_view v = view_of(g, i, source);
    vd_c_map *map = map_of(g, v);
    p->stages[p->n++] = (vd_c_stage){.kind = VD_C_ANSWER,
                                     .layer = i,
                                     .last = i,
                                     .n_in = 1,
                                     .in = {v},
                                     .out = NO_MAP,
                                     .activation = LINEAR,
                                     .turns = map->h,
                                     .offset = p->outputs};
    p->outputs += (size_t)v.channels * map->h * map->w;
}

static void plan_head(planning *g, int i)
{
    vd_c_plan_answer(g, i, g->p->m->layers[i].sources[0]);
    g->p->heads[g->p->n_heads++] = i;
}

void vd_c_plan_layer(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    g->views[vd_source_of_layer(i)].map = NO_MAP;
    switch (l->type) {
    case CONVOLUTIONAL:
    case CONNECTED:
        plan_product(g, i);
        return;
    case MAXPOOL:
        plan_pool(g, i);
        return;
    case AVGPOOL:
        plan_mean(g, i);
        return;
    case DROPOUT:
        g->views[vd_source_of_layer(i)] = view_of(g, i, l->sources[0]);
        return;
    case ROUTE:
        plan_route(g, i);
        return;
    case SHORTCUT:
        plan_sum(g, i);
        return;
    case UPSAMPLE:
        plan_repeat(g, i);
        return;
    case REORG:
        plan_reorder(g, i);
        return;
    case ACTIVE:
        plan_activation(g, i);
        return;
    case YOLO:
        plan_head(g, i);
        return;
    case SOFTMAX:
        if (i != g->p->m->output) refuse(g, i, "it is not the last layer");
        return;
    case COST:
        return;
    default:
        refuse(g, i, "this section is not");
    }
}
