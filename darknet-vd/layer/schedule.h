/* The schedule of a training run: the batch number t, the KL weight w(t), and what [vd_cost] says of freezing,
 * fine-tuning and magnitude pruning. */
#ifndef VD_LAYER_SCHEDULE_H
#define VD_LAYER_SCHEDULE_H

#include "darknet.h"
#include "layer/sparsity.h"

/* how weights are pruned: by variational dropout, or by their size, see magnitude.h */
typedef enum { VD_VARIATIONAL, VD_MAGNITUDE } vd_method;

typedef struct {
    network *net;
    vd_method method;
    double samples;                     /* N, images in the training set */
    double kl_scale, kl_start, kl_ramp; /* w(t) = kl_scale clamp((t - kl_start)/kl_ramp, 0, 1) */
    int freeze_pruned;                  /* batches in a row after which a weight is frozen, 0: never. See freeze.h */
    double freeze_log_alpha;            /* those with a log_alpha of at least this, the clip or less, */
    double freeze_start;                /* from this batch on */
    int fine_tune;                      /* the last N batches, which prune no more. See fine_tune.h */
    int report;                         /* batches between two report lines, 0: one an epoch */

    struct {
        long start, ramp, every; /* batches: the first, how many to the last, between two */
        int is_uniform;          /* 1: the same share of each layer; 0: the smallest of all */
    } magnitude;

    double target_sparsity; /* share of the weights to be pruned at the end, 0: none. See target.h */
    double target_size;     /* or the bytes of the packed file then, 0: none */
    /* the bytes of the packed file, 0 where a weight is not finite: of weights/, a floor above */
    size_t (*packed_size)(const network *net);

    double kl;  /* of the latest training forward, in nats, all layers together */
    double own; /* the network's own cost an image then */
    struct {
        double cost;   /* sum of the network's own cost an image since the last report line, */
        int forwards;  /* over this many forwards */
        int started;   /* a training forward has been seen */
        long reported; /* reports printed so far: batches/report, or epochs */
    } progress;        /* what a checkpoint keeps */
    struct {
        double log_factor; /* w(t) is kl_scale's ramp times exp(log_factor) */
        double start;      /* the quantile of log alpha when w(t) began, */
        double below;      /* and how far it was below its line when last looked at */
        double frozen;     /* share of the weights frozen when freezing by rank began */
        int phase;         /* of vd_target_phase */
        double share;      /* of the weights to be pruned, as last measured: target_size only, */
        double empty;      /* and the bytes of a packed file without any weight; 0: not measured yet */
    } target;              /* the same */
    struct {
        long batch;      /* 0: none yet */
        double cost, kl; /* as print_training_line() takes them */
        vd_report left;  /* what is left of the weights; its layers are freed with the [vd_cost] */
    } latest;            /* report line */
} vd_cost;

/* the [vd_cost] of a network, null when it has none */
vd_cost *vd_cost_of(const network *net);

/* number t of the batch being trained, from 1, as Darknet counts and prints it and as burn_in sees it */
long vd_cost_batch(const network *net);

/* w(t), and w(t)/N; 0 for a network without [vd_cost] */
double vd_cost_kl_weight(const network *net);
float vd_cost_kl_scale(const network *net);

/* target_sparsity= or target_size= is given */
int vd_cost_has_target(const vd_cost *c);

/* what they do with the batch being trained */
typedef enum { VD_TARGET_NONE, VD_TARGET_STEERS, VD_TARGET_PRUNES, VD_TARGET_SETTLES } vd_target_phase;

/* the target has not been come to yet; it has when it cannot be, and without one */
int vd_cost_still_prunes(const network *net);

/* freeze_pruned, 0 for a network without [vd_cost] */
int vd_cost_freeze_pruned(const network *net);

/* the batch being trained is counted; exp(freeze_log_alpha), infinite at the clip */
int vd_cost_freezes(const network *net);
float vd_cost_freeze_alpha(const network *net);

/* the gradients of the batch being trained end behind layer l: stopbackward=1 always, stopbackward=N in the first N
 * batches */
int vd_stops_backward(layer l, const network *net);

/* the batch being trained is one of the last `fine_tune` of max_batches: no noise, no KL term */
int vd_cost_fine_tunes(const network *net);

/* method=magnitude; and, with that or fine_tune, the batch being trained has no noise */
int vd_cost_is_magnitude(const network *net);
int vd_cost_is_noiseless(const network *net);

#endif
