#include "commands/arguments.h"
#include "commands/calibration.h"
#include "commands/detector.h"
#include "base/fail.h"
#include "base/files.h"
#include "base/text.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the value after an option's name: =i an integer, =n one from 0, =p one from 1, =f a finite number, =x one above 0,
 * =s anything; without any of these the option has no value */
static const char everywhere[] = "-i=i -nogpu -strict";
#define CAMERA "-c=n -s=n -avg=p -prefix=s "

static const struct {
    const char *name, *usage, *help;
    int least;           /* arguments needed, options not counted */
    const char *words;   /* allowed as the first argument; null: any */
    const char *options; /* besides those of `everywhere` */
    const char *numbers; /* the kind of each argument, as after =; a blank: anything */
} commands[] = {
    {"average", "CFG OUT WEIGHTS ...", "the mean of several weights files", 3, 0, "", 0},
    {"classify", "CFG WEIGHTS IMAGE", "classifier predict with cfg/imagenet1k.data", 3, 0, "", 0},
    {"denormalize", "CFG WEIGHTS OUT", "weights with batch normalisation folded in", 3, 0, "", 0},
    {"detect", "CFG WEIGHTS [IMAGE]", "detector test with cfg/coco.data", 2, 0, "-thresh=f -out=s -fullscreen", 0},
    {"3d", "IMAGE IMAGE OUT [MILLIMETRES]", "a picture for red and cyan glasses, of two", 3, 0, "", "   f"},
    {"imtest", "IMAGE", "show a picture resized and recoloured", 1, 0, "", 0},
    {"mkimg", "CFG WEIGHTS HEIGHT WIDTH NUMBER PREFIX", "pictures that a network makes of noise", 6, 0, "", "  ppp"},
    {"nightmare", "CFG WEIGHTS IMAGE LAYER", "a picture changed to what a layer sees in it", 4, 0,
     "-range=p -norm=n -rounds=n -iters=n -octaves=p -zoom=x -rate=f -thresh=f -rotate=f -momentum=f -lambda=f "
     "-prefix=s -reconstruct -smooth=n",
     "   n"},
    {"normalize", "CFG WEIGHTS OUT", "weights with batch normalisation put in", 3, 0, "", 0},
    {"oneoff", "CFG WEIGHTS OUT", "a conversion for one network of its author", 3, 0, "", 0},
    {"oneoff2", "CFG WEIGHTS OUT LAYERS", "another such conversion", 4, 0, "", "   n"},
    {"ops", "CFG", "operations of a network", 1, 0, "", 0},
    {"partial", "CFG WEIGHTS OUT LAYERS", "the weights of the first layers", 4, 0, "", "   n"},
    {"print", "CFG WEIGHTS LAYER", "the weights of a layer as text", 3, 0, "", "  n"},
    {"rescale", "CFG WEIGHTS OUT", "weights for pictures from -1 to 1", 3, 0, "", 0},
    {"reset", "CFG WEIGHTS OUT", "weights with new statistics of batch normalisation", 3, 0, "", 0},
    {"rgbgr", "CFG WEIGHTS OUT", "weights for pictures with red and blue swapped", 3, 0, "", 0},
    {"speed", "CFG [TICKS]", "time predictions", 1, 0, "", " n"},
    {"statistics", "CFG WEIGHTS", "mean and variance of the weights of layers", 2, 0, "", 0},
    {"test", "IMAGE", "as imtest", 1, 0, "", 0},
    {"visualize", "CFG [WEIGHTS]", "the filters of a network as pictures", 1, 0, "", 0},
    {"cifar", "COMMAND CFG [WEIGHTS]", "classifiers of CIFAR-10", 2,
     "train extract distill test multi csv csvtrain eval", "-resume", 0},
    {"classifier", "COMMAND DATA CFG [WEIGHTS]", "train and run classifiers", 3,
     "predict fout try train test csv label valid validmulti valid10 validcrop validfull",
     "-gpus=s -c=n -t=n -clear -resume -skip-broken", 0},
    {"coco", "COMMAND CFG [WEIGHTS]", "detectors with a [detection] layer, on COCO", 2, "test train valid recall",
     CAMERA "-thresh=f", 0},
    {"detector", "COMMAND DATA CFG [WEIGHTS]", "train and run detectors", 3,
     "test train valid valid2 recall map calc_anchors",
     CAMERA "-thresh=f -hier=f -out=s -gpus=s -clear -resume -skip-broken -fullscreen -w=n -h=n -fps=n -class=n", 0},
    {"go", "COMMAND CFG [WEIGHTS]", "train and run players of Go", 2, "train valid self test engine",
     "-gpus=s -clear -multi -anon -iters=n -resign=i -cpuct=f -temp=f -time=f", 0},
    {"isegmenter", "COMMAND DATA CFG [WEIGHTS]", "train and run networks that outline instances", 3, "test train",
     "-gpus=s -c=n -clear -display", 0},
    {"lsd", "COMMAND CFG [WEIGHTS]", "train and run networks that colour pictures", 2, "gan inter test color",
     "-clear -display -b=n -file=s", 0},
    {"regressor", "COMMAND DATA CFG [WEIGHTS]", "train and run networks that give numbers; test has no DATA", 3,
     "test train", "-gpus=s -c=n -clear", 0},
    {"rnn", "COMMAND CFG [WEIGHTS]", "train and run networks that write text", 2,
     "train valid validtactic vec generate generatetactic",
     "-file=s -seed=s -len=n -temp=f -srand=i -clear -tokenized -tokens=s", 0},
    {"segmenter", "COMMAND DATA CFG [WEIGHTS]", "train and run networks that outline classes", 3, "test train",
     "-gpus=s -c=n -clear -display", 0},
    {"super", "COMMAND CFG [WEIGHTS]", "train and run networks that enlarge pictures", 2, "train test", "-clear", 0},
    {"tag", "COMMAND CFG [WEIGHTS]", "train and run networks that tag pictures", 2, "train test", "-clear", 0},
    {"yolo", "COMMAND CFG [WEIGHTS]", "detectors with a [detection] layer, on VOC", 2, "test train valid recall",
     CAMERA "-thresh=f", 0},
};

