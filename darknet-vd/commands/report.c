#include "commands/report.h"
#include "report.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet vd report CFG WEIGHTS [-json]\n"
    "  prints, for each variational layer and for all, the weights, those left at test time,\n"
    "  the sparsity (pruned / all) and the compression (all / left); -json: as one JSON object\n";

int vd_report_command(int argc, char **argv)
{
    const char *files[2];
    int n = 0, json = 0;
    for (int i = 1; i < argc; ++i) {
        if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            return 0;
        }
        if (!strcmp(argv[i], "-json")) json = 1;
        else if (argv[i][0] == '-') vd_die("darknet vd report: %s is not an option", argv[i]);
        else if (n == 2) vd_die("darknet vd report: %s is one argument too many", argv[i]);
        else files[n++] = argv[i];
    }
    if (n < 2) vd_die("darknet vd report: CFG and WEIGHTS are needed; -h tells more");
    network *net = load_network((char *)files[0], (char *)files[1], 0);
    vd_report r = vd_report_network(net);
    if (!r.n) vd_die("%s: no variational layer to report on", files[0]);
    if (json) vd_report_print_json(stdout, &r);
    else vd_report_print_table(stdout, &r);
    free(r.layers);
    free_network(net);
    return 0;
}
