#include "commands/pack.h"
#include "commands/words.h"
#include "commands/pack_tune.h"
#include "commands/size_sheet.h"
#include "layer/vd_layer.h"
#include "weights/vdw.h"
#include "base/fail.h"
#include "base/files.h"

#include <string.h>

#include "darknet.h"

static const char usage[] =
    "usage: darknet vd pack CFG WEIGHTS OUT.vdw [-fp16 | -int8 | -rate R | -bytes N]\n"
    "                       [-tune DATA [-epochs N] [-learning X]] [-json]\n"
    "  writes the network as it is at test time, without its pruned weights, to OUT.vdw, which loads wherever a\n"
    "  .weights file does, for inference; prints the size of each layer before and after; -json: as one JSON object\n"
    "  The remaining weights are packed unchanged, or\n"
    "    -fp16      as half floats\n"
    "    -int8      as integer multiples of a step; a layer's step is half the posterior standard deviation of its\n"
    "               weights\n"
    "    -rate R    the same, with steps and further zeros such that a nat of the file saves R nats of the\n"
    "               variational bound: 1 is the bound's own optimum, more makes smaller files\n"
    "    -bytes N   the same, at the smallest rate whose file has at most N bytes\n"
    "    -tune DATA train the integers on the pictures of train= for some epochs (-epochs, 10) before they are\n"
    "               packed; with -rate or -bytes, for classifiers.\n"
    "               -learning X: at X times the cfg's learning rate (0.25)\n";

typedef struct {
    const char *cfg, *weights, *out;
    vd_pack_format format;
    vd_tune_plan plan;      /* rate 0 and bytes 0: neither is given; data is null: no tuning */
    const char *tune_alone; /* an option of -tune that is given, or null */
    int json;
} arguments;

static void set_format(arguments *a, vd_pack_format format)
{
    if (a->format != VD_PACK_FP32) vd_die("darknet vd pack: -fp16, -int8, -rate or -bytes: one of them");
    a->format = format;
}

/* an option and what follows it; 0 when there is none of this name */
static int parse_option(arguments *a, vd_words *w)
{
    const char *option = w->argv[w->at];
    if (!strcmp(option, "-json")) {
        a->json = 1;
    } else if (!strcmp(option, "-fp16")) {
        set_format(a, VD_PACK_FP16);
    } else if (!strcmp(option, "-int8")) {
        set_format(a, VD_PACK_INT8);
    } else if (!strcmp(option, "-rate")) {
        set_format(a, VD_PACK_INT8);
        a->plan.rate = vd_word_number(w, 1e-3, 1e3);
    } else if (!strcmp(option, "-bytes")) {
        set_format(a, VD_PACK_INT8);
        a->plan.bytes = (size_t)vd_word_integer(w, 1, 1000000000000);
    } else if (!strcmp(option, "-epochs")) {
        a->tune_alone = option;
        a->plan.epochs = (int)vd_word_integer(w, 1, 10000);
    } else if (!strcmp(option, "-learning")) {
        a->tune_alone = option;
        a->plan.learning = vd_word_number(w, 1e-6, 100);
    } else if (!strcmp(option, "-tune")) {
        a->plan.data = vd_word_text(w);
    } else {
        return 0;
    }
    return 1;
}

static arguments parse(int argc, char **argv)
{
    arguments a = {.format = VD_PACK_FP32, .plan = {.epochs = 10, .learning = .25}};
    const char **const files[] = {&a.cfg, &a.weights, &a.out};
    int n = 0;
    for (vd_words w = {"vd pack", argc, argv, 1}; w.at < argc; ++w.at) {
        const char *word = argv[w.at];
        if (word[0] == '-') {
            if (!parse_option(&a, &w)) vd_die("darknet vd pack: unknown option %s", word);
        } else if (n == 3) {
            vd_die("darknet vd pack: unexpected argument %s", word);
        } else {
            *files[n++] = word;
        }
    }
    if (n < 3) vd_die("darknet vd pack: CFG, WEIGHTS and OUT.vdw are needed; see -h");
    if (a.plan.data && a.plan.rate == 0 && !a.plan.bytes) vd_die("darknet vd pack: -tune needs -rate or -bytes");
    if (a.tune_alone && !a.plan.data) vd_die("darknet vd pack: %s is of -tune, which is not given", a.tune_alone);
    return a;
}

static vd_packed pack_as_asked(network *net, const arguments *a)
{
    char *fault = 0;
    double rate = a->plan.rate;
    vd_packed p;
    if (a->plan.data) return vd_tune_and_pack(net, a->cfg, a->plan);
    if (a->plan.bytes) rate = vd_pack_rate_of_bytes(net, a->plan.bytes, &fault);
    if (fault) vd_die("%s: %s", a->weights, fault);
    if (a->plan.bytes && rate == 0)
        vd_die("%s: cannot be packed into %zu bytes at any rate", a->weights, a->plan.bytes);
    if (rate > 0) p = vd_pack_network_at_rate(net, rate, &fault);
    else p = vd_pack_network(net, a->format, &fault);
    if (fault) vd_die("%s: %s", a->weights, fault);
    return p;
}

static vd_packed pack(const arguments *a)
{
    network *net = load_network((char *)a->cfg, (char *)a->weights, 0);
    if (net->packed_from) vd_die("%s: is already packed: pack the .weights file it was made from", a->weights);
    if (!vd_variational_layers(net)) vd_die("%s: no variational layer, so nothing is pruned", a->cfg);
    vd_packed p = pack_as_asked(net, a);
    free_network(net);
    return p;
}

int vd_pack_command(int argc, char **argv)
{
    if (vd_words_help(argc, argv, usage)) return 0;
    arguments a = parse(argc, argv);
    if (vd_same_file(a.out, a.weights) || vd_same_file(a.out, a.cfg))
        vd_die("%s: would overwrite the file to pack: choose another name", a.out);
    if (a.plan.data && vd_same_file(a.out, a.plan.data))
        vd_die("%s: would overwrite the file of -tune: choose another name", a.out);
    vd_output out = vd_output_open(a.out); /* first: tuning may take hours */
    vd_packed p = pack(&a);
    fwrite(p.file.bytes, 1, p.file.n, out.fp);
    vd_output_close(&out);
    if (a.json) vd_size_sheet_print_json(stdout, &p, a.format);
    else vd_size_sheet_print_table(stdout, &p, a.format);
    vd_packed_free(&p);
    return 0;
}
