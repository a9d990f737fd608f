#include "training/sub_batches.h"
#include "training/checkpoint.h"
#include "training/gradients.h"
#include "training/log.h"
#include "training/nan_guard.h"
#include "training/shared_update.h"
#include "ranks/ranks.h"
#include "layer/layer_state.h"
#include "layer/norm.h"
#include "layer/schedule.h"
#include "layer/vd_cost_layer.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/seed.h"

#include <stdlib.h>
#include <string.h>

/* ---- a step ---- */

/* what a forward pass leaves behind, beside gradients; statistics of batch normalisation follow: means and variances of
 * one layer after the other */
typedef struct {
    double own; /* vd_cost.own */
    float error;
    float statistics[];
} record;

/* net->sums: one block, arrays behind it */
typedef struct {
    int parts, block; /* sub-batches of this rank; m of them are added one by one */
    int done;         /* of the step; -1: none is open */
    int failed;       /* one of this rank's sub-batches was left out */
    size_t start;     /* *net->seen when the step began */
    double began;     /* the training, by the clock, and what had been waited then */
    double waited;
    size_t sent_in_step;
    float loss;
    size_t gradients, held, statistics, record_bytes; /* lengths */
    float *held_at, *sums_at, *packed_at, *room_at, *rolling_at;
    char *records; /* [ranks][VERDICT_BYTES + parts records] */
} sums;

/* what the ranks tell each other at the end of a step, before the sums */
typedef struct {
    int signal; /* that asks the training to stop, or 0 */
    int failed;
    int time_is_up; /* of rank 0: for a checkpoint by the clock */
} verdict;

/* records behind it begin at a multiple of their doubles' size */
enum { VERDICT_BYTES = (sizeof(verdict) + sizeof(double) - 1) / sizeof(double) * sizeof(double) };

static int has_statistics(layer l)
{
    return l.rolling_mean && l.mean && (l.batch_normalize || l.type == BATCHNORM);
}

