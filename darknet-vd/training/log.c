#include "training/log.h"
#include "training/csv.h"
#include "training/page.h"
#include "training/progress.h"
#include "training/shared_update.h"
#include "data/text_files.h"
#include "ranks/ranks.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "layer/schedule.h"
#include "layer/sparsity.h"
#include "layer/vd_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "network.h"

static const double share = 0.01; /* of the training time, for the page */

/* A browser loads the page of a running training again after a 20th of the time that has passed, as that much is new in
 * its curves, within these seconds */
static const double new_parts = 20, shortest = 10, longest = 600;

static struct {
    network *net; /* null: no training */
    char *html, *base;
    vd_csv csv;
    vd_layer_history history;
    long pictures; /* 0: not known yet */

    double before;  /* seconds of training of earlier parts */
    double began;   /* of this part, by the clock */
    double pause;   /* seconds since then that were no training */
    double stopped; /* by the clock: a batch is done, and the next has not begun */

    double spent, latest; /* seconds: all pages of this part, the latest one */
    int stale;            /* the page lacks a row */
    int worked;           /* a batch has been trained, or a validation made up for */
    int failed;           /* a file could not be written, and that was said */

    double cost; /* an image: sum since the row before, of a network without [vd_cost], */
    long forwards;
    long epochs;       /* that have a row */
    double error, map; /* of the latest validation */
} run;

static struct {
    vd_page_key *at;
    int n;
} keys;

/* ---- keys ---- */

static void free_keys(void)
{
    for (int i = 0; i < keys.n; ++i) {
        free(keys.at[i].section);
        free(keys.at[i].key);
        free(keys.at[i].value);
    }
    free(keys.at);
    keys.at = 0;
    keys.n = 0;
}

static char *trimmed(char *text)
{
    size_t n = strlen(text += strspn(text, " \t"));
    while (n && strchr(" \t", text[n - 1])) text[--n] = 0;
    return text;
}

/* "key = value  # comment", which is written to */
static void add_key(const char *section, char *line)
{
    line[strcspn(line, "#;")] = 0;
    char *value = strchr(line, '=');
    if (!value) return;
    *value++ = 0;
    keys.at = vd_realloc(keys.at, (keys.n + 1) * sizeof(*keys.at));
    keys.at[keys.n++] =
        (vd_page_key){vd_format("%s", section), vd_format("%s", trimmed(line)), vd_format("%s", trimmed(value))};
}

/* of [net] and [vd_cost]; none where the file is no longer there */
static void read_keys(const char *cfg)
{
    const char *section = "";
    if (!cfg || access(cfg, R_OK)) return;
    list *lines = vd_read_lines(cfg);
    for (const node *n = lines->front; n; n = n->next) {
        char *line = trimmed(n->val);
        if (*line == '[') section = line;
        else if (!strcmp(section, "[net]") || !strcmp(section, "[network]") || !strcmp(section, "[vd_cost]"))
            add_key(section, line);
    }
    free_list_contents(lines);
    free_list(lines);
}

/* ---- time ---- */

/* of training, until the batch that was done last */
static double seconds(void)
{
    return run.before + (run.stopped ? run.stopped : vd_seconds()) - run.began - run.pause;
}

static void stop_clock(void)
{
    if (!run.stopped) run.stopped = vd_seconds();
}

static void start_clock(void)
{
    if (run.stopped) run.pause += vd_seconds() - run.stopped;
    run.stopped = 0;
}

/* the seconds at a batch, between the rows around it, or as fast as between the last two before it */
static double seconds_at(const vd_csv *c, double batch)
{
    double b[2] = {0}, s[2] = {0};
    for (size_t i = 0; i < c->n; ++i) {
        const double *at = c->rows[i].at;
        if (!isfinite(at[VD_CSV_SECONDS])) continue;
        b[0] = b[1];
        s[0] = s[1];
        b[1] = at[VD_CSV_BATCH];
        s[1] = at[VD_CSV_SECONDS];
        if (b[1] >= batch) break;
    }
    return b[1] > b[0] ? fmax(0, s[0] + (s[1] - s[0]) / (b[1] - b[0]) * (batch - b[0])) : s[1];
}

/* epochs so far, with a part of one; NaN where their length is unknown */
static double epoch(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    double pictures = c ? c->samples : (double)run.pictures;
    return pictures > 0 ? (double)*net->seen / pictures : NAN;
}

/* ---- files ---- */

