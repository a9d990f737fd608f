#include "commands/plot.h"
#include "commands/words.h"
#include "commands/drawing.h"
#include "training/csv.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: darknet vd plot RUN.csv [RUN2.csv ...] OUT.svg|OUT.png\n"
    "  draws loss, sparsity, validation error and mAP of trainings against their epochs, one colour a training;\n"
    "  RUN.csv is what a training leaves beside its weights, finished or not\n";

/* the panels that are drawn where a run has something for them */
static const struct {
    const char *title, *unit;
    double scale;
    int column, may_be_logarithmic;
} wanted[] = {
    {"loss", "per image", 1, VD_CSV_LOSS, 1},
    {"sparsity", "% of the weights pruned", 100, VD_CSV_SPARSITY, 0},
    {"validation error", "%", 100, VD_CSV_ERROR, 0},
    {"mAP", "%", 100, VD_CSV_MAP, 0},
};
enum { WANTED = sizeof(wanted) / sizeof(*wanted) };

typedef struct {
    int n;
    vd_csv *csv;         /* [n] */
    const char **labels; /* [n] */
} runs;

static double *column_of(const vd_csv *c, int column, double scale)
{
    double *v = vd_calloc(c->n, sizeof(*v));
    for (size_t i = 0; i < c->n; ++i) v[i] = scale * c->rows[i].at[column];
    return v;
}

static size_t count_finite(const double *x, const double *y, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; ++i) count += isfinite(x[i]) && isfinite(y[i]);
    return count;
}

/* the runs' curves of one column; n = 0: none has it */
static vd_panel panel_of(const runs *r, int w)
{
    vd_panel p = {.title = wanted[w].title, .x = "epoch", .y = wanted[w].unit};
    vd_curve *curves = vd_calloc(r->n, sizeof(*curves));
    double least = INFINITY, most = 0;
    for (int i = 0; i < r->n; ++i) {
        vd_curve c = {r->csv[i].n, column_of(r->csv + i, VD_CSV_EPOCH, 1),
                      column_of(r->csv + i, wanted[w].column, wanted[w].scale), i};
        for (size_t k = 0; k < c.n; ++k) {
            if (!isfinite(c.y[k])) continue;
            least = fmin(least, c.y[k]);
            most = fmax(most, c.y[k]);
        }
        if (count_finite(c.x, c.y, c.n)) curves[p.n++] = c;
        else free((void *)c.x), free((void *)c.y);
    }
    p.curves = curves;
    p.logarithmic = wanted[w].may_be_logarithmic && least > 0 && most > 20 * least;
    if (p.logarithmic) p.y = "per image (logarithmic)";
    return p;
}

static void free_panel(vd_panel p)
{
    for (int i = 0; i < p.n; ++i) free((void *)p.curves[i].x), free((void *)p.curves[i].y);
    free((void *)p.curves);
}

/* a run's file name; its path where another has the same name */
static const char *label_of(char **paths, int n, int i)
{
    for (int k = 0; k < n; ++k)
        if (k != i && !strcmp(vd_file_name(paths[k]), vd_file_name(paths[i]))) return paths[i];
    return vd_file_name(paths[i]);
}

static runs read_runs(char **paths, int n, const char *out)
{
    runs r = {n, vd_calloc(n, sizeof(*r.csv)), vd_calloc(n, sizeof(*r.labels))};
    for (int i = 0; i < n; ++i) {
        char *fault;
        r.csv[i] = vd_csv_read(paths[i], &fault);
        if (fault) vd_die("%s", fault);
        if (!r.csv[i].n) vd_die("%s: has no rows yet: nothing to draw", paths[i]);
        if (vd_same_file(paths[i], out)) vd_die("%s: would overwrite what it is drawn from: choose another name", out);
        r.labels[i] = label_of(paths, n, i);
    }
    return r;
}

static void plot(const runs *r, const char *out)
{
    vd_panel panels[WANTED];
    int n = 0;
    for (int w = 0; w < WANTED; ++w) {
        panels[n] = panel_of(r, w);
        if (panels[n].n) ++n;
        else free_panel(panels[n]);
    }
    if (!n) vd_die("%s: neither loss nor sparsity, error or map of an epoch: nothing to draw", r->csv[0].path);
    vd_drawing_write(out, panels, n, r->labels, r->n);
    for (int i = 0; i < n; ++i) free_panel(panels[i]);
}

int vd_plot_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; ++i)
        if (argv[i][0] == '-') vd_die("darknet vd plot: unknown option %s", argv[i]);
    if (argc < 3) vd_die("darknet vd plot: RUN.csv and OUT are needed; see -h");
    const char *out = argv[argc - 1];
    if (!vd_drawing_is_named(out)) vd_die("darknet vd plot: %s does not end with .svg or .png", out);
    runs r = read_runs(argv + 1, argc - 2, out);
    plot(&r, out);
    for (int i = 0; i < r.n; ++i) vd_csv_free(r.csv + i);
    free(r.csv);
    free(r.labels);
    return 0;
}
