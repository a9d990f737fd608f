/* A network as the generated C computes it: row by row. A map is made of rows, each with all channels; a stage makes
 * the rows of one map from rows of others. As soon as the rows that a stage reads are there, it makes its next one, and
 * a row is kept only until its last reader has had it.
 *
 * The same plan is written as C (emit.h) and run here (interpret.h).
 *
 * The row machine. A stage takes its turns in order; a map has `made`, `open` and `room`:
 *
 *   (1) numbers   rows are numbered with the zeros around the map: of h rows with `pad`, pad ... pad + h - 1 are the
 *                 map's own, and `below` = pad + h is the first row of zeros below them
 *   (2) made      rows 0 ... made - 1 are complete: 0 at first; the first row that is opened sets it to pad, since the
 *                 zeros above come with it
 *   (3) open      1 while row number `made` is in work: one turn long, two in a pooled product, all in a mean
 *   (4) room      the newest `room` of the made + open rows are kept, the newest in the last place. While there are
 *                 fewer, row r is in place r. To open a row where all places are taken, rows move down by one place
 *   (5) zeros     those left, right and above are there from the first row on, as memory is cleared then. Those below
 *                 are made by the product that reads them, when it does
 *   (6) needed    turn t of a stage reads rows first ... end - 1 of each source (vd_c_reads). It is taken as soon as
 *                 made >= needed = the smaller of end and below, for all of its sources
 *
 * schedule.c counts so, without values, and finds the least room. interpret.inc and the functions that emit_layers.c
 * writes move the values; both call kernels.inc, which has the places of rows, (2) and (4).
 *
 * Five rows, pad 1, room 3, read by a window of 3 x 3 with stride 1. Z is a row of zeros; below = 6:
 *
 *     what happens      made  open   places   its reader then
 *     1 is opened         1     1    Z 1
 *     1 is complete       2     0    Z 1      turn 0 reads 0 1 2: needs 3 rows and waits
 *     2 is complete       3     0    Z 1 2    turn 0
 *     3 is opened         3     1    1 2 3
 *     3 is complete       4     0    1 2 3    turn 1 reads 1 2 3
 *     4 is complete       5     0    2 3 4    turn 2 reads 2 3 4
 *     5 is complete       6     0    3 4 5    turn 3 reads 3 4 5; turn 4 reads 4 5 6: needs 6 rows, not 7,
 *     6 is complete       7     0    4 5 Z    and makes the zeros itself
 */
#ifndef VD_EXPORT_C_PLAN_H
#define VD_EXPORT_C_PLAN_H

#include "export/model.h"

#include <stdint.h>

typedef enum {
    VD_C_PRODUCT,  /* [convolutional], [connected]: weights, bias, activation, and a [maxpool] without overlap behind */
    VD_C_POOL,     /* [maxpool] */
    VD_C_MEAN,     /* [avgpool] */
    VD_C_JOIN,     /* [route] of several layers */
    VD_C_SUM,      /* [shortcut] */
    VD_C_REPEAT,   /* [upsample] */
    VD_C_REORDER,  /* [reorg] */
    VD_C_ACTIVATE, /* [activation] */
    VD_C_ANSWER    /* a map becomes a part of the output */
} vd_c_kind;

/* Rows that are kept: [room][size], a row [channels][w + 2 pad]. */
typedef struct {
    int layer;          /* that makes it; -1: the input */
    int channels, h, w; /* of the map */
    int pad;            /* zeros on every side */
    int size;           /* values in a row */
    int room;           /* rows that are kept (4) */
    size_t at;          /* where its first value is in memory; maps that are never needed together share it */
    int first, last;    /* moments between which it is in use (schedule.h) */
    int read_open;      /* 1: some rows are read while a newer one is open */

    double range;  /* largest magnitude in the calibration */
    double step;   /* int8: a value is this times its integer */
    int32_t limit; /* int8: the largest integer, so that the sums of all readers stay within 32 bits */
} vd_c_map;

static inline int vd_c_columns(const vd_c_map *map)
{
    return map->w + 2 * map->pad;
}

static inline int vd_c_rows(const vd_c_map *map)
{
    return map->h + 2 * map->pad;
}

/* channels of a map, from `first` on */
typedef struct {
    int map, first, channels;
} vd_c_view;

