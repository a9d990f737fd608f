#include "kernels/products/convolve_plan.h"
#include "kernels/choice.h"
#include "kernels/processor.h"
#include "kernels/products/convolve_rule.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the contest of the ways of a pass ---- */

typedef struct {
    vd_convolution_plan plan;
    vd_pass pass;
    void *x, *y, *w, *packed; /* zeros, made when a way is first timed */
} contest;

static int has_way(int way, void *context)
{
    const contest *c = context;
    return vd_convolution_has(c->plan.shape, c->pass, (vd_way)way, c->plan.images);
}

/* what the ways need */
static size_t most_packed_bytes(contest *c)
{
    size_t most = 0;
    vd_convolution_plan p = c->plan;
    for (int way = 0; way < VD_WAYS && c->pass != VD_BACKWARD_WEIGHTS; ++way) {
        if (!has_way(way, c)) continue;
        p.way[c->pass] = (vd_way)way;
        size_t bytes = vd_convolution_weights_bytes(&p, c->pass);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static void free_arrays(contest *c)
{
    free(c->x), free(c->y), free(c->w), free(c->packed);
    c->x = c->y = c->w = c->packed = 0;
}

/* all of them or, without memory, none; 0 then */
static int make_arrays(contest *c)
{
    vd_convolution_shape s = c->plan.shape;
    if (c->x) return 1;
    c->y = calloc(c->plan.images * vd_convolution_output(s), sizeof(float));
    c->w = calloc((size_t)s.n * vd_convolution_rows(s), sizeof(float));
    c->packed = aligned_alloc(64, (most_packed_bytes(c) + 64) / 64 * 64);
    if (c->y && c->w && c->packed) c->x = calloc(c->plan.images * vd_convolution_input(s), sizeof(float));
    if (!c->x) free_arrays(c);
    return c->x != 0;
}

/* one pass over a run of images; without memory nothing, so that all ways are as fast */
static void run_way(int way, void *context)
{
    contest *c = context;
    vd_convolution_plan p = c->plan;
    if (!make_arrays(c)) return;
    p.way[c->pass] = (vd_way)way;
    const void *weights = c->w;
    if (c->pass != VD_BACKWARD_WEIGHTS) weights = vd_convolution_weights(&p, c->pass, c->w, c->packed);
    if (c->pass == VD_BACKWARD_DATA) vd_convolve_backward_data(&p, c->y, weights, 1, 1, c->x);
    else if (c->pass == VD_BACKWARD_WEIGHTS) vd_convolve_backward_weights(&p, c->x, c->y, 1, c->w);
    else vd_convolve_forward(&p, c->x, weights, 1, c->y);
}

/* "conv/20x12x12/50/5s1p0/float/2/forward": input, filters, size, stride and padding, type, images of a run, pass; with
 * two strides 5s1,2p0, with a gap of 1 5s1p0g1. Shapes that differ in not_negative alone take the same time */
static void name_of(vd_convolution_shape s, int images, vd_pass pass, size_t n, char *name)
{
    static const char *const passes[VD_PASSES] = {
        [VD_FORWARD] = "forward", [VD_BACKWARD_DATA] = "backward-data", [VD_BACKWARD_WEIGHTS] = "backward-weights"};
    vd_window w = s.window;
    char down[16] = "", gap[16] = "";
    if (w.down) snprintf(down, sizeof(down), ",%d", w.down);
    if (w.gap) snprintf(gap, sizeof(gap), "g%d", w.gap);
    snprintf(name, n, "conv/%dx%dx%d/%d/%ds%d%sp%d%s/%s/%d/%s", w.c, w.h, w.w, s.n, w.size, w.stride, down, w.pad, gap,
             vd_type_name(s.type), images, passes[pass]);
}

static vd_way choose_way(vd_convolution_shape s, int images, vd_pass pass)
{
    char what[112];
    const char *names[VD_WAYS];
    contest c = {.plan = {.shape = s, .images = images}, .pass = pass};
    vd_way ruled = vd_convolution_way_by_rule(s, pass, images);
    name_of(s, images, pass, sizeof(what), what);
    for (int way = 0; way < VD_WAYS; ++way) names[way] = vd_way_name((vd_way)way);
    vd_candidates ways = {what, VD_WAYS, names, (int)ruled, has_way, run_way, &c};
    vd_way way = (vd_way)vd_choose(&ways, 0);
    free_arrays(&c);
    return way;
}

/* ---- plans ---- */

static vd_convolution_plan make_plan(vd_convolution_shape s, int batch, int by_rule)
{
    vd_convolution_plan p = {.shape = s, .images = vd_convolution_run(s, batch)};
    int any = 0;
    for (int pass = 0; pass < VD_PASSES; ++pass) {
        p.way[pass] =
            by_rule ? vd_convolution_way_by_rule(s, (vd_pass)pass, p.images) : choose_way(s, p.images, (vd_pass)pass);
        any |= p.way[pass] != VD_BY_COLUMNS;
    }
    return any ? p : vd_convolution_by_columns(s);
}

vd_convolution_plan vd_convolution_plan_by_rule(vd_convolution_shape s, int batch)
{
    return make_plan(s, batch, 1);
}

/* ---- plans made before ---- */

enum { PLANS = 512 };

static struct {
    pthread_mutex_t lock;
    int used;
    struct {
        int era, batch; /* era: of kernels/choice.h */
        vd_convolution_plan plan;
    } entries[PLANS];
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* the number of the entry, known.used when there is none; with the lock held */
static int find_plan(vd_convolution_shape s, int batch, int era)
{
    int i = 0;
    while (i < known.used && (known.entries[i].era != era || known.entries[i].batch != batch ||
                              memcmp(&known.entries[i].plan.shape, &s, sizeof(s))))
        ++i;
    return i;
}

/* made without the lock: what runs out of memory may leave the library by vd_on_die() */
vd_convolution_plan vd_convolution_plan_of(vd_convolution_shape s, int batch)
{
    vd_convolution_plan p;
    pthread_mutex_lock(&known.lock);
    int era = vd_choice_era(), i = find_plan(s, batch, era), found = i < known.used;
    if (found) p = known.entries[i].plan;
    pthread_mutex_unlock(&known.lock);
    if (found) return p;
    vd_convolution_plan made = make_plan(s, batch, 0);
    pthread_mutex_lock(&known.lock);
    i = find_plan(s, batch, era); /* another thread may have been first: all take its plan */
    if (i == known.used) {
        if (i == PLANS) i = known.used = 0; /* full: start again */
        known.entries[i].era = era;
        known.entries[i].batch = batch;
        known.entries[i].plan = made;
        ++known.used;
    }
    p = known.entries[i].plan;
    pthread_mutex_unlock(&known.lock);
    return p;
}