/* commands that do nothing without OpenCV or CUDA */
static const char not_here[] = "art demo gun threat traingan trainprog traincolor";

static void check_value(const char *command, const char *what, const char *text, char kind)
{
    double x;
    long n = 0, least = kind == 'i' ? INT_MIN : kind == 'p';
    if (kind == 's' || kind == ' ') return;
    if (kind == 'f' || kind == 'x') {
        if (!vd_parse_double(text, &x)) vd_die("darknet %s: %s%s is not a number", command, what, text);
        if (kind == 'x' && x <= 0) vd_die("darknet %s: %s%s is not above 0", command, what, text);
        return;
    }
    if (!vd_parse_long(text, &n) || n < INT_MIN || n > INT_MAX)
        vd_die("darknet %s: %s%s is not an integer", command, what, text);
    if (n < least) vd_die("darknet %s: %s%s is less than %ld", command, what, text, least);
}

/* a list of options without their kinds; the caller frees */
static char *names_of(const char *options)
{
    char *names = vd_format("%s", options), *to = names;
    for (const char *from = options; *from; from += *from == '=' ? 2 : 1)
        if (*from != '=') *to++ = *from;
    *to = 0;
    return names;
}

static void refuse_option(const char *command, const char *options, const char *word)
{
    /* they have options of later Darknets, too, and a usage with all of them: later_options.c */
    if (!strcmp(command, "detector") || !strcmp(command, "classifier"))
        vd_die("darknet %s: unknown option %s; see darknet %s -h; for a file of this name write ./%s", command, word,
               command, word);
    vd_die("darknet %s: unknown option %s; options are %s %s; for a file of this name write ./%s", command, word,
           names_of(everywhere), names_of(options), word);
}

