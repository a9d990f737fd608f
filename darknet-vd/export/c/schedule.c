/* Sentences (1) to (6) are those of plan.h. */
#include "export/c/schedule.h"
#include "base/fail.h"

#include <stdlib.h>

typedef struct {
    vd_c_plan *p;
    int now;
    int *made; /* [maps] (2) */
    int *open; /* [maps] (3) */
    int *turn; /* [stages] */
} run;

/* (6) */
int vd_c_can_run(const vd_c_plan *p, const vd_c_stage *s, int turn, const int *made)
{
    if (turn >= s->turns) return 0;
    for (int k = 0; k < s->n_in; ++k)
        if (made[s->in[k].map] < vd_c_needed_rows(vd_c_reads_of(p, s, k), turn)) return 0;
    return 1;
}

/* ---- moments ---- */

/* (2): room for the zeros above and the first row */
static void open_row(run *r, int m)
{
    vd_c_map *map = r->p->maps + m;
    if (!r->made[m]) {
        r->made[m] = map->pad;
        map->first = map->last = r->now;
        map->room = map->pad + 1;
    }
    r->open[m] = 1;
}

static void close_row(run *r, int m)
{
    r->open[m] = 0;
    ++r->made[m];
}

/* zeros below are made (5); room (4) is for all rows from the first that is read to the newest, one in work included */
static void read_rows(run *r, const vd_c_stage *s, int k, int turn)
{
    int m = s->in[k].map;
    vd_c_map *map = r->p->maps + m;
    vd_c_reads reads = vd_c_reads_of(r->p, s, k);
    if (r->made[m] < vd_c_end_row(reads, turn)) r->made[m] = vd_c_end_row(reads, turn);
    int kept = r->made[m] + r->open[m] - vd_c_first_row(reads, turn);
    if (kept > map->room) map->room = kept;
    map->read_open |= r->open[m];
    map->last = r->now;
}

/* sources and output are in use at the same moment, so that they share no memory */
static void take_turn(run *r, const vd_c_stage *s, int turn)
{
    int turns = vd_c_turns_of_row(s);
    ++r->now;
    if (s->out >= 0 && !r->open[s->out]) open_row(r, s->out);
    for (int k = 0; k < s->n_in; ++k) read_rows(r, s, k, turn);
    if (s->out < 0) return;
    r->p->maps[s->out].last = r->now;
    if (turn % turns == turns - 1) close_row(r, s->out);
}

static void run_all(run *r)
{
    for (int y = 0; y < r->p->maps[0].h; ++y) {
        ++r->now;
        open_row(r, 0);
        close_row(r, 0);
        for (int k = 0; k < r->p->n; ++k)
            while (vd_c_can_run(r->p, r->p->stages + k, r->turn[k], r->made))
                take_turn(r, r->p->stages + k, r->turn[k]), ++r->turn[k];
    }
}

/* ---- memory ---- */

static size_t values_of(const vd_c_map *map)
{
    return (size_t)map->room * map->size;
}

static int share_a_moment(const vd_c_map *a, const vd_c_map *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* the lowest place from `at` on where map `m` meets none of the maps that are placed */
static size_t lowest_place(const vd_c_plan *p, const char *placed, int m)
{
    const vd_c_map *map = p->maps + m;
    size_t at = 0;
    for (int k = 0; k < p->n_maps; ++k) {
        const vd_c_map *other = p->maps + k;
        if (!placed[k] || !share_a_moment(map, other)) continue;
        if (at >= other->at + values_of(other) || at + values_of(map) <= other->at) continue;
        at = other->at + values_of(other);
        k = -1;
    }
    return at;
}

/* the largest first */
static void place_maps(vd_c_plan *p)
{
    char *placed = vd_calloc(p->n_maps, 1);
    for (int round = 0; round < p->n_maps; ++round) {
        int largest = -1;
        for (int k = 0; k < p->n_maps; ++k)
            if (!placed[k] && (largest < 0 || values_of(p->maps + k) > values_of(p->maps + largest))) largest = k;
        vd_c_map *map = p->maps + largest;
        map->at = lowest_place(p, placed, largest);
        placed[largest] = 1;
        if (map->at + values_of(map) > p->memory) p->memory = map->at + values_of(map);
    }
    free(placed);
}

void vd_c_schedule(vd_c_plan *p)
{
    run r = {.p = p,
             .made = vd_calloc(p->n_maps, sizeof(int)),
             .open = vd_calloc(p->n_maps, sizeof(int)),
             .turn = vd_calloc(p->n, sizeof(int))};
    run_all(&r);
    free(r.made);
    free(r.open);
    free(r.turn);
    place_maps(p);
}
