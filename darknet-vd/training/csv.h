/* <backup>/<base>.csv: a line a report of a training. The first line names the columns; a cell is a finite decimal
 * number, or empty where nothing was measured; batch grows from line to line. docs/formats.md tells what they hold.
 *
 * The file is whole at every moment: a new line is added by one write(), and everything else replaces it by a renamed
 * file. Where a write fails, the file keeps the lines it had, and the next update adds all that are missing. */
#ifndef VD_TRAINING_CSV_H
#define VD_TRAINING_CSV_H

#include <stddef.h>
#include <stdio.h>

enum {
    VD_CSV_BATCH,    /* as Darknet prints it, from 1 */
    VD_CSV_EPOCH,    /* images / training pictures */
    VD_CSV_IMAGES,   /* seen since the first batch */
    VD_CSV_SECONDS,  /* of training, over all its parts */
    VD_CSV_RATE,     /* learning rate of this batch */
    VD_CSV_LOSS,     /* an image, mean since the line before: cost + w / samples * kl */
    VD_CSV_COST,     /* the network's own, an image */
    VD_CSV_KL,       /* nats, of all layers, at this batch */
    VD_CSV_W,        /* w(t) */
    VD_CSV_SPARSITY, /* 0..1: pruned / all weights of the variational layers */
    VD_CSV_NONZERO,  /* weights left there */
    VD_CSV_ERROR,    /* 0..1, of a validation after this batch: a classifier's */
    VD_CSV_MAP,      /* 0..1: a detector's */
    VD_CSV_COLUMNS
};

extern const char *const vd_csv_names[VD_CSV_COLUMNS];

typedef struct {
    double at[VD_CSV_COLUMNS]; /* NaN: not measured */
} vd_csv_row;

typedef struct {
    char *path;
    vd_csv_row *rows; /* [n] */
    size_t n, room;

    /* what the file holds, as far as this program knows */
    size_t written; /* rows, the first of `rows` */
    long long bytes;
    int replace; /* 1: its lines are others */
} vd_csv;

vd_csv_row vd_csv_row_empty(void);

/* the file's rows; a line that does not end in a newline is not there yet. *fault is null, or a line that names file,
 * line and column, for the caller to free */
vd_csv vd_csv_read(const char *path, char **fault);

/* a row behind those of smaller batches; those from its batch on go */
void vd_csv_add(vd_csv *c, vd_csv_row row);
/* rows of later batches go */
void vd_csv_drop_after(vd_csv *c, double batch);

/* bring the file up to date: null, or why not, for the caller to free */
char *vd_csv_write(vd_csv *c);

/* one cell as the file has it: nothing for what is not finite */
void vd_csv_print_cell(FILE *fp, int column, double value);

void vd_csv_free(vd_csv *c);

#endif
