#include "commands/report.h"
#include "commands/words.h"
#include "layer/sparsity.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet vd report CFG WEIGHTS [-json]\n"
    "  prints, for each variational layer and for all, the weights, the nonzero weights at test time,\n"
    "  the sparsity (pruned / all) and the compression (all / nonzero); -json: as one JSON object\n";

static void print_row(FILE *fp, const char *type, size_t weights, size_t nonzero, const char *threshold)
{
    fprintf(fp, "%-18s %11zu %11zu   %8.3f %%   ", type, weights, nonzero, 100 * vd_report_sparsity(weights, nonzero));
    if (nonzero) fprintf(fp, "%10.1f x", vd_report_compression(weights, nonzero));
    else fprintf(fp, "%12s", "all pruned");
    fprintf(fp, "   %9s\n", threshold);
}

static void print_table(FILE *fp, const vd_report *r)
{
    fprintf(fp, "layer  type                   weights     nonzero     sparsity    compression   threshold\n");
    for (int i = 0; i < r->n; ++i) {
        const vd_report_layer *l = r->layers + i;
        char *threshold = vd_format("%g", l->threshold);
        fprintf(fp, "%5d  ", l->index);
        print_row(fp, l->type, l->weights, l->nonzero, threshold);
        free(threshold);
    }
    fprintf(fp, "%5s  ", "");
    print_row(fp, "all", r->weights, r->nonzero, "");
}

/* the JSON object of docs/contract.md; compression is null when nothing is left */
static void print_json(FILE *fp, const vd_report *r)
{
    fprintf(fp, "{\"layers\":[");
    for (int i = 0; i < r->n; ++i) {
        const vd_report_layer *l = r->layers + i;
        fprintf(fp,
                "%s{\"index\":%d,\"type\":\"%s\",\"weights\":%zu,\"nonzero\":%zu,\"sparsity\":%.9g,\"threshold\":%g}",
                i ? "," : "", l->index, l->type, l->weights, l->nonzero, vd_report_sparsity(l->weights, l->nonzero),
                l->threshold);
    }
    fprintf(fp, "],\"weights\":%zu,\"nonzero\":%zu,\"sparsity\":%.9g,\"compression\":", r->weights, r->nonzero,
            vd_report_sparsity(r->weights, r->nonzero));
    vd_json_number(fp, vd_report_compression(r->weights, r->nonzero));
    fprintf(fp, "}\n");
}

int vd_report_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    const char *files[2];
    int n = 0, json = 0;
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "-json")) json = 1;
        else if (argv[i][0] == '-') vd_die("darknet vd report: unknown option %s", argv[i]);
        else if (n == 2) vd_die("darknet vd report: unexpected argument %s", argv[i]);
        else files[n++] = argv[i];
    }
    if (n < 2) vd_die("darknet vd report: CFG and WEIGHTS are needed; see -h");
    network *net = load_network((char *)files[0], (char *)files[1], 0);
    vd_report r = vd_report_network(net);
    if (!r.n) vd_die("%s: no variational layer to report on", files[0]);
    if (json) print_json(stdout, &r);
    else print_table(stdout, &r);
    free(r.layers);
    free_network(net);
    return 0;
}