/* check the option at argv[i]; returns how many words it takes */
static int check_option(const char *command, const char *options, int argc, char **argv, int i)
{
    const char *kind = vd_after_word(options, argv[i]);
    if (!kind) kind = vd_after_word(everywhere, argv[i]);
    if (!kind) refuse_option(command, options, argv[i]);
    if (*kind != '=') return 1;
    if (i + 1 == argc) vd_die("darknet %s: %s: a value is missing", command, argv[i]);
    char *what = vd_format("%s ", argv[i]);
    check_value(command, what, argv[i + 1], kind[1]);
    free(what);
    return 2;
}

static void check_is_here(const char *word)
{
    if (vd_after_word(not_here, word)) vd_die("%s needs OpenCV or CUDA, but this program was built without them", word);
}

static void check_word(const char *command, const char *words, const char *word)
{
    check_is_here(word);
    if (!vd_after_word(words, word)) vd_die("darknet %s: unknown command %s; commands are %s", command, word, words);
}

/* the words that a command takes: those of its usage; where the first is not about a whole data set there may be a
 * picture or another file behind them, and for a few the number of a layer. Small commands are not asked */
static int most_words(const char *name, const char *usage, const char *words, const char *first)
{
    int n = 1;
    if (!words) return INT_MAX;
    for (const char *at = usage; (at = strchr(at, ' ')); ++at) ++n;
    if (!strcmp(first, "train") || !strncmp(first, "valid", 5)) return n;
    if (!strcmp(name, "go") || (!strcmp(name, "classifier") && vd_after_word("try test", first))) return n + 2;
    return n + 1;
}

void vd_arguments_list(void)
{
    printf("usage: darknet COMMAND ...\n");
    printf("  darknet %-44s %s\n", "vd VERB ...", "sparse networks: darknet vd -h lists the verbs");
    for (size_t c = 0; c < sizeof(commands) / sizeof(*commands); ++c) {
        char *usage = vd_format("%s %s", commands[c].name, commands[c].usage);
        printf("  darknet %-44s %s\n", usage, commands[c].help);
        free(usage);
    }
    printf("Where COMMAND stands twice, a wrong word lists those that there are. The manual: man darknet-vd\n");
}

/* the place of an argument in a usage, -1: none */
static int place_of(const char *usage, const char *name)
{
    size_t n = strlen(name);
    int place = 0;
    for (const char *at = usage; at; at = strchr(at, ' '), place += at != 0) {
        at += *at == ' ';
        if (!strncmp(at, name, n) && (!at[n] || at[n] == ' ')) return place;
    }
    return -1;
}

void vd_arguments_check(int argc, char **argv)
{
    const char *command = argv[1], *cfg = 0, *out = 0;
    int c = 0, given = 0, count = (int)(sizeof(commands) / sizeof(*commands));
    check_is_here(command);
    while (c < count && strcmp(command, commands[c].name)) ++c;
    if (c == count || vd_detector_has(argc, argv) || vd_calibration_has(argc, argv)) return;
    const char *numbers = commands[c].numbers, *first = 0;
    int cfg_at = place_of(commands[c].usage, "CFG"), out_at = place_of(commands[c].usage, "OUT");
    for (int i = 2; i < argc;) {
        if (argv[i][0] == '-' && isalpha((unsigned char)argv[i][1])) {
            i += check_option(command, commands[c].options, argc, argv, i);
            continue;
        }
        if (!given && commands[c].words) check_word(command, commands[c].words, argv[i]);
        if (!given) first = argv[i];
        if (given == most_words(command, commands[c].usage, commands[c].words, first))
            vd_complain("darknet %s: %s is not used; usage: darknet %s %s", command, argv[i], command,
                        commands[c].usage);
        if (numbers && given < (int)strlen(numbers)) check_value(command, "", argv[i], numbers[given]);
        if (given == cfg_at) cfg = argv[i];
        if (given == out_at) out = argv[i];
        ++given, ++i;
    }
    if (given < commands[c].least) vd_die("usage: darknet %s %s", command, commands[c].usage);
    if (cfg && out && vd_same_file(cfg, out)) vd_die("%s: would overwrite the cfg: choose another name for OUT", out);
}