static char *write_page(const char *state)
{
    double from = vd_seconds(), elapsed = fmax(0, seconds() - run.before);
    double next = fmax(shortest, fmin(longest, elapsed / new_parts));
    vd_page p = {.path = run.html,
                 .base = run.base,
                 .net = run.net,
                 .epoch = epoch(run.net),
                 .state = state,
                 .csv = &run.csv,
                 .history = &run.history,
                 .keys = keys.at,
                 .n_keys = keys.n,
                 .refresh = !strcmp(state, "running") ? (int)next : 0};
    char *fault = vd_page_write(&p);
    run.latest = vd_seconds() - from;
    run.spent += run.latest;
    run.stale = fault != 0;
    return fault;
}

static int page_is_affordable(void)
{
    return run.spent + run.latest <= share * (seconds() - run.before);
}

/* both, or the csv alone; what fails is said once, until nothing fails */
static void write_files(const char *state, int with_page)
{
    char *csv = vd_csv_write(&run.csv), *page = with_page ? write_page(state) : 0;
    if ((csv || page) && !run.failed) fprintf(stderr, "%s; the training goes on\n", csv ? csv : page);
    if (csv || page) run.failed = 1;
    else if (!run.stale) run.failed = 0;
    free(csv);
    free(page);
}

/* ---- rows ---- */

/* epochs of a network without [vd_cost] that are over */
static long epochs_over(const network *net)
{
    return run.pictures ? (long)(*net->seen / (size_t)run.pictures) : 0;
}

static vd_csv_row common_row(network *net)
{
    vd_csv_row row = vd_csv_row_empty();
    row.at[VD_CSV_BATCH] = (double)get_current_batch(net);
    row.at[VD_CSV_IMAGES] = (double)*net->seen;
    row.at[VD_CSV_EPOCH] = epoch(net);
    row.at[VD_CSV_SECONDS] = seconds();
    if (net->policy != RANDOM) row.at[VD_CSV_RATE] = get_current_rate(net); /* that one would draw another */
    return row;
}

static void add(vd_csv_row row)
{
    vd_csv_add(&run.csv, row);
    run.stale = 1;
}

/* [vd_cost] has just printed its line */
static void add_report(network *net, const vd_cost *c)
{
    vd_csv_row row = common_row(net);
    vd_report left = c->latest.left;
    double w = vd_cost_kl_weight(net), *sparsity = vd_calloc(left.n, sizeof(*sparsity));
    row.at[VD_CSV_LOSS] = c->latest.cost + w / c->samples * c->latest.kl;
    row.at[VD_CSV_COST] = c->latest.cost;
    if (left.n) {
        row.at[VD_CSV_KL] = c->latest.kl;
        row.at[VD_CSV_W] = w;
        row.at[VD_CSV_SPARSITY] = vd_report_sparsity(left.weights, left.nonzero);
        row.at[VD_CSV_NONZERO] = (double)left.nonzero;
    }
    for (int i = 0; i < left.n; ++i) sparsity[i] = vd_report_sparsity(left.layers[i].weights, left.layers[i].nonzero);
    vd_layer_history_add(&run.history, row.at[VD_CSV_BATCH], sparsity);
    free(sparsity);
    add(row);
}

static double mean_cost(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (c) return c->progress.forwards ? c->progress.cost / c->progress.forwards : c->latest.cost;
    return run.forwards ? run.cost / (double)run.forwards : NAN;
}

static void add_epoch(network *net)
{
    vd_csv_row row = common_row(net);
    row.at[VD_CSV_LOSS] = row.at[VD_CSV_COST] = mean_cost(net);
    run.epochs = epochs_over(net);
    run.cost = 0;
    run.forwards = 0;
    add(row);
}

/* ---- a training ---- */

static void take_latest_validation(void)
{
    run.error = run.map = NAN;
    for (size_t i = 0; i < run.csv.n; ++i) {
        const double *at = run.csv.rows[i].at;
        if (isfinite(at[VD_CSV_ERROR])) run.error = at[VD_CSV_ERROR];
        if (isfinite(at[VD_CSV_MAP])) run.map = at[VD_CSV_MAP];
    }
}

static void go_on(const network *net)
{
    char *fault;
    double batch = (double)get_current_batch((network *)net);
    vd_csv old = vd_csv_read(run.csv.path, &fault);
    if (fault && access(run.csv.path, F_OK)) { /* the checkpoint is of a version without a log */
        free(fault);
        fault = 0;
    }
    if (fault) vd_die("%s: move it away, or mend it, to go on", fault);
    run.before = seconds_at(&old, batch);
    free(run.csv.path);
    run.csv = old;
    vd_csv_drop_after(&run.csv, batch);
    vd_layer_history_read(&run.history, run.html, batch);
    take_latest_validation();
}

