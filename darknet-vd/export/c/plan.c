#include "export/c/plan_parts.h"
#include "export/c/entries.h"
#include "export/c/schedule.h"
#include "base/fail.h"

#include <stdlib.h>

static void plan_layers(planning *g)
{
    const vd_model *m = g->p->m;
    for (int i = 0; i < m->n; ++i) {
        vd_c_plan_layer(g, i);
        if (g->p->n && g->p->stages[g->p->n - 1].last > i) i = g->p->stages[g->p->n - 1].last;
    }
    const vd_model_layer *l = m->layers + m->output;
    if (!g->p->n_heads)
        vd_c_plan_answer(g, m->output, l->type == SOFTMAX ? l->sources[0] : vd_source_of_layer(m->output));
}

/* ---- rows ---- */

vd_c_reads vd_c_reads_of(const vd_c_plan *p, const vd_c_stage *s, int source)
{
    const vd_c_map *map = p->maps + s->in[source].map;
    int pad = map->pad, h = map->h, one_window = p->m->layers[s->layer].type == CONNECTED;
    vd_c_reads r = {.mul = 1, .div = 1, .from = pad, .to = pad + 1, .low = 0, .high = vd_c_rows(map), .below = pad + h};
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

int vd_c_turns_of_row(const vd_c_stage *s)
{
    return s->kind == VD_C_MEAN ? s->turns : 1 << s->pooled;
}

const vd_c_stage *vd_c_maker_of(const vd_c_plan *p, int map)
{
    for (int k = 0; k < p->n; ++k)
        if (p->stages[k].out == map) return p->stages + k;
    return 0;
}

int vd_c_low_bytes(const vd_c_plan *p, int map)
{
    const vd_c_stage *maker = vd_c_maker_of(p, map);
    return maker ? maker->wide : 0;
}

int vd_c_needed_rows(vd_c_reads r, int turn)
{
    int end = vd_c_end_row(r, turn);
    return end > r.below ? r.below : end;
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
    g.views[VD_PICTURE] = m->w ? vd_c_add_map(&g, -1, m->channels, m->h, m->w) : vd_c_add_map(&g, -1, 1, 1, m->pixels);
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
