#include "commands/vd.h"
#include "commands/arguments.h"
#include "commands/bench.h"
#include "commands/calibration.h"
#include "commands/dataset/dataset.h"
#include "commands/export.h"
#include "commands/import.h"
#include "commands/keys.h"
#include "commands/later_options.h"
#include "commands/pack.h"
#include "commands/plot.h"
#include "commands/report.h"
#include "commands/split.h"
#include "commands/sweep.h"
#include "commands/version.h"
#include "commands/words.h"
#include "data/skip_broken.h"
#include "layer/nonfinite.h"
#include "training/checkpoint.h"
#include "config/command_needs.h"
#include "ranks/ranks.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"
#include "kernels/kernels.h"

#include <fcntl.h>
#include <limits.h>
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
    {"bench", vd_bench_command, "bench CFG WEIGHTS [-batch N] [-threads N] [-seconds S] [-json]",
     "time a network at test time, with dense and with sparse weights"},
    {"export", vd_export_command, "export CFG WEIGHTS OUT [-format F] [-compact] [IMAGE ...]",
     "write a network for other programs, smaller where possible"},
    {"import", vd_import_command, "import MODEL.onnx OUT", "make an ONNX model a network of Darknet"},
    {"pack", vd_pack_command, "pack CFG WEIGHTS OUT.vdw [-fp16 | -int8 | -rate R | -bytes N] [-tune DATA] [-json]",
     "write a network without its pruned weights to a small file for inference"},
    {"plot", vd_plot_command, "plot RUN.csv [RUN2.csv ...] OUT.svg | OUT.png", "compare trainings by their logs"},
    {"dataset", vd_dataset_command, "dataset mnist|cifar INDIR OUTDIR | dataset digits OUTDIR",
     "write a data set Darknet can train on"},
    {"sweep", vd_sweep_command, "sweep DATA CFG WEIGHTS [-from T] [-to T] [-step S] [-json]",
     "measure a network at several thresholds, and choose one"},
    {"split", vd_split_command, "split DATA N [OUT.data] [-seed S]",
     "hold training pictures out, to choose settings on"},
    {"keys", vd_keys_command, "keys [-json | -markdown]", "list the keys of a cfg and of a .data file"},
    {"version", vd_version_command, "version", "print the version, and what it was built with"},
};

/* they rewrite weights but not log_sigma2, so that log_alpha would be wrong */
static const char *refused[] = {"average",   "rescale",     "rgbgr",  "reset",
                                "normalize", "denormalize", "oneoff", "oneoff2"};

static void print_usage(FILE *fp)
{
    fprintf(fp, "usage: darknet vd VERB ...    (see darknet vd VERB -h)\n");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); ++i)
        fprintf(fp, "  darknet vd %-56s %s\n", verbs[i].usage, verbs[i].help);
}

/* output that has not been written when a command returns may still fail: exit with status 1 then */
static void check_stdout(int status, void *nothing)
{
    (void)nothing;
    if (status || (!fflush(stdout) && !ferror(stdout))) return;
    fprintf(stderr, "standard output: cannot be written\n");
    _exit(1);
}

/* a descriptor that is closed would be that of the next file, and what is printed would go into it. As before, nothing
 * can be read from the first or written to the second */
static void open_missing_streams(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
    for (int fd = 0; fd < 3; ++fd)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd) _exit(1);
}

/* an invalid number in an environment variable is reported and ignored */
static void check_numbers_of_environment(void)
{
    static const struct {
        const char *name;
        long min, max;
    } numbers[] = {{"DARKNET_THREADS", 1, INT_MAX}, {"DARKNET_IMAGE_CACHE", 0, INT_MAX}, {"DARKNET_SPARSE", 0, 1}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); ++i) {
        const char *text = getenv(numbers[i].name);
        long n;
        if (!text || (vd_parse_long(text, &n) && n >= numbers[i].min && n <= numbers[i].max)) continue;
        if (vd_ranks_is_first())
            fprintf(stderr, "%s=%s is not an integer from %ld to %ld: ignored\n", numbers[i].name, text, numbers[i].min,
                    numbers[i].max);
        unsetenv(numbers[i].name);
    }
}

