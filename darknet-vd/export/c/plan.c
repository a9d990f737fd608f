#include "export/c/plan.h"
#include "export/c/entries.h"
#include "export/c/schedule.h"
#include "base/fail.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"

enum { NO_MAP = -1 };

typedef struct {
    vd_c_plan *p;
    const char *cfg;
    vd_c_view *views; /* [layers + 1] what each source of the model is; map NO_MAP: nothing that a layer could read */
} planning;

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

static vd_c_view add_map(planning *g, int layer, int channels, int h, int w)
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

/* a map of the size that Darknet has for the layer */
static void make_map(planning *g, vd_c_stage *s, int channels)
{
    const vd_model_layer *l = g->p->m->layers + s->layer;
    g->views[vd_source_of_layer(s->layer)] = add_map(g, s->layer, channels, l->out_h, l->out_w);
    s->out = g->views[vd_source_of_layer(s->layer)].map;
    s->turns = l->out_h;
}

/* ---- products ---- */

static int readers_of(const vd_model *m, int layer)
{
    int n = 0;
    for (int i = 0; i < m->n; ++i)
        for (int s = 0; s < m->layers[i].n_sources; ++s) n += m->layers[i].sources[s] == vd_source_of_layer(layer);
    return n;
}

static int keeps_order(ACTIVATION a)
{
    return a != SWISH && a != MISH && a != GELU && a != HARD_MISH && a != STAIR;
}

/* 1 when layer i + 1 is a pool of two by two without overlap, all windows in the map, and the activation keeps order */
static int pool_behind(const vd_model *m, int i)
{
    const vd_model_layer *l = m->layers + i, *pool = l + 1;
    if (i + 1 >= m->n || pool->type != MAXPOOL || pool->variant || pool->sources[0] != vd_source_of_layer(i)) return 0;
    if (readers_of(m, i) != 1 || m->output == i || pool->size != pool->stride || pool->down || pool->pad / 2) return 0;
    if (pool->out_w * pool->size != l->out_w || pool->out_h * pool->size != l->out_h) return 0;
    return pool->size == 2 && keeps_order(l->activation);
}

static void plan_product(planning *g, int i)
{
    const vd_model_layer *l = g->p->m->layers + i;
    vd_c_stage *s = add_stage(g, VD_C_PRODUCT, i);
    if (l->type == CONVOLUTIONAL && l->size == 1 && l->kind == VD_WHOLE && (l->stride != 1 || l->pad))
        refuse(g, i, "size=1 with a stride or padding reads its input in another order in stock Darknet");
    if (l->type == CONNECTED) s->size = s->stride = s->down = s->dilation = 1, s->pad = 0;
    s->pad *= s->dilation;
    s->filters = l->filters;
    s->width = l->out_w;
    s->biases = l->biases;
    s->pooled = pool_behind(g->p->m, i);
    if (!s->pooled) {
        make_map(g, s, l->filters);
        return;
    }
    s->layer = s->last = i + 1;
    make_map(g, s, l->filters);
    s->layer = i;
    s->turns = l->out_h;
    g->views[vd_source_of_layer(i)].map = NO_MAP;
}

/* ---- other layers ---- */

static void plan_pool(planning *g, int i)
{
    if (g->p->m->layers[i].variant) refuse(g, i, "only the maximum of a window is");
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

static void plan_answer(planning *g, int i, int source)
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
    plan_answer(g, i, g->p->m->layers[i].sources[0]);
    g->p->heads[g->p->n_heads++] = i;
}

static void plan_layer(planning *g, int i)
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

static void plan_layers(planning *g)
{
    const vd_model *m = g->p->m;
    for (int i = 0; i < m->n; ++i) {
        plan_layer(g, i);
        if (g->p->n && g->p->stages[g->p->n - 1].last > i) ++i;
    }
    const vd_model_layer *l = m->layers + m->output;
    if (!g->p->n_heads)
        plan_answer(g, m->output, l->type == SOFTMAX ? l->sources[0] : vd_source_of_layer(m->output));
}

/* ---- rows ---- */

