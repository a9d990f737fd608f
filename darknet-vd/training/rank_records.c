#include "training/rank_records.h"
#include "training/checkpoint.h"
#include "training/log.h"
#include "training/nan_guard.h"
#include "ranks/ranks.h"
#include "layer/norm.h"
#include "layer/vd_cost_layer.h"

#include <string.h>

/* of a rank */
typedef struct {
    int signal; /* that asks the training to stop, or 0 */
    int failed;
    int time_is_up; /* of rank 0: for a checkpoint by the clock */
} verdict;

/* of a sub-batch. Statistics of batch normalisation: mean [out_c] and variance [out_c] of one layer after the other */
typedef struct {
    double own; /* vd_cost.own */
    float error;
    float statistics[];
} record;

/* records behind it begin at a multiple of their doubles' size */
enum { VERDICT_BYTES = (sizeof(verdict) + sizeof(double) - 1) / sizeof(double) * sizeof(double) };

static int has_statistics(layer l)
{
    return l.rolling_mean && l.mean && (l.batch_normalize || l.type == BATCHNORM);
}

static size_t statistics_of(const network *net)
{
    size_t n = 0;
    for (int i = 0; i < net->n; ++i)
        if (has_statistics(net->layers[i])) n += net->layers[i].out_c;
    return n;
}

/* ---- places ---- */

vd_records vd_records_of(const network *net, int parts)
{
    vd_records r = {.parts = parts, .statistics = vd_ranks() > 1 ? statistics_of(net) : 0};
    r.record_bytes = (sizeof(record) + 2 * r.statistics * sizeof(float) + 7) / 8 * 8;
    return r;
}

static size_t bytes_of_rank(const vd_records *r)
{
    return VERDICT_BYTES + r->parts * r->record_bytes;
}

size_t vd_records_bytes(const vd_records *r)
{
    return vd_ranks() > 1 ? vd_ranks() * bytes_of_rank(r) + 2 * r->statistics * sizeof(float) : 0;
}

void vd_records_place(vd_records *r, char *at)
{
    if (vd_ranks() < 2) return;
    r->ranks = at;
    void *behind = at + vd_ranks() * bytes_of_rank(r);
    r->rolling = behind;
}

static verdict *verdict_of(const vd_records *r, int rank)
{
    return (verdict *)(r->ranks + rank * bytes_of_rank(r));
}

static record *record_of(const vd_records *r, int rank, int part)
{
    return (record *)(r->ranks + rank * bytes_of_rank(r) + VERDICT_BYTES + part * r->record_bytes);
}

/* ---- statistics of batch normalisation ---- */

/* the rolling statistics as they were when the step began, kept or put back */
static void keep_rolling(const network *net, const vd_records *r, int put_back)
{
    float *at = r->rolling;
    for (int i = 0; r->statistics && i < net->n; ++i) {
        layer l = net->layers[i];
        if (!has_statistics(l)) continue;
        float *both[] = {l.rolling_mean, l.rolling_variance};
        for (int k = 0; k < 2; ++k, at += l.out_c)
            memcpy(put_back ? both[k] : at, put_back ? at : both[k], l.out_c * sizeof(float));
    }
}

/* those of the sub-batch that has just been computed, into its record */
static void note_statistics(const network *net, const vd_records *r, float *at)
{
    for (int i = 0; r->statistics && i < net->n; ++i) {
        layer l = net->layers[i];
        if (!has_statistics(l)) continue;
        memcpy(at, l.mean, l.out_c * sizeof(float));
        memcpy(at + l.out_c, l.variance, l.out_c * sizeof(float));
        at += 2 * l.out_c;
    }
}

/* the rolling statistics take the step that the sub-batch's forward pass has taken on its rank */
static void roll(const network *net, const vd_records *r, float *at)
{
    for (int i = 0; r->statistics && i < net->n; ++i) {
        layer l = net->layers[i];
        if (!has_statistics(l)) continue;
        vd_norm_roll(l, at, at + l.out_c);
        at += 2 * l.out_c;
    }
}

/* ---- a step ---- */

void vd_records_begin(const network *net, const vd_records *r)
{
    keep_rolling(net, r, 0);
}

void vd_records_note(const network *net, const vd_records *r, int part, float error)
{
    const vd_cost *c = vd_cost_of(net);
    if (vd_ranks() < 2) return;
    record *mine = record_of(r, vd_rank(), part);
    mine->error = error;
    mine->own = c ? c->own : 0;
    note_statistics(net, r, mine->statistics);
}

int vd_records_gather(const vd_records *r, int failed)
{
    int signal = 0;
    if (vd_ranks() < 2) return !failed;
    *verdict_of(r, vd_rank()) = (verdict){vd_checkpoint_signal(), failed, vd_checkpoint_time_is_up()};
    vd_ranks_gather(r->ranks, bytes_of_rank(r));
    for (int rank = vd_ranks() - 1; rank >= 0; --rank) {
        const verdict *v = verdict_of(r, rank);
        if (v->signal) signal = v->signal;
        failed |= v->failed;
    }
    vd_checkpoint_agree(signal);
    vd_checkpoint_agree_on_time(verdict_of(r, 0)->time_is_up);
    if (failed) vd_nan_guard_agree();
    return !failed;
}

float vd_records_join(network *net, const vd_records *r)
{
    float sum = 0;
    vd_cost *c = vd_cost_of(net);
    if (vd_ranks() < 2) return 0;
    keep_rolling(net, r, 1);
    for (int i = 0; i < net->subdivisions; ++i) {
        int rank = i / r->parts;
        record *of = record_of(r, rank, i % r->parts);
        sum += of->error;
        roll(net, r, of->statistics);
        if (rank == vd_rank()) continue; /* this rank's own have been counted */
        vd_log_cost(net, of->error);
        if (c) vd_cost_count(c, of->own);
    }
    return sum / (net->subdivisions * net->batch);
}