/* darknet rnn with a file of symbols: the network has one input for each of them, not 256 */
static int has_own_symbols(int argc, char **argv)
{
    return (vd_words_have(argc, argv, "generate") && vd_words_have(argc, argv, "-tokens")) ||
           (vd_words_have(argc, argv, "train") && vd_words_have(argc, argv, "-tokenized"));
}

/* -gpus, which this build ignores: stock Darknet trains as for so many, at a rate that many times the cfg's */
static void leave_out_gpus(int argc, char **argv)
{
    const char *gpus = find_char_arg(argc, argv, "-gpus", 0);
    if (!gpus) return;
    if (vd_is_strict()) vd_die("darknet %s: -gpus %s: this program is built without CUDA", argv[1], gpus);
    fprintf(stderr, "-gpus %s: left out, as this program is built without CUDA: one processor, the cfg's rate\n", gpus);
}

/* options and checks of one of Darknet's own commands, at argv[1] */
static void prepare_stock_command(int argc, char **argv)
{
    int detector = !strcmp(argv[1], "detector"), classifier = !strcmp(argv[1], "classifier");
    if ((detector || classifier || !strcmp(argv[1], "cifar")) && find_arg(argc, argv, "-resume"))
        vd_checkpoint_resume();
    if ((detector || classifier) && find_arg(argc, argv, "-skip-broken")) vd_skip_broken(detector);
    vd_later_options(argc, argv);
    argc = vd_words_count(argc, argv);
    vd_arguments_check(argc, argv);
    leave_out_gpus(argc, argv);
    argc = vd_words_count(argc, argv);
    if (!has_own_symbols(argc, argv)) vd_command_needs_set(argv[1], argc > 2 ? argv[2] : 0);
    vd_watch_outputs(1);
}

static int is_help(const char *word)
{
    return vd_word_is_help(word) || !strcmp(word, "help");
}

/* what every command begins with: signals, environment, what happens at exit, the options that are not Darknet's, and
 * the checks of its arguments */
static void start(int argc, char **argv)
{
    vd_output_remove_at_signals();
    vd_survive_size_limit();
    vd_kernels_asked(); /* a wrong name of DARKNET_KERNELS ends the program */
    if (on_exit(check_stdout, 0)) vd_die("out of memory");
    if (argc < 2) vd_die("usage: darknet COMMAND ...    (darknet -h lists the commands)");
    if (is_help(argv[1])) return;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); ++i)
        if (!strcmp(argv[1], refused[i])) vd_command_needs_refuse_variational(refused[i]);
    if (strcmp(argv[1], "vd")) prepare_stock_command(argc, argv);
}

/* darknet vd VERB ...; a failure ends the program */
static void vd_run_verb(int argc, char **argv)
{
    if (argc < 3) {
        print_usage(stderr);
        exit(1);
    }
    if (is_help(argv[2])) {
        print_usage(stdout);
        return;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); ++i) {
        if (strcmp(argv[2], verbs[i].name)) continue;
        int status = verbs[i].run(argc - 2, argv + 2);
        if (status) exit(status);
        return;
    }
    vd_die("darknet vd: unknown verb %s; darknet vd -h lists them", argv[2]);
}

int vd_command(int argc, char **argv)
{
    open_missing_streams();
    check_numbers_of_environment(); /* ranks divide the cores where there is no DARKNET_THREADS */
    /* like -i and -nogpu, which main() has taken out, it may stand in front of the command that ranks ask for */
    if (find_arg(argc, argv, "-strict")) vd_be_strict();
    argc = vd_words_count(argc, argv);
    vd_ranks_begin(argc, argv);
    start(argc, argv);
    if (is_help(argv[1])) vd_arguments_list();
    else if (!strcmp(argv[1], "vd")) vd_run_verb(argc, argv);
    else if (vd_calibration_has(argc, argv)) vd_calibration_run(argc, argv);
    else return 0;
    return 1;
}