/* floats of one array of statistics of all layers */
static size_t statistics_of(const network *net)
{
    size_t n = 0;
    for (int i = 0; i < net->n; ++i)
        if (has_statistics(net->layers[i])) n += net->layers[i].out_c;
    return n;
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
    sums s = {.parts = net->subdivisions / vd_ranks(), .done = -1};
    s.block = net->subdivisions / (net->subdivisions & -net->subdivisions); /* its odd factor */
    s.gradients = vd_gradients_most(net, 0);
    s.held = vd_gradients_most(net, 1);
    s.statistics = vd_ranks() > 1 ? statistics_of(net) : 0;
    s.record_bytes = (sizeof(record) + 2 * s.statistics * sizeof(float) + 7) / 8 * 8;
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

static size_t bytes_of_rank(const sums *s)
{
    return VERDICT_BYTES + s->parts * s->record_bytes;
}

static sums *make_sums(const network *net)
{
    sums s = lengths_of(net), *made;
    size_t floats = sizeof(float), all = s.gradients * floats, several = vd_ranks() > 1;
    size_t bytes[] = {sizeof(sums),
                      s.held * floats,
                      levels_of(&s) * all,
                      several * vd_shared_packed(s.gradients) * floats,
                      several * vd_shared_room(s.gradients) * floats,
                      2 * s.statistics * floats,
                      several * vd_ranks() * bytes_of_rank(&s)};
    size_t sum = 0;
    for (int i = 0; i < 7; ++i) sum += apart(bytes[i]);
    char *at = vd_calloc(sum, 1);
    made = next_array(&at, bytes[0]);
    s.held_at = next_array(&at, bytes[1]);
    s.sums_at = next_array(&at, bytes[2]);
    s.packed_at = next_array(&at, bytes[3]);
    s.room_at = next_array(&at, bytes[4]);
    s.rolling_at = next_array(&at, bytes[5]);
    s.records = next_array(&at, bytes[6]);
    s.began = vd_seconds();
    s.waited = vd_ranks_waited();
    *made = s;
    return made;
}

/* ---- statistics of batch normalisation ---- */

/* the rolling statistics as they were when the step began, kept or put back */
static void keep_rolling(const network *net, sums *s, int put_back)
{
    float *at = s->rolling_at;
    for (int i = 0; s->statistics && i < net->n; ++i) {
        layer l = net->layers[i];
        if (!has_statistics(l)) continue;
        float *both[] = {l.rolling_mean, l.rolling_variance};
        for (int k = 0; k < 2; ++k, at += l.out_c)
            memcpy(put_back ? both[k] : at, put_back ? at : both[k], l.out_c * sizeof(float));
    }
}

/* those of the sub-batch that has just been computed, into its record */
static void note_statistics(const network *net, const sums *s, float *at)
{
    for (int i = 0; s->statistics && i < net->n; ++i) {
        layer l = net->layers[i];
        if (!has_statistics(l)) continue;
        memcpy(at, l.mean, l.out_c * sizeof(float));
        memcpy(at + l.out_c, l.variance, l.out_c * sizeof(float));
        at += 2 * l.out_c;
    }
}

/* the rolling statistics take the step that the sub-batch's forward pass has taken on its rank */
static void roll(const network *net, const sums *s, float *at)
{
    for (int i = 0; s->statistics && i < net->n; ++i) {
        layer l = net->layers[i];
        if (!has_statistics(l)) continue;
        vd_norm_roll(l, at, at + l.out_c);
        at += 2 * l.out_c;
    }
}

/* ---- the sums of one rank ---- */

static record *record_of(const sums *s, int rank, int part)
{
    return (record *)(s->records + rank * bytes_of_rank(s) + VERDICT_BYTES + part * s->record_bytes);
}

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
    s->done = -1;
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

/* ---- a step of several ranks ---- */

/* verdicts and records of all ranks on each of them; 0 when a rank has left out a sub-batch */
static int all_sound(const sums *s)
{
    vd_ranks_gather(s->records, bytes_of_rank(s));
    int signal = 0, failed = 0;
    for (int r = vd_ranks() - 1; r >= 0; --r) {
        const verdict *v = (const verdict *)(s->records + r * bytes_of_rank(s));
        if (v->signal) signal = v->signal;
        failed |= v->failed;
    }
    vd_checkpoint_agree(signal);
    vd_checkpoint_agree_on_time(((const verdict *)s->records)->time_is_up);
    if (failed) vd_nan_guard_agree();
    return !failed;
}

/* what the forward passes of all ranks have left behind, in the order of the sub-batches */
static void join_records(network *net, sums *s)
{
    float sum = 0;
    vd_cost *c = vd_cost_of(net);
    keep_rolling(net, s, 1);
    for (int i = 0; i < net->subdivisions; ++i) {
        record *r = record_of(s, i / s->parts, i % s->parts);
        sum += r->error;
        roll(net, s, r->statistics);
        if (i / s->parts == vd_rank()) continue; /* this rank's own have been counted */
        vd_log_cost(net, r->error);
        if (c) vd_cost_count(c, r->own);
    }
    s->loss = sum / (net->subdivisions * net->batch);
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
    if (s && s->done >= 0) drop_step(net, s);
    if (s && (s->parts != net->subdivisions / vd_ranks() || s->gradients != vd_gradients_most(net, 0))) {
        free(s); /* a program on the library has changed subdivisions */
        s = net->sums = 0;
    }
    if (!s) s = net->sums = make_sums(net);
    s->done = s->failed = 0;
    s->start = *net->seen;
    if (will_fine_tune(net)) vd_shared_whole(net);
    keep_rolling(net, s, 0);
    hold(net, s);
    *net->seen += (size_t)vd_rank() * s->parts * net->batch;
}

static int is_first(const network *net)
{
    return *net->seen / net->batch % net->subdivisions == 0;
}

void vd_sub_batch_begin(network *net, int sound)
{
    sums *s = net->sums;
    if (!sums_in_a_tree(net)) return;
    int opens = vd_ranks() > 1 ? !s || s->done < 0 : sound && is_first(net);
    if (opens) open_step(net);
    s = net->sums;
    if (!s || s->done < 0 || !sound) return;
    rand_stream_begin(rand_stream_of_layers(*net->seen));
}

/* a sub-batch of several ranks is done, the last one of this rank in the step: 1 when the update is due */
static int end_step_of_ranks(network *net, const vd_gradient *arrays, int n)
{
    sums *s = net->sums;
    verdict *mine = (verdict *)(s->records + vd_rank() * bytes_of_rank(s));
    *mine = (verdict){vd_checkpoint_signal(), s->failed, vd_checkpoint_time_is_up()};
    *net->seen = s->start + (size_t)net->subdivisions * net->batch;
    s->done = -1;
    s->loss = 0;
    if (!all_sound(s)) return 0;
    join_records(net, s);
    sum_over_ranks(net, arrays, n, s);
    add_held(arrays, n, s->held_at);
    return 1;
}

static int end_step(network *net, const vd_gradient *arrays, int n)
{
    sums *s = net->sums;
    if (vd_ranks() > 1) return end_step_of_ranks(net, arrays, n);
    s->done = -1;
    if (s->failed) return 0;
    vd_gradients_clear_gaps(arrays, n);
    add_held(arrays, n, s->held_at);
    return 1;
}

static void note(const network *net, const sums *s, float error)
{
    const vd_cost *c = vd_cost_of(net);
    record *r = record_of(s, vd_rank(), s->done);
    r->error = error;
    r->own = c ? c->own : 0;
    note_statistics(net, s, r->statistics);
}

int vd_sub_batch_end(network *net, float error, int sound)
{
    sums *s = net->sums;
    vd_gradient *arrays;
    if (!s || s->done < 0) return sound && is_first(net);
    rand_stream_end();
    s->failed |= !sound;
    if (vd_ranks() > 1 && sound) note(net, s, error);
    int n = vd_gradients_of(net, 0, &arrays), due = 0;
    ++s->done;
    if (s->done % s->block == 0 && !s->failed) join_block(arrays, n, s, s->done / s->block - 1);
    if (s->done == s->parts || (s->failed && vd_ranks() == 1)) due = end_step(net, arrays, n);
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
