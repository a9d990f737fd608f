#include "training/sub_batches.h"
#include "training/gradients.h"
#include "training/rank_records.h"
#include "training/shared_update.h"
#include "ranks/ranks.h"
#include "layer/layer_state.h"
#include "layer/schedule.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/seed.h"

#include <stdlib.h>

/* A step of the tree, from its first sub-batch to its update:
 *
 *     state    event                                          what is done                     then
 *     closed   its first sub-batch begins                     open_step()                      open
 *     open     a sub-batch ends, others of its block follow   nothing: layers add              open
 *              the last of a block ends                       join_block()                     open
 *              the last of this rank ends                     end_step(): the update is due    closed
 *              one is left out, one process                   end_step(): nothing is due       closed
 *              one is left out, several ranks                 nothing is joined any more       failed
 *              a first sub-batch begins                       drop_step(), open_step()         open
 *     failed   the last of this rank ends                     end_step(): nothing is due       closed
 *
 * A failed rank goes on to its last sub-batch because all ranks meet there; then none of them updates. A step is still
 * open when the next one begins where a program on the library has caught an error in it. Where no tree is summed, all
 * stays closed, and layers add as in stock Darknet.
 *
 * What a number of an array of gradients (training/gradients.h) is:
 *
 *                 between steps            in a step                          when the update is due
 *     is_held     velocity; held_at has    the sum of the sub-batches since   the sum of the step + velocity
 *                 it in a step             the last join_block()
 *     others      0, by the update         the same                           the sum of the step
 *     gaps        read by nobody           the same, and joins nothing        0
 *
 * hold() leads from the first column to the second, add_held() to the third. */

/* net->sums: one block, arrays behind it */
typedef struct {
    int parts, block; /* sub-batches of this rank; m of them are added one by one */
    int is_open;
    int done;     /* sub-batches of the open step */
    int failed;   /* one of them was left out */
    size_t start; /* *net->seen when the step began */
    double began; /* the training, by the clock, and what had been waited then */
    double waited;
    size_t sent_in_step;
    float loss;
    size_t gradients, held; /* floats, gaps counted */
    float *held_at;         /* [held] what is_held arrays were when the step began */
    float *sums_at;         /* [levels][gradients] the sum of 2^level blocks that waits for the next ones */
    float *packed_at, *room_at;
    vd_records records;
} sums;

/* of net->sums, null before the first step */
static int is_open(const sums *s)
{
    return s && s->is_open;
}

/* how many sums wait at the same time for another one: log2 of the number of blocks */
static int levels_of(const sums *s)
{
    int levels = 0;
    for (int blocks = s->parts / s->block; blocks > 1; blocks /= 2) ++levels;
    return levels;
}

static sums lengths_of(const network *net)
{
    sums s = {.parts = net->subdivisions / vd_ranks()};
    s.block = net->subdivisions / (net->subdivisions & -net->subdivisions); /* its odd factor */
    s.gradients = vd_gradients_most(net, 0);
    s.held = vd_gradients_most(net, 1);
    s.records = vd_records_of(net, s.parts);
    return s;
}

/* bytes of an array, the next one at a cache line */
static size_t apart(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static void *next_array(char **at, size_t bytes)
{
    void *array = *at;
    *at += apart(bytes);
    return array;
}

static sums *make_sums(const network *net)
{
    sums s = lengths_of(net), *made;
    size_t floats = sizeof(float), all = s.gradients * floats, several = vd_ranks() > 1;
    size_t bytes[] = {sizeof(sums),
                      s.held * floats,
                      levels_of(&s) * all,
                      several * vd_shared_packed(s.gradients, net->n) * floats,
                      several * vd_shared_room(s.gradients) * floats,
                      vd_records_bytes(&s.records)};
    size_t sum = 0;
    for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); ++i) sum += apart(bytes[i]);
    char *at = vd_calloc(sum, 1);
    made = next_array(&at, bytes[0]);
    s.held_at = next_array(&at, bytes[1]);
    s.sums_at = next_array(&at, bytes[2]);
    s.packed_at = next_array(&at, bytes[3]);
    s.room_at = next_array(&at, bytes[4]);
    vd_records_place(&s.records, next_array(&at, bytes[5]));
    s.began = vd_seconds();
    s.waited = vd_ranks_waited();
    *made = s;
    return made;
}

