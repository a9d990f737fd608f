#include "vd.h"
#include "bench.h"
#include "dataset.h"
#include "export.h"
#include "pack.h"
#include "report.h"
#include "../broken.h"
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

/* Darknet's commands, what they take without a look at how much there is, and the first words they know; at one they do
 * not know they would end in silence */
static const struct {
    const char *name, *usage;
    int least;
    const char *words;
} stock_commands[] = {
    {"average", "CFG OUT WEIGHTS ...", 3, 0},
    {"classify", "CFG WEIGHTS IMAGE", 3, 0},
    {"denormalize", "CFG WEIGHTS OUT", 3, 0},
    {"detect", "CFG WEIGHTS [IMAGE]", 2, 0},
    {"3d", "IMAGE IMAGE OUT [MILLIMETRES]", 3, 0},
    {"imtest", "IMAGE", 1, 0},
    {"mkimg", "CFG WEIGHTS HEIGHT WIDTH NUMBER PREFIX", 6, 0},
    {"nightmare", "CFG WEIGHTS IMAGE LAYER", 4, 0},
    {"normalize", "CFG WEIGHTS OUT", 3, 0},
    {"oneoff", "CFG WEIGHTS OUT", 3, 0},
    {"oneoff2", "CFG WEIGHTS OUT LAYERS", 4, 0},
    {"ops", "CFG", 1, 0},
    {"partial", "CFG WEIGHTS OUT LAYERS", 4, 0},
    {"print", "CFG WEIGHTS LAYER", 3, 0},
    {"rescale", "CFG WEIGHTS OUT", 3, 0},
    {"reset", "CFG WEIGHTS OUT", 3, 0},
    {"rgbgr", "CFG WEIGHTS OUT", 3, 0},
    {"speed", "CFG [TICKS]", 1, 0},
    {"statistics", "CFG WEIGHTS", 2, 0},
    {"test", "IMAGE", 1, 0},
    {"visualize", "CFG [WEIGHTS]", 1, 0},
    {"art", "CFG WEIGHTS", 2, 0},
    {"cifar", "COMMAND CFG [WEIGHTS]", 2, "train extract distill test multi csv csvtrain eval"},
    {"classifier", "COMMAND DATA CFG [WEIGHTS]", 3,
     "predict fout try train test csv label valid validmulti valid10 validcrop validfull"},
    {"coco", "COMMAND CFG [WEIGHTS]", 2, "test train valid recall"},
    {"detector", "COMMAND DATA CFG [WEIGHTS]", 2, "test train valid valid2 recall map"},
    {"go", "COMMAND CFG [WEIGHTS]", 2, "train valid self test engine"},
    {"isegmenter", "COMMAND DATA CFG [WEIGHTS]", 3, "test train"},
    {"lsd", "COMMAND CFG [WEIGHTS]", 2, "gan inter test color"},
    {"regressor", "COMMAND DATA CFG [WEIGHTS]", 3, "test train"},
    {"rnn", "COMMAND CFG [WEIGHTS]", 2, "train valid validtactic vec generate generatetactic"},
    {"segmenter", "COMMAND DATA CFG [WEIGHTS]", 3, "test train"},
    {"super", "COMMAND CFG [WEIGHTS]", 2, "train test"},
    {"tag", "COMMAND CFG [WEIGHTS]", 2, "train test"},
    {"yolo", "COMMAND CFG [WEIGHTS]", 2, "test train valid recall"},
};

/* without OpenCV or CUDA they do nothing */
static const char not_here[] = "demo gun threat traingan trainprog traincolor";

static int is_among(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; n && (at = strstr(at, word)); at += n)
        if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' ')) return 1;
    return 0;
}

/* options that were found are taken out of argv, and nulls close the gap */
static void check_stock_arguments(int argc, char **argv)
{
    int given = 0;
    while (given < argc - 2 && argv[2 + given]) ++given;
    for (size_t i = 0; i < sizeof(stock_commands) / sizeof(*stock_commands); ++i) {
        if (strcmp(argv[1], stock_commands[i].name)) continue;
        if (given < stock_commands[i].least) vd_die("usage: darknet %s %s", argv[1], stock_commands[i].usage);
        const char *words = stock_commands[i].words;
        if (!strcmp(argv[1], "art") || (words && is_among(not_here, argv[2])))
            vd_die("%s needs OpenCV or CUDA, which this program is built without", words ? argv[2] : argv[1]);
        if (words && !is_among(words, argv[2]))
            vd_die("darknet %s: %s is not one of its commands: %s", argv[1], argv[2], words);
    }
}

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
        int detector = !strcmp(argv[1], "detector"), classifier = !strcmp(argv[1], "classifier");
        if ((detector || classifier || !strcmp(argv[1], "cifar")) && find_arg(argc, argv, "-resume"))
            layer_plugin_resume();
        if ((detector || classifier) && find_arg(argc, argv, "-skip-broken")) vd_skip_broken(detector);
        check_stock_arguments(argc, argv);
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
