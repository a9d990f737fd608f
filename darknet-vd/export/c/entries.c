#include "export/c/entries.h"
#include "base/fail.h"

#include <stdlib.h>

enum { FARTHEST = 255 }; /* a step is 8 bits wide */

/* where the weights of a filter are in the rows that it reads, and which of the model's they are: in the order of
 * places */
typedef struct {
    int n;
    int *place, *column; /* [n] */
} window;

/* a [connected] reads a whole map: its window is the map */
static void shape_of(const vd_c_plan *p, const vd_c_stage *s, vd_c_entries *e)
{
    const vd_model_layer *l = p->m->layers + s->layer;
    const vd_c_map *map = p->maps + s->in[0].map;
    int whole = l->type == CONNECTED, groups = whole ? 1 : l->groups;
    e->rows = whole ? map->h : s->size;
    e->taps = whole ? map->w : s->size;
    e->channels = s->in[0].channels / groups;
    e->row_step = map->size * s->dilation;
    e->channel_step = vd_c_columns(map);
    e->per_group = s->filters / groups;
    e->group_step = e->channels * e->channel_step;
}

static window window_of(const vd_c_entries *e, int dilation)
{
    int n = e->rows * e->channels * e->taps, k = 0;
    window w = {n, vd_calloc(n, sizeof(int)), vd_calloc(n, sizeof(int))};
    for (int y = 0; y < e->rows; ++y)
        for (int c = 0; c < e->channels; ++c)
            for (int x = 0; x < e->taps; ++x, ++k) {
                w.place[k] = y * e->row_step + c * e->channel_step + x * dilation;
                w.column[k] = (c * e->rows + y) * e->taps + x;
            }
    return w;
}

/* ---- sparse ---- */

static void add(vd_c_entries *e, int f, int step, float value, int integer)
{
    if (e->steps) {
        e->steps[e->n] = (uint8_t)step;
        e->values[e->n] = value;
        e->integers[e->n] = (int8_t)integer;
        ++e->counts[f];
    }
    ++e->n;
}

/* without e->steps only e->n is counted */
static void add_filters(const vd_c_stage *s, const vd_model_layer *l, const int8_t *integers, const window *w,
                        vd_c_entries *e)
{
    e->n = 0;
    for (int f = 0; f < s->filters; ++f) {
        int at = 0, group = f / e->per_group * e->group_step;
        for (int k = 0; k < w->n; ++k) {
            size_t i = (size_t)f * l->columns + w->column[k];
            if (integers ? !integers[i] : l->weights[i] == 0) continue;
            int way = group + w->place[k] - at;
            for (; way > FARTHEST; way -= FARTHEST) add(e, f, FARTHEST, 0, 0);
            add(e, f, way, l->weights[i], integers ? integers[i] : 0);
            at = group + w->place[k];
        }
    }
}

/* ---- both ---- */

static void allocate(vd_c_entries *e, int filters)
{
    e->values = vd_calloc(e->n, sizeof(float));
    e->integers = vd_calloc(e->n, 1);
    if (e->is_dense) return;
    e->counts = vd_calloc(filters, sizeof(int));
    e->steps = vd_calloc(e->n, 1);
}

static void add_all(const vd_c_stage *s, const vd_model_layer *l, const int8_t *integers, const window *w,
                    vd_c_entries *e)
{
    int k = 0;
    for (int f = 0; f < s->filters; ++f)
        for (int j = 0; j < w->n; ++j, ++k) {
            size_t i = (size_t)f * l->columns + w->column[j];
            e->values[k] = l->weights[i];
            if (integers) e->integers[k] = integers[i];
        }
}

static size_t bytes_of(const vd_c_entries *e, int filters, int is_int8)
{
    size_t weight = is_int8 ? 1 : sizeof(float);
    return e->is_dense ? e->n * weight : e->n * (weight + 1) + filters;
}

size_t vd_c_entries_bytes(const vd_c_plan *p, const vd_c_stage *s)
{
    return bytes_of(&s->entries, s->filters, p->is_int8);
}

/* a dense window has its taps side by side */
static void make(const vd_c_plan *p, vd_c_stage *s, const int8_t *integers)
{
    const vd_model_layer *l = p->m->layers + s->layer;
    vd_c_entries e = {0}, dense;
    shape_of(p, s, &e);
    window w = window_of(&e, s->dilation);
    dense = e;
    dense.is_dense = 1;
    dense.n = s->filters * w.n;
    add_filters(s, l, integers, &w, &e);
    if (s->dilation == 1 && bytes_of(&dense, s->filters, p->is_int8) < bytes_of(&e, s->filters, p->is_int8)) e = dense;
    allocate(&e, s->filters);
    if (e.is_dense) add_all(s, l, integers, &w, &e);
    else add_filters(s, l, integers, &w, &e);
    free(w.place);
    free(w.column);
    free_vd_c_entries(&s->entries);
    s->entries = e;
}

void vd_c_make_entries(vd_c_plan *p)
{
    for (int k = 0; k < p->n; ++k)
        if (p->stages[k].kind == VD_C_PRODUCT) make(p, p->stages + k, 0);
}

void vd_c_make_integer_entries(const vd_c_plan *p, vd_c_stage *s, const int8_t *integers)
{
    make(p, s, integers);
}

void free_vd_c_entries(vd_c_entries *e)
{
    free(e->counts);
    free(e->steps);
    free(e->values);
    free(e->integers);
}