/* ---- the sums of one rank ---- */

/* what the gradients hold between steps is put aside */
static void hold(const network *net, sums *s)
{
    vd_gradient *arrays;
    float *at = s->held_at;
    int n = vd_gradients_of(net, 1, &arrays);
    for (int i = 0; i < n; ++i)
        if (arrays[i].is_held) {
            at += vd_gradients_copy(arrays + i, 1, at);
            vd_gradients_clear(arrays + i, 1);
        }
    free(arrays);
}

static void add_held(const vd_gradient *arrays, int n, const float *held)
{
    for (int i = 0; i < n; ++i)
        if (arrays[i].is_held) held += vd_gradients_add(arrays + i, 1, held);
}

/* an error that a program on the library has caught has ended a step: its sums go, and what was put aside comes back */
static void drop_step(const network *net, sums *s)
{
    network then = *net;
    vd_gradient *arrays;
    then.seen = &s->start;
    int n = vd_gradients_of(&then, 1, &arrays);
    vd_gradients_clear(arrays, n);
    add_held(arrays, n, s->held_at);
    free(arrays);
    s->is_open = 0;
}

/* the block of sub-batches number b is done: it joins those sums it completes, or waits for its neighbour */
static void join_block(const vd_gradient *arrays, int n, const sums *s, int b)
{
    int level = 0;
    for (; b >> level & 1; ++level) vd_gradients_add(arrays, n, s->sums_at + level * s->gradients);
    if (b + 1 == s->parts / s->block) return;
    vd_gradients_copy(arrays, n, s->sums_at + level * s->gradients);
    vd_gradients_clear(arrays, n);
}

/* those that shared_update.h does not sum; returns how many */
static int leave_out_shared(const vd_gradient *arrays, int n, vd_gradient *left)
{
    int count = 0;
    for (int i = 0; i < n; ++i)
        if (!vd_shared_takes(arrays[i].layer)) left[count++] = arrays[i];
    return count;
}

/* the sums of this rank become those of all ranks, or of who updates them */
static void sum_over_ranks(network *net, const vd_gradient *arrays, int n, sums *s)
{
    vd_gradient *left = vd_calloc(n, sizeof(vd_gradient));
    int is_shared = vd_shared_begin(net, vd_last_untrained(net) + 1);
    size_t before = vd_ranks_sent();
    int count = leave_out_shared(arrays, n, left);
    size_t packed = vd_gradients_copy(left, count, s->packed_at);
    vd_ranks_sum(s->packed_at, packed, s->room_at);
    vd_gradients_put(left, count, s->packed_at);
    s->sent_in_step = vd_ranks_sent() - before;
    if (is_shared) vd_shared_sum(net, s->packed_at, s->room_at);
    free(left);
}

/* ---- one sub-batch after the other ---- */

static int sums_in_a_tree(const network *net)
{
    return net->subdivisions % 2 == 0 && (vd_ranks() > 1 || rand_is_seeded()) && !vd_has_recurrent_layers(net);
}

/* the products of a batch that fine-tunes are those of the masked weights, which log_sigma2 tells */
static int will_fine_tune(const network *net)
{
    network next = *net;
    size_t seen = *net->seen + net->batch;
    next.seen = &seen;
    return vd_cost_fine_tunes(&next);
}