vd_c_reads vd_c_reads_of(const vd_c_plan *p, const vd_c_stage *s, int source)
{
    const vd_c_map *map = p->maps + s->in[source].map;
    int pad = map->pad, h = map->h, one_window = p->m->layers[s->layer].type == CONNECTED;
    vd_c_reads r = {.mul = 1, .div = 1, .from = pad, .to = pad + 1, .low = 0, .high = vd_c_rows(map)};
    if (one_window || (s->kind == VD_C_REORDER && !s->reverse)) {
        r.mul = 0;
        r.to = pad + h;
    } else if (s->kind == VD_C_PRODUCT || s->kind == VD_C_POOL) {
        r.mul = s->down;
        r.from = pad - s->pad;
        r.to = r.from + (s->size - 1) * s->dilation + 1;
        if (s->kind == VD_C_POOL) r.low = pad, r.high = pad + h;
    } else if (s->kind == VD_C_REPEAT || s->kind == VD_C_REORDER) {
        r.div = s->stride;
    }
    return r;
}

int vd_c_first_row(vd_c_reads r, int turn)
{
    int first = turn * r.mul / r.div + r.from;
    return first < r.low ? r.low : first;
}

int vd_c_end_row(vd_c_reads r, int turn)
{
    int end = turn * r.mul / r.div + r.to;
    return end > r.high ? r.high : end;
}

int vd_c_low_bytes(const vd_c_plan *p, int map)
{
    for (int k = 0; k < p->n; ++k)
        if (p->stages[k].out == map) return p->stages[k].wide;
    return 0;
}

/* a map has the zeros of the widest padding among its readers */
static void pad_maps(vd_c_plan *p)
{
    for (int k = 0; k < p->n; ++k) {
        const vd_c_stage *s = p->stages + k;
        vd_c_map *map = p->maps + s->in[0].map;
        if (s->kind == VD_C_PRODUCT && s->pad > map->pad) map->pad = s->pad;
    }
    for (int k = 0; k < p->n_maps; ++k) p->maps[k].size = p->maps[k].channels * vd_c_columns(p->maps + k);
}

static int is_only_answered(const vd_c_plan *p, int map)
{
    for (int k = 0; k < p->n; ++k)
        for (int i = 0; i < p->stages[k].n_in; ++i)
            if (p->stages[k].in[i].map == map && p->stages[k].kind != VD_C_ANSWER) return 0;
    return 1;
}

/* values of one byte are too coarse for the output: products make it of two, as twice the channels */
static void widen_answers(vd_c_plan *p)
{
    for (int k = 0; k < p->n; ++k) {
        vd_c_stage *s = p->stages + k;
        if (p->value_bits != 8 || s->kind != VD_C_PRODUCT || s->pooled || !is_only_answered(p, s->out)) continue;
        vd_c_map *map = p->maps + s->out;
        s->wide = map->channels * map->w;
        map->channels *= 2;
    }
}

vd_c_plan *make_vd_c_plan(const vd_model *m, const char *cfg, int is_int8, int value_bits)
{
    vd_c_plan *p = vd_calloc(1, sizeof(*p));
    planning g = {p, cfg, vd_calloc(m->n + 1, sizeof(vd_c_view))};
    p->m = m;
    p->is_int8 = is_int8;
    p->value_bits = is_int8 ? value_bits : 32;
    p->stages = vd_calloc(m->n + 1, sizeof(vd_c_stage));
    p->maps = vd_calloc(m->n + 1, sizeof(vd_c_map));
    p->heads = vd_calloc(m->n, sizeof(int));
    p->inputs = (size_t)m->channels * m->pixels;
    g.views[VD_PICTURE] = m->w ? add_map(&g, -1, m->channels, m->h, m->w) : add_map(&g, -1, 1, 1, m->pixels);
    plan_layers(&g);
    free(g.views);
    widen_answers(p);
    pad_maps(p);
    vd_c_schedule(p);
    vd_c_make_entries(p);
    return p;
}

void free_vd_c_plan(vd_c_plan *p)
{
    for (int k = 0; k < p->n; ++k) {
        vd_c_stage *s = p->stages + k;
        free_vd_c_entries(&s->entries);
        free(s->offsets);
        free(s->gains);
        free(s->curve);
    }
    free(p->stages);
    free(p->maps);
    free(p->heads);
    free(p);
}