/* The weights of a product, filter after filter (entries.h). Sparse: entry k is for the value steps[k] places behind
 * that of the entry before; a way of more than 255 places has entries of weight 0 on it. Dense: all weights of the
 * window [rows][channels][taps]. */
typedef struct {
    int is_dense;
    int n, *counts;   /* entries of all filters; [filters] of each, null when dense */
    uint8_t *steps;   /* [n], null when dense */
    float *values;    /* [n] */
    int8_t *integers; /* [n], int8 */
    int rows, row_step, channels, channel_step, taps;
    int per_group, group_step; /* dense: filters in a group; places between the windows of two groups */
} vd_c_entries;

enum {
    VD_C_MOST_PARTS = 8, /* sources of a [route] */
    VD_C_CURVE = 257     /* values of a curve: at -32768, -32512 ... 32768 */
};

typedef struct {
    vd_c_kind kind;
    int layer, last; /* of the model; last: the [maxpool] that is part of a product, else layer */
    int n_in, out;   /* views that are read; the map that is made, -1: none */
    vd_c_view in[VD_C_MOST_PARTS];
    int turns;                   /* rows it makes; of a product: before they are pooled */
    int pooled;                  /* 1: a product of which the maxima of squares of two by two are kept */
    int size, stride, down, pad; /* of windows; strides along the width and the height; what lies in front */
    int dilation;
    int wide;           /* of a product: how far the lower bytes of its values are behind the upper; 0: no such bytes */
    int filters, width; /* of a product: filters; sums in a row, before they are pooled */
    ACTIVATION activation;
    float alpha, beta; /* factors of a sum; alpha: of an [upsample] */
    int reverse;       /* of a [reorg] */
    size_t offset;     /* of an answer: its place in the output; of a mean: that of its sums */
    vd_c_entries entries;
    const float *biases; /* [filters], of the model */

    /* int8 (quantise.h) */
    int32_t *offsets; /* [filters] biases */
    uint8_t *gains;   /* [filters] */
    int before, after;
    int32_t low, high;                /* what y is limited to */
    int16_t *curve;                   /* [VD_C_CURVE] activation at -32768, -32512 ... 32768; null: not by a table */
    int32_t factors[VD_C_MOST_PARTS]; /* of a sum or a join: of each source, times 2^14 */
    int64_t bound;                    /* no sum of products is larger */
} vd_c_stage;

typedef struct {
    const vd_model *m;
    int is_int8,
        value_bits; /* of values: 16, or 8 and none is negative but those of the output, which have two bytes */
    int n, n_maps, n_heads;
    vd_c_stage *stages; /* [n] a stage reads maps of those in front of it */
    vd_c_map *maps;     /* [n_maps] the first one is the input */
    int *heads;         /* [n_heads] layers of [yolo] */
    size_t inputs, outputs;
    size_t memory; /* values in all maps */
    size_t sums;   /* of means */
} vd_c_plan;

/* plan a compacted model without batch norm; the program ends with a line when it cannot be written as C
 *
 *   m            is read until the plan is freed
 *   cfg          its name, for messages
 *   value_bits   with is_int8: 16 or 8 */
vd_c_plan *make_vd_c_plan(const vd_model *m, const char *cfg, int is_int8, int value_bits);
void free_vd_c_plan(vd_c_plan *p);

/* rows [first, end) of a source that a stage reads for row `turn`:
 *     max(low, turn mul / div + from), min(high, turn mul / div + to)
 * Those from `below` on are rows of zeros below the map, which the stage makes itself where they are missing. */
typedef struct {
    int mul, div, from, to, low, high, below;
} vd_c_reads;
vd_c_reads vd_c_reads_of(const vd_c_plan *p, const vd_c_stage *s, int source);
int vd_c_first_row(vd_c_reads r, int turn);
int vd_c_end_row(vd_c_reads r, int turn);
/* the rows that must have been made before (6): end, or below */
int vd_c_needed_rows(vd_c_reads r, int turn);

/* turns that a stage takes to make one row of its map: 2 of a pooled product, all of a mean, else 1. The row is open
 * from the first of them to the last (3) */
int vd_c_turns_of_row(const vd_c_stage *s);

/* the stage that makes a map; null: it is the input */
const vd_c_stage *vd_c_maker_of(const vd_c_plan *p, int map);

/* how far the lower bytes of a map's values are behind the upper; 0 when it has none */
int vd_c_low_bytes(const vd_c_plan *p, int map);

#endif
