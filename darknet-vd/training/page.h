/* <backup>/<base>.html: a training as one page, which needs no other file and no network. page.html is its template;
 * the charts are drawn by Chart.js, which the build puts into the program (CHART=0: the page has tables alone). */
#ifndef VD_TRAINING_PAGE_H
#define VD_TRAINING_PAGE_H

#include "darknet.h"
#include "training/csv.h"

/* the share of weights pruned, report by report, of each variational layer */
typedef struct {
    int layers;
    size_t n, room;
    double *at; /* [n][1 + layers]: the batch, then the shares */
} vd_layer_history;

void vd_layer_history_add(vd_layer_history *h, double batch, const double *sparsity);
/* those of later batches go */
void vd_layer_history_drop_after(vd_layer_history *h, double batch);
/* what a page of an earlier part of the training has, up to this batch; none where there is no such page */
void vd_layer_history_read(vd_layer_history *h, const char *page, double last_batch);
void vd_layer_history_free(vd_layer_history *h);

typedef struct {
    char *section, *key, *value;
} vd_page_key;

typedef struct {
    const char *path, *base;
    const network *net;
    double epoch;      /* epochs so far; NaN: unknown */
    const char *state; /* "running", "stopped" or "finished" */
    const vd_csv *csv;
    const vd_layer_history *history;
    const vd_page_key *keys; /* [n_keys] */
    int n_keys;
    int refresh; /* seconds after which a browser loads it again; 0: never */
} vd_page;

/* write the page in place of the one before it: null, or why not, for the caller to free */
char *vd_page_write(const vd_page *p);

#endif
