#include "vd.h"
#include "bench.h"
#include "dataset.h"
#include "export.h"
#include "pack.h"
#include "report.h"
#include "../layer_plugin.h"
#include "../util.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit status */
    const char *usage, *help;
} verbs[] = {
    {"report", vd_report_command, "report CFG WEIGHTS [-json]",
     "sparsity and compression of a network, layer by layer"},
    {"bench", vd_bench_command, "bench CFG WEIGHTS [-batch N] [-threads N] [-json]",
     "time a network at test time, with dense and with sparse weights"},
    {"export", vd_export_command, "export CFG WEIGHTS OUT [-fuse] [-compact] [IMAGE ...]",
     "write a network for stock Darknet, smaller where it can be"},
    {"pack", vd_pack_command, "pack CFG WEIGHTS OUT.vdw [-fp16 | -int8] [-json]",
     "write what is left of a network to a small file for inference"},
    {"dataset", vd_dataset_command, "dataset mnist IDXDIR OUTDIR | dataset digits OUTDIR",
     "write a data set Darknet can train on"},
};

/* they rewrite weights and would leave log_sigma2, and so log_alpha, wrong */
static const char *refused[] = {"average",   "rescale",     "rgbgr",  "reset",
                                "normalize", "denormalize", "oneoff", "oneoff2"};

static void print_usage(FILE *fp)
{
    fprintf(fp, "usage: darknet vd VERB ...    (VERB -h tells more)\n");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); ++i)
        fprintf(fp, "  darknet vd %-54s %s\n", verbs[i].usage, verbs[i].help);
}

/* what a command has printed may still wait to be written when it returns */
static void check_stdout(int status, void *nothing)
{
    (void)nothing;
    if (status || (!fflush(stdout) && !ferror(stdout))) return;
    fprintf(stderr, "standard output: cannot be written\n");
    _exit(1);
}

int vd_command(int argc, char **argv)
{
    vd_survive_size_limit();
    if (on_exit(check_stdout, 0)) vd_die("out of memory");
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); ++i)
        if (!strcmp(argv[1], refused[i])) layer_plugin_refuse(refused[i]);
    if (find_arg(argc, argv, "-strict")) layer_plugin_strict();
    if (strcmp(argv[1], "vd")) {
        if (find_arg(argc, argv, "-resume")) layer_plugin_resume();
        return 0;
    }
    if (argc < 3) {
        print_usage(stderr);
        exit(1);
    }
    if (!strcmp(argv[2], "-h") || !strcmp(argv[2], "--help")) {
        print_usage(stdout);
        return 1;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); ++i) {
        if (strcmp(argv[2], verbs[i].name)) continue;
        int status = verbs[i].run(argc - 2, argv + 2);
        if (status) exit(status);
        return 1;
    }
    vd_die("darknet vd: %s is not a verb; darknet vd -h lists them", argv[2]);
}