static void open_step(network *net)
{
    sums *s = net->sums;
    if (is_open(s)) drop_step(net, s);
    if (s && (s->parts != net->subdivisions / vd_ranks() || s->gradients != vd_gradients_most(net, 0))) {
        free(s); /* a program on the library has changed subdivisions */
        s = net->sums = 0;
    }
    if (!s) s = net->sums = make_sums(net);
    s->done = s->failed = 0;
    s->start = *net->seen;
    if (will_fine_tune(net)) vd_shared_whole(net);
    vd_records_begin(net, &s->records);
    hold(net, s);
    s->is_open = 1; /* from here on drop_step() has something to put back */
    *net->seen += (size_t)vd_rank() * s->parts * net->batch;
}

static int is_between_steps(const network *net)
{
    return *net->seen / net->batch % net->subdivisions == 0;
}

void vd_sub_batch_begin(network *net, int sound)
{
    if (!sums_in_a_tree(net)) return;
    int opens = vd_ranks() > 1 ? !is_open(net->sums) : sound && is_between_steps(net);
    if (opens) open_step(net);
    if (is_open(net->sums) && sound) rand_stream_begin(rand_stream_of_layers(*net->seen));
}

/* 1 when the update is due: the arrays are the sum of the step then */
static int end_step(network *net, const vd_gradient *arrays, int n)
{
    sums *s = net->sums;
    int several = vd_ranks() > 1;
    if (several) *net->seen = s->start + (size_t)net->subdivisions * net->batch;
    s->is_open = 0;
    s->loss = 0;
    if (!vd_records_gather(&s->records, s->failed)) return 0;
    s->loss = vd_records_join(net, &s->records);
    if (several) sum_over_ranks(net, arrays, n, s);
    else vd_gradients_clear_gaps(arrays, n);
    add_held(arrays, n, s->held_at);
    return 1;
}

int vd_sub_batch_end(network *net, float error, int sound)
{
    sums *s = net->sums;
    vd_gradient *arrays;
    if (!is_open(s)) return sound && is_between_steps(net);
    rand_stream_end();
    if (sound) vd_records_note(net, &s->records, s->done, error);
    else s->failed = 1;
    int n = vd_gradients_of(net, 0, &arrays), due = 0;
    ++s->done;
    int ends_block = s->done % s->block == 0, ends_step = s->done == s->parts || (s->failed && vd_ranks() == 1);
    if (ends_block && !s->failed) join_block(arrays, n, s, s->done / s->block - 1);
    if (ends_step) due = end_step(net, arrays, n);
    else vd_ranks_tick();
    free(arrays);
    return due;
}

float vd_sub_batches_loss(const network *net, float sum, int n)
{
    const sums *s = net->sums;
    return vd_ranks() > 1 && s ? s->loss : sum / (n * net->batch);
}

/* ---- a training ---- */

void vd_sub_batches_check(const network *net)
{
    size_t step = (size_t)net->batch * net->subdivisions;
    if (vd_ranks() < 2) return;
    if (vd_has_recurrent_layers(net)) vd_die("%s: networks with recurrent layers train in one process", net->cfg_file);
    if (net->subdivisions % vd_ranks())
        vd_die("%s: [net]: subdivisions=%d cannot be shared by %d ranks: expected a multiple", net->cfg_file,
               net->subdivisions, vd_ranks());
    if (*net->seen % step)
        vd_die("%s: %zu pictures have been seen, not a whole number of steps of %zu: -clear counts anew", net->cfg_file,
               *net->seen, step);
}

void vd_sub_batches_print(const network *net)
{
    const sums *s = net->sums;
    if (vd_ranks() < 2 || vd_rank() || !s) return;
    double kilobytes = (double)(s->sent_in_step + vd_shared_sent()) / 1000, all = vd_seconds() - s->began;
    fprintf(stderr,
            "ranks: %.1f kB of gradients and weights sent by each in a batch, %.1f %% of the time waited for others\n",
            kilobytes, all > 0 ? 100 * (vd_ranks_waited() - s->waited) / all : 0);
}