static void free_log(void)
{
    vd_csv_free(&run.csv);
    vd_layer_history_free(&run.history);
    free_keys();
    free(run.html);
    free(run.base);
    run.html = run.base = 0;
    run.net = 0;
}

void vd_log_begin(network *net, const char *backup, const char *base, int resumed)
{
    free_log();
    if (vd_rank()) return;
    run = (typeof(run)){.net = net, .error = NAN, .map = NAN};
    run.base = vd_format("%s", base);
    run.html = vd_format("%s/%s.html", backup, base);
    run.csv = (vd_csv){.path = vd_format("%s/%s.csv", backup, base), .replace = 1};
    run.history.layers = vd_variational_layers(net);
    read_keys(net->cfg_file);
    if (resumed) go_on(net);
    run.began = run.stopped = vd_seconds(); /* the clock starts with the first batch */
    /* files of an earlier training stay until that is done: one that ends before it leaves them as they are */
    run.stale = !resumed && !access(run.csv.path, F_OK);
    if (!run.stale) write_files("running", 1);
    if (run.history.layers && !run.failed) fprintf(stderr, "curves in %s\n", run.html);
}

void vd_log_pictures(int pictures)
{
    run.pictures = pictures;
    if (run.net) run.epochs = epochs_over(run.net);
}

void vd_log_forward(const network *net)
{
    if (net != run.net) return;
    start_clock();
    vd_log_cost(net, *net->cost);
}

void vd_log_cost(const network *net, float cost)
{
    if (net != run.net) return;
    run.cost += cost / net->batch;
    ++run.forwards;
}

void vd_log_back(network *net)
{
    if (net != run.net) return;
    double batch = (double)get_current_batch(net);
    size_t rows = run.csv.n;
    vd_csv_drop_after(&run.csv, batch);
    vd_layer_history_drop_after(&run.history, batch);
    if (run.csv.n < rows) run.stale = 1;
    take_latest_validation();
    run.epochs = epochs_over(net);
    run.cost = 0;
    run.forwards = 0;
}

void vd_log_batch(network *net)
{
    if (net != run.net) return;
    stop_clock();
    run.worked = 1;
    const vd_cost *c = vd_cost_of(net);
    if (c && c->latest.batch == (long)get_current_batch(net)) add_report(net, c);
    else if (!c && epochs_over(net) > run.epochs) add_epoch(net);
}

void vd_log_validated(network *net, double error, double map)
{
    if (net != run.net) return;
    run.worked = 1;
    vd_csv_row row = common_row(net), *last = run.csv.n ? run.csv.rows + run.csv.n - 1 : 0;
    if (last && last->at[VD_CSV_BATCH] == row.at[VD_CSV_BATCH]) row = *last;
    if (isfinite(error)) row.at[VD_CSV_ERROR] = run.error = error;
    if (isfinite(map)) row.at[VD_CSV_MAP] = run.map = map;
    add(row);
}

static void show_progress(const network *net)
{
    const vd_cost *c = vd_cost_of(net);
    if (!vd_progress_due(seconds())) return;
    vd_progress p = {
        .epoch = epoch(net), .cost = mean_cost(net), .kl = NAN, .sparsity = NAN, .error = run.error, .map = run.map};
    if (c) p.kl = vd_cost_kl_weight(net) / c->samples * c->kl;
    if (c && c->latest.left.n) p.sparsity = vd_report_sparsity(c->latest.left.weights, c->latest.left.nonzero);
    vd_progress_show(net, seconds(), p);
}

void vd_log_write(network *net)
{
    if (net != run.net) return;
    stop_clock();
    if (run.stale || run.csv.replace || run.csv.written < run.csv.n)
        write_files("running", run.stale && vd_shared_is_whole() && page_is_affordable());
    show_progress(net);
    start_clock();
}

void vd_log_stop(const network *net)
{
    if (net != run.net) return;
    vd_progress_end();
    stop_clock();
    write_files("stopped", 1);
    start_clock();
}

void vd_log_end(const network *net)
{
    if (net != run.net) return;
    vd_progress_end();
    stop_clock();
    if (run.stale && !run.worked) { /* the files are of an earlier training */
        free_log();
        return;
    }
    char *fault = vd_csv_write(&run.csv), *page = write_page("finished");
    free_log();
    if (fault) vd_die("%s", fault);
    if (page) vd_die("%s", page);
}
